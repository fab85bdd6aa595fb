/* Anchors, and what their aliases bring: nodes are shared, but limited as if written out. */
#include "graph/document_builder.h"

#include "graph/arena.h"

struct anchor *builder_open_anchor(struct builder *builder, const yaml_char_t *name,
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

void builder_close_anchor(struct anchor *anchor, size_t weight, unsigned height)
{
    if (anchor != NULL) {
        anchor->weight = weight;
        anchor->height = height;
        anchor->open = false;
    }
}

bool builder_add_alias(struct builder *builder, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct anchor *anchor = hash_get(&builder->anchors, name);
    struct node *at;

    if (anchor == NULL || anchor->open) {
        at = builder_node(builder, NODE_NULL, event);
        at->text = "";
        errors_report(builder->errors, at,
                      anchor == NULL ? "there is no anchor \"&%s\" before this alias"
                                     : "this alias is inside its own anchor \"&%s\"",
                      shown(name).text);
        at->broken = true;
        builder_add(builder, at, 1, 0);
        return true;
    }
    builder->aliased += anchor->weight;
    if (builder->aliased > DOCUMENT_MOST_ALIASED) {
        return builder_fail(builder, event,
                            "the aliases of this file stand for more than 1000000 nodes");
    }
    if (builder->depth + anchor->height > DOCUMENT_DEEPEST) {
        return builder_fail(builder, event,
                            "nested more than 100 levels deep, with what the alias brings");
    }
    builder_add(builder, anchor->node, anchor->weight, anchor->height);
    return true;
}
