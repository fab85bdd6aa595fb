/* What ServerCore and its namesakes have in common: they differ in their names only. */
#ifndef AXOND_COMPONENTS_CHASSIS_SERVER_CORE_H
#define AXOND_COMPONENTS_CHASSIS_SERVER_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "components/internet/socket_options.h"
#include "graph/component.h"

struct server_core {
    int64_t port;
    struct plan *protocol;

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

extern const struct box_spec server_core_inboxes[];
extern const struct box_spec server_core_outboxes[];
extern const struct param_spec server_core_parameters[];
extern const char server_core_definition[];

bool server_core_check(const void *state, const struct node *at, struct error *err);
int server_core_start(struct component *self);
void server_core_run(struct component *self);
void server_core_child_ended(struct component *self, struct component *child);

/* All of a type but its name and summary. */
#define SERVER_CORE                                                                                \
    .size = sizeof(struct server_core), .inboxes = server_core_inboxes,                            \
    .outboxes = server_core_outboxes, .parameters = server_core_parameters,                        \
    .chassis = CHASSIS_GRAPH, .definition = server_core_definition, .lasts = true,                 \
    .heeds_control = true, .check = server_core_check, .start = server_core_start,                 \
    .run = server_core_run, .child_ended = server_core_child_ended

#endif
