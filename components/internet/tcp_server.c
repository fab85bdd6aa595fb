/* TCPServer: listens, and makes a ConnectedSocketAdapter of each connection.
 *
 *     Selector --> [newconnection]     TCPServer [protocolHandlerSignal] --> ProtocolHandler
 *     adapters --> [_feedbackFromCSA]            [_selectorSignal]       --> Selector
 *                                                    newCSA, shutdownCSA
 *
 * Boxes and functions are those of the original's page.  What a modern server needs is added:
 *
 * 1. Who comes alone costs one accept4(2); while more wait, each turn accepts more, up to ACCEPTS.
 * 2. When descriptors or memory run out (EMFILE, ENFILE, ENOBUFS, ENOMEM), or max_connections or
 *    limits.connections are there, it stops accepting, says so once, and goes on when there is
 *    room; clients wait in the backlog meanwhile.
 * 3. serverShutdown, producerFinished and draining close the listening sockets, after accepting who
 *    had connected by then; the connections go on, and the server ends with the last of them.
 *    shutdownMicroprocess ends all at once.
 * 4. Where all workers accept from one socket (listening_socket.h) one of them does so at a time,
 *    and passes that on to the next: else all would be woken by whoever connects, and the
 *    quickest would have the most connections.
 * 5. idle_timeout costs nothing per message: adapters note the time, and a timer looks at them. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "components/internet/connected_socket_adapter.h"
#include "components/internet/listening_socket.h"
#include "components/internet/socket_options.h"
#include "components/internet/tcp_server.h"
#include "components/util/alarm.h"
#include "graph/document.h"
#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/readiness.h"
#include "graph/share.h"
#include "graph/workers.h"

enum {
    ACCEPTS = 64,
    ACCEPTS_BY_TURNS = 4, /* before the next worker's turn, if they come within a ms */
};

#define RETRY 1.0  /* seconds after running out of descriptors */
#define SWEEP 0.25 /* shortest time between looks at idle connections, seconds */

struct tcp_server {
    int64_t listenport;
    const char *host;
    int64_t minrange;
    int64_t maxrange;
    int64_t maxlisten;
    struct socket_options socketOptions;
    bool reuseport;
    bool keepalive;
    bool nodelay;
    int64_t max_connections;
    double idle_timeout;

    struct share *share; /* with the servers of other workers; NULL: there are none */
    struct listening_socket *sockets;
    struct readiness *readiness; /* of each socket */
    int socket_count;
    bool accepting;
    bool takes_turns;       /* the sockets are the same on all workers */
    uint32_t turn_since;    /* ms of the loop ... */
    unsigned accepted_then; /* ... and how many it has accepted since, in its turn */
    bool complained;
    unsigned most;           /* connections that a turn may accept */
    unsigned iteration;      /* of the loop, in which the last such turn was */
    struct list connections; /* graphs of one ConnectedSocketAdapter each */
    struct plan *csa_plan;
    struct blueprint *csa_blueprint;
    struct alarm retry; /* set: accepts nothing until then */
    ev_timer sweep;

    uint64_t now;
    uint64_t accepted;
    uint64_t failed;
    uint64_t unhandled;
    uint64_t timed_out;
    uint64_t paused;
};

enum { CONTROL, FEEDBACK_FROM_CSA, NEWCONNECTION };
enum { PROTOCOL_HANDLER_SIGNAL, SIGNAL, SELECTOR_SIGNAL, SELECTOR_SHUTDOWN_SIGNAL };

static void tell_selector(struct component *self, unsigned outbox, enum message_kind kind)
{
    struct tcp_server *server = component_state(self);

    for (int i = 0; i < server->socket_count; i++) {
        struct message *msg = message_notice(component_pool(self), kind, NULL, 0);

        msg->readiness = &server->readiness[i];
        outbox_send(self, outbox, msg);
    }
}

static bool has_turn(struct component *self)
{
    const struct tcp_server *server = component_state(self);

    return !server->takes_turns || share_has_turn(server->share, component_loop(self)->worker);
}

/* While it is another worker's turn it does not accept. */
static void set_accepting(struct component *self, bool accepting)
{
    struct tcp_server *server = component_state(self);

    if (accepting == server->accepting || (accepting && !has_turn(self))) {
        return;
    }
    server->accepting = accepting;
    if (accepting) {
        server->turn_since = loop_ms(component_loop(self));
        server->accepted_then = 0;
        if (server->takes_turns) { /* whoever has the turn speaks for all */
            server->complained = atomic_load(&server->share->troubled) > 0;
        }
        tell_selector(self, SELECTOR_SIGNAL, NEW_READER);
    } else {
        tell_selector(self, SELECTOR_SHUTDOWN_SIGNAL, REMOVE_READER);
    }
}

/* ---- listening ---- */

static bool has_port(const char *host)
{
    return host == NULL || (strncmp(host, "unix:", 5) != 0 && strncmp(host, "systemd:", 8) != 0);
}

/* The port that this server had before a reload, if it is in the range; else a random one of it. */
static int64_t first_port(const struct tcp_server *server, const struct listening_request *request)
{
    const char *name = listeners_kept_before(request->listeners, &request->owner);
    const char *colon = name != NULL ? strrchr(name, ':') : NULL;
    const int64_t port = colon != NULL ? strtol(colon + 1, NULL, 10) : 0;

    if (port >= server->minrange && port <= server->maxrange) {
        return port;
    }
    return server->minrange +
           arc4random_uniform((uint32_t)(server->maxrange - server->minrange + 1));
}

/* Without a listenport: ports of the range, one after the other, until one is free. */
static int try_range(struct component *self, struct listening_request *request, char *text,
                     size_t size)
{
    struct tcp_server *server = component_state(self);
    const int64_t count = request->worker > 0 ? 1 : server->maxrange - server->minrange + 1;
    const int64_t first = first_port(server, request) - server->minrange;
    int result = -EADDRINUSE;

    for (int64_t i = 0; i < count && result == -EADDRINUSE; i++) {
        request->port =
            (int)(server->minrange + (first + i) % (server->maxrange - server->minrange + 1));
        result = listening_open(request, server->sockets, text, size);
    }
    if (result == -EADDRINUSE) {
        (void)snprintf(text, size, "every port from %lld to %lld is in use",
                       (long long)server->minrange, (long long)server->maxrange);
    }
    return result;
}

/* makeTCPServerPort of the original: opens the sockets.  Returns 0, or -errno after it failed. */
static int make_tcp_server_port(struct component *self)
{
    struct tcp_server *server = component_state(self);
    const struct loop *loop = component_loop(self);
    struct listening_request request = {
        .host = server->host,
        .port = (int)server->listenport,
        .backlog = (int)server->maxlisten,
        .reuseport = server->reuseport,
        .nodelay = server->nodelay,
        .keepalive = server->keepalive,
        .options = &server->socketOptions,
        .worker = server->share != NULL ? loop->worker : 0,
        .workers = server->share != NULL ? worker_count(loop) : 1,
        .listeners = loop->listeners,
        .owner = {.graph = graph_root(self->graph), .component = component_outermost(self)}};
    char path[PATH_SIZE];
    char text[400];
    int result;

    request.owner.path = component_path(self, path, sizeof(path));
    server->sockets = mem_alloc_array(LISTENING_MOST, sizeof(struct listening_socket));
    if (has_port(server->host) && server->listenport == 0) {
        result = try_range(self, &request, text, sizeof(text));
    } else {
        result = listening_open(&request, server->sockets, text, sizeof(text));
    }
    if (result < 0) {
        return component_fail(self, 0, "%s", text);
    }
    server->socket_count = result;
    server->readiness = mem_alloc_array((size_t)result, sizeof(struct readiness));
    for (int i = 0; i < result; i++) {
        readiness_init(&server->readiness[i], self, server->sockets[i].fd, NEWCONNECTION,
                       NEWCONNECTION);
    }
    return 0;
}

static void stop_listening(struct component *self)
{
    struct tcp_server *server = component_state(self);

    set_accepting(self, false);
    if (server->takes_turns) {
        server->takes_turns = false;
        share_leave_turns(server->share, component_loop(self)->worker);
    }
    for (int i = 0; i < server->socket_count; i++) {
        listening_close(&server->sockets[i], component_loop(self)->listeners);
    }
    server->socket_count = 0;
    alarm_stop(self, &server->retry);
}

/* ---- connections ---- */

static void pause_accepting(struct component *self, int error)
{
    struct tcp_server *server = component_state(self);

    set_accepting(self, false);
    server->paused++;
    if (!server->complained) {
        server->complained = true;
        if (server->share == NULL || atomic_fetch_add(&server->share->troubled, 1) == 0) {
            component_log(self, LOG_LEVEL_WARNING, "accepting no more connections for now: %s",
                          error != 0 ? strerror(error) : "as many as limits.connections are there");
        }
    }
    alarm_set(self, &server->retry, RETRY);
}

static bool is_full(const struct tcp_server *server)
{
    const uint64_t now = server->share != NULL ? atomic_load(&server->share->count) : server->now;

    return server->max_connections > 0 && now >= (uint64_t)server->max_connections;
}

/* All servers together have as many connections as the file allows. */
static bool is_crowded(const struct component *self)
{
    const struct connections *connections = component_loop(self)->connections;

    return connections->limit > 0 &&
           atomic_load_explicit(&connections->now, memory_order_relaxed) >= connections->limit;
}

/* Counts one more, unless there are so many.  Never more than that even for a moment: another
 * worker that looks in that moment would wait for room that there is. limit: 0: none */
static bool count_up(_Atomic uint64_t *count, uint64_t limit)
{
    uint64_t now = atomic_load(count);

    do {
        if (limit > 0 && now >= limit) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(count, &now, now + 1));
    return true;
}

/* Counts one more connection, unless other workers have just taken the last place. */
static bool take_place(struct component *self)
{
    const struct tcp_server *server = component_state(self);
    struct connections *connections = component_loop(self)->connections;

    if (!count_up(&connections->now, connections->limit)) {
        return false;
    }
    if (server->share != NULL &&
        !count_up(&server->share->count, (uint64_t)server->max_connections)) {
        (void)atomic_fetch_sub_explicit(&connections->now, 1, memory_order_relaxed);
        return false;
    }
    return true;
}

static void give_place_back(struct component *self)
{
    const struct tcp_server *server = component_state(self);

    (void)atomic_fetch_sub_explicit(&component_loop(self)->connections->now, 1,
                                    memory_order_relaxed);
    if (server->share != NULL) {
        (void)atomic_fetch_sub(&server->share->count, 1);
        share_wake_others(server->share);
    }
}

/* Accepts nothing until a connection ends, or there is room for its newCSA. */
static void wait_for_room(struct component *self)
{
    const struct tcp_server *server = component_state(self);

    set_accepting(self, false);
    if (server->share != NULL) {
        share_await(server->share);
        if (!is_full(server)) {
            component_wake(self); /* one has ended meanwhile, on another worker */
        }
    }
}

/* Has the timer look at the connections until there is no more to look for. */
static void start_sweeping(struct component *self)
{
    struct tcp_server *server = component_state(self);

    if (!ev_is_active(&server->sweep)) {
        ev_timer_again(component_ev(self), &server->sweep);
    }
}

/* createConnectedSocket of the original: an adapter for an accepted socket, which it gets by
 * csa_init(), or by its .restore where another process had accepted it.  Whoever gets its
 * newCSA links and starts it. */
static struct component *create_connected_socket(struct component *self)
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

/* One that another process had accepted is in its place, whatever the limits are here. */
static struct component *adopt_connected_socket(struct component *self)
{
    const struct tcp_server *server = component_state(self);

    (void)count_up(&component_loop(self)->connections->now, 0);
    if (server->share != NULL) {
        (void)count_up(&server->share->count, 0);
    }
    return create_connected_socket(self);
}

/* Accepts one connection.  Returns false when there is no more to be had now. */
static bool accept_one(struct component *self, int listening)
{
    struct tcp_server *server = component_state(self);
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    struct component *csa;
    int fd;

    if (!take_place(self)) {
        return false; /* we are told again, and shall see that there is no room */
    }
    fd = accept4(listening, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1) {
        const int error = errno;

        give_place_back(self);
        switch (error) {
        case EAGAIN:
            return false;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            pause_accepting(self, error);
            return false;
        case EBADF:
        case EINVAL:
        case ENOTSOCK:
        case EOPNOTSUPP:
            (void)component_fail(self, error, "could not accept connections");
            return false;
        default: /* that connection went away before it was ours; see accept(2) */
            return true;
        }
    }
    if (!outbox_is_linked(self, PROTOCOL_HANDLER_SIGNAL)) {
        server->unhandled++;
        (void)atomic_fetch_add_explicit(&component_loop(self)->connections->refused, 1,
                                        memory_order_relaxed);
        give_place_back(self);
        (void)close(fd);
        return true;
    }
    csa = create_connected_socket(self);
    csa_init(csa, fd, &peer);
    outbox_notify(self, PROTOCOL_HANDLER_SIGNAL, NEW_CSA, csa, 0);
    return true;
}

/* How many to accept in this turn.  To find that nobody waits costs a twentieth of a connection
 * (accept4 makes a socket before it looks), so it is not tried after the first; if there are more,
 * libev says so in its next iteration.  Who had to stop accepting has to find it, to know that this
 * is over. */
static unsigned accepts_in_turn(struct component *self)
{
    struct tcp_server *server = component_state(self);
    const unsigned iteration = ev_iteration(component_ev(self));

    if (server->takes_turns) {
        return ACCEPTS_BY_TURNS - server->accepted_then;
    }
    server->most = iteration == server->iteration + 1 ? server->most * 2 + 1 : 1;
    if (server->most > ACCEPTS || server->complained) {
        server->most = ACCEPTS;
    }
    server->iteration = iteration;
    return server->most;
}

/* To pass the turn on costs about as much as a connection: those who come one by one are dealt out
 * one by one, a crowd some at a time. */
static bool is_turn_over(struct component *self)
{
    const struct tcp_server *server = component_state(self);

    return server->takes_turns && server->accepting && server->accepted_then > 0 &&
           (server->accepted_then >= ACCEPTS_BY_TURNS ||
            server->turn_since != loop_ms(component_loop(self)));
}

/* handleNewConnection of the original: the listening sockets are ready. */
static void handle_new_connection(struct component *self)
{
    struct tcp_server *server = component_state(self);
    const unsigned most = accepts_in_turn(self);
    unsigned left = most;

    for (int i = 0; i < server->socket_count; i++) {
        for (; left > 0; left--) {
            if (is_crowded(self)) {
                pause_accepting(self, 0); /* another server's may end */
                return;
            }
            if (is_full(server) || !outbox_has_room(self, PROTOCOL_HANDLER_SIGNAL)) {
                wait_for_room(self);
                return;
            }
            if (!accept_one(self, server->sockets[i].fd)) {
                break;
            }
        }
    }
    server->accepted_then += most - left;
    if (is_turn_over(self)) {
        set_accepting(self, false);
        share_pass_turn(server->share, component_loop(self)->worker);
        set_accepting(self, true); /* there may be nobody else */
    }
    if (left == 0) { /* more may wait */
        if (server->complained) {
            component_wake(self); /* or nobody, and then it is over: see run() */
        }
        return;
    }
    server->most = 0;
    if (server->accepting && server->complained) {
        server->complained = false;
        if (server->share == NULL || atomic_fetch_sub(&server->share->troubled, 1) == 1) {
            component_log(self, LOG_LEVEL_NOTICE, "accepting connections again");
        }
    }
}

/* Who has connected, and would be reset if the socket were closed now.  Nobody, if another server
 * has taken it over. */
static void accept_waiting(struct component *self)
{
    struct tcp_server *server = component_state(self);

    for (int i = 0; i < server->socket_count; i++) {
        if (listening_is_last(&server->sockets[i], component_loop(self)->listeners)) {
            while (!is_crowded(self) && !is_full(server) &&
                   outbox_has_room(self, PROTOCOL_HANDLER_SIGNAL) && self->state == RUNNING &&
                   accept_one(self, server->sockets[i].fd)) {
            }
        }
    }
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
    give_place_back(self);
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

static void tcp_server_drain(struct component *self)
{
    const struct tcp_server *server = component_state(self);

    accept_waiting(self);
    stop_listening(self);
    if (server->now == 0) {
        component_finish(self);
    }
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
            accept_waiting(self);
            stop_listening(self);
        }
        message_release(msg);
    }
    return true;
}

static void tcp_server_run(struct component *self)
{
    struct tcp_server *server = component_state(self);

    if (!heed_control(self)) {
        return;
    }
    any_closed_sockets(self);
    if (server->socket_count == 0) {
        if (server->now == 0) {
            component_finish(self);
        }
        return;
    }
    if (inbox_is_ready(self, NEWCONNECTION) || (server->accepting && server->complained)) {
        handle_new_connection(self); /* after a complaint even if nobody may have come */
    } else if (server->accepting || alarm_is_set(&server->retry) || !has_turn(self)) {
        return;
    } else if (is_full(server)) {
        wait_for_room(self); /* another worker was quicker: we are to be told once more */
    } else if (outbox_has_room(self, PROTOCOL_HANDLER_SIGNAL)) {
        set_accepting(self, true);
        if (server->complained) { /* is it over? nobody may connect for long */
            handle_new_connection(self);
        }
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
    result = make_tcp_server_port(self);
    if (result < 0) {
        return result;
    }
    server->csa_plan = plan_single(&connected_socket_adapter_type);
    server->csa_blueprint = blueprint_create(component_loop(self), server->csa_plan);
    server->takes_turns = server->share != NULL && !has_port(server->host);
    if (server->takes_turns) {
        share_join_turns(server->share, component_loop(self)->worker);
    }
    set_accepting(self, true);
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

    stop_listening(self);
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
    if (!has_port(request->host) && request->port != 0) {
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
