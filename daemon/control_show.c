/* Show: one component in full. */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/control_private.h"
#include "graph/connection.h"
#include "graph/document.h"
#include "graph/graph.h"
#include "graph/param.h"
#include "graph/plan.h"
#include "graph/source.h"
#include "graph/supervise.h"
#include "graph/value.h"
#include "graph/waiting.h"

enum { MOST_SENDERS = 20000 }; /* that are counted: it takes a millisecond or two */

static json_t *origin_of(const struct node *node)
{
    char text[400];

    if (node == NULL || node->source == NULL) {
        return json_null();
    }
    (void)snprintf(text, sizeof(text), "%s:%u", node->source->name, node->line);
    return control_text(text);
}

/* value: taken over; NULL: none. */
static void add_parameter(json_t *parameters, const struct param_spec *spec,
                          const struct node *node, char *value)
{
    json_array_append_new(parameters, json_pack("{s:s, s:o, s:b, s:o}", "name", spec->name, "value",
                                                control_text(value != NULL ? value : ""), "given",
                                                node != NULL, "origin", origin_of(node)));
    free(value);
}

/* Those of a named graph, which has no struct for them: as the file has them. */
static json_t *parameters_of_graph(const struct component *component,
                                   const struct plan_graph *graph)
{
    const struct param_spec *spec = graph->parameters;
    json_t *parameters = json_array();

    for (; spec != NULL && spec->name != NULL; spec++) {
        const struct node *node = node_get(component->plan->mapping, spec->name);
        char *value = NULL;

        if (spec->secret) {
            value = mem_strdup("***");
        } else if (node != NULL) {
            value = param_show_node(node);
        } else {
            value = control_graph_default(component->graph->plan, graph, spec);
        }
        add_parameter(parameters, spec, node, value);
    }
    return parameters;
}

static json_t *parameters_of(const struct component *component)
{
    const struct plan_component *plan = component->plan;
    const struct plan_graph *graph =
        component->type->is_named_graph
            ? plan_find_graph(plan_outermost(component->graph->plan), control_type_name(component))
            : NULL;
    const struct param_spec *spec = component->type->parameters;
    json_t *parameters;

    if (graph != NULL) {
        return parameters_of_graph(component, graph);
    }
    parameters = json_array();
    for (; spec != NULL && spec->name != NULL; spec++) {
        const struct node *node = node_get(plan->mapping, spec->name);

        if (spec->kind == PARAM_KIND_CHILDREN || spec->kind == PARAM_KIND_LINKAGES) {
            continue; /* shown as components of their own */
        }
        add_parameter(parameters, spec, node, param_show(spec, plan->state, plan->mapping));
    }
    return parameters;
}

static json_t *statistics_of(const struct component *component)
{
    const struct stat_spec *spec = component->type->statistics;
    json_t *statistics = json_array();

    for (; spec != NULL && spec->name != NULL; spec++) {
        json_array_append_new(statistics,
                              json_pack("{s:s, s:f, s:o, s:s}", "name", spec->name, "value",
                                        (double)component_statistic(component, spec->name), "unit",
                                        control_text(spec->unit), "doc", spec->doc));
    }
    return statistics;
}

/* ---- boxes ---- */

struct senders {
    json_t *first;
    size_t total;
    size_t steps;
    double waited;
};

static void add_senders(struct senders *senders, struct inbox *in)
{
    const struct outbox *out = NULL;

    while (in != NULL && senders->steps++ < MOST_SENDERS &&
           (out = inbox_next_sender(in, out)) != NULL) {
        if ((out->box.flags & BOX_PASSES) == 0) {
            senders->waited += outbox_waited(out);
            if (senders->total++ < CONTROL_FIRST) {
                json_array_append_new(senders->first, control_path_of_box(&out->box));
            }
        }
    }
}

/* What an inbox and those of the replicas have counted; zeroes for a rare one that was never
 * linked. */
static struct inbox count_inbox(const struct component *component, unsigned index,
                                struct senders *senders)
{
    const struct component *at = NULL;
    struct inbox sum = {.box.flags = component_inbox_plan(component, index)->flags};
    const struct inbox *in = component_have_inbox(component, index);

    if (in != NULL) {
        sum.box.flags = in->box.flags;
    }
    while ((at = component_next_alike(component, index, at)) != NULL) {
        in = component_have_inbox(at, index);
        if (in == NULL) {
            continue;
        }
        add_senders(senders, (struct inbox *)(uintptr_t)in);
        sum.messages += in->messages;
        sum.bytes += in->bytes;
        sum.box.dropped += in->box.dropped;
        if ((in->box.flags & BOX_PASSES) == 0) {
            sum.box.queued += in->box.queued;
            sum.box.queued_cost += in->box.queued_cost;
            sum.high_water = in->high_water > sum.high_water ? in->high_water : sum.high_water;
        }
    }
    return sum;
}

static json_t *show_inbox(const struct component *component, unsigned index)
{
    const struct plan_box *plan = component_inbox_plan(component, index);
    struct inbox *in = component_have_inbox(component, index);
    struct senders senders = {.first = json_array()};
    const struct inbox counts = count_inbox(component, index, &senders);
    const unsigned flags = counts.box.flags;
    const bool passes = (flags & BOX_PASSES) != 0;
    const bool keeps = !passes && plan->spec->carries != READINESS;
    const bool is_bounded = keeps && control_is_bounded(flags);
    const struct inbox *sink = passes ? inbox_sink(in) : NULL;

    return json_pack(
        "{s:s, s:s, s:I, s:I, s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:o, s:I, s:o}", "name",
        plan->spec->name, "carries", carries_name(plan->spec->carries), "queued",
        (json_int_t)(keeps ? counts.box.queued : 0), "queued_bytes",
        (json_int_t)(keeps ? counts.box.queued_cost : 0), "bound",
        control_bound(is_bounded, in != NULL ? waiting_bound(in) : plan->limit), "unit",
        control_unit(flags), "policy", when_full_names[flags >> BOX_POLICY_SHIFT & 3], "high_water",
        (json_int_t)(keeps ? counts.high_water : 0), "messages", (json_int_t)counts.messages,
        "bytes", (json_int_t)counts.bytes, "dropped", (json_int_t)counts.box.dropped, "blocked",
        senders.waited, "sources", senders.first, "sources_total", (json_int_t)senders.total,
        "passes_to", control_path_of_box(sink != NULL ? &sink->box : NULL));
}

/* A service stands for the inbox that its outboxes lead to. */
static json_t *destination_of(const struct plan_box *plan, const struct outbox *out)
{
    if (out != NULL && out->sink != NULL) {
        return control_path_of_box(&out->sink->box);
    }
    return control_text(out == NULL ? plan->spec->service : NULL);
}

static json_t *show_outbox(const struct component *component, unsigned index)
{
    const struct plan_box *plan = component_outbox_plan(component, index);
    const struct outbox *out = component_have_outbox(component, index);
    const bool passes = out != NULL && (out->box.flags & BOX_PASSES) != 0;
    const struct component *at = NULL;
    struct outbox sum = {0};
    double waited = 0;

    while ((at = component_next_alike(component, index, at)) != NULL) {
        const struct outbox *one = component_have_outbox(at, index);

        if (one != NULL) {
            sum.messages += passes ? 0 : one->messages;
            sum.bytes += passes ? 0 : one->bytes;
            sum.box.dropped += one->box.dropped;
            waited += passes ? 0 : outbox_waited(one);
        }
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:f, s:o, s:b}", "name", plan->spec->name,
                     "carries", carries_name(plan->spec->carries), "messages",
                     (json_int_t)sum.messages, "bytes", (json_int_t)sum.bytes, "dropped",
                     (json_int_t)sum.box.dropped, "blocked", waited, "destination",
                     destination_of(plan, out), "passes", passes);
}

/* The boxes of a table are shown once, for all replicas; those that were added, each. */
static bool is_shown(const struct component *component, const struct component *replica,
                     unsigned index)
{
    return replica == component || index >= ADDED_BOX;
}

static json_t *inboxes_of(const struct component *component)
{
    const struct component *at = NULL;
    json_t *inboxes = json_array();

    while ((at = component_next_replica(component, at)) != NULL) {
        for (unsigned i = NO_BOX; (i = component_next_inbox(at, i)) != NO_BOX;) {
            if (is_shown(component, at, i)) {
                json_array_append_new(inboxes, show_inbox(at, i));
            }
        }
    }
    return inboxes;
}

static json_t *outboxes_of(const struct component *component)
{
    const struct component *at = NULL;
    json_t *outboxes = json_array();

    while ((at = component_next_replica(component, at)) != NULL) {
        for (unsigned i = NO_BOX; (i = component_next_outbox(at, i)) != NO_BOX;) {
            if (is_shown(component, at, i)) {
                json_array_append_new(outboxes, show_outbox(at, i));
            }
        }
    }
    return outboxes;
}

/* ---- the component ---- */

/* "on-failure, after 100ms to 30s, up to 5 in 1min". */
static json_t *restart_of(const struct component *component)
{
    const struct restart *restart = component->plan->restart;
    char limit[320] = "";
    char text[900];

    if (restart == NULL) {
        return control_text(restart_policy_name(NULL));
    }
    if (restart->limit > 0) {
        (void)snprintf(limit, sizeof(limit), ", up to %lld in %s", (long long)restart->limit,
                       value_show_duration(restart->within).text);
    }
    (void)snprintf(text, sizeof(text), "%s, after %s to %s%s", restart_policy_name(restart),
                   value_show_duration(restart->delay).text,
                   value_show_duration(restart->max_delay).text, limit);
    return control_text(text);
}

static json_t *address_of(struct component *component)
{
    char text[400];

    if (component->state == RESTARTING) {
        return json_null(); /* it has none now */
    }
    if (component_listens(component, text, sizeof(text)) ||
        component_describe_peer(component, text, sizeof(text)) ||
        component_describe(component, text, sizeof(text))) {
        return control_text(text);
    }
    return json_null();
}

static size_t count_children(const struct component *component)
{
    const struct component *child = NULL;
    size_t count = 0;

    while ((child = component_next_child(component, child)) != NULL) {
        count++;
    }
    return count;
}

/* A connection's graph is shown by the component that stands for the connection. */
static struct component *find_shown(struct varlink_call *call)
{
    struct component *socket = NULL;
    struct place place;

    if (!control_find(call, &place)) {
        return NULL;
    }
    if (place.component != NULL) {
        return place.component;
    }
    socket = connection_of(graph_component(place.graph, 0));
    if (socket == NULL) {
        control_no_component(call, varlink_string(call, "path"));
    }
    return socket;
}

static json_t *waits_of(struct component *component)
{
    char text[400];

    return control_text(component_waits_for(component, text, sizeof(text)) != WAITS_NOT ? text
                                                                                        : NULL);
}

void control_on_show(struct varlink_call *call)
{
    struct component *component = find_shown(call);

    if (component == NULL) {
        return;
    }
    varlink_reply(
        call,
        json_pack(
            "{s:o, s:o, s:s, s:f, s:o, s:o, s:o, s:i, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
            "path", control_path_of(component), "type", control_text(control_type_name(component)),
            "state", component_condition(component), "since", component_begun(component), "reason",
            control_text(component_reason(component)), "waits_for", waits_of(component), "restart",
            restart_of(component), "restarts", (int)component_restarts(component), "next_restart",
            control_next_restart(component), "parent", control_path_of(component_holder(component)),
            "children", (json_int_t)count_children(component), "address", address_of(component),
            "connection", control_connection_of(component), "parameters", parameters_of(component),
            "statistics", statistics_of(component), "inboxes", inboxes_of(component), "outboxes",
            outboxes_of(component)));
}
