/* What the files of the Varlink server share: the server and its connections. */
#ifndef DAEMON_VARLINK_PRIVATE_H
#define DAEMON_VARLINK_PRIVATE_H

#include "daemon/varlink.h"

#include <ev.h>

struct varlink_listener {
    ev_io io;
    struct varlink_server *server;
    struct varlink_listener *next;
    char *path; /* to be removed at the end; NULL: not ours */
    dev_t device;
    ino_t inode;
};

struct varlink_server {
    struct ev_loop *loop;
    const struct varlink_service *service;
    void *context;
    size_t max_request;
    size_t max_output;
    unsigned max_clients;

    unsigned clients;
    struct varlink_connection *connections;
    struct varlink_listener *listeners;

    bool accepting; /* false: no descriptors; retry is armed */
    ev_timer retry;

    ev_idle nudge; /* armed while a connection is to have its turn without waiting for anything */

    ev_timer patrol; /* armed while some connection cannot notice that its client is gone */

    /* A turn is what all connections together do in one iteration of the loop; in a round, each of
     * them does one thing.  A round takes one turn, or several when there is much to do. */
    struct {
        unsigned iteration;
        unsigned round;
        double spent; /* seconds, in this iteration */
        bool skipped; /* the time was over before everybody had done his thing */
    } turn;
};

/* A connection is gone at once only from its own callback; elsewhere it is marked lost. */
struct varlink_connection {
    ev_io io;
    struct varlink_server *server;
    struct varlink_connection *next;
    struct varlink_connection *previous;
    struct varlink_call call; /* call.active: not answered yet */

    /* head <= scanned <= size <= capacity; there is no NUL from head to scanned. */
    struct {
        char *bytes;
        size_t head;
        size_t scanned;
        size_t size;
        size_t capacity;
        size_t frame; /* bytes of the request at head, with its NUL; 0: not all of it is there */
    } input;

    /* head <= size <= capacity */
    struct {
        char *bytes;
        size_t head;
        size_t size;
        size_t capacity;
    } output;

    struct varlink_peer peer;
    unsigned round; /* in which it last did something */
    bool eof;       /* the client sends no more */
    bool hup;       /* nor does it read */
    bool lost;      /* to be disconnected */
    bool in_turn;   /* on_io() is at work and will write */
    bool deaf;      /* a call is active and we do not read: see patrol */
};

/* Whether it is this connection's turn; if not, it tries again in the next iteration. */
bool varlink_turn_admits(struct varlink_connection *conn);

void varlink_note(struct varlink_server *server, const char *text);
/* Gives a connection a turn in the next iteration of the loop, from wherever this is called: what
 * is fed to libev when it has called its watchers would else wait for something else to happen. */
void varlink_server_nudge(struct varlink_server *server, struct varlink_connection *conn);

void varlink_server_resume(struct varlink_server *server);
void varlink_listeners_destroy(struct varlink_server *server);
void varlink_on_acceptable(struct ev_loop *loop, ev_io *watcher, int revents);

/* Connections.  create takes fd over; NULL when memory is out. */
struct varlink_connection *varlink_connection_create(struct varlink_server *server, int fd,
                                                     const struct varlink_peer *peer);
void varlink_connection_destroy(struct varlink_connection *conn);
bool varlink_connection_peer_is_gone(const struct varlink_connection *conn);
size_t varlink_connection_pending(const struct varlink_connection *conn); /* bytes of output */

/* Puts message and a NUL into the output. */
void varlink_connection_send(struct varlink_connection *conn, json_t *message);

/* Has the loop disconnect it. */
void varlink_connection_lose(struct varlink_connection *conn);

/* Takes up one request, without its NUL.  Returns false when it is not Varlink. */
MUST_CHECK bool varlink_dispatch(struct varlink_connection *conn, const char *frame, size_t size);

/* Whether text, outside of strings, is nested and long in bounds: it is parsed only then. */
bool varlink_frame_is_modest(const char *frame, size_t size);

/* Ends a call without a reply. */
void varlink_call_end(struct varlink_call *call);

/* Finds the first parameter that table does not allow, or that is missing; NULL when all is well.
 */
const char *varlink_parameters_check(const struct varlink_parameter *table, json_t *parameters);

extern const struct varlink_interface varlink_service_interface;

#endif
