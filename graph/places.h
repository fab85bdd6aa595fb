/* Places: how many there may be of something at a time, on all workers together, and the line of
 * those who wait for one.
 *
 *     server on worker 0 ───► [line: worker 2, worker 1]      taken: 10 of 10
 *     server on worker 1 ──┘         ▲ may take the next one
 *
 * 1. A place is taken or free, and "taken" counts those; nobody is ever given one before he takes
 *    it.  So none can be lost or be there twice, whatever becomes of those who wait: the line only
 *    says whose turn it is.
 * 2. As long as there is a line, only its first may take a place; whoever else wants one goes to
 *    its end.  The first takes one at a time: having tried he leaves, and may join again.  So
 *    whoever waits gets one after as many others as stand before him.
 * 3. The first is run whenever there is room: by whoever gives a place back, by the first before
 *    him who leaves while there is more, and by whoever raises the limit.  Nobody is forgotten: who
 *    joins looks for room after that, who gives a place back looks for a line after that, and one
 *    of both sees the other.  Who was run and finds no room stays the first.
 * 4. The first must leave if he can't take a place now for reasons of his own: others wait for him.
 *    Whoever needs a place of two kinds waits for the first kind, and then, without leaving that
 *    line, for the second: so he is not sent back to the end of one for want of the other.
 * 5. Without a line nothing is locked, and nobody is run: to take a place and to give it back is to
 *    count. */
#ifndef AXOND_GRAPH_PLACES_H
#define AXOND_GRAPH_PLACES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "graph/list.h"
#include "graph/mem.h"

struct component;

struct places {
    _Atomic uint64_t taken;
    _Atomic unsigned waiting; /* in the line */
    pthread_mutex_t lock;     /* of the line */
    struct list line;         /* of seekers */
};

/* Whoever looks for such places, in the name of a component. */
struct seeker;

void places_init(struct places *places);

/* No seeker may be left. */
void places_deinit(struct places *places);

/* Takes one, whatever the limit is, and whoever waits. */
void places_take_anyway(struct places *places);

/* By any thread, as the next. */
void places_give_back(struct places *places);

/* The limit has become another: there may be room. */
void places_look(struct places *places);

/* ---- by the thread of the component's loop, or while that is halted ---- */

struct seeker *seeker_create(struct component *component, struct places *places);

/* Leaves the line.  NULL is fine. */
void seeker_destroy(struct seeker *seeker);

/* Takes a place, unless "limit" are taken (0: there is none) or it is another's turn: then the
 * seeker is in the line, and its component is run when it is its turn.  Who was in the line stays
 * there. */
MUST_CHECK bool seeker_take(struct seeker *seeker, uint64_t limit);

/* Gives back what it has just taken, and waits: it keeps its turn, or is in the line from now on.
 */
void seeker_put_back(struct seeker *seeker);

/* True if it is in the line.  NULL is fine. */
bool seeker_is_waiting(const struct seeker *seeker);

/* Returns false if it was in no line.  NULL is fine. */
bool seeker_leave(struct seeker *seeker);

#endif
