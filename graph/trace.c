#include "graph/trace.h"

#include <stdlib.h>
#include <time.h>

#include "graph/component.h"
#include "graph/crossing.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/tap.h"

/* A message on its way. */
struct followed {
    struct trace *trace;
    struct inbox *in;
    struct tap *tap;     /* on in; NULL: its component has ended */
    struct message *msg; /* shares the bytes */
    uint64_t number;     /* among those that came to in */
    double arrived;
    bool is_over; /* it has left the inbox */
};

/* A look at a box: at which a message is to be followed from, or by which one may go on. */
struct look {
    struct trace *trace;
    struct tap *tap; /* NULL: the box is no more */
    struct box *box;
};

struct trace {
    struct loop *loop;
    trace_fn tell;
    void *arg;
    double begun; /* s, CLOCK_MONOTONIC; 0: no message was seen yet */
    struct look *looks[TRACE_MOST_TAPS];
    unsigned look_count;
    struct followed *followed[TRACE_MOST];
    unsigned followed_count;
    unsigned lost_count; /* messages that arrived nowhere, or went to another worker */
};

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static bool is_taken(const struct followed *followed)
{
    return (followed->in->box.flags & BOX_PASSES) != 0 ||
           inbox_taken(followed->in) >= followed->number;
}

static void tell(struct trace *trace, struct trace_event event)
{
    trace->tell(trace->arg, &event);
}

static void tell_of(struct followed *followed, enum trace_step step)
{
    struct trace *trace = followed->trace;
    const double time = now();
    unsigned hop = 0;

    while (trace->followed[hop] != followed) {
        hop++;
    }
    followed->is_over = true;
    tell(trace, (struct trace_event){.step = step,
                                     .time = time - trace->begun,
                                     .hop = hop + 1,
                                     .in = followed->in,
                                     .msg = followed->msg,
                                     .waited = time - followed->arrived});
}

/* ---- at an inbox ---- */

static void on_took(void *arg, struct inbox *in)
{
    struct followed *followed = arg;

    if (!followed->is_over && is_taken(followed)) {
        tell_of(followed, TRACE_TAKEN);
    }
}

/* What comes after it is of no interest; only the end of the box is. */
static void on_inbox(void *arg, struct box *box, const struct message *msg)
{
    struct followed *followed = arg;

    if (msg == NULL) {
        followed->tap = NULL;
        if (!followed->is_over) {
            tell_of(followed, TRACE_GONE);
        }
    }
}

static void look_at_outboxes(struct trace *trace, struct component *component);

/* Looks at outboxes no more. */
static void forget_looks(struct trace *trace)
{
    for (unsigned i = 0; i < trace->look_count; i++) {
        if (trace->looks[i]->tap != NULL) {
            tap_remove(trace->looks[i]->tap);
        }
        free(trace->looks[i]);
    }
    trace->look_count = 0;
}

/* A message is about to be put into an inbox. */
static void follow(struct trace *trace, struct inbox *in, const struct message *msg,
                   struct trace_event *event)
{
    struct component *owner = box_owner(&in->box);
    struct followed *followed = mem_alloc(sizeof(*followed));

    followed->trace = trace;
    followed->in = in;
    followed->msg = message_share(component_pool(owner), msg);
    followed->number = in->messages + 1;
    followed->arrived = now();
    trace->followed[trace->followed_count++] = followed;
    event->hop = trace->followed_count;
    followed->tap = tap_add_here(&in->box, on_inbox, followed);
    tap_hear_takes(followed->tap, on_took);
    look_at_outboxes(trace, owner);
}

static bool drops(const struct inbox *in)
{
    return inbox_is_full(in) && (inbox_policy(in) == DROP_NEWEST || inbox_policy(in) == DISCONNECT);
}

/* What is seen goes to an inbox, or nowhere (NULL). */
static void go_on(struct trace *trace, unsigned cause, struct outbox *out, struct inbox *in,
                  const struct message *msg)
{
    struct trace_event event = {.step = TRACE_ARRIVED,
                                .time = now() - trace->begun,
                                .cause = cause,
                                .out = out,
                                .in = in,
                                .msg = msg};

    if (trace->followed_count + trace->lost_count == TRACE_MOST) {
        event.step = TRACE_LEFT;
        forget_looks(trace);
    } else if (in != NULL && crossing_stands_in(box_owner(&in->box))) {
        event.step = TRACE_CROSSED;
        trace->lost_count++;
    } else if (in == NULL || drops(in)) {
        event.step = in == NULL ? TRACE_DISCARDED : TRACE_DROPPED;
        trace->lost_count++;
    } else {
        event.before = in->box.queued;
        follow(trace, in, msg, &event);
    }
    tell(trace, event);
}

/* ---- at an outbox ---- */

static bool shares_bytes(const struct message *a, const struct message *b)
{
    return a->block == b->block && a->size > 0 && b->size > 0 && a->data < b->data + b->size &&
           b->data < a->data + a->size;
}

/* Nothing was taken after it. */
static bool is_last_taken(const struct followed *followed)
{
    return followed->is_over && (followed->in->box.flags & BOX_PASSES) == 0 &&
           inbox_taken(followed->in) == followed->number;
}

/* The hop whose message something that a component sends has come of; 0: of none that we know. */
static unsigned find_cause(const struct trace *trace, const struct component *sender,
                           const struct message *msg)
{
    for (unsigned i = trace->followed_count; i > 0; i--) {
        const struct followed *followed = trace->followed[i - 1];

        if (followed->tap != NULL && box_owner(&followed->in->box) == sender &&
            (shares_bytes(followed->msg, msg) || is_last_taken(followed))) {
            return i;
        }
    }
    return 0;
}

static void on_outbox(void *arg, struct box *box, const struct message *msg)
{
    struct look *look = arg;
    unsigned cause;

    if (msg == NULL) {
        look->tap = NULL;
    } else if (msg->kind == DATA) {
        cause = find_cause(look->trace, box_owner(box), msg);
        if (cause != 0) {
            go_on(look->trace, cause, box_as_outbox(box), box_as_outbox(box)->sink, msg);
        }
    }
}

static bool is_looked_at(const struct trace *trace, const struct box *box)
{
    for (unsigned i = 0; i < trace->look_count; i++) {
        if (trace->looks[i]->tap != NULL && trace->looks[i]->box == box) {
            return true;
        }
    }
    return false;
}

static void look_at(struct trace *trace, struct box *box, tap_fn see)
{
    struct look *look;

    if (trace->look_count == TRACE_MOST_TAPS || is_looked_at(trace, box)) {
        return;
    }
    look = mem_alloc(sizeof(*look));
    look->trace = trace;
    look->box = box;
    look->tap = tap_add_here(box, see, look);
    trace->looks[trace->look_count++] = look;
}

static void look_at_outboxes(struct trace *trace, struct component *component)
{
    for (unsigned i = NO_BOX; (i = component_next_outbox(component, i)) != NO_BOX;) {
        struct outbox *out = component_have_outbox(component, i);
        const enum carries carries = component_outbox_plan(component, i)->spec->carries;

        if (out != NULL && (out->box.flags & BOX_PASSES) == 0 &&
            (carries == BYTES || carries == LINES || carries == ANYTHING)) {
            look_at(trace, &out->box, on_outbox);
        }
    }
}

/* ---- the first message ---- */

static void on_first(void *arg, struct box *box, const struct message *msg)
{
    struct look *look = arg;
    struct trace *trace = look->trace;

    if (msg == NULL) {
        look->tap = NULL;
        return;
    }
    if (msg->kind != DATA || trace->begun > 0) {
        return;
    }
    trace->begun = now();
    forget_looks(trace);
    if (box_is_inbox(box)) {
        go_on(trace, 0, NULL, box_as_inbox(box), msg);
    } else {
        go_on(trace, 0, box_as_outbox(box), box_as_outbox(box)->sink, msg);
    }
}

struct trace *trace_begin(struct loop *loop, trace_fn tell_to, void *arg)
{
    struct trace *trace = mem_alloc(sizeof(*trace));

    trace->loop = loop;
    trace->tell = tell_to;
    trace->arg = arg;
    return trace;
}

void trace_add(struct trace *trace, struct box *box)
{
    look_at(trace, box, on_first);
}

bool trace_is_waiting(const struct trace *trace)
{
    if (trace->begun <= 0) {
        for (unsigned i = 0; i < trace->look_count; i++) {
            if (trace->looks[i]->tap != NULL) {
                return true;
            }
        }
        return false;
    }
    for (unsigned i = 0; i < trace->followed_count; i++) {
        if (!trace->followed[i]->is_over && !is_taken(trace->followed[i])) {
            return true;
        }
    }
    return false;
}

void trace_end(struct trace *trace)
{
    if (trace == NULL) {
        return;
    }
    forget_looks(trace);
    for (unsigned i = 0; i < trace->followed_count; i++) {
        if (trace->followed[i]->tap != NULL) {
            tap_remove(trace->followed[i]->tap);
        }
        message_release(trace->followed[i]->msg);
        free(trace->followed[i]);
    }
    free(trace);
}
