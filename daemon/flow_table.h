/* What the counters of linkages said when they were looked at, until the next look.
 *
 * One table is filled by each look, and replaces the one before: what is no longer there is
 * forgotten with it. */
#ifndef AXOND_DAEMON_FLOW_TABLE_H
#define AXOND_DAEMON_FLOW_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct outbox;

/* Counters of a linkage, since it was made. */
struct flow_counts {
    const struct outbox *out; /* whose it is; compared, never looked into.  NULL: a free place */
    uint64_t messages;
    uint64_t bytes;
    double blocked;   /* s */
    uint64_t dropped; /* at the inbox */
    uint32_t ms;      /* of the loop's clock, at the look */
};

/* Open addressing with linear probing, at most half full; zeroes are an empty table. */
struct flow_table {
    struct flow_counts *places;
    size_t size; /* a power of two, or 0 */
    size_t count;
};

void flow_table_deinit(struct flow_table *table);

/* Makes room for about so many at once, in an empty table: to grow a large one takes its time. */
void flow_table_reserve(struct flow_table *table, size_t count);

/* Notes an outbox's counts; it must not be in the table yet. */
void flow_table_add(struct flow_table *table, const struct flow_counts *counts);

/* What was noted of an outbox, or NULL. */
const struct flow_counts *flow_table_find(const struct flow_table *table, const struct outbox *out);

#endif
