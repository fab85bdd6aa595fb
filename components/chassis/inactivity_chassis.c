/* InactivityChassis: holds a component, and ends it when nothing has passed for a while.
 *
 *     [inbox]   ══> child.inbox        child.outbox ══> [outbox]
 *     [control] ══> child.control      child.signal ══> [signal]
 *
 * An idle_timeout for any stream, such as the protocol of a connection.  What passes, in either
 * direction, is not seen here: the boxes count their messages anyway, and one timer looks at the
 * counts, a few times in each timeout.  So a message costs nothing, and a stream is found idle
 * after timeout and up to a quarter more.
 *
 * The child is told producerFinished, as in the original, and shutdownMicroprocess if it has not
 * ended a grace later.  When it has ended, for whatever reason, so has the chassis; if the child
 * has failed, so has the chassis. */
#include <errno.h>

#include "components/chassis/held_graph.h"
#include "graph/plan.h"

enum { LOOKS = 4 }; /* in a timeout */

struct inactivity_chassis {
    struct plan *component;
    double timeout;
    double grace;

    struct list children;
    struct graph *child; /* NULL: it has ended */
    ev_timer timer;
    uint64_t seen;  /* what had passed at the last look */
    unsigned quiet; /* looks since something passed */
    bool is_told;   /* producerFinished, as nothing passed */

    uint64_t timed_out;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "the component's inbox"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "the component's control"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "the component's outbox"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the component's signal"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_GRAPH(struct inactivity_chassis, component), .required = true,
     .doc = "what to hold: a type, a graph, or a mapping with type:"},
    {PARAM_DURATION(struct inactivity_chassis, timeout), .changeable = true, .fallback = "2s",
     .min = 0.01, .max = 31536000, .doc = "how long nothing may pass by inbox or outbox"},
    {PARAM_DURATION(struct inactivity_chassis, grace), .changeable = true, .fallback = "5s",
     .min = 0, .max = 31536000,
     .doc = "how long it may then take to finish, before shutdownMicroprocess"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct inactivity_chassis, timed_out), .unit = "times",
     .doc = "that nothing had passed for so long"},
    {0},
};

/* Messages that have come in and gone out so far, whoever leads to our boxes or from them. */
static uint64_t count_passed(struct component *self)
{
    struct box *outbox = &component_outbox(self, OUTBOX)->box;
    uint64_t count = inbox_sink(component_inbox(self, INBOX))->messages;
    struct outbox *out = NULL;

    while ((out = box_next_sender(outbox, out)) != NULL) {
        if ((out->box.flags & BOX_PASSES) == 0) {
            count += out->messages + out->box.dropped;
        }
    }
    return count;
}

static void set_timer(struct component *self, double seconds)
{
    struct inactivity_chassis *chassis = component_state(self);

    ev_timer_stop(component_ev(self), &chassis->timer);
    ev_timer_set(&chassis->timer, seconds, 0.0);
    ev_timer_start(component_ev(self), &chassis->timer);
}

static void on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct component *self = timer->data;
    struct inactivity_chassis *chassis = component_state(self);
    const uint64_t passed = count_passed(self);

    if (chassis->child == NULL) {
        return;
    }
    if (chassis->is_told) {
        graph_stop(chassis->child);
        return;
    }
    chassis->quiet = passed == chassis->seen ? chassis->quiet + 1 : 0;
    chassis->seen = passed;
    if (chassis->quiet < LOOKS) {
        set_timer(self, chassis->timeout / LOOKS);
        return;
    }
    chassis->is_told = true;
    chassis->timed_out++;
    graph_finish(chassis->child);
    set_timer(self, chassis->grace);
}

static int inactivity_chassis_start(struct component *self)
{
    struct inactivity_chassis *chassis = component_state(self);
    struct blueprint *blueprint = blueprint_create(component_loop(self), chassis->component);
    struct graph *child;

    list_init(&chassis->children);
    ev_init(&chassis->timer, on_timer);
    chassis->timer.data = self;
    child = blueprint_instantiate(blueprint, self, 0);
    blueprint_release(blueprint); /* it goes with the child */
    chassis->child = child;
    held_pass_into(child, EDGE_INBOX, self, INBOX);
    held_pass_into(child, EDGE_CONTROL, self, CONTROL);
    held_pass_out(child, EDGE_OUTBOX, self, OUTBOX);
    held_pass_out(child, EDGE_SIGNAL, self, SIGNAL);
    set_timer(self, chassis->timeout / LOOKS);
    if (graph_start_instance(child) < 0) {
        graph_destroy(child);
        return -ECANCELED; /* graph_ended() has said why */
    }
    return 0;
}

static void inactivity_chassis_graph_ended(struct component *self, struct graph *child)
{
    struct inactivity_chassis *chassis = component_state(self);
    char why[400];

    chassis->child = NULL;
    if (held_failure(child, why, sizeof(why))) {
        (void)component_fail(self, 0, "%s", why);
    } else {
        component_wake(self);
    }
}

/* The child has ended, or something came that it has no box for. */
static void inactivity_chassis_run(struct component *self)
{
    struct inactivity_chassis *chassis = component_state(self);
    struct message *msg;

    if (chassis->child == NULL) {
        component_finish(self);
        return;
    }
    inbox_discard(self, INBOX);
    while ((msg = inbox_take(self, CONTROL)) != NULL) {
        if (msg->kind == PRODUCER_FINISHED) {
            graph_finish(chassis->child);
        } else {
            graph_tell(chassis->child, (enum message_kind)msg->kind, msg->error);
        }
        message_release(msg);
    }
}

static void inactivity_chassis_stop(struct component *self)
{
    struct inactivity_chassis *chassis = component_state(self);

    ev_timer_stop(component_ev(self), &chassis->timer);
}

const struct component_type inactivity_chassis_type = {
    .name = "InactivityChassis",
    .summary = "holds a component, and ends it when nothing has passed for a while",
    .size = sizeof(struct inactivity_chassis),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .heeds_control = true,
    .children = offsetof(struct inactivity_chassis, children),
    .start = inactivity_chassis_start,
    .run = inactivity_chassis_run,
    .graph_ended = inactivity_chassis_graph_ended,
    .stop = inactivity_chassis_stop,
};
