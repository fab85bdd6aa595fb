/* Secrets: what of a file is not to be shown, in messages, excerpts and dumps.
 *
 *     graphs: {db: {parameters: {pw: {}}, …  password: "${param:pw}"}}   ← a secret parameter's
 * value store: {type: db, pw: hunter2}                                     ← so pw is one, too:
 * hidden
 *
 * A value is hidden where it stands in the file, before anything reads it; what it is put into by
 * ${param:NAME} inherits that.  Credentials are secret from the start (expansion_names.c). */
#include <string.h>

#include "graph/arena.h"
#include "graph/planner.h"

struct search {
    struct planner *planner;
    struct definition *definition; /* that is looked through; NULL: the file's own graph */
    bool is_changed;               /* one more parameter is secret */
};

static bool has_secret(const struct param_spec *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (table->secret || has_secret(table->section)) {
            return true;
        }
    }
    return false;
}

static bool has_any_secret(const struct planner *planner)
{
    const struct component_type *const *type = planner->options->types;
    const struct definition *one = planner->first_definition;

    while (*type != NULL && !has_secret((*type)->parameters)) {
        type++;
    }
    while (one != NULL && !has_secret(one->table)) {
        one = one->next;
    }
    return *type != NULL || one != NULL;
}

static bool is_secret_in(const struct param_spec *table, const char *name)
{
    const struct param_spec *spec = param_find(table, name);

    return spec != NULL && spec->secret;
}

/* The parameters of a type or a graph.  False: it is known only later which type it is. */
static bool find_table(struct planner *planner, const struct node *type,
                       const struct param_spec **table)
{
    const struct definition *definition = hash_get(&planner->definitions, type->text);
    const struct type_info *info = planner_type(planner, type->text);

    if (definition == NULL && info == NULL) {
        return false;
    }
    *table = definition != NULL ? definition->table : info->type->parameters;
    return true;
}

/* True if some type or graph has a secret parameter of this name. */
static bool is_secret_anywhere(const struct planner *planner, const char *name)
{
    for (size_t i = 0; planner->options->types[i] != NULL; i++) {
        if (is_secret_in(planner->options->types[i]->parameters, name)) {
            return true;
        }
    }
    for (const struct definition *one = planner->first_definition; one != NULL; one = one->next) {
        if (is_secret_in(one->table, name)) {
            return true;
        }
    }
    return false;
}

/* Makes every parameter secret that is in a value. */
static void spread(struct search *search, const struct node *value)
{
    const char *at = value->text;
    size_t size;

    for (size_t i = 0; value->kind == NODE_SEQUENCE && i < value->size; i++) {
        spread(search, value->items[i]);
    }
    for (size_t i = 0; value->kind == NODE_MAPPING && i < value->size; i++) {
        spread(search, value->pairs[i].value);
    }
    while (value->kind == NODE_SCALAR && search->definition != NULL &&
           (at = parameter_mention(at, value->text + value->size, &size)) != NULL) {
        struct parameter *parameter = parameter_find(search->definition, at, size);

        if (parameter != NULL && !parameter->spec->secret) {
            parameter->spec->secret = true;
            search->is_changed = true;
        }
    }
}

static void look_through(struct search *search, const struct node *node);

static void hide(struct search *search, const struct node *value)
{
    spread(search, value);
    document_hide(search->planner->root->plan->document, value);
}

/* Hides what a table says is secret in a mapping, and looks through the rest. */
static void hide_by_table(struct search *search, const struct param_spec *table,
                          const struct node *mapping)
{
    for (size_t i = 0; i < mapping->size + mapping->further; i++) {
        const struct node *value = mapping->pairs[i].value;
        const struct param_spec *spec = param_find(table, mapping->pairs[i].key->text);

        if (spec != NULL && spec->secret) {
            hide(search, value);
        } else if (spec != NULL && spec->kind == PARAM_KIND_SECTION &&
                   value->kind == NODE_MAPPING) {
            hide_by_table(search, spec->section, value);
        } else {
            look_through(search, value);
        }
    }
}

static void look_through(struct search *search, const struct node *node)
{
    const struct node *type = node_get(node, "type");
    const struct param_spec *table = NULL;

    for (size_t i = 0; node->kind == NODE_SEQUENCE && i < node->size; i++) {
        look_through(search, node->items[i]);
    }
    if (type != NULL && type->kind == NODE_SCALAR && find_table(search->planner, type, &table)) {
        hide_by_table(search, table, node);
        return;
    }
    for (size_t i = 0; node->kind == NODE_MAPPING && i < node->size + node->further; i++) {
        if (type != NULL && is_secret_anywhere(search->planner, node->pairs[i].key->text)) {
            hide(search, node->pairs[i].value);
        } else {
            look_through(search, node->pairs[i].value);
        }
    }
}

/* What a secret parameter of a graph stands for where it is left out. */
static void hide_defaults(struct planner *planner, const struct definition *definition)
{
    const struct node *parameters = node_get(definition->body, "parameters");

    for (size_t i = 0; i < definition->parameter_count; i++) {
        struct parameter *parameter = &definition->parameters[i];
        const struct node *written =
            node_get(node_get(parameters, parameter->spec->name), "default");

        if (parameter->spec->secret && written != NULL) {
            document_hide(planner->root->plan->document, written);
            parameter->fallback = parameter->fallback != planner->broken
                                      ? node_hidden(planner->arena, parameter->fallback)
                                      : planner->broken;
        }
    }
}

static void quote_again(const struct planner *planner)
{
    const struct document *document = planner->root->plan->document;
    const struct source *source;

    for (size_t i = 0; (source = document_source(document, i)) != NULL; i++) {
        errors_quote_again(planner->errors, source);
    }
}

void planner_hide_secrets(struct planner *planner, const struct node *root)
{
    struct search search = {.planner = planner, .is_changed = true};
    const struct node *components = node_get(root, "components");

    if (!has_any_secret(planner)) {
        return;
    }
    while (search.is_changed) { /* at most once for each parameter */
        search.is_changed = false;
        for (struct definition *one = planner->first_definition; one != NULL; one = one->next) {
            search.definition = one;
            if (!one->is_bad) {
                look_through(&search, one->body);
            }
        }
    }
    search.definition = NULL;
    if (components != NULL) {
        look_through(&search, components);
    }
    for (struct definition *one = planner->first_definition; one != NULL; one = one->next) {
        hide_defaults(planner, one);
    }
    quote_again(planner);
}

bool planner_refuse_secret(struct planner *planner, const struct node *node, const char *what)
{
    const struct node *secret = node_find_secret(node);

    if (secret != NULL) {
        return errors_report(planner->errors, secret, "%s can't be secret: it is shown", what);
    }
    return true;
}
