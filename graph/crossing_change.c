/* Crossings as the graph changes around them (change.h), and their end.
 *
 *     echo/17 (earlier) ──► [stand-in]══ring══[landing] ──► audit, which leaves      END: both go
 *     echo/18 ──► [stand-in]══ring══[landing] ──► audit, which took its place
 *
 * A crossing leads to one component as long as there is that.  When it leaves, so does the
 * crossing: it is fed by what leads to it still, and says its end after the last of that. */
#include <stdlib.h>

#include "graph/component_extra.h"
#include "graph/crossing_private.h"
#include "graph/loop.h"
#include "graph/plan.h"

struct inbox *crossing_beyond(const struct inbox *in)
{
    struct component *owner = box_owner(&in->box);

    return crossing_stands_in(owner) && crossing_of(owner)->target != NULL
               ? component_have_inbox(crossing_of(owner)->target, box_index(&in->box))
               : NULL;
}

/* ---- ending ---- */

bool crossing_is_fed(const struct component *stand_in)
{
    for (unsigned i = NO_BOX; (i = component_next_inbox(stand_in, i)) != NO_BOX;) {
        const struct inbox *in = component_have_inbox(stand_in, i);

        if (in != NULL && inbox_is_fed(in)) {
            return true;
        }
    }
    return false;
}

void crossings_mark(struct parts *parts)
{
    struct list *at;

    list_for_each (at, &parts->crossings) {
        const struct crossing *crossing = container_of(at, struct crossing, link);

        if (crossing->target != NULL) {
            crossing->target->hears_across = true;
        }
    }
}

bool crossing_finish(struct component *component)
{
    struct parts *parts = root_of(component->graph)->parts;
    bool is_any = false;
    struct list *at;

    if (parts == NULL) {
        return false;
    }
    list_for_each (at, &parts->crossings) { /* the others are halted */
        struct crossing *crossing = container_of(at, struct crossing, link);

        if (crossing->target == component && !crossing->has_said_end) {
            crossing->is_finishing = true;
            component_wake(crossing->stand_in.component);
            is_any = true;
        }
    }
    return is_any;
}

bool crossing_is_end(const struct component *component)
{
    return crossing_stands_in(component) || crossing_lands(component);
}

/* The senders of its like have been looked at there. */
static bool is_like(const struct component *sender, const struct component *component)
{
    return graph_is_root(sender->graph) && !sender->is_leaving && !component->is_leaving &&
           sender->plan->index == component->plan->index;
}

static bool feeds(struct component *stand_in, const struct component *target)
{
    for (unsigned i = NO_BOX; (i = component_next_inbox(stand_in, i)) != NO_BOX;) {
        struct inbox *in = component_have_inbox(stand_in, i);
        struct outbox *out = NULL;

        while (in != NULL && component_inbox_plan(stand_in, i)->spec->carries != NOTICES &&
               (out = inbox_next_sender(in, out)) != NULL) {
            if (!is_like(box_owner(&out->box), target)) {
                return true;
            }
        }
    }
    return false;
}

bool crossing_feeds(const struct component *component)
{
    struct parts *parts = parts_of(component->graph);
    struct list *at;

    if (parts == NULL) {
        return false;
    }
    list_for_each (at, &parts->crossings) {
        const struct crossing *crossing = container_of(at, struct crossing, link);

        if (crossing->target == component && !crossing->has_said_end &&
            feeds(crossing->stand_in.component, component)) {
            return true;
        }
    }
    return false;
}

static void unlist(struct crossing *crossing)
{
    (void)pthread_mutex_lock(&crossing->parts->lock);
    list_remove(&crossing->link);
    (void)pthread_mutex_unlock(&crossing->parts->lock);
}

/* The end of an end, in its own thread or while all are halted. */
static void end_one(struct end *end)
{
    struct crossing *crossing = end->crossing;

    if (end->component->state == STOPPED) {
        return;
    }
    end->component->state = STOPPED;
    component_deinit_boxes(end->component);
    if (crossing_is_stand_in(end)) {
        if (crossing->held != NULL) {
            message_release(crossing->held);
            crossing->held = NULL;
        }
        return;
    }
    unlist(crossing);
    if (crossing->is_leaving) {
        component_unref(crossing->target);
    }
    crossing->target = NULL;
}

void crossings_end(struct graph *part)
{
    struct list *at;

    list_for_each (at, &root_of(part)->ends) {
        struct end *end = container_of(at, struct end, link);

        end->crossing->is_closed = true;
        unlist(end->crossing);
        end_one(end);
    }
}

bool crossings_are_idle(const struct graph *part)
{
    const struct list *at;

    list_for_each (at, &root_of(part)->ends) {
        const struct end *end = container_of((struct list *)(uintptr_t)at, struct end, link);

        if ((end->component->flags & COMPONENT_QUEUED) != 0) {
            return false;
        }
    }
    return true;
}

static void end_free(struct end *end)
{
    list_remove(&end->link);
    component_free_extra(end->component);
    free(end->component);
    end->component = NULL;
    crossing_unref(end->crossing);
}

void crossings_free(struct graph *part)
{
    struct list *at;
    struct list *after;

    list_for_each_safe (at, after, &root_of(part)->ends) {
        end_free(container_of(at, struct end, link));
    }
}

/* ---- leaving ---- */

struct component *crossing_next_to(struct parts *parts, const struct component *target,
                                   const struct component *after)
{
    bool is_beyond = after == NULL;
    struct list *at;

    list_for_each (at, &parts->crossings) {
        struct crossing *crossing = container_of(at, struct crossing, link);

        if (is_beyond && crossing->target == target && !crossing->has_said_end) {
            return crossing->stand_in.component;
        }
        is_beyond = is_beyond || crossing->stand_in.component == after;
    }
    return NULL;
}

static void end_leaves(struct end *end)
{
    struct root *root = root_of(end->component->graph);

    end->component->is_leaving = true;
    root->leaving_ends++;
    root->graph.has_leavers = true;
    root->graph.loop->leavers++;
}

void crossing_leave(struct component *stand_in, bool is_at_once)
{
    struct crossing *crossing = crossing_of(stand_in);

    if (is_at_once) {
        crossing_bring(crossing);
    }
    if (!crossing->is_leaving) {
        crossing->is_leaving = true;
        crossing_show_feeding(crossing);
        (void)component_ref(crossing->target);
        end_leaves(&crossing->stand_in);
        end_leaves(&crossing->landing);
    }
}

void crossings_end_to(struct parts *parts, const struct component *target)
{
    struct component *stand_in;

    while ((stand_in = crossing_next_to(parts, target, NULL)) != NULL) {
        struct crossing *crossing = crossing_of(stand_in);

        crossing_leave(stand_in, false);
        crossing->is_closed = true;
        end_one(&crossing->stand_in);
        end_one(&crossing->landing);
    }
}

bool crossing_is_fed_from_outside(const struct component *landing)
{
    struct crossing *crossing = crossing_of((struct component *)(uintptr_t)landing);
    struct component *stand_in = crossing->stand_in.component;

    if (stand_in == NULL || crossing->has_said_end) {
        return false;
    }
    for (unsigned i = NO_BOX; (i = component_next_inbox(stand_in, i)) != NO_BOX;) {
        struct inbox *in = component_have_inbox(stand_in, i);
        struct outbox *out = NULL;

        while (in != NULL && (out = inbox_next_sender(in, out)) != NULL) {
            if (!box_owner(&out->box)->is_leaving || box_owner(&out->box)->is_in_use) {
                return true;
            }
        }
    }
    return false;
}

static bool is_over(const struct end *end)
{
    return crossing_is_stand_in(end) ? end->crossing->has_said_end : end->crossing->has_had_end;
}

void crossings_look(struct root *root)
{
    struct list *at;
    struct list *after;

    if (root->leaving_ends == 0) {
        return;
    }
    list_for_each_safe (at, after, &root->ends) {
        struct end *end = container_of(at, struct end, link);
        struct component *component = end->component;

        if (!component->is_leaving) {
            continue;
        }
        if (is_over(end)) {
            end_one(end);
        } else if (crossing_is_stand_in(end) && !crossing_is_fed(component)) {
            component_wake(component); /* to say the end */
        }
        if (component->state == STOPPED && component->refs == 0 &&
            (component->flags & COMPONENT_QUEUED) == 0) {
            root->leaving_ends--;
            root->graph.loop->leavers--;
            end_free(end);
        }
    }
}

/* ---- who is waited for ---- */

/* True if the plan has a sender for the control of the component, in the stand-in's part. */
static bool is_finish_expected(const struct crossing *crossing)
{
    struct graph *part = crossing->parts->part[crossing->source];
    const struct plan *plan = part->plan;

    for (size_t i = 0; i < plan->linkage_count; i++) {
        const struct plan_linkage *linkage = &plan->linkages[i];

        if (linkage->to.is_inbox && linkage->to.component->index == crossing->target->plan->index &&
            linkage->to.index == linkage->to.component->control &&
            root_target(part, linkage) == crossing->stand_in.component) {
            return true;
        }
    }
    return false;
}

void crossings_forget_finish(struct graph *part, void (*cut)(void *arg, struct box *from),
                             void *arg)
{
    struct list *at;

    list_for_each (at, &root_of(part)->ends) {
        struct end *end = container_of(at, struct end, link);
        struct crossing *crossing = end->crossing;

        if (!crossing_is_stand_in(end) && !crossing->is_leaving && crossing->leads_to_control &&
            !is_finish_expected(crossing)) {
            crossing->leads_to_control = false;
            cut(arg, &component_need_outbox(end->component, crossing->target->control)->box);
        }
    }
}
