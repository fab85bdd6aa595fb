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
    const struct loop_hooks *hooks = &parts->part[0]->loop->hooks;

    if (!parts->is_destroyed && hooks->graph_ended != NULL) {
        hooks->graph_ended(hooks->arg, parts->part[0]);
    }
    parts_unref(parts);
}

struct parts *parts_create(struct loop *loop, const struct plan *plan)
{
    struct parts *parts = mem_alloc(sizeof(*parts));

    parts->count = worker_count(loop);
    parts->main = worker_loop(loop, 0);
    parts->places = placement_create(plan, parts->count);
    atomic_init(&parts->refs, 1);
    atomic_init(&parts->living, parts->count);
    parts->ended.open = on_ended;
    (void)pthread_mutex_init(&parts->lock, NULL);
    list_init(&parts->crossings);
    return parts;
}

void parts_unref(struct parts *parts)
{
    if (atomic_fetch_sub_explicit(&parts->refs, 1, memory_order_acq_rel) == 1) {
        (void)pthread_mutex_destroy(&parts->lock);
        shared_free(parts->shared);
        free(parts->places);
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
    struct parts *parts = part->root->parts;

    if (atomic_fetch_sub_explicit(&parts->living, 1, memory_order_acq_rel) == 1) {
        parts_post(parts, 0, &parts->ended);
    }
}

/* ---- a part ---- */

static bool is_here(const struct graph *part, const struct plan_component *component)
{
    const struct parts *parts = part->root->parts;

    return parts == NULL || parts->places[component->index] == EVERY_WORKER ||
           parts->places[component->index] == part->loop->worker;
}

struct graph *root_create(struct loop *loop, struct plan *plan, struct parts *parts)
{
    struct graph *graph = mem_alloc(sizeof(*graph));
    struct root *root = mem_alloc(sizeof(*root));

    graph->loop = loop;
    graph->plan = plan;
    graph->root = root;
    graph->refs = 1; /* the caller's, until graph_destroy() */
    list_init(&graph->sibling);
    list_init(&root->ends);
    if (parts != NULL) {
        root->parts = parts;
        (void)atomic_fetch_add_explicit(&parts->refs, 1, memory_order_relaxed);
        parts->part[loop->worker] = graph;
    }
    root->components = mem_alloc_array(plan->component_count + 1, sizeof(struct component *));
    for (size_t i = 0; i < plan->component_count; i++) {
        if (is_here(graph, &plan->components[i])) {
            root->components[i] = mem_alloc(cell_size(&plan->components[i]));
            cell_init(root->components[i], &plan->components[i], graph);
        }
    }
    return graph;
}

struct component *root_reach(struct graph *part, size_t index)
{
    struct component *component = part->root->components[index];

    return component != NULL ? component
                             : crossing_stand_in(part, index, part->root->parts->places[index]);
}

/* What relays does so from the first worker. */
static struct component *reach_target(struct graph *part, const struct plan_component *target)
{
    return target->type->has_relay && part->root->parts != NULL && part->loop->worker > 0 &&
                   part->root->parts->places[target->index] == EVERY_WORKER
               ? crossing_stand_in(part, target->index, 0)
               : root_reach(part, target->index);
}

static void link_here(struct graph *part, const struct plan_linkage *linkage)
{
    struct component *from = part->root->components[linkage->from.component->index];
    const struct plan_component *target = linkage->to.component;
    struct component *to;

    if (from == NULL || (from->type->has_relay && part->loop->worker > 0 &&
                         part->root->parts->places[from->plan->index] == EVERY_WORKER)) {
        return; /* another worker's does it */
    }
    to = reach_target(part, target);
    if (to->type != target->type && linkage->to.is_inbox && linkage->to.index == target->control) {
        crossing_expect_finish(to);
    }
    cell_link(from, to, linkage);
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

void root_free(struct graph *graph)
{
    struct root *root = graph->root;

    crossings_free(graph);
    for (size_t i = 0; i < graph->plan->component_count; i++) {
        if (root->components[i] != NULL) {
            component_free_extra(root->components[i]);
            free(root->components[i]);
        }
    }
    free(root->components);
    if (root->parts != NULL) {
        parts_unref(root->parts);
    }
    free(root);
    plan_release((struct plan *)(uintptr_t)graph->plan);
    free(graph);
}

/* ---- for components ---- */

struct component *component_replica(struct component *self, unsigned worker)
{
    struct graph *part = self->graph;
    const struct parts *parts = parts_of(part);

    if (parts == NULL || parts->places[self->plan->index] != EVERY_WORKER ||
        worker >= parts->count) {
        return NULL;
    }
    return worker == part->loop->worker ? self : crossing_stand_in(part, self->plan->index, worker);
}
