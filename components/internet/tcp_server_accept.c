/* TCPServer's listening sockets: when it accepts from them, and how many.
 *
 *     open --> accepting <--> full, paused, or another worker's turn --> closed
 *
 * 1. Who comes alone costs one accept4(2); while more wait, each turn accepts more, up to ACCEPTS.
 * 2. When descriptors or memory run out (EMFILE, ENFILE, ENOBUFS, ENOMEM), or max_connections or
 *    limits.connections are there, it stops accepting, says so once, and goes on when there is
 *    room; clients wait in the backlog meanwhile.
 * 3. Where all workers accept from one socket (listening_socket.h) one of them does so at a time,
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

void tcp_server_take_place_anyway(struct component *self)
{
    const struct tcp_server *server = component_state(self);

    (void)count_up(&component_loop(self)->connections->now, 0);
    if (server->share != NULL) {
        (void)count_up(&server->share->count, 0);
    }
}

void tcp_server_give_place_back(struct component *self)
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

/* ---- accepting ---- */

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

        tcp_server_give_place_back(self);
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
        tcp_server_give_place_back(self);
        (void)close(fd);
        return true;
    }
    csa = tcp_server_create_connected_socket(self);
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
    if (inbox_is_ready(self, NEWCONNECTION) || (server->accepting && server->complained)) {
        handle_new_connection(self); /* after a complaint even if nobody may have come */
    } else if (server->accepting || alarm_is_set(&server->retry) || !has_turn(self)) {
        return true;
    } else if (is_full(server)) {
        wait_for_room(self); /* another worker was quicker: we are to be told once more */
    } else if (outbox_has_room(self, PROTOCOL_HANDLER_SIGNAL)) {
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
            while (!is_crowded(self) && !is_full(server) &&
                   outbox_has_room(self, PROTOCOL_HANDLER_SIGNAL) && self->state == RUNNING &&
                   accept_one(self, server->sockets[i].fd)) {
            }
        }
    }
}
