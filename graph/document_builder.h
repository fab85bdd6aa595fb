/* From libyaml's events to nodes; internal to the building of documents.
 *
 *     document_builder.c  the way through: events, places, scalars, lists, limits
 *     document_alias.c    anchors, and what their aliases bring
 *     document_mapping.c  keys, pairs and merge keys (<<)
 *
 * A builder lives as long as one file is parsed. */
#ifndef AXOND_GRAPH_DOCUMENT_BUILDER_H
#define AXOND_GRAPH_DOCUMENT_BUILDER_H

#include "graph/document.h"
#include "graph/hash.h"

#include <yaml.h>

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

/* Builds the tree of a source in the arena.  Returns its root, a NODE_NULL if there is nothing in
 * it; or NULL if there is no tree, after a report. */
MUST_CHECK const struct node *document_build(struct arena *arena, const struct source *source,
                                             struct errors *errors);

/* Makes a node at the place of an event. */
struct node *builder_node(struct builder *builder, enum node_kind kind, const yaml_event_t *event);

/* Reports a mistake that ends the building.  Returns false. */
bool builder_fail(struct builder *builder, const yaml_event_t *event, const char *text);

/* Adds a finished node to the collection that is open, or makes it the root.  weight and height are
 * as in struct anchor. */
void builder_add(struct builder *builder, const struct node *node, size_t weight, unsigned height);

/* Returns the anchor's record, to be completed when its node is; NULL for a node without one. */
struct anchor *builder_open_anchor(struct builder *builder, const yaml_char_t *name,
                                   const struct node *node);

/* Completes a record; NULL is fine. */
void builder_close_anchor(struct anchor *anchor, size_t weight, unsigned height);

/* Adds what an alias stands for.  Returns false if there is no going on. */
bool builder_add_alias(struct builder *builder, const yaml_event_t *event);

/* Makes a mapping of its children: key, value, key, value ...  Reports keys that are none or are
 * there twice. */
void builder_finish_mapping(struct builder *builder, struct node *node,
                            const struct node *const *children, size_t count);

#endif
