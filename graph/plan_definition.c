/* Graphs with names: what they are, and how one is written out where it is used. */
#include <stdio.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/interpolate.h"
#include "graph/planner.h"

/* ---- graphs: ---- */

static const char *const graph_keys[] = {"parameters", "components", "linkages", NULL};

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
    parameters_declare(planner, definition, node_get(body, "parameters"));
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
    for (const struct definition *one = planner->first_definition; one != NULL; one = one->next) {
        if (!one->is_bad) {
            parameters_check(planner, one);
        }
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
    parameters_of_type(planner, definition);
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

/* One use of a graph. */
struct use {
    const struct definition *definition;
    const struct node **values; /* of its parameters */
};

static const struct node *use_parameter(void *context, const char *name)
{
    const struct use *use = context;
    const struct parameter *found = parameter_find(use->definition, name, strlen(name));

    return found != NULL ? use->values[found - use->definition->parameters] : NULL;
}

static const char *use_parameter_name(void *context, size_t index)
{
    const struct use *use = context;

    return index < use->definition->parameter_count ? use->definition->table[index].name : NULL;
}

void planner_set_way(struct planner *planner, const struct error_way *way)
{
    planner->way = way;
    errors_set_way(planner->errors, way);
}

/* A step further, into a graph that the file names; a type made of others is one thing to it. */
static const struct error_way *step(struct planner *planner, const struct definition *definition,
                                    const struct node *at)
{
    struct error_way *way;

    if (definition->type != NULL) {
        return planner->way;
    }
    way = arena_alloc(planner->arena, sizeof(*way));
    *way = (struct error_way){.at = at, .name = definition->name, .outer = planner->way};
    return way;
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

/* The keys that a use may have besides parameters; NULL: there is nothing to check. */
static const char *const *other_keys(const struct definition *definition, const struct scope *scope)
{
    static const char *const only_type[] = {"type", NULL};

    if (definition->type != NULL || scope->has_any_edge) {
        return NULL;
    }
    return scope->self != NULL ? component_keys(scope->self->is_listed) : only_type;
}

static void write_out(struct planner *planner, const struct definition *definition,
                      struct scope *scope, const struct node **values)
{
    struct use use = {.definition = definition, .values = values};
    const struct interpolation lookups = {
        .parameter = use_parameter, .parameter_name = use_parameter_name, .context = &use};
    const struct node *components = node_get(definition->body, "components");
    const struct node *linkages = node_get(definition->body, "linkages");

    if (linkages != NULL) {
        scope->linkages = interpolate(planner->arena, linkages, &lookups, planner->errors);
    }
    if (components != NULL) {
        components_read(planner, scope,
                        interpolate(planner->arena, components, &lookups, planner->errors));
    }
}

void definition_write_out(struct planner *planner, struct definition *definition,
                          struct scope *scope, const struct node *args, const struct node *at)
{
    const struct error_way *outer = planner->way;
    const struct node **values;

    definition->is_used = true;
    if (definition->is_open && !definition->is_bad) {
        report_circle(planner, definition, at);
    }
    if (definition->is_bad || !planner_charge(planner, definition->parts, at) ||
        !planner_enter(planner, at)) {
        return;
    }
    values = parameters_give(planner, definition, args, at, other_keys(definition, scope));
    definition->is_open = true;
    definition->opener = planner->innermost;
    planner->innermost = definition;
    if (!scope->has_any_edge) {
        planner_set_way(planner, step(planner, definition, at));
    }
    scope->way = planner->way;
    write_out(planner, definition, scope, values);
    planner_set_way(planner, outer);
    planner->innermost = definition->opener;
    definition->is_open = false;
    planner_leave(planner);
}

void graphs_warn(struct planner *planner)
{
    if (errors_count(planner->errors) > planner->errors_before) {
        return; /* a mistake may be why */
    }
    for (const struct definition *one = planner->first_definition; one != NULL; one = one->next) {
        if (one->type == NULL) {
            parameters_warn(planner, one);
        }
    }
}

void graphs_check(struct planner *planner, bool all)
{
    for (struct definition *one = planner->first_definition; one != NULL; one = one->next) {
        if ((all || !one->is_used) && one->type == NULL && !one->is_bad) {
            struct draft *draft = draft_create(planner, one->name);
            struct scope *scope = scope_create(planner, draft, NULL, one->at);

            scope->has_edge = true;
            scope->has_any_edge = true;
            definition_write_out(planner, one, scope, NULL, one->at);
        }
    }
}
