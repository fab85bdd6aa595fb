/* upgrade: a new process of axond comes in the place of one that runs, and nobody is refused.
 *
 *     the one that runs                         the new one
 *       SIGUSR2 ──the same command line───────► loads the graph files
 *                 its sockets, a channel        starts the graph, with the sockets
 *       systemd is told who it is ◄───ready──── waits
 *       lets the sockets go       ────go──────► tells systemd that it is ready
 *       drains, for as long as    ─connections► goes on with them (graph/handover.h)
 *       it takes
 *
 * Both listen, on the same sockets, from before the new one is ready until the old one drains.  The
 * control socket is handed on likewise.  If the new one can't start, or is not ready in time, the
 * log says why and the old one goes on as if nothing had been.  If the new one is told to stop
 * while the old one drains, so is that (lineage.h).
 *
 * It is a job (jobs.h), so that no reload comes in between. */
#ifndef AXOND_DAEMON_UPGRADE_H
#define AXOND_DAEMON_UPGRADE_H

#include <stdbool.h>

#include "graph/mem.h"

struct daemon;

/* How long the new process may take to load and start its graph. */
#define UPGRADE_PATIENCE 120000 /* ms */

/* ---- in the one that runs ---- */

/* As SIGUSR2 asks.  The log tells how it ends. */
void upgrade_begin(struct daemon *daemon);

/* ---- in the new one ---- */

/* True if this process was started by another one, whose place it has not taken yet. */
bool upgrade_is_expected(const struct daemon *daemon);

/* All has started: tells the other one, and takes its place when that says so.  If it ends instead,
 * this one ends as well. */
void upgrade_ready(struct daemon *daemon);

/* Waits no longer, at the end of the daemon. */
void upgrade_cancel(struct daemon *daemon);

#endif
