/* The parameters of named graphs: what the file declares becomes a table like those of types.
 *
 *     parameters: {longest: {kind: size, max: 1MiB}} ──► struct param_spec[]
 *                                                             │
 *     protocol: {type: shout, longest: 1KiB} ──checked by it──┴──► what ${param:longest} stands for
 */
#include <stdint.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/interpolate.h"
#include "graph/planner.h"

/* ---- declared ---- */

/* A parameter as its mapping has it. */
struct declared {
    int kind; /* index into kinds */
    const struct node *fallback, *min, *max;
    struct texts choices;
    bool required, secret;
    const char *doc;
};

enum { ANY_KIND };

static const char *const kinds[] = {"any",  "bool",   "int",   "size",  "duration",
                                    "text", "choice", "texts", "graph", NULL};
static const enum param_kind kind_of[] = {PARAM_KIND_CUSTOM, PARAM_KIND_BOOL,     PARAM_KIND_INT,
                                          PARAM_KIND_SIZE,   PARAM_KIND_DURATION, PARAM_KIND_TEXT,
                                          PARAM_KIND_CHOICE, PARAM_KIND_TEXTS,    PARAM_KIND_GRAPH};

static bool keep_node(const struct node *node, void *field, struct arena *arena, struct error *err)
{
    *(const struct node **)field = node;
    return true;
}

#define NODE_OF(key, field)                                                                        \
    .name = (key), .kind = PARAM_KIND_CUSTOM, .parse = keep_node,                                  \
    .offset = offsetof(struct declared, field), .width = sizeof(const struct node *)

const struct param_spec graph_parameter_options[] = {
    {PARAM_CHOICE(struct declared, kind), .choices = kinds, .doc = "what it takes"},
    {NODE_OF("default", fallback), .doc = "its value where none is given"},
    {NODE_OF("min", min), .doc = "the least that it takes"},
    {NODE_OF("max", max), .doc = "the most that it takes"},
    {PARAM_TEXTS(struct declared, choices), .doc = "the words that it takes"},
    {PARAM_BOOL(struct declared, required), .doc = "whether it must be given"},
    {PARAM_BOOL(struct declared, secret), .doc = "whether it is shown as ***"},
    {PARAM_TEXT(struct declared, doc), .doc = "what it is for"},
    {0},
};

/* Where a value is read to while it is only checked. */
union value {
    bool truth;
    int64_t integer;
    int choice;
    size_t size;
    double duration;
    const char *text;
    struct texts texts;
    struct plan *graph;
    const struct node *node;
};

static size_t width_of(enum param_kind kind)
{
    return kind == PARAM_KIND_INT ? sizeof(int64_t) : sizeof(union value);
}

static bool has_range(enum param_kind kind)
{
    return kind == PARAM_KIND_INT || kind == PARAM_KIND_SIZE || kind == PARAM_KIND_DURATION;
}

static double bound_of(enum param_kind kind, const union value *value)
{
    if (kind == PARAM_KIND_INT) {
        return (double)value->integer;
    }
    return kind == PARAM_KIND_SIZE ? (double)value->size : value->duration;
}

/* Reads min or max, by the kind of its parameter. */
static bool read_bound(const struct param_reader *reader, enum param_kind kind, const char *name,
                       const struct node *node, double *bound)
{
    const struct param_spec spec = {.name = name, .kind = kind, .width = width_of(kind)};
    union value value = {0};

    if (node == NULL) {
        return true;
    }
    if (!has_range(kind)) {
        return errors_report(reader->errors, node,
                             "%s: %s goes with the kinds int, size and duration", reader->owner,
                             name);
    }
    if (!param_read(reader, &spec, node, &value)) {
        return false;
    }
    *bound = bound_of(kind, &value);
    return true;
}

static void set_range(const struct param_reader *reader, const struct declared *declared,
                      struct param_spec *spec)
{
    const bool is_int = spec->kind == PARAM_KIND_INT;
    double min = is_int ? (double)INT64_MIN : 0;
    double max = is_int ? (double)INT64_MAX : 0;

    if (declared->min == NULL && declared->max == NULL) {
        return;
    }
    if (!read_bound(reader, spec->kind, "min", declared->min, &min) ||
        !read_bound(reader, spec->kind, "max", declared->max, &max)) {
        return;
    }
    if (declared->max != NULL && max <= min) {
        errors_report(reader->errors, declared->max, "%s: max must be more than min%s",
                      reader->owner, declared->min == NULL ? ", which is 0" : "");
        return;
    }
    spec->min = min;
    spec->max = max;
}

static void set_choices(struct planner *planner, const struct param_reader *reader,
                        const struct declared *declared, const struct node_pair *pair,
                        struct param_spec *spec)
{
    const size_t count = declared->choices.count;
    const char **words;

    if (count > 0 && declared->kind == ANY_KIND) {
        spec->kind = PARAM_KIND_CHOICE;
    }
    if ((spec->kind == PARAM_KIND_CHOICE) != (count > 0)) {
        errors_report(reader->errors, node_get(pair->value, count > 0 ? "choices" : "kind"),
                      count > 0 ? "%s: choices go with the kind choice"
                                : "%s: a choice needs choices: [one, another]",
                      reader->owner);
        spec->kind = PARAM_KIND_CUSTOM;
    }
    if (spec->kind == PARAM_KIND_CHOICE) {
        words = arena_alloc_array(planner->arena, count + 1, sizeof(*words));
        memcpy(words, declared->choices.items, count * sizeof(*words));
        spec->choices = words;
    }
}

/* Fills in the entry of one parameter; one that has a mistake takes any value. */
static void declare(struct planner *planner, struct parameter *parameter,
                    const struct node_pair *pair)
{
    struct param_reader reader = planner_reader(planner, NULL);
    struct param_spec *spec = parameter->spec;
    struct declared declared = {0};

    *spec = (struct param_spec){.name = pair->key->text,
                                .kind = PARAM_KIND_CUSTOM,
                                .width = sizeof(union value),
                                .parse = keep_node,
                                .accepts = "any value",
                                .doc = ""};
    parameter->at = pair->key;
    if (pair->value->kind == NODE_NULL) {
        return;
    }
    if (pair->value->kind != NODE_MAPPING) {
        errors_report(planner->errors, pair->value,
                      "a graph's parameter is a mapping, such as {default: %s}; got %s",
                      pair->value->kind == NODE_SCALAR ? node_shown(pair->value).text : "64KiB",
                      node_kind_name(pair->value));
        return;
    }
    reader.owner = arena_printf(planner->arena, "the parameter \"%s\"", shown(spec->name).text);
    reader.noun = "key";
    (void)params_read(&reader, graph_parameter_options, pair->value, pair->value, &declared);
    spec->kind = kind_of[declared.kind];
    spec->width = width_of(spec->kind);
    spec->required = declared.required;
    spec->secret = declared.secret;
    spec->doc = declared.doc != NULL ? declared.doc : "";
    set_choices(planner, &reader, &declared, pair, spec);
    set_range(&reader, &declared, spec);
    parameter->fallback = declared.fallback;
    if (declared.required && declared.fallback != NULL) {
        struct error err;

        error_set(&err, declared.fallback, "%s is required: its default is never used",
                  reader.owner);
        errors_warn(planner->errors, &err);
    }
}

static bool name_is_good(struct planner *planner, const struct node *name)
{
    const char *const *reserved = component_keys(false);

    for (size_t i = 0; reserved[i] != NULL; i++) {
        if (node_is(name, reserved[i])) {
            return errors_report(planner->errors, name,
                                 "\"%s\" can't be a parameter: every component has it", name->text);
        }
    }
    if (!is_plain_name(name->text)) {
        return errors_report(planner->errors, name,
                             "a parameter's name has letters, digits, _ and - only; got \"%s\"",
                             shown(name->text).text);
    }
    return true;
}

static void allocate(struct planner *planner, struct definition *definition, size_t count)
{
    definition->table = arena_alloc_array(planner->arena, count + 1, sizeof(*definition->table));
    definition->parameters =
        arena_alloc_array(planner->arena, count + 1, sizeof(*definition->parameters));
    definition->parameter_count = count;
    for (size_t i = 0; i < count; i++) {
        definition->parameters[i].spec = &definition->table[i];
    }
}

void parameters_declare(struct planner *planner, struct definition *definition,
                        const struct node *node)
{
    size_t count = 0;

    if (node == NULL) {
        return;
    }
    if (node->kind != NODE_MAPPING) {
        errors_report(planner->errors, node,
                      "parameters must be a mapping, such as {longest: {default: 64KiB}}; got %s",
                      node_kind_name(node));
        return;
    }
    node = interpolate(planner->arena, node, NULL, planner->errors);
    allocate(planner, definition, node->size);
    for (size_t i = 0; i < node->size; i++) {
        if (name_is_good(planner, node->pairs[i].key)) {
            declare(planner, &definition->parameters[count++], &node->pairs[i]);
        }
    }
    definition->parameter_count = count;
}

void parameters_of_type(struct planner *planner, struct definition *definition)
{
    const struct param_spec *table = definition->type->parameters;
    const struct param_reader reader = planner_reader(planner, definition->name);
    size_t count = 0;

    while (table != NULL && table[count].name != NULL) {
        count++;
    }
    allocate(planner, definition, count);
    for (size_t i = 0; i < count; i++) {
        definition->table[i] = table[i];
        if (table[i].fallback != NULL) {
            definition->parameters[i].fallback = param_fallback(&reader, &table[i]);
        }
    }
}

struct parameter *parameter_find(const struct definition *definition, const char *name, size_t size)
{
    for (size_t i = 0; i < definition->parameter_count; i++) {
        const char *own = definition->table[i].name;

        if (strncmp(own, name, size) == 0 && own[size] == '\0') {
            return &definition->parameters[i];
        }
    }
    return NULL;
}

/* ---- mentioned ---- */

const char *parameter_mention(const char *from, const char *end, size_t *size)
{
    static const char start[] = "${param:";
    const char *at = memmem(from, (size_t)(end - from), start, strlen(start));
    const char *stop;

    if (at == NULL) {
        return NULL;
    }
    at += strlen(start);
    stop = memchr(at, '}', (size_t)(end - at));
    *size = (size_t)((stop != NULL ? stop : end) - at);
    return at;
}

static void note_mentions(const struct definition *definition, const struct node *node)
{
    if (node->kind == NODE_SCALAR) {
        const char *end = node->text + node->size;
        const char *at = node->text;
        size_t size;

        while ((at = parameter_mention(at, end, &size)) != NULL) {
            struct parameter *parameter = parameter_find(definition, at, size);

            if (parameter != NULL) {
                parameter->is_mentioned = true;
            }
        }
    }
    for (size_t i = 0; node->kind == NODE_SEQUENCE && i < node->size; i++) {
        note_mentions(definition, node->items[i]);
    }
    for (size_t i = 0; node->kind == NODE_MAPPING && i < node->size; i++) {
        note_mentions(definition, node->pairs[i].value);
    }
}

void parameters_warn(struct planner *planner, const struct definition *definition)
{
    if (definition->parameter_count > 0) {
        note_mentions(definition, definition->body);
    }
    for (size_t i = 0; i < definition->parameter_count; i++) {
        const struct parameter *parameter = &definition->parameters[i];
        struct error err;

        if (!parameter->is_mentioned) {
            error_set(&err, parameter->at,
                      "the graph \"%s\" does not use its parameter \"%s\": there is no ${param:%s}",
                      shown(definition->name).text, shown(parameter->spec->name).text,
                      shown(parameter->spec->name).text);
            errors_warn(planner->errors, &err);
        }
    }
}

/* ---- given ---- */

/* For PARAM_KIND_GRAPH: it is written out only where it stands in the end. */
static struct plan *check_graph(void *context, const struct param_spec *spec,
                                const struct node *node, const struct node *mapping)
{
    struct planner *planner = context;
    const struct node *type = graph_parameter_type(planner, spec->name, node);

    if (type == NULL) {
        return NULL;
    }
    if (definition_find(planner, type->text) == NULL && planner_type(planner, type->text) == NULL) {
        report_unknown_type(planner, type);
        return NULL;
    }
    return planner->root->plan;
}

static struct param_reader reader_of(struct planner *planner, const struct definition *definition)
{
    struct param_reader reader = planner_reader(planner, NULL);

    reader.owner = arena_printf(planner->arena, "the graph \"%s\"", shown(definition->name).text);
    reader.read_graph = check_graph;
    return reader;
}

void parameters_check(struct planner *planner, const struct definition *definition)
{
    const struct param_reader reader = reader_of(planner, definition);

    if (definition->parameter_count == 0) {
        return;
    }
    for (size_t i = 0; i < definition->parameter_count; i++) {
        struct parameter *parameter = &definition->parameters[i];
        union value value;

        if (parameter->fallback != NULL &&
            !param_read(&reader, parameter->spec, parameter->fallback, &value)) {
            parameter->fallback = planner->broken;
        }
    }
}

/* What a parameter stands for where nothing is given. */
static const struct node *left_out(const struct planner *planner, const struct parameter *parameter)
{
    if (parameter->spec->required) {
        return planner->broken; /* that has been reported */
    }
    return parameter->fallback != NULL ? parameter->fallback : planner->left_out;
}

static void report_unknown(struct planner *planner, const struct param_reader *reader,
                           const struct definition *definition, const struct node *args,
                           const char *const *reserved)
{
    struct param_reader own = *reader;

    own.reserved = reserved;
    for (size_t i = 0; i < args->size; i++) {
        const struct node *key = args->pairs[i].key;

        if (parameter_find(definition, key->text, key->size) == NULL) {
            (void)param_check_key(&own, definition->table, key);
        }
    }
}

const struct node **parameters_give(struct planner *planner, const struct definition *definition,
                                    const struct node *args, const struct node *at,
                                    const char *const *reserved)
{
    const struct param_reader reader = reader_of(planner, definition);
    const struct node **values =
        arena_alloc_array(planner->arena, definition->parameter_count + 1, sizeof(*values));

    for (size_t i = 0; i < definition->parameter_count; i++) {
        const struct parameter *parameter = &definition->parameters[i];
        const struct node *given = node_get(args, parameter->spec->name);
        union value value;

        if (given == planner->left_out) {
            given = NULL;
        }
        values[i] = given != NULL ? given : left_out(planner, parameter);
        if (reserved == NULL) { /* whoever gives them has checked them */
            continue;
        }
        if (given != NULL && !param_read(&reader, parameter->spec, given, &value)) {
            values[i] = planner->broken;
        } else if (given == NULL && parameter->spec->required) {
            (void)param_report_missing(&reader, parameter->spec, at);
        }
        if (parameter->spec->secret) {
            values[i] = values[i] != planner->left_out && values[i] != planner->broken
                            ? node_hidden(planner->arena, values[i])
                            : values[i];
        }
    }
    if (reserved != NULL && args != NULL) {
        report_unknown(planner, &reader, definition, args, reserved);
    }
    return values;
}
