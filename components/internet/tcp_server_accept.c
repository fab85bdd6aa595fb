/* TCPServer's listening sockets: when it accepts from them, and how many.
 *
 *     open --> accepting <--> full, paused, or another worker's turn --> closed
 *
 * 1. Who comes alone costs one accept4(2); while more wait, each turn accepts more, up to ACCEPTS.
 * 2. When descriptors or memory run out (EMFILE, ENFILE, ENOBUFS, ENOMEM), or max_connections or
 *    limits.connections are there, it stops accepting, says so once, and goes on when there is
 *    room; clients wait in the backlog meanwhile.
 * 3. The servers that such a limit holds up wait in a line (places.h), and accept one connection
 *    each in turn: else the worker whose connections end most often would take all places, and who
 *    waits at another would do so for ever.  It needs a place below max_connections first, and then
 *    one below limits.connections.
 * 4. Where all workers accept from one socket (listening_socket.h) one of them does so at a time,
 *    and passes that on to the next: else all would be woken by whoever connects, and the
 *    quickest would have the most connections. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "components/internet/connected_socket_adapter.h"
#include "components/internet/tcp_server_private.h"
#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/workers.h"

enum {
    ACCEPTS = 64,
    ACCEPTS_BY_TURNS = 4, /* before the next worker's turn, if they come within a ms */
};

#define RETRY 1.0 /* seconds after running out of descriptors */

static void tell_selector(struct component *self, unsigned outbox, enum message_kind kind)
{
    struct tcp_server *server = component_state(self);

    for (int i = 0; i < server->socket_count; i++) {
        readiness_ask(&server->readiness[i], outbox, kind);
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

/* ---- the listening sockets ---- */

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
    if (listening_has_port(server->host) && server->listenport == 0) {
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

int tcp_server_start_listening(struct component *self)
{
    struct tcp_server *server = component_state(self);
    const int result = make_tcp_server_port(self);

    if (result < 0) {
        return result;
    }
    server->below_limits = seeker_create(self, &component_loop(self)->connections->places);
    if (server->share != NULL) {
        server->below_max = seeker_create(self, &server->share->places);
    }
    server->takes_turns = server->share != NULL && !listening_has_port(server->host);
    if (server->takes_turns) {
        share_join_turns(server->share, component_loop(self)->worker);
    }
    set_accepting(self, true);
    return 0;
}

void tcp_server_stop_listening(struct component *self)
{
    struct tcp_server *server = component_state(self);

    set_accepting(self, false);
    seeker_destroy(server->below_limits);
    seeker_destroy(server->below_max);
    server->below_limits = NULL;
    server->below_max = NULL;
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

/* ---- how many there may be ---- */

/* Where there is no other worker's server: its own connections are all that count. */
static bool is_full(const struct tcp_server *server)
{
    return server->share == NULL && server->max_connections > 0 &&
           server->now >= (uint64_t)server->max_connections;
}

static bool is_in_line(const struct tcp_server *server)
{
    return seeker_is_waiting(server->below_limits) || seeker_is_waiting(server->below_max);
}

/* Returns false if it stood in none. */
static bool leave_lines(struct tcp_server *server)
{
    const bool was_below_limits = seeker_leave(server->below_limits);

    return seeker_leave(server->below_max) || was_below_limits;
}

/* One of each kind; the order is that of the lines. */
static bool take_place(struct component *self)
{
    struct tcp_server *server = component_state(self);

    if (is_full(server)) {
        (void)leave_lines(server);
        return false;
    }
    if (server->below_max != NULL &&
        !seeker_take(server->below_max, (uint64_t)server->max_connections)) {
        (void)seeker_leave(server->below_limits); /* others wait there */
        return false;
    }
    if (!seeker_take(server->below_limits, component_loop(self)->connections->limit)) {
        if (server->below_max != NULL) {
            seeker_put_back(server->below_max);
        }
        return false;
    }
    return true;
}

void tcp_server_take_place_anyway(struct component *self)
{
    const struct tcp_server *server = component_state(self);

    places_take_anyway(&component_loop(self)->connections->places);
    if (server->share != NULL) {
        places_take_anyway(&server->share->places);
    }
}

void tcp_server_give_place_back(struct component *self)
{
    const struct tcp_server *server = component_state(self);

    places_give_back(&component_loop(self)->connections->places);
    if (server->share != NULL) {
        places_give_back(&server->share->places);
    }
}

static void complain(struct component *self, const char *why)
{
    struct tcp_server *server = component_state(self);

    if (server->complained) {
        return;
    }
    server->complained = true;
    if (server->share == NULL || atomic_fetch_add(&server->share->troubled, 1) == 0) {
        component_log(self, LOG_LEVEL_WARNING, "accepting no more connections for now: %s", why);
    }
}

/* Accepts nothing until it is run: by its turn for a place, or as one of its connections ends. */
static void wait_for_place(struct component *self)
{
    struct tcp_server *server = component_state(self);

    set_accepting(self, false);
    if (seeker_is_waiting(server->below_limits)) {
        server->paused += server->complained ? 0 : 1;
        complain(self, "as many as limits.connections are there");
    }
}

/* Until there is room for newCSA. */
static void wait_for_room(struct component *self)
{
    set_accepting(self, false);
    (void)leave_lines(component_state(self));
}

static void wait_for_resources(struct component *self, int error)
{
    struct tcp_server *server = component_state(self);

    set_accepting(self, false);
    (void)leave_lines(server);
    server->paused++;
    complain(self, strerror(error));
    alarm_set(self, &server->retry, RETRY);
}

/* It was its turn for a place, if it stood in a line.  The next time another socket comes first. */
static void end_turn_in_line(struct component *self, int tried)
{
    struct tcp_server *server = component_state(self);

    if (leave_lines(server)) {
        server->first_socket = tried + 1;
        set_accepting(self, true);
    }
}

/* ---- accepting ---- */

/* Accepts one connection, for a place that was taken.  Returns false when there is no more to be
 * had now. */
static bool accept_one(struct component *self, int listening)
{
    struct tcp_server *server = component_state(self);
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    struct component *csa;
    int fd;

    fd = accept4(listening, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1) {
        const int error = errno;

        tcp_server_give_place_back(self);
        switch (error) {
        case EAGAIN:
            return false;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            wait_for_resources(self, error);
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
        tcp_server_give_place_back(self);
        (void)close(fd);
        return true;
    }
    csa = tcp_server_create_connected_socket(self);
    csa_init(csa, fd, &peer);
    csa_expect(csa);
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

    if (is_in_line(server)) {
        return 2; /* one, and then it is at the end of the line at once, if there still is one */
    }
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
        const int socket = (server->first_socket + i) % server->socket_count;

        for (; left > 0; left--) {
            if (!outbox_has_room(self, PROTOCOL_HANDLER_SIGNAL)) {
                wait_for_room(self);
                return;
            }
            if (!take_place(self)) {
                wait_for_place(self);
                return;
            }
            if (!accept_one(self, server->sockets[socket].fd)) {
                break;
            }
            end_turn_in_line(self, socket);
        }
    }
    end_turn_in_line(self, 0); /* nobody has come */
    server->accepted_then += most - left;
    if (is_turn_over(self)) {
        set_accepting(self, false);
        share_pass_turn(server->share, component_loop(self)->worker);
        set_accepting(self, true); /* there may be nobody else */
    }
    if (left == 0) { /* more may wait */
        if (server->complained) {
            component_wake(self); /* or nobody, and then it is over: see tcp_server_accept() */
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

bool tcp_server_accept(struct component *self)
{
    struct tcp_server *server = component_state(self);

    if (server->socket_count == 0) {
        return false;
    }
    if (inbox_is_ready(self, NEWCONNECTION) || is_in_line(server) ||
        (server->accepting && server->complained)) {
        handle_new_connection(self); /* in turn, or after a complaint, even if nobody has come */
    } else if (!server->accepting && !alarm_is_set(&server->retry) && has_turn(self) &&
               !is_full(server) && outbox_has_room(self, PROTOCOL_HANDLER_SIGNAL)) {
        set_accepting(self, true);
        if (server->complained) { /* is it over? nobody may connect for long */
            handle_new_connection(self);
        }
    }
    return true;
}

void tcp_server_accept_waiting(struct component *self)
{
    struct tcp_server *server = component_state(self);

    for (int i = 0; i < server->socket_count; i++) {
        if (listening_is_last(&server->sockets[i], component_loop(self)->listeners)) {
            while (outbox_has_room(self, PROTOCOL_HANDLER_SIGNAL) && self->state == RUNNING &&
                   take_place(self) && accept_one(self, server->sockets[i].fd)) {
            }
        }
    }
}
