/* The nursery: what a change of a graph will add is made and linked beforehand, by a thread.
 *
 *     thread:  nursery_create(difference) ──► [c] ──► [d] ──► [e]       made, in no graph, not
 * started loop:    nursery_take(d, graph)     ──► d is in the graph         graph_change_prepare()
 *
 * Most of the time that it takes to add a component goes into its memory, which nobody else knows
 * yet.  Only for a graph in one piece: of several parts each may need one of its own. */
#ifndef AXOND_GRAPH_NURSERY_H
#define AXOND_GRAPH_NURSERY_H

#include <stdbool.h>

#include "graph/mem.h"

struct component;
struct graph;
struct nursery;
struct plan_component;
struct plan_difference;

/* Makes what is added or replaced, and the linkages among that.  Touches no loop. */
MUST_CHECK struct nursery *nursery_create(const struct plan_difference *difference);

/* Frees it, with what has not been taken; any thread may do it.  NULL is fine. */
void nursery_destroy(struct nursery *nursery);

/* True if this one of the new plan was made here, taken or not.  Those for which it is are linked.
 * NULL: nothing was. */
bool nursery_has(const struct nursery *nursery, const struct plan_component *plan);

/* The component of an entry of the new plan, to be the graph's from now on; NULL: it was not made
 * here. */
struct component *nursery_take(struct nursery *nursery, const struct plan_component *plan,
                               struct graph *graph);

#endif
