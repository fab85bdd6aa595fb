/* Supervision: what is done when a component has failed or ended, as "restart:" in the file says.
 *
 *     running ──► restarting ──(delay)──► running        delays double; health resets them
 *                     │
 *                     └─ limit restarts within a window: it gives up, and fails for good; then
 *                        its failure goes up:   chassis ──► fails, and its own policy decides
 *                                               connection ──► is ended
 *                                               the file ──► the others go on
 *
 * 1. A restart happens in place.  Boxes, linkages, taps, names of services and what waits in the
 *    inboxes stay; senders wait when an inbox is full.  stop() is called and graphs that it made
 *    are destroyed, at once; its struct is zeroes and parameters again when start() is called.
 * 2. While it waits, signal says nothing.  shutdownMicroprocess and draining end it at once, and
 *    producerFinished if nothing waits in its inboxes.
 * 3. What has been told to end is not restarted, unless the notice still waits in control: then it
 *    first sees to its inboxes.  Nor is what has said its end on signal already.
 * 4. A chassis is restarted with all that it holds, made anew.  What came from outside and was not
 *    taken yet stays; what was under way between its children is lost.
 * 5. The failure of a child without a policy goes up at once if a chassis around has one.  Without
 *    any, a component that fails stops alone: its linkages say so, its siblings go on.
 * 6. Who can't start with its graph, or with a connection's, is not restarted: that is refused. */
#ifndef AXOND_GRAPH_SUPERVISE_H
#define AXOND_GRAPH_SUPERVISE_H

#include "graph/component.h"
#include "graph/plan.h"

struct supervision;

/* A running component has failed or finished.  Returns true if that has been seen to: it waits for
 * its restart, or has gone along with the chassis that holds it; false: it is to be ended now. */
bool supervise(struct component *component, enum component_state how);

/* A component that does not run is woken: that counts if it waits for its restart and its control
 * is not empty. */
__attribute__((cold, noinline)) void supervise_wake(struct component *component);

/* The turn of a component that does not run: if it waits for its restart, something has come to its
 * control. */
__attribute__((cold, noinline)) void supervise_told(struct component *component);

/* A component that waits is ended: it waits no longer. */
void supervise_forget(struct component *component);
void supervise_free(struct supervision *supervision);

/* It is made anew with the chassis that holds it: its restarts are counted from the start. */
void supervise_renew(struct component *component);

/* Starts a component again now: one that runs, or that waits for its restart.  Not from inside its
 * functions.  Returns 0, or -errno after it has failed. */
MUST_CHECK int component_restart(struct component *component);

/* How often it was started again, and when it will be (of the loop's clock); 0: it will not. */
unsigned component_restarts(const struct component *component);
double component_next_restart(const struct component *component);

/* True once its failure was one too many. */
bool component_has_given_up(const struct component *component);

/* What became of it, in words: "failed: REASON; restart 2 of 5 in 400 ms", "gave up after 5
 * restarts in 60 s: REASON", "restarted 3 times, the last 12 s ago: REASON".  Returns false if
 * there is nothing to tell. */
bool component_describe_trouble(const struct component *component, char *text, size_t size);

/* True if this notice on signal would be wrong: whoever says it will be started again. */
bool supervise_restarts_after(const struct component *component, const struct message *notice);

static inline bool supervise_holds_back(const struct component *component,
                                        const struct message *notice)
{
    return component->plan->restart != NULL && supervise_restarts_after(component, notice);
}

#endif
