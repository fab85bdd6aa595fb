/* Root graphs, from inside: the file's, as it runs on while it is changed (graph_change.h).
 *
 *     places    [server] [echo] [    ] [log]      a component keeps its place as long as the graph
 *                                  ▲              has one of its path; a free place is NULL
 *     leavers   server (port 8080), echo          what a change took out and is not over yet, or
 *                                                 still has its memory kept by somebody
 *
 * A place is known by plan_component.index, which is the same in the plan that a component was made
 * from and in all that followed.  After a change the components that stay are moved over to the new
 * plan, some at a time, so that the old one can go (settling): they are found by place meanwhile.
 */
#ifndef AXOND_GRAPH_ROOT_H
#define AXOND_GRAPH_ROOT_H

#include <ev.h>

#include "graph/graph.h"
#include "graph/plan.h"

/* A component that is no longer part of its graph. */
struct leaver {
    struct component *component;
    struct plan *plan; /* that it was made from; kept */
    bool lingers;      /* ends once what it has made has */
    bool was_told;     /* producerFinished, since nothing feeds it any more ... */
    double deadline;   /* ... and until when it may see to what it has, of the loop's clock */
};

struct root {
    struct graph graph; /* the first: a root graph is one of these */
    size_t places;      /* of graph.components */
    size_t present;     /* components in them ... */
    size_t over;        /* ... of which so many have ended */
    struct leaver *leavers;
    size_t leaver_count;
    bool had_connections; /* the leavers, when they were last looked at */
    ev_timer look;        /* one of the leavers has ended, or is late: see to them */
    bool looks_soon;
    /* Settling: what of .graph.plan, from here on, may still have been made from another plan. */
    ev_timer settling;
    size_t settled;
    struct plan *earlier; /* that plan, kept; NULL: all is settled */
};

static inline struct root *root_of(const struct graph *graph)
{
    return (struct root *)(uintptr_t)graph;
}

static inline bool graph_is_root(const struct graph *graph)
{
    return graph->blueprint == NULL;
}

/* A component has ended; for component_life.c.  (graph.c) */
void graph_place_is_over(struct component *component);

/* ---- leavers.c ---- */

/* Takes a component into the list of those that leave; it has left its place.  plan: that it was
 * made from; a reference is taken. */
void leavers_add(struct root *root, struct component *component, struct plan *plan, bool lingers);

/* Has those drain that have joined and are not over.  Then, and whenever something in the loop has
 * ended: tells those to finish whom nothing feeds any more, and frees those that are over. */
void leavers_drain(struct root *root, size_t first);
void leavers_look(struct root *root);

/* The same soon. */
void leavers_look_soon(struct root *root);

/* All root graphs of a loop; for when graphs of connections have gone. */
void leavers_look_all(struct loop *loop);

/* Frees all of them, with the graph. */
void leavers_free(struct root *root);

/* ---- graph_settle.c ---- */

/* A change has given the graph another plan: moves what stays over to it, some at a time.  earlier:
 * the plan it had; taken over. */
void graph_settle_begin(struct root *root, struct plan *earlier);

/* The rest, now; or not at all, since the graph goes. */
void graph_settle_now(struct root *root);
void graph_settle_stop(struct root *root);

/* Moves one component over to another plan that describes it in the same way, but for parameters
 * that may be changed while it runs. */
void component_adopt(struct component *component, const struct plan_component *plan);

#endif
