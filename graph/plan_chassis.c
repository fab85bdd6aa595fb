/* What chassis hold: all that makes a level of names. */
#include <string.h>

#include "graph/arena.h"
#include "graph/planner.h"

/* What a type has for its parts may stand for a parameter, which may be a name. */
static bool is_made_of_others(const struct scope *scope)
{
    const struct component_type *type = scope->self != NULL ? scope->self->made.type : NULL;

    return type != NULL && type->definition != NULL;
}

void components_read(struct planner *planner, struct scope *scope, const struct node *components)
{
    if (report_later(planner, components, "what a graph holds")) {
        return;
    }
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
        if (value->kind == NODE_SCALAR && !is_made_of_others(scope)) {
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
    info = planner_type(planner, type->text);
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
    if (report_later(planner, list, "what a chassis holds")) {
        return;
    }
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
    scope->is_list = type->chassis != CHASSIS_GRAPH;
    if (scope->is_list) {
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
