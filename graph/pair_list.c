/* The pairs of a mapping while they are collected: an array, and an index once there are many. */
#include "graph/pair_list.h"

#include "graph/arena.h"
#include "graph/document.h"
#include "graph/hash.h"

#include <string.h>

enum { MOST_WITHOUT_INDEX = 16 };

struct pair_list pair_list_make(struct arena *arena, size_t most)
{
    struct pair_list list = {.pairs = arena_alloc_array(arena, most, sizeof(*list.pairs))};

    if (most > MOST_WITHOUT_INDEX) {
        list.index = arena_alloc(arena, sizeof(*list.index));
        hash_init(list.index, arena, most);
    }
    return list;
}

const struct node_pair *pair_list_find(const struct node_pair *pairs, size_t count,
                                       const struct hash *index, const char *key, size_t size)
{
    size_t i;

    if (index != NULL) {
        return hash_get_sized(index, key, size);
    }
    for (i = 0; i < count; i++) {
        if (pairs[i].key->size == size && memcmp(pairs[i].key->text, key, size) == 0) {
            return &pairs[i];
        }
    }
    return NULL;
}

const struct node_pair *pair_list_append(struct pair_list *list, const struct node_pair *pair)
{
    const struct node *key = pair->key;
    struct node_pair *place = &list->pairs[list->count];
    const struct node_pair *earlier;

    if (list->index != NULL) {
        earlier = hash_add_sized(list->index, key->text, key->size, place);
    } else {
        earlier = pair_list_find(list->pairs, list->count, NULL, key->text, key->size);
    }
    if (earlier == NULL) {
        *place = *pair;
        list->count++;
    }
    return earlier;
}

void pair_list_give(const struct pair_list *list, struct node *mapping)
{
    mapping->pairs = list->pairs;
    mapping->size = list->count;
    mapping->index = list->index;
}
