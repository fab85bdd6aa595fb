/* A plan written as YAML: a walk through its document, with an explicit stack, since it goes on
 * from turn to turn of the loop. */
#include "graph/plan_dump.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "graph/arena.h"
#include "graph/component_type.h"
#include "graph/document.h"
#include "graph/error.h"
#include "graph/interpolate.h"
#include "graph/param.h"
#include "graph/plan.h"
#include "graph/source.h"
#include "graph/utf8.h"

/* What a node stands for, which says how what is in it is to be read. */
enum part {
    PLAIN,      /* written as it is */
    ROOT,       /* the file */
    GRAPHS,     /* names and graphs */
    GRAPH,      /* components, linkages */
    COMPONENTS, /* names and components, or a list of them */
    COMPONENT,  /* a type and its parameters; or only the type */
    INSTANCES,  /* a list of the next */
    INSTANCE,   /* the same for a graph that is a parameter: who uses it sees to its end */
    SECTION,    /* entries of a table */
};

/* What may be left out of a component, and what stands for it then. */
struct takes {
    const struct param_spec *table; /* NULL: nothing, or nobody knows before it is used */
    const struct node *declared;    /* the parameters of a named graph; or NULL */
    const char *restart;            /* the policy; NULL: none, or nobody knows */
};

struct frame {
    const struct node *node; /* NULL: only defaults */
    enum part part;
    struct takes takes;  /* of a component or a section */
    const char *section; /* name of a section of daemon: */
    size_t index;        /* of the next item or pair, then of the next entry */
    bool is_past_given, is_past_defaults;
};

enum {
    DEEPEST = DOCUMENT_DEEPEST + 4,
    MUCH_TEXT = 64 << 10,     /* bytes of one call, more or less */
    LONGEST_SIMPLE_KEY = 120, /* libyaml gives a longer one a line of its own */
};

struct plan_dump {
    struct plan *plan;
    const struct plan_dump_options *options;
    struct arena *arena;   /* defaults that are lists */
    struct arena *scratch; /* of one call */
    struct errors *errors;
    yaml_emitter_t emitter;
    struct frame frames[DEEPEST];
    unsigned depth;
    bool has_begun, has_secrets;
    /* The comments of lines that the emitter has not written yet, on the heap; NULL: none. */
    char **comments;
    size_t first_comment, comment_count, comment_room;
    char *text;
    size_t size, room;
};

/* ---- text ---- */

static void append(struct plan_dump *dump, const char *text, size_t size)
{
    if (size > dump->room - dump->size) {
        dump->room = (dump->size + size) * 2;
        dump->text = mem_resize_array(dump->text, dump->room, 1);
    }
    memcpy(dump->text + dump->size, text, size);
    dump->size += size;
}

/* A line ends: its comment goes before that. */
static void end_line(struct plan_dump *dump)
{
    char *comment = NULL;

    if (dump->first_comment < dump->comment_count) {
        comment = dump->comments[dump->first_comment++];
    }
    if (comment != NULL) {
        append(dump, " # ", 3);
        append(dump, comment, strlen(comment));
        free(comment);
    }
    append(dump, "\n", 1);
}

/* For libyaml. */
static int on_write(void *data, unsigned char *bytes, size_t size)
{
    struct plan_dump *dump = data;
    const char *at = (const char *)bytes;
    const char *end = at + size;

    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));

        append(dump, at, (size_t)((stop != NULL ? stop : end) - at));
        if (stop == NULL) {
            break;
        }
        end_line(dump);
        at = stop + 1;
    }
    return 1;
}

/* Another line is begun; takes the comment over. */
static void begin_line(struct plan_dump *dump, char *comment)
{
    if (!dump->options->with_origins) {
        free(comment);
        return;
    }
    if (dump->first_comment == dump->comment_count) {
        dump->first_comment = 0;
        dump->comment_count = 0;
    }
    if (dump->comment_count == dump->comment_room) {
        dump->comment_room = dump->comment_room * 2 + 64;
        dump->comments = mem_resize_array(dump->comments, dump->comment_room, sizeof(char *));
    }
    dump->comments[dump->comment_count++] = comment;
}

/* ---- events ---- */

static void emit(struct plan_dump *dump, yaml_event_t *event, int made)
{
    REQUIRE(made == 1);
    REQUIRE(yaml_emitter_emit(&dump->emitter, event) == 1); /* only memory could fail it */
}

/* True for what a plain scalar could not say. */
static bool is_special(const char *text)
{
    static const char *const special[] = {"", "~", "null", "Null", "NULL", "<<", NULL};
    size_t i = 0;

    while (special[i] != NULL && strcmp(special[i], text) != 0) {
        i++;
    }
    return special[i] != NULL;
}

/* True for a text that would go on in another line. */
static bool has_control(const char *text)
{
    if (strstr(text, "\xC2\x85") != NULL || strstr(text, "\xE2\x80\xA8") != NULL ||
        strstr(text, "\xE2\x80\xA9") != NULL) { /* NEL, LS, PS */
        return true;
    }
    while (*text != '\0' && (unsigned char)*text >= ' ') {
        text++;
    }
    return *text != '\0';
}

static void emit_scalar(struct plan_dump *dump, const char *text, bool is_quoted)
{
    yaml_scalar_style_t style = YAML_ANY_SCALAR_STYLE;
    yaml_event_t event;

    if (has_control(text)) {
        style = YAML_DOUBLE_QUOTED_SCALAR_STYLE; /* so that it stays in one line */
    } else if (is_quoted) {
        style = YAML_SINGLE_QUOTED_SCALAR_STYLE;
    }
    emit(dump, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                      (int)strlen(text), 1, 1, style));
}

static void emit_start(struct plan_dump *dump, bool is_list)
{
    yaml_event_t event;

    emit(
        dump, &event,
        is_list
            ? yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE)
            : yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

static void emit_end(struct plan_dump *dump, bool is_list)
{
    yaml_event_t event;

    emit(dump, &event,
         is_list ? yaml_sequence_end_event_initialize(&event)
                 : yaml_mapping_end_event_initialize(&event));
}

/* ---- values ---- */

static char *origin_of(const struct node *node, bool is_secret)
{
    char *text = NULL;
    bool is_text;

    if (node->source == NULL) {
        return mem_strdup(is_secret ? "secret" : "default");
    }
    REQUIRE(asprintf(&text, "%s:%u%s", node->source->name, node->line,
                     is_secret ? ", secret" : "") >= 0);
    is_text = utf8_is_text(text, strlen(text));
    for (char *at = text; *at != '\0'; at++) { /* a path may have anything */
        const unsigned char byte = (unsigned char)*at;

        *at = byte < ' ' || byte == 0x7F || (byte > 0x7F && !is_text) ? '?' : *at;
    }
    return text;
}

static bool is_only_parameter(const struct node *node)
{
    static const char start[] = "${param:";

    return node->size > sizeof(start) && memcmp(node->text, start, sizeof(start) - 1) == 0 &&
           (const char *)memchr(node->text, '}', node->size) == node->text + node->size - 1;
}

/* The scalar as it is to be read again; good until the call ends. */
static const struct node *resolve(struct plan_dump *dump, const struct node *node)
{
    static const struct interpolation lookups = {.keeps = true};

    return node->source != NULL ? interpolate(dump->scratch, node, &lookups, dump->errors) : node;
}

static void write_scalar(struct plan_dump *dump, const struct node *node)
{
    bool is_secret;

    if (node->kind == NODE_NULL) {
        begin_line(dump, origin_of(node, false));
        emit_scalar(dump, "null", false);
        return;
    }
    node = resolve(dump, node);
    is_secret = node->secret && !is_only_parameter(node);
    begin_line(dump, origin_of(node, is_secret));
    if (is_secret) {
        dump->has_secrets = true;
        emit_scalar(dump, "***", true);
    } else {
        emit_scalar(dump, node->text, is_special(node->text) || (node->quoted && node->size > 0));
    }
}

static void push(struct plan_dump *dump, struct frame frame)
{
    REQUIRE(dump->depth < DEEPEST); /* no document is deeper */
    dump->frames[dump->depth++] = frame;
}

/* ---- types ---- */

static struct takes find_takes(const struct plan_dump *dump, const char *type)
{
    const struct node *root = document_root(dump->plan->root->document);
    const struct component_type *const *types = dump->options->types;
    const struct plan_graph *graph;

    for (; *types != NULL; types++) {
        if (strcmp((*types)->name, type) == 0) {
            return (struct takes){.table = (*types)->parameters,
                                  .restart = (*types)->lasts ? restart_options[0].fallback
                                                             : restart_policy_name(NULL)};
        }
    }
    graph = plan_find_graph(dump->plan, type);
    if (graph == NULL) {
        return (struct takes){0};
    }
    return (struct takes){.table = graph->parameters,
                          .restart = restart_policy_name(NULL),
                          .declared =
                              node_get(node_get(node_get(root, "graphs"), type), "parameters")};
}

static struct takes takes_of(struct plan_dump *dump, const struct node *component)
{
    const struct node *type =
        component->kind == NODE_SCALAR ? component : node_get(component, "type");
    struct takes takes = {0};

    if (type != NULL && type->kind == NODE_SCALAR) {
        takes = find_takes(dump, resolve(dump, type)->text);
    }
    return takes;
}

/* The default that a graph's parameter was declared with; NULL: none that may be shown. */
static const struct node *declared_default(const struct takes *takes, const struct param_spec *spec)
{
    const struct node *node = node_get(node_get(takes->declared, spec->name), "default");

    return spec->required || spec->secret ? NULL : node;
}

static bool has_defaults(const struct takes *takes)
{
    if (takes->restart != NULL) {
        return true;
    }
    for (const struct param_spec *spec = takes->table; spec != NULL && spec->name != NULL; spec++) {
        if (spec->fallback != NULL || spec->kind == PARAM_KIND_SECTION ||
            declared_default(takes, spec) != NULL) {
            return true;
        }
    }
    return false;
}

/* What the value of a parameter is. */
static enum part part_of(const struct param_spec *spec)
{
    switch (spec->kind) {
    case PARAM_KIND_GRAPH:
        return INSTANCE;
    case PARAM_KIND_GRAPHS:
        return INSTANCES;
    case PARAM_KIND_CHILDREN:
        return COMPONENTS;
    case PARAM_KIND_SECTION:
        return SECTION;
    case PARAM_KIND_BOOL:
    case PARAM_KIND_INT:
    case PARAM_KIND_SIZE:
    case PARAM_KIND_DURATION:
    case PARAM_KIND_TEXT:
    case PARAM_KIND_CHOICE:
    case PARAM_KIND_TEXTS:
    case PARAM_KIND_CUSTOM:
    case PARAM_KIND_LINKAGES:
        return PLAIN;
    }
    return PLAIN;
}

/* ---- the walk ---- */

/* Begins a node, or writes a scalar.  spec: of the parameter that it is the value of, or NULL. */
static void begin_value(struct plan_dump *dump, const struct node *node, enum part part,
                        const struct param_spec *spec, bool is_pair)
{
    struct frame frame = {.node = node, .part = part};

    if (part == COMPONENT || part == INSTANCE) {
        frame.takes = takes_of(dump, node);
        frame.takes.restart = part == COMPONENT ? frame.takes.restart : NULL;
    } else if (part == SECTION) {
        frame.takes.table = spec->section;
        frame.section = spec->name;
    }
    if (node->kind == NODE_NULL || (node->kind == NODE_SCALAR && !has_defaults(&frame.takes))) {
        write_scalar(dump, node);
        return;
    }
    if (is_pair || node->size == 0) {
        begin_line(dump, NULL); /* "key:", or "[]" */
    }
    emit_start(dump, node->kind == NODE_SEQUENCE);
    push(dump, frame);
}

static const struct plan_override *find_override(const struct plan_dump *dump,
                                                 const struct frame *frame, const char *name)
{
    const struct plan_override *one = dump->options->overrides;

    for (; frame->takes.table != NULL && one != NULL && one->name != NULL; one++) {
        const bool is_here =
            one->section == NULL
                ? frame->takes.table == dump->options->settings_table
                : frame->section != NULL && strcmp(frame->section, one->section) == 0;

        if (is_here && strcmp(one->name, name) == 0 &&
            utf8_is_text(one->value, strlen(one->value))) {
            return one;
        }
    }
    return NULL;
}

static void write_key(struct plan_dump *dump, const char *key)
{
    if (strlen(key) > LONGEST_SIMPLE_KEY) {
        begin_line(dump, NULL);
    }
    emit_scalar(dump, key, is_special(key));
}

static void write_override(struct plan_dump *dump, const struct plan_override *override)
{
    write_key(dump, override->name);
    begin_line(dump, mem_strdup(override->from));
    emit_scalar(dump, override->value, is_special(override->value));
}

/* What the pairs of a mapping are. */
static enum part part_inside(const struct frame *frame, const char *key,
                             const struct param_spec *spec)
{
    switch (frame->part) {
    case PLAIN:
        return PLAIN;
    case ROOT:
        return strcmp(key, "graphs") == 0       ? GRAPHS
               : strcmp(key, "components") == 0 ? COMPONENTS
                                                : PLAIN;
    case GRAPHS:
        return GRAPH;
    case GRAPH:
        return strcmp(key, "components") == 0 ? COMPONENTS : PLAIN;
    case COMPONENTS:
        return COMPONENT;
    case INSTANCES:
        return INSTANCE;
    case COMPONENT:
    case INSTANCE:
    case SECTION:
        return spec != NULL ? part_of(spec) : PLAIN;
    }
    return PLAIN;
}

/* "restart:", whose entries have defaults as those of a section. */
static const struct param_spec restart_section = {
    .name = "restart", .kind = PARAM_KIND_SECTION, .section = restart_options};

/* "restart: always" with the numbers that go with it.  NULL: it is no policy that has any, or is
 * known only where the graph is used. */
static const struct node *restart_in_full(struct plan_dump *dump, const struct node *value)
{
    const struct node *policy = value->kind == NODE_SCALAR ? resolve(dump, value) : NULL;
    const char *const *known = restart_options[0].choices;
    const char *name = restart_options[0].name;
    struct node_pair pair = {.value = value};

    while (policy != NULL && *known != NULL && !node_is(policy, *known)) {
        known++;
    }
    if (policy == NULL || *known == NULL || node_is(policy, restart_policy_name(NULL))) {
        return NULL;
    }
    pair.key = node_create_scalar(dump->arena, value, name, strlen(name));
    return node_create_mapping(dump->arena, value, &pair, 1);
}

static void write_restart(struct plan_dump *dump, const struct node *value)
{
    const struct node *whole = restart_in_full(dump, value);

    write_key(dump, restart_section.name);
    begin_value(dump, whole != NULL ? whole : value,
                whole != NULL || value->kind == NODE_MAPPING ? SECTION : PLAIN, &restart_section,
                true);
}

static void write_pair(struct plan_dump *dump, const struct frame *frame,
                       const struct node_pair *pair)
{
    const struct param_spec daemon = {.section = dump->options->settings_table};
    const char *key = pair->key->text;
    const struct param_spec *spec = param_find(frame->takes.table, key);
    const struct plan_override *override =
        frame->part == SECTION ? find_override(dump, frame, key) : NULL;
    enum part part = part_inside(frame, key, spec);

    if (override != NULL) {
        write_override(dump, override);
        return;
    }
    if (frame->takes.restart != NULL && strcmp(key, restart_section.name) == 0) {
        write_restart(dump, pair->value);
        return;
    }
    if (pair->value->kind == NODE_SCALAR && (part == COMPONENTS || frame->takes.declared != NULL)) {
        part = PLAIN; /* ${param:NAME}; or a name that a graph may use as a type as well */
    }
    if (frame->part == ROOT && strcmp(key, "daemon") == 0) {
        part = SECTION;
        spec = &daemon;
    }
    write_key(dump, key);
    begin_value(dump, pair->value, part, spec, true);
}

/* The value of what the file does not mention. */
static void write_default(struct plan_dump *dump, const struct frame *frame,
                          const struct param_spec *spec)
{
    const struct plan_override *override =
        frame->part == SECTION ? find_override(dump, frame, spec->name) : NULL;
    const struct param_reader reader = {.arena = dump->arena, .errors = dump->errors};
    const struct node *declared = declared_default(&frame->takes, spec);

    if (override != NULL) {
        write_override(dump, override);
        return;
    }
    if (declared != NULL) {
        write_key(dump, spec->name);
        begin_value(dump, declared, declared->kind == NODE_SCALAR ? PLAIN : part_of(spec), spec,
                    true);
        return;
    }
    if (spec->kind == PARAM_KIND_SECTION) {
        write_key(dump, spec->name);
        begin_line(dump, NULL);
        emit_start(dump, false);
        push(dump,
             (struct frame){.part = SECTION, .takes.table = spec->section, .section = spec->name});
    } else if (spec->fallback != NULL) {
        write_key(dump, spec->name);
        begin_value(dump, param_fallback(&reader, spec), part_of(spec), spec, true);
    }
}

/* The file does not say when it is started again. */
static void write_usual_restart(struct plan_dump *dump, const struct frame *frame)
{
    if (strcmp(frame->takes.restart, restart_policy_name(NULL)) != 0) {
        write_default(dump, frame, &restart_section);
        return;
    }
    write_key(dump, restart_section.name);
    begin_line(dump, mem_strdup("default"));
    emit_scalar(dump, frame->takes.restart, false);
}

/* One step further. */
static void step(struct plan_dump *dump)
{
    struct frame *frame = &dump->frames[dump->depth - 1];
    const struct node *node = frame->node;
    const bool is_list = node != NULL && node->kind == NODE_SEQUENCE;
    const struct param_spec *spec;

    if (!frame->is_past_given) {
        if (node != NULL && node->kind == NODE_SCALAR && frame->index++ == 0) {
            write_key(dump, "type");
            write_scalar(dump, node);
            return;
        }
        if (is_list && frame->index < node->size) {
            begin_value(dump, node->items[frame->index++],
                        frame->part == COMPONENTS  ? COMPONENT
                        : frame->part == INSTANCES ? INSTANCE
                                                   : PLAIN,
                        NULL, false);
            return;
        }
        if (node != NULL && node->kind == NODE_MAPPING && frame->index < node->size) {
            write_pair(dump, frame, &node->pairs[frame->index++]);
            return;
        }
        frame->is_past_given = true;
        frame->index = 0;
    }
    spec = frame->takes.table != NULL ? &frame->takes.table[frame->index] : NULL;
    if (spec == NULL || spec->name == NULL) {
        if (!frame->is_past_defaults && frame->takes.restart != NULL &&
            node_get(node, restart_section.name) == NULL) {
            frame->is_past_defaults = true;
            write_usual_restart(dump, frame);
            return;
        }
        dump->depth--;
        emit_end(dump, is_list);
        return;
    }
    frame->index++;
    if (node_get(node, spec->name) == NULL) {
        write_default(dump, frame, spec);
    }
}

/* ---- the whole ---- */

static void begin(struct plan_dump *dump)
{
    const struct param_spec *settings = dump->options->settings_table;
    const struct node *root = document_root(dump->plan->root->document);
    const struct node *section = node_get(root, "daemon");
    yaml_event_t event;

    emit(dump, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(dump, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    emit_start(dump, false);
    push(dump, (struct frame){.node = root, .part = ROOT});
    write_key(dump, "version");
    begin_line(dump, NULL);
    emit_scalar(dump, "1", false);
    if (settings != NULL && section == NULL) {
        write_key(dump, "daemon");
        begin_line(dump, NULL);
        emit_start(dump, false);
        push(dump, (struct frame){.part = SECTION, .takes.table = settings});
    }
}

static void finish(struct plan_dump *dump)
{
    static const char note[] = "# *** stands for a secret: put those back before this is loaded.\n";
    yaml_event_t event;

    emit(dump, &event, yaml_document_end_event_initialize(&event, 1));
    emit(dump, &event, yaml_stream_end_event_initialize(&event));
    REQUIRE(yaml_emitter_flush(&dump->emitter) == 1);
    if (dump->has_secrets) {
        append(dump, note, strlen(note));
    }
}

struct plan_dump *plan_dump_create(struct plan *plan, const struct plan_dump_options *options)
{
    struct plan_dump *dump = mem_alloc(sizeof(*dump));

    REQUIRE(plan->root->document != NULL);
    dump->plan = plan_ref(plan);
    dump->options = options;
    dump->arena = arena_create();
    dump->errors = errors_create();
    REQUIRE(yaml_emitter_initialize(&dump->emitter) == 1);
    yaml_emitter_set_output(&dump->emitter, on_write, dump);
    yaml_emitter_set_unicode(&dump->emitter, 1);
    yaml_emitter_set_width(&dump->emitter, -1);
    yaml_emitter_set_indent(&dump->emitter, 2);
    return dump;
}

bool plan_dump_next(struct plan_dump *dump, size_t values, const char **text, size_t *size)
{
    dump->size = 0;
    dump->scratch = arena_create();
    if (!dump->has_begun) {
        dump->has_begun = true;
        begin(dump);
    }
    while (values-- > 0 && dump->depth > 0 && dump->size < MUCH_TEXT) {
        step(dump);
    }
    if (dump->depth == 0) {
        finish(dump);
    } else {
        REQUIRE(yaml_emitter_flush(&dump->emitter) == 1);
    }
    arena_destroy(dump->scratch);
    *text = dump->text;
    *size = dump->size;
    return dump->depth > 0;
}

void plan_dump_destroy(struct plan_dump *dump)
{
    if (dump == NULL) {
        return;
    }
    while (dump->first_comment < dump->comment_count) {
        free(dump->comments[dump->first_comment++]);
    }
    free(dump->comments);
    free(dump->text);
    yaml_emitter_delete(&dump->emitter);
    errors_destroy(dump->errors);
    arena_destroy(dump->arena);
    plan_release(dump->plan);
    free(dump);
}
