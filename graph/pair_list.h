/* The pairs of a mapping while they are collected; internal to graph/node.c and to what builds a
 * document.  A key is there once: the first pair with it stays. */
#ifndef AXOND_GRAPH_PAIR_LIST_H
#define AXOND_GRAPH_PAIR_LIST_H

#include <stddef.h>

struct arena;
struct hash;
struct node;
struct node_pair;

struct pair_list {
    struct node_pair *pairs;
    size_t count;
    struct hash *index; /* from a key's text to its place in pairs; NULL: there is room for few */
};

/* Returns an empty list with room for `most` pairs; it lives in the arena. */
struct pair_list pair_list_make(struct arena *arena, size_t most);

/* Appends a pair.  Returns the one with the same key that is there already and stays, or NULL. */
const struct node_pair *pair_list_append(struct pair_list *list, const struct node_pair *pair);

/* Makes the list the content of a mapping. */
void pair_list_give(const struct pair_list *list, struct node *mapping);

/* Finds a key of size bytes in the pairs of a list or of a mapping; NULL: there is none. */
const struct node_pair *pair_list_find(const struct node_pair *pairs, size_t count,
                                       const struct hash *index, const char *key, size_t size);

#endif
