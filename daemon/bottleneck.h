/* Who is the bottleneck: stalls, followed to where they come from.
 *
 *     a ─stalled by─► b ─stalled by─► c      c is the end of both: it takes too little, and nothing
 *                     d ─stalled by─► c      that it sends has to wait
 *
 * A stall is a linkage whose sender has waited for room for a good part of the time.  What holds
 * the sender up may be held up itself: then it is followed on, by the stall that takes most of its
 * time.  Whoever waits for something outside the graph is an end, whatever else it waits for. */
#ifndef AXOND_DAEMON_BOTTLENECK_H
#define AXOND_DAEMON_BOTTLENECK_H

#include <stdbool.h>
#include <stddef.h>

struct stall {
    const void *from; /* the components, by address: they are compared, never looked into */
    const void *to;
    double share; /* of the time, that the linkage was blocked */
    bool is_end;  /* to waits for something outside */

    /* filled in by bottlenecks_find() */
    size_t next; /* the stall that holds up its .to; NO_STALL: it is the last */
    size_t last; /* where following it ends */
    size_t way;  /* stalls up to there, itself included */
};

#define NO_STALL ((size_t)-1)

struct bottleneck {
    size_t last;    /* the stall that leads there: its .to is the bottleneck */
    size_t first;   /* the one from which the way there is longest */
    size_t count;   /* of all that lead there, by whatever way */
    double share;   /* the largest of those that lead there straight */
    bool is_circle; /* each waits for the next, and the last for the first */
};

/* Sorts the stalls, and writes the bottlenecks, the one that holds up most first.  At most "most"
 * are written.  Returns how many there are in all. */
size_t bottlenecks_find(struct stall *stalls, size_t count, struct bottleneck *found, size_t most);

#endif
