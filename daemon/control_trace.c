/* Trace: the next message's way through the graph, step by step.
 *
 *     box ──► trace.h ──► steps ──► replies;  nothing for a while, and nothing waits: the end
 *
 * Steps are told in the middle of components' turns, where a trace may not be ended: a timer does
 * that. */
#include <stdlib.h>

#include "daemon/control_private.h"
#include "graph/trace.h"

#define USUAL_PATIENCE 0.5 /* seconds */
#define MOST_PATIENCE  3600.0

enum { DATA_LIMIT = 256 }; /* bytes of a message that are told */

struct tracing {
    struct varlink_call *call;
    struct trace *trace;
    ev_timer quiet; /* since the last step */
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
    case TRACE_LEFT:
        return "left";
    }
    return "?";
}

static json_t *make_reply(const struct tracing *tracing, const char *step)
{
    return json_pack("{s:f, s:s, s:f, s:i, s:i, s:n, s:n, s:n, s:i, s:f, s:i, s:n, s:n}", "time",
                     ev_now(control_loop(tracing->call)->ev), "step", step, "after", 0.0, "hop", 0,
                     "cause", 0, "from", "to", "peer", "before", 0, "waited", 0.0, "size", 0,
                     "data", "encoding");
}

static void tell(void *arg, const struct trace_event *event)
{
    struct tracing *tracing = arg;
    json_t *reply = make_reply(tracing, step_name(event->step));
    struct box *at = event->in != NULL ? &event->in->box : &event->out->box;

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
    (void)varlink_reply_continues(tracing->call, reply);
    ev_timer_again(control_loop(tracing->call)->ev, &tracing->quiet);
}

static void look_if_over(struct varlink_call *call)
{
    const struct tracing *tracing = call->data;

    call->produce = NULL;
    if (!trace_is_waiting(tracing->trace)) {
        varlink_reply(call, make_reply(tracing, "ended"));
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
    trace_end(tracing->trace);
    free(tracing);
}

/* What another worker runs goes on while we look at what it told us.  Returns false after an
 * answer.
 */
static bool are_traceable(struct varlink_call *call, const struct control_boxes *boxes)
{
    for (size_t i = 0; i < boxes->count; i++) {
        const struct component *owner = box_owner(boxes->boxes[i]);

        if (component_loop(owner)->worker > 0) {
            control_invalid_state(call, varlink_string(call, "path"), component_condition(owner),
                                  "it runs on worker %u, and only what the first worker runs can "
                                  "be traced; tap works everywhere",
                                  component_loop(owner)->worker + 1);
            return false;
        }
    }
    return true;
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
    if (!are_traceable(call, &boxes)) {
        free(boxes.boxes);
        return;
    }
    tracing = mem_alloc(sizeof(*tracing));
    tracing->call = call;
    tracing->trace = trace_begin(control_loop(call), tell, tracing);
    for (size_t i = 0; i < boxes.count; i++) {
        trace_add(tracing->trace, boxes.boxes[i]);
    }
    free(boxes.boxes);
    ev_timer_init(&tracing->quiet, on_quiet, patience, patience);
    tracing->quiet.data = tracing;
    call->data = tracing;
    call->on_end = on_end;
    (void)varlink_reply_continues(call, make_reply(tracing, "started"));
    ev_timer_start(control_loop(call)->ev, &tracing->quiet);
}
