/* Shares: what the replicas of one component, one on each worker, have in common (placement.h). */
#ifndef AXOND_GRAPH_SHARE_H
#define AXOND_GRAPH_SHARE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/places.h"

struct component;
struct parts;
struct shared;

struct share {
    struct places places;      /* where there may be so many on all workers together */
    _Atomic uint64_t numbers;  /* given out, so that no two workers give the same */
    _Atomic unsigned troubled; /* workers that are in trouble: one of them says so for all */
    _Atomic uint64_t in_turn;  /* a bit for each worker that takes turns */
    _Atomic unsigned turn;     /* the worker whose it is, if it does */
};

/* The component's, zeroes for the first that asks; NULL: there is one of it only.  Lives as long as
 * its graph. */
struct share *share_of(struct component *self);

/* Taking turns, where all replicas could do what one is to do at a time.  Whoever has the turn
 * passes it on, at the latest when it leaves: to the next worker, whose replica is run for that.
 * share_has_turn(): true for one that has joined, and is the one. */
void share_join_turns(struct share *share, unsigned worker);
void share_leave_turns(struct share *share, unsigned worker);
bool share_has_turn(struct share *share, unsigned worker);
void share_pass_turn(struct share *share, unsigned worker);

/* For graph_change.c: the component at a place is made anew, and so is what its replicas share.
 * Returns what they had before, NULL: nothing; and has it back, since nothing comes of it. */
struct shared *share_retire(struct parts *parts, size_t place);
void share_reinstate(struct parts *parts, size_t place, struct shared *before);

/* For root.c: frees all of a root graph's. */
void shared_free(struct shared *shared);

#endif
