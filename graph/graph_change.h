/* Changing a running root graph, as the difference of two plans says, in two phases.
 *
 *     graph_change_create()    what is to be done; nothing has happened yet
 *          ▼
 *     graph_change_prepare()   what is new is made and started, beside what runs; all that can fail
 *          │      └──────────► graph_change_cancel()    is here, and nothing has happened then
 *          ▼
 *     graph_change_commit()    the switch, which cannot fail:
 *
 *          linkages are cut and made       what waits in an inbox stays with its component
 *          parameters are changed          component_type.changed
 *          queues are handed over          from what is replaced to what replaces it
 *          what is left goes               at once; or, with connections, after the last of them
 *
 * 1. Between these the loop must not go on.  Of several graphs of one plan all are prepared, then
 *    all committed.
 * 2. A component that has failed, or that an operator has ended, is started anew, changed or not;
 *    and one that has done its work, if anything that it is linked with is new.
 * 3. A graph with a part on each worker is changed in all of them, while the others are halted:
 *    from the first phase to the end of the second.  What stays does so on its worker; what
 *    would be on another is started anew there, with what waited.
 * 4. Listening sockets of what is leaving may be shared from the first phase on (listeners.h). */
#ifndef AXOND_GRAPH_GRAPH_CHANGE_H
#define AXOND_GRAPH_GRAPH_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/mem.h"

struct graph;
struct graph_change;
struct nursery;
struct plan_component;
struct plan_difference;

/* The graph must be one of difference->old.  nursery: made for the two, and filled; borrowed until
 * the change goes. */
MUST_CHECK struct graph_change *graph_change_create(struct graph *graph,
                                                    const struct plan_difference *difference,
                                                    struct nursery *nursery);

/* The next of the components that would be started anew though they are as they were; *position
 * starts at 0.  NULL at the end. */
const struct plan_component *graph_change_revived(const struct graph_change *change,
                                                  size_t *position);

/* Returns NULL, or the entry in the new plan of the component that could not start: why is in
 * reason (of size bytes), and the change has been cancelled. */
MUST_CHECK const struct plan_component *graph_change_prepare(struct graph_change *change,
                                                             char *reason, size_t size);

/* Undoes what was prepared, if it was; the change goes. */
void graph_change_cancel(struct graph_change *change);

/* The graph is one of difference->fresh from now on, and keeps it; the change goes. */
void graph_change_commit(struct graph_change *change);

#endif
