/* What ServerCore, SingleServer and their namesakes have in common: a TCPServer, and beside it
 * something that looks after its connections. */
#ifndef AXOND_COMPONENTS_CHASSIS_SERVER_CORE_H
#define AXOND_COMPONENTS_CHASSIS_SERVER_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "components/internet/socket_options.h"
#include "graph/component.h"

struct server_core {
    int64_t port;
    struct plan *protocol; /* ProtocolHandler's, not SingleServer's */
    bool handover;
    double linger; /* SingleServer's only */

    /* TCPServer's, see TCP_SERVER_PARAMETERS */
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

    size_t living; /* children that have not ended */
};

#define SERVER_CORE_PORT(type)                                                                     \
    {                                                                                              \
        PARAM_INT(type, port), .fallback = "1601", .min = 0, .max = 65535,                         \
                               .doc = "port to listen on; 0: a free one from minrange to maxrange" \
    }

/* The start of a definition: the server, with all parameters of TCP_SERVER_PARAMETERS. */
#define SERVER_CORE_LISTENS                                                                        \
    "components:\n"                                                                                \
    "  server:\n"                                                                                  \
    "    type: TCPServer\n"                                                                        \
    "    restart: never\n" /* the policy of the whole counts */                                    \
    "    listenport: ${param:port}\n"                                                              \
    "    host: ${param:host}\n"                                                                    \
    "    minrange: ${param:minrange}\n"                                                            \
    "    maxrange: ${param:maxrange}\n"                                                            \
    "    maxlisten: ${param:maxlisten}\n"                                                          \
    "    socketOptions: ${param:socketOptions}\n"                                                  \
    "    reuseport: ${param:reuseport}\n"                                                          \
    "    keepalive: ${param:keepalive}\n"                                                          \
    "    nodelay: ${param:nodelay}\n"                                                              \
    "    max_connections: ${param:max_connections}\n"                                              \
    "    idle_timeout: ${param:idle_timeout}\n"

extern const struct box_spec server_core_inboxes[];
extern const struct box_spec server_core_outboxes[];
extern const struct param_spec server_core_parameters[];
extern const char server_core_definition[];

bool server_core_check(const void *state, const struct node *at, struct error *err);
int server_core_start(struct component *self);
void server_core_changed(struct component *self);
void server_core_run(struct component *self);
void server_core_child_ended(struct component *self, struct component *child);

/* All of a type but its name and summary. */
#define SERVER_CORE                                                                                \
    .size = sizeof(struct server_core), .inboxes = server_core_inboxes,                            \
    .outboxes = server_core_outboxes, .parameters = server_core_parameters,                        \
    .chassis = CHASSIS_GRAPH, .definition = server_core_definition, .lasts = true,                 \
    .on_each_worker = true, .heeds_control = true, .check = server_core_check,                     \
    .start = server_core_start, .changed = server_core_changed, .run = server_core_run,            \
    .child_ended = server_core_child_ended

#endif
