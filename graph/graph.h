/* Running graphs: the file's, and one for each connection, all made from a plan.
 *
 *     struct plan ──graph_start()────────► the root graph
 *         └─blueprint_create()─► prototype ──blueprint_instantiate()──► echo/17, echo/18, …
 *
 * A blueprint holds a prototype: one piece of memory with a graph, its components, their boxes
 * linked and parameters set.  An instance is a copy of it with the pointers into itself moved
 * along: one allocation, one memcpy, a few additions.
 *
 * A graph keeps the memory of all that is in it.  It is freed once nothing in it lives, no notice
 * names one of its components and no graph made by one of them is left. */
#ifndef AXOND_GRAPH_GRAPH_H
#define AXOND_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/component.h"
#include "graph/list.h"

struct blueprint;
struct loop;
struct plan;
struct root;

struct graph {
    struct loop *loop;
    const struct plan *plan;           /* kept by the root graph */
    const struct blueprint *blueprint; /* NULL: a root graph, whose components lie apart */
    struct component *holder;          /* the component that made it; NULL: a root graph */
    struct list sibling;               /* in the holder's list, see component_type.children */
    uint64_t number;                   /* of the connection, from 1; 0: has none */
    union {
        struct graph *peer;            /* of a connection: the other graph, socket or protocol */
        struct component **components; /* of a root graph: by place, see root.h */
    };
    uint32_t living; /* components that have not ended */
    uint32_t refs;   /* what else keeps the memory */
    bool is_dead;    /* in the loop's list of the dead */
    bool is_started;
    bool is_held; /* .living counts one more, until all have begun */
    bool is_destroyed;
    bool is_draining;
    bool is_service;  /* a root graph that a loop made for a service */
    bool has_leavers; /* a root graph that was changed: some of what it had is still there */
    uint16_t seen;    /* the last round of gathering that came by, see ledger.h */
};

/* Makes the graph of a plan, in one piece or with a part on each worker (root.h), and starts its
 * components, in the order of the file.  Takes over one reference of the plan, also on failure.
 * Returns NULL when one could not start: all that had started has been stopped again, and text
 * (of size bytes) says who and why. */
struct graph *graph_start(struct loop *loop, struct plan *plan, char *text, size_t size);

/* The same; says apart which entry of the plan could not start, and why in reason (of size bytes).
 * The caller must have a further reference of the plan. */
struct graph *graph_start_or(struct loop *loop, struct plan *plan,
                             const struct plan_component **failed, char *reason, size_t size);

/* The same for a service of the loop: nobody is told when it ends. */
struct graph *graph_start_service(struct loop *loop, struct plan *plan, char *text, size_t size);

/* Sends shutdownMicroprocess to every component. */
void graph_stop(struct graph *graph);

/* Ends every component at once, without a word to the others.  The memory goes when it may. */
void graph_destroy(struct graph *graph);

/* Where there are workers the two are done to all parts of a root graph, by the main thread. */

/* By the plan's index; it may have ended.  A root graph may have free places, NULL: another worker
 * has what is there, or a change has taken it out.  What still leaves is behind the others. */
struct component *graph_component(const struct graph *graph, size_t index);
size_t graph_size(const struct graph *graph);

/* The component of a plan's entry, as one of the same graph and plan sees it: the chassis that it
 * is in, or what it holds.  NULL: there is none (any more). */
struct component *graph_relative(const struct component *component,
                                 const struct plan_component *plan);

/* The place that a component has, to go on from; of one that leaves it may change. */
size_t graph_place(const struct component *component);

/* True for an instance of a blueprint that has been replaced by another. */
bool graph_is_earlier(const struct graph *graph);

/* The root graph that a graph is in, through its holders; itself if it is one. */
struct graph *graph_root(struct graph *graph);

/* True if something in a root graph has not ended, on whatever worker. */
bool graph_is_alive(const struct graph *graph);

/* The part of a root graph on a worker: the graph itself where it is in one piece. */
struct graph *graph_part(struct graph *graph, unsigned worker);
unsigned graph_parts(const struct graph *graph);

/* The first child after "after" (NULL: the first) among the graphs that a component made.  NULL
 * after one that was thrown away meanwhile: so were the others then. */
struct graph *component_next_graph(const struct component *component, const struct graph *after);

/* ---- blueprints ---- */

/* Compiles a plan whose edge is "self", and keeps a reference of it. */
struct blueprint *blueprint_create(struct loop *loop, const struct plan *plan);

/* The blueprint goes when its last instance has gone.  NULL is fine. */
void blueprint_release(struct blueprint *blueprint);

/* The same, for one that another takes the place of: its instances are of an earlier definition. */
void blueprint_replace(struct blueprint *blueprint);

/* True if instances of the plan would be the same. */
bool blueprint_is_of(const struct blueprint *blueprint, const struct plan *plan);

/* Makes an instance: not started, its edge not linked.  holder: the caller; its type says where the
 * list of its graphs is. */
struct graph *blueprint_instantiate(struct blueprint *blueprint, struct component *holder,
                                    uint64_t number);

/* Starts the components.  Returns 0 or the -errno of the one that could not; the graph is then to
 * be destroyed.  Its holder hears of its end by graph_ended() in any case, also if it is destroyed
 * without having been started. */
MUST_CHECK int graph_start_instance(struct graph *graph);

/* The boxes of an instance that "self" leads to and from. */
enum edge { EDGE_INBOX, EDGE_CONTROL, EDGE_OUTBOX, EDGE_SIGNAL, EDGES };

/* True if something inside is linked to that box of self. */
bool graph_has_edge(const struct graph *graph, enum edge edge);

/* Links an outbox to self's inbox or control.  Returns 0, -ENOENT if nothing inside is linked to
 * it, or as box_link(). */
MUST_CHECK int graph_link_into(struct graph *graph, enum edge edge, struct component *from,
                               unsigned outbox);

/* Links every box that leads to self's outbox or signal to an inbox; likewise. */
MUST_CHECK int graph_link_out(struct graph *graph, enum edge edge, struct component *to,
                              unsigned inbox);

/* Hands an inbox of the holder on to self's inbox or control, or shows what leads to self's outbox
 * or signal as an outbox of the holder (passthrough); likewise. */
MUST_CHECK int graph_pass_into(struct graph *graph, enum edge edge, struct component *holder,
                               unsigned inbox);
MUST_CHECK int graph_pass_out(struct graph *graph, enum edge edge, struct component *holder,
                              unsigned outbox);

/* Makes two instances the halves of one connection: each is .peer of the other until one is over,
 * which its holder hears by graph_ended() while .peer is still there. */
void graph_pair(struct graph *graph, struct graph *peer);

/* Gives each component's control a notice, as if its maker had sent it by self.control. */
void graph_tell(struct graph *graph, enum message_kind kind, int error);

/* Says producerFinished to an instance: by self.control, or, where nothing inside is linked to
 * that, to each component that would not hear of it from another. */
void graph_finish(struct graph *graph);

/* The first component that has failed; NULL: none has. */
struct component *graph_failed(const struct graph *graph);

/* ---- for the runtime ---- */

/* One of its components has ended. */
void graph_one_ended(struct graph *graph);

/* Gives a reference back; the memory goes at the end of the loop's pass. */
void graph_unref(struct graph *graph);

/* Frees a dead graph, unless one of its components is still in the run queue. */
bool graph_free(struct graph *graph);

#endif
