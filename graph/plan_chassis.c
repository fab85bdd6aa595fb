/* What chassis hold, and graphs that are parameters: all that makes a level of names. */
#include <string.h>

#include "graph/arena.h"
#include "graph/planner.h"

void components_read(struct planner *planner, struct scope *scope, const struct node *components)
{
    if (components->kind != NODE_MAPPING) {
        errors_report(planner->errors, components,
                      "components must be a mapping from names to components; got %s",
                      node_kind_name(components));
        return;
    }
    scope_reserve(planner, scope, components->size);
    for (size_t i = 0; i < components->size; i++) {
        const struct node *name = components->pairs[i].key;
        const struct node *value = components->pairs[i].value;

        if (!component_name_is_good(planner, name->text, name)) {
            continue;
        }
        if (value->kind == NODE_SCALAR) {
            errors_report(planner->errors, value, "a component is a mapping: write {type: %s}",
                          node_shown(value).text);
            scope_list(scope, component_add(planner, scope, name->text, name, NULL));
            continue;
        }
        scope_list(scope, component_plan(planner, scope, name->text, name, value));
    }
}

/* The name of a component in a list: its own, or its type's in lower case, with its place if
 * that is taken. */
static const char *name_in_list(struct planner *planner, const struct scope *scope,
                                const struct node *value)
{
    const struct node *own = node_get(value, "name");
    const struct node *type = value->kind == NODE_SCALAR ? value : node_get(value, "type");
    const struct type_info *info;
    const char *name;
    const char *base;

    if (type == NULL || type->kind != NODE_SCALAR) {
        return "";
    }
    info = hash_get(&planner->types, type->text);
    if (own != NULL && own->kind == NODE_SCALAR &&
        (info == NULL || param_find(info->type->parameters, "name") == NULL)) {
        if (!planner_refuse_secret(planner, own, "a component's name")) {
            return "";
        }
        if (component_name_is_good(planner, own->text, own) &&
            hash_get(&scope->names, own->text) != NULL) {
            errors_report(planner->errors, own, "another component here has the name \"%s\"",
                          shown(own->text).text);
        }
        return own->text;
    }
    base = lower_case(planner->arena, type->text);
    name = base;
    for (size_t place = scope->count + 1; hash_get(&scope->names, name) != NULL; place++) {
        name = arena_printf(planner->arena, "%s-%zu", base, place);
    }
    return name;
}

static void read_list(struct planner *planner, struct scope *scope, const struct node *list)
{
    if (list->kind != NODE_SEQUENCE || list->size == 0) {
        errors_report(planner->errors, list,
                      "%s: components must be a list of at least one, such as [{type: NAME}]; got "
                      "%s",
                      scope->self->made.type_name,
                      list->kind == NODE_SEQUENCE ? "an empty one" : node_kind_name(list));
        return;
    }
    scope_reserve(planner, scope, list->size);
    for (size_t i = 0; i < list->size; i++) {
        const struct node *value = list->items[i];
        const struct node *type = component_type_node(planner, value);

        if (type != NULL) {
            scope_list(scope, component_plan(planner, scope, name_in_list(planner, scope, value),
                                             type, value));
        }
    }
}

/* Adds the boxes of "self" that the linkages inside a chassis name to those that its type has. */
static void add_boxes_of_self(struct planner *planner, struct scope *scope)
{
    struct draft_component *self = scope->self;
    struct chain chain = {0};

    for (size_t i = 0; scope->linkages->kind == NODE_SEQUENCE && i < scope->linkages->size; i++) {
        if (node_find_secret(scope->linkages->items[i]) != NULL ||
            !chain_read(&chain, scope->linkages->items[i], NULL)) {
            continue;
        }
        for (size_t j = 0; j < chain.count; j++) {
            const struct chain_end *end = &chain.ends[j];
            struct box_spec *spec;

            if (!chain_end_is(end, "self") || end->box == NULL ||
                component_box(&self->made, true, end->box, end->box_size) != NO_BOX ||
                component_box(&self->made, false, end->box, end->box_size) != NO_BOX) {
                continue;
            }
            spec = arena_alloc(planner->arena, sizeof(*spec));
            spec->name = arena_strndup(planner->arena, end->box, end->box_size);
            spec->carries = ANYTHING;
            spec->doc = "named by a linkage of the graph";
            if (!component_add_boxes(planner, self, end->term == 0, spec, 1)) {
                chain_deinit(&chain);
                return;
            }
        }
    }
    chain_deinit(&chain);
}

static const char *children_key(const struct component_type *type, bool *is_required)
{
    const struct param_spec *spec = type->parameters;

    for (; spec != NULL && spec->name != NULL; spec++) {
        if (spec->kind == PARAM_KIND_CHILDREN) {
            *is_required = spec->required;
            return spec->name;
        }
    }
    *is_required = false;
    return "components";
}

void chassis_read(struct planner *planner, struct draft_component *chassis,
                  const struct node *mapping, const struct node *at)
{
    const struct component_type *type = chassis->made.type;
    struct scope *scope = scope_create(planner, chassis->draft, chassis, at);
    bool is_required;
    const char *key = children_key(type, &is_required);
    const struct node *components = node_get(mapping, key);

    if (components == NULL) {
        if (!is_required) {
            errors_report(planner->errors, at, "%s has no %s", type->name, key);
        }
        return;
    }
    if (!planner_enter(planner, at)) {
        return;
    }
    scope->is_pipeline = type->chassis == CHASSIS_PIPELINE;
    if (scope->is_pipeline) {
        read_list(planner, scope, components);
    } else {
        scope->linkages = node_get(mapping, "linkages");
        components_read(planner, scope, components);
    }
    planner_leave(planner);
    if (scope->linkages != NULL) {
        add_boxes_of_self(planner, scope);
    }
}

void chassis_write_out(struct planner *planner, struct draft_component *chassis,
                       struct definition *definition, const struct node *args,
                       const struct node *at)
{
    struct scope *scope = scope_create(planner, chassis->draft, chassis, at);

    definition_write_out(planner, definition, scope, args, at);
    if (scope->linkages != NULL && definition->type == NULL) {
        add_boxes_of_self(planner, scope);
    }
}

/* ---- graphs as parameters ---- */

const struct node *graph_parameter_type(struct planner *planner, const struct param_spec *spec,
                                        const struct node *node)
{
    const struct node *type = node->kind == NODE_SCALAR ? node : node_get(node, "type");

    if (type == NULL || type->kind != NODE_SCALAR) {
        errors_report(planner->errors, node,
                      "%s must be the name of a component type or graph, or a mapping with a type; "
                      "got %s",
                      spec->name, node_kind_name(node));
        return NULL;
    }
    return !type->broken && planner_refuse_secret(planner, type, "a type") ? type : NULL;
}

struct plan *graph_parameter_read(void *context, const struct param_spec *spec,
                                  const struct node *node)
{
    struct planner *planner = context;
    const struct node *type = graph_parameter_type(planner, spec, node);
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
    scope->edge_carries = spec->carries;
    if (definition != NULL) {
        scope->label = definition->name;
        definition_write_out(planner, definition, scope, node->kind == NODE_MAPPING ? node : NULL,
                             type);
    } else {
        draft_link_only(planner, scope, component_plan(planner, scope, "", type, node));
    }
    return draft->plan;
}

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
