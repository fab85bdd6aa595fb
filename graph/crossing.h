/* Crossings: linkages from one worker to another (workers.h).
 *
 *      worker 1                          ┆       worker 0
 *     echo/17 ──► [inbox]   stand-in     ┆       landing ──► [inbox]   audit
 *     echo/18 ──► [inbox]   of audit ════ring════►       ──► [control]
 *
 * A stand-in has the inboxes of the component that it stands for, so whoever is linked to it need
 * not know.  What comes in it puts into a ring (ring.h), and the landing, a component in the other
 * worker's loop, takes it out and sends it on.
 *
 * 1. Bytes are copied into the ring and out of it: memory of one loop never gets to another.
 * 2. What one sender sends stays in order.  A full inbox, or one that drops, is what it is without
 *    a crossing: the landing waits for room, so the ring fills, so the stand-in's inbox does.
 * 3. The other worker is woken once for all that a turn has put, and only if it is not awake.
 * 4. producerFinished goes across when nothing waits before the stand-in; a component hears of it
 *    once the senders of all workers have finished.  Other notices lose what they are about.
 * 5. Neither is in the file, so paths, statistics and lists do not show them. */
#ifndef AXOND_GRAPH_CROSSING_H
#define AXOND_GRAPH_CROSSING_H

#include <stdbool.h>
#include <stddef.h>

struct box;
struct component;
struct graph;
struct inbox;
struct parts;

/* What stands in this worker's part of a root graph for a component of another worker's: made if
 * there is none yet.
 * index: of the plan; the component lives on worker "home", which is another than the part's. */
struct component *crossing_stand_in(struct graph *part, size_t index, unsigned home);

/* Says that senders which are planned in this worker's part lead to the component's control: it
 * waits for them before it finishes.  Before the graph is started. */
void crossing_expect_finish(struct component *stand_in);

/* The inbox that a stand-in's inbox leads to; NULL: it is no stand-in's, or that one is not there.
 * While all workers are halted. */
struct inbox *crossing_beyond(const struct inbox *in);

/* Draining: has every component that others lead to across hear producerFinished once all that was
 * sent to it has come.  Returns false if this one has no crossings: it is to be told directly. */
bool crossing_finish(struct component *component);

/* For graph_change.c, while all workers are halted.  True if something on another worker leads to
 * what is at this place, or has done so. */
bool crossing_leads_to(struct parts *parts, size_t place);

/* Calls cut with each box in this part that leads to the control of a component for senders which
 * its plan does not have any more, on other workers. */
void crossings_forget_finish(struct graph *part, void (*cut)(void *arg, struct box *from),
                             void *arg);

/* Ends those that lead to what is not there any more. */
void crossings_end_stray(struct parts *parts);

/* Ends what lies in this part, while all workers are halted; frees it; true if it can be freed. */
void crossings_end(struct graph *part);
bool crossings_are_idle(const struct graph *part);
void crossings_free(struct graph *part);

#endif
