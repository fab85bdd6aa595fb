/* Draining: a root graph comes to its end, in order.
 *
 *     drain ──► servers stop accepting,     ──► no server is left: who is not   ──► all have ended
 *               sources say producerFinished    fed by another any more is told
 *
 * So nobody ends before those who may still have something for him: what waits in inboxes, of
 * those who publish to a Backplane too, gets to where it is going.
 *
 * With a deadline, whatever is left by then gets shutdownMicroprocess, which ends it at once.
 * A large graph is told in slices (slices.h): the loop goes on in between. */
#ifndef AXOND_GRAPH_DRAIN_H
#define AXOND_GRAPH_DRAIN_H

#include <stdbool.h>

struct component;
struct graph;

/* Begins; a graph that drains already only gets the new deadline.
 * seconds: until the end by force; 0: none. */
void graph_drain(struct graph *graph, double seconds);

/* All of a root graph gets shutdownMicroprocess, whether it drains already or not. */
void drain_by_force(struct graph *graph);

/* One component alone: stops accepting, or is told producerFinished. */
void component_drain(struct component *component);

/* True if anything leads to one of its inboxes but those for notices. */
bool component_is_fed(const struct component *component);

/* For the runtime: a component of a draining graph has ended; the graph goes. */
void drain_go_on(struct graph *graph);
void drain_forget(struct graph *graph);

#endif
