/* Graphs that a chassis holds one at a time, and gives its own boxes to: Carousel, Seq,
 * InactivityChassis.
 *
 *     [inbox]  ══> self.inbox      self.outbox ══> [outbox]
 *
 * No message is seen by the chassis: who sends to it sends to the graph inside, and waits when that
 * is full. */
#ifndef AXOND_COMPONENTS_CHASSIS_HELD_GRAPH_H
#define AXOND_COMPONENTS_CHASSIS_HELD_GRAPH_H

#include "graph/graph.h"

/* Hands a box of the holder on to the graph's edge (an inbox), or shows the edge as a box of the
 * holder (an outbox).  A graph that has no such edge is no mistake: a source has no inbox. */
void held_pass_into(struct graph *graph, enum edge edge, struct component *holder, unsigned inbox);
void held_pass_out(struct graph *graph, enum edge edge, struct component *holder, unsigned outbox);

/* Who in the graph has failed, and why; false: nobody has. */
bool held_failure(const struct graph *graph, char *text, size_t size);

#endif
