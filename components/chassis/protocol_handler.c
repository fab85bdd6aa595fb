/* ProtocolHandler: runs a protocol on each connection that a server announces.
 *
 *     TCPServer --> [inbox] ProtocolHandler        newCSA, shutdownCSA
 *
 *     ConnectedSocketAdapter [outbox] --> self.inbox   ┐
 *     ConnectedSocketAdapter [signal] --> self.control ├ an instance of the protocol, for each
 *     ConnectedSocketAdapter [inbox] <-- self.outbox   │
 *     ConnectedSocketAdapter [control] <-- self.signal ┘
 *
 * 1. The protocol is compiled once; an instance is a copy (graph/blueprint.h).  Where a reload
 * brings another, connections that are there keep the one that they began with.
 * 2. When all of an instance has ended, its connection has been told producerFinished by
 * self.signal, or is told so here if the protocol has none: it writes what waits and closes.  When
 * the connection is over first, the instance gets socketShutdown.
 * 3. With handover, connections outlive the process: another one that comes in its place gets them
 *    as they are (graph/handover.h), if each component of the protocol can give its state.
 * 4. producerFinished on control: no more connections come; the handler ends with the last one.
 *    shutdownMicroprocess: every instance is told the same, and then the handler ends. */
#include "components/chassis/protocol_handler.h"

#include <errno.h>

#include "graph/component.h"
#include "graph/error.h"
#include "graph/graph.h"
#include "graph/handover.h"
#include "graph/plan.h"

struct protocol_handler {
    struct plan *protocol;
    bool handover;

    struct blueprint *blueprint;
    struct list connections; /* the instances */
    bool finishing;
    uint64_t now;
    uint64_t handled;
    uint64_t failed;
};

enum { INBOX, CONTROL };
enum { SIGNAL };

/* What the protocol leaves out is no mistake: one that never writes has no self.outbox. */
static bool is_fine(int result)
{
    return result == 0 || result == -ENOENT;
}

/* Links a socket's adapter and an instance both ways. */
static bool link_both(struct component *socket, struct graph *instance)
{
    const struct plan_component *plan = socket->plan;

    return is_fine(graph_link_into(instance, EDGE_INBOX, socket, plan->main_out)) &&
           is_fine(graph_link_into(instance, EDGE_CONTROL, socket, plan->signal)) &&
           is_fine(graph_link_out(instance, EDGE_OUTBOX, socket, plan->main_in)) &&
           is_fine(graph_link_out(instance, EDGE_SIGNAL, socket, plan->control));
}

/* An instance for a connection, linked to its socket; neither is started. */
static struct graph *make_instance(struct component *self, struct component *socket)
{
    struct protocol_handler *handler = component_state(self);
    struct graph *instance = blueprint_instantiate(handler->blueprint, self, socket->graph->number);

    handler->now++;
    handler->handled++;
    graph_pair(instance, socket->graph);
    REQUIRE(link_both(socket, instance));
    return instance;
}

static void handle_new(struct component *self, struct component *socket)
{
    struct protocol_handler *handler = component_state(self);
    struct graph *instance = make_instance(self, socket);

    if (graph_start_instance(instance) < 0) {
        handler->failed++;
        graph_destroy(instance);
    }
    if (graph_start_instance(socket->graph) < 0) {
        component_log(self, LOG_LEVEL_ERROR, "a connection's socket could not be started");
        graph_destroy(socket->graph);
    }
}

static void protocol_handler_graph_ended(struct component *self, struct graph *instance)
{
    struct protocol_handler *handler = component_state(self);

    handler->now--;
    if (instance->peer != NULL && instance->is_destroyed) { /* it could say nothing of its end */
        component_tell(graph_component(instance->peer, 0), SHUTDOWN_MICROPROCESS, NULL, 0);
    } else if (instance->peer != NULL && !graph_has_edge(instance, EDGE_SIGNAL)) {
        component_tell(graph_component(instance->peer, 0), PRODUCER_FINISHED, NULL, 0);
    }
    if (handler->finishing) {
        component_wake(self);
    }
}

static void tell_all(struct component *self, enum message_kind kind)
{
    struct graph *instance = NULL;

    while ((instance = component_next_graph(self, instance)) != NULL) {
        graph_tell(instance, kind, 0);
    }
}

static void heed_control(struct component *self)
{
    struct protocol_handler *handler = component_state(self);
    struct message *msg;

    while (inbox_is_empty(self, INBOX) && (msg = inbox_take(self, CONTROL)) != NULL) {
        handler->finishing |= msg->kind == PRODUCER_FINISHED;
        message_release(msg);
    }
}

static void protocol_handler_run(struct component *self)
{
    struct protocol_handler *handler = component_state(self);
    struct message *msg;

    if (component_is_told_to_stop(self)) {
        tell_all(self, SHUTDOWN_MICROPROCESS);
        outbox_notify(self, SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
        component_finish(self);
        return;
    }
    while ((msg = inbox_take(self, INBOX)) != NULL) {
        if (msg->kind == NEW_CSA && msg->about != NULL && msg->about->state == CREATED) {
            handle_new(self, msg->about);
        }
        message_release(msg);
    }
    heed_control(self);
    if (handler->finishing && handler->now == 0) {
        component_finish(self);
    }
}

static int protocol_handler_start(struct component *self)
{
    struct protocol_handler *handler = component_state(self);

    list_init(&handler->connections);
    handler->blueprint = blueprint_create(component_loop(self), handler->protocol);
    return 0;
}

/* Connections keep the protocol that they began with. */
static void protocol_handler_changed(struct component *self)
{
    struct protocol_handler *handler = component_state(self);

    if (!blueprint_is_of(handler->blueprint, handler->protocol)) {
        blueprint_replace(handler->blueprint);
        handler->blueprint = blueprint_create(component_loop(self), handler->protocol);
    }
}

static void protocol_handler_stop(struct component *self)
{
    struct protocol_handler *handler = component_state(self);

    blueprint_release(handler->blueprint);
}

static const struct plan *protocol_handler_handed_over(struct component *self)
{
    const struct protocol_handler *handler = component_state(self);

    return handler->handover && !handler->finishing ? handler->protocol : NULL;
}

static bool protocol_handler_check_graphs(const void *state, const struct node *at,
                                          struct error *err)
{
    const struct protocol_handler *handler = state;
    const struct plan_component *obstacle = handler->handover && handler->protocol != NULL
                                                ? handover_obstacle(handler->protocol)
                                                : NULL;

    if (obstacle == NULL) {
        return true;
    }
    return error_set(err, at,
                     "handover: true, but a %s, as in its protocol, can't be handed over to "
                     "another process",
                     obstacle->type->name);
}

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox",
               .carries = CONNECTIONS,
               .main = true,
               .required = true,
               .doc = "newCSA for each connection, shutdownCSA when it is over"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc =
                     "producerFinished: end with the last connection; shutdownMicroprocess: now"},
    {0},
};
static const struct box_spec outboxes[] = {
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "how it ended"},
    {0},
};
static const struct param_spec parameters[] = {
    PROTOCOL_HANDLER_PARAMETERS(struct protocol_handler),
    {0},
};
static const struct stat_spec statistics[] = {
    {.name = "connections",
     .offset = offsetof(struct protocol_handler, now),
     .unit = "connections",
     .is_gauge = true,
     .doc = "now"},
    {STAT(struct protocol_handler, handled), .unit = "connections", .doc = "in all"},
    {STAT(struct protocol_handler, failed), .unit = "connections", .is_worrying = true,
     .doc = "whose protocol could not be started"},
    {0},
};

const struct component_type protocol_handler_type = {
    .name = "ProtocolHandler",
    .on_each_worker = true,
    .summary = "runs a protocol on each connection that a server announces",
    .size = sizeof(struct protocol_handler),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .heeds_control = true,
    .children = offsetof(struct protocol_handler, connections),
    .check_graphs = protocol_handler_check_graphs,
    .handed_over = protocol_handler_handed_over,
    .take_over = make_instance,
    .start = protocol_handler_start,
    .run = protocol_handler_run,
    .changed = protocol_handler_changed,
    .graph_ended = protocol_handler_graph_ended,
    .stop = protocol_handler_stop,
};
