#include "graph/drain.h"

#include <ev.h>
#include <stdlib.h>

#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/plan.h"

struct drain {
    struct list link; /* in the loop's drains */
    struct graph *graph;
    ev_timer deadline;
    ev_timer look;  /* something has ended: others may have nothing more to wait for */
    bool finishing; /* no server is left */
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
    const uint64_t connections = graph->loop->connections;
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
    graph_stop(drain->graph);
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

static bool is_alive(const struct component *component)
{
    return component != NULL && (component->state == RUNNING || component->state == RESTARTING);
}

/* True if another may still send it something, through whatever chassis. */
static bool is_fed_by_another(const struct component *component)
{
    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX;) {
        struct inbox *in = component_have_inbox(component, i);
        struct outbox *out = NULL;

        while (in != NULL && component_inbox_plan(component, i)->spec->carries != NOTICES &&
               (out = box_next_sender(&in->box, out)) != NULL) {
            if (box_owner(&out->box) != component) {
                return true;
            }
        }
    }
    return false;
}

/* Tells those to finish whom nothing feeds any more, so that what waits anywhere arrives before the
 * end does; their own end has us look again.  When none of them is left, the rest wait for each
 * other, in a ring: then all are told. */
static void finish_unfed(struct graph *graph)
{
    bool is_any_on_its_way = false;

    graph->refs++; /* while we walk through it */
    for (size_t i = 0; i < graph_size(graph); i++) {
        struct component *component = graph_component(graph, i);

        if (is_alive(component) && !component->was_told && !is_fed_by_another(component)) {
            component_tell(component, PRODUCER_FINISHED, NULL, 0);
        }
        is_any_on_its_way = is_any_on_its_way || (is_alive(component) && component->was_told);
    }
    if (!is_any_on_its_way) {
        graph_tell(graph, PRODUCER_FINISHED, 0);
    }
    graph_unref(graph);
}

static void on_look(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    finish_unfed(container_of(watcher, struct drain, look)->graph);
}

void drain_go_on(struct graph *graph)
{
    struct drain *drain = find(graph);

    if (drain == NULL) {
        return;
    }
    if (drain->finishing) { /* many may end at once: one look is enough */
        ev_timer_start(graph->loop->ev, &drain->look);
        return;
    }
    for (size_t i = 0; i < graph_size(graph); i++) {
        const struct component *component = graph_component(graph, i);

        if (component != NULL && component->state == RUNNING && component->type->drain != NULL) {
            return; /* it still has connections */
        }
    }
    drain->finishing = true;
    finish_unfed(graph);
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

void graph_drain(struct graph *graph, double seconds)
{
    struct drain *drain = graph->is_draining ? find(graph) : begin(graph);

    if (drain != NULL && seconds > 0) {
        ev_timer_stop(graph->loop->ev, &drain->deadline);
        ev_timer_set(&drain->deadline, seconds, 0.0);
        ev_timer_start(graph->loop->ev, &drain->deadline);
    }
}

void drain_forget(struct graph *graph)
{
    struct drain *drain = find(graph);

    if (drain != NULL) {
        ev_timer_stop(graph->loop->ev, &drain->deadline);
        ev_timer_stop(graph->loop->ev, &drain->look);
        list_remove(&drain->link);
        free(drain);
    }
}
