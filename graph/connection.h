/* The connection that a component belongs to: both of its ends.
 *
 *     peer ◄──── socket's graph ◄─ .peer ─► protocol's graph ── holds ──► graphs of its components
 *     local ─────┘                              └─ any component in here asks
 */
#ifndef AXOND_GRAPH_CONNECTION_H
#define AXOND_GRAPH_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct component;

/* As accept(2) and getsockname(2) give them. */
struct connection_ends {
    struct sockaddr_storage peer;
    struct sockaddr_storage local;
};

/* The component that stands for the connection, a socket's; NULL: it belongs to none. */
struct component *connection_of(struct component *self);

/* False: it belongs to no connection, or to one that is closed. */
bool connection_ends_of(struct component *self, struct connection_ends *ends);

enum { HOST_SIZE = 64 };

/* An end in words: its address as a number, IPv4 in IPv6 as IPv4, and its port.  False: it has no
 * such thing, being a Unix socket. */
bool connection_host(const struct sockaddr_storage *end, char host[HOST_SIZE], uint16_t *port);

/* Both together: "127.0.0.1:53112", "[::1]:53112"; likewise. */
bool connection_address(const struct sockaddr_storage *end, char *text, size_t size);

#endif
