/* progress: whether every loop of this process turns, asked in one place.
 *
 *     main loop ─┬─ question ─► loop of worker 1 ─► answer ─┐
 *                └─ question ─► loop of worker 2 ─► answer ─┴─► progress_ask(): all have turned
 *
 * A question is an ev_async: a loop that sleeps wakes up for it, goes through its queue and sleeps
 * again; one that is held by a component does not get to it.  The loop that asks is not in here:
 * that it asks shows that it turns. */
#ifndef AXOND_DAEMON_PROGRESS_H
#define AXOND_DAEMON_PROGRESS_H

#include <ev.h>
#include <stdatomic.h>

#include "graph/list.h"

struct progress {
    struct list loops;
};

/* A loop that is asked. */
struct progress_loop {
    struct list link;
    struct ev_loop *ev; /* borrowed, as is the name, until progress_remove() */
    const char *name;
    ev_async question;
    atomic_bool has_answered; /* written on both sides */
};

void progress_init(struct progress *progress);

/* Asks this loop as well.  Called by the thread that asks, before the loop is run by its own; the
 * question does not keep the loop running.
 * name: for people, such as "worker 2". */
void progress_add(struct progress *progress, struct progress_loop *loop, struct ev_loop *ev,
                  const char *name);

/* Called by the thread that asks, once nobody runs the loop any more. */
void progress_remove(struct progress_loop *loop);

/* Asks all loops.  Returns NULL if each of them has turned since it was asked before, else the name
 * of one that has not. */
const char *progress_ask(struct progress *progress);

#endif
