/* Changes of a root graph, from inside; graph_change.h is what others use.
 *
 *     graph_change.c     the two phases, of all parts together
 *     change_made.c      what is to be made
 *     change_prepare.c   the first phase in a part: makes it, links it, starts it; or takes it back
 *     change_commit.c    the second: linkages, what stays, and what goes
 *     change_replace.c   what is in the boxes of what is replaced goes to what replaces it
 *
 * All of it is done by the main thread, while the others are halted. */
#ifndef AXOND_GRAPH_CHANGE_H
#define AXOND_GRAPH_CHANGE_H

#include "graph/component.h"
#include "graph/graph.h"
#include "graph/graph_change.h"
#include "graph/nursery.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "graph/root.h"

struct box;
struct shared;

/* How what leaves comes to its end. */
enum parting {
    AT_ONCE,      /* nothing is lost with it */
    WITH_ITS_OWN, /* it has made graphs that go on, those of connections: its end is theirs */
    UNFED,        /* it ends with the last that leads to it: it is removed, or found by name */
};

/* What is made, and in whose place. */
struct newcomer {
    const struct plan_component *plan;
    struct component *component;
    struct component *old; /* NULL: nobody's */
    bool is_revived;       /* it is as it was, and had ended */
    enum parting old_ends;
};

/* What nothing takes the place of, in this part. */
struct removed {
    struct component *component;
    enum parting ends;
};

/* Of the graph, or of one part of it. */
struct part_change {
    const struct graph_change *whole;
    struct root *root;
    const struct plan_difference *difference;
    struct newcomer *newcomers; /* in the order of the new plan */
    size_t newcomer_count;
    struct removed *removed;
    size_t removed_count;
    struct inbox **unsettled; /* see inbox_settle() */
    size_t unsettled_count;
    /* As it was before. */
    struct plan *plan;
    size_t places, present, over;
};

struct graph_change {
    const struct plan_difference *difference;
    struct nursery *nursery;            /* borrowed */
    struct parts *parts;                /* NULL: the graph is in one piece */
    const struct plan_component **made; /* what is new, or is revived, in the order of the plan */
    bool *is_revived;
    size_t made_count;
    const struct plan_linkage **linkages; /* to be made */
    size_t linkage_count;
    uint8_t *homes;          /* by place, of the new plan, while parts has those of the old one */
    struct shared **retired; /* of what is made, see share.h */
    bool is_prepared;
    unsigned count;
    struct part_change part[];
};

static inline struct component *at_place(const struct part_change *change,
                                         const struct plan_component *plan)
{
    return change->root->graph.components[plan->index];
}

/* It was linked before the change began: neither end need be looked at. */
static inline bool change_is_linked(const struct graph_change *change,
                                    const struct plan_linkage *linkage)
{
    return nursery_has(change->nursery, linkage->from.component) &&
           nursery_has(change->nursery, linkage->to.component);
}

/* ---- change_made.c ---- */

/* Finds what is to be made, and which linkages. */
void change_find_made(struct graph_change *change);

/* ---- change_prepare.c ---- */

/* Puts what is new in its places, not started, and takes out what is to go. */
void change_prepare(struct part_change *change);

/* Links what is new among itself.  Then starts it: returns NULL, or who could not. */
void change_link_newcomers(const struct part_change *change);
struct newcomer *change_start_newcomers(const struct part_change *change);

/* All is as it was. */
void change_take_back(struct part_change *change);

/* The part may end again. */
void change_let_go(const struct part_change *change);

/* ---- change_replace.c ---- */

/* What waits in what is replaced, or on its way there, goes on to what replaces it, with those who
 * lead to it by themselves; all parts at once. */
void change_replace(struct graph_change *change);

/* Cuts a linkage; whoever may have waited for that to finish does not do so yet. */
void change_cut(struct part_change *change, struct box *from);

/* An inbox whose senders may all have finished: see to that once all is linked. */
void change_note_unsettled(struct part_change *change, struct inbox *in);

/* ---- change_commit.c ---- */

/* Of each part, in this order: first one after another what is cut, and what is linked; then, as
 * it is known who leads where, the rest. */
void change_cut_linkages(struct part_change *change);
void change_make_linkages(struct part_change *change);
void change_commit(struct part_change *change);

#endif
