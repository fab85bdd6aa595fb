/* Parameters: a YAML mapping read into a C struct, as a table says. */
#include "graph/param.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/document.h"
#include "graph/error.h"
#include "graph/suggest.h"
#include "graph/value.h"

const struct param_spec *param_find(const struct param_spec *table, const char *name)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (strcmp(table->name, name) == 0) {
            return table;
        }
    }
    return NULL;
}

/* ---- messages ---- */

/* Words after "; got ": the text in quotes, or what kind of thing it is. */
static struct shown got(const struct param_spec *spec, const struct node *node)
{
    struct shown words = {0};

    if (node->secret || spec->secret) {
        return shown("***");
    }
    if (node->kind != NODE_SCALAR) {
        return shown(node_kind_name(node));
    }
    (void)snprintf(words.text, sizeof(words.text), "\"%.*s\"", (int)sizeof(words.text) - 3,
                   node_shown(node).text);
    return words;
}

static bool reject(const struct param_reader *reader, const struct param_spec *spec,
                   const struct node *node, const char *accepted, const char *meant)
{
    return errors_report(reader->errors, node, "%s: %s must be %s; got %s%s", reader->owner,
                         spec->name, accepted, got(spec, node).text, suggest_words(meant).text);
}

static const char *noun(const struct param_reader *reader)
{
    return reader->noun != NULL ? reader->noun : "parameter";
}

struct names {
    const struct param_spec *table;
    const char *const *reserved;
};

static const char *name_at(void *context, size_t index)
{
    const struct names *names = context;
    size_t i = 0;

    for (; names->table != NULL && names->table[i].name != NULL; i++) {
        if (i == index) {
            return names->table[i].name;
        }
    }
    index -= i;
    for (i = 0; names->reserved != NULL && names->reserved[i] != NULL; i++) {
        if (i == index) {
            return names->reserved[i];
        }
    }
    return NULL;
}

const char *param_suggest(const struct param_reader *reader, const struct param_spec *table,
                          const char *name)
{
    struct names names = {.table = table, .reserved = reader->reserved};

    return suggest(name, name_at, &names);
}

/* ---- one value ---- */

#define TEXTS_ACCEPTED "a text or a list of texts"

static bool is_bounded(const struct param_spec *spec)
{
    return spec->min < 0 || spec->min > 0 || spec->max < 0 || spec->max > 0;
}

static bool read_int(const struct param_spec *spec, const char *text, void *field,
                     struct accepted *accepted)
{
    static const char start[] = "a whole number";
    const bool is_wide = spec->width == sizeof(int64_t);
    int64_t min = is_wide ? INT64_MIN : INT_MIN;
    int64_t max = is_wide ? INT64_MAX : INT_MAX;
    int64_t value;

    if (is_bounded(spec)) { /* a double of 2^63 stands for the last that there is */
        min = (int64_t)spec->min;
        max = spec->max >= spec->min && spec->max < 0x1p63 ? (int64_t)spec->max : max;
    }
    if (!value_integer(text, min, max, &value, accepted)) {
        if (spec->unit != NULL && strncmp(accepted->text, start, strlen(start)) == 0) {
            const struct accepted plain = *accepted;

            (void)snprintf(accepted->text, sizeof(accepted->text), "%s of %s%.80s", start,
                           spec->unit, plain.text + strlen(start));
        }
        return false;
    }
    if (is_wide) {
        *(int64_t *)field = value;
    } else {
        *(int *)field = (int)value;
    }
    return true;
}

static bool read_size(const struct param_spec *spec, const char *text, size_t *field,
                      struct accepted *accepted)
{
    const size_t max = spec->max > 0 && spec->max < (double)SIZE_MAX ? (size_t)spec->max : SIZE_MAX;

    return value_size(text, (size_t)spec->min, max, field, accepted);
}

static bool read_duration(const struct param_spec *spec, const char *text, double *field,
                          struct accepted *accepted)
{
    const double any = 1e15;

    return value_duration(text, spec->min, spec->max > 0 ? spec->max : any, field, accepted);
}

/* "one of upper, lower or prefix". */
static struct accepted list_choices(const struct param_spec *spec)
{
    struct accepted accepted = {.text = "one of "};
    size_t used = strlen(accepted.text);

    for (int i = 0; spec->choices[i] != NULL && used < sizeof(accepted.text); i++) {
        const char *between = i == 0 ? "" : (spec->choices[i + 1] == NULL ? " or " : ", ");

        used += (size_t)snprintf(accepted.text + used, sizeof(accepted.text) - used, "%s%s",
                                 between, spec->choices[i]);
    }
    return accepted;
}

static bool read_choice(const struct param_reader *reader, const struct param_spec *spec,
                        const struct node *node, int *field)
{
    for (int i = 0; spec->choices[i] != NULL; i++) {
        if (node_is(node, spec->choices[i])) {
            *field = i;
            return true;
        }
    }
    return reject(reader, spec, node, list_choices(spec).text,
                  node->kind == NODE_SCALAR && !node->secret && !errors_is_full(reader->errors)
                      ? suggest_from(node->text, spec->choices)
                      : NULL);
}

static bool read_texts(const struct param_reader *reader, const struct param_spec *spec,
                       const struct node *node, struct texts *field)
{
    const size_t count = node->kind == NODE_SEQUENCE ? node->size : 1;
    const char **items = arena_alloc_array(reader->arena, count, sizeof(*items));

    for (size_t i = 0; i < count; i++) {
        const struct node *item = node->kind == NODE_SEQUENCE ? node->items[i] : node;

        if (item->kind != NODE_SCALAR) {
            return reject(reader, spec, item, TEXTS_ACCEPTED, NULL);
        }
        items[i] = item->text;
    }
    *field = (struct texts){.items = items, .count = count};
    return true;
}

static bool read_graph(const struct param_reader *reader, const struct param_spec *spec,
                       const struct node *node, struct plan **field)
{
    *field = reader->read_graph(reader->context, spec, node, reader->mapping);
    return *field != NULL;
}

static bool read_graphs(const struct param_reader *reader, const struct param_spec *spec,
                        const struct node *node, struct plans *field)
{
    struct plan **items;
    bool is_good = true;

    if (node->kind != NODE_SEQUENCE || node->size == 0) {
        return errors_report(
            reader->errors, node,
            "%s: %s must be a list of at least one, such as [{type: NAME}]; got %s", reader->owner,
            spec->name, node->kind == NODE_SEQUENCE ? "an empty one" : got(spec, node).text);
    }
    items = arena_alloc_array(reader->arena, node->size, sizeof(struct plan *));
    for (size_t i = 0; i < node->size; i++) {
        is_good &= read_graph(reader, spec, node->items[i], &items[i]);
    }
    *field = (struct plans){.items = items, .count = node->size};
    return is_good;
}

static bool read_custom(const struct param_reader *reader, const struct param_spec *spec,
                        const struct node *node, void *field)
{
    struct error err = {0};

    if (spec->parse(node, field, reader->arena, &err)) {
        return true;
    }
    if (err.text[0] == '\0') {
        return reject(reader, spec, node, spec->accepts, NULL);
    }
    return errors_add(reader->errors, &err);
}

static bool read_section(const struct param_reader *reader, const struct param_spec *spec,
                         const struct node *node, void *field)
{
    struct param_reader inner = *reader;
    char owner[160];

    if (node->kind != NODE_MAPPING) {
        return reject(reader, spec, node, "a mapping", NULL);
    }
    (void)snprintf(owner, sizeof(owner), "%s.%s", reader->owner, spec->name);
    inner.owner = owner;
    inner.reserved = NULL;
    return params_read(&inner, spec->section, node, node, field);
}

/* A number or a boolean, from its text; false: accepted says what it may be. */
static bool read_number(const struct param_spec *spec, const char *text, void *field,
                        struct accepted *accepted)
{
    if (spec->kind == PARAM_KIND_BOOL) {
        return value_bool(text, field, accepted);
    }
    if (spec->kind == PARAM_KIND_INT) {
        return read_int(spec, text, field, accepted);
    }
    if (spec->kind == PARAM_KIND_SIZE) {
        return read_size(spec, text, field, accepted);
    }
    return spec->kind == PARAM_KIND_DURATION && read_duration(spec, text, field, accepted);
}

/* A value that is written as one text. */
static bool read_scalar(const struct param_reader *reader, const struct param_spec *spec,
                        const struct node *node, void *field)
{
    const char *text = node->kind == NODE_SCALAR ? node->text : "";
    struct accepted accepted = {.text = "a text"};

    if (spec->kind == PARAM_KIND_TEXT && node->kind == NODE_SCALAR) {
        *(const char **)field = node->text;
        return true;
    }
    return read_number(spec, text, field, &accepted) ||
           reject(reader, spec, node, accepted.text, NULL);
}

struct accepted param_accepts(const struct param_spec *spec)
{
    static const char *const words[] = {
        [PARAM_KIND_TEXT] = "a text",
        [PARAM_KIND_TEXTS] = TEXTS_ACCEPTED,
        [PARAM_KIND_GRAPH] = "a type, a graph, or a mapping with a type",
        [PARAM_KIND_GRAPHS] = "a list of types, graphs, or mappings with a type",
        [PARAM_KIND_CUSTOM] = "any value",
        [PARAM_KIND_SECTION] = "a mapping",
        [PARAM_KIND_CHILDREN] = "components",
        [PARAM_KIND_LINKAGES] = "a list of linkages",
    };
    struct accepted accepted = {{0}};
    union {
        bool truth;
        int64_t integer;
        size_t size;
        double duration;
    } unused;

    if (spec->kind == PARAM_KIND_CHOICE) {
        return list_choices(spec);
    }
    if (spec->kind < PARAM_KIND_TEXT) {
        (void)read_number(spec, "", &unused, &accepted);
    } else {
        (void)snprintf(accepted.text, sizeof(accepted.text), "%s",
                       spec->accepts != NULL ? spec->accepts : words[spec->kind]);
    }
    return accepted;
}

bool param_read(const struct param_reader *reader, const struct param_spec *spec,
                const struct node *node, void *state)
{
    void *field = (char *)state + spec->offset;

    if (spec->secret) {
        node = node_hidden(reader->arena, node);
    }
    switch (spec->kind) {
    case PARAM_KIND_BOOL:
    case PARAM_KIND_INT:
    case PARAM_KIND_SIZE:
    case PARAM_KIND_DURATION:
    case PARAM_KIND_TEXT:
        return read_scalar(reader, spec, node, field);
    case PARAM_KIND_CHOICE:
        return read_choice(reader, spec, node, field);
    case PARAM_KIND_TEXTS:
        return read_texts(reader, spec, node, field);
    case PARAM_KIND_GRAPH:
        return read_graph(reader, spec, node, field);
    case PARAM_KIND_GRAPHS:
        return read_graphs(reader, spec, node, field);
    case PARAM_KIND_CUSTOM:
        return read_custom(reader, spec, node, field);
    case PARAM_KIND_SECTION:
        return read_section(reader, spec, node, field);
    case PARAM_KIND_CHILDREN:
    case PARAM_KIND_LINKAGES:
        return true; /* the loader's */
    }
    return true;
}

/* ---- all ---- */

/* Copies what a document has into an arena: a text of it may be kept. */
static const struct node *copy(struct arena *arena, const struct node *node)
{
    const struct node **items;
    struct node_pair *pairs;

    switch (node->kind) {
    case NODE_NULL:
    case NODE_SCALAR:
        return node_create_scalar(arena, NULL, node->text, node->size);
    case NODE_SEQUENCE:
        items = arena_alloc_array(arena, node->size, sizeof(*items));
        for (size_t i = 0; i < node->size; i++) {
            items[i] = copy(arena, node->items[i]);
        }
        return node_create_sequence(arena, NULL, items, node->size);
    case NODE_MAPPING:
        pairs = arena_alloc_array(arena, node->size, sizeof(*pairs));
        for (size_t i = 0; i < node->size; i++) {
            pairs[i].key = copy(arena, node->pairs[i].key);
            pairs[i].value = copy(arena, node->pairs[i].value);
        }
        return node_create_mapping(arena, NULL, pairs, node->size);
    }
    return NULL;
}

const struct node *param_fallback(const struct param_reader *reader, const struct param_spec *spec)
{
    const char *text = spec->fallback;
    struct document *document;
    const struct node *node;

    if (text[0] == '\0' || strchr("[{\"'", text[0]) == NULL) {
        return node_create_scalar(reader->arena, NULL, text, strlen(text));
    }
    document = document_parse("a default", text, strlen(text), reader->errors);
    REQUIRE(document != NULL); /* the table is ours */
    node = copy(reader->arena, document_root(document));
    document_destroy(document);
    return node;
}

bool params_set_defaults(const struct param_reader *reader, const struct param_spec *table,
                         void *state)
{
    bool is_good = true;

    for (; table != NULL && table->name != NULL; table++) {
        if (table->kind == PARAM_KIND_SECTION) {
            is_good &= params_set_defaults(reader, table->section, (char *)state + table->offset);
        } else if (table->fallback != NULL) {
            is_good &= param_read(reader, table, param_fallback(reader, table), state);
        }
    }
    return is_good;
}

static bool is_reserved(const struct param_reader *reader, const char *name)
{
    for (size_t i = 0; reader->reserved != NULL && reader->reserved[i] != NULL; i++) {
        if (strcmp(reader->reserved[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* True for a value that is given only at run time; but what a graph is made of is known at load. */
static bool may_wait(const struct param_spec *spec, const struct node *value)
{
    return value->later && spec->kind != PARAM_KIND_GRAPH && spec->kind != PARAM_KIND_GRAPHS;
}

bool param_check_key(const struct param_reader *reader, const struct param_spec *table,
                     const struct node *key)
{
    if (param_find(table, key->text) != NULL || is_reserved(reader, key->text)) {
        return true;
    }
    return errors_report(reader->errors, key, "%s has no %s \"%s\"%s", reader->owner, noun(reader),
                         shown(key->text).text,
                         suggest_words(errors_is_full(reader->errors)
                                           ? NULL
                                           : param_suggest(reader, table, key->text))
                             .text);
}

bool param_report_missing(const struct param_reader *reader, const struct param_spec *spec,
                          const struct node *at)
{
    return errors_report(reader->errors, at, "%s needs the %s \"%s\"%s%s", reader->owner,
                         noun(reader), spec->name, spec->doc[0] != '\0' ? ": " : "", spec->doc);
}

static bool read_pairs(const struct param_reader *reader, const struct param_spec *table,
                       const struct node *mapping, void *state)
{
    bool is_good = true;

    for (size_t i = 0; i < mapping->size; i++) {
        const struct node_pair *pair = &mapping->pairs[i];
        const struct param_spec *spec = param_find(table, pair->key->text);

        if (pair->value == reader->left_out || (spec != NULL && may_wait(spec, pair->value))) {
            continue;
        }
        if (spec != NULL) {
            is_good &= param_read(reader, spec, pair->value, state);
        } else {
            is_good &= param_check_key(reader, table, pair->key);
        }
    }
    return is_good;
}

bool params_read(const struct param_reader *reader, const struct param_spec *table,
                 const struct node *mapping, const struct node *at, void *state)
{
    struct param_reader inside = *reader;
    bool is_good;

    inside.mapping = mapping;
    is_good = mapping == NULL || read_pairs(&inside, table, mapping, state);
    for (; table != NULL && table->name != NULL; table++) {
        if (table->required) {
            const struct node *value = node_get(mapping, table->name);

            if (value == NULL || value == reader->left_out) {
                is_good = param_report_missing(reader, table, at);
            }
        }
    }
    return is_good;
}
