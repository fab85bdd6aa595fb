/* SingleHandler: gives its own boxes to one connection at a time.
 *
 *     TCPServer --> [connections]      newCSA, shutdownCSA
 *
 *     [inbox] ══> ConnectedSocketAdapter ══> [outbox]        the client's, while there is one
 *                           signal --> [_fromClient]
 *
 * Who connects while there is a client is closed at once, and counted.  What comes to inbox while
 * there is none waits for the next one, as in the original.
 *
 * 1. That a client comes or goes is not said on signal: what is linked to us serves one after the
 *    other.  So nobody can know when the answer to a client that has finished sending is complete:
 *    its connection is closed once nothing has come or gone for the time "linger".
 * 2. producerFinished on control: nothing more comes to inbox; what is there is written, the client
 *    is closed, and no other is taken on.  shutdownMicroprocess: all ends at once. */
#include <stdio.h>

#include "components/internet/connected_socket_adapter.h"
#include "graph/graph.h"
#include "graph/plan.h"

struct single_handler {
    double linger;

    struct component *client; /* its adapter, kept; NULL: none */
    ev_timer timer;           /* active: the client has finished sending */
    bool is_finishing;

    uint64_t handled;
    uint64_t refused;
};

enum { CONNECTIONS_IN, INBOX, CONTROL, FROM_CLIENT };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [CONNECTIONS_IN] = {.name = "connections",
                        .carries = CONNECTIONS,
                        .main = true,
                        .required = true,
                        .doc = "newCSA for each connection, shutdownCSA when it is over"},
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "goes to the client"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "producerFinished: write the rest, close, take on nobody else; "
                        "shutdownMicroprocess: end at once"},
    [FROM_CLIENT] = {.name = "_fromClient",
                     .carries = NOTICES,
                     .doc = "producerFinished from the adapter: the client has sent all it had"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .main = true, .doc = "came from the client"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "how the handler has ended; a client's end is not said here"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_DURATION(struct single_handler, linger), .changeable = true, .fallback = "1s", .min = 0,
     .max = 86400,
     .doc = "how long a client that has finished sending may wait for more of its answer"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct single_handler, handled), .unit = "connections", .doc = "in all"},
    {STAT(struct single_handler, refused), .unit = "connections",
     .doc = "closed at once, as there was a client"},
    {0},
};

static void set_timer(struct component *self, double seconds)
{
    struct single_handler *handler = component_state(self);

    ev_timer_stop(component_ev(self), &handler->timer);
    ev_timer_set(&handler->timer, seconds, 0.0);
    ev_timer_start(component_ev(self), &handler->timer);
}

/* ---- the client ---- */

static void take_on(struct component *self, struct component *csa)
{
    struct single_handler *handler = component_state(self);
    const struct plan_component *plan = csa->plan;

    handler->handled++;
    handler->client = component_ref(csa);
    REQUIRE(box_link(&component_inbox(self, INBOX)->box,
                     &component_inbox(csa, plan->main_in)->box) == 0);
    REQUIRE(box_link(&component_outbox(csa, plan->main_out)->box,
                     &component_outbox(self, OUTBOX)->box) == 0);
    REQUIRE(component_link(csa, plan->signal, self, FROM_CLIENT) == 0);
    if (graph_start_instance(csa->graph) < 0) {
        component_log(self, LOG_LEVEL_ERROR, "the client's socket could not be started");
        graph_destroy(csa->graph);
    }
}

/* The client's connection is over, or no longer ours: what comes to inbox waits for the next. */
static void forget_client(struct component *self)
{
    struct single_handler *handler = component_state(self);
    struct component *client = handler->client;

    if (client != NULL) {
        handler->client = NULL;
        ev_timer_stop(component_ev(self), &handler->timer);
        component_unref(client);
    }
}

/* What is left is written, then the connection ends in order. */
static void finish_client(struct component *self)
{
    const struct single_handler *handler = component_state(self);

    box_unlink(&component_inbox(self, INBOX)->box);
    component_tell(handler->client, PRODUCER_FINISHED, NULL, 0);
}

static void on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct component *self = timer->data;
    const struct single_handler *handler = component_state(self);
    const double left = handler->linger - csa_quiet(handler->client);

    if (left > 0) {
        set_timer(self, left);
    } else {
        finish_client(self);
    }
}

/* A client does not outlive its handler, nor is it heard by the one that is started again. */
static void single_handler_stop(struct component *self)
{
    const struct single_handler *handler = component_state(self);
    struct component *client = handler->client;

    if (client != NULL && !component_is_over(client)) {
        const struct plan_component *plan = client->plan;

        box_unlink(&component_inbox(self, INBOX)->box);
        box_unlink(&component_outbox(client, plan->main_out)->box);
        box_unlink(&component_outbox(client, plan->signal)->box);
        component_tell(client, SHUTDOWN_MICROPROCESS, NULL, 0);
    }
    forget_client(self);
}

/* ---- what comes in ---- */

static void hear_of_connections(struct component *self)
{
    struct single_handler *handler = component_state(self);
    struct message *msg;

    while ((msg = inbox_take(self, CONNECTIONS_IN)) != NULL) {
        if (msg->kind == SHUTDOWN_CSA && msg->about == handler->client) {
            forget_client(self);
        } else if (msg->kind == NEW_CSA && msg->about != NULL && msg->about->state == CREATED) {
            if (handler->client == NULL && !handler->is_finishing) {
                take_on(self, msg->about);
            } else {
                handler->refused++; /* it is closed with the message */
            }
        }
        message_release(msg);
    }
}

static void hear_from_client(struct component *self)
{
    struct single_handler *handler = component_state(self);
    struct message *msg;

    while ((msg = inbox_take(self, FROM_CLIENT)) != NULL) {
        if (msg->kind == PRODUCER_FINISHED && handler->client != NULL &&
            !component_is_over(handler->client) && !ev_is_active(&handler->timer)) {
            set_timer(self, handler->linger);
        }
        message_release(msg);
    }
}

static void heed_control(struct component *self)
{
    struct single_handler *handler = component_state(self);
    struct message *msg;

    while ((msg = inbox_take(self, CONTROL)) != NULL) {
        if (msg->kind == PRODUCER_FINISHED && !handler->is_finishing) {
            handler->is_finishing = true;
            if (handler->client != NULL) {
                finish_client(self);
            }
        }
        message_release(msg);
    }
}

static void single_handler_run(struct component *self)
{
    struct single_handler *handler = component_state(self);

    if (component_is_told_to_stop(self)) {
        if (handler->client != NULL) {
            component_tell(handler->client, SHUTDOWN_MICROPROCESS, NULL, 0);
        }
        outbox_notify(self, SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
        component_finish(self);
        return;
    }
    if (handler->client != NULL && component_is_over(handler->client)) {
        forget_client(self); /* its server has ended, and said nothing */
    }
    hear_of_connections(self);
    hear_from_client(self);
    heed_control(self);
    if (handler->is_finishing && handler->client == NULL) {
        component_finish(self);
    }
}

static int single_handler_start(struct component *self)
{
    struct single_handler *handler = component_state(self);

    ev_init(&handler->timer, on_timer);
    handler->timer.data = self;
    return 0;
}

static bool single_handler_describe(struct component *self, char *text, size_t size)
{
    const struct single_handler *handler = component_state(self);
    char peer[128];

    if (handler->client == NULL || !csa_describe_peer(handler->client, peer, sizeof(peer))) {
        return false;
    }
    (void)snprintf(text, size, "connected to %s", peer);
    return true;
}

const struct component_type single_handler_type = {
    .name = "SingleHandler",
    .summary = "gives its own boxes to one connection at a time",
    .size = sizeof(struct single_handler),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .heeds_control = true,
    .start = single_handler_start,
    .run = single_handler_run,
    .stop = single_handler_stop,
    .describe = single_handler_describe,
};
