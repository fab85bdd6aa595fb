/* Listening sockets by address, so that a graph that replaces another takes them over: the socket
 * is never closed and bound anew, and no connection is refused.  Sockets that systemd passed are
 * here from the start, under "systemd:NAME". */
#ifndef AXOND_GRAPH_LISTENERS_H
#define AXOND_GRAPH_LISTENERS_H

#include <stddef.h>

#include "graph/mem.h"

struct listeners;

MUST_CHECK struct listeners *listeners_create(void);

/* Closes what was given to it; what servers keep here is theirs.  NULL is fine. */
void listeners_destroy(struct listeners *listeners);

/* Gives it a socket for good, to be shared under this name. */
void listeners_give(struct listeners *listeners, const char *name, int fd);

/* A descriptor of the caller's own (close-on-exec) for a socket that is there under this name.
 * Returns -ENOENT if there is none, or -errno. */
MUST_CHECK int listeners_share(const struct listeners *listeners, const char *name);

/* Lets others share a socket of the caller's until listeners_forget(). */
void listeners_keep(struct listeners *listeners, const char *name, int fd);
void listeners_forget(struct listeners *listeners, int fd);

/* The index-th name; NULL past the last.  Names may come more than once. */
const char *listeners_name(const struct listeners *listeners, size_t index);

#endif
