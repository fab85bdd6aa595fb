/* notify: tells systemd how we are (Type=notify); does nothing where nobody asked to be told.
 *
 *     notify_init ──► notify_ready ──► notify_reloading ──► notify_ready …
 *                          │
 *                          └──► notify_stopping ──► notify_extend … ──► notify_deinit
 *
 * notify_status() may be called at any time.
 *
 * A beat, in the main loop, asks every loop whether it turns (progress.h).  As long as all do, it
 * feeds the watchdog, four times in the interval that the unit gives (WatchdogSec=), and while
 * axond drains it asks for more time; a loop that hangs is named in the log, and systemd is left to
 * act. */
#ifndef AXOND_DAEMON_NOTIFY_H
#define AXOND_DAEMON_NOTIFY_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

#include "daemon/progress.h"
#include "graph/mem.h"

struct notify {
    struct ev_loop *loop;     /* borrowed from the caller until notify_deinit() */
    struct progress progress; /* other loops, to be asked beside this one: progress_add() */
    ev_timer beat;            /* active while there is something to tell at each */
    double feed_every;        /* seconds; 0: systemd did not set WATCHDOG_USEC for us */
    double extend_until;      /* CLOCK_MONOTONIC, s; 0: not asked for */
    const char *late;         /* the loop that hangs, and was logged; NULL: none */
    bool wanted;              /* somebody listens */
    char status[256];         /* the one that was sent last */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and feeds the watchdog from now on.  The
 * beat does not keep the loop running. */
void notify_init(struct notify *notify, struct ev_loop *loop);

/* Says nothing until notify_release(): systemd does not hear us yet. */
void notify_hold(struct notify *notify);
void notify_release(struct notify *notify);

/* Another process is the service from now on: nobody hears us any more.  Returns once systemd has
 * acted on it. */
void notify_replaced(struct notify *notify, pid_t by);

/* Every component has started, or the reload that notify_reloading() announced has ended, well or
 * not. status: what `systemctl status` shows, one line; NULL leaves it as it is. */
void notify_ready(struct notify *notify, const char *status);

/* A reload begins: notify_ready() has to follow. */
void notify_reloading(struct notify *notify, const char *status);

/* We drain, then end. */
void notify_stopping(struct notify *notify, const char *status);

/* Changes the status line; a text that has not changed is not sent again. */
void notify_status(struct notify *notify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Asks for this many seconds from now, in place of what TimeoutStartSec= or TimeoutStopSec= left:
 * for up to NOTIFY_EXTENSION at a time, and again with each beat, so that systemd waits no longer
 * than that for a daemon that hangs. */
#define NOTIFY_EXTENSION 15.0 /* s */
void notify_extend(struct notify *notify, double seconds);

/* Gives systemd a duplicate of a listening socket to keep, from which the next start finds it under
 * this name (activation.h).  The name: 1 to 255 printable ASCII characters, no colon.
 * Returns 0; -ENOENT if nobody listens; else -errno. */
MUST_CHECK int notify_store(struct notify *notify, const char *name, int fd);

/* The same of a socket whose other end is closed, which systemd would otherwise drop. */
MUST_CHECK int notify_store_closed(struct notify *notify, const char *name, int fd);

/* Lets systemd close what it keeps under a name. */
void notify_forget(struct notify *notify, const char *name);

/* Waits, for NOTIFY_PATIENCE at most, until systemd has acted on all that it was told. */
enum { NOTIFY_PATIENCE = 2000 }; /* ms */
void notify_wait(struct notify *notify);

void notify_deinit(struct notify *notify);

#endif
