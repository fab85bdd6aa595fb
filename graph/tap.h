/* Taps: somebody looks at the messages that pass a box, without being part of the graph.
 *
 * A box without a tap has one flag to say so; messages are shared with the tap, never copied or
 * held back.  What is taken from an inbox is noticed by its flag BOX_AWAITED, as if a sender waited
 * for room: so it costs nothing else where.  Where a box only passes on (a chassis'), it is the
 * senders whose messages go through it that show them to the tap. */
#ifndef AXOND_GRAPH_TAP_H
#define AXOND_GRAPH_TAP_H

#include "graph/box.h"
#include "graph/mem.h"

struct loop;
struct tap;

/* msg is borrowed for the call; box is the one that is tapped.  May remove any tap. */
typedef void (*tap_fn)(void *arg, struct box *box, const struct message *msg);

/* Looks at a box until tap_remove() or until the box's component ends: then see is called once with
 * NULL for msg, and the tap is gone.
 *
 * Where there are workers, the main thread taps: what passes a box of another is copied and shown
 * to it, while the others are halted; what is too much meanwhile is lost, see tap_lost(). */
struct tap *tap_add(struct box *box, tap_fn see, void *arg);

/* The same, but see is called at once, in the thread of the box's loop. */
struct tap *tap_add_here(struct box *box, tap_fn see, void *arg);
void tap_remove(struct tap *tap);

/* How many messages were lost since this was last asked. */
unsigned tap_lost(struct tap *tap);

/* Has a tap on an inbox hear also when messages have left it, one or several at once.  Not for a
 * box of another worker. */
typedef void (*tap_took_fn)(void *arg, struct inbox *in);
void tap_hear_takes(struct tap *tap, tap_took_fn took);

/* For the runtime: messages have left a tapped inbox; whether a tap wants to hear of it. */
void taps_take(struct loop *loop, struct inbox *in);
bool taps_hear_takes(struct loop *loop, const struct inbox *in);

/* For the runtime: a message passes a tapped box; a box goes. */
void taps_see(struct loop *loop, struct box *box, const struct message *msg);
void taps_forget(struct loop *loop, struct box *box);

#endif
