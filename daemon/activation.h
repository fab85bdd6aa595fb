/* activation: listening sockets that systemd holds for us.
 *
 *     axond.socket                        axond.yaml
 *       FileDescriptorName=echo ─────────► server: {type: TCPServer, host: systemd:echo}
 *
 *     what our own servers open:
 *       127.0.0.1:8080 ──store──► systemd ──the next start──► the server at 127.0.0.1:8080
 *
 * 1. Sockets of a .socket unit are kept to the end of the process; servers get duplicates.  As
 *    systemd keeps them too, clients wait rather than being refused while nobody has them open.
 * 2. TCP sockets that servers open go into systemd's file descriptor store under their address, and
 *    come back when axond is restarted, has crashed or was killed: nobody is refused meanwhile.
 *    Those that the graph of that start has no use for are let go, and so is one whose server ends.
 *    A Unix socket is not stored: its path is removed with its server. */
#ifndef AXOND_DAEMON_ACTIVATION_H
#define AXOND_DAEMON_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/mem.h"

struct listeners;
struct notify;

struct activation {
    struct listeners *listeners; /* borrowed */
    struct notify *notify;       /* borrowed */
    bool is_over;                /* what is closed from now on, the next start gets */
};

/* Puts what systemd passed (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES) among the listeners, and has it
 * store what servers open from now on.  Once in a process, before anything else is opened.  What is
 * no listening stream socket is left out, with a warning.  Returns how many there are, else -errno.
 */
MUST_CHECK int activation_start(struct activation *activation, struct listeners *listeners,
                                struct notify *notify);

/* The first graph could not start.  Lets go of stored sockets that it did not ask for, since one of
 * them may hold an address that it wants otherwise.  Returns true if there were any: then a second
 * try may do better. */
bool activation_make_room(struct activation *activation);

/* The first graph has started: lets go of what was stored for it, and warns of sockets of units
 * that it does not use, since their clients would wait for ever. */
void activation_settle(struct activation *activation);

/* The daemon is going to stop: systemd keeps what it has, for the next start. */
void activation_end(struct activation *activation);

#endif
