/* restart: connections outlive "systemctl restart".
 *
 *     the one that ends                systemd                 the next one
 *       SIGTERM ◄──────────────────── restart
 *       is this a restart? ─────────►           (manager.h)
 *       drains, serving on
 *       what hands over ──a crate───► its store ─────────────►   graph/handover.h
 *       ends                         start ──────────────────►
 *
 * Unlike in an upgrade (upgrade.h) the two never meet: connections wait packed in a crate, and
 * nobody reads or answers meanwhile.  So they are packed as late as can be: once there are no
 * others left to wait for, or when drain_timeout is over.  What the other would take can't be
 * asked: what our own graph would is packed, and what the next does not take it closes.
 *
 * A stop is no restart, and all drain as without this.  So they do where systemd can't be asked. */
#ifndef AXOND_DAEMON_RESTART_H
#define AXOND_DAEMON_RESTART_H

#include <stdbool.h>

struct daemon;

/* s that a drain may take beyond drain_timeout, if connections may be handed over after it. */
#define RESTART_MARGIN 2.0

/* ---- in the one that ends ---- */

/* The daemon is told to stop: finds out whether it is to be started again.  Returns false if that
 * makes no difference. */
bool restart_begin(struct daemon *daemon);

/* Waits for nothing any more, at the end of the daemon. */
void restart_cancel(struct daemon *daemon);

/* ---- in the next ---- */

/* The graph has started: goes on with the connections that the one before has left. */
void restart_take(struct daemon *daemon);

#endif
