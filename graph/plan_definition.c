/* Graphs with names: what they are, and how one is written out where it is used. */
#include <stdio.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/interpolate.h"
#include "graph/planner.h"

/* ---- graphs: ---- */

static const char *const graph_keys[] = {"parameters", "components", "linkages", NULL};
static const char *const parameter_keys[] = {"default", "required", "doc", NULL};

/* Nodes that it takes to write a node out. */
static size_t count_parts(const struct node *node)
{
    size_t count = 1;

    if (node->kind == NODE_SEQUENCE) {
        for (size_t i = 0; i < node->size; i++) {
            count += count_parts(node->items[i]);
        }
    } else if (node->kind == NODE_MAPPING) {
        for (size_t i = 0; i < node->size; i++) {
            count += count_parts(node->pairs[i].value);
        }
    }
    return count;
}

static bool check_keys(struct planner *planner, const struct node *mapping,
                       const char *const *known, const char *what)
{
    bool is_good = true;

    for (size_t i = 0; i < mapping->size; i++) {
        const struct node *key = mapping->pairs[i].key;
        size_t at = 0;

        while (known[at] != NULL && !node_is(key, known[at])) {
            at++;
        }
        if (known[at] == NULL) {
            is_good = errors_report(planner->errors, key, "%s has no \"%s\"%s", what,
                                    shown(key->text).text,
                                    suggest_words(suggest_from(key->text, known)).text);
        }
    }
    return is_good;
}

/* Reads the parameters that a graph takes. */
static const struct node *declare_parameters(struct planner *planner, const struct node *node)
{
    if (node->kind != NODE_MAPPING) {
        errors_report(planner->errors, node,
                      "parameters must be a mapping, such as {longest: {default: 64KiB}}; got %s",
                      node_kind_name(node));
        return NULL;
    }
    node = interpolate(planner->arena, node, NULL, planner->errors);
    for (size_t i = 0; i < node->size; i++) {
        const struct node_pair *pair = &node->pairs[i];

        if (node_is(pair->key, "type") || node_is(pair->key, "boxes") ||
            node_is(pair->key, "restart")) {
            errors_report(planner->errors, pair->key,
                          "\"%s\" can't be a parameter: every "
                          "component has it",
                          pair->key->text);
        } else if (pair->value->kind == NODE_MAPPING) {
            (void)check_keys(planner, pair->value, parameter_keys, "a graph's parameter");
        } else if (pair->value->kind != NODE_NULL) {
            errors_report(planner->errors, pair->value,
                          "a graph's parameter is a mapping, such as {default: %s}; got %s",
                          pair->value->kind == NODE_SCALAR ? node_shown(pair->value).text : "64KiB",
                          node_kind_name(pair->value));
        }
    }
    return node;
}

static void definition_list(struct planner *planner, struct definition *definition)
{
    hash_put(&planner->definitions, definition->name, definition);
    *planner->definitions_end = definition;
    planner->definitions_end = &definition->next;
}

static struct definition *define(struct planner *planner, const struct node *name,
                                 const struct node *body)
{
    struct definition *definition = arena_alloc(planner->arena, sizeof(*definition));

    definition->name = name->text;
    definition->at = name;
    definition->body = body;
    definition->shape = planner->named_graph;
    definition_list(planner, definition);
    if (planner_type(planner, name->text) != NULL) {
        errors_report(planner->errors, name, "%s is a component type; a graph needs another name",
                      name->text);
    }
    if (body->kind != NODE_MAPPING) {
        definition->is_bad = true;
        errors_report(planner->errors, body,
                      "a graph is a mapping with components and linkages; got %s",
                      node_kind_name(body));
        return definition;
    }
    (void)check_keys(planner, body, graph_keys, "a graph");
    definition->parts = count_parts(body);
    if (node_get(body, "parameters") != NULL) {
        definition->parameters = declare_parameters(planner, node_get(body, "parameters"));
    }
    if (node_get(body, "components") == NULL) {
        errors_report(planner->errors, name, "the graph \"%s\" has no components",
                      shown(name->text).text);
    }
    return definition;
}

void graphs_define(struct planner *planner, const struct node *graphs)
{
    for (size_t i = 0; graphs != NULL && i < graphs->size; i++) {
        (void)define(planner, graphs->pairs[i].key, graphs->pairs[i].value);
    }
}

/* A type that is made of others: its definition is read when it is used first. */
static struct definition *define_type(struct planner *planner, const struct component_type *type)
{
    struct document *document =
        document_parse(type->name, type->definition, strlen(type->definition), planner->errors);
    struct definition *definition = arena_alloc(planner->arena, sizeof(*definition));
    struct plan_source *source = arena_alloc(planner->arena, sizeof(*source));

    definition->name = type->name;
    definition->type = type;
    definition->shape = type;
    definition->is_bad = document == NULL;
    if (document != NULL) {
        *source = (struct plan_source){.document = document, .next = planner->root->plan->sources};
        planner->root->plan->sources = source;
        definition->body = document_root(document);
        definition->parts = count_parts(definition->body);
    }
    definition_list(planner, definition);
    return definition;
}

struct definition *definition_find(struct planner *planner, const char *name)
{
    struct definition *definition = hash_get(&planner->definitions, name);
    const struct node_pair *pair = node_find(planner->graphs, name);
    const struct type_info *info;

    if (definition == NULL && pair != NULL) {
        return define(planner, pair->key, pair->value);
    }
    if (definition == NULL) {
        info = planner_type(planner, name);
        if (info != NULL && info->type->definition != NULL) {
            return define_type(planner, info->type);
        }
    }
    return definition;
}

/* ---- names ---- */

struct type_names {
    const struct planner *planner;
    size_t types;
    const struct definition *definition;
};

/* The registry's, then the graphs'. */
static const char *type_name_at(void *context, size_t index)
{
    struct type_names *names = context;
    const struct component_type *const *types = names->planner->options->types;
    const char *name;

    if (index == 0) {
        names->types = 0;
        names->definition = names->planner->first_definition;
    }
    if (types[names->types] != NULL) {
        return types[names->types++]->name;
    }
    if (names->definition == NULL) {
        return NULL;
    }
    name = names->definition->name;
    names->definition = names->definition->next;
    return name;
}

void report_unknown_type(struct planner *planner, const struct node *name)
{
    struct type_names names = {.planner = planner};
    const char *meant = planner_suggest(planner, name->text, type_name_at, &names,
                                        planner->type_count + planner->definitions.count);

    errors_report(planner->errors, name, "there is no component type or graph \"%s\"%s",
                  node_shown(name).text, suggest_words(meant).text);
}

/* ---- a graph written out ---- */

/* One use of a graph: where its parameters come from. */
struct use {
    const struct planner *planner;
    const struct definition *definition;
    const struct node *args; /* a mapping, or NULL */
    struct node *missing;    /* stands for a required parameter that was not given */
};

static const struct node *type_parameter(const struct use *use, const char *name)
{
    const struct param_spec *spec = param_find(use->definition->type->parameters, name);
    const struct node *given = node_get(use->args, name);
    const struct param_reader reader = {.arena = use->planner->arena,
                                        .errors = use->planner->errors};

    if (spec == NULL || given != NULL) {
        return spec != NULL ? given : NULL;
    }
    if (spec->required) {
        return use->missing;
    }
    if (spec->fallback == NULL) {
        return use->planner->left_out;
    }
    return param_fallback(&reader, spec);
}

static bool is_required(const struct node *declared)
{
    const struct node *required = node_get(declared, "required");

    return node_is(required, "true") || node_is(required, "yes");
}

static const struct node *use_parameter(void *context, const char *name)
{
    const struct use *use = context;
    const struct node_pair *declared;
    const struct node *given;
    const struct node *fallback;

    if (use->definition->type != NULL) {
        return type_parameter(use, name);
    }
    declared = node_find(use->definition->parameters, name);
    if (declared == NULL) {
        return NULL;
    }
    given = node_get(use->args, name);
    if (given != NULL && given != use->planner->left_out) {
        return given;
    }
    fallback = node_get(declared->value, "default");
    if (is_required(declared->value)) {
        return use->missing;
    }
    return fallback != NULL ? fallback : use->planner->left_out;
}

static const char *use_parameter_name(void *context, size_t index)
{
    const struct use *use = context;
    const struct node *parameters = use->definition->parameters;
    const struct param_spec *table;

    if (use->definition->type == NULL) {
        return parameters != NULL && index < parameters->size ? parameters->pairs[index].key->text
                                                              : NULL;
    }
    table = use->definition->type->parameters;
    for (size_t i = 0; table != NULL && table[i].name != NULL; i++) {
        if (i == index) {
            return table[i].name;
        }
    }
    return NULL;
}

/* Checks what a named graph is given, against what it takes. */
static void check_args(struct planner *planner, struct use *use, const struct draft_component *self,
                       const struct node *at)
{
    const struct node *parameters = use->definition->parameters;

    for (size_t i = 0; use->args != NULL && i < use->args->size; i++) {
        const struct node *key = use->args->pairs[i].key;

        if (node_find(parameters, key->text) == NULL && !node_is(key, "type") &&
            !(self != NULL && (node_is(key, "boxes") || node_is(key, "restart"))) &&
            !(self != NULL && self->is_listed && node_is(key, "name"))) {
            errors_report(planner->errors, key, "the graph \"%s\" has no parameter \"%s\"%s",
                          shown(use->definition->name).text, shown(key->text).text,
                          suggest_words(planner_suggest(planner, key->text, use_parameter_name, use,
                                                        parameters != NULL ? parameters->size : 0))
                              .text);
        }
    }
    for (size_t i = 0; parameters != NULL && i < parameters->size; i++) {
        const struct node_pair *pair = &parameters->pairs[i];
        const struct node *given = node_get(use->args, pair->key->text);

        if (is_required(pair->value) && (given == NULL || given == planner->left_out)) {
            errors_report(planner->errors, at, "the graph \"%s\" needs the parameter \"%s\"",
                          shown(use->definition->name).text, shown(pair->key->text).text);
        }
    }
}

/* Reports that a graph is used inside itself: "a -> b -> a". */
static void report_circle(struct planner *planner, struct definition *definition,
                          const struct node *at)
{
    char chain[160];
    size_t start = sizeof(chain) - 1;
    const struct definition *step = planner->innermost;

    chain[start] = '\0';
    for (;; step = step->opener) {
        const size_t length = strlen(step->name);

        if (length + sizeof("... -> -> ") + strlen(definition->name) > start) {
            start -= sizeof("... -> ") - 1;
            memcpy(chain + start, "... -> ", sizeof("... -> ") - 1);
            break;
        }
        start -= length;
        memcpy(chain + start, step->name, length);
        start -= sizeof(" -> ") - 1;
        memcpy(chain + start, " -> ", sizeof(" -> ") - 1);
        if (step == definition) {
            start += sizeof(" -> ") - 1;
            break;
        }
    }
    for (struct definition *bad = planner->innermost; bad != definition; bad = bad->opener) {
        bad->is_bad = true;
    }
    definition->is_bad = true;
    errors_report(planner->errors, at, "the graph \"%s\" contains itself: %s -> %s",
                  shown(definition->name).text, chain + start, shown(definition->name).text);
}

void definition_write_out(struct planner *planner, struct definition *definition,
                          struct scope *scope, const struct node *args, const struct node *at)
{
    struct node missing = {.kind = NODE_SCALAR, .broken = true, .text = ""};
    struct use use = {.planner = planner, .definition = definition, .args = args};
    const struct interpolation lookups = {
        .parameter = use_parameter, .parameter_name = use_parameter_name, .context = &use};
    const struct node *components;
    const struct node *linkages;

    definition->is_used = true;
    if (definition->is_open && !definition->is_bad) {
        report_circle(planner, definition, at);
    }
    if (definition->is_bad || !planner_charge(planner, definition->parts, at) ||
        !planner_enter(planner, at)) {
        return;
    }
    use.missing = arena_alloc(planner->arena, sizeof(missing));
    *use.missing = missing;
    if (definition->type == NULL && !scope->has_any_edge) {
        check_args(planner, &use, scope->self, at);
    }
    definition->is_open = true;
    definition->opener = planner->innermost;
    planner->innermost = definition;
    linkages = node_get(definition->body, "linkages");
    if (linkages != NULL) {
        scope->linkages = interpolate(planner->arena, linkages, &lookups, planner->errors);
    }
    components = node_get(definition->body, "components");
    if (components != NULL) {
        components_read(planner, scope,
                        interpolate(planner->arena, components, &lookups, planner->errors));
    }
    planner->innermost = definition->opener;
    definition->is_open = false;
    planner_leave(planner);
}

void graphs_check_unused(struct planner *planner)
{
    for (struct definition *one = planner->first_definition; one != NULL; one = one->next) {
        if (!one->is_used && one->type == NULL && !one->is_bad) {
            struct draft *draft = draft_create(planner, one->name);
            struct scope *scope = scope_create(planner, draft, NULL, one->at);

            scope->has_edge = true;
            scope->has_any_edge = true;
            definition_write_out(planner, one, scope, NULL, one->at);
        }
    }
}
