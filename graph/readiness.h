/* Readiness of descriptors: what passes between a component and the Selector.
 *
 *     component ──newReader(readiness)──► Selector ──► libev
 *     component ◄──a bit of [ReadReady]──────┘
 *
 * newExceptional asks for what goes wrong with the descriptor: it is told as if it could be
 * written.
 *
 * To ask is a message; to be told costs none: the Selector sets the bit of the inbox and wakes the
 * component.  Readiness stays asked for until it is removed (the original forgot it after one
 * event). Whoever leaves a readable descriptor unread removes the reader first, or the loop spins.
 */
#ifndef AXOND_GRAPH_READINESS_H
#define AXOND_GRAPH_READINESS_H

#include <ev.h>
#include <stdint.h>

#include "graph/message.h"

struct component;

/* Lives in the component's struct; zeroed before readiness_init(). */
struct readiness {
    ev_io io;       /* the Selector's; io.data is the component */
    uint8_t reader; /* index of the inbox to set when the descriptor can be read */
    uint8_t writer; /* likewise for writing, and for newExceptional */
    uint32_t place; /* the Selector's: among those who asked for newExceptional; 0: not there */
};

/* fd: non-blocking, stays the component's. */
void readiness_init(struct readiness *readiness, struct component *component, int fd,
                    unsigned reader, unsigned writer);

/* Asks the Selector for newReader, removeReader or the like, which it has done on return.  outbox:
 * the component's to the Selector.  The readiness is borrowed until its like is removed. */
void readiness_ask(struct readiness *readiness, unsigned outbox, enum message_kind kind);

/* Sets the bit of the inbox for writing. */
void readiness_tell_writer(const struct readiness *readiness);

static inline int readiness_fd(const struct readiness *readiness)
{
    return readiness->io.fd;
}

#endif
