/* Placement: which worker each component of a file lives on (workers.h).
 *
 * 1. What deals with connections lives on every worker: servers and handlers, the graphs that hold
 *    nothing else, and a Backplane (types with .on_each_worker).  Each worker then runs the
 *    connections that it has accepted, from start to end.
 * 2. Everything else lives on one.  Components that are linked with one another live on the same,
 *    and such groups are dealt out by turns in the order of the file: the first to the main thread.
 * 3. What is linked so that there can only be one of it lives on one worker too, whatever its type:
 *    a server that another component's message stops, or that leads to what takes a single
 *    connection.
 * 4. What looks at all that runs, or reads the terminal, lives on the main thread, and so does who
 *    makes it for connections. */
#ifndef AXOND_GRAPH_PLACEMENT_H
#define AXOND_GRAPH_PLACEMENT_H

#include <stddef.h>
#include <stdint.h>

struct plan;

enum { EVERY_WORKER = 255, NOWHERE = 254 /* a free place */ };

/* By place (the index of the plan's components): a worker, or EVERY_WORKER.  To be freed by the
 * caller. */
uint8_t *placement_create(const struct plan *plan, unsigned workers);

/* The same for a plan that follows another, whose homes were these, by place: what lived on one
 * worker stays there if it may. */
uint8_t *placement_after(const struct plan *plan, unsigned workers, const uint8_t *before,
                         size_t places);

#endif
