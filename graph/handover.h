/* Handover: connections go to another process, which comes in the place of this one.
 *
 *     here                                                     there
 *       server/17  ┐                            ┌ a new adapter of the server of that path
 *         socket   ├─handover_pack()─► parcel ─►┤  handover_unpack()
 *       echo/17    ┘                            └ an instance of the handler of that path
 *         what waits in inboxes; what components save
 *
 * A connection is two graphs: its socket's, which a server has made, and that of its protocol,
 * which a handler has.  A component type whose struct holds parameters and statistics alone says so
 * (.stateless); another gives its state by .save and gets it by .restore.  Without either it can't
 * be handed over, nor can a connection with it; nor one of which a part has ended already, or is to
 * end at once.  producerFinished that waits in a control goes along, and what it has led to: a
 * connection of which one way is closed goes on in the other.
 *
 * Only what the new process offers is packed: a handler of the same path, with a protocol of the
 * same form.  The form goes along, for one that could not be asked (daemon/restart.h).
 *
 * All is done by the main thread; where there are workers they stand still meanwhile, and each is
 * given its share of the connections. */
#ifndef AXOND_GRAPH_HANDOVER_H
#define AXOND_GRAPH_HANDOVER_H

#include <stdbool.h>

#include "graph/mem.h"

struct component_type;
struct graph;
struct parcel;
struct plan;
struct plan_component;

/* The first component of a plan that can't be handed over; NULL: all can. */
const struct plan_component *handover_obstacle(const struct plan *plan);

/* ---- there ---- */

/* Puts in which connections this root graph would take. */
void handover_offer(struct graph *root, struct parcel *to);

/* Makes the connection that is in the parcel, and starts it.  Returns NULL, or why it can't, in
 * words. */
MUST_CHECK const char *handover_unpack(struct graph *root, struct parcel *from);

/* ---- here ---- */

/* Connections of handlers that hand over, whatever the state of each. */
size_t handover_count(struct graph *root);

struct courier {
    struct parcel *offer;
    bool (*take)(void *arg, struct graph *connection, struct parcel *parcel);
    void *arg;
};

/* Packs each connection of the root graph that is offered, and has it taken; ends at the first for
 * which that returns false.  It is as it was: take(), or its caller before any loop goes on, lets
 * it go by handover_let_go() once it is the other process's.  The log tells, for debugging, which
 * can't go and why. */
void handover_pack(struct graph *root, const struct courier *courier);

/* The other process has it: here its descriptors are closed, and nobody is told anything. */
void handover_let_go(struct graph *connection);

/* ---- for types ---- */

/* Packs and unpacks the components of one instance, for .save and .restore of those who make
 * instances themselves.  An instance is unpacked before it is started.  False: it can't be. */
MUST_CHECK bool handover_save(struct graph *instance, struct parcel *to);
MUST_CHECK bool handover_restore(struct graph *instance, struct parcel *from);

#endif
