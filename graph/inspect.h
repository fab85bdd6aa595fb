/* Looking into what runs: by path, and one component after another.  For the control socket; what
 * is here changes nothing.
 *
 *     "server"                  a component           "echo/17/lines"        one inside a
 * connection "server.signal"           a box of it           "echo/17/lines.inbox"  a box of that
 *     "server/17"               connection 17 of server: the graph, or its only component
 *
 * Where there are workers (workers.h) the main thread must have halted the others.  A component of
 * which each has one is shown once, and its statistics are those of all.
 *
 * The newest root graph comes first, then those that a reload has left to drain.  The loop's
 * services have no path and are not found. */
#ifndef AXOND_GRAPH_INSPECT_H
#define AXOND_GRAPH_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/component.h"

struct graph;
struct loop;

/* What a path leads to; good until the loop goes on. */
struct place {
    struct graph *graph;         /* that the component is in, or that the path names */
    struct component *component; /* NULL: the path names a graph of several components */
    unsigned box;                /* its index; NO_BOX: the path names none */
    bool is_inbox;
};

enum place_found { PLACE_FOUND, PLACE_NO_COMPONENT, PLACE_NO_BOX };

/* Fills in place; with PLACE_NO_BOX the component that has no such box. */
enum place_found place_find(struct loop *loop, const char *path, struct place *place);

/* What may have been meant by a path that leads nowhere: writes it and returns true, or false. */
bool place_suggest(struct loop *loop, const char *path, char *text, size_t size);

/* ---- one after another ---- */

/* A walk through components: a chassis before what it holds, a component before the graphs that it
 * made.  The loop may go on in between: what ends meanwhile is left out, what comes may be. */
struct walk {
    struct loop *loop;
    struct graph *graph; /* where it is, kept; NULL: at the end */
    size_t index;        /* of the next component in it */
    bool is_deep;
    bool is_below; /* to look first into the graphs made by the last component */
    bool is_here;  /* only in one loop, of several */
};

/* is_deep: also the graphs that components made; else only those of the file. */
void walk_begin(struct walk *walk, struct loop *loop, bool is_deep);

/* Through one worker's loop alone, and all that it has: also of the components that each has. */
void walk_begin_here(struct walk *walk, struct loop *loop);

/* The next component, or NULL: there is none. */
struct component *walk_next(struct walk *walk);

/* May be called at any time; zeroes are fine. */
void walk_end(struct walk *walk);

/* ---- about all ---- */

struct totals {
    uint64_t messages;   /* of data, made since the start */
    uint64_t bytes;      /* in them */
    uint64_t held;       /* how often a loop was held for too long, see held.h */
    double held_longest; /* s */
};

/* Of all workers.  Halts them for a moment. */
struct totals loop_totals(struct loop *loop);

/* ---- about one ---- */

/* "starting", "running", "stopping" (also what runs in a graph that drains), … */
const char *component_condition(const struct component *component);

/* The chassis that holds it, or the component that made its graph; NULL: none. */
struct component *component_holder(const struct component *component);

/* Seconds since 1970 when its state began. */
double component_begun(const struct component *component);

/* The number of the connection that it is part of; 0: of none. */
uint64_t component_connection(const struct component *component);

/* A component's replicas on all workers, one after another, or just itself: start with NULL, ends
 * with NULL. */
struct component *component_next_replica(const struct component *component,
                                         const struct component *after);

/* Those of them whose box of this index stands for the same as its own.  Where all that comes to
 * the replicas of a type passes the first (.has_relay), and of a box that was added, that is its
 * own alone. */
struct component *component_next_alike(const struct component *component, unsigned box,
                                       const struct component *after);

/* A statistic by the entry of its type's table. */
uint64_t component_statistic_at(const struct component *component, const struct stat_spec *spec);

/* A statistic by name, of all replicas; 0 if its type keeps none. */
uint64_t component_statistic(const struct component *component, const char *name);

/* What its type has to say of it, and the peer that it stands for, less what is secret: write it
 * and return true, or false: there is nothing to say. */
bool component_describe(struct component *component, char *text, size_t size);
bool component_describe_peer(struct component *component, char *text, size_t size);

/* What a component listens on: writes it and returns true, or false: it does not listen. */
bool component_listens(struct component *component, char *text, size_t size);

/* What a component waits for, and for how long: its restart, the peer to read, room at an inbox.
 * WAITS_NOT: text is empty. */
enum waits component_waits_for(struct component *component, char *text, size_t size);

/* The same, but for room at inboxes: what the graph can do nothing about. */
enum waits component_waits_outside(struct component *component, char *text, size_t size);

/* The inbox that an outbox's messages wait in: where that is another worker's, not what stands for
 * it here. */
const struct inbox *outbox_destination(const struct outbox *out);

/* Where a box leads, which may be on another worker.  NULL: nowhere. */
const struct box *box_next_anywhere(const struct box *box);

/* A linkage, and what the outboxes of all replicas have counted since it was made. */
struct linkage {
    const struct component *replica; /* whose outbox it is ... */
    unsigned index;                  /* ... and which */
    const struct outbox *out;
    const struct inbox *in; /* where its messages wait; the fullest of several */
    uint64_t messages;
    uint64_t bytes;
    uint64_t dropped; /* at the inboxes */
    double waited;    /* s */
};

/* The linkages that begin at a component and its replicas, one after another, until false: from the
 * outboxes that send to the inboxes that keep.  Start with zeroes. */
bool component_next_linkage(const struct component *component, struct linkage *linkage);

/* The name of a box, and its path: "server.signal". */
const char *box_name(const struct box *box);
const char *box_full_path(const struct box *box, char *text, size_t size);
enum { BOX_PATH_SIZE = PATH_SIZE + 66 };

/* Seconds that a sender has waited for room in all, and now without a break. */
double outbox_waited(const struct outbox *out);
double outbox_waiting(const struct outbox *out);

#endif
