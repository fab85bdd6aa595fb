/* Traces: the way of one message through the graph.
 *
 *     [box] ──the next message──► [inbox] ─taken─► component ──what came of it──► [inbox] ─► …
 *
 * Messages carry no marks: what comes of one is seen by taps (tap.h) on the boxes it gets to.  What
 * a component sends has come of a message if it shares its bytes, or is sent after the message was
 * taken and before the next one is.  So of a component that keeps what it takes for later, only
 * what shares the bytes is followed.
 *
 * A trace is of one loop, and all of it happens in that one's thread, but for making and ending it
 * while the loop is halted; what it follows ends where it crosses to another worker.
 *
 * A trace follows data.  When TRACE_MOST messages have arrived somewhere, or were lost, it looks
 * for no more; it keeps their bytes as long as it lives. */
#ifndef AXOND_GRAPH_TRACE_H
#define AXOND_GRAPH_TRACE_H

#include <stdbool.h>

#include "graph/box.h"

struct loop;
struct trace;

enum {
    TRACE_MOST = 64,       /* messages */
    TRACE_MOST_TAPS = 256, /* boxes that are looked at */
};

enum trace_step {
    TRACE_ARRIVED,   /* it is put into an inbox */
    TRACE_TAKEN,     /* it has left the inbox */
    TRACE_DROPPED,   /* the inbox is full, and drops it */
    TRACE_DISCARDED, /* the outbox leads nowhere */
    TRACE_GONE,      /* its component has ended */
    TRACE_CROSSED,   /* it goes to another worker, where it is not followed */
    TRACE_LEFT,      /* neither it nor what comes after is followed: there are too many */
};

struct trace_event {
    enum trace_step step;
    double time;        /* seconds since the first message was seen */
    unsigned hop;       /* from 1: the arrival at an inbox that this is about */
    unsigned cause;     /* the hop whose message this came of; 0: it is the first */
    struct outbox *out; /* that sent it; NULL: not known */
    struct inbox *in;   /* where it is, or was; NULL: nowhere */
    const struct message *msg;
    uint32_t before; /* arrived: messages that wait there before it */
    double waited;   /* taken: seconds that it waited there */
};

/* event is borrowed for the call, which must not end the trace. */
typedef void (*trace_fn)(void *arg, const struct trace_event *event);

/* Follows the next message that passes one of the boxes that are added; tell is called in the
 * loop's thread. */
struct trace *trace_begin(struct loop *loop, trace_fn tell, void *arg);

/* One that does not only pass on.  Before the first message. */
void trace_add(struct trace *trace, struct box *box);

/* True if there is something to come for certain: the first message, or one that waits. */
bool trace_is_waiting(const struct trace *trace);

/* NULL is fine. */
void trace_end(struct trace *trace);

#endif
