/* Trace: the next message's way through the graph, step by step.
 *
 *     box ──► trace.h ──► steps ──► replies;  nothing for a while, and nothing waits: the end
 *
 * Steps are told in the middle of components' turns, where a trace may not be ended: a timer does
 * that.
 *
 * With several workers there is a trace on each that runs something of the path, and the first that
 * sees a message goes on alone.  What is told by another worker than the first comes by letter. */
#include <stdlib.h>

#include "daemon/control_private.h"
#include "graph/loop.h"
#include "graph/trace.h"
#include "graph/workers.h"

#define USUAL_PATIENCE 0.5 /* seconds */
#define MOST_PATIENCE  3600.0

enum { DATA_LIMIT = 256 }; /* bytes of a message that are told */

/* A trace on one worker. */
struct strand {
    struct tracing *tracing;
    struct loop *loop;
    struct trace *trace; /* NULL: nothing of the path is there, or another was the first */
};

struct tracing {
    struct varlink_call *call;
    struct loop *main;
    _Atomic unsigned refs;      /* the call's, and a letter's each */
    bool is_over;               /* the call is; the main thread's, as the next */
    const struct strand *first; /* that has seen a message; NULL: none yet */
    ev_timer quiet;             /* since the last step */
    unsigned count;
    struct strand strands[]; /* by worker */
};

/* A step on its way to the main thread. */
struct sent_step {
    struct letter letter;
    const struct strand *strand;
    json_t *reply;
};

static const char *step_name(enum trace_step step)
{
    switch (step) {
    case TRACE_ARRIVED:
        return "arrived";
    case TRACE_TAKEN:
        return "taken";
    case TRACE_DROPPED:
        return "dropped";
    case TRACE_DISCARDED:
        return "discarded";
    case TRACE_GONE:
        return "gone";
    case TRACE_CROSSED:
        return "crossed";
    case TRACE_LEFT:
        return "left";
    }
    return "?";
}

static json_t *make_reply(const char *step)
{
    return json_pack("{s:f, s:s, s:f, s:i, s:i, s:n, s:n, s:n, s:i, s:f, s:i, s:n, s:n}", "time",
                     ev_time(), "step", step, "after", 0.0, "hop", 0, "cause", 0, "from", "to",
                     "peer", "before", 0, "waited", 0.0, "size", 0, "data", "encoding");
}

static void tracing_unref(struct tracing *tracing)
{
    if (atomic_fetch_sub_explicit(&tracing->refs, 1, memory_order_acq_rel) == 1) {
        free(tracing);
    }
}

/* Ends the traces of all workers but one. */
static void end_others(struct tracing *tracing, const struct strand *first)
{
    workers_halt(tracing->main->workers);
    for (unsigned i = 0; i < tracing->count; i++) {
        if (&tracing->strands[i] != first) {
            trace_end(tracing->strands[i].trace);
            tracing->strands[i].trace = NULL;
        }
    }
    workers_release(tracing->main->workers);
}

/* In the main thread. */
static void deliver(const struct strand *strand, json_t *reply)
{
    struct tracing *tracing = strand->tracing;

    if (!tracing->is_over && tracing->first == NULL) {
        tracing->first = strand;
        end_others(tracing, strand);
    }
    if (tracing->is_over || tracing->first != strand) {
        json_decref(reply);
        return;
    }
    (void)varlink_reply_continues(tracing->call, reply);
    ev_timer_again(tracing->main->ev, &tracing->quiet);
}

static void on_sent(struct letter *letter)
{
    struct sent_step *sent = container_of(letter, struct sent_step, letter);
    struct tracing *tracing = sent->strand->tracing;

    deliver(sent->strand, sent->reply);
    free(sent);
    tracing_unref(tracing);
}

static void tell(void *arg, const struct trace_event *event)
{
    const struct strand *strand = arg;
    json_t *reply = make_reply(step_name(event->step));
    struct box *at = event->in != NULL ? &event->in->box : &event->out->box;
    struct sent_step *sent;

    json_object_set_new(reply, "after", json_real(event->time));
    json_object_set_new(reply, "hop", json_integer(event->hop));
    json_object_set_new(reply, "cause", json_integer(event->cause));
    json_object_set_new(reply, "from",
                        control_path_of_box(event->out != NULL ? &event->out->box : NULL));
    json_object_set_new(reply, "to",
                        control_path_of_box(event->in != NULL ? &event->in->box : NULL));
    json_object_set_new(reply, "peer", control_peer_of(box_owner(at)));
    json_object_set_new(reply, "before", json_integer(event->before));
    json_object_set_new(reply, "waited", json_real(event->waited));
    control_add_data(reply, event->msg, DATA_LIMIT);
    if (strand->loop == strand->tracing->main) {
        deliver(strand, reply);
        return;
    }
    sent = mem_alloc(sizeof(*sent));
    *sent = (struct sent_step){.letter.open = on_sent, .strand = strand, .reply = reply};
    (void)atomic_fetch_add_explicit(&strand->tracing->refs, 1, memory_order_relaxed);
    (void)mailbox_post(&strand->tracing->main->mailbox, &sent->letter);
}

static bool is_waiting(const struct tracing *tracing)
{
    bool is_any = atomic_load_explicit(&tracing->refs, memory_order_acquire) > 1; /* under way */

    workers_halt(tracing->main->workers);
    for (unsigned i = 0; i < tracing->count && !is_any; i++) {
        is_any = tracing->strands[i].trace != NULL && trace_is_waiting(tracing->strands[i].trace);
    }
    workers_release(tracing->main->workers);
    return is_any;
}

static void look_if_over(struct varlink_call *call)
{
    const struct tracing *tracing = call->data;

    call->produce = NULL;
    if (!is_waiting(tracing)) {
        varlink_reply(call, make_reply("ended"));
    }
}

/* The graph is looked at in the call's turns only. */
static void on_quiet(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    const struct tracing *tracing = watcher->data;

    varlink_call_produce(tracing->call, look_if_over);
}

static void on_end(struct varlink_call *call)
{
    struct tracing *tracing = call->data;

    ev_timer_stop(control_loop(call)->ev, &tracing->quiet);
    end_others(tracing, NULL);
    tracing->is_over = true;
    tracing_unref(tracing);
}

static struct tracing *tracing_create(struct varlink_call *call, const struct control_boxes *boxes)
{
    struct loop *loop = control_loop(call);
    const unsigned count = worker_count(loop);
    struct tracing *tracing = mem_alloc(sizeof(*tracing) + count * sizeof(struct strand));

    tracing->call = call;
    tracing->main = loop;
    tracing->count = count;
    atomic_init(&tracing->refs, 1);
    workers_halt(loop->workers);
    for (unsigned i = 0; i < count; i++) {
        tracing->strands[i] = (struct strand){.tracing = tracing, .loop = worker_loop(loop, i)};
    }
    for (size_t i = 0; i < boxes->count; i++) {
        struct strand *strand =
            &tracing->strands[component_loop(box_owner(boxes->boxes[i]))->worker];

        if (strand->trace == NULL) {
            strand->trace = trace_begin(strand->loop, tell, strand);
        }
        trace_add(strand->trace, boxes->boxes[i]);
    }
    workers_release(loop->workers);
    return tracing;
}

void control_on_trace(struct varlink_call *call)
{
    const double patience = varlink_float(call, "patience", USUAL_PATIENCE);
    struct control_boxes boxes;
    struct tracing *tracing;

    if (patience <= 0 || patience > MOST_PATIENCE) {
        varlink_invalid_parameter(call, "patience");
        return;
    }
    if (!control_find_boxes(call, &boxes)) {
        return;
    }
    tracing = tracing_create(call, &boxes);
    free(boxes.boxes);
    ev_timer_init(&tracing->quiet, on_quiet, patience, patience);
    tracing->quiet.data = tracing;
    call->data = tracing;
    call->on_end = on_end;
    (void)varlink_reply_continues(call, make_reply("started"));
    ev_timer_start(control_loop(call)->ev, &tracing->quiet);
}
