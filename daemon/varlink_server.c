/* The Varlink server: accepts clients, and divides the loop's time among them. */
#include "daemon/varlink_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_PER_TURN = 16 };

#define RETRY_SECONDS  1.0
#define PATROL_SECONDS 5.0

void varlink_note(struct varlink_server *server, const char *text)
{
    if (server->service->note != NULL) {
        server->service->note(server->context, text);
    }
}

bool varlink_turn_admits(struct varlink_connection *conn)
{
    struct varlink_server *server = conn->server;
    unsigned iteration = ev_iteration(server->loop);

    if (server->turn.iteration != iteration) {
        server->turn.iteration = iteration;
        server->turn.spent = 0;
        if (!server->turn.skipped) {
            server->turn.round++;
        }
        server->turn.skipped = false;
    }
    if (conn->round == server->turn.round) {
        return false;
    }
    if (server->turn.spent >= VARLINK_TURN) {
        server->turn.skipped = true;
        return false;
    }
    conn->round = server->turn.round;
    return true;
}

/* Takes up accepting again, if it was paused. */
static void on_nudge(struct ev_loop *loop, ev_idle *watcher, int revents)
{
    ev_idle_stop(loop, watcher); /* it has kept libev from waiting, which was all */
}

void varlink_server_nudge(struct varlink_server *server, struct varlink_connection *conn)
{
    ev_feed_event(server->loop, &conn->io, EV_WRITE);
    if (!ev_is_active(&server->nudge)) {
        ev_idle_start(server->loop, &server->nudge);
    }
}

void varlink_server_resume(struct varlink_server *server)
{
    if (server->accepting) {
        return;
    }
    server->accepting = true;
    ev_timer_stop(server->loop, &server->retry);
    for (struct varlink_listener *l = server->listeners; l != NULL; l = l->next) {
        ev_io_start(server->loop, &l->io);
    }
}

static void on_retry(struct ev_loop *loop, ev_timer *watcher, int revents)
{
    varlink_server_resume(watcher->data);
}

/* A waiting client keeps the socket readable: without a pause the loop would spin. */
static void pause_accepting(struct varlink_server *server)
{
    server->accepting = false;
    for (struct varlink_listener *l = server->listeners; l != NULL; l = l->next) {
        ev_io_stop(server->loop, &l->io);
    }
    ev_timer_set(&server->retry, RETRY_SECONDS, 0);
    ev_timer_start(server->loop, &server->retry);
}

/* Says why before hanging up.  What does not fit into the new socket's buffer is not worth waiting.
 */
static void refuse(struct varlink_server *server, int fd)
{
    const char *error = server->service->too_many_clients;
    json_t *message = NULL;
    char *text = NULL;

    if (error != NULL) {
        message = json_pack("{s:s, s:{s:i}}", "error", error, "parameters", "limit",
                            (int)server->max_clients);
    }
    if (message != NULL) {
        text = json_dumps(message, JSON_COMPACT);
    }
    if (text != NULL) {
        (void)!send(fd, text, strlen(text) + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    free(text);
    json_decref(message);
    close(fd);
}

static void welcome(struct varlink_server *server, int fd)
{
    struct ucred cred;
    socklen_t size = sizeof(cred);
    struct varlink_peer peer;
    struct varlink_connection *conn;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) == -1) {
        close(fd);
        return;
    }
    peer.uid = cred.uid;
    peer.gid = cred.gid;
    peer.pid = cred.pid;
    peer.privileged = cred.uid == 0 || cred.uid == geteuid();

    conn = varlink_connection_create(server, fd, &peer);
    if (conn == NULL) {
        return;
    }
    conn->next = server->connections;
    if (conn->next != NULL) {
        conn->next->previous = conn;
    }
    server->connections = conn;
    server->clients++;
}

void varlink_on_acceptable(struct ev_loop *loop, ev_io *watcher, int revents)
{
    struct varlink_server *server = watcher->data;

    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(watcher->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd == -1) {
            if (errno == EINTR || errno == ECONNABORTED) {
                continue;
            }
            if (errno != EAGAIN) {
                varlink_note(server, "control socket: cannot accept a client now; trying again");
                pause_accepting(server);
            }
            return;
        }
        if (server->clients >= server->max_clients) {
            refuse(server, fd);
        } else {
            welcome(server, fd);
        }
    }
}

/* Looks after connections that do not read, and so would not notice that their client is gone. */
static void on_patrol(struct ev_loop *loop, ev_timer *watcher, int revents)
{
    struct varlink_server *server = watcher->data;
    bool any = false;

    for (struct varlink_connection *c = server->connections; c != NULL; c = c->next) {
        if (c->deaf && varlink_connection_peer_is_gone(c)) {
            varlink_connection_lose(c);
        } else if (c->deaf) {
            any = true;
        }
    }
    if (!any) {
        ev_timer_stop(loop, watcher);
    }
}

struct varlink_server *varlink_server_create(struct ev_loop *loop,
                                             const struct varlink_service *service, void *context)
{
    struct varlink_server *server = calloc(1, sizeof(*server));

    if (server == NULL) {
        return NULL;
    }
    server->loop = loop;
    server->service = service;
    server->context = context;
    server->max_clients = service->max_clients != 0 ? service->max_clients : VARLINK_MAX_CLIENTS;
    server->max_request = service->max_request != 0 ? service->max_request : VARLINK_MAX_REQUEST;
    server->max_output = service->max_output != 0 ? service->max_output : VARLINK_MAX_OUTPUT;
    server->accepting = true;
    server->turn.round = 1;
    ev_timer_init(&server->retry, on_retry, RETRY_SECONDS, 0);
    server->retry.data = server;
    ev_idle_init(&server->nudge, on_nudge);
    ev_timer_init(&server->patrol, on_patrol, PATROL_SECONDS, PATROL_SECONDS);
    server->patrol.data = server;
    return server;
}

unsigned varlink_server_clients(const struct varlink_server *server)
{
    return server->clients;
}

void varlink_server_destroy(struct varlink_server *server)
{
    if (server == NULL) {
        return;
    }
    while (server->connections != NULL) {
        varlink_connection_destroy(server->connections);
    }
    varlink_listeners_destroy(server);
    ev_timer_stop(server->loop, &server->retry);
    ev_timer_stop(server->loop, &server->patrol);
    ev_idle_stop(server->loop, &server->nudge);
    free(server);
}
