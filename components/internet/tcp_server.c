/* TCPServer: listens, and makes a ConnectedSocketAdapter of each connection.
 *
 *     Selector --> [newconnection]     TCPServer [protocolHandlerSignal] --> ProtocolHandler
 *     adapters --> [_feedbackFromCSA]            [_selectorSignal]       --> Selector
 *                                                    newCSA, shutdownCSA
 *
 * Boxes and functions are those of the original's page.  What a modern server needs is added:
 *
 * 1. It accepts as many as there is room for, and lets others wait: tcp_server_accept.c.
 * 2. serverShutdown, producerFinished and draining close the listening sockets, after accepting who
 *    had connected by then; the connections go on, and the server ends with the last of them.
 *    shutdownMicroprocess ends all at once.
 * 3. idle_timeout costs nothing per message: adapters note the time, and a timer looks at them. */
#include "components/internet/tcp_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/internet/connected_socket_adapter.h"
#include "components/internet/tcp_server_private.h"
#include "graph/document.h"
#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/plan.h"

#define SWEEP 0.25 /* shortest time between looks at idle connections, seconds */

/* ---- connections ---- */

/* Has the timer look at the connections until there is no more to look for. */
static void start_sweeping(struct component *self)
{
    struct tcp_server *server = component_state(self);

    if (!ev_is_active(&server->sweep)) {
        ev_timer_again(component_ev(self), &server->sweep);
    }
}

struct component *tcp_server_create_connected_socket(struct component *self)
{
    struct tcp_server *server = component_state(self);
    const uint64_t accepted = ++server->accepted;
    const uint64_t number =
        server->share != NULL ? atomic_fetch_add(&server->share->numbers, 1) + 1 : accepted;
    struct graph *graph = blueprint_instantiate(server->csa_blueprint, self, number);
    struct component *csa = graph_component(graph, 0);

    server->now++;
    if (server->idle_timeout > 0) {
        start_sweeping(self);
    }
    (void)atomic_fetch_add_explicit(&component_loop(self)->connections->in_all, 1,
                                    memory_order_relaxed);
    return csa;
}

/* One that another process had accepted. */
static struct component *adopt_connected_socket(struct component *self)
{
    tcp_server_take_place_anyway(self);
    return tcp_server_create_connected_socket(self);
}

/* closeSocket of the original. */
static void close_socket(struct component *self, struct component *csa)
{
    struct tcp_server *server = component_state(self);

    if (csa_error(csa) == ETIMEDOUT) {
        server->timed_out++;
    } else if (csa_error(csa) != 0) {
        server->failed++;
    }
    csa_close(csa);
    alarm_stop(self, &server->retry); /* there is a descriptor again */
    outbox_notify(self, PROTOCOL_HANDLER_SIGNAL, SHUTDOWN_CSA, csa, csa_error(csa));
    component_finish(csa);
}

/* anyClosedSockets of the original: reads _feedbackFromCSA.  producerFinished there is ours: the
 * adapter has sent all it had to. */
static void any_closed_sockets(struct component *self)
{
    struct message *msg;

    while ((msg = inbox_take(self, FEEDBACK_FROM_CSA)) != NULL) {
        if (msg->about != NULL && !component_is_over(msg->about)) {
            if (msg->kind == SOCKET_SHUTDOWN) {
                close_socket(self, msg->about);
            } else {
                start_sweeping(self); /* it waits for its peer to close, but not for ever */
            }
        }
        message_release(msg);
    }
}

/* A connection's adapter has ended; its protocol is told. */
static void tcp_server_graph_ended(struct component *self, struct graph *graph)
{
    struct tcp_server *server = component_state(self);
    struct component *csa = graph_component(graph, 0);

    csa_close(csa); /* where nobody had started it */
    server->now--;
    tcp_server_give_place_back(self);
    if (graph->peer != NULL) {
        graph_tell(graph->peer, SOCKET_SHUTDOWN, csa_error(csa));
    }
    if (!server->accepting) {
        component_wake(self); /* there is room again, or this was the last */
    }
}

static void on_sweep(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    struct component *self = watcher->data;
    const struct tcp_server *server = component_state(self);
    const struct list *at;
    bool lingering = false;

    list_for_each (at, &server->connections) {
        const struct graph *graph =
            container_of((struct list *)(uintptr_t)at, struct graph, sibling);

        lingering = csa_expire(graph_component(graph, 0), server->idle_timeout) > 0 || lingering;
    }
    if (server->now == 0 || (server->idle_timeout <= 0 && !lingering)) {
        ev_timer_stop(ev, watcher);
    }
}

/* ---- life ---- */

/* It listens no more: its last connection is its end. */
static void finish_after_the_last(struct component *self)
{
    const struct tcp_server *server = component_state(self);

    if (server->now == 0) {
        component_finish(self);
    }
}

static void tcp_server_drain(struct component *self)
{
    tcp_server_accept_waiting(self);
    tcp_server_stop_listening(self);
    finish_after_the_last(self);
}

/* Returns false when the server has ended. */
static bool heed_control(struct component *self)
{
    struct message *msg;

    if (component_is_told_to_stop(self)) {
        outbox_notify(self, SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
        component_finish(self);
        return false;
    }
    while ((msg = inbox_take(self, CONTROL)) != NULL) {
        if (msg->kind == SERVER_SHUTDOWN || msg->kind == PRODUCER_FINISHED) {
            tcp_server_accept_waiting(self);
            tcp_server_stop_listening(self);
        }
        message_release(msg);
    }
    return true;
}

static void tcp_server_run(struct component *self)
{
    if (!heed_control(self)) {
        return;
    }
    any_closed_sockets(self);
    if (!tcp_server_accept(self)) {
        finish_after_the_last(self);
    }
}

static void set_sweep(struct tcp_server *server)
{
    const double period = server->idle_timeout / 4;

    server->sweep.repeat = period > SWEEP ? period : SWEEP;
}

/* Who waits because of max_connections is accepted by run(). */
static void tcp_server_changed(struct component *self)
{
    struct tcp_server *server = component_state(self);

    set_sweep(server);
    if (server->now > 0) { /* it ends by itself if there is nothing to look for */
        ev_timer_again(component_ev(self), &server->sweep);
    }
}

static int tcp_server_start(struct component *self)
{
    struct tcp_server *server = component_state(self);
    char text[400];
    int result;

    server->share = share_of(self);
    list_init(&server->connections);
    ev_init(&server->sweep, on_sweep);
    server->sweep.data = self;
    set_sweep(server);
    result = tcp_server_start_listening(self);
    if (result < 0) {
        return result;
    }
    server->csa_plan = plan_single(&connected_socket_adapter_type);
    server->csa_blueprint = blueprint_create(component_loop(self), server->csa_plan);
    if (server->share == NULL || component_loop(self)->worker == 0) { /* it speaks for all */
        (void)self->type->describe(self, text, sizeof(text));
        component_log(self, LOG_LEVEL_INFO, "%s", text);
    }
    return 0;
}

/* stop of the original: the listening sockets are closed, and with the component its connections.
 */
static void tcp_server_stop(struct component *self)
{
    struct tcp_server *server = component_state(self);

    tcp_server_stop_listening(self);
    ev_timer_stop(component_ev(self), &server->sweep);
    blueprint_release(server->csa_blueprint);
    plan_release(server->csa_plan);
    free(server->sockets);
    free(server->readiness);
}

static bool tcp_server_describe(struct component *self, char *text, size_t size)
{
    const struct tcp_server *server = component_state(self);
    size_t used;

    if (server->socket_count == 0) {
        (void)snprintf(text, size, "no longer listening");
        return true;
    }
    (void)snprintf(text, size, "listening on");
    for (int i = 0; i < server->socket_count && !server->sockets[i].is_left; i++) {
        used = strlen(text);
        (void)snprintf(text + used, size - used, " %s", server->sockets[i].name);
    }
    return true;
}

bool tcp_server_fits(const struct tcp_server_request *request, const struct node *at,
                     struct error *err)
{
    if (request->minrange > request->maxrange) {
        return error_set(err, at, "minrange (%lld) must not be above maxrange (%lld)",
                         (long long)request->minrange, (long long)request->maxrange);
    }
    if (!listening_has_port(request->host) && request->port != 0) {
        return error_set(err, at, "%s has no port, so %s must be 0", shown(request->host).text,
                         request->port_name);
    }
    return true;
}

static bool tcp_server_check(const void *state, const struct node *at, struct error *err)
{
    const struct tcp_server *server = state;
    const struct tcp_server_request request = {.port_name = "listenport",
                                               .host = server->host,
                                               .port = server->listenport,
                                               .minrange = server->minrange,
                                               .maxrange = server->maxrange};

    return tcp_server_fits(&request, at, err);
}

static const struct box_spec inboxes[] = {
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "serverShutdown: stop listening; shutdownMicroprocess: stop at once"},
    [FEEDBACK_FROM_CSA] = {.name = "_feedbackFromCSA",
                           .carries = NOTICES,
                           .from_made = true,
                           .doc = "socketShutdown from adapters whose connection is over"},
    [NEWCONNECTION] = {.name = "newconnection",
                       .carries = READINESS,
                       .rare = true,
                       .doc = "the Selector: somebody wants to connect"},
    {0},
};
static const struct box_spec outboxes[] = {
    [PROTOCOL_HANDLER_SIGNAL] = {.name = "protocolHandlerSignal",
                                 .carries = CONNECTIONS,
                                 .main = true,
                                 .required = true,
                                 .doc = "newCSA for each connection, shutdownCSA when it is over"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "producerFinished once it listens no more and all connections are over"},
    [SELECTOR_SIGNAL] = {.name = "_selectorSignal",
                         .carries = NOTICES,
                         .rare = true,
                         .service = "selector",
                         .doc = "newReader for the listening sockets"},
    [SELECTOR_SHUTDOWN_SIGNAL] = {.name = "_selectorShutdownSignal",
                                  .carries = NOTICES,
                                  .rare = true,
                                  .service = "selector",
                                  .doc = "removeReader for the listening sockets"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_INT(struct tcp_server, listenport), .min = 0, .max = 65535,
     .doc = "port to listen on; 0 or left out: a free one from minrange to maxrange"},
    TCP_SERVER_PARAMETERS(struct tcp_server),
    {0},
};
static const struct stat_spec statistics[] = {
    {.name = "connections",
     .offset = offsetof(struct tcp_server, now),
     .unit = "connections",
     .is_gauge = true,
     .doc = "now"},
    {STAT(struct tcp_server, accepted), .unit = "connections", .doc = "in all"},
    {STAT(struct tcp_server, failed), .unit = "connections", .doc = "ended by an error"},
    {STAT(struct tcp_server, timed_out), .unit = "connections", .doc = "closed by idle_timeout"},
    {STAT(struct tcp_server, unhandled), .unit = "connections", .is_worrying = true,
     .doc = "closed at once, as protocolHandlerSignal leads nowhere"},
    {STAT(struct tcp_server, paused), .unit = "times", .is_worrying = true,
     .doc = "that accepting stopped for want of descriptors or memory"},
    {0},
};

const struct component_type tcp_server_type = {
    .name = "TCPServer",
    .on_each_worker = true,
    .summary = "listens, and makes a ConnectedSocketAdapter of each connection",
    .size = sizeof(struct tcp_server),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .lasts = true,
    .heeds_control = true,
    .children = offsetof(struct tcp_server, connections),
    .check = tcp_server_check,
    .adopt = adopt_connected_socket,
    .start = tcp_server_start,
    .run = tcp_server_run,
    .changed = tcp_server_changed,
    .drain = tcp_server_drain,
    .graph_ended = tcp_server_graph_ended,
    .stop = tcp_server_stop,
    .describe = tcp_server_describe,
};
