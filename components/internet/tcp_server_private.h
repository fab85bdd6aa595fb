/* TCPServer, from inside; tcp_server.h is what others use.
 *
 *     tcp_server.c          the component: its tables, its life, and that of its connections
 *     tcp_server_accept.c   its listening sockets, and when and how many it accepts from them */
#ifndef AXOND_COMPONENTS_INTERNET_TCP_SERVER_PRIVATE_H
#define AXOND_COMPONENTS_INTERNET_TCP_SERVER_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "components/internet/listening_socket.h"
#include "components/internet/socket_options.h"
#include "components/util/alarm.h"
#include "graph/component.h"
#include "graph/list.h"
#include "graph/places.h"
#include "graph/readiness.h"
#include "graph/share.h"

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

    /* accepting */
    struct listening_socket *sockets;
    struct readiness *readiness; /* of each socket */
    int socket_count;
    int first_socket; /* to be tried, from 0; one past the last is the first again */
    bool accepting;
    /* Of places: */
    struct seeker *below_max;    /* max_connections; NULL: there is no other worker's server */
    struct seeker *below_limits; /* limits.connections */
    bool takes_turns;            /* the sockets are the same on all workers */
    uint32_t turn_since;         /* ms of the loop ... */
    unsigned accepted_then;      /* ... and how many it has accepted since, in its turn */
    bool complained;
    unsigned most;      /* connections that a turn may accept */
    unsigned iteration; /* of the loop, in which the last such turn was */
    struct alarm retry; /* set: accepts nothing until then */

    /* connections */
    struct list connections; /* graphs of one ConnectedSocketAdapter each */
    struct plan *csa_plan;
    struct blueprint *csa_blueprint;
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

/* ---- tcp_server_accept.c, in the order of a life ---- */

/* Opens the listening sockets.  Returns 0, or -errno after the server has failed. */
MUST_CHECK int tcp_server_start_listening(struct component *self);

/* In each turn: accepts who waits, or starts to accept again if there is room.  Returns false when
 * it listens no more. */
bool tcp_server_accept(struct component *self);

/* Counts a connection that another process had accepted, whatever the limits are here. */
void tcp_server_take_place_anyway(struct component *self);

/* A connection has ended: there is room for another, here or on another worker. */
void tcp_server_give_place_back(struct component *self);

/* Who has connected, and would be reset if the socket were closed now.  Nobody, if another server
 * has taken it over. */
void tcp_server_accept_waiting(struct component *self);

/* Closes the listening sockets, if there are any. */
void tcp_server_stop_listening(struct component *self);

/* ---- tcp_server.c ---- */

/* createConnectedSocket of the original: an adapter for an accepted socket, which it gets by
 * csa_init(), or by its .restore where another process had accepted it.  Whoever gets its
 * newCSA links and starts it. */
struct component *tcp_server_create_connected_socket(struct component *self);

#endif
