/* What a change has taken out of a root graph, until its end (root.h).
 *
 *     removed:   servers stop accepting; the others get producerFinished once nothing feeds them
 *     replaced:  those that have made graphs of their own (connections) end with the last of these
 *
 *     connection ──► room ──► log     both leave, and are in use as long as the connection is there
 *     a ──► b ──► a                   a ring: they wait for each other, and are told all at once
 *
 * Those with connections have no deadline: a connection lasts as long as its ends want it to.  The
 * others have some time to see to what waits in them: it may be for somebody who never takes it. */
#include <stdlib.h>

#include "graph/component_extra.h"
#include "graph/crossing.h"
#include "graph/drain.h"
#include "graph/graph.h"
#include "graph/ledger.h"
#include "graph/loop.h"
#include "graph/root.h"

static void on_look(struct ev_loop *ev, ev_timer *timer, int revents)
{
    leavers_look(timer->data);
}

void leavers_add(struct root *root, struct component *component, struct plan *plan, bool lingers)
{
    component->is_leaving = true;
    component->is_in_use = true; /* until all have been looked at */
    if (root->leaver_count == root->leaver_room) {
        root->leaver_room = root->leaver_room * 2 + 8;
        root->leavers = mem_resize_array(root->leavers, root->leaver_room, sizeof(struct leaver));
    }
    root->leavers[root->leaver_count++] =
        (struct leaver){.component = component, .plan = plan_ref(plan), .lingers = lingers};
    root->graph.has_leavers = true;
    root->graph.loop->leavers++;
}

static bool is_alive(const struct leaver *leaver)
{
    return !component_is_over(leaver->component);
}

/* A server that has not come to its end. */
static bool is_serving(const struct leaver *leaver)
{
    return is_alive(leaver) && leaver->component->type->drain != NULL;
}

/* It ends by itself, or through what holds it. */
static bool needs_nothing(const struct leaver *leaver)
{
    return !is_alive(leaver) || leaver->was_told || is_serving(leaver);
}

/* after_all: of what is under way to it from other workers. */
static void tell_to_finish(struct leaver *leaver, bool after_all)
{
    struct component *component = leaver->component;

    leaver->was_told = true;
    leaver->deadline = component_now(component) + component_loop(component)->leave_timeout;
    if (component->state == RESTARTING) { /* it would never see to what it has */
        component_end(component, STOPPED);
    } else {
        if (!after_all || !crossing_finish(component)) {
            component_tell(component, PRODUCER_FINISHED, NULL, 0);
        }
        component->was_told = true;
    }
}

/* It still serves, or what it has made does. */
static bool is_at_work(const struct leaver *leaver)
{
    return is_serving(leaver) || (leaver->lingers && is_alive(leaver));
}

/* ---- who is in use ---- */

static bool stays(const struct component *sender)
{
    return !sender->is_leaving;
}

/* It may still send, and does not wait for the end of whom it sends to. */
static bool may_send(const struct component *sender)
{
    return stays(sender) || sender->is_in_use ||
           (crossing_lands(sender) && crossing_is_fed_from_outside(sender));
}

static bool is_fed_by(struct component *component, bool (*is_such)(const struct component *sender))
{
    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX;) {
        struct inbox *in = component_have_inbox(component, i);
        struct outbox *out = NULL;

        while (in != NULL && component_inbox_plan(component, i)->spec->carries != NOTICES &&
               (out = inbox_next_sender(in, out)) != NULL) {
            if (is_such(box_owner(&out->box))) {
                return true;
            }
        }
    }
    return false;
}

/* To be repeated for all, whose marks were taken off before, until none gets one any more: twice if
 * senders come before those they send to, as in most files, and once more for each that does not.
 * Who has none then is in a ring, or fed by nothing but one.  Returns whether it got one. */
static bool mark_if_in_use(const struct leaver *leaver)
{
    struct component *component = leaver->component;

    if (component->is_in_use || !is_alive(leaver)) {
        return false;
    }
    component->is_in_use =
        leaver->was_told || !component_is_fed(component) || is_fed_by(component, may_send);
    return component->is_in_use;
}

/* What it has still waits, and is lost with it. */
static void end_late(struct component *component)
{
    uint64_t waiting = 0;

    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX;) {
        const struct inbox *in = component_have_inbox(component, i);

        if (in != NULL && (in->box.flags & (BOX_PASSES | BOX_CONTROL)) == 0) {
            waiting += in->box.queued;
        }
    }
    component_log(component, LOG_LEVEL_WARNING,
                  "was taken out of the graph and has not come to its end: ending it, with %llu "
                  "message%s in its inboxes",
                  (unsigned long long)waiting, waiting == 1 ? "" : "s");
    component_end(component, STOPPED);
}

static void leaver_free(struct root *root, size_t i)
{
    if (root->graph.loop->ledger != NULL && root->graph.living > 0) {
        ledger_close_life(root->graph.loop->ledger, root->leavers[i].component);
    }
    component_free_extra(root->leavers[i].component);
    free(root->leavers[i].component);
    plan_release(root->leavers[i].plan);
    root->graph.loop->leavers--;
    root->leavers[i] = root->leavers[--root->leaver_count];
}

static void set_look(struct root *root, double seconds)
{
    if (root->look.data == NULL) {
        ev_timer_init(&root->look, on_look, 0.0, 0.0);
        root->look.data = root;
    }
    ev_timer_stop(root->graph.loop->ev, &root->look);
    ev_timer_set(&root->look, seconds, 0.0);
    ev_timer_start(root->graph.loop->ev, &root->look);
}

void leavers_look_soon(struct root *root)
{
    if (root->leaver_count + root->leaving_ends > 0 && !root->looks_soon) {
        root->looks_soon = true;
        set_look(root, 0.0);
    }
}

/* ---- a round ---- */

enum { SURVEYING, MARKING, TELLING, SWEEPING };

/* Tells it to finish if nothing feeds it any more: or only others that wait for each other, in a
 * ring.  Ends it if it is late. */
static void tell(struct root *root, struct leaver *leaver)
{
    struct leavers_round *round = &root->round;
    const double now = ev_now(root->graph.loop->ev);
    const bool is_alone = root->parts == NULL && !round->is_at_work;

    if (!needs_nothing(leaver) && (leaver->lingers || !component_is_fed(leaver->component) ||
                                   (is_alone && !leaver->component->is_in_use))) {
        tell_to_finish(leaver, false);
    }
    if (!is_alive(leaver) || !leaver->was_told || leaver->lingers) {
        return;
    }
    if (leaver->deadline <= now) {
        end_late(leaver->component);
    } else if (round->late <= 0 || leaver->deadline < round->late) {
        round->late = leaver->deadline;
    }
}

/* Frees the next one if it is over, and nobody knows it any more: the last one takes its place. */
static void sweep(struct root *root)
{
    struct leavers_round *round = &root->round;
    const struct leaver *leaver = &root->leavers[round->next];
    struct component *component = leaver->component;
    const bool is_queued = (component->flags & COMPONENT_QUEUED) != 0;

    if (component_is_over(component) && component->refs == 0 && !is_queued) {
        leaver_free(root, round->next);
        return;
    }
    round->has_queued |= is_queued;
    round->has_connections =
        round->has_connections || component_next_graph(component, NULL) != NULL;
    round->is_any_in_ring |=
        root->parts != NULL && !needs_nothing(leaver) && !is_fed_by(component, stays);
    round->next++;
}

static void end_round(struct root *root)
{
    const struct leavers_round *round = &root->round;
    const struct loop_hooks *hooks = &root->graph.loop->hooks;
    const bool had_any = root->had_connections;

    root->graph.has_leavers = root->leaver_count + root->leaving_ends > 0;
    root->had_connections = round->has_connections;
    if (round->has_queued || round->is_again) { /* once the queue has been run */
        leavers_look_soon(root);
    } else if (round->late > 0 && !root->looks_soon) {
        set_look(root, round->late - ev_now(root->graph.loop->ev));
    }
    if (root->parts != NULL && (had_any != root->had_connections || round->is_any_in_ring)) {
        part_looks_over(&root->graph);
    } else if (root->parts == NULL && had_any && !root->had_connections && root->graph.living > 0 &&
               hooks->leavers_ended != NULL) {
        hooks->leavers_ended(hooks->arg, &root->graph);
    }
}

/* The marks are needed only if rings may be told, and those of several parts are all at once. */
static bool is_phase_over(const struct root *root)
{
    const struct leavers_round *round = &root->round;

    return round->next >= root->leaver_count ||
           (round->phase <= MARKING && (round->is_at_work || root->parts != NULL));
}

/* Returns whether there is more to do. */
static bool step(struct root *root)
{
    struct leavers_round *round = &root->round;
    struct leaver *leaver;

    if (is_phase_over(root)) {
        const bool is_once_more = round->is_any_marked;

        round->next = 0;
        round->is_any_marked = false;
        return is_once_more || round->phase++ != SWEEPING;
    }
    leaver = &root->leavers[round->next];
    switch (round->phase) {
    case SURVEYING:
        leaver->component->is_in_use = false;
        round->is_at_work = is_at_work(leaver);
        round->next++;
        break;
    case MARKING:
        round->is_any_marked |= mark_if_in_use(leaver);
        round->next++;
        break;
    case TELLING:
        tell(root, &root->leavers[round->next++]);
        break;
    default:
        sweep(root);
    }
    return true;
}

static bool go_on(struct slices *slices, size_t most)
{
    struct root *root = container_of(slices, struct root, round.slices);

    while (most-- > 0) {
        if (!step(root)) {
            end_round(root);
            return false;
        }
    }
    return true;
}

void leavers_look(struct root *root)
{
    struct leavers_round *round = &root->round;

    ev_timer_stop(root->graph.loop->ev, &root->look);
    root->looks_soon = false;
    if (slices_are_left(&round->slices)) {
        round->is_again = true;
        return;
    }
    crossings_look(root);
    *round = (struct leavers_round){0};
    slices_begin(&round->slices, root->graph.loop->ev, go_on);
}

/* ---- all parts ---- */

/* Calls f with each leaver of each part.  Returns whether it has returned true for any. */
static bool any_of_all(struct parts *parts, bool (*f)(struct root *root, struct leaver *leaver))
{
    bool is_any = false;

    for (unsigned i = 0; i < parts->count; i++) {
        struct root *root = root_of(parts->part[i]);

        for (size_t k = 0; k < root->leaver_count; k++) {
            is_any |= f(root, &root->leavers[k]);
        }
    }
    return is_any;
}

static bool survey_one(struct root *root, struct leaver *leaver)
{
    leaver->component->is_in_use = false;
    return is_at_work(leaver);
}

static bool mark_one(struct root *root, struct leaver *leaver)
{
    return mark_if_in_use(leaver);
}

static bool tell_one(struct root *root, struct leaver *leaver)
{
    if (needs_nothing(leaver) || leaver->component->is_in_use) {
        return false;
    }
    tell_to_finish(leaver, true);
    leavers_look_soon(root);
    return true;
}

void leavers_finish_all(struct parts *parts)
{
    if (any_of_all(parts, survey_one)) {
        return;
    }
    while (any_of_all(parts, mark_one)) {
    }
    (void)any_of_all(parts, tell_one);
}

void leavers_look_all(struct loop *loop)
{
    struct list *at;

    list_for_each (at, &loop->graphs) {
        leavers_look_soon(root_of(container_of(at, struct graph, sibling)));
    }
}

void leavers_drain(struct root *root, size_t first)
{
    for (size_t i = first; i < root->leaver_count; i++) {
        if (is_serving(&root->leavers[i])) {
            component_drain(root->leavers[i].component);
        }
    }
    leavers_look(root);
}

void leavers_free(struct root *root)
{
    ev_timer_stop(root->graph.loop->ev, &root->look);
    slices_stop(&root->round.slices);
    while (root->leaver_count > 0) {
        leaver_free(root, root->leaver_count - 1);
    }
    root->graph.loop->leavers -= root->leaving_ends;
    root->leaving_ends = 0;
    free(root->leavers);
}
