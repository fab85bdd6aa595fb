/* Listening sockets by address, so that a graph that replaces another takes them over: the socket
 * is never closed and bound anew, and no connection is refused.  Sockets that systemd passed are
 * here from the start, under "systemd:NAME". */
#ifndef AXOND_GRAPH_LISTENERS_H
#define AXOND_GRAPH_LISTENERS_H

#include <stddef.h>

#include "graph/mem.h"

struct graph;
struct listeners;

MUST_CHECK struct listeners *listeners_create(void);

/* Closes what was given to it; what servers keep here is theirs.  NULL is fine. */
void listeners_destroy(struct listeners *listeners);

/* Gives it a socket for good, to be shared under this name. */
void listeners_give(struct listeners *listeners, const char *name, int fd);

/* Who keeps a socket. */
struct listener_owner {
    const char *path;          /* of the component */
    const struct graph *graph; /* the root graph that it is in; borrowed, never looked into */
};

/* A descriptor of the caller's own (close-on-exec) for a socket that is there under this name: from
 * systemd, or of another graph.  Within one graph nothing is shared: two servers with one address
 * are a mistake.
 * Returns -ENOENT if there is none, or -errno. */
MUST_CHECK int listeners_share(const struct listeners *listeners, const char *name,
                               const struct listener_owner *owner);

/* Lets others share a socket of the caller's until listeners_forget(). */
void listeners_keep(struct listeners *listeners, const char *name,
                    const struct listener_owner *owner, int fd);
void listeners_forget(struct listeners *listeners, int fd);

/* The name of a socket that a component of this path keeps in another graph: the caller's
 * forerunner, which is being replaced.  NULL: there is none. */
const char *listeners_kept_before(const struct listeners *listeners,
                                  const struct listener_owner *owner);

/* The index-th name; NULL past the last.  Names may come more than once. */
const char *listeners_name(const struct listeners *listeners, size_t index);

#endif
