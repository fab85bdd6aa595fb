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
 * 4. Accounts of several loops can be added up, in no more than LEDGER_MOST: accounts_add(). */
#ifndef AXOND_GRAPH_LEDGER_H
#define AXOND_GRAPH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/accounts.h"

struct component;
struct graph;
struct loop;
struct inbox;
struct sheet;

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

/* A component that has left its root graph goes. */
void ledger_close_life(struct ledger *ledger, const struct component *component);

/* Nothing lives in a graph any more. */
void ledger_close_graph(struct ledger *ledger, const struct graph *graph);

/* A root graph goes, or its components have other places; or the blueprint that a sheet is of. */
void ledger_forget(struct ledger *ledger, const struct graph *root);
void ledger_drop_sheet(struct ledger *ledger, struct sheet *sheet);

/* A message has left an inbox after so many seconds. */
void ledger_note_wait(struct ledger *ledger, const struct inbox *in, double seconds);

#endif
