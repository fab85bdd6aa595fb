/* Connections: what is shown of one, and Kill, which closes it.
 *
 *     peer ══ socket (server/17) ══ protocol (echo/17) ── holds ──► graphs of its components
 *              └───────────────── the connection ─────────────────────────────┘
 *
 * Any path inside leads to the whole. */
#include <stdio.h>

#include "daemon/control_private.h"
#include "daemon/log.h"
#include "graph/connection.h"
#include "graph/graph.h"
#include "graph/plan.h"

/* What is added up over the components of a connection. */
struct summary {
    json_t *components; /* the first of them */
    size_t count;
    uint64_t queued; /* messages */
    uint64_t queued_bytes;
    char waits_for[400]; /* of the one that holds up the others, or else of the socket */
    enum waits waits;
};

/* Bytes of the messages that wait, without what a header costs. */
static uint64_t waiting_bytes(const struct inbox *in)
{
    return in->box.queued_cost - (uint64_t)in->box.queued * MESSAGE_COST;
}

static bool keeps_data(const struct component *component, unsigned index, const struct inbox *in)
{
    return in != NULL && (in->box.flags & (BOX_PASSES | BOX_CONTROL)) == 0 &&
           component_inbox_plan(component, index)->spec->carries != READINESS;
}

static void add_component(struct summary *summary, struct component *component)
{
    uint64_t queued = 0;
    uint64_t queued_bytes = 0;
    char text[sizeof(summary->waits_for)];
    const enum waits waits = component_waits_for(component, text, sizeof(text));

    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX;) {
        const struct inbox *in = component_have_inbox(component, i);

        if (keeps_data(component, i, in)) {
            queued += in->box.queued;
            queued_bytes += waiting_bytes(in);
        }
    }
    summary->queued += queued;
    summary->queued_bytes += queued_bytes;
    if (waits > summary->waits) {
        summary->waits = waits;
        (void)snprintf(summary->waits_for, sizeof(summary->waits_for), "%s", text);
    }
    if (summary->count++ < CONTROL_FIRST) {
        json_array_append_new(
            summary->components,
            json_pack("{s:o, s:o, s:s, s:I, s:I, s:o}", "path", control_path_of(component), "type",
                      control_text(control_type_name(component)), "state",
                      component_condition(component), "queued", (json_int_t)queued, "queued_bytes",
                      (json_int_t)queued_bytes, "waits_for",
                      control_text(waits != WAITS_NOT ? text : NULL)));
    }
}

/* Graphs inside graphs are as deep as the file's. */
static void add_graph(struct summary *summary, const struct graph *graph)
{
    for (size_t i = 0; i < graph_size(graph); i++) {
        struct component *component = graph_component(graph, i);
        const struct graph *made = NULL;

        if (component_is_over(component)) {
            continue;
        }
        add_component(summary, component);
        while (component->type->children != 0 && summary->count < CONTROL_STEPS &&
               (made = component_next_graph(component, made)) != NULL) {
            add_graph(summary, made);
        }
    }
}

/* Our end; the peer's is what its type says of it. */
static json_t *local_of(struct component *socket)
{
    struct connection_ends ends;
    char text[HOST_SIZE + 10];

    return connection_ends_of(socket, &ends) && connection_address(&ends.local, text, sizeof(text))
               ? control_text(text)
               : json_null();
}

/* What has come from the peer, and what has gone to it. */
static json_t *traffic_of(struct component *socket)
{
    const struct plan_component *plan = socket->plan;
    const struct inbox *in =
        plan->main_in != NO_BOX ? component_have_inbox(socket, plan->main_in) : NULL;
    const struct outbox *out =
        plan->main_out != NO_BOX ? component_have_outbox(socket, plan->main_out) : NULL;

    return json_pack("{s:I, s:I, s:I, s:I}", "received_messages",
                     (json_int_t)(out != NULL ? out->messages : 0), "received_bytes",
                     (json_int_t)(out != NULL ? out->bytes : 0), "sent_messages",
                     (json_int_t)(in != NULL ? inbox_taken(in) : 0), "sent_bytes",
                     (json_int_t)(in != NULL ? in->bytes - waiting_bytes(in) : 0));
}

/* A socket that a connection's graph is not paired with may be held by what speaks through it. */
static struct graph *other_half(const struct component *socket)
{
    return socket->graph->blueprint != NULL ? socket->graph->peer : NULL;
}

json_t *control_connection_of(struct component *component)
{
    struct component *socket = connection_of(component);
    struct summary summary = {0};
    char peer[200];

    if (socket == NULL || component_is_over(socket)) {
        return json_null();
    }
    summary.components = json_array();
    add_graph(&summary, socket->graph);
    if (other_half(socket) != NULL) {
        add_graph(&summary, other_half(socket));
    }
    return json_pack(
        "{s:o, s:I, s:o, s:o, s:f, s:o, s:I, s:I, s:o, s:o, s:I}", "path", control_path_of(socket),
        "number", (json_int_t)component_connection(socket), "peer",
        control_text(component_describe_peer(socket, peer, sizeof(peer)) ? peer : NULL), "local",
        local_of(socket), "since", component_begun(socket), "traffic", traffic_of(socket), "queued",
        (json_int_t)summary.queued, "queued_bytes", (json_int_t)summary.queued_bytes, "waits_for",
        control_text(summary.waits != WAITS_NOT ? summary.waits_for : NULL), "components",
        summary.components, "components_total", (json_int_t)summary.count);
}

void control_on_kill(struct varlink_call *call)
{
    const char *path = varlink_string(call, "path");
    struct component *inside;
    struct component *socket;
    struct place place;
    char peer[200];

    if (!control_find(call, &place)) {
        return;
    }
    inside = place.component != NULL ? place.component : graph_component(place.graph, 0);
    socket = connection_of(inside);
    if (socket == NULL || component_is_over(socket)) {
        control_invalid_state(call, path, component_condition(inside),
                              socket == NULL ? "%s belongs to no connection; \"stop\" ends a "
                                               "component"
                                             : "the connection of %s is closed already",
                              path);
        return;
    }
    log_event(LOG_LEVEL_NOTICE, NULL, "closing connection %s, of %s, as uid %u asks", path,
              component_describe_peer(socket, peer, sizeof(peer)) ? peer : "an unknown peer",
              (unsigned)call->peer.uid);
    control_event(control_of(call), "killed", path, "the connection is closed, as somebody asked");
    control_stop(call, socket->graph, NULL);
}
