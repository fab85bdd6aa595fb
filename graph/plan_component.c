/* From a component's mapping to its part of a plan. */
#include <string.h>

#include "graph/arena.h"
#include "graph/planner.h"
#include "graph/secret.h"

struct param_reader planner_reader(struct planner *planner, const char *owner)
{
    return (struct param_reader){
        .owner = owner,
        .left_out = planner->left_out,
        .arena = planner->arena,
        .errors = planner->errors,
        .read_graph = graph_parameter_read,
        .context = planner,
    };
}

static void need_defaults(struct planner *planner, struct type_info *info)
{
    const struct param_reader reader = planner_reader(planner, info->type->name);

    if (!info->has_defaults) {
        info->has_defaults = true;
        info->model.state = arena_alloc(planner->arena, info->type->size);
        (void)params_set_defaults(&reader, info->type->parameters, info->model.state);
    }
}

static struct draft_component *make_component(struct planner *planner, struct scope *scope,
                                              const char *name, const struct node *at,
                                              struct type_info *info)
{
    struct draft_component *component = arena_alloc(planner->arena, sizeof(*component));
    struct plan_component *made = &component->made;
    const char *around = scope->self != NULL ? scope->self->made.path : "";

    if (info != NULL) {
        need_defaults(planner, info);
        *made = info->model;
        made->state = arena_alloc(planner->arena, info->type->size);
        memcpy(made->state, info->model.state, info->type->size);
        component_own_boxes(planner, component);
    }
    made->name = name;
    made->path = around[0] != '\0' ? arena_printf(planner->arena, "%s/%s", around, name) : name;
    made->parent = scope->self != NULL ? &scope->self->made : NULL;
    made->at = at;
    component->draft = scope->draft;
    component->is_listed = scope->is_list;
    return component;
}

struct draft_component *component_add(struct planner *planner, struct scope *scope,
                                      const char *name, const struct node *at,
                                      struct type_info *info)
{
    struct draft_component *component = make_component(planner, scope, name, at, info);

    *scope->draft->components_end = component;
    scope->draft->components_end = &component->next;
    return component;
}

struct draft_component *component_add_late(struct planner *planner, struct scope *scope,
                                           const char *name, const struct node *at,
                                           struct type_info *info)
{
    struct draft_component *chassis = scope->self;
    struct draft_component *component;

    if (chassis == NULL || chassis->next == NULL) {
        return component_add(planner, scope, name, at, info);
    }
    component = make_component(planner, scope, name, at, info);
    component->next = chassis->next;
    chassis->next = component;
    return component;
}

void scope_list(struct scope *scope, struct draft_component *component)
{
    hash_put(&scope->names, component->made.name, component);
    scope->components[scope->count++] = component;
}

/* ---- a component's mapping ---- */

bool component_name_is_good(struct planner *planner, const char *name, const struct node *at)
{
    if (strcmp(name, "self") == 0) {
        return errors_report(planner->errors, at,
                             "self is the edge of the graph; a component needs another name");
    }
    if (!is_plain_name(name)) {
        return errors_report(planner->errors, at,
                             "a component's name has letters, digits, _ and - only; got \"%s\"",
                             shown(name).text);
    }
    if (strlen(name) > PLAN_LONGEST_NAME) {
        return errors_report(planner->errors, at, "a component's name has at most %d characters",
                             PLAN_LONGEST_NAME);
    }
    return true;
}

const char *const *component_keys(bool is_listed)
{
    static const char *const listed[] = {"type", "boxes", "restart", "name", NULL};
    static const char *const usual[] = {"type", "boxes", "restart", NULL};

    return is_listed ? listed : usual;
}

const struct node *component_type_node(struct planner *planner, const struct node *value)
{
    const struct node *type = node_get(value, "type");

    if (value->kind == NODE_SCALAR) {
        return value; /* allowed in places, see below */
    }
    if (value->kind != NODE_MAPPING) {
        errors_report(planner->errors, value,
                      "a component is a mapping with a type, such as {type: NAME}; got %s",
                      node_kind_name(value));
        return NULL;
    }
    if (type == NULL) {
        errors_report(planner->errors, value, "a component needs a type: {type: NAME, ...}");
        return NULL;
    }
    if (type->kind != NODE_SCALAR) {
        errors_report(planner->errors, type,
                      "type must be the name of a component type or a graph; got %s",
                      node_kind_name(type));
        return NULL;
    }
    return planner_refuse_secret(planner, type, "a type") ? type : NULL;
}

/* Remembers what is secret of the parameters; what it holds has its own. */
static void keep_secrets(struct planner *planner, struct plan_component *made)
{
    const struct param_spec *spec = made->type->parameters;

    for (; spec != NULL && spec->name != NULL; spec++) {
        const struct node *node = node_get(made->mapping, spec->name);

        if (node != NULL && spec->kind != PARAM_KIND_GRAPH && spec->kind != PARAM_KIND_GRAPHS &&
            spec->kind != PARAM_KIND_CHILDREN) {
            made->secrets = secret_add_node(planner->arena, made->secrets, node);
        }
    }
}

/* True if a parameter is given only at run time: all of them together are checked then. */
static bool waits_for_more(const struct node *mapping)
{
    for (size_t i = 0; mapping != NULL && i < mapping->size; i++) {
        if (mapping->pairs[i].value->later) {
            return true;
        }
    }
    return false;
}

/* Reads parameters by the type's table.  Returns false after a report. */
static bool read_parameters(struct planner *planner, struct scope *scope,
                            struct draft_component *component, const struct node *type)
{
    struct plan_component *made = &component->made;
    struct param_reader reader = planner_reader(planner, made->type_name);
    struct error err = {0};
    bool is_good;

    reader.reserved = component_keys(scope->is_list);
    is_good = params_read(&reader, made->type->parameters, made->mapping, type, made->state);
    if (is_good && !waits_for_more(made->mapping) && made->type->check != NULL &&
        !made->type->check(made->state, type, &err)) {
        is_good = errors_add(planner->errors, &err);
    }
    keep_secrets(planner, made);
    component_add_more_outboxes(planner, component);
    return is_good;
}

static struct draft_component *plan_graph(struct planner *planner, struct scope *scope,
                                          const char *name, const struct node *at,
                                          struct definition *definition, const struct node *value)
{
    const struct component_type *shape = definition->shape;
    struct draft_component *component;

    definition->is_used = true;
    if (shape == NULL) {
        errors_report(planner->errors, at,
                      "a graph can't be a component here: no type stands for "
                      "it");
        return component_add(planner, scope, name, at, NULL);
    }
    component = component_add(planner, scope, name, at, planner_type(planner, shape->name));
    component->made.type_name = definition->name;
    component->made.mapping = value->kind == NODE_MAPPING ? value : NULL;
    if (definition->type != NULL &&
        !read_parameters(planner, scope, component, component_type_node(planner, value))) {
        return component; /* its parts would only say the same again */
    }
    chassis_write_out(planner, component, definition, component->made.mapping,
                      component_type_node(planner, value));
    return component;
}

static struct draft_component *plan_type(struct planner *planner, struct scope *scope,
                                         const char *name, const struct node *at,
                                         struct type_info *info, const struct node *value)
{
    struct draft_component *component = component_add(planner, scope, name, at, info);
    const struct node *type = component_type_node(planner, value);

    component->made.mapping = value->kind == NODE_MAPPING ? value : NULL;
    (void)read_parameters(planner, scope, component, type);
    if (info->type->chassis != NOT_A_CHASSIS) {
        chassis_read(planner, component, component->made.mapping, type);
    }
    return component;
}

struct draft_component *component_plan(struct planner *planner, struct scope *scope,
                                       const char *name, const struct node *at,
                                       const struct node *value)
{
    const struct node *type = component_type_node(planner, value);
    struct draft_component *component;
    struct definition *definition;
    struct type_info *info;

    if (type == NULL || report_later(planner, type, "a type") || type->broken ||
        !planner_charge(planner, 1, at)) {
        return component_add(planner, scope, name, at, NULL);
    }
    definition = definition_find(planner, type->text);
    info = planner_type(planner, type->text);
    if (definition != NULL) {
        component = plan_graph(planner, scope, name, at, definition, value);
    } else if (info != NULL) {
        component = plan_type(planner, scope, name, at, info, value);
    } else {
        report_unknown_type(planner, type);
        return component_add(planner, scope, name, at, NULL);
    }
    if (component->made.type != NULL) {
        component_read_bounds(planner, &component->made,
                              node_get(component->made.mapping, "boxes"));
        component_read_restart(planner, &component->made,
                               node_get(component->made.mapping, "restart"));
    }
    return component;
}
