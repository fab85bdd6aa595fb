/* The ledger of a loop: what its components have counted, summed up by their definition.
 *
 *     echo/17/lines ─┐
 *     echo/18/lines ─┼──► one account: the path with a star for the number
 *     echo/19/lines ─┘
 *     server ───────────► an account of its own
 *
 * There are as many accounts as the files define components, at most LEDGER_MOST; what is more is
 * summed up by type in accounts of the path "*".  So what is told does not grow with the number of
 * connections.
 *
 * 1. A counter never goes back while its account is there: what a component has counted when it
 *    ends, or is restarted, stays in its account.
 * 2. To gather is to walk through everything that runs, a slice at a time, while the loop goes on.
 *    Who ends meanwhile is counted once: see "late".
 * 3. Nobody keeps a ledger unless somebody asks for metrics (metrics.h).  Without one, the end of a
 *    component looks at one pointer.
 * 4. Accounts of several loops can be added up: accounts_add(). */
#ifndef AXOND_GRAPH_LEDGER_H
#define AXOND_GRAPH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/hash.h"
#include "graph/list.h"

struct component;
struct component_type;
struct graph;
struct loop;
struct message;
struct inbox;
struct sheet;

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

struct waits {
    uint64_t counts[WAIT_CLASSES];
    double sum; /* seconds */
};

struct account_box {
    char *name;
    bool is_inbox;
    bool is_told; /* something was linked to it, or has passed it */
    struct tally numbers[BOX_NUMBERS];
    struct waits *waits; /* NULL: nobody wants to know */
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

/* Adds the values of all accounts to those of another loop's; either may be empty. */
void accounts_add(struct accounts *sum, const struct accounts *more);

struct ledger;

/* The loop's; made if there is none yet. */
struct ledger *ledger_of(struct loop *loop);
void ledger_destroy(struct ledger *ledger);

/* Gathers what is there now: begins, and goes on by so many components (or a few more).  Returns
 * true when it is done: then the values of the accounts are good until the next one is. */
void ledger_begin(struct ledger *ledger);
MUST_CHECK bool ledger_go_on(struct ledger *ledger, unsigned components);

const struct accounts *ledger_accounts(const struct ledger *ledger);

/* Gives up a gathering that goes on. */
void ledger_stop(struct ledger *ledger);

/* Gathered without a break: for tests, and where there is little. */
void ledger_gather(struct ledger *ledger);

/* ---- for the runtime; only where the loop has a ledger */

/* The struct of a component is thrown away, as it is to be restarted in place; or all of it ends.
 * has_state: the struct is still the one that it ran with. */
void ledger_close_state(struct ledger *ledger, struct component *component);
void ledger_close(struct ledger *ledger, struct component *component, bool has_state);

/* Nothing lives in a graph any more. */
void ledger_close_graph(struct ledger *ledger, const struct graph *graph);

/* A root graph goes, or the blueprint that a sheet is of. */
void ledger_forget(struct ledger *ledger, const struct graph *root);
void ledger_drop_sheet(struct ledger *ledger, struct sheet *sheet);

/* A message has left an inbox after so many seconds. */
void ledger_note_wait(struct ledger *ledger, const struct inbox *in, double seconds);

#endif
