/* Carousel: holds one component at a time, and makes a new one whenever it is told to.
 *
 *     "a.txt" --> [next]                          [requestNext] --> "NEXT"
 *                 [inbox]  ══> child ══> [outbox]
 *                 [control]              [signal]
 *
 * Each message to next is an order: a child is made, with the order as the value of its parameter
 * "argument".  So what normally does one thing and ends, such as reading a file, does it again and
 * again, each time with something else.
 *
 * 1. An order that comes while there is a child tells that shutdownMicroprocess, and is carried out
 *    once it has ended.  What comes to inbox from then on waits for the new child, as does what
 *    comes while there is none.  Further orders wait their turn in next.
 * 2. When a child has ended by itself, "NEXT" goes out by requestNext; a Chooser would answer that
 *    with the next order.  The child's own signal is not passed on: it is the end of one of many.
 * 3. An order is read and checked as a value in the file would be, and nothing in it is replaced:
 *    ${...} is a text like any other.  One that won't do, or whose child can't start, is logged and
 *    counted, and "NEXT" goes out as after any other; after several of them in a row, with a pause,
 *    so that a list of nothing else does not keep the daemon busy.
 * 4. producerFinished on control: the orders that wait are carried out, the last child is told the
 *    same, and then the carousel ends.  shutdownMicroprocess: the child is told at once, no order
 * is carried out any more, and the carousel ends with the child. */
#include <stdio.h>

#include "components/chassis/held_graph.h"
#include "components/util/alarm.h"
#include "components/util/text.h"
#include "graph/loop.h"
#include "graph/param.h"
#include "graph/plan.h"

enum { QUICK_FAILURES = 10 }; /* in a row, before there are pauses */

#define PAUSE 1.0 /* seconds before the next is asked for, after so many failures */

struct carousel {
    struct plan *component;
    const char *argument;
    bool make1stRequest;

    struct blueprint *blueprint; /* where nothing is left to be given; else one for each order */
    struct list children;
    struct graph *child; /* NULL: none */
    struct alarm pause;  /* before the next is asked for */
    unsigned failures;   /* in a row */
    bool owes_request;   /* "NEXT" is still to be sent */
    bool is_starting;    /* the child is being started */
    bool is_replaced;    /* the child was told to make way for another */
    bool is_finishing;   /* producerFinished: no more orders */
    bool is_told;        /* and the last child knows */
    bool is_stopping;    /* shutdownMicroprocess */

    uint64_t orders;
    uint64_t refused;
    uint64_t failed;
};

enum { INBOX, NEXT, CONTROL };
enum { OUTBOX, SIGNAL, REQUEST_NEXT };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "the child's inbox"},
    [NEXT] = {.name = "next",
              .carries = ANYTHING,
              .doc = "orders: each message makes a new child, and is the value of its argument"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "producerFinished: carry out the orders that wait, let the last child "
                        "finish, then end; shutdownMicroprocess: end with the child, at once"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "the child's outbox"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "how the carousel itself has ended; a child's end is not said here"},
    [REQUEST_NEXT] = {.name = "requestNext",
                      .carries = ANYTHING,
                      .doc = "NEXT: the child has ended by itself, or could not be made"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_GRAPH(struct carousel, component), .required = true, .argument = "argument",
     .doc = "what to make for each order: a type, a graph, or a mapping with type:"},
    {PARAM_TEXT(struct carousel, argument),
     .doc = "the parameter of the component that each order sets; what the file has for it is only "
            "checked.  Left out: an order is no more than that"},
    {PARAM_BOOL(struct carousel, make1stRequest), .fallback = "false",
     .doc = "send NEXT by requestNext at the start"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct carousel, orders), .unit = "orders", .doc = "taken from next"},
    {STAT(struct carousel, refused), .unit = "orders", .is_worrying = true,
     .doc = "whose value won't do, or whose child could not start"},
    {STAT(struct carousel, failed), .unit = "children", .doc = "that have failed"},
    {0},
};

/* ---- asking for the next ---- */

static void owe_request(struct component *self)
{
    struct carousel *carousel = component_state(self);

    carousel->owes_request = true;
    if (carousel->failures > QUICK_FAILURES && !alarm_is_set(&carousel->pause)) {
        alarm_set(self, &carousel->pause, PAUSE);
    }
}

static void request_next(struct component *self)
{
    struct carousel *carousel = component_state(self);

    if (carousel->owes_request && !alarm_is_set(&carousel->pause) &&
        outbox_has_room(self, REQUEST_NEXT)) {
        carousel->owes_request = false;
        text_send(self, REQUEST_NEXT, "NEXT");
    }
}

/* ---- children ---- */

static void refuse(struct component *self, const char *why)
{
    struct carousel *carousel = component_state(self);

    carousel->refused++;
    carousel->failures++;
    component_log(self, LOG_LEVEL_WARNING, "order %llu is not carried out: %s",
                  (unsigned long long)carousel->orders, why);
    owe_request(self);
}

/* The blueprint for an order, to be released by the caller; NULL after it was refused. */
static struct blueprint *read_order(struct component *self, const struct message *order)
{
    struct carousel *carousel = component_state(self);
    struct blueprint *blueprint;
    struct plan *plan;
    char why[240];

    plan = plan_with_argument(carousel->component, component_loop(self)->types, order->data,
                              message_size(order), why, sizeof(why));
    if (plan == NULL) {
        refuse(self, why);
        return NULL;
    }
    blueprint = blueprint_create(component_loop(self), plan);
    plan_release(plan); /* the blueprint keeps it */
    return blueprint;
}

/* The child has a good value, and could not start with it: says who, why, and which value. */
static void refuse_start(struct component *self, const struct graph *child,
                         const struct message *order)
{
    const struct carousel *carousel = component_state(self);
    const struct param_spec *spec =
        carousel->argument != NULL
            ? param_find(child->plan->components[0].type->parameters, carousel->argument)
            : NULL;
    const bool is_secret = spec != NULL && spec->secret;
    const int shown = is_secret ? 3 : (message_size(order) < 100 ? (int)message_size(order) : 100);
    char failure[300] = "";
    char why[460];

    (void)held_failure(child, failure, sizeof(failure));
    if (carousel->argument != NULL) {
        (void)snprintf(why, sizeof(why), "%s (%.30s was \"%.*s\")", failure, carousel->argument,
                       shown, is_secret ? "***" : (const char *)order->data);
    }
    refuse(self, carousel->argument != NULL ? why : failure);
}

static void make_child(struct component *self, struct blueprint *blueprint,
                       const struct message *order)
{
    struct carousel *carousel = component_state(self);
    struct graph *child = blueprint_instantiate(blueprint, self, carousel->orders);

    carousel->child = child;
    held_pass_into(child, EDGE_INBOX, self, INBOX);
    held_pass_out(child, EDGE_OUTBOX, self, OUTBOX);
    carousel->is_starting = true;
    if (graph_start_instance(child) < 0) {
        refuse_start(self, child, order);
        graph_destroy(child);
    }
    carousel->is_starting = false;
}

static void carry_out(struct component *self, const struct message *order)
{
    struct carousel *carousel = component_state(self);
    struct blueprint *blueprint = carousel->blueprint;

    carousel->orders++;
    carousel->owes_request = false;
    if (carousel->argument != NULL) {
        blueprint = read_order(self, order);
    }
    if (blueprint != NULL) {
        make_child(self, blueprint, order);
    }
    if (carousel->argument != NULL) {
        blueprint_release(blueprint); /* it goes with the child */
    }
}

/* Tells the child to make way. */
static void replace_child(struct component *self)
{
    struct carousel *carousel = component_state(self);

    carousel->is_replaced = true;
    box_unlink(&component_inbox(self, INBOX)->box);
    graph_stop(carousel->child);
}

static void carousel_graph_ended(struct component *self, struct graph *child)
{
    struct carousel *carousel = component_state(self);

    const bool has_failed = graph_failed(child) != NULL;

    carousel->child = NULL;
    if (!carousel->is_starting || !has_failed) { /* else it was refused */
        carousel->failed += has_failed;
        carousel->failures = has_failed ? carousel->failures + 1 : 0;
        if (!carousel->is_replaced) {
            owe_request(self);
        }
    }
    carousel->is_replaced = false;
    component_wake(self);
}

/* ---- life ---- */

static void heed_control(struct component *self)
{
    struct carousel *carousel = component_state(self);
    struct message *msg;

    if (component_is_told_to_stop(self)) {
        if (!carousel->is_stopping && carousel->child != NULL) {
            graph_stop(carousel->child);
        }
        carousel->is_stopping = true;
        return;
    }
    while (inbox_is_empty(self, NEXT) && (msg = inbox_take(self, CONTROL)) != NULL) {
        carousel->is_finishing |= msg->kind == PRODUCER_FINISHED;
        message_release(msg);
    }
}

/* No more orders are carried out: ends once the child has. */
static void come_to_the_end(struct component *self)
{
    struct carousel *carousel = component_state(self);

    if (carousel->child == NULL) {
        if (carousel->is_stopping) {
            outbox_notify(self, SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
        }
        component_finish(self);
    } else if (carousel->is_finishing && !carousel->is_told) {
        carousel->is_told = true;
        graph_finish(carousel->child);
    }
}

static void carousel_run(struct component *self)
{
    struct carousel *carousel = component_state(self);
    struct message *order;

    heed_control(self);
    if (carousel->is_stopping || carousel->is_finishing) {
        come_to_the_end(self);
        return;
    }
    request_next(self);
    while (carousel->child == NULL && (order = inbox_take(self, NEXT)) != NULL) {
        carry_out(self, order);
        message_release(order);
        request_next(self);
    }
    if (carousel->child != NULL && !carousel->is_replaced && !inbox_is_empty(self, NEXT)) {
        replace_child(self);
    }
    if (!inbox_is_empty(self, CONTROL) && inbox_is_empty(self, NEXT)) {
        component_wake(self); /* it was left until the last order was taken */
    }
}

static int carousel_start(struct component *self)
{
    struct carousel *carousel = component_state(self);

    list_init(&carousel->children);
    if (carousel->argument == NULL) {
        carousel->blueprint = blueprint_create(component_loop(self), carousel->component);
    }
    carousel->owes_request = carousel->make1stRequest;
    component_wake(self);
    return 0;
}

static void carousel_stop(struct component *self)
{
    struct carousel *carousel = component_state(self);

    alarm_stop(self, &carousel->pause);
    blueprint_release(carousel->blueprint);
}

const struct component_type carousel_type = {
    .name = "Carousel",
    .summary = "holds one component at a time, and makes a new one for each order",
    .size = sizeof(struct carousel),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .heeds_control = true,
    .children = offsetof(struct carousel, children),
    .start = carousel_start,
    .run = carousel_run,
    .graph_ended = carousel_graph_ended,
    .stop = carousel_stop,
};
