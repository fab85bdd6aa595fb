#include "graph/change.h"

#include "graph/cell.h"
#include "graph/component_extra.h"
#include "graph/ledger.h"
#include "graph/loop.h"
#include "graph/placement.h"

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
        change->removed[change->removed_count++] =
            (struct removed){.component = component, .ends = UNFED};
        change->root->graph.components[plan->index] = NULL;
        leave_place(change, component);
    }
}

/* Of what is not part of the graph any more, or lives on another worker from now on. */
static void clear_removed(struct part_change *change)
{
    const struct plan_difference *difference = change->difference;
    const struct graph_change *whole = change->whole;

    change->removed =
        mem_alloc_array(difference->removed + whole->made_count + 1, sizeof(*change->removed));
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

static struct component *make(const struct part_change *change, const struct plan_component *plan)
{
    struct graph *graph = &change->root->graph;
    struct component *component = nursery_take(change->whole->nursery, plan, graph);

    if (component == NULL) {
        component = mem_alloc(cell_size(plan));
        cell_init(component, plan, graph);
    }
    return component;
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
        newcomer->component = make(change, plan);
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
        struct component *removed = change->removed[i].component;

        root->graph.components[removed->plan->index] = removed;
        removed->is_leaving = false;
    }
    root->graph.plan = change->plan;
    if (root->graph.loop->ledger != NULL) {
        ledger_forget(root->graph.loop->ledger, &root->graph);
    }
    root->places = change->places;
    root->present = change->present;
    root->over = change->over;
}

static bool is_made_now(const struct component *component)
{
    return component != NULL && component->state == CREATED;
}

/* What is new is linked among itself before it starts, as in a graph that is new as a whole. */
void change_link_newcomers(const struct part_change *change)
{
    const struct graph_change *whole = change->whole;

    for (size_t i = 0; i < whole->linkage_count; i++) {
        const struct plan_linkage *linkage = whole->linkages[i];
        struct component *from;
        struct component *to;

        if (change_is_linked(whole, linkage)) {
            continue;
        }
        from = at_place(change, linkage->from.component);
        to = at_place(change, linkage->to.component);
        if (is_made_now(from) && is_made_now(to) && root_is_within(&change->root->graph, linkage) &&
            box_next(cell_box(from, &linkage->from)) == NULL) {
            cell_link(from, to, linkage);
        }
    }
}

/* Returns NULL, or who could not start. */
struct newcomer *change_start_newcomers(const struct part_change *change)
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

void change_let_go(const struct part_change *change)
{
    struct graph *graph = &change->root->graph;

    graph->is_held = false;
    graph_one_ended(graph);
}

void change_take_back(struct part_change *change)
{
    end_newcomers(change);
    switch_back(change);
    leavers_look(change->root);
    change_let_go(change);
}

void change_prepare(struct part_change *change)
{
    graph_settle_now(change->root);
    leavers_look(change->root);
    hold(&change->root->graph);
    switch_places(change);
}
