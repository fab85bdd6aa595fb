/* Send, Stop, Restart, Drain, LogLevel: what changes something. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base64.h"
#include "daemon/control_private.h"
#include "daemon/log.h"
#include "graph/drain.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/supervise.h"
#include "graph/waiting.h"
#include "graph/workers.h"

/* ---- send ---- */

static bool takes_data(const struct box_spec *spec)
{
    return spec->carries == BYTES || spec->carries == LINES || spec->carries == ANYTHING;
}

/* Notices that mean something without the component that they are about. */
static bool is_sendable(enum message_kind kind)
{
    return kind == PRODUCER_FINISHED || kind == SHUTDOWN_MICROPROCESS || kind == SERVER_SHUTDOWN ||
           kind == SOCKET_SHUTDOWN;
}

static struct message *make_data(struct varlink_call *call, struct pool *pool)
{
    const json_t *data = varlink_value(call, "data");
    const char *encoding = varlink_string(call, "encoding");
    const char *bytes = json_string_value(data);
    size_t size = json_string_length(data);
    char *decoded = NULL;
    struct message *msg;

    if (encoding != NULL && strcmp(encoding, "base64") == 0) {
        decoded = base64_decode(bytes, &size);
        if (decoded == NULL) {
            varlink_invalid_parameter(call, "data");
            return NULL;
        }
        bytes = decoded;
    }
    msg = message_copy(pool, bytes, size);
    free(decoded);
    return msg;
}

static struct message *make_notice(struct varlink_call *call, struct pool *pool)
{
    const enum message_kind kind = message_kind_by_name(varlink_string(call, "notice"));

    if (!is_sendable(kind)) {
        varlink_invalid_parameter(call, "notice");
        return NULL;
    }
    return message_notice(pool, kind, NULL, 0);
}

/* Answers that a message goes to an inbox of the component, and to which. */
static void name_an_inbox(struct varlink_call *call, const struct component *component)
{
    const char *path = varlink_string(call, "path");
    const unsigned main_in = component->plan->main_in;
    char meant[BOX_PATH_SIZE];

    (void)component_path(component, meant, PATH_SIZE);
    if (main_in != NO_BOX) {
        const size_t used = strlen(meant);

        (void)snprintf(meant + used, sizeof(meant) - used, ".%s",
                       component->plan->in[main_in].spec->name);
    }
    varlink_error(call, "io.axond.NoSuchBox",
                  json_pack("{s:s, s:o}", "path", path, "suggestion",
                            control_text(main_in != NO_BOX ? meant : NULL)));
}

/* Finds the inbox where it ends.  Returns NULL after an answer. */
static struct inbox *find_sink(struct varlink_call *call, bool is_data)
{
    const char *path = varlink_string(call, "path");
    const struct box_spec *spec;
    struct place place;

    if (!control_find(call, &place)) {
        return NULL;
    }
    if (place.component == NULL) {
        control_no_box(call, path);
        return NULL;
    }
    if (place.box == NO_BOX) {
        name_an_inbox(call, place.component);
        return NULL;
    }
    if (!place.is_inbox) {
        control_invalid_state(call, path, component_condition(place.component),
                              "%s is an outbox: messages are sent to inboxes", path);
        return NULL;
    }
    if (place.component->state != RUNNING && place.component->state != RESTARTING) {
        control_invalid_state(call, path, component_condition(place.component),
                              "%s is not running: it takes no messages", path);
        return NULL;
    }
    spec = component_inbox_plan(place.component, place.box)->spec;
    if (is_data ? !takes_data(spec) : spec->carries != NOTICES) {
        varlink_error(
            call, "io.axond.NotCarried",
            json_pack("{s:s, s:s}", "path", path, "carries", carries_name(spec->carries)));
        return NULL;
    }
    return inbox_sink(component_need_inbox(place.component, place.box));
}

/* True if the inbox would have its sender wait, which we can't. */
static bool is_full(const struct inbox *in)
{
    return control_is_bounded(in->box.flags) && inbox_policy(in) == BLOCK && inbox_is_full(in);
}

/* A notice for a component on every worker is for all of them. */
static void notify_others(struct inbox *in, const struct message *msg)
{
    const struct component *first = box_owner(&in->box);
    struct component *replica = NULL;

    while ((replica = component_next_replica(first, replica)) != NULL) {
        if (replica != first && !component_is_over(replica)) {
            inbox_deliver(inbox_sink(component_need_inbox(replica, box_index(&in->box))),
                          message_notice(component_pool(replica), (enum message_kind)msg->kind,
                                         NULL, msg->error),
                          NULL);
        }
    }
}

void control_on_send(struct varlink_call *call)
{
    const bool is_data = varlink_value(call, "data") != NULL;
    struct inbox *in;
    struct message *msg;

    if (is_data == (varlink_value(call, "notice") != NULL)) {
        varlink_invalid_parameter(call, is_data ? "notice" : "data");
        return;
    }
    in = find_sink(call, is_data);
    if (in == NULL) {
        return;
    }
    if (is_full(in)) {
        varlink_error(call, "io.axond.BoxFull",
                      json_pack("{s:o, s:I, s:s}", "path", control_path_of_box(&in->box), "bound",
                                (json_int_t)waiting_bound(in), "unit",
                                control_unit(in->box.flags)));
        return;
    }
    if (is_data) {
        msg = make_data(call, component_pool(box_owner(&in->box)));
    } else {
        msg = make_notice(call, component_pool(box_owner(&in->box)));
    }
    if (msg != NULL) {
        if (!is_data) {
            notify_others(in, msg);
        }
        inbox_deliver(in, msg, NULL);
        varlink_reply(call, NULL);
    }
}

/* ---- stop ---- */

#define STOP_PATIENCE 1.0 /* seconds until a component is ended that does not end by itself */

struct stopping {
    struct control_wait wait;
    struct graph *graph;         /* kept */
    struct component *component; /* NULL: all of the graph */
    double deadline;
};

/* A component on every worker is stopped on every one. */
static bool has_stopped(const struct stopping *stopping)
{
    struct component *replica = NULL;

    if (stopping->graph->is_destroyed) {
        return true; /* its parts on other workers may be gone */
    }
    if (stopping->component == NULL) {
        return stopping->graph->living == 0;
    }
    while ((replica = component_next_replica(stopping->component, replica)) != NULL) {
        if (!component_is_over(replica)) {
            return false;
        }
    }
    return true;
}

static void end_by_force(const struct stopping *stopping)
{
    struct component *replica = NULL;

    if (stopping->component == NULL) {
        graph_destroy(stopping->graph);
        return;
    }
    while ((replica = component_next_replica(stopping->component, replica)) != NULL) {
        component_end(replica, STOPPED);
    }
}

static void tell_to_stop(struct component *component)
{
    struct component *replica = NULL;

    while ((replica = component_next_replica(component, replica)) != NULL) {
        if (replica->state == CREATED || replica->control == NO_BOX) {
            component_end(replica, STOPPED);
        } else {
            component_tell(replica, SHUTDOWN_MICROPROCESS, NULL, 0);
        }
    }
}

static void answer_stop(struct control_wait *wait)
{
    varlink_reply(wait->call, NULL);
}

/* It ends in the next turn of the loop, or in one soon after. */
static void look_if_stopped(struct varlink_call *call)
{
    struct stopping *stopping = call->data;

    if (!has_stopped(stopping) && ev_now(control_loop(call)->ev) > stopping->deadline) {
        end_by_force(stopping);
    }
    if (has_stopped(stopping)) {
        answer_stop(&stopping->wait);
    }
}

static void on_stop_end(struct varlink_call *call)
{
    struct stopping *stopping = call->data;

    control_wait_end(&stopping->wait);
    if (stopping->component != NULL) {
        component_unref(stopping->component);
    }
    graph_unref(stopping->graph);
    free(stopping);
}

void control_stop(struct varlink_call *call, struct graph *graph, struct component *component)
{
    struct stopping *stopping = mem_alloc(sizeof(*stopping));

    stopping->graph = graph;
    stopping->component = component;
    stopping->deadline = ev_now(control_loop(call)->ev) + STOP_PATIENCE;
    graph->refs++;
    if (component != NULL) {
        component->is_halted = true; /* until a reload starts it anew */
        (void)component_ref(component);
    }
    call->data = stopping;
    call->on_end = on_stop_end;
    call->produce = look_if_stopped;
    control_wait_begin(&stopping->wait, call, answer_stop);
    if (component == NULL) {
        graph_stop(graph);
    } else {
        tell_to_stop(component);
    }
}

void control_on_stop(struct varlink_call *call)
{
    const char *path = varlink_string(call, "path");
    struct place place;

    if (!control_find(call, &place)) {
        return;
    }
    if (place.box != NO_BOX) {
        control_no_component(call, path);
        return;
    }
    if (place.component != NULL && component_is_over(place.component)) {
        control_invalid_state(call, path, component_condition(place.component),
                              "%s has ended already", path);
        return;
    }
    log_event(LOG_LEVEL_NOTICE, NULL, "stopping %s, as uid %u asks", path,
              (unsigned)call->peer.uid);
    control_stop(call, place.graph, place.component);
}

/* ---- restart ---- */

/* Says why it can't be.  Returns true if it can. */
static bool may_restart(struct varlink_call *call, const struct component *component)
{
    const char *path = varlink_string(call, "path");
    const char *state = component_condition(component);

    if (component_is_over(component)) {
        control_invalid_state(call, path, state,
                              "%s has %s and has no linkages any more: a reload starts it anew",
                              path, component->state == FAILED ? "failed" : "ended");
        return false;
    }
    if (component->plan->at == NULL) {
        control_invalid_state(call, path, state,
                              "%s is of no graph file: it was made for one occasion, and can only "
                              "be stopped",
                              path);
        return false;
    }
    if (strcmp(state, "running") != 0 && component->state != RESTARTING) {
        control_invalid_state(call, path, state, "%s is %s", path, state);
        return false;
    }
    return true;
}

void control_on_restart(struct varlink_call *call)
{
    const char *path = varlink_string(call, "path");
    struct component *replica = NULL;
    const struct component *failed = NULL;
    struct place place;
    int result = 0;

    if (!control_find_component(call, &place) || !may_restart(call, place.component)) {
        return;
    }
    log_event(LOG_LEVEL_NOTICE, NULL, "restarting %s, as uid %u asks", path,
              (unsigned)call->peer.uid);
    while (result == 0 && (replica = component_next_replica(place.component, replica)) != NULL) {
        result = component_restart(replica);
        failed = replica;
    }
    if (result < 0) {
        const char *reason = component_reason(failed);

        varlink_error(call, "io.axond.CannotStart",
                      json_pack("{s:s, s:o, s:o}", "path", path, "reason",
                                control_text(reason != NULL ? reason : "it is busy"), "place",
                                json_null()));
        return;
    }
    varlink_reply(call, NULL);
}

/* ---- drain ---- */

#define DRAIN_LOOK 0.1 /* seconds between looks at how many connections are left */

struct draining {
    struct control_wait wait;
    struct component *component; /* kept; NULL: all */
    json_int_t left;             /* as last told */
    ev_timer look;
};

static json_int_t count_left(const struct draining *draining)
{
    struct component *replica = NULL;
    const struct graph *graph = NULL;
    json_int_t count = 0;

    if (draining->component == NULL) {
        return (json_int_t)control_loop(draining->wait.call)->connections->places.taken;
    }
    if (draining->component->graph->is_destroyed) {
        return 0; /* its parts on other workers may be gone */
    }
    while ((replica = component_next_replica(draining->component, replica)) != NULL) {
        while ((graph = component_next_graph(replica, graph)) != NULL) {
            count += graph->living > 0;
        }
    }
    return count;
}

static json_t *say_left(const struct draining *draining)
{
    return json_pack("{s:I}", "connections", draining->left);
}

static void answer_drain(struct control_wait *wait)
{
    struct draining *draining = container_of(wait, struct draining, wait);

    draining->left = count_left(draining);
    varlink_reply(wait->call, say_left(draining));
}

static void on_look(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    struct draining *draining = watcher->data;
    struct workers *workers = control_loop(draining->wait.call)->workers;
    json_int_t left;

    workers_halt(workers);
    left = count_left(draining);
    workers_release(workers);

    if (left == 0) {
        answer_drain(&draining->wait);
    } else if (left != draining->left) {
        draining->left = left;
        (void)varlink_reply_continues(draining->wait.call, say_left(draining));
    }
}

static void on_drain_end(struct varlink_call *call)
{
    struct draining *draining = call->data;

    control_wait_end(&draining->wait);
    ev_timer_stop(control_loop(call)->ev, &draining->look);
    if (draining->component != NULL) {
        component_unref(draining->component);
    }
    free(draining);
}

static void drain(struct varlink_call *call, struct component *component)
{
    struct draining *draining = mem_alloc(sizeof(*draining));
    struct component *replica = NULL;

    draining->component = component != NULL ? component_ref(component) : NULL;
    ev_timer_init(&draining->look, on_look, DRAIN_LOOK, DRAIN_LOOK);
    draining->look.data = draining;
    call->data = draining;
    call->on_end = on_drain_end;
    control_wait_begin(&draining->wait, call, answer_drain);
    if (component != NULL) {
        while ((replica = component_next_replica(component, replica)) != NULL) {
            replica->is_halted = true;
            component_drain(replica);
        }
    } else {
        daemon_drain(control_of(call)->daemon);
    }
    draining->left = count_left(draining);
    if (!call->more || draining->left == 0) {
        varlink_reply(call, say_left(draining));
        return;
    }
    ev_timer_start(control_loop(call)->ev, &draining->look);
    (void)varlink_reply_continues(call, say_left(draining));
}

void control_on_drain(struct varlink_call *call)
{
    const char *path = varlink_string(call, "path");
    struct place place = {.component = NULL};

    if (path != NULL) {
        if (!control_find_component(call, &place)) {
            return;
        }
        if (place.component->state != RUNNING && place.component->state != RESTARTING) {
            control_invalid_state(call, path, component_condition(place.component),
                                  "%s is not running", path);
            return;
        }
    }
    log_event(LOG_LEVEL_NOTICE, NULL, "draining %s, as uid %u asks", path != NULL ? path : "all",
              (unsigned)call->peer.uid);
    drain(call, place.component);
}

/* ---- log level ---- */

void control_on_log_level(struct varlink_call *call)
{
    const char *name = varlink_string(call, "level");
    enum log_level level;

    if (name != NULL) {
        if (!varlink_require_privilege(call)) {
            return;
        }
        REQUIRE(log_level_parse(name, &level)); /* the table has seen to it */
        log_set_level(level);
        control_event(control_of(call), "log_level", NULL, name);
    }
    varlink_reply(call, json_pack("{s:s}", "level", log_level_name(log_level())));
}
