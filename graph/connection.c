#include "graph/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "graph/component.h"
#include "graph/graph.h"

struct component *connection_of(struct component *self)
{
    const struct graph *graph = self->graph;

    while (self->type->describe_peer == NULL) {
        if (graph->blueprint != NULL && graph->peer != NULL) {
            self = graph_component(graph->peer, 0);
        } else if (graph->holder != NULL) {
            self = graph->holder;
        } else {
            return NULL;
        }
        graph = self->graph;
    }
    return self;
}

bool connection_ends_of(struct component *self, struct connection_ends *ends)
{
    struct component *socket = connection_of(self);

    return socket != NULL && socket->type->connection_ends != NULL &&
           socket->type->connection_ends(socket, ends);
}

bool connection_host(const struct sockaddr_storage *end, char host[HOST_SIZE], uint16_t *port)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)end;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)end;

    if (end->ss_family == AF_INET) {
        *port = ntohs(in->sin_port);
        return inet_ntop(AF_INET, &in->sin_addr, host, HOST_SIZE) != NULL;
    }
    if (end->ss_family != AF_INET6) {
        return false;
    }
    *port = ntohs(in6->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        return inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, host, HOST_SIZE) != NULL;
    }
    return inet_ntop(AF_INET6, &in6->sin6_addr, host, HOST_SIZE) != NULL;
}

bool connection_address(const struct sockaddr_storage *end, char *text, size_t size)
{
    char host[HOST_SIZE];
    uint16_t port;

    if (!connection_host(end, host, &port)) {
        return false;
    }
    if (strchr(host, ':') != NULL) {
        (void)snprintf(text, size, "[%s]:%u", host, port);
    } else {
        (void)snprintf(text, size, "%s:%u", host, port);
    }
    return true;
}
