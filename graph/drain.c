#include "graph/drain.h"

#include <ev.h>
#include <stdlib.h>

#include "graph/crossing.h"
#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/root.h"
#include "graph/slices.h"
#include "graph/unfed.h"

/* What a drain does, from the first place to the last, in slices. */
enum phase {
    BEGINNING, /* servers stop accepting, sources say producerFinished */
    SERVING,   /* looks for a server that still has connections, and waits for its end */
    RESTING,   /* until every part has come so far, or another has ended */
    FINISHING, /* whom nobody feeds any more is told producerFinished; anew after each end */
    ENDING,    /* and so are all that are left, who feed each other */
    FORCING,   /* all get shutdownMicroprocess */
};

#define RELAY_TIME 0.005 /* s until a look at whether a relay has sent on what it has */

struct drain {
    struct list link; /* in the loop's drains */
    struct graph *graph;
    ev_timer deadline;
    ev_timer look; /* something has ended: others may have nothing more to wait for */
    struct slices slices;
    enum phase phase;
    size_t next;    /* the place to be looked at */
    size_t leavers; /* that there were when the first of them was looked for */
    bool is_quiet;  /* no server is left in this part; once none is in any, the rest is told */
    bool is_again;  /* something has ended while FINISHING */
    struct unfed found;
    bool is_late; /* the deadline has passed: FORCING says who is left ... */
    char *late;   /* ... the first of them; NULL: nobody so far */
    size_t others;
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

/* ---- who is late ---- */

/* A chassis stands for those inside. */
static void note_late(struct drain *drain, const struct component *component)
{
    char path[PATH_SIZE];

    if (component->plan->parent != NULL || component_is_over(component)) {
        return;
    }
    if (drain->late == NULL) {
        drain->late = mem_strdup(component_path(component, path, sizeof(path)));
    } else {
        drain->others++;
    }
}

static void log_late(struct drain *drain)
{
    struct loop *loop = drain->graph->loop;
    const uint64_t connections = loop->connections->places.taken;

    if (drain->late != NULL) {
        loop_log(loop, LOG_LEVEL_NOTICE, NULL,
                 "drained for long enough: ending %s, %zu other component%s and %llu connection%s",
                 drain->late, drain->others, drain->others == 1 ? "" : "s",
                 (unsigned long long)connections, connections == 1 ? "" : "s");
    }
    drain->is_late = false;
}

/* ---- the phases ---- */

static void note_quiet(struct parts *parts);

static void enter(struct drain *drain, enum phase phase)
{
    drain->phase = phase;
    drain->next = 0;
    drain->leavers = 0;
}

/* May end it, and with it the last of the graph: the drain goes then. */
static void visit(struct drain *drain, struct component *component)
{
    switch (drain->phase) {
    case BEGINNING:
        if ((component->state == RUNNING || component->state == RESTARTING) &&
            (component->type->drain != NULL || is_source(component))) {
            component_drain(component);
        }
        return;
    case FINISHING:
        unfed_tell(component, &drain->found);
        return;
    case ENDING:
        unfed_tell_anyway(component);
        return;
    case FORCING:
        if (drain->is_late) {
            note_late(drain, component);
        }
        component_tell(component, SHUTDOWN_MICROPROCESS, NULL, 0);
        return;
    case SERVING:
    case RESTING:
        return;
    }
}

/* Those that leave come after all others; they may have moved up while others of them went. */
static bool is_leaver_missed(struct drain *drain)
{
    const struct root *root = root_of(drain->graph);

    if (drain->phase != SERVING || drain->leavers == root->leaver_count) {
        return false;
    }
    drain->next = root->places;
    drain->leavers = root->leaver_count;
    return true;
}

static void begin_finishing(struct drain *drain)
{
    drain->is_again = false;
    drain->found = (struct unfed){0};
    enter(drain, FINISHING);
}

static void end_phase(struct drain *drain)
{
    struct parts *parts = parts_of(drain->graph);

    switch (drain->phase) {
    case BEGINNING:
        enter(drain, SERVING);
        return;
    case SERVING:
        drain->is_quiet = true;
        if (parts == NULL) {
            begin_finishing(drain);
        } else {
            enter(drain, RESTING);
            note_quiet(parts);
        }
        return;
    case FORCING:
        if (drain->is_late) {
            log_late(drain);
        }
        enter(drain, drain->is_quiet ? RESTING : SERVING);
        return;
    case FINISHING:
        if (drain->is_again) {
            begin_finishing(drain);
        } else {
            enter(drain, drain->found.is_any_told ? RESTING : ENDING);
        }
        return;
    case ENDING:
        enter(drain, RESTING);
        return;
    case RESTING:
        return;
    }
}

/* Looks at one place.  Returns false if there is nothing more to be done for now. */
static bool step(struct drain *drain)
{
    struct graph *graph = drain->graph;
    struct component *component;

    if (drain->phase == RESTING) {
        return false;
    }
    if (drain->next >= graph_size(graph)) {
        if (!is_leaver_missed(drain)) {
            end_phase(drain);
        }
        return true;
    }
    component = graph_component(graph, drain->next);
    if (drain->phase == SERVING && takes_in(component)) {
        return false; /* it still has connections; its end has us go on */
    }
    drain->next++;
    if (component != NULL) {
        visit(drain, component);
    }
    return true;
}

static bool go_on(struct slices *slices, size_t most)
{
    struct drain *drain = container_of(slices, struct drain, slices);
    struct graph *graph = drain->graph;
    bool has_more = true;

    graph->refs++; /* while we walk through it */
    while (has_more && most-- > 0) {
        has_more = step(drain) && find(graph) == drain;
    }
    graph_unref(graph);
    return has_more;
}

static void go_through(struct drain *drain)
{
    slices_begin(&drain->slices, drain->graph->loop->ev, go_on);
}

/* ---- something has ended ---- */

static void set_look(struct drain *drain, double seconds)
{
    if (!ev_is_active(&drain->look)) {
        ev_timer_set(&drain->look, seconds, 0.0);
        ev_timer_start(drain->graph->loop->ev, &drain->look);
    }
}

/* Many may end at once: one look is enough. */
static void look_soon(struct drain *drain)
{
    struct parts *parts = parts_of(drain->graph);

    if (parts != NULL) {
        if (atomic_load_explicit(&parts->busy, memory_order_acquire) == 0) {
            parts_post(parts, 0, &parts->quiet);
        }
    } else if (drain->phase == RESTING) {
        set_look(drain, 0.0);
    } else {
        drain->is_again = true;
    }
}

static void on_look(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    struct drain *drain = container_of(watcher, struct drain, look);

    if (parts_of(drain->graph) != NULL) {
        look_soon(drain);
    } else if (drain->phase == RESTING) {
        begin_finishing(drain);
        go_through(drain);
    }
}

void drain_go_on(struct graph *graph)
{
    struct drain *drain = find(graph);

    if (drain != NULL && drain->is_quiet) {
        look_soon(drain);
    } else if (drain != NULL && drain->phase == SERVING && !slices_are_left(&drain->slices)) {
        go_through(drain);
    }
}

/* ---- all parts ---- */

/* Not in slices: what feeds what must not change meanwhile, on any worker. */
static void finish_part(struct graph *part, struct unfed *found, bool is_all)
{
    part->refs++; /* while we walk through it */
    for (size_t i = 0; i < graph_size(part); i++) {
        struct component *component = graph_component(part, i);

        if (component != NULL && is_all) {
            unfed_tell_anyway(component);
        } else if (component != NULL) {
            unfed_tell(component, found);
        }
    }
    graph_unref(part);
}

static void finish_parts(struct parts *parts)
{
    struct unfed found = {0};
    struct drain *drain;

    crossings_mark(parts);
    for (unsigned i = 0; i < parts->count; i++) {
        if (find(parts->part[i]) != NULL) {
            finish_part(parts->part[i], &found, false);
        }
    }
    for (unsigned i = 0; i < parts->count && !found.is_any_told && !found.is_any_relaying; i++) {
        if (find(parts->part[i]) != NULL) {
            finish_part(parts->part[i], &found, true);
        }
    }
    drain = found.is_any_relaying ? find(parts->part[0]) : NULL;
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

/* Nothing in this part takes anything in any more, or it has ended. */
static void note_quiet(struct parts *parts)
{
    if (atomic_fetch_sub_explicit(&parts->busy, 1, memory_order_acq_rel) == 1) {
        parts_post(parts, 0, &parts->quiet);
    }
}

/* ---- from outside ---- */

static void stop(struct drain *drain, bool is_late)
{
    free(drain->late);
    drain->late = NULL;
    drain->others = 0;
    drain->is_late = is_late;
    enter(drain, FORCING);
    go_through(drain);
}

static void on_deadline(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    stop(container_of(watcher, struct drain, deadline), true);
}

static struct drain *create(struct graph *graph)
{
    struct drain *drain = mem_alloc(sizeof(*drain));

    drain->graph = graph;
    ev_timer_init(&drain->deadline, on_deadline, 0.0, 0.0);
    ev_timer_init(&drain->look, on_look, 0.0, 0.0);
    list_append(&graph->loop->drains, &drain->link);
    graph->is_draining = true;
    return drain;
}

static void drain_part(struct graph *graph, double seconds)
{
    struct drain *drain = find(graph);

    if (!graph->is_draining) {
        go_through(create(graph));
        drain = find(graph);
    }
    if (drain != NULL && seconds > 0) {
        ev_timer_stop(graph->loop->ev, &drain->deadline);
        ev_timer_set(&drain->deadline, seconds, 0.0);
        ev_timer_start(graph->loop->ev, &drain->deadline);
    }
}

static void stop_part(struct graph *graph, double seconds)
{
    struct drain *drain = graph->is_draining ? find(graph) : create(graph);

    if (drain != NULL) {
        stop(drain, false);
    }
}

static void each_part(struct graph *graph, void (*call)(struct graph *part, double seconds),
                      double seconds)
{
    struct parts *parts = parts_of(graph);

    if (parts == NULL) {
        if (graph->living > 0) {
            call(graph, seconds);
        }
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
            call(part, seconds);
        } else if (!part->is_draining) {
            part->is_draining = true;
            note_quiet(parts);
        }
    }
    workers_release(parts->main->workers);
}

void graph_drain(struct graph *graph, double seconds)
{
    each_part(graph, drain_part, seconds);
}

void drain_by_force(struct graph *graph)
{
    each_part(graph, stop_part, 0.0);
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
        slices_stop(&drain->slices);
        list_remove(&drain->link);
        free(drain->late);
        free(drain);
    }
}
