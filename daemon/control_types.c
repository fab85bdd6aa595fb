/* Types, Describe: what graphs can be made of. */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/control_private.h"
#include "daemon/describe_type.h"
#include "graph/document.h"
#include "graph/graph.h"
#include "graph/param.h"
#include "graph/plan.h"
#include "graph/source.h"
#include "graph/suggest.h"

void control_on_types(struct varlink_call *call)
{
    varlink_reply(call, describe_types(control_loop(call)->types));
}

/* ---- named graphs, which are used like types ---- */

static const struct plan *running_plan(const struct varlink_call *call)
{
    const struct graph *graph = control_of(call)->daemon->graph;

    return graph != NULL ? graph->plan : NULL;
}

/* The type that stands for all named graphs: it has their common boxes. */
static const struct component_type *shape_of_graphs(const struct component_type *const *types)
{
    while (*types != NULL && !(*types)->is_named_graph) {
        types++;
    }
    return *types;
}

static size_t count_parameters(const struct param_spec *table)
{
    size_t count = 0;

    while (table != NULL && table[count].name != NULL) {
        count++;
    }
    return count;
}

char *control_graph_default(const struct plan *plan, const struct plan_graph *graph,
                            const struct param_spec *spec)
{
    const struct node *graphs = node_get(document_root(plan_outermost(plan)->document), "graphs");
    const struct node *declared =
        node_get(node_get(node_get(graphs, graph->name), "parameters"), spec->name);

    return node_get(declared, "default") != NULL ? param_show_node(node_get(declared, "default"))
                                                 : NULL;
}

static json_t *describe_graph(const struct plan *plan, const struct plan_graph *graph,
                              const struct component_type *const *types)
{
    const struct component_type *shape = shape_of_graphs(types);
    const size_t count = count_parameters(graph->parameters);
    struct param_spec *table = mem_alloc((count + 1) * sizeof(*table));
    char **defaults = mem_alloc((count + 1) * sizeof(*defaults));
    char summary[400];
    struct component_type type = {
        .name = graph->name, .summary = summary, .parameters = table, .is_named_graph = true};
    json_t *description;

    (void)snprintf(summary, sizeof(summary), "a graph of %s, line %u", graph->at->source->name,
                   graph->at->line);
    if (shape != NULL) {
        type.inboxes = shape->inboxes;
        type.outboxes = shape->outboxes;
    }
    for (size_t i = 0; i < count; i++) {
        defaults[i] = control_graph_default(plan, graph, &graph->parameters[i]);
        table[i] = graph->parameters[i];
        table[i].fallback = defaults[i];
    }
    description = describe_type(&type);
    for (size_t i = 0; i < count; i++) {
        free(defaults[i]);
    }
    free(defaults);
    free(table);
    return description;
}

static const char *graph_candidate(void *context, size_t index)
{
    const struct plan *plan = context;

    return index < plan->root->graph_count ? plan->root->graphs[index].name : NULL;
}

void control_on_describe(struct varlink_call *call)
{
    const struct component_type *const *types = control_loop(call)->types;
    const struct plan *plan = running_plan(call);
    const char *name = varlink_string(call, "type");
    const struct component_type *type = find_type(types, name);
    const struct plan_graph *graph = plan != NULL ? plan_find_graph(plan, name) : NULL;
    const char *meant;

    if (type != NULL) {
        varlink_reply(call, describe_type(type));
        return;
    }
    if (graph != NULL) {
        varlink_reply(call, describe_graph(plan, graph, types));
        return;
    }
    meant = suggest_type(types, name);
    if (meant == NULL && plan != NULL) {
        meant = suggest(name, graph_candidate, (void *)(uintptr_t)plan);
    }
    varlink_error(call, "io.axond.NoSuchType",
                  json_pack("{s:s, s:o}", "type", name, "suggestion", control_text(meant)));
}
