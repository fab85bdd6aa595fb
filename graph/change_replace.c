#include "graph/change.h"

#include "graph/component_extra.h"

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
            change_cut(change, source);
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
                change_note_unsettled(change, inbox_sink(to));
            }
        }
        if (to != NULL && (from->box.flags & BOX_PASSES) == 0) {
            move_messages(from, to, spec->carries == NOTICES);
        }
        move_sources(change, newcomer, from, to);
    }
}

void change_replace(struct part_change *change)
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
