#include "graph/change.h"

#include "graph/cell.h"
#include "graph/component_extra.h"
#include "graph/crossing.h"
#include "graph/loop.h"
#include "graph/waiting.h"

static struct box *find_box(const struct component *component, const struct plan_end *end)
{
    struct inbox *in = end->is_inbox ? component_have_inbox(component, end->index) : NULL;
    struct outbox *out = end->is_inbox ? NULL : component_have_outbox(component, end->index);

    return in != NULL ? &in->box : out != NULL ? &out->box : NULL;
}

static void cut_old(struct part_change *change)
{
    const struct plan_difference *difference = change->difference;

    for (size_t i = 0; i < difference->cut_count; i++) {
        const struct plan_end *from = &difference->cut[i]->from;
        const struct component *component = at_place(change, from->component);
        struct box *box =
            component != NULL && component->state != CREATED ? find_box(component, from) : NULL;

        if (box != NULL) {
            change_cut(change, box);
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
            (is_at_once || (!box_owner(next)->is_leaving &&
                            component_outbox_plan(component, i)->spec->carries == NOTICES))) {
            change_cut(change, &out->box);
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
        silence(change, change->removed[i].component, change->removed[i].ends == AT_ONCE);
    }
}

void change_make_linkages(struct part_change *change)
{
    const struct graph_change *whole = change->whole;

    for (size_t i = 0; i < whole->linkage_count; i++) {
        const struct plan_linkage *linkage = whole->linkages[i];
        struct component *from;
        struct component *to;
        struct box *box;

        if (change_is_linked(whole, linkage)) {
            continue;
        }
        from = at_place(change, linkage->from.component);
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
        change_cut(change, box);
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

static void end_at_once(struct component *component)
{
    component->flags |= COMPONENT_SIGNALLED;
    component_end(component, STOPPED);
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
        change->removed[i].component->was_told = true;
        leavers_add(root, change->removed[i].component, change->plan, false);
    }
    for (size_t i = 0; i < change->newcomer_count; i++) {
        const struct newcomer *newcomer = &change->newcomers[i];

        if (newcomer->old != NULL && newcomer->old_ends == AT_ONCE) {
            end_at_once(newcomer->old);
        }
    }
    for (size_t i = 0; i < change->removed_count; i++) {
        if (change->removed[i].ends == AT_ONCE) {
            end_at_once(change->removed[i].component);
        }
    }
    leavers_drain(root, first);
}

static void cut_unexpected(void *arg, struct box *from)
{
    change_cut(arg, from);
}

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
        struct component *component = change->removed[i].component;

        if (component->type->is_fanout && component->state == RUNNING) {
            empty_fanout(component);
        }
    }
}

void change_cut_linkages(struct part_change *change)
{
    empty_removed_fanouts(change);
    cut_old(change);
    silence_leavers(change);
}

void change_commit(struct part_change *change)
{
    struct root *root = change->root;

    crossings_forget_finish(&root->graph, cut_unexpected, change);
    settle_inboxes(change);
    change_in_place(change);
    dismiss(change);
    (void)plan_ref(change->difference->fresh);
    graph_settle_begin(root, change->plan);
    loop_changed(root->graph.loop);
}
