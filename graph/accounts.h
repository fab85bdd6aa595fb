/* Accounts: numbers of components, summed up by their definition.  What a loop books in them is in
 * ledger.h; metrics_writer.c tells of them. */
#ifndef AXOND_GRAPH_ACCOUNTS_H
#define AXOND_GRAPH_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/hash.h"
#include "graph/list.h"

struct component_type;

enum { LEDGER_MOST = 2000 }; /* accounts with a path of their own */

/* A number of all components of a definition. */
struct tally {
    uint64_t ended; /* counted by those that have ended */
    uint64_t late;  /* by those that have ended after this gathering had seen them */
    uint64_t seen;  /* by those that this gathering has seen */
    uint64_t value; /* what the last gathering came to */
};

enum account_number {
    ACCOUNT_RUNNING, /* gauges, */
    ACCOUNT_FAILED,
    ACCOUNT_RESTARTS, /* and from here on counters */
    ACCOUNT_DISCARDED,
    ACCOUNT_HELD,
    ACCOUNT_NUMBERS,
};

enum box_number {
    BOX_QUEUED, /* gauges, */
    BOX_QUEUED_BYTES,
    BOX_MESSAGES, /* and from here on counters */
    BOX_BYTES,
    BOX_DROPPED,
    BOX_BLOCKED, /* ms */
    BOX_NUMBERS,
};

/* How long messages have waited in an inbox, in classes that end at wait_limits[]; the last one has
 * no end. */
enum { WAIT_CLASSES = 16 };
extern const double wait_limits[WAIT_CLASSES - 1]; /* seconds */

struct wait_times {
    uint64_t counts[WAIT_CLASSES];
    double sum; /* seconds */
};

struct account_box {
    char *name;
    bool is_inbox;
    bool is_told; /* something was linked to it, or has passed it */
    struct tally numbers[BOX_NUMBERS];
    struct wait_times *waits; /* NULL: nobody wants to know */
};

struct account {
    struct list link; /* in accounts.all */
    char *key;
    char *path;
    char *type_name; /* as the file has it */
    const struct component_type *type;
    struct account *parent; /* of the component that makes those of this one; NULL: none */
    unsigned refs;          /* sheets that it is on */
    bool is_gone;
    struct account_box **boxes; /* those that carry data */
    size_t box_count;
    struct tally numbers[ACCOUNT_NUMBERS];
    struct tally *statistics; /* by the index of the type's table */
};

enum loop_number {
    LOOP_CONNECTIONS,
    LOOP_ACCEPTED,
    LOOP_REFUSED,
    LOOP_MESSAGES,
    LOOP_BYTES,
    LOOP_MEMORY,
    LOOP_TURNS,
    LOOP_HELD,
    LOOP_HELD_BACK,
    LOOP_NUMBERS,
};

struct accounts {
    struct hash by_key;
    struct list all;
    size_t count;
    uint64_t loop[LOOP_NUMBERS]; /* of the loop itself */
};

void accounts_init(struct accounts *accounts);
void accounts_deinit(struct accounts *accounts);

/* Adds the values of all accounts to those of another loop's; either may be empty.  What would be
 * too much for the sum is summed up by type, as in each. */
void accounts_add(struct accounts *sum, const struct accounts *more);

/* To sum up anew: what has a path of its own keeps it, unless nothing is added to it. */
void accounts_begin_sum(struct accounts *sum);
void accounts_end_sum(struct accounts *sum);

/* The account of a path and a type; opened if there is none.  If there are too many it is that of
 * all such components of the type. */
struct account *accounts_find(struct accounts *accounts, const char *path, const char *type_name,
                              const struct component_type *type);

/* A box of an account, made if there is none; and its histogram, likewise. */
struct account_box *account_box_of(struct account *account, const char *name, bool is_inbox);
struct wait_times *account_box_waits(struct account_box *box);

typedef void (*tally_fn)(struct tally *tally);
void accounts_for_each_tally(struct accounts *accounts, tally_fn apply);

/* Closes those of definitions that are no more: of components that are on no sheet, and that nobody
 * is left to make again. */
void accounts_sweep(struct accounts *accounts);

#endif
