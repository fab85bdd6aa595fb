/* A document: YAML text as a tree of nodes that know where they stand. */
#include "graph/document.h"

#include "graph/arena.h"
#include "graph/hash.h"
#include "graph/pair_list.h"
#include "graph/source.h"
#include "graph/syntax.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

enum { MOST_TAG_DIRECTIVES = 16 };

struct document {
    struct arena *arena;
    const struct node *root;
    const struct source **sources; /* on the heap */
    size_t source_count;
};

/* ---- from events to nodes ---- */

/* What an alias would bring in.  node->size and the like are there once it is closed. */
struct anchor {
    const struct node *node;
    size_t weight;   /* nodes, aliases written out */
    unsigned height; /* levels of collections, aliases written out */
    bool open;       /* we are inside it */
};

/* A collection whose end has not come.  Its children are builder.children from `first` on; those of
 * a mapping are key, value, key, value ... */
struct frame {
    struct node *node;
    struct anchor *anchor; /* NULL: none */
    size_t first;
    size_t weight;
    unsigned height;
    bool block;
};

struct builder {
    struct arena *arena; /* the document's */
    const struct source *source;
    struct errors *errors;
    struct hash anchors; /* of struct anchor, by name */
    const struct node **children;
    size_t child_count;
    size_t child_room;
    size_t node_count;
    size_t aliased; /* nodes that aliases stand for, so far */
    const struct node *root;
    unsigned depth;
    struct frame frames[DOCUMENT_DEEPEST];
};

static struct node *node_at(struct builder *builder, enum node_kind kind, const yaml_event_t *event)
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
    return node;
}

static bool fail(struct builder *builder, const yaml_event_t *event, const char *text)
{
    const struct node *at = node_at(builder, NODE_NULL, event);

    return errors_report(builder->errors, at, "%s", text);
}

static void add_child(struct builder *builder, const struct node *node, size_t weight,
                      unsigned height)
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

/* Returns the anchor's record, to be completed when its node is; NULL for a node without one. */
static struct anchor *open_anchor(struct builder *builder, const yaml_char_t *name,
                                  const struct node *node)
{
    struct anchor *anchor;

    if (name == NULL) {
        return NULL;
    }
    anchor = arena_alloc(builder->arena, sizeof(*anchor));
    anchor->node = node;
    anchor->open = true;
    hash_put(&builder->anchors, arena_strdup(builder->arena, (const char *)name), anchor);
    return anchor;
}

static void close_anchor(struct anchor *anchor, size_t weight, unsigned height)
{
    if (anchor != NULL) {
        anchor->weight = weight;
        anchor->height = height;
        anchor->open = false;
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
    struct node *node = node_at(builder, NODE_SCALAR, event);
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
    close_anchor(open_anchor(builder, event->data.scalar.anchor, node), 1, 0);
    add_child(builder, node, 1, 0);
}

static bool on_alias(struct builder *builder, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct anchor *anchor = hash_get(&builder->anchors, name);
    struct node *at;

    if (anchor == NULL || anchor->open) {
        at = node_at(builder, NODE_NULL, event);
        at->text = "";
        errors_report(builder->errors, at,
                      anchor == NULL ? "there is no anchor \"&%s\" before this alias"
                                     : "this alias is inside its own anchor \"&%s\"",
                      shown(name).text);
        at->broken = true;
        add_child(builder, at, 1, 0);
        return true;
    }
    builder->aliased += anchor->weight;
    if (builder->aliased > DOCUMENT_MOST_ALIASED) {
        return fail(builder, event, "the aliases of this file stand for more than 1000000 nodes");
    }
    if (builder->depth + anchor->height > DOCUMENT_DEEPEST) {
        return fail(builder, event, "nested more than 100 levels deep, with what the alias brings");
    }
    add_child(builder, anchor->node, anchor->weight, anchor->height);
    return true;
}

static bool on_start(struct builder *builder, const yaml_event_t *event, enum node_kind kind,
                     const yaml_char_t *anchor, const yaml_char_t *tag, bool block)
{
    struct node *node;

    if (builder->depth == DOCUMENT_DEEPEST) {
        return fail(builder, event, "nested more than 100 levels deep");
    }
    node = node_at(builder, kind, event);
    set_tag(builder, node, tag);
    builder->frames[builder->depth++] = (struct frame){
        .node = node,
        .anchor = open_anchor(builder, anchor, node),
        .first = builder->child_count,
        .weight = 1,
        .height = 1,
        .block = block,
    };
    return true;
}

static bool is_merge_key(const struct node *key)
{
    return key->kind == NODE_SCALAR && !key->quoted && strcmp(key->text, "<<") == 0;
}

/* Counts the pairs that a merge key's value brings. */
static size_t count_merged(const struct node *value)
{
    size_t count = 0;
    size_t i;

    if (value->kind == NODE_MAPPING) {
        return value->size;
    }
    for (i = 0; value->kind == NODE_SEQUENCE && i < value->size; i++) {
        count += value->items[i]->kind == NODE_MAPPING ? value->items[i]->size : 0;
    }
    return count;
}

/* Appends what a mapping lacks; what it has wins. */
static void merge_mapping(struct builder *builder, struct pair_list *list,
                          const struct node *merged)
{
    size_t i;

    if (merged->kind != NODE_MAPPING) {
        errors_report(builder->errors, merged,
                      "\"<<\" merges a mapping or a list of mappings; this is %s",
                      node_kind_name(merged));
        return;
    }
    for (i = 0; i < merged->size; i++) {
        pair_list_append(list, &merged->pairs[i]);
    }
}

static void merge(struct builder *builder, struct pair_list *list, const struct node *value)
{
    size_t i;

    if (value->kind != NODE_SEQUENCE) {
        merge_mapping(builder, list, value);
        return;
    }
    for (i = 0; i < value->size; i++) {
        merge_mapping(builder, list, value->items[i]);
    }
}

/* Reports a key that is none. */
static bool check_key(struct builder *builder, const struct node *key)
{
    if (key->kind == NODE_SEQUENCE || key->kind == NODE_MAPPING) {
        return errors_report(builder->errors, key, "a key must be a text; this is %s",
                             node_kind_name(key));
    }
    if (key->kind == NODE_NULL && key->size == 0) {
        return errors_report(builder->errors, key, "there is no key before this \":\"");
    }
    return true;
}

static void finish_mapping(struct builder *builder, struct node *node,
                           const struct node *const *children, size_t count)
{
    struct pair_list list;
    const struct node *merged_by = NULL;
    size_t most = count / 2;
    size_t i;

    for (i = 0; i + 1 < count; i += 2) {
        most += is_merge_key(children[i]) ? count_merged(children[i + 1]) : 0;
    }
    list = pair_list_make(builder->arena, most);
    for (i = 0; i + 1 < count; i += 2) {
        struct node_pair pair = {.key = children[i], .value = children[i + 1]};
        const struct node *earlier = merged_by;

        if (!check_key(builder, pair.key)) {
            continue;
        }
        if (is_merge_key(pair.key)) {
            merged_by = merged_by != NULL ? merged_by : pair.key;
        } else {
            const struct node_pair *same = pair_list_append(&list, &pair);

            earlier = same != NULL ? same->key : NULL;
        }
        if (earlier != NULL) {
            errors_report_note(builder->errors, pair.key, earlier, "first defined here",
                               "the key \"%s\" is here a second time", node_shown(pair.key).text);
        }
    }
    for (i = 0; merged_by != NULL && i + 1 < count; i += 2) {
        if (is_merge_key(children[i])) {
            merge(builder, &list, children[i + 1]);
        }
    }
    pair_list_give(&list, node);
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
        finish_mapping(builder, node, children, count);
    } else {
        finish_sequence(builder, node, children, count);
    }
    builder->child_count = frame->first;
    close_anchor(frame->anchor, frame->weight, frame->height);
    add_child(builder, node, frame->weight, frame->height);
}

/* Returns false if there is no going on. */
static bool on_event(struct builder *builder, const yaml_event_t *event)
{
    if (builder->node_count == DOCUMENT_MOST_NODES) {
        return fail(builder, event, "the file has more than 5000000 nodes");
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(builder, event);
        return true;
    case YAML_ALIAS_EVENT:
        return on_alias(builder, event);
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
            return fail(builder, event, "a second document starts here; a file holds one");
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

/* ---- documents ---- */

static const struct node *parse(struct document *document, struct source *source,
                                struct errors *errors)
{
    struct builder *builder = mem_alloc(sizeof(*builder));
    const struct node *root = NULL;
    struct node *nothing;

    builder->arena = document->arena;
    builder->source = source;
    builder->errors = errors;
    if (build(builder)) {
        root = builder->root;
        if (root == NULL) {
            nothing = arena_alloc(document->arena, sizeof(*nothing));
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

static struct document *create(void)
{
    struct document *document = mem_alloc(sizeof(*document));

    document->arena = arena_create();
    return document;
}

void document_destroy(struct document *document)
{
    if (document == NULL) {
        return;
    }
    arena_destroy(document->arena);
    free(document->sources);
    free(document);
}

static void keep_source(struct document *document, struct source *source)
{
    source->number = (unsigned)document->source_count;
    document->sources = mem_resize_array(document->sources, document->source_count + 1,
                                         sizeof(const struct source *));
    document->sources[document->source_count++] = source;
}

/* Makes the root of what has been read, or reports err.  Returns the document, or NULL. */
static struct document *finish(struct document *document, struct source *source,
                               const struct error *err, struct errors *errors)
{
    struct error empty;

    if (source == NULL) {
        errors_add(errors, err);
        goto failed;
    }
    keep_source(document, source);
    document->root = parse(document, source, errors);
    if (document->root == NULL) {
        goto failed;
    }
    if (document->root->kind == NODE_NULL && document->root->size == 0) {
        error_set_at(&empty, source, 0, 0, 0, "the file is empty");
        errors_add(errors, &empty);
        goto failed;
    }
    return document;
failed:
    document_destroy(document);
    return NULL;
}

struct document *document_load(const char *path, struct errors *errors)
{
    struct document *document = create();
    struct error err;

    return finish(document, source_read(document->arena, path, &err), &err, errors);
}

struct document *document_parse(const char *name, const char *text, size_t size,
                                struct errors *errors)
{
    struct document *document = create();
    struct error err;

    return finish(document, source_create(document->arena, name, text, size, &err), &err, errors);
}

const struct node *document_add(struct document *document, const char *path, const struct node *at,
                                struct errors *errors, const struct source **source)
{
    struct error err;
    struct source *read = source_read(document->arena, path, &err);

    if (read == NULL) {
        if (at != NULL && err.line == 0) {
            errors_report(errors, at, "%s: %s", shown(path).text, err.text);
        } else {
            errors_add(errors, &err);
        }
        return NULL;
    }
    keep_source(document, read);
    if (source != NULL) {
        *source = read;
    }
    return parse(document, read, errors);
}

const struct node *document_root(const struct document *document)
{
    return document->root;
}

void document_set_root(struct document *document, const struct node *root)
{
    document->root = root;
}

struct arena *document_arena(const struct document *document)
{
    return document->arena;
}

const struct source *document_source(const struct document *document, size_t index)
{
    return index < document->source_count ? document->sources[index] : NULL;
}
