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
 *    A Unix socket is not stored: its path is removed with its server.
 * 3. Connections that are to outlive a restart come back likewise, all in one (restart.h).
 * 4. An axond that another one starts in its place (upgrade.h) gets listening sockets in the same
 *    way, and Unix sockets and the control socket too. */
#ifndef AXOND_DAEMON_ACTIVATION_H
#define AXOND_DAEMON_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/mem.h"

struct descriptors;
struct listeners;
struct notify;

struct activation {
    struct listeners *listeners; /* borrowed */
    struct notify *notify;       /* borrowed */
    bool is_over;                /* what is closed from now on, the next start gets */
    int connections; /* of the process before (restart.h), until it is taken; -1: none */
    /* From another axond, in whose place we are to come (upgrade.h); -1: none. */
    int channel;        /* to it */
    int control;        /* its control socket, until somebody takes it */
    char *control_path; /* of that */
    int *leashes;       /* of the processes before us (lineage.h), until somebody takes them */
    size_t leash_count;
};

/* The name that connections have in the store. */
#define ACTIVATION_CONNECTIONS "connections="

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

/* Has systemd store what servers have opened, for the case that it did not hear us then. */
void activation_store(struct activation *activation);

/* Adds all listening sockets, under the names by which activation_start() of another process knows
 * what they are; and what else it gets. */
void activation_pass(const struct activation *activation, struct descriptors *to);
void activation_pass_control(struct descriptors *to, const char *path, int fd);
void activation_pass_channel(struct descriptors *to, int fd);
void activation_pass_leash(struct descriptors *to, int fd);

/* Returns one that is the caller's from then on; -1: there is none left. */
int activation_take_leash(struct activation *activation);

/* The daemon is going to stop: systemd keeps what it has, for the next start. */
void activation_end(struct activation *activation);

#endif
