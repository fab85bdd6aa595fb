/* Descriptors with names, for a process that is started with them in systemd's way.
 *
 *     descriptors_add("address=127.0.0.1%8080", 7) ─┐  LISTEN_FDS=2
 *     descriptors_add("upgrade=", 12) ──────────────┴►
 * LISTEN_FDNAMES=address=127.0.0.1%8080:upgrade= LISTEN_PID=…, descriptors 3 and 4 */
#ifndef AXOND_DAEMON_DESCRIPTORS_H
#define AXOND_DAEMON_DESCRIPTORS_H

#include <stddef.h>
#include <sys/types.h>

#include "graph/mem.h"

struct descriptors {
    int *fds;    /* borrowed */
    char *names; /* joined by colons; NULL: none */
    size_t count;
};

/* name: of printable ASCII characters without a colon. */
void descriptors_add(struct descriptors *descriptors, const char *name, int fd);
void descriptors_free(struct descriptors *descriptors);

/* Starts a program with our environment, standard input and output, and these descriptors.  Its
 * name without a slash is looked for in PATH.  It is no child of ours: its parent is our parent,
 * who may be a service manager that wants to know of its end.  Returns its number, and sets *pidfd;
 * else -errno. */
MUST_CHECK pid_t descriptors_start(const struct descriptors *descriptors, char *const *arguments,
                                   int *pidfd);

#endif
