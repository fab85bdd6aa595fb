/* From libyaml's events to nodes: the way through. */
#include "graph/document_builder.h"

#include "graph/arena.h"
#include "graph/source.h"
#include "graph/syntax.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_TAG_DIRECTIVES = 16 };

struct node *builder_node(struct builder *builder, enum node_kind kind, const yaml_event_t *event)
{
    struct node *node = arena_alloc(builder->arena, sizeof(*node));
    const yaml_mark_t *start = &event->start_mark;
    const yaml_mark_t *end = &event->end_mark;

    builder->node_count++;
    node->kind = kind;
    node->source = builder->source;
    syntax_place(builder->source, start, &node->line, &node->column);
    node->width = 1; /* of what goes on for several lines, the start is marked */
    if (end->line == start->line && end->column > start->column) {
        node->width = (unsigned)(end->column - start->column);
    }
    node->further = end->line - start->line < NODE_MOST_FURTHER
                        ? (end->line - start->line) & NODE_MOST_FURTHER
                        : NODE_MOST_FURTHER;
    return node;
}

bool builder_fail(struct builder *builder, const yaml_event_t *event, const char *text)
{
    const struct node *at = builder_node(builder, NODE_NULL, event);

    return errors_report(builder->errors, at, "%s", text);
}

void builder_add(struct builder *builder, const struct node *node, size_t weight, unsigned height)
{
    struct frame *frame;

    if (builder->depth == 0) {
        builder->root = node;
        return;
    }
    if (builder->child_count == builder->child_room) {
        builder->child_room = builder->child_room * 2 + 256;
        builder->children =
            mem_resize_array(builder->children, builder->child_room, sizeof(const struct node *));
    }
    builder->children[builder->child_count++] = node;
    frame = &builder->frames[builder->depth - 1];
    frame->weight += weight;
    if (height >= frame->height) {
        frame->height = height + 1;
    }
}

static void set_tag(struct builder *builder, struct node *node, const yaml_char_t *tag)
{
    static const char *const known[] = {
        YAML_STR_TAG,  YAML_INT_TAG, YAML_FLOAT_TAG, YAML_BOOL_TAG,
        YAML_NULL_TAG, YAML_SEQ_TAG, YAML_MAP_TAG,   NULL,
    };
    size_t i;

    if (tag == NULL) {
        return;
    }
    node->tag = arena_strdup(builder->arena, (const char *)tag);
    if (strcmp(node->tag, "!") == 0 || strcmp(node->tag, YAML_STR_TAG) == 0) {
        node->quoted = true;
        return;
    }
    for (i = 0; known[i] != NULL; i++) {
        if (strcmp(node->tag, known[i]) == 0) {
            return;
        }
    }
    errors_report(builder->errors, node, "the tag \"%s\" has no meaning here",
                  shown(node->tag).text);
}

static bool is_null(const struct node *node)
{
    static const char *const forms[] = {"", "~", "null", "Null", "NULL", NULL};
    size_t i;

    for (i = 0; !node->quoted && node->size <= 4 && forms[i] != NULL; i++) {
        if (strcmp(node->text, forms[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void on_scalar(struct builder *builder, const yaml_event_t *event)
{
    struct node *node = builder_node(builder, NODE_SCALAR, event);
    const char *text = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;

    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    set_tag(builder, node, event->data.scalar.tag);
    if (memchr(text, '\0', size) != NULL) {
        errors_report(builder->errors, node, "a text may not contain a NUL character");
        node->broken = true;
        size = strlen(text);
    }
    node->text = arena_strndup(builder->arena, text, size);
    node->size = size;
    if (is_null(node)) {
        node->kind = NODE_NULL;
    }
    builder_close_anchor(builder_open_anchor(builder, event->data.scalar.anchor, node), 1, 0);
    builder_add(builder, node, 1, 0);
}

static bool on_start(struct builder *builder, const yaml_event_t *event, enum node_kind kind,
                     const yaml_char_t *anchor, const yaml_char_t *tag, bool block)
{
    struct node *node;

    if (builder->depth == DOCUMENT_DEEPEST) {
        return builder_fail(builder, event, "nested more than 100 levels deep");
    }
    node = builder_node(builder, kind, event);
    set_tag(builder, node, tag);
    builder->frames[builder->depth++] = (struct frame){
        .node = node,
        .anchor = builder_open_anchor(builder, anchor, node),
        .first = builder->child_count,
        .weight = 1,
        .height = 1,
        .block = block,
    };
    return true;
}

static void finish_sequence(struct builder *builder, struct node *node,
                            const struct node *const *children, size_t count)
{
    const struct node **items = arena_alloc_array(builder->arena, count, sizeof(*items));

    if (count > 0) {
        memcpy(items, children, count * sizeof(*items));
    }
    node->items = items;
    node->size = count;
}

static void on_end(struct builder *builder, const yaml_event_t *event)
{
    struct frame *frame = &builder->frames[--builder->depth];
    struct node *node = frame->node;
    const struct node *const *children = builder->children + frame->first;
    size_t count = builder->child_count - frame->first;

    if (!frame->block && event->end_mark.line + 1 == node->line &&
        event->end_mark.column + 1 > node->column) {
        node->width = (unsigned)event->end_mark.column + 1 - node->column;
    } else if (node->kind == NODE_MAPPING && count > 0 && children[0]->line == node->line &&
               children[0]->column == node->column) {
        node->width = children[0]->width; /* a block mapping is marked by its first key */
    }
    if (node->kind == NODE_MAPPING) {
        builder_finish_mapping(builder, node, children, count);
    } else {
        finish_sequence(builder, node, children, count);
    }
    builder->child_count = frame->first;
    builder_close_anchor(frame->anchor, frame->weight, frame->height);
    builder_add(builder, node, frame->weight, frame->height);
}

/* Returns false if there is no going on. */
static bool on_event(struct builder *builder, const yaml_event_t *event)
{
    if (builder->node_count == DOCUMENT_MOST_NODES) {
        return builder_fail(builder, event, "the file has more than 5000000 nodes");
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(builder, event);
        return true;
    case YAML_ALIAS_EVENT:
        return builder_add_alias(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(builder, event, NODE_SEQUENCE, event->data.sequence_start.anchor,
                        event->data.sequence_start.tag,
                        event->data.sequence_start.style != YAML_FLOW_SEQUENCE_STYLE);
    case YAML_MAPPING_START_EVENT:
        return on_start(builder, event, NODE_MAPPING, event->data.mapping_start.anchor,
                        event->data.mapping_start.tag,
                        event->data.mapping_start.style != YAML_FLOW_MAPPING_STYLE);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_end(builder, event);
        return true;
    case YAML_DOCUMENT_START_EVENT:
        if (builder->root != NULL) {
            return builder_fail(builder, event, "a second document starts here; a file holds one");
        }
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return true;
    }
    return true;
}

/* libyaml compares each %TAG directive with all before it; nobody needs more than a few. */
static bool check_directives(struct builder *builder)
{
    const struct source *source = builder->source;
    const char *end = source->text + source->size;
    const char *at = source->text;
    unsigned count = 0;
    struct error err;

    while (at != NULL && at < end) {
        if (*at == '%' && ++count > MOST_TAG_DIRECTIVES) {
            error_set_at(&err, source, 0, 0, 0, "more than %d lines start with \"%%\"",
                         MOST_TAG_DIRECTIVES);
            return errors_add(builder->errors, &err);
        }
        at = memchr(at, '\n', (size_t)(end - at));
        at = at != NULL ? at + 1 : NULL;
    }
    return true;
}

static bool build(struct builder *builder)
{
    const struct source *source = builder->source;
    yaml_parser_t parser;
    yaml_event_t event;
    bool done = false;
    bool good = check_directives(builder);

    REQUIRE(yaml_parser_initialize(&parser) == 1);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)source->text, source->size);
    while (good && !done) {
        if (yaml_parser_parse(&parser, &event) == 0) {
            good = syntax_report(&parser, source, builder->errors);
            break;
        }
        good = on_event(builder, &event) && !errors_is_full(builder->errors);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return good;
}

const struct node *document_build(struct arena *arena, const struct source *source,
                                  struct errors *errors)
{
    struct builder *builder = mem_alloc(sizeof(*builder));
    const struct node *root = NULL;
    struct node *nothing;

    builder->arena = arena;
    builder->source = source;
    builder->errors = errors;
    if (build(builder)) {
        root = builder->root;
        if (root == NULL) {
            nothing = arena_alloc(arena, sizeof(*nothing));
            nothing->source = source;
            nothing->text = "";
            root = nothing;
        }
    }
    hash_deinit(&builder->anchors);
    free(builder->children);
    free(builder);
    return root;
}
