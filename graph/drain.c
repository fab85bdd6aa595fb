#include "graph/drain.h"

#include <ev.h>
#include <stdlib.h>

#include "graph/crossing.h"
#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/root.h"

struct drain {
    struct list link; /* in the loop's drains */
    struct graph *graph;
    ev_timer deadline;
    bool is_quiet; /* no server is left in this part; once none is in any, the rest is told */
};

static struct drain *find(struct graph *graph)
{
    struct list *at;

    list_for_each (at, &graph->loop->drains) {
        struct drain *drain = container_of(at, struct drain, link);

        if (drain->graph == graph) {
            return drain;
        }
    }
    return NULL;
}

/* Who is still waited for; a chassis stands for those inside. */
static void log_late(const struct graph *graph)
{
    const struct component *first = NULL;
    const uint64_t connections = graph->loop->connections->now;
    size_t others = 0;
    char path[PATH_SIZE];

    for (size_t i = 0; i < graph_size(graph); i++) {
        const struct component *component = graph_component(graph, i);

        if (component == NULL || component->plan->parent != NULL || component_is_over(component)) {
            continue;
        }
        if (first == NULL) {
            first = component;
        } else {
            others++;
        }
    }
    if (first != NULL) {
        loop_log(graph->loop, LOG_LEVEL_NOTICE, NULL,
                 "drained for long enough: ending %s, %zu other component%s and %llu connection%s",
                 component_path(first, path, sizeof(path)), others, others == 1 ? "" : "s",
                 (unsigned long long)connections, connections == 1 ? "" : "s");
    }
}

static void on_deadline(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    struct drain *drain = container_of(watcher, struct drain, deadline);

    log_late(drain->graph);
    graph_tell(drain->graph, SHUTDOWN_MICROPROCESS, 0);
}

bool component_is_fed(const struct component *component)
{
    unsigned i = NO_BOX;

    while ((i = component_next_inbox(component, i)) != NO_BOX) {
        const struct inbox *in = component_have_inbox(component, i);

        if (in != NULL && component_inbox_plan(component, i)->spec->carries != NOTICES &&
            inbox_is_fed(in)) {
            return true;
        }
    }
    return false;
}

/* A component that takes nothing in by linkages is a source.  The one that protocols lead to, as
 * "/audit.inbox", is none while there is no connection either: one may still come. */
static bool is_source(const struct component *component)
{
    unsigned i = NO_BOX;

    while ((i = component_next_inbox(component, i)) != NO_BOX) {
        const struct plan_box *plan = component_inbox_plan(component, i);

        if (plan->spec->by_name || (plan->spec->carries != NOTICES && plan->is_linked)) {
            return false;
        }
    }
    return !component_is_fed(component);
}

void component_drain(struct component *component)
{
    if (component->type->drain != NULL && component->state == RESTARTING) {
        component_end(component, STOPPED);
    } else if (component->type->drain != NULL) {
        component->was_told = true;
        component->type->drain(component);
    } else {
        component_tell(component, PRODUCER_FINISHED, NULL, 0);
    }
}

static bool takes_in(const struct component *component)
{
    return component != NULL && component->state == RUNNING && component->type->drain != NULL;
}

/* Tells the rest.  What other workers have sent on its way comes first. */
static void finish(struct drain *drain)
{
    struct graph *graph = drain->graph;

    graph->refs++; /* while we walk through it */
    for (size_t i = 0; i < graph_size(graph); i++) {
        struct component *component = graph_component(graph, i);

        if (component != NULL && (component->is_leaving || !crossing_finish(component))) {
            component_tell(component, PRODUCER_FINISHED, NULL, 0);
        }
    }
    graph_unref(graph);
}

/* No part takes anything in any more. */
static void on_quiet(struct letter *letter)
{
    struct parts *parts = container_of(letter, struct parts, quiet);

    workers_halt(parts->main->workers);
    for (unsigned i = 0; i < parts->count && !parts->is_destroyed; i++) {
        struct drain *drain = find(parts->part[i]);

        if (drain != NULL) {
            finish(drain);
        }
    }
    workers_release(parts->main->workers);
    parts_unref(parts);
}

/* Nothing in this part takes anything in any more, or it has ended. */
static void note_quiet(struct parts *parts)
{
    if (atomic_fetch_sub_explicit(&parts->busy, 1, memory_order_acq_rel) == 1) {
        parts->quiet.open = on_quiet;
        parts_post(parts, 0, &parts->quiet);
    }
}

void drain_go_on(struct graph *graph)
{
    struct drain *drain = find(graph);
    struct parts *parts = parts_of(graph);

    if (drain == NULL || drain->is_quiet) {
        return;
    }
    for (size_t i = 0; i < graph_size(graph); i++) {
        if (takes_in(graph_component(graph, i))) {
            return; /* it still has connections */
        }
    }
    drain->is_quiet = true;
    if (parts == NULL) {
        finish(drain);
    } else {
        note_quiet(parts);
    }
}

static struct drain *begin(struct graph *graph)
{
    struct drain *drain = mem_alloc(sizeof(*drain));

    drain->graph = graph;
    ev_timer_init(&drain->deadline, on_deadline, 0.0, 0.0);
    list_append(&graph->loop->drains, &drain->link);
    graph->is_draining = true;
    graph->refs++; /* while we walk through it */
    for (size_t i = 0; i < graph_size(graph); i++) {
        struct component *component = graph_component(graph, i);

        if (component != NULL && (component->state == RUNNING || component->state == RESTARTING) &&
            (component->type->drain != NULL || is_source(component))) {
            component_drain(component);
        }
    }
    drain_go_on(graph);
    graph_unref(graph);
    return find(graph);
}

static void drain_part(struct graph *graph, double seconds)
{
    struct drain *drain = graph->is_draining ? find(graph) : begin(graph);

    if (drain != NULL && seconds > 0) {
        ev_timer_stop(graph->loop->ev, &drain->deadline);
        ev_timer_set(&drain->deadline, seconds, 0.0);
        ev_timer_start(graph->loop->ev, &drain->deadline);
    }
}

void graph_drain(struct graph *graph, double seconds)
{
    struct parts *parts = parts_of(graph);

    if (parts == NULL) {
        drain_part(graph, seconds);
        return;
    }
    workers_halt(parts->main->workers);
    if (!graph->is_draining) {
        atomic_store_explicit(&parts->busy, parts->count, memory_order_relaxed);
    }
    for (unsigned i = 0; i < parts->count; i++) {
        struct graph *part = parts->part[i];

        if (part->living > 0) {
            drain_part(part, seconds);
        } else if (!part->is_draining) {
            part->is_draining = true;
            note_quiet(parts);
        }
    }
    workers_release(parts->main->workers);
}

void drain_forget(struct graph *graph)
{
    struct drain *drain = find(graph);

    if (drain != NULL) {
        if (!drain->is_quiet && parts_of(graph) != NULL) {
            note_quiet(parts_of(graph));
        }
        ev_timer_stop(graph->loop->ev, &drain->deadline);
        list_remove(&drain->link);
        free(drain);
    }
}
