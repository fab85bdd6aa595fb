#include "graph/change.h"

#include <stdlib.h>
#include <string.h>

#include "graph/component_extra.h"
#include "graph/crossing.h"
#include "graph/loop.h"
#include "graph/placement.h"

void change_note_unsettled(struct part_change *change, struct inbox *in)
{
    if ((in->box.flags & BOX_FINISH_HELD) != 0) {
        change->unsettled = mem_resize_array(change->unsettled, change->unsettled_count + 1,
                                             sizeof(*change->unsettled));
        change->unsettled[change->unsettled_count++] = in;
    }
}

void change_cut(struct part_change *change, struct box *from)
{
    struct box *next = box_next(from);

    for (struct box *at = next; at != NULL; at = box_next(at)) {
        if (box_next(at) == NULL && box_is_inbox(at)) {
            change_note_unsettled(change, box_as_inbox(at));
        }
    }
    box_cut(from);
}

/* From what leaves a place to what takes it. */
struct handover {
    struct graph_change *whole;
    struct newcomer *newcomer;
    struct part_change *change; /* of the newcomer's part */
    struct component *old;
    enum parting *ends; /* the old one's */
};

static struct part_change *part_of(struct graph_change *change, const struct graph *part)
{
    return &change->part[change->parts != NULL ? part->loop->worker : 0];
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
static enum parting find_end(const struct component *component)
{
    if (component->state != RUNNING) {
        return AT_ONCE;
    }
    if (component->type->drain != NULL || component_next_graph(component, NULL) != NULL) {
        return WITH_ITS_OWN;
    }
    return is_found_by_name(component) ? UNFED : AT_ONCE;
}

/* True for a message that may be in a loop's inbox and in another's all the same. */
static bool can_go_anywhere(const struct message *msg)
{
    return msg->kind == DATA || msg->kind == PIPED || msg->about == NULL;
}

static bool can_all_go_anywhere(const struct inbox *in)
{
    const struct message *const last = in->box.last;
    const struct message *msg = last;

    while (msg != NULL && can_go_anywhere(msg)) {
        msg = msg->next != last ? msg->next : NULL;
    }
    return msg == NULL;
}

/* What has moved and waits for no connections is no other than what is replaced. */
static enum parting find_end_of_moved(const struct component *component)
{
    const enum parting end = component_is_over(component) ? AT_ONCE : find_end(component);

    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX;) {
        const struct inbox *in = component_have_inbox(component, i);

        if (in != NULL && (in->box.flags & BOX_PASSES) == 0 && !can_all_go_anywhere(in)) {
            return UNFED;
        }
    }
    return end == AT_ONCE ? AT_ONCE : UNFED;
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
static bool is_personal(const struct handover *handover, const struct box_spec *spec)
{
    return spec->carries == READINESS || spec->from_made || spec->by_name ||
           (spec->carries == NOTICES && *handover->ends != AT_ONCE);
}

/* The same message, for a component of whatever worker. */
static struct message *message_for(struct component *to, struct component *from,
                                   struct message *msg)
{
    struct pool *pool = component_pool(to);
    struct message *copy;

    if (component_loop(to) == component_loop(from)) {
        return msg;
    }
    if (msg->kind == PIPED) {
        message_unpipe(msg);
    }
    copy = msg->kind == DATA ? message_copy(pool, msg->data, msg->size)
                             : message_notice(pool, (enum message_kind)msg->kind, NULL, msg->error);
    message_release(msg);
    return copy;
}

static void move_messages(struct inbox *from, struct inbox *to, bool are_notices)
{
    struct inbox *sink = inbox_sink(to);

    while (from->box.last != NULL) {
        struct message *msg =
            message_for(box_owner(&sink->box), box_owner(&from->box), inbox_pop(from));

        if (are_notices) {
            inbox_deliver(sink, msg, NULL);
        } else {
            inbox_put(sink, msg);
        }
    }
}

/* Those who lead to an inbox by themselves, as the graphs of connections do to "/audit.inbox": the
 * linkages of the plans are seen to elsewhere.  change: of the part that they are in. */
static void move_sources(struct part_change *change, const struct handover *handover,
                         struct inbox *from, struct inbox *to)
{
    struct list *at = from->sources;

    while (at != NULL) {
        struct box *source = container_of(at, struct box, link);
        struct component *owner = box_owner(source);
        const bool is_last = at->next == from->sources;

        at = is_last ? NULL : at->next;
        if (owner->graph->holder != NULL && owner->graph->holder != handover->old &&
            (*handover->ends == AT_ONCE || !component_is_earlier(owner))) {
            change_cut(change, source);
            if (to != NULL) {
                REQUIRE(box_link(source, &to->box) == 0);
            }
        }
    }
}

static void hand_inboxes_over(const struct handover *handover)
{
    struct component *old = handover->old;
    unsigned i = NO_BOX;

    while ((i = component_next_inbox(old, i)) != NO_BOX && i < ADDED_BOX) {
        const struct box_spec *spec = component_inbox_plan(old, i)->spec;
        struct inbox *from = component_have_inbox(old, i);
        struct inbox *to = NULL;

        if (from == NULL || is_personal(handover, spec)) {
            continue;
        }
        to = counterpart(handover->newcomer->component, spec);
        if ((from->box.flags & BOX_FINISH_HELD) != 0) {
            from->box.flags = (uint16_t)(from->box.flags & ~BOX_FINISH_HELD);
            if (to != NULL) {
                inbox_sink(to)->box.flags |= BOX_FINISH_HELD;
                change_note_unsettled(handover->change, inbox_sink(to));
            }
        }
        if (to != NULL && (from->box.flags & BOX_PASSES) == 0) {
            move_messages(from, to, spec->carries == NOTICES);
        }
    }
}

/* sources: the old one, or what stands for it in another part. */
static void hand_sources_over(const struct handover *handover, struct component *sources)
{
    struct graph *part = sources->graph;
    struct part_change *change = part_of(handover->whole, part);
    struct component *target = root_reach(part, handover->newcomer->plan->index);
    unsigned i = NO_BOX;

    while ((i = component_next_inbox(sources, i)) != NO_BOX && i < ADDED_BOX) {
        const struct box_spec *spec = component_inbox_plan(sources, i)->spec;
        struct inbox *from = component_have_inbox(sources, i);

        if (from != NULL && from->sources != NULL && !is_personal(handover, spec)) {
            move_sources(change, handover, from, counterpart(target, spec));
        }
    }
}

/* Who was at the place on another worker, until now; NULL: nobody. */
static struct removed *find_moved(struct graph_change *change, const struct newcomer *newcomer)
{
    const size_t place = newcomer->plan->index;
    const unsigned home = change->parts != NULL && place < change->part[0].places
                              ? change->homes[place] /* of the old plan by now */
                              : NOWHERE;
    struct part_change *part;

    if (newcomer->old != NULL || home >= change->count) {
        return NULL;
    }
    part = &change->part[home];
    for (size_t i = 0; i < part->removed_count; i++) {
        const struct plan_component *plan = part->removed[i].component->plan;

        if (plan->index == place && strcmp(plan->path, newcomer->plan->path) == 0) {
            return &part->removed[i];
        }
    }
    return NULL;
}

struct handovers {
    struct handover *items;
    size_t count;
};

static void find_handovers(struct graph_change *whole, struct part_change *change,
                           struct handovers *handovers)
{
    handovers->items = mem_resize_array(
        handovers->items, handovers->count + change->newcomer_count + 1, sizeof(struct handover));
    for (size_t i = 0; i < change->newcomer_count; i++) {
        struct newcomer *newcomer = &change->newcomers[i];
        struct removed *moved = find_moved(whole, newcomer);
        struct component *old = moved != NULL ? moved->component : newcomer->old;

        if (moved != NULL) {
            moved->ends = find_end_of_moved(old);
        } else if (old != NULL && !component_is_over(old)) {
            newcomer->old_ends = find_end(old);
        }
        if (old != NULL && (moved == NULL || moved->ends == AT_ONCE)) {
            handovers->items[handovers->count++] =
                (struct handover){.whole = whole,
                                  .newcomer = newcomer,
                                  .change = change,
                                  .old = old,
                                  .ends = moved != NULL ? &moved->ends : &newcomer->old_ends};
        }
    }
}

/* What leads across to what leaves does so, too: bring says whether what is under way comes first.
 */
static void leave(const struct graph_change *change, const struct component *old, bool bring)
{
    struct component *stand_in = NULL;

    while (change->parts != NULL &&
           (stand_in = crossing_next_to(change->parts, old, stand_in)) != NULL) {
        crossing_leave(stand_in, bring);
    }
}

static void leave_all(const struct graph_change *change, const struct handovers *handovers)
{
    for (size_t i = 0; i < handovers->count; i++) {
        leave(change, handovers->items[i].old, true);
    }
    for (unsigned i = 0; i < change->count; i++) {
        for (size_t k = 0; k < change->part[i].removed_count; k++) {
            leave(change, change->part[i].removed[k].component, false);
        }
    }
}

static void hand_over(const struct handover *handover)
{
    struct component *stand_in = NULL;

    if (!component_is_over(handover->old)) {
        hand_inboxes_over(handover);
        hand_sources_over(handover, handover->old);
    }
    while (handover->whole->parts != NULL &&
           (stand_in = crossing_next_to(handover->whole->parts, handover->old, stand_in)) != NULL) {
        hand_sources_over(handover, stand_in);
    }
}

void change_replace(struct graph_change *change)
{
    struct handovers handovers = {0};

    for (unsigned i = 0; i < change->count; i++) {
        find_handovers(change, &change->part[i], &handovers);
    }
    leave_all(change, &handovers);
    for (size_t i = 0; i < handovers.count; i++) {
        if (*handovers.items[i].ends == AT_ONCE && !component_is_over(handovers.items[i].old)) {
            component_retire(handovers.items[i].old);
        }
    }
    for (size_t i = 0; i < handovers.count; i++) {
        hand_over(&handovers.items[i]);
    }
    free(handovers.items);
}
