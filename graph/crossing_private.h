/* Crossings, from inside; crossing.h is what others use.
 *
 *     crossing.c          the two types of component, and how they are made
 *     crossing_change.c   how they follow a change of the graph, and end */
#ifndef AXOND_GRAPH_CROSSING_PRIVATE_H
#define AXOND_GRAPH_CROSSING_PRIVATE_H

#include "graph/component.h"
#include "graph/crossing.h"
#include "graph/list.h"
#include "graph/mailbox.h"
#include "graph/message.h"
#include "graph/ring.h"
#include "graph/root.h"

/* An end of a crossing, in the list of the part that it lies in. */
struct end {
    struct list link;
    struct component *component; /* NULL: not made yet */
    struct crossing *crossing;
};

struct crossing {
    struct list link; /* in parts.crossings */
    struct parts *parts;
    _Atomic unsigned refs;        /* an end each, and a letter under way each */
    struct component *target;     /* that is led to; NULL: not any more */
    unsigned source, home;        /* worker of the stand-in, and of the target */
    bool is_closed;               /* set while all workers are halted, as the next */
    bool is_leaving;              /* its target is: it ends with the last that leads to it */
    struct plan *plan;            /* that these were made from; kept */
    struct plan_component *plans; /* of the stand-in and the landing */
    struct ring ring;
    _Atomic size_t apart;    /* bytes in them */
    _Atomic bool is_starved; /* the stand-in waits for room */
    _Atomic unsigned crowd;  /* senders that wait before the stand-in */
    _Atomic unsigned put;    /* messages into the ring, so far */

    struct end stand_in;
    struct message *held; /* taken, and there is no room for it; NULL: none */
    unsigned held_box;
    unsigned count;    /* .put, before it is shown */
    bool is_finishing; /* see crossing_finish(); set while all workers are halted */
    bool has_said_last;
    bool has_said_end;
    struct letter to_stand_in;

    struct end landing;
    bool leads_to_control; /* as planned, not just by what came */
    unsigned landed;       /* messages out of the ring, so far */
    bool has_had_last;
    bool has_had_end;
    struct letter to_landing;
};

/* What both types of component have. */
struct crossing_state {
    struct crossing *crossing;
};

static inline struct crossing *crossing_of(struct component *self)
{
    const struct crossing_state *state = component_state(self);

    return state->crossing;
}

static inline bool crossing_is_stand_in(const struct end *end)
{
    return end == &end->crossing->stand_in;
}

/* Makes the landing if there is none.  In the thread of its loop, or while that is halted. */
void crossing_need_landing(struct crossing *crossing);

/* The same, and links it to all inboxes that something may be under way to. */
void crossing_show_feeding(struct crossing *crossing);

/* Has all that is under way come to the target's inboxes, whatever their bounds, while all workers
 * are halted. */
void crossing_bring(struct crossing *crossing);

void crossing_unref(struct crossing *crossing);

#endif
