/* Listening sockets by address, so that a server that takes over from another gets them: the socket
 * is never closed and bound anew, and no connection is refused.
 *
 *     kept     by a server, until it forgets it           "127.0.0.1:8080", "unix:/run/x"
 *     given    from outside: stays, whatever servers do   "systemd:NAME"
 *     lent     from outside: until a graph has started    "127.0.0.1:8080"
 *
 * May be used by several threads.  Names may come more than once: two servers, one that leaves and
 * one that is new, have the same socket for a while. */
#ifndef AXOND_GRAPH_LISTENERS_H
#define AXOND_GRAPH_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/mem.h"

struct component;
struct graph;
struct listeners;

/* What the owner wants to hear; either may be NULL. */
struct listeners_hooks {
    void *arg;
    /* There is a socket under a name that had none; fd is borrowed. */
    void (*opened)(void *arg, const char *name, int fd);
    /* The last one under this name is being closed. */
    void (*closed)(void *arg, const char *name);
};

MUST_CHECK struct listeners *listeners_create(void);
void listeners_watch(struct listeners *listeners, const struct listeners_hooks *hooks);

/* Closes what was given or lent; what servers keep here is theirs.  Tells nobody.  NULL is fine. */
void listeners_destroy(struct listeners *listeners);

/* Takes a socket over, to be shared under this name: for good, or until listeners_end_loans().  The
 * hooks are not called for it. */
void listeners_give(struct listeners *listeners, const char *name, int fd);
void listeners_lend(struct listeners *listeners, const char *name, int fd);

/* Closes what was lent: all of it, or only what nobody has shared.  Returns how many. */
size_t listeners_end_loans(struct listeners *listeners, bool only_unshared);

/* Who keeps a socket. */
struct listener_owner {
    const char *path;          /* of the component */
    const struct graph *graph; /* the root graph that it is in; borrowed, never looked into */
    /* The component of that graph that it is, or that has made it: lives until
     * listeners_forget().  NULL: none, for tests. */
    const struct component *component;
};

/* A descriptor of the caller's own (close-on-exec) for a socket that is there under this name:
 * given, lent, or kept by a server of another graph, or one that is leaving the caller's own.  What
 * another server of that keeps is not shared: two servers with one address are a mistake.
 *
 * index: which one of several that were given under it, from 0; a name has one otherwise.
 * Returns -ENOENT if there is none, or -errno. */
MUST_CHECK int listeners_share(struct listeners *listeners, const char *name,
                               const struct listener_owner *owner, size_t index);

/* The name of a socket that a component of this path keeps which is being replaced by the caller.
 * NULL: there is none. */
const char *listeners_kept_before(const struct listeners *listeners,
                                  const struct listener_owner *owner);

/* Lets others share a socket of the caller's until listeners_forget(). */
void listeners_keep(struct listeners *listeners, const char *name,
                    const struct listener_owner *owner, int fd);
void listeners_forget(struct listeners *listeners, int fd);

/* How many there are under a name (one more, if another process has them too: see below), and how
 * many of them servers keep. */
size_t listeners_count(const struct listeners *listeners, const char *name);
size_t listeners_kept(const struct listeners *listeners, const char *name);

/* The index-th name; NULL past the last. */
const char *listeners_name(const struct listeners *listeners, size_t index);

/* The index-th socket, each once, whoever shares it; borrowed.  Returns -1 past the last. */
int listeners_socket(const struct listeners *listeners, size_t index, const char **name);

/* Another process has got all these sockets.  Whoever closes one here, for good, leaves who waits
 * in it to the other, and the path of a Unix socket too. */
void listeners_hand_over(struct listeners *listeners);

#endif
