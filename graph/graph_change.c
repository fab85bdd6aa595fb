#include "graph/graph_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/cell.h"
#include "graph/component_extra.h"
#include "graph/crossing.h"
#include "graph/graph.h"
#include "graph/ledger.h"
#include "graph/loop.h"
#include "graph/placement.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "graph/root.h"
#include "graph/share.h"
#include "graph/waiting.h"
#include "graph/workers.h"

/* What is made, and in whose place. */
struct newcomer {
    const struct plan_component *plan;
    struct component *component;
    struct component *old; /* NULL: nobody's */
    bool is_revived;       /* it is as it was, and had ended */
    enum {
        AT_ONCE,      /* nothing is lost with it */
        WITH_ITS_OWN, /* it has made graphs that go on, those of connections: its end is theirs */
        UNFED,        /* connections lead to it by its name; it ends with the last of them */
    } old_ends;
};

/* Of the graph, or of one part of it. */
struct part_change {
    const struct graph_change *whole;
    struct root *root;
    const struct plan_difference *difference;
    struct newcomer *newcomers; /* in the order of the new plan */
    size_t newcomer_count;
    struct component **removed;
    size_t removed_count;
    struct inbox **unsettled; /* see inbox_settle() */
    size_t unsettled_count;
    /* As it was before. */
    struct plan *plan;
    size_t places, present, over;
};

struct graph_change {
    const struct plan_difference *difference;
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

static struct component *at_place(const struct part_change *change,
                                  const struct plan_component *plan)
{
    return change->root->graph.components[plan->index];
}

/* ---- what is to be made ---- */

static void add_made(struct graph_change *change, const struct plan_component *plan,
                     bool is_revived)
{
    const size_t count = change->made_count++;

    change->made = mem_resize_array(change->made, count + 1, sizeof(*change->made));
    change->is_revived = mem_resize_array(change->is_revived, count + 1, sizeof(bool));
    change->made[count] = plan;
    change->is_revived[count] = is_revived;
}

/* Where each component of the new plan stands, by its position there. */
enum standing { STAYS, IS_OVER, IS_NEW, IS_REVIVED };

/* It is in the old plan as well, and is to live on another worker now. */
static bool is_moved(const struct graph_change *change, size_t place)
{
    return change->homes != NULL && place < root_of(change->parts->part[0])->places &&
           change->parts->homes[place] != NOWHERE &&
           change->parts->homes[place] != change->homes[place];
}

/* Of one that is on every worker any may have ended. */
static enum standing find_standing(const struct graph_change *change, size_t place)
{
    enum standing standing = is_moved(change, place) ? IS_REVIVED : STAYS;

    for (unsigned i = 0; i < change->count && standing != IS_REVIVED; i++) {
        const struct component *component = change->part[i].root->graph.components[place];

        if (component != NULL && component_is_over(component)) {
            standing = component->state == FAILED || component->is_halted ? IS_REVIVED : IS_OVER;
        }
    }
    return standing;
}

static void find_standings(const struct graph_change *change, enum standing *standings)
{
    const struct plan_difference *difference = change->difference;
    const struct plan *fresh = difference->fresh;

    for (size_t i = 0; i < difference->count; i++) {
        const struct plan_change *one = &difference->changes[i];

        if (one->kind == PLAN_ADDED || one->kind == PLAN_REPLACED) {
            standings[one->after - fresh->components] = IS_NEW;
        }
    }
    for (size_t i = 0; i < fresh->component_count; i++) {
        if (standings[i] == STAYS) {
            standings[i] = find_standing(change, fresh->components[i].index);
        }
    }
}

static bool is_started(enum standing standing)
{
    return standing == IS_NEW || standing == IS_REVIVED;
}

/* What has done its work is started again along with what it is linked with, or inside of, or what
 * it holds.  Returns whether any was found. */
static bool spread(const struct plan *fresh, enum standing *standings)
{
    bool is_any = false;

    for (size_t i = 0; i < fresh->linkage_count; i++) {
        enum standing *from = &standings[fresh->linkages[i].from.component - fresh->components];
        enum standing *to = &standings[fresh->linkages[i].to.component - fresh->components];

        if ((is_started(*from) && *to == IS_OVER) || (is_started(*to) && *from == IS_OVER)) {
            *(*to == IS_OVER ? to : from) = IS_REVIVED;
            is_any = true;
        }
    }
    for (size_t i = 0; i < fresh->component_count; i++) {
        const struct plan_component *parent = fresh->components[i].parent;
        enum standing *holder = parent != NULL ? &standings[parent - fresh->components] : NULL;

        if (holder != NULL && is_started(standings[i]) && *holder == IS_OVER) {
            *holder = IS_REVIVED;
            is_any = true;
        } else if (holder != NULL && is_started(*holder) && !is_started(standings[i])) {
            standings[i] = IS_REVIVED;
            is_any = true;
        }
    }
    return is_any;
}

static void add_linkages_of_revived(struct graph_change *change, const enum standing *standings)
{
    const struct plan *fresh = change->difference->fresh;

    change->linkages = mem_resize_array(
        change->linkages, change->linkage_count + fresh->linkage_count, sizeof(*change->linkages));
    for (size_t i = 0; i < fresh->linkage_count; i++) {
        const struct plan_linkage *linkage = &fresh->linkages[i];

        if (standings[linkage->from.component - fresh->components] == IS_REVIVED ||
            standings[linkage->to.component - fresh->components] == IS_REVIVED) {
            change->linkages[change->linkage_count++] = linkage;
        }
    }
}

/* Something has ended, or moves: all are looked at. */
static void find_all_made(struct graph_change *change)
{
    const struct plan *fresh = change->difference->fresh;
    enum standing *standings = mem_alloc_array(fresh->component_count + 1, sizeof(*standings));

    find_standings(change, standings);
    while (spread(fresh, standings)) {
    }
    for (size_t i = 0; i < fresh->component_count; i++) {
        if (is_started(standings[i])) {
            add_made(change, &fresh->components[i], standings[i] == IS_REVIVED);
        }
    }
    add_linkages_of_revived(change, standings);
    free(standings);
}

static bool is_any_to_be_looked_at(const struct graph_change *change)
{
    const struct plan *fresh = change->difference->fresh;

    for (unsigned i = 0; i < change->count; i++) {
        if (change->part[i].root->over > 0) {
            return true;
        }
    }
    for (size_t i = 0; change->homes != NULL && i < fresh->component_count; i++) {
        if (is_moved(change, fresh->components[i].index)) {
            return true;
        }
    }
    return false;
}

static void find_made(struct graph_change *change)
{
    const struct plan_difference *difference = change->difference;

    change->linkage_count = difference->made_count;
    change->linkages =
        mem_resize_array(NULL, difference->made_count + 1, sizeof(*change->linkages));
    memcpy(change->linkages, difference->made, difference->made_count * sizeof(*change->linkages));
    if (is_any_to_be_looked_at(change)) {
        find_all_made(change);
        return;
    }
    for (size_t i = 0; i < difference->count; i++) {
        const struct plan_change *one = &difference->changes[i];

        if (one->kind == PLAN_ADDED || one->kind == PLAN_REPLACED) {
            add_made(change, one->after, false);
        }
    }
}

/* ---- the places ---- */

static void leave_place(struct part_change *change, struct component *component)
{
    component->is_leaving = true;
    change->root->over -= component_is_over(component);
}

static bool is_here(const struct part_change *change, const struct plan_component *plan)
{
    const uint8_t *homes = change->whole->homes;

    return homes == NULL || homes[plan->index] == EVERY_WORKER ||
           homes[plan->index] == change->root->graph.loop->worker;
}

static void clear_place(struct part_change *change, const struct plan_component *plan)
{
    struct component *component = at_place(change, plan);

    if (component != NULL) {
        change->removed =
            mem_resize_array(change->removed, change->removed_count + 1, sizeof(*change->removed));
        change->removed[change->removed_count++] = component;
        change->root->graph.components[plan->index] = NULL;
        leave_place(change, component);
    }
}

/* Of what is not part of the graph any more, or lives on another worker from now on. */
static void clear_removed(struct part_change *change)
{
    const struct plan_difference *difference = change->difference;
    const struct graph_change *whole = change->whole;

    for (size_t i = 0; i < difference->count; i++) {
        if (difference->changes[i].kind == PLAN_REMOVED) {
            clear_place(change, difference->changes[i].before);
        }
    }
    for (size_t i = 0; i < whole->made_count; i++) {
        if (!is_here(change, whole->made[i])) {
            clear_place(change, whole->made[i]);
        }
    }
}

static void take_places(struct part_change *change)
{
    struct graph *graph = &change->root->graph;
    const struct graph_change *whole = change->whole;

    change->newcomers = mem_alloc_array(whole->made_count + 1, sizeof(*change->newcomers));
    for (size_t i = 0; i < whole->made_count; i++) {
        const struct plan_component *plan = whole->made[i];
        struct newcomer *newcomer = &change->newcomers[change->newcomer_count];

        if (!is_here(change, plan)) {
            continue;
        }
        change->newcomer_count++;
        newcomer->plan = plan;
        newcomer->is_revived = whole->is_revived[i];
        newcomer->old = at_place(change, plan);
        newcomer->component = mem_alloc(cell_size(plan));
        cell_init(newcomer->component, plan, graph);
        graph->components[plan->index] = newcomer->component;
        if (newcomer->old != NULL) {
            leave_place(change, newcomer->old);
        }
    }
}

/* How many of the new plan's live here. */
static size_t count_present(const struct part_change *change)
{
    const struct plan *fresh = change->difference->fresh;
    size_t count = 0;

    if (change->whole->homes == NULL) {
        return fresh->component_count;
    }
    for (size_t i = 0; i < fresh->component_count; i++) {
        count += is_here(change, &fresh->components[i]);
    }
    return count;
}

static void switch_places(struct part_change *change)
{
    struct root *root = change->root;
    struct graph *graph = &root->graph;
    const size_t places = change->difference->fresh->places;

    change->plan = (struct plan *)(uintptr_t)graph->plan;
    change->places = root->places;
    change->present = root->present;
    change->over = root->over;
    graph->components = mem_resize_array(graph->components, places + 1, sizeof(struct component *));
    for (size_t i = root->places; i < places; i++) {
        graph->components[i] = NULL;
    }
    root->places = places;
    root->present = count_present(change);
    graph->plan = change->difference->fresh;
    if (graph->loop->ledger != NULL) {
        ledger_forget(graph->loop->ledger, graph);
    }
    clear_removed(change);
    take_places(change);
}

/* All as it was; what was made is ended, and goes when nobody knows it any more. */
static void switch_back(struct part_change *change)
{
    struct root *root = change->root;

    for (size_t i = change->newcomer_count; i-- > 0;) {
        const struct newcomer *newcomer = &change->newcomers[i];

        root->graph.components[newcomer->plan->index] = newcomer->old;
        if (newcomer->old != NULL) {
            newcomer->old->is_leaving = false;
        }
        leavers_add(root, newcomer->component, change->difference->fresh, false);
    }
    for (size_t i = 0; i < change->removed_count; i++) {
        root->graph.components[change->removed[i]->plan->index] = change->removed[i];
        change->removed[i]->is_leaving = false;
    }
    root->graph.plan = change->plan;
    if (root->graph.loop->ledger != NULL) {
        ledger_forget(root->graph.loop->ledger, &root->graph);
    }
    root->places = change->places;
    root->present = change->present;
    root->over = change->over;
}

/* ---- the first phase ---- */

static bool is_made_now(const struct component *component)
{
    return component != NULL && component->state == CREATED;
}

/* What is new is linked among itself before it starts, as in a graph that is new as a whole. */
static void link_newcomers(const struct part_change *change)
{
    const struct graph_change *whole = change->whole;

    for (size_t i = 0; i < whole->linkage_count; i++) {
        const struct plan_linkage *linkage = whole->linkages[i];
        struct component *from = at_place(change, linkage->from.component);
        struct component *to = at_place(change, linkage->to.component);

        if (is_made_now(from) && is_made_now(to) && root_is_within(&change->root->graph, linkage) &&
            box_next(cell_box(from, &linkage->from)) == NULL) {
            cell_link(from, to, linkage);
        }
    }
}

/* Returns NULL, or who could not start. */
static struct newcomer *start_newcomers(const struct part_change *change)
{
    for (size_t i = 0; i < change->newcomer_count; i++) {
        if (component_start(change->newcomers[i].component) < 0) {
            return &change->newcomers[i];
        }
    }
    return NULL;
}

static void end_newcomers(const struct part_change *change)
{
    for (size_t i = change->newcomer_count; i-- > 0;) {
        struct component *component = change->newcomers[i].component;

        component->is_leaving = true; /* nobody here is to hear of it */
        component->is_kept = true;
        component->flags |= COMPONENT_SIGNALLED;
        component_end(component, STOPPED);
    }
}

static void hold(struct graph *graph)
{
    if (graph->living == 0) {
        part_revived(graph);
    }
    graph->is_held = true; /* who can't start now is not to be restarted */
    graph->living++;
}

static void let_go(struct graph *graph)
{
    graph->is_held = false;
    graph_one_ended(graph);
}

static void cancel_part(struct part_change *change)
{
    end_newcomers(change);
    switch_back(change);
    leavers_look(change->root);
    let_go(&change->root->graph);
}

static void prepare_part(struct part_change *change)
{
    graph_settle_now(change->root);
    leavers_look(change->root);
    hold(&change->root->graph);
    switch_places(change);
}

/* ---- the second phase: from what is replaced to what replaces it ---- */

static void note_unsettled(struct part_change *change, struct inbox *in)
{
    if ((in->box.flags & BOX_FINISH_HELD) != 0) {
        change->unsettled = mem_resize_array(change->unsettled, change->unsettled_count + 1,
                                             sizeof(*change->unsettled));
        change->unsettled[change->unsettled_count++] = in;
    }
}

static void cut_quietly(struct part_change *change, struct box *from)
{
    struct box *next = box_next(from);

    for (struct box *at = next; at != NULL; at = box_next(at)) {
        if (box_next(at) == NULL && box_is_inbox(at)) {
            note_unsettled(change, box_as_inbox(at));
        }
    }
    box_cut(from);
}

static bool is_found_by_name(const struct component *component)
{
    const struct box_spec *spec = component->type->inboxes;

    while (spec != NULL && spec->name != NULL && !spec->by_name) {
        spec++;
    }
    return spec != NULL && spec->name != NULL;
}

/* How it goes. */
static unsigned find_end(const struct component *component)
{
    if (component->state != RUNNING) {
        return AT_ONCE;
    }
    if (component->type->drain != NULL || component_next_graph(component, NULL) != NULL) {
        return WITH_ITS_OWN;
    }
    return is_found_by_name(component) ? UNFED : AT_ONCE;
}

/* The inbox of the same name that takes the same; NULL: there is none. */
static struct inbox *counterpart(struct component *component, const struct box_spec *spec)
{
    const unsigned index = component_find_inbox(component, spec->name);

    if (index == NO_BOX ||
        !carries_fits(spec->carries, component_inbox_plan(component, index)->spec->carries)) {
        return NULL;
    }
    return component_need_inbox(component, index);
}

/* True for what is meant for this component, whoever takes its place. */
static bool is_personal(const struct newcomer *newcomer, const struct box_spec *spec)
{
    return spec->carries == READINESS || spec->from_made || spec->by_name ||
           (spec->carries == NOTICES && newcomer->old_ends != AT_ONCE);
}

static void move_messages(struct inbox *from, struct inbox *to, bool are_notices)
{
    struct inbox *sink = inbox_sink(to);

    while (from->box.last != NULL) {
        struct message *msg = inbox_pop(from);

        if (are_notices) {
            inbox_deliver(sink, msg, NULL);
        } else {
            inbox_put(sink, msg);
        }
    }
}

/* Those who lead to an inbox by themselves, as the graphs of connections do to "/audit.inbox": the
 * linkages of the plans are seen to elsewhere. */
static void move_sources(struct part_change *change, const struct newcomer *newcomer,
                         struct inbox *from, struct inbox *to)
{
    struct list *at = from->sources;

    while (at != NULL) {
        struct box *source = container_of(at, struct box, link);
        struct component *owner = box_owner(source);
        const bool is_last = at->next == from->sources;

        at = is_last ? NULL : at->next;
        if (owner->graph->holder != NULL && owner->graph->holder != newcomer->old &&
            (newcomer->old_ends == AT_ONCE || !component_is_earlier(owner))) {
            cut_quietly(change, source);
            if (to != NULL) {
                REQUIRE(box_link(source, &to->box) == 0);
            }
        }
    }
}

static void hand_over(struct part_change *change, struct newcomer *newcomer)
{
    struct component *old = newcomer->old;
    unsigned i = NO_BOX;

    while ((i = component_next_inbox(old, i)) != NO_BOX && i < ADDED_BOX) {
        const struct box_spec *spec = component_inbox_plan(old, i)->spec;
        struct inbox *from = component_have_inbox(old, i);
        struct inbox *to = NULL;

        if (from == NULL || is_personal(newcomer, spec)) {
            continue;
        }
        to = counterpart(newcomer->component, spec);
        if ((from->box.flags & BOX_FINISH_HELD) != 0) {
            from->box.flags = (uint16_t)(from->box.flags & ~BOX_FINISH_HELD);
            if (to != NULL) {
                inbox_sink(to)->box.flags |= BOX_FINISH_HELD;
                note_unsettled(change, inbox_sink(to));
            }
        }
        if (to != NULL && (from->box.flags & BOX_PASSES) == 0) {
            move_messages(from, to, spec->carries == NOTICES);
        }
        move_sources(change, newcomer, from, to);
    }
}

static void replace(struct part_change *change)
{
    for (size_t i = 0; i < change->newcomer_count; i++) {
        struct newcomer *newcomer = &change->newcomers[i];
        struct component *old = newcomer->old;

        if (old != NULL && !component_is_over(old)) {
            newcomer->old_ends = find_end(old);
            if (newcomer->old_ends == AT_ONCE) {
                component_retire(old);
            }
        }
    }
    for (size_t i = 0; i < change->newcomer_count; i++) {
        if (change->newcomers[i].old != NULL && !component_is_over(change->newcomers[i].old)) {
            hand_over(change, &change->newcomers[i]);
        }
    }
}

/* ---- linkages ---- */

/* What waits in a fan-out that goes, since "a -> [b, c]" has become "a -> b", is given to b and c
 * now: it would come to b after what a sends there from now on. */
static void empty_fanout(struct component *fanout)
{
    struct inbox *in = component_inbox(fanout, fanout->plan->main_in);

    while (in->box.last != NULL) {
        struct message *msg = inbox_pop(in);

        for (unsigned i = NO_BOX; (i = component_next_outbox(fanout, i)) != NO_BOX;) {
            if (component_outbox_plan(fanout, i)->spec->carries != NOTICES) {
                outbox_send(fanout, i, message_share(component_pool(fanout), msg));
            }
        }
        message_release(msg);
    }
}

static void empty_removed_fanouts(const struct part_change *change)
{
    for (size_t i = 0; i < change->removed_count; i++) {
        if (change->removed[i]->type->is_fanout && change->removed[i]->state == RUNNING) {
            empty_fanout(change->removed[i]);
        }
    }
}

static struct box *find_box(const struct component *component, const struct plan_end *end)
{
    struct inbox *in = end->is_inbox ? component_have_inbox(component, end->index) : NULL;
    struct outbox *out = end->is_inbox ? NULL : component_have_outbox(component, end->index);

    return in != NULL ? &in->box : out != NULL ? &out->box : NULL;
}

static void cut_linkages(struct part_change *change)
{
    const struct plan_difference *difference = change->difference;

    for (size_t i = 0; i < difference->cut_count; i++) {
        const struct plan_end *from = &difference->cut[i]->from;
        const struct component *component = at_place(change, from->component);
        struct box *box =
            component != NULL && component->state != CREATED ? find_box(component, from) : NULL;

        if (box != NULL) {
            cut_quietly(change, box);
        }
    }
}

/* What leaves says its end to nobody who stays. */
static void silence(struct part_change *change, struct component *component, bool is_at_once)
{
    unsigned i = NO_BOX;

    while ((i = component_next_outbox(component, i)) != NO_BOX && i < ADDED_BOX) {
        struct outbox *out = component_have_outbox(component, i);
        const struct box *next = out != NULL ? out->next : NULL;

        if (next != NULL &&
            (is_at_once || (component_outbox_plan(component, i)->spec->carries == NOTICES &&
                            !box_owner(next)->is_leaving))) {
            cut_quietly(change, &out->box);
        }
    }
}

static void silence_leavers(struct part_change *change)
{
    for (size_t i = 0; i < change->newcomer_count; i++) {
        if (change->newcomers[i].old != NULL) {
            silence(change, change->newcomers[i].old, change->newcomers[i].old_ends == AT_ONCE);
        }
    }
    for (size_t i = 0; i < change->removed_count; i++) {
        silence(change, change->removed[i], false);
    }
}

static void make_linkages(struct part_change *change)
{
    const struct graph_change *whole = change->whole;

    for (size_t i = 0; i < whole->linkage_count; i++) {
        const struct plan_linkage *linkage = whole->linkages[i];
        struct component *from = at_place(change, linkage->from.component);
        struct component *to;
        struct box *box;

        if (from == NULL || component_is_over(from)) {
            continue;
        }
        to = root_target(&change->root->graph, linkage);
        if (to == NULL || component_is_over(to)) {
            continue;
        }
        box = cell_box(from, &linkage->from);
        if (box_next(box) == cell_box(to, &linkage->to)) {
            continue;
        }
        cut_quietly(change, box);
        cell_link(from, to, linkage);
    }
}

static void settle_inboxes(const struct part_change *change)
{
    for (size_t i = 0; i < change->unsettled_count; i++) {
        if (!component_is_over(box_owner(&change->unsettled[i]->box))) {
            inbox_settle(change->unsettled[i]);
        }
    }
}

/* ---- what stays, and what goes ---- */

static void change_bounds(struct component *component, const struct plan_component *plan)
{
    for (unsigned i = 0; i < plan->inboxes; i++) {
        struct inbox *in = component_have_inbox(component, i);

        if (in != NULL && (in->box.flags & BOX_PASSES) == 0 &&
            component->plan->in[i].limit != plan->in[i].limit) {
            waiting_set_bound(in, plan->in[i].limit);
            if ((in->box.flags & BOX_AWAITED) != 0) {
                inbox_announce_room(in);
            }
        }
    }
}

static void change_in_place(const struct part_change *change)
{
    const struct plan_difference *difference = change->difference;

    for (size_t i = 0; i < difference->count; i++) {
        const struct plan_change *one = &difference->changes[i];
        struct component *component;

        if (one->kind != PLAN_CHANGED && one->kind != PLAN_RELINKED) {
            continue;
        }
        component = at_place(change, one->after);
        if (component == NULL || component->plan == one->after) {
            continue; /* another worker has it; or it had ended, and is made anew */
        }
        change_bounds(component, one->after);
        component_adopt(component, one->after);
        if (one->kind == PLAN_CHANGED || one->is_holder) {
            component_note_change(component);
        }
    }
    for (size_t i = 0; i < change->newcomer_count; i++) {
        const struct plan_component *parent = change->newcomers[i].plan->parent;

        if (change->newcomers[i].is_revived && parent != NULL &&
            at_place(change, parent)->state == RUNNING) {
            component_note_change(at_place(change, parent)); /* it holds one more than before */
        }
    }
}

static void dismiss(struct part_change *change)
{
    struct root *root = change->root;
    const size_t first = root->leaver_count;

    for (size_t i = 0; i < change->newcomer_count; i++) {
        const struct newcomer *newcomer = &change->newcomers[i];

        if (newcomer->old != NULL) {
            newcomer->old->was_told = true; /* it is not restarted any more */
            leavers_add(root, newcomer->old, change->plan, newcomer->old_ends == WITH_ITS_OWN);
        }
    }
    for (size_t i = 0; i < change->removed_count; i++) {
        change->removed[i]->was_told = true;
        leavers_add(root, change->removed[i], change->plan, false);
    }
    for (size_t i = 0; i < change->newcomer_count; i++) {
        const struct newcomer *newcomer = &change->newcomers[i];

        if (newcomer->old != NULL && newcomer->old_ends == AT_ONCE) {
            newcomer->old->flags |= COMPONENT_SIGNALLED;
            component_end(newcomer->old, STOPPED);
        }
    }
    leavers_drain(root, first);
}

static void cut_unexpected(void *arg, struct box *from)
{
    cut_quietly(arg, from);
}

static void commit_part(struct part_change *change)
{
    struct root *root = change->root;

    replace(change);
    empty_removed_fanouts(change);
    cut_linkages(change);
    silence_leavers(change);
    make_linkages(change);
    crossings_forget_finish(&root->graph, cut_unexpected, change);
    settle_inboxes(change);
    change_in_place(change);
    dismiss(change);
    (void)plan_ref(change->difference->fresh);
    graph_settle_begin(root, change->plan);
    loop_changed(root->graph.loop);
}

/* ---- all parts ---- */

static struct workers *workers_of(const struct graph_change *change)
{
    return change->part[0].root->graph.loop->workers;
}

struct graph_change *graph_change_create(struct graph *graph,
                                         const struct plan_difference *difference)
{
    const unsigned count = graph_parts(graph);
    struct graph_change *change = mem_alloc(sizeof(*change) + count * sizeof(struct part_change));

    REQUIRE(graph->plan == difference->old);
    change->difference = difference;
    change->parts = parts_of(graph);
    change->count = count;
    for (unsigned i = 0; i < count; i++) {
        change->part[i] = (struct part_change){
            .whole = change, .root = root_of(graph_part(graph, i)), .difference = difference};
    }
    if (change->parts != NULL) {
        change->homes =
            placement_after(difference->fresh, count, change->parts->homes, root_of(graph)->places);
    }
    workers_halt(workers_of(change));
    find_made(change);
    workers_release(workers_of(change));
    return change;
}

const struct plan_component *graph_change_revived(const struct graph_change *change, size_t index)
{
    for (size_t i = 0; i < change->made_count; i++) {
        if (change->is_revived[i] && index-- == 0) {
            return change->made[i];
        }
    }
    return NULL;
}

bool graph_change_is_possible(const struct graph_change *change)
{
    const struct plan_difference *difference = change->difference;
    bool is_possible = true;

    if (change->parts == NULL) {
        return true;
    }
    workers_halt(workers_of(change));
    for (size_t i = 0; i < difference->count && is_possible; i++) {
        is_possible = difference->changes[i].kind != PLAN_REMOVED ||
                      !crossing_leads_to(change->parts, difference->changes[i].before->index);
    }
    for (size_t i = 0; i < change->made_count && is_possible; i++) {
        is_possible = !crossing_leads_to(change->parts, change->made[i]->index);
    }
    workers_release(workers_of(change));
    return is_possible;
}

static void change_free(struct graph_change *change)
{
    for (unsigned i = 0; i < change->count; i++) {
        free(change->part[i].newcomers);
        free(change->part[i].removed);
        free(change->part[i].unsettled);
    }
    free(change->made);
    free(change->is_revived);
    free(change->linkages);
    free(change->homes);
    free(change->retired);
    free(change);
}

/* The new plan's, or the old one's again. */
static void switch_homes(struct graph_change *change)
{
    if (change->parts != NULL) {
        uint8_t *homes = change->parts->homes;

        change->parts->homes = change->homes;
        change->homes = homes;
    }
}

static void retire_shares(struct graph_change *change)
{
    change->retired = mem_alloc_array(change->made_count + 1, sizeof(*change->retired));
    for (size_t i = 0; i < change->made_count && change->parts != NULL; i++) {
        change->retired[i] = share_retire(change->parts, change->made[i]->index);
    }
}

static void reinstate_shares(const struct graph_change *change)
{
    for (size_t i = 0; i < change->made_count && change->parts != NULL; i++) {
        share_reinstate(change->parts, change->made[i]->index, change->retired[i]);
    }
}

void graph_change_cancel(struct graph_change *change)
{
    struct workers *workers = workers_of(change);

    if (!change->is_prepared) {
        workers_halt(workers); /* as they are from the first phase on */
    } else {
        switch_homes(change);
        reinstate_shares(change);
        for (unsigned i = 0; i < change->count; i++) {
            cancel_part(&change->part[i]);
        }
        if (change->parts != NULL) {
            crossings_end_stray(change->parts);
        }
    }
    change_free(change);
    workers_release(workers);
}

/* Returns NULL, or who could not start. */
static const struct newcomer *start_all(const struct graph_change *change)
{
    const struct newcomer *failed = NULL;

    for (unsigned i = 0; i < change->count; i++) {
        link_newcomers(&change->part[i]);
    }
    for (unsigned i = 0; i < change->count && failed == NULL; i++) {
        failed = start_newcomers(&change->part[i]);
    }
    return failed;
}

const struct plan_component *graph_change_prepare(struct graph_change *change, char *reason,
                                                  size_t size)
{
    struct workers *workers = workers_of(change);
    const struct newcomer *failed;
    const struct plan_component *plan = NULL;

    workers_halt(workers); /* until the other phase is over */
    for (unsigned i = 0; i < change->count; i++) {
        prepare_part(&change->part[i]);
    }
    change->is_prepared = true;
    retire_shares(change);
    switch_homes(change);
    failed = start_all(change);
    if (failed != NULL) {
        const char *why = component_reason(failed->component);

        (void)snprintf(reason, size, "%s", why != NULL ? why : "could not start");
        plan = failed->plan;
        graph_change_cancel(change);
    }
    return plan;
}

void graph_change_commit(struct graph_change *change)
{
    struct workers *workers = workers_of(change);

    for (unsigned i = 0; i < change->count; i++) {
        commit_part(&change->part[i]);
    }
    if (change->parts != NULL) {
        change->parts->is_present_over = false;
    }
    for (unsigned i = 0; i < change->count; i++) {
        let_go(&change->part[i].root->graph);
    }
    change_free(change);
    workers_release(workers);
}
