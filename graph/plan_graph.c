/* Graphs that are parameters: plans of their own, with an edge; and those that leave a parameter
 * open, to be planned anew for each value that it gets at run time. */
#include <stdio.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/planner.h"
#include "graph/utf8.h"

/* How a plan with an argument is made again. */
struct plan_argument {
    const struct node *name;     /* of the parameter; where the file names it */
    const struct node *graph;    /* what the file has for the graph */
    const struct node *left_out; /* the planner's that read the file */
    enum carries carries;        /* what passes its edge */
};

/* ---- one component at the edge ---- */

static void link_edge(struct planner *planner, struct scope *scope,
                      struct draft_component *component, enum self_box edge, unsigned index)
{
    const bool is_in = edge == SELF_INBOX || edge == SELF_CONTROL;
    const struct end self = {.index = edge, .is_inbox = is_in, .is_self = true};
    const struct end inner = {.component = component, .index = index, .is_inbox = is_in};

    if (index != NO_BOX &&
        !is_of_runtime((is_in ? component->made.in : component->made.out)[index].spec)) {
        (void)scope_link_ends(planner, scope, is_in ? &self : &inner, is_in ? &inner : &self,
                              component->made.at, false);
    }
}

void draft_link_only(struct planner *planner, struct scope *scope,
                     struct draft_component *component)
{
    const struct plan_component *made = &component->made;

    if (made->type != NULL) {
        link_edge(planner, scope, component, SELF_INBOX, made->main_in);
        link_edge(planner, scope, component, SELF_CONTROL, made->control);
        link_edge(planner, scope, component, SELF_OUTBOX, made->main_out);
        link_edge(planner, scope, component, SELF_SIGNAL, made->signal);
    }
}

/* ---- a graph ---- */

const struct node *graph_parameter_type(struct planner *planner, const char *name,
                                        const struct node *node)
{
    const struct node *type = node->kind == NODE_SCALAR ? node : node_get(node, "type");

    if (type == NULL || type->kind != NODE_SCALAR) {
        errors_report(planner->errors, node,
                      "%s must be the name of a component type or graph, or a mapping with a type; "
                      "got %s",
                      name, node_kind_name(node));
        return NULL;
    }
    if (report_later(planner, type, "a type") || type->broken ||
        !planner_refuse_secret(planner, type, "a type")) {
        return NULL;
    }
    return type;
}

/* Plans a graph that is the value of a parameter.  NULL after a report. */
static struct draft *plan_graph(struct planner *planner, const char *name, enum carries carries,
                                const struct node *node)
{
    const struct node *type = graph_parameter_type(planner, name, node);
    struct definition *definition;
    struct draft *draft;
    struct scope *scope;

    if (type == NULL) {
        return NULL;
    }
    definition = definition_find(planner, type->text);
    if (definition != NULL && definition->type != NULL) {
        definition = NULL; /* a type made of others is one component */
    }
    draft = draft_create(planner, definition != NULL ? definition->name
                                                     : lower_case(planner->arena, type->text));
    scope = scope_create(planner, draft, NULL, type);
    scope->has_edge = true;
    scope->edge_carries = carries;
    if (definition != NULL) {
        scope->label = definition->name;
        definition_write_out(planner, definition, scope, node->kind == NODE_MAPPING ? node : NULL,
                             type);
    } else {
        draft_link_only(planner, scope, component_plan(planner, scope, "", type, node));
    }
    return draft;
}

/* ---- with an argument ---- */

bool report_later(struct planner *planner, const struct node *node, const char *what)
{
    struct node place = *node;

    if (!node->later) {
        return false;
    }
    place.broken = false; /* nothing was said of it yet */
    errors_report(planner->errors, &place,
                  "%s must be known at load; it can't come from an argument, which is given at run "
                  "time",
                  what);
    return true;
}

/* A graph as the file has it, with one parameter set to another value. */
static const struct node *with_value(struct arena *arena, const struct node *graph,
                                     const struct node *name, const struct node *value)
{
    const size_t most = (graph->kind == NODE_MAPPING ? graph->size : 1) + 1;
    struct node_pair *pairs = arena_alloc_array(arena, most, sizeof(*pairs));
    size_t count = 0;

    if (graph->kind == NODE_MAPPING) {
        for (size_t i = 0; i < graph->size; i++) {
            if (!node_is(graph->pairs[i].key, name->text)) {
                pairs[count++] = graph->pairs[i];
            }
        }
    } else {
        pairs[count++] = (struct node_pair){
            .key = node_create_scalar(arena, graph, "type", strlen("type")), .value = graph};
    }
    pairs[count++] = (struct node_pair){.key = name, .value = value};
    return node_create_mapping(arena, graph, pairs, count);
}

/* The node that names the parameter which this graph leaves open, or NULL, maybe after a report. */
static const struct node *find_argument(struct planner *planner, const struct param_spec *spec,
                                        const struct node *graph, const struct node *mapping)
{
    const struct node *name = spec->argument != NULL ? node_get(mapping, spec->argument) : NULL;
    const struct node *type = graph->kind == NODE_SCALAR ? graph : node_get(graph, "type");
    const struct type_info *info;
    const struct param_spec *open;

    if (name == NULL || name == planner->left_out || name->kind != NODE_SCALAR || name->broken) {
        return NULL;
    }
    if (node_is(name, "type") || node_is(name, "boxes")) {
        errors_report(planner->errors, name, "%s must be known at load; it can't be the %s",
                      name->text, spec->argument);
        return NULL;
    }
    info = type != NULL && type->kind == NODE_SCALAR ? planner_type(planner, type->text) : NULL;
    open = info != NULL ? param_find(info->type->parameters, name->text) : NULL;
    if (open != NULL && (open->kind == PARAM_KIND_GRAPH || open->kind == PARAM_KIND_GRAPHS ||
                         open->kind == PARAM_KIND_CHILDREN || open->kind == PARAM_KIND_LINKAGES ||
                         open->kind == PARAM_KIND_SECTION)) {
        errors_report(planner->errors, name, "%s must be known at load; it can't be the %s",
                      name->text, spec->argument);
        return NULL;
    }
    return name;
}

struct plan *graph_parameter_read(void *context, const struct param_spec *spec,
                                  const struct node *node, const struct node *mapping)
{
    struct planner *planner = context;
    const struct node *name = find_argument(planner, spec, node, mapping);
    const struct node *whole = node;
    struct plan_argument *argument;
    struct draft *draft;

    if (name != NULL && (node->kind == NODE_SCALAR ||
                         (node->kind == NODE_MAPPING && node_get(node, name->text) == NULL))) {
        struct node *later = node_create_scalar(planner->arena, name, name->text, name->size);

        later->broken = true;
        later->later = true;
        whole = with_value(planner->arena, node, name, later);
    }
    draft = plan_graph(planner, spec->name, spec->carries, whole);
    if (draft == NULL) {
        return NULL;
    }
    if (name != NULL) {
        argument = arena_alloc(planner->arena, sizeof(*argument));
        *argument = (struct plan_argument){
            .name = name, .graph = node, .left_out = planner->left_out, .carries = spec->carries};
        draft->plan->argument = argument;
    }
    return draft->plan;
}

/* ---- at run time ---- */

struct draft_component *planner_find_outer(struct planner *planner, const char *name, size_t size)
{
    const struct plan_component *found;
    struct draft_component *component;

    if (planner->outer == NULL) {
        return NULL;
    }
    found = plan_find(planner->outer, arena_strndup(planner->arena, name, size));
    if (found == NULL || found->parent != NULL) {
        return NULL;
    }
    component = arena_alloc(planner->arena, sizeof(*component));
    component->made = *found;
    component->draft = planner->root;
    component_own_boxes(planner, component);
    hash_put(&planner->root_scope->names, found->name, component);
    return component;
}

/* Plans it, into an arena of its own.  NULL: errors says why not. */
static struct plan *plan_anew(const struct plan *plan, const struct plan_options *options,
                              const char *value, size_t size, struct errors *errors)
{
    const struct plan_argument *argument = plan->argument;
    struct arena *arena = arena_create();
    struct planner planner;
    struct draft *draft;

    planner_init(&planner, arena, "", errors);
    planner_know_types(&planner, options);
    planner.root->plan->basis = plan_ref((struct plan *)(uintptr_t)plan);
    planner.outer = plan_outermost(plan);
    planner.graphs = planner.outer->document != NULL
                         ? node_get(document_root(planner.outer->document), "graphs")
                         : NULL;
    planner.left_out = argument->left_out;
    planner.root_scope = scope_create(&planner, planner.root, NULL, argument->graph);
    draft = plan_graph(&planner, "component", argument->carries,
                       with_value(arena, argument->graph, argument->name,
                                  node_create_scalar(arena, NULL, value, size)));
    planner_link(&planner);
    if (draft == NULL || errors_count(errors) > 0) {
        plan_release(planner.root->plan);
        return NULL;
    }
    planner_finish(&planner);
    return draft->plan;
}

/* Why a text can't be a value in any file; false: it can. */
static bool is_no_value(const struct plan_argument *argument, const void *value, size_t value_size,
                        char *err, size_t size)
{
    const struct node *graph = argument->graph;
    const struct node *type = graph->kind == NODE_SCALAR ? graph : node_get(graph, "type");

    if (value_size > PLAN_LONGEST_ARGUMENT) {
        (void)snprintf(err, size, "%s: %s must have at most %d bytes; got %zu", type->text,
                       argument->name->text, PLAN_LONGEST_ARGUMENT, value_size);
        return true;
    }
    if (!utf8_is_text(value, value_size)) {
        (void)snprintf(err, size, "%s: %s must be a UTF-8 text without NUL bytes; got others",
                       type->text, argument->name->text);
        return true;
    }
    return false;
}

struct plan *plan_with_argument(const struct plan *plan, const struct component_type *const *types,
                                const void *value, size_t value_size, char *err, size_t size)
{
    const struct plan_options options = {.types = types};
    struct errors *errors;
    struct plan *made;

    if (is_no_value(plan->argument, value, value_size, err, size)) {
        return NULL;
    }
    errors = errors_create();
    made = plan_anew(plan, &options, value, value_size, errors);
    if (made == NULL) {
        const struct report *report = errors_at(errors, 0);

        (void)snprintf(err, size, "%s", report != NULL ? report->error.text : "it has a mistake");
    }
    errors_destroy(errors);
    return made;
}
