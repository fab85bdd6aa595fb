#include "graph/root.h"

#include <stdlib.h>

#include "graph/cell.h"
#include "graph/crossing.h"
#include "graph/loop.h"
#include "graph/placement.h"
#include "graph/plan.h"
#include "graph/share.h"
#include "graph/workers.h"

/* ---- parts ---- */

static void on_ended(struct letter *letter)
{
    struct parts *parts = container_of(letter, struct parts, ended);
    const struct loop_hooks *hooks = &parts->main->hooks;

    if (!parts->is_destroyed && hooks->graph_ended != NULL &&
        atomic_load_explicit(&parts->living, memory_order_acquire) == 0) {
        parts->part[0]->has_leavers |= parts->is_present_over;
        hooks->graph_ended(hooks->arg, parts->part[0]);
    }
    parts_unref(parts);
}

static bool is_present_over(const struct parts *parts)
{
    for (unsigned i = 0; i < parts->count; i++) {
        const struct root *root = root_of(parts->part[i]);

        if (root->over < root->present) {
            return false;
        }
    }
    return true;
}

static bool has_connections(const struct parts *parts)
{
    for (unsigned i = 0; i < parts->count; i++) {
        if (root_of(parts->part[i])->had_connections) {
            return true;
        }
    }
    return false;
}

static void on_look(struct letter *letter)
{
    struct parts *parts = container_of(letter, struct parts, look);
    const struct loop_hooks *hooks = &parts->main->hooks;
    bool is_over = false;
    bool is_left = false;

    workers_halt(parts->main->workers);
    if (!parts->is_destroyed && atomic_load_explicit(&parts->living, memory_order_acquire) > 0) {
        leavers_finish_all(parts);
        is_over = !parts->is_present_over && is_present_over(parts);
        parts->is_present_over |= is_over;
        is_left = parts->had_connections && !has_connections(parts);
        parts->had_connections = has_connections(parts);
    }
    workers_release(parts->main->workers);
    if (is_over && hooks->present_ended != NULL) {
        hooks->present_ended(hooks->arg, parts->part[0]);
    }
    if (is_left && hooks->leavers_ended != NULL) {
        hooks->leavers_ended(hooks->arg, parts->part[0]);
    }
    parts_unref(parts);
}

struct parts *parts_create(struct loop *loop, const struct plan *plan)
{
    struct parts *parts = mem_alloc(sizeof(*parts));

    parts->count = worker_count(loop);
    parts->main = worker_loop(loop, 0);
    parts->homes = placement_create(plan, parts->count);
    atomic_init(&parts->refs, 1);
    atomic_init(&parts->living, parts->count);
    parts->ended.open = on_ended;
    parts->look.open = on_look;
    (void)pthread_mutex_init(&parts->lock, NULL);
    list_init(&parts->crossings);
    return parts;
}

void parts_unref(struct parts *parts)
{
    if (atomic_fetch_sub_explicit(&parts->refs, 1, memory_order_acq_rel) == 1) {
        (void)pthread_mutex_destroy(&parts->lock);
        shared_free(parts->shared);
        free(parts->homes);
        free(parts);
    }
}

void parts_post(struct parts *parts, unsigned worker, struct letter *letter)
{
    (void)atomic_fetch_add_explicit(&parts->refs, 1, memory_order_relaxed);
    if (!mailbox_post(&worker_loop(parts->main, worker)->mailbox, letter)) {
        parts_unref(parts);
    }
}

void part_ended(struct graph *part)
{
    struct parts *parts = root_of(part)->parts;

    if (atomic_fetch_sub_explicit(&parts->living, 1, memory_order_acq_rel) == 1) {
        parts_post(parts, 0, &parts->ended);
    }
}

void part_revived(struct graph *part)
{
    struct parts *parts = parts_of(part);

    if (parts != NULL) {
        (void)atomic_fetch_add_explicit(&parts->living, 1, memory_order_acq_rel);
    }
}

void part_looks_over(struct graph *part)
{
    struct parts *parts = root_of(part)->parts;

    parts_post(parts, 0, &parts->look);
}

/* ---- a part ---- */

static bool is_here(const struct graph *part, const struct plan_component *component)
{
    const struct parts *parts = root_of(part)->parts;

    return parts == NULL || parts->homes[component->index] == EVERY_WORKER ||
           parts->homes[component->index] == part->loop->worker;
}

struct graph *root_create(struct loop *loop, struct plan *plan, struct parts *parts)
{
    struct root *root = mem_alloc(sizeof(*root));
    struct graph *graph = &root->graph;

    graph->loop = loop;
    graph->plan = plan;
    graph->refs = 1; /* the caller's, until graph_destroy() */
    list_init(&graph->sibling);
    list_init(&root->ends);
    if (parts != NULL) {
        root->parts = parts;
        (void)atomic_fetch_add_explicit(&parts->refs, 1, memory_order_relaxed);
        parts->part[loop->worker] = graph;
    }
    root->places = plan->places;
    graph->components = mem_alloc_array(plan->places + 1, sizeof(struct component *));
    for (size_t i = 0; i < plan->component_count; i++) {
        const struct plan_component *entry = &plan->components[i];

        if (is_here(graph, entry)) {
            graph->components[entry->index] = mem_alloc(cell_size(entry));
            cell_init(graph->components[entry->index], entry, graph);
            root->present++;
        }
    }
    return graph;
}

struct component *root_reach(struct graph *part, size_t place)
{
    struct component *component = part->components[place];
    struct parts *parts = parts_of(part);

    return component != NULL || parts == NULL || parts->homes[place] == NOWHERE
               ? component
               : crossing_stand_in(part, place, parts->homes[place]);
}

/* What relays does so from the first worker. */
static bool relays_elsewhere(const struct graph *part, const struct plan_component *component)
{
    const struct parts *parts = parts_of(part);

    return component->type->has_relay && parts != NULL && part->loop->worker > 0 &&
           parts->homes[component->index] == EVERY_WORKER;
}

bool root_is_within(const struct graph *part, const struct plan_linkage *linkage)
{
    return part->components[linkage->from.component->index] != NULL &&
           part->components[linkage->to.component->index] != NULL &&
           !relays_elsewhere(part, linkage->from.component) &&
           !relays_elsewhere(part, linkage->to.component);
}

struct component *root_target(struct graph *part, const struct plan_linkage *linkage)
{
    const struct plan_component *target = linkage->to.component;
    struct component *to;

    if (part->components[linkage->from.component->index] == NULL ||
        relays_elsewhere(part, linkage->from.component)) {
        return NULL;
    }
    to = relays_elsewhere(part, target) ? crossing_stand_in(part, target->index, 0)
                                        : root_reach(part, target->index);
    if (to != NULL && to->type != target->type && linkage->to.is_inbox &&
        linkage->to.index == target->control) {
        crossing_expect_finish(to);
    }
    return to;
}

static void link_here(struct graph *part, const struct plan_linkage *linkage)
{
    struct component *to = root_target(part, linkage);

    if (to != NULL) {
        cell_link(part->components[linkage->from.component->index], to, linkage);
    }
}

void root_link(struct graph *part)
{
    const struct plan *plan = part->plan;

    for (size_t i = 0; i < plan->linkage_count; i++) {
        const struct plan_linkage *linkage = &plan->linkages[i];

        if (linkage->from.kind != END_SELF && linkage->to.kind != END_SELF) {
            link_here(part, linkage);
        }
    }
}

void root_free(struct root *root)
{
    struct graph *graph = &root->graph;

    crossings_free(graph);
    for (size_t i = 0; i < root->places; i++) {
        if (graph->components[i] != NULL) {
            component_free_extra(graph->components[i]);
            free(graph->components[i]);
        }
    }
    free(graph->components);
    if (root->parts != NULL) {
        parts_unref(root->parts);
    }
    plan_release((struct plan *)(uintptr_t)graph->plan);
    free(root);
}

/* ---- for components ---- */

struct component *component_replica(struct component *self, unsigned worker)
{
    struct graph *part = self->graph;
    const struct parts *parts = parts_of(part);

    if (parts == NULL || parts->homes[self->plan->index] != EVERY_WORKER ||
        worker >= parts->count) {
        return NULL;
    }
    return worker == part->loop->worker ? self : crossing_stand_in(part, self->plan->index, worker);
}
