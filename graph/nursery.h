/* The nursery: what a change of a graph needs is made beforehand, by a thread.
 *
 *     loop:    nursery_create(graph)
 *     thread:  nursery_fill(difference) ──► [c] ──► [d] ──► [e]     made, in no graph, not started
 *     loop:    graph_change_create(), graph_change_prepare() take what is there
 *
 * Of a graph in one piece these are the components that are new, and the linkages among them: most
 * of the time that it takes to add one goes into its memory, which nobody else knows yet.  Of a
 * graph with a part on each worker it is where each component is to live. */
#ifndef AXOND_GRAPH_NURSERY_H
#define AXOND_GRAPH_NURSERY_H

#include <stdbool.h>
#include <stdint.h>

#include "graph/mem.h"

struct component;
struct graph;
struct nursery;
struct plan_component;
struct plan_difference;

/* graph: that is to be changed, and is not until the nursery goes; NULL: one in one piece. */
MUST_CHECK struct nursery *nursery_create(struct graph *graph);

/* Touches no loop.  has_components: what is added or replaced is wanted, not just to be compared.
 */
void nursery_fill(struct nursery *nursery, const struct plan_difference *difference,
                  bool has_components);

/* Frees it, with what has not been taken; any thread may do it.  NULL is fine. */
void nursery_destroy(struct nursery *nursery);

/* True if this one of the new plan was made here, taken or not.  Those for which it is are linked.
 * NULL: nothing was. */
bool nursery_has(const struct nursery *nursery, const struct plan_component *plan);

/* The component of an entry of the new plan, to be the graph's from now on; NULL: it was not made
 * here. */
struct component *nursery_take(struct nursery *nursery, const struct plan_component *plan,
                               struct graph *graph);

/* Where all of the new plan will live (placement.h), the caller's from now on; NULL: the graph is
 * in one piece. */
uint8_t *nursery_take_homes(struct nursery *nursery);

#endif
