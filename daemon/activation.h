/* activation: the sockets that systemd passed to us, by name.
 *
 *     axond.socket                       axond.yaml
 *       ListenStream=8080                  server: {type: TCPServer, host: systemd:echo}
 *       FileDescriptorName=echo                                                   ▲
 *                                                                                 │
 *     LISTEN_FDS, LISTEN_FDNAMES ──► activation_init ──► activation_open("echo") ─┘
 *
 * The table keeps each socket to the end of the process and gives out duplicates: a reload can
 * start a server on a socket while the old one still has it, and one that is given back is not
 * lost.  As systemd keeps it too, clients wait rather than being refused while nobody has it open.
 */
#ifndef AXOND_DAEMON_ACTIVATION_H
#define AXOND_DAEMON_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/mem.h"

struct activation_socket {
    char *name;
    int fd;
    bool used; /* opened at least once */
};

struct activation {
    struct activation_socket *sockets;
    size_t count;
};

/* Takes over what LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say, and removes them from the
 * environment. Once in a process, before anything else starts.  Returns how many there are, else
 * -errno. */
MUST_CHECK int activation_init(struct activation *activation);

/* How many sockets have this name: 0 if it is unknown. */
size_t activation_count(const struct activation *activation, const char *name);

/* Opens one of the sockets with this name: a duplicate, close-on-exec and non-blocking, that the
 * caller closes.
 *
 * index: which of them, from 0, in the order of the unit's Listen…= lines.
 * reason: a sentence for people if this fails.
 * Returns the descriptor; -ENOENT if no socket, or not so many, has this name; -EPROTOTYPE if it is
 * not a stream socket that listens; else -errno. */
MUST_CHECK int activation_open(struct activation *activation, const char *name, size_t index,
                               char *reason, size_t reason_size);

/* Logs a warning for each socket that nobody has opened: its clients would wait for ever. */
void activation_report_unused(const struct activation *activation);

void activation_deinit(struct activation *activation);

#endif
