/* The linkages worth a row of "axonctl top": of all that are offered, those that lead by one
 * measure or another.
 *
 *     offered ──► is it among the first by messages? by bytes? queue? … ──► kept
 *
 * So a client may sort by whatever it likes, and there need be no more rows than a screen shows. */
#ifndef AXOND_DAEMON_TOP_ROWS_H
#define AXOND_DAEMON_TOP_ROWS_H

#include <stddef.h>
#include <stdint.h>

enum top_measure {
    TOP_MESSAGES, /* per second */
    TOP_BYTES,    /* per second */
    TOP_QUEUE,    /* how full the inbox is: 1 is full */
    TOP_BLOCKED,  /* share of the time */
    TOP_DROPPED,  /* per second */
    TOP_FIRST,    /* the place in the order in which they were offered, the first being highest */
    TOP_MEASURES,
};

struct top_row {
    unsigned uses; /* rankings that it is in */
    double by[TOP_MEASURES];
    void *data; /* the user's, freed with the row */
};

/* The first by one measure, the last of them at the root: a heap. */
struct top_ranking {
    struct top_row **rows;
    size_t count;
};

struct top_rows {
    struct top_ranking rankings[TOP_MEASURES];
    size_t most; /* in each */
    size_t offered;
};

/* most: at least 1. */
void top_rows_init(struct top_rows *rows, size_t most);

/* Frees all rows. */
void top_rows_deinit(struct top_rows *rows);

/* Offers a linkage with these measures; TOP_FIRST is filled in.  By any but that, what measures
 * nothing leads nowhere.  make is called if it is kept; what it returns is freed by free() when it
 * no longer is. */
void top_rows_offer(struct top_rows *rows, double by[TOP_MEASURES], void *(*make)(const void *arg),
                    const void *arg);

/* Calls see once for each row that is kept, in the order in which they were offered. */
void top_rows_each(struct top_rows *rows, void (*see)(void *arg, const struct top_row *row),
                   void *arg);

#endif
