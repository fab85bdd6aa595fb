/* lineage: the processes of one service, each of which has come in another's place (upgrade.h).
 *
 *     first ──SIGUSR2──► second ──SIGUSR2──► third, which is the service
 *       drains             drains              ▲ SIGTERM
 *         ▲                  └───────leash─────┤
 *         └──────────────────────────leash─────┘
 *
 * A service manager knows only of the last one, and takes its end for the end of the service:
 * systemd kills at once what is left of it then (KillMode=mixed, systemd.kill(5)).  So whoever is
 * the service tells those before it when it is told to stop, and stays until they have ended as
 * well: each has its own drain_timeout for that.  A second signal goes on to them, too.
 *
 * A leash is a pair of sockets.  A byte from the service says "stop", once more "at once";
 * the end of file means that the process at the other end is no more.  Those that drain go on with
 * that if the service is killed. */
#ifndef AXOND_DAEMON_LINEAGE_H
#define AXOND_DAEMON_LINEAGE_H

#include <ev.h>
#include <stdbool.h>

#include "graph/list.h"
#include "graph/mem.h"

struct daemon;
struct descriptors;

struct lineage {
    struct daemon *daemon;
    struct list predecessors; /* that have not ended; not ours before we have come */
    ev_io on_successor;       /* the leash of whoever has come in our place */
    bool was_told;            /* by that one, to stop */
};

void lineage_init(struct lineage *lineage, struct daemon *daemon);

/* The loop is about to end. */
void lineage_deinit(struct lineage *lineage);

/* One more that was there before us.  Takes the leash over. */
void lineage_add(struct lineage *lineage, int leash);

/* Makes both ends of a leash.  Returns 0, or -errno. */
MUST_CHECK int leash_create(int ends[2]);

/* The leashes of those before us, for a process that is started to come in our place. */
void lineage_pass(const struct lineage *lineage, struct descriptors *to);

/* It has come: those before us are before it, and so are we.  Takes our end of a leash over, whose
 * other end it has. */
void lineage_give_way(struct lineage *lineage, int leash);

/* We are told to stop, perhaps not for the first time. */
void lineage_stop(struct lineage *lineage);

/* Runs the loop until all before us have ended. */
void lineage_wait(struct lineage *lineage);

#endif
