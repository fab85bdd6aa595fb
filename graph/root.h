/* Root graphs, from inside: the file's, in one piece or with a part on each worker (placement.h),
 * as it runs on while it is changed (graph_change.h).
 *
 *     places    [server] [echo] [    ] [log]      a component keeps its place as long as the graph
 *                                  ▲              has one of its path; a free place is NULL
 *     leavers   server (port 8080), echo          what a change took out and is not over yet, or
 *                                                 still has its memory kept by somebody
 *
 * A place is known by plan_component.index, which is the same in the plan that a component was made
 * from and in all that followed.  After a change the components that stay are moved over to the new
 * plan, some at a time, so that the old one can go (settling): they are found by place meanwhile.
 *
 *     plan ─► part on worker 0:  [server] [echo] [audit]        all made from one plan
 *             part on worker 1:  [server] [echo] [     ]        and a stand-in (crossing.h)
 *
 * A part is a root graph of its loop.  Where others speak of the graph they mean the part on worker
 * 0, and what is done to it by graph.h is done to all; graph_ended is told once all have ended.
 * When it is changed so are all parts. */
#ifndef AXOND_GRAPH_ROOT_H
#define AXOND_GRAPH_ROOT_H

#include <ev.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "graph/graph.h"
#include "graph/mailbox.h"
#include "graph/plan.h"
#include "graph/slices.h"
#include "graph/workers.h"

/* What the parts of one root graph share. */
struct parts {
    unsigned count;
    struct loop *main;                /* of worker 0 */
    struct graph *part[WORKERS_MOST]; /* by worker */
    uint8_t *homes;                   /* by place, see placement.h */
    _Atomic unsigned refs;            /* the maker's, a part's each, and a letter's under way */
    _Atomic unsigned living;          /* parts with something alive in them */
    _Atomic unsigned busy;            /* draining parts with something that takes in from outside */
    bool is_destroyed;                /* set by the main thread, while it has halted the others */
    struct letter ended;              /* to the main thread, as the next */
    struct letter quiet;
    struct letter look;    /* something of it may be over */
    bool is_present_over;  /* all but leavers; that was said; the main thread's, as the next */
    bool had_connections;  /* the leavers, when they were last looked at */
    pthread_mutex_t lock;  /* of the two below */
    struct list crossings; /* see crossing.c */
    struct shared *shared; /* see share.c; likewise locked */
};

/* A component that is no longer part of its graph. */
struct leaver {
    struct component *component;
    struct plan *plan; /* that it was made from; kept */
    bool lingers;      /* ends once what it has made has */
    bool was_told;     /* producerFinished, since nothing feeds it any more ... */
    double deadline;   /* ... and until when it may see to what it has, of the loop's clock */
};

/* A look at all leavers, in slices. */
struct leavers_round {
    struct slices slices;
    unsigned phase;
    size_t next;   /* leaver */
    bool is_again; /* something has ended meanwhile */
    /* What has been found so far. */
    bool is_at_work;
    bool is_any_marked; /* by this pass over all */
    bool has_connections, has_queued;
    bool is_any_in_ring; /* maybe one that goes through other parts */
    double late;         /* when the next one will be; 0: none */
};

struct root {
    struct graph graph; /* the first: a root graph is one of these */
    size_t places;      /* of graph.components */
    size_t present;     /* components in them ... */
    size_t over;        /* ... of which so many have ended */
    struct leaver *leavers;
    size_t leaver_count;
    size_t leaver_room;
    bool had_connections; /* the leavers, when they were last looked at */
    ev_timer look;        /* one of the leavers has ended, or is late: see to them */
    bool looks_soon;
    struct leavers_round round;
    /* Settling: what of .graph.plan, from here on, may still have been made from another plan. */
    struct slices settling;
    size_t settled;
    struct plan *earlier; /* that plan, kept; NULL: all is settled */
    struct parts *parts;  /* NULL: the graph is in one piece */
    struct list ends;     /* of crossings, that lie in this part ... */
    size_t leaving_ends;  /* ... of which so many leave */
};

static inline struct root *root_of(const struct graph *graph)
{
    return (struct root *)(uintptr_t)graph;
}

static inline bool graph_is_root(const struct graph *graph)
{
    return graph->blueprint == NULL;
}

/* NULL: the graph is in one piece, or an instance. */
static inline struct parts *parts_of(const struct graph *graph)
{
    return graph_is_root(graph) ? root_of(graph)->parts : NULL;
}

/* A component has ended; for component_life.c.  One that has is about to be made anew in its place;
 * for chassis.c.  (graph.c) */
void graph_place_is_over(struct component *component);
void graph_place_is_back(const struct component *component);

/* ---- root.c ---- */

/* The caller has a reference. */
struct parts *parts_create(struct loop *loop, const struct plan *plan);
void parts_unref(struct parts *parts);

/* Posts a letter to a worker; who opens it gives a reference back. */
void parts_post(struct parts *parts, unsigned worker, struct letter *letter);

/* All components of a part have ended: if it is the last, the owner of the loops is told. */
void part_ended(struct graph *part);

/* Something in it starts again. */
void part_revived(struct graph *part);

/* All that is present in a part has ended, or all connections of its leavers: if it is so in every
 * part, the owner of the loops is told. */
void part_looks_over(struct graph *part);

/* Makes a graph, or one part of it (parts is not NULL), without linkages.  Takes over one reference
 * of the plan. */
struct graph *root_create(struct loop *loop, struct plan *plan, struct parts *parts);

/* Makes the linkages, once all parts are there. */
void root_link(struct graph *part);

/* What a linkage leads to for its sender in this part: itself, or what stands for it here.  NULL:
 * it is another part's linkage. */
struct component *root_target(struct graph *part, const struct plan_linkage *linkage);

/* True if a linkage joins two that live in this part, and do so here. */
bool root_is_within(const struct graph *part, const struct plan_linkage *linkage);

/* The component at a place, or what stands for it here.  NULL: the place is free. */
struct component *root_reach(struct graph *part, size_t place);

/* Frees it, with its plan's reference.  Memory and nothing else: any thread may do it. */
void root_free(struct root *root);

/* ---- leavers.c ---- */

/* Takes a component into the list of those that leave; it has left its place.  plan: that it was
 * made from; a reference is taken. */
void leavers_add(struct root *root, struct component *component, struct plan *plan, bool lingers);

/* Has those drain that have joined and are not over.  Then, and whenever something in the loop has
 * ended: tells those to finish whom nothing feeds any more, and frees those that are over.  Of many
 * that is done in slices. */
void leavers_drain(struct root *root, size_t first);
void leavers_look(struct root *root);

/* The same for all parts, while all workers are halted: what leaves on one may wait for what leaves
 * on another, and that for it. */
void leavers_finish_all(struct parts *parts);

/* leavers_look() soon. */
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
 * that may be changed while it runs; and lets it look around. */
void component_adopt(struct component *component, const struct plan_component *plan);

#endif
