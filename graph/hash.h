/* A hash table from names to things.
 *
 * Open addressing with linear probing in a power of two, at most two thirds full; removing shifts
 * what follows back, so there are no graves.  Names are borrowed: they must live, unchanged, as
 * long as their entry.  The hash is seeded per process, so nobody can choose names that collide. */
#ifndef AXOND_GRAPH_HASH_H
#define AXOND_GRAPH_HASH_H

#include "graph/mem.h"

#include <stddef.h>
#include <stdint.h>

struct arena;

/* An entry; name is NULL while it is free. */
struct hash_entry {
    const char *name;
    void *value;
    uint32_t length;
    uint32_t hash;
};

/* Zeroes are an empty table on the heap.  count <= 2/3 capacity; capacity is 0 or a power of two.
 */
struct hash {
    struct hash_entry *entries;
    size_t capacity;
    size_t count;
    uint64_t seed;       /* the process's; known from the first entry on */
    struct arena *arena; /* borrowed; NULL: the heap */
};

/* Prepares a table with room for `expected` names; it grows when there are more.  With an arena,
 * its memory goes with the arena and hash_deinit() need not be called. */
void hash_init(struct hash *hash, struct arena *arena, size_t expected);
void hash_deinit(struct hash *hash);

/* Returns the value under a name, or NULL.  hash_get_sized() takes a name of length bytes. */
void *hash_get(const struct hash *hash, const char *name);
void *hash_get_sized(const struct hash *hash, const char *name, size_t length);

/* Puts a value, not NULL, under a name.  Returns the value that it replaces, or NULL.  A replaced
 * entry keeps its first name. */
void *hash_put(struct hash *hash, const char *name, void *value);
void *hash_put_sized(struct hash *hash, const char *name, size_t length, void *value);

/* Returns the value that is already under the name, or else puts this one and returns NULL. */
void *hash_add(struct hash *hash, const char *name, void *value);
void *hash_add_sized(struct hash *hash, const char *name, size_t length, void *value);

/* Removes a name.  Returns its value, or NULL if there was none. */
void *hash_remove(struct hash *hash, const char *name);

/* Walks the table in no particular order; *position starts at 0.  Returns NULL at the end.  The
 * table must not change meanwhile. */
const struct hash_entry *hash_next(const struct hash *hash, size_t *position);

#endif
