#include "graph/drain.h"

#include <ev.h>
#include <stdlib.h>

#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/root.h"
#include "graph/unfed.h"

struct drain {
    struct list link; /* in the loop's drains */
    struct graph *graph;
    ev_timer deadline;
    ev_timer look; /* something has ended: others may have nothing more to wait for */
    bool is_quiet; /* no server is left in this part; once none is in any, the rest is told */
};

#define RELAY_TIME 0.005 /* s until a look at whether a relay has sent on what it has */

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

/* Nothing is taken in any more: tells those to finish whose turn it is. */
static void finish(struct graph *graph)
{
    struct unfed look = {0};

    unfed_tell(graph, &look);
    if (!look.is_any_told) {
        unfed_tell_rest(graph);
    }
}

static void set_look(struct drain *drain, double seconds)
{
    if (!ev_is_active(&drain->look)) {
        ev_timer_set(&drain->look, seconds, 0.0);
        ev_timer_start(drain->graph->loop->ev, &drain->look);
    }
}

/* The same of all parts. */
static void finish_parts(struct parts *parts)
{
    struct unfed look = {0};
    struct drain *drain;

    for (unsigned i = 0; i < parts->count; i++) {
        if (find(parts->part[i]) != NULL) {
            unfed_tell(parts->part[i], &look);
        }
    }
    for (unsigned i = 0; i < parts->count && !look.is_any_told && !look.is_any_relaying; i++) {
        if (find(parts->part[i]) != NULL) {
            unfed_tell_rest(parts->part[i]);
        }
    }
    drain = look.is_any_relaying ? find(parts->part[0]) : NULL;
    if (drain != NULL) {
        set_look(drain, RELAY_TIME);
    }
}

/* No part takes anything in any more, or something has ended since. */
static void on_quiet(struct letter *letter)
{
    struct parts *parts = container_of(letter, struct parts, quiet);

    if (!parts->is_destroyed) {
        workers_halt(parts->main->workers);
        finish_parts(parts);
        workers_release(parts->main->workers);
    }
    parts_unref(parts);
}

/* Many may end at once: one look is enough. */
static void look_soon(struct drain *drain)
{
    struct parts *parts = parts_of(drain->graph);

    if (parts == NULL) {
        set_look(drain, 0.0);
    } else if (atomic_load_explicit(&parts->busy, memory_order_acquire) == 0) {
        parts_post(parts, 0, &parts->quiet);
    }
}

static void on_look(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    struct drain *drain = container_of(watcher, struct drain, look);

    if (parts_of(drain->graph) == NULL) {
        finish(drain->graph);
    } else {
        look_soon(drain);
    }
}

/* Nothing in this part takes anything in any more, or it has ended. */
static void note_quiet(struct parts *parts)
{
    if (atomic_fetch_sub_explicit(&parts->busy, 1, memory_order_acq_rel) == 1) {
        parts_post(parts, 0, &parts->quiet);
    }
}

void drain_go_on(struct graph *graph)
{
    struct drain *drain = find(graph);
    struct parts *parts = parts_of(graph);

    if (drain == NULL) {
        return;
    }
    if (drain->is_quiet) {
        look_soon(drain);
        return;
    }
    for (size_t i = 0; i < graph_size(graph); i++) {
        if (takes_in(graph_component(graph, i))) {
            return; /* it still has connections */
        }
    }
    drain->is_quiet = true;
    if (parts == NULL) {
        finish(graph);
    } else {
        note_quiet(parts);
    }
}

static struct drain *begin(struct graph *graph)
{
    struct drain *drain = mem_alloc(sizeof(*drain));

    drain->graph = graph;
    ev_timer_init(&drain->deadline, on_deadline, 0.0, 0.0);
    ev_timer_init(&drain->look, on_look, 0.0, 0.0);
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
        parts->quiet.open = on_quiet;
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
        } else if (parts_of(graph) != NULL) {
            look_soon(drain); /* it may have fed others */
        }
        ev_timer_stop(graph->loop->ev, &drain->deadline);
        ev_timer_stop(graph->loop->ev, &drain->look);
        list_remove(&drain->link);
        free(drain);
    }
}
