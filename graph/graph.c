#include "graph/graph.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "graph/blueprint.h"
#include "graph/crossing.h"
#include "graph/drain.h"
#include "graph/ledger.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/root.h"
#include "graph/thread.h"
#include "graph/workers.h"

/* Components of a root graph that a thread frees, since it takes milliseconds. */
enum { FREED_APART = 10000 };

enum { REASON_SIZE = 400 };

size_t graph_size(const struct graph *graph)
{
    return graph_is_root(graph) ? root_of(graph)->places + root_of(graph)->leaver_count
                                : graph->plan->component_count;
}

struct component *graph_component(const struct graph *graph, size_t index)
{
    if (!graph_is_root(graph)) {
        return blueprint_component(graph, index);
    }
    return index < root_of(graph)->places
               ? graph->components[index]
               : root_of(graph)->leavers[index - root_of(graph)->places].component;
}

static struct component *find_leaver(const struct root *root, const struct plan_component *plan)
{
    for (size_t i = 0; i < root->leaver_count; i++) {
        if (root->leavers[i].component->plan == plan) {
            return root->leavers[i].component;
        }
    }
    return NULL;
}

struct component *graph_relative(const struct component *component,
                                 const struct plan_component *plan)
{
    return component->is_leaving ? find_leaver(root_of(component->graph), plan)
                                 : graph_component(component->graph, plan->index);
}

size_t graph_place(const struct component *component)
{
    const struct root *root = root_of(component->graph);
    size_t place = component->plan->index;

    if (component->is_leaving) {
        place = root->places;
        while (place < graph_size(&root->graph) &&
               graph_component(&root->graph, place) != component) {
            place++;
        }
    }
    return place;
}

bool graph_is_earlier(const struct graph *graph)
{
    return graph->blueprint != NULL && graph->blueprint->is_replaced;
}

struct graph *graph_root(struct graph *graph)
{
    while (graph->holder != NULL) {
        graph = graph->holder->graph;
    }
    return graph;
}

bool graph_is_alive(const struct graph *graph)
{
    const struct parts *parts = parts_of(graph);

    return parts != NULL ? atomic_load_explicit(&parts->living, memory_order_acquire) > 0
                         : graph->living > 0;
}

struct graph *graph_part(struct graph *graph, unsigned worker)
{
    const struct parts *parts = parts_of(graph);

    return parts != NULL ? parts->part[worker] : graph;
}

unsigned graph_parts(const struct graph *graph)
{
    const struct parts *parts = parts_of(graph);

    return parts != NULL ? parts->count : 1;
}

/* Keeps a graph from being over before all its components have begun. */
static void hold(struct graph *graph)
{
    graph->is_started = true;
    graph->is_held = true;
    graph->living++;
}

static void let_go(struct graph *graph)
{
    if (graph->is_held) {
        graph->is_held = false;
        graph_one_ended(graph);
    }
}

/* Starts all components of a graph in order; *failed is the one that could not. */
static int start_all(struct graph *graph, struct component **failed)
{
    int result = 0;

    hold(graph);
    for (size_t i = 0; i < graph->plan->component_count && result == 0; i++) {
        struct component *component = graph_component(graph, graph->plan->components[i].index);

        if (component == NULL) {
            continue; /* another worker has it */
        }
        result = component_start(component);
        if (result < 0) {
            *failed = component;
        }
    }
    if (result == 0) {
        let_go(graph);
    }
    return result;
}

/* Makes the parts and links them.  Takes over one reference of the plan. */
static struct graph *create_parts(struct loop *loop, struct plan *plan)
{
    struct parts *parts = parts_create(loop, plan);
    struct graph *first;

    for (unsigned i = 0; i < parts->count; i++) {
        struct graph *part = root_create(worker_loop(loop, i), plan_ref(plan), parts);

        list_append(&part->loop->graphs, &part->sibling);
    }
    plan_release(plan);
    for (unsigned i = 0; i < parts->count; i++) {
        root_link(parts->part[i]);
    }
    first = parts->part[0];
    parts_unref(parts);
    return first;
}

static struct graph *create_whole(struct loop *loop, struct plan *plan, bool is_service)
{
    struct graph *graph = root_create(loop, plan, NULL);

    root_link(graph);
    graph->is_service = is_service;
    if (!is_service) {
        list_append(&loop->graphs, &graph->sibling);
    }
    return graph;
}

static struct graph *start_root(struct loop *loop, struct plan *plan, bool is_service,
                                const struct plan_component **entry, char *reason, size_t size)
{
    struct graph *graph = loop->workers != NULL && !is_service
                              ? create_parts(loop, plan)
                              : create_whole(loop, plan, is_service);
    struct component *failed = NULL;
    int result = 0;

    for (unsigned i = 0; i < graph_parts(graph) && result == 0; i++) {
        result = start_all(graph_part(graph, i), &failed);
    }
    if (result < 0) {
        const char *why = component_reason(failed);

        (void)snprintf(reason, size, "%s", why != NULL ? why : "could not start");
        *entry = failed->plan;
        graph_destroy(graph);
        return NULL;
    }
    return graph;
}

struct graph *graph_start_or(struct loop *loop, struct plan *plan,
                             const struct plan_component **failed, char *reason, size_t size)
{
    struct graph *graph;

    workers_halt(loop->workers);
    graph = start_root(loop, plan, false, failed, reason, size);
    workers_release(loop->workers);
    return graph;
}

/* Says who could not start, and why. */
static void complain(const struct plan_component *failed, const char *reason, char *text,
                     size_t size)
{
    (void)snprintf(text, size, "%s: %s", failed->path, reason);
}

struct graph *graph_start(struct loop *loop, struct plan *plan, char *text, size_t size)
{
    const struct plan_component *failed;
    struct plan *kept = plan_ref(plan);
    char reason[REASON_SIZE];
    struct graph *graph = graph_start_or(loop, plan, &failed, reason, sizeof(reason));

    if (graph == NULL) {
        complain(failed, reason, text, size);
    }
    plan_release(kept);
    return graph;
}

struct graph *graph_start_service(struct loop *loop, struct plan *plan, char *text, size_t size)
{
    const struct plan_component *failed;
    struct plan *kept = plan_ref(plan);
    char reason[REASON_SIZE];
    struct graph *graph = start_root(loop, plan, true, &failed, reason, sizeof(reason));

    if (graph == NULL) {
        complain(failed, reason, text, size);
    }
    plan_release(kept);
    return graph;
}

int graph_start_instance(struct graph *graph)
{
    struct component *failed = NULL;

    return start_all(graph, &failed);
}

void graph_tell(struct graph *graph, enum message_kind kind, int error)
{
    for (size_t i = 0; i < graph_size(graph); i++) {
        struct component *component = graph_component(graph, i);

        if (component != NULL) {
            component_tell(component, kind, NULL, error);
        }
    }
}

struct component *graph_failed(const struct graph *graph)
{
    for (size_t i = 0; i < graph_size(graph); i++) {
        struct component *component = graph_component(graph, i);

        if (component != NULL && component->state == FAILED) {
            return component;
        }
    }
    return NULL;
}

void graph_stop(struct graph *graph)
{
    if (graph_is_root(graph)) {
        drain_by_force(graph);
    } else {
        graph_tell(graph, SHUTDOWN_MICROPROCESS, 0);
    }
}

static bool is_over(const struct graph *graph)
{
    return graph->living == 0 && graph->is_started;
}

/* Nothing lives in it and nobody keeps it: to be freed once the pass of the queue is over. */
static void die(struct graph *graph)
{
    if (graph->refs == 0 && is_over(graph) && !graph->is_dead) {
        graph->is_dead = true;
        if (graph->loop->ledger != NULL && parts_of(graph) != NULL) {
            ledger_close_graph(graph->loop->ledger, graph); /* until now it might have gone on */
        }
        list_remove(&graph->sibling);
        list_append(&graph->loop->dead, &graph->sibling);
    }
}

void graph_unref(struct graph *graph)
{
    if (--graph->refs == 0) {
        die(graph);
    }
}

void graph_pair(struct graph *graph, struct graph *peer)
{
    graph->peer = peer;
    peer->peer = graph;
}

static void graph_unpair(struct graph *graph)
{
    if (graph->peer != NULL) {
        graph->peer->peer = NULL;
        graph->peer = NULL;
    }
}

void graph_place_is_over(struct component *component)
{
    struct graph *graph = component->graph;
    struct root *root = root_of(graph);
    const struct loop_hooks *hooks = &graph->loop->hooks;

    if (component->is_leaving) {
        return;
    }
    root->over++;
    if (root->parts != NULL) {
        if (root->over == root->present && !graph->is_destroyed) {
            part_looks_over(graph);
        }
        return;
    }
    if (root->over == root->present && graph->living > 1 && !graph->is_destroyed &&
        !graph->is_held && hooks->present_ended != NULL) {
        hooks->present_ended(hooks->arg, graph);
    }
}

void graph_place_is_back(const struct component *component)
{
    if (!component->is_leaving && component_is_over(component)) {
        root_of(component->graph)->over--;
    }
}

/* Nothing lives in it any more: who has to know is told. */
static __attribute__((noinline)) void end(struct graph *graph)
{
    struct loop *loop = graph->loop;
    struct component *holder = graph->holder;

    if (loop->ledger != NULL && parts_of(graph) == NULL) {
        ledger_close_graph(loop->ledger, graph);
    }
    if (graph->is_draining) {
        drain_forget(graph);
    }
    if (holder != NULL) {
        if (!component_is_over(holder) && holder->type->graph_ended != NULL) {
            holder->type->graph_ended(holder, graph);
        }
        graph_unpair(graph);
    } else if (graph->is_service) {
        graph_destroy(graph); /* it ended by itself: nobody else has a hold of it */
    } else if (parts_of(graph) != NULL) {
        part_ended(graph);
    } else if (!graph->is_destroyed && loop->hooks.graph_ended != NULL) {
        loop->hooks.graph_ended(loop->hooks.arg, graph);
    }
    die(graph);
}

void graph_one_ended(struct graph *graph)
{
    if (--graph->living == 0) {
        end(graph);
        return;
    }
    if (graph->is_draining) {
        drain_go_on(graph);
    }
    if (graph->has_leavers) {
        leavers_look_soon(root_of(graph));
    }
}

/* All that it has, so that a large graph need not be walked through. */
static bool has_ended(const struct graph *graph)
{
    const struct root *root = graph_is_root(graph) ? root_of(graph) : NULL;

    return root != NULL && root->over == root->present && root->leaver_count == 0;
}

/* One graph, or one part of it. */
static void destroy(struct graph *graph)
{
    if (graph->is_destroyed) {
        return;
    }
    graph->is_destroyed = true;
    graph->refs++;
    if (!graph->is_started) {
        hold(graph);
    }
    for (size_t i = has_ended(graph) ? 0 : graph_size(graph); i-- > 0;) {
        struct component *component = graph_component(graph, i);

        if (component != NULL) {
            component->flags |= COMPONENT_SIGNALLED;
            component_end(component, STOPPED);
        }
    }
    if (graph_is_root(graph)) {
        graph_settle_stop(root_of(graph));
    }
    let_go(graph);
    if (graph_is_root(graph)) {
        crossings_end(graph);
    }
    if (graph->holder == NULL) {
        graph->refs--; /* the one of graph_start() */
    }
    graph_unref(graph);
}

static void destroy_parts(struct parts *parts)
{
    struct workers *workers = parts->main->workers;

    if (parts->is_destroyed) {
        return;
    }
    parts->is_destroyed = true;
    (void)atomic_fetch_add_explicit(&parts->refs, 1, memory_order_relaxed);
    workers_halt(workers);
    for (unsigned i = 0; i < parts->count; i++) {
        destroy(parts->part[i]);
    }
    workers_release(workers);
    parts_unref(parts);
}

void graph_destroy(struct graph *graph)
{
    if (parts_of(graph) != NULL) {
        destroy_parts(parts_of(graph));
    } else {
        destroy(graph);
    }
}

/* Memory and nothing else: any thread may do it. */
static void *free_root(void *arg)
{
    root_free(arg);
    return NULL;
}

static bool is_in_queue(const struct graph *root, const struct run_queue *queue)
{
    const struct component *at = queue->first;

    while (at != NULL && at->graph != root) {
        at = at->next_runnable;
    }
    return at != NULL;
}

/* True if one of its components has work: of a large graph, the queues are shorter. */
static bool is_queued(const struct graph *graph)
{
    const struct loop *loop = graph->loop;

    if (graph_is_root(graph)) {
        return is_in_queue(graph, &loop->queue) || is_in_queue(graph, &loop->more);
    }
    for (size_t i = 0; i < graph->plan->component_count; i++) {
        if ((blueprint_component(graph, i)->flags & COMPONENT_QUEUED) != 0) {
            return true;
        }
    }
    return false;
}

bool graph_free(struct graph *graph)
{
    struct loop *loop = graph->loop;
    const size_t size = graph_size(graph);

    if (is_queued(graph) || (graph_is_root(graph) && !crossings_are_idle(graph))) {
        return false;
    }
    list_remove(&graph->sibling);
    if (graph_is_root(graph)) {
        if (loop->ledger != NULL) {
            ledger_forget(loop->ledger, graph);
        }
        leavers_free(root_of(graph));
        if (size >= FREED_APART) {
            thread_create_detached(free_root, root_of(graph));
        } else {
            root_free(root_of(graph));
        }
        return true;
    }
    for (size_t i = 0; i < size; i++) {
        component_free_extra(blueprint_component(graph, i));
    }
    blueprint_free_instance(graph);
    loop_graph_freed(loop);
    return true;
}

struct graph *component_next_graph(const struct component *component, const struct graph *after)
{
    const struct list *head;
    const struct list *next;

    if (component->type->children == 0 || component_is_over(component)) {
        return NULL;
    }
    head = (const struct list *)(const void *)((const char *)component + component->state_offset +
                                               component->type->children);
    next = after != NULL ? after->sibling.next : head->next;
    return next == NULL || next == head || (after != NULL && next == &after->sibling)
               ? NULL
               : container_of((struct list *)(uintptr_t)next, struct graph, sibling);
}
