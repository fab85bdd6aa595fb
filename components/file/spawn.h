/* Spawning: runs a program beside us, joined by three pipes.
 *
 *     axond ──in──► [0] program [1] ──out──► axond
 *                               [2] ──err──►
 *
 * The program is the leader of a session, and so of a process group, of its own: its process id is
 * the group's number.  It gets its three pipes and no other descriptor, no blocked and no ignored
 * signal, a limit of descriptors that old programs can live with, and none of the capabilities that
 * a service manager may have given us, such as that to listen on low ports.  It gets SIGTERM when
 * the thread that spawned it ends, so that none is left behind by a crash.
 *
 * The memory of a big daemon is not copied for it: the new process borrows ours until it has become
 * the program, and we wait for so long.  Its end is told by a pidfd, which takes Linux 5.3. */
#ifndef AXOND_COMPONENTS_FILE_SPAWN_H
#define AXOND_COMPONENTS_FILE_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "graph/mem.h"

struct spawn_request {
    /* Both end with NULL.  A program without a slash is looked for in the PATH of environment. */
    const char *const *arguments;
    const char *const *environment;
    const char *directory; /* NULL: ours */
};

struct spawned {
    pid_t pid;
    int pidfd;    /* readable once it has ended */
    int pipes[3]; /* our ends, by its descriptors; non-blocking on our side only */
};

/* text: a sentence for people if this fails.  Returns 0, or -errno with nothing left behind. */
MUST_CHECK int spawn(const struct spawn_request *request, struct spawned *spawned, char *text,
                     size_t size);

#endif
