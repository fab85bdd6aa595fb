/* Nodes: made one by one, looked into, and named in messages (graph/document.h). */
#include "graph/document.h"

#include "graph/arena.h"
#include "graph/pair_list.h"

#include <string.h>

static struct node *create_node(struct arena *arena, const struct node *at, enum node_kind kind)
{
    struct node *node = arena_alloc(arena, sizeof(*node));

    if (at != NULL) {
        node->source = at->source;
        node->line = at->line;
        node->column = at->column;
        node->width = at->width;
    }
    node->kind = kind;
    return node;
}

struct node *node_create_scalar(struct arena *arena, const struct node *at, const char *text,
                                size_t size)
{
    struct node *node = create_node(arena, at, NODE_SCALAR);

    node->text = arena_strndup(arena, text, size);
    node->size = size;
    return node;
}

struct node *node_create_sequence(struct arena *arena, const struct node *at,
                                  const struct node *const *items, size_t count)
{
    struct node *node = create_node(arena, at, NODE_SEQUENCE);

    node->items = items;
    node->size = count;
    return node;
}

struct node *node_create_mapping(struct arena *arena, const struct node *at,
                                 const struct node_pair *pairs, size_t count)
{
    return node_create_mapping_with(arena, at, pairs, count, NULL, 0);
}

struct node *node_create_mapping_with(struct arena *arena, const struct node *at,
                                      const struct node_pair *pairs, size_t count,
                                      const struct node_pair *doubles, size_t double_count)
{
    struct node *node = create_node(arena, at, NODE_MAPPING);
    struct pair_list list = pair_list_make(arena, count + double_count);
    size_t i;

    for (i = 0; i < count; i++) {
        const struct node_pair *earlier = pair_list_append(&list, &pairs[i]);

        REQUIRE(earlier == NULL);
    }
    pair_list_give(&list, node);
    for (i = 0; i < double_count && node->further < NODE_MOST_FURTHER; i++) {
        list.pairs[count + node->further++] = doubles[i];
    }
    return node;
}

const struct node_pair *node_find(const struct node *mapping, const char *key)
{
    if (mapping == NULL || mapping->kind != NODE_MAPPING) {
        return NULL;
    }
    return pair_list_find(mapping->pairs, mapping->size, mapping->index, key, strlen(key));
}

const struct node *node_get(const struct node *mapping, const char *key)
{
    const struct node_pair *pair = node_find(mapping, key);

    return pair != NULL ? pair->value : NULL;
}

bool node_is(const struct node *node, const char *text)
{
    return node != NULL && node->kind == NODE_SCALAR && strcmp(node->text, text) == 0;
}

const char *node_kind_name(const struct node *node)
{
    switch (node->kind) {
    case NODE_NULL:
        return "nothing";
    case NODE_SCALAR:
        return "a text";
    case NODE_SEQUENCE:
        return "a list";
    case NODE_MAPPING:
        return "a mapping";
    }
    return "nothing";
}

const struct node_origin *node_origin(const struct node *node)
{
    static const struct node_origin none = {0};

    return node->kind == NODE_SCALAR && node->origin != NULL ? node->origin : &none;
}

/* ---- secrets ---- */

const struct node *node_hidden(struct arena *arena, const struct node *node)
{
    struct node *copy;

    if (node->secret && (node->kind == NODE_NULL || node->kind == NODE_SCALAR)) {
        return node;
    }
    copy = arena_alloc(arena, sizeof(*copy));
    *copy = *node;
    copy->secret = true;
    if (node->kind == NODE_SEQUENCE) {
        const struct node **items = arena_alloc_array(arena, node->size, sizeof(*items));

        for (size_t i = 0; i < node->size; i++) {
            items[i] = node_hidden(arena, node->items[i]);
        }
        copy->items = items;
    } else if (node->kind == NODE_MAPPING) {
        struct node_pair *pairs = arena_alloc_array(arena, node->size, sizeof(*pairs));

        for (size_t i = 0; i < node->size; i++) {
            pairs[i] =
                (struct node_pair){node->pairs[i].key, node_hidden(arena, node->pairs[i].value)};
        }
        copy = node_create_mapping(arena, node, pairs, node->size);
        copy->secret = true;
    }
    return copy;
}

const struct node *node_find_secret(const struct node *node)
{
    const struct node *found = node->secret && node->kind == NODE_SCALAR ? node : NULL;

    for (size_t i = 0; found == NULL && node->kind == NODE_SEQUENCE && i < node->size; i++) {
        found = node_find_secret(node->items[i]);
    }
    for (size_t i = 0; found == NULL && node->kind == NODE_MAPPING && i < node->size; i++) {
        found = node_find_secret(node->pairs[i].value);
    }
    return found;
}

struct shown node_shown(const struct node *node)
{
    if (node->secret) {
        return shown("***");
    }
    return shown(node->text != NULL ? node->text : node_kind_name(node));
}
