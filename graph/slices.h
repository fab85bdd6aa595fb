/* Slices: what would hold the loop is done a part at a time, one in each of its iterations.
 *
 *     slices_begin() ──► [slice] ──► the loop goes on ──► [slice] ──► … ──► nothing is left
 *
 * The first slice is done at once: what is small is over when slices_begin() returns. */
#ifndef AXOND_GRAPH_SLICES_H
#define AXOND_GRAPH_SLICES_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

enum { SLICE = 500 }; /* components in one: about a tenth of a millisecond */

struct slices {
    struct ev_loop *ev;
    ev_timer timer;
    /* Does up to so many.  Returns whether there are more; if not, the struct may be gone. */
    bool (*go_on)(struct slices *slices, size_t most);
};

/* Begins, anew if it was under way.  Also by the main thread for a worker's loop that it has
 * halted: that goes on with it. */
void slices_begin(struct slices *slices, struct ev_loop *ev,
                  bool (*go_on)(struct slices *slices, size_t most));

/* True from slices_begin() on, until nothing is left.  Zeroes are fine, as for slices_stop(). */
bool slices_are_left(const struct slices *slices);

/* Leaves the rest undone. */
void slices_stop(struct slices *slices);

#endif
