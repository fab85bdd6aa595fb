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
 * 5. What is under way stays in its place when a change of the graph replaces or removes the
 *    component (crossing_change.c).
 * 6. Neither is in the file, so paths, statistics and lists do not show them. */
#ifndef AXOND_GRAPH_CROSSING_H
#define AXOND_GRAPH_CROSSING_H

#include <stdbool.h>
#include <stddef.h>

struct box;
struct component;
struct graph;
struct inbox;
struct parts;
struct root;

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

/* Draining, while all workers are halted: marks all that others lead to across, who .hears_across.
 */
void crossings_mark(struct parts *parts);

/* The same: has a component that others lead to across hear producerFinished once all that was sent
 * to it has come.  Returns false if this one has no crossings: it is to be told directly. */
bool crossing_finish(struct component *component);

/* True for a stand-in. */
bool crossing_stands_in(const struct component *component);

/* Draining: true if something on another worker, but for what is the same there, may still send to
 * a component.  While all workers are halted. */
bool crossing_feeds(const struct component *component);

/* True for a stand-in or a landing. */
bool crossing_is_end(const struct component *component);

/* True if anything leads to a stand-in. */
bool crossing_is_fed(const struct component *stand_in);

/* ---- for changes of the graph, while all workers are halted ---- */

/* The stand-ins of a component, on all workers, one after another: start with NULL, ends with NULL.
 */
struct component *crossing_next_to(struct parts *parts, const struct component *target,
                                   const struct component *after);

/* The component that it stands for leaves: so does the crossing, as soon as nothing leads to it.
 * is_at_once: what is under way is first given to the component. */
void crossing_leave(struct component *stand_in, bool is_at_once);

/* Ends those that lead to a component which is taken back. */
void crossings_end_to(struct parts *parts, const struct component *target);

/* Calls cut with each box in this part that leads to the control of a component for senders which
 * its plan does not have any more, on other workers. */
void crossings_forget_finish(struct graph *part, void (*cut)(void *arg, struct box *from),
                             void *arg);

/* True for a landing. */
bool crossing_lands(const struct component *component);

/* True if something that does not leave, or is in use, leads to one that does, by this landing.
 * While all workers are halted. */
bool crossing_is_fed_from_outside(const struct component *landing);

/* Sees to those that leave, in this part's thread: ends and frees what is over. */
void crossings_look(struct root *root);

/* Ends what lies in this part, while all workers are halted; frees it; true if it can be freed. */
void crossings_end(struct graph *part);
bool crossings_are_idle(const struct graph *part);
void crossings_free(struct graph *part);

#endif
