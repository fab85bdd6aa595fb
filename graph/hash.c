/* A hash table from names to things. */
#include "graph/hash.h"

#include "graph/arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

enum { SMALLEST = 8 };

/* The kernel leaves 16 random bytes for each process: a seed without a global or a system call. */
static uint64_t find_seed(void)
{
    unsigned long place = getauxval(AT_RANDOM);
    uint64_t value = 0;

    if (place != 0) {
        memcpy(&value, (const void *)place, sizeof(value)); /* NOLINT(performance-no-int-to-ptr) */
    }
    return value;
}

static uint32_t hash_of(const struct hash *table, const char *name, size_t length)
{
    const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t hash = table->seed ^ (length * factor);
    uint64_t word;

    for (; length >= sizeof(word); name += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, name, sizeof(word));
        hash = (hash ^ word) * factor;
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy(&word, name, length);
    hash = (hash ^ word) * factor;
    hash ^= hash >> 32;
    hash *= factor;
    return (uint32_t)(hash >> 32);
}

static size_t capacity_for(size_t count)
{
    size_t capacity = SMALLEST;

    while (capacity - capacity / 3 <= count) {
        REQUIRE(capacity <= SIZE_MAX / 2);
        capacity *= 2;
    }
    return capacity;
}

static struct hash_entry *make_entries(const struct hash *hash, size_t capacity)
{
    return hash->arena != NULL ? arena_alloc_array(hash->arena, capacity, sizeof(struct hash_entry))
                               : mem_alloc_array(capacity, sizeof(struct hash_entry));
}

static void grow(struct hash *hash, size_t capacity)
{
    struct hash_entry *entries = make_entries(hash, capacity);
    size_t i;

    if (hash->capacity == 0) {
        hash->seed = find_seed();
    }
    for (i = 0; i < hash->capacity; i++) {
        const struct hash_entry *entry = &hash->entries[i];
        size_t place = entry->hash & (capacity - 1);

        if (entry->name == NULL) {
            continue;
        }
        while (entries[place].name != NULL) {
            place = (place + 1) & (capacity - 1);
        }
        entries[place] = *entry;
    }
    if (hash->arena == NULL) {
        free(hash->entries);
    }
    hash->entries = entries;
    hash->capacity = capacity;
}

void hash_init(struct hash *hash, struct arena *arena, size_t expected)
{
    *hash = (struct hash){.arena = arena};
    if (expected > 0) {
        grow(hash, capacity_for(expected));
    }
}

void hash_deinit(struct hash *hash)
{
    if (hash->arena == NULL) {
        free(hash->entries);
    }
    *hash = (struct hash){0};
}

/* Returns the entry with this name, or the free one where it would be put.  capacity > 0. */
static struct hash_entry *find(const struct hash *hash, const char *name, size_t length,
                               uint32_t code)
{
    size_t mask = hash->capacity - 1;
    size_t place = code & mask;
    struct hash_entry *entry = &hash->entries[place];

    while (entry->name != NULL && (entry->hash != code || entry->length != length ||
                                   memcmp(entry->name, name, length) != 0)) {
        place = (place + 1) & mask;
        entry = &hash->entries[place];
    }
    return entry;
}

void *hash_get_sized(const struct hash *hash, const char *name, size_t length)
{
    if (hash->count == 0) {
        return NULL;
    }
    return find(hash, name, length, hash_of(hash, name, length))->value;
}

void *hash_get(const struct hash *hash, const char *name)
{
    return hash_get_sized(hash, name, strlen(name));
}

static struct hash_entry *find_or_make(struct hash *hash, const char *name, size_t length)
{
    struct hash_entry *entry;
    uint32_t code;

    REQUIRE(length <= UINT32_MAX);
    if (hash->capacity - hash->capacity / 3 <= hash->count + 1) {
        grow(hash, capacity_for(hash->count + 1));
    }
    code = hash_of(hash, name, length);
    entry = find(hash, name, length, code);
    if (entry->name == NULL) {
        *entry = (struct hash_entry){.name = name, .length = (uint32_t)length, .hash = code};
        hash->count++;
    }
    return entry;
}

void *hash_put_sized(struct hash *hash, const char *name, size_t length, void *value)
{
    struct hash_entry *entry = find_or_make(hash, name, length);
    void *previous = entry->value;

    REQUIRE(value != NULL);
    entry->value = value;
    return previous;
}

void *hash_put(struct hash *hash, const char *name, void *value)
{
    return hash_put_sized(hash, name, strlen(name), value);
}

void *hash_add_sized(struct hash *hash, const char *name, size_t length, void *value)
{
    struct hash_entry *entry = find_or_make(hash, name, length);
    void *previous = entry->value;

    REQUIRE(value != NULL);
    if (previous == NULL) {
        entry->value = value;
    }
    return previous;
}

void *hash_add(struct hash *hash, const char *name, void *value)
{
    return hash_add_sized(hash, name, strlen(name), value);
}

void *hash_remove(struct hash *hash, const char *name)
{
    size_t length = strlen(name);
    size_t mask = hash->capacity - 1;
    struct hash_entry *entry;
    size_t hole;
    size_t place;
    void *value;

    if (hash->count == 0) {
        return NULL;
    }
    entry = find(hash, name, length, hash_of(hash, name, length));
    value = entry->value;
    if (entry->name == NULL) {
        return NULL;
    }
    hole = (size_t)(entry - hash->entries);
    for (place = (hole + 1) & mask; hash->entries[place].name != NULL; place = (place + 1) & mask) {
        size_t home = hash->entries[place].hash & mask;

        if (((place - home) & mask) >= ((place - hole) & mask)) {
            hash->entries[hole] = hash->entries[place];
            hole = place;
        }
    }
    hash->entries[hole] = (struct hash_entry){0};
    hash->count--;
    return value;
}

const struct hash_entry *hash_next(const struct hash *hash, size_t *position)
{
    while (*position < hash->capacity) {
        const struct hash_entry *entry = &hash->entries[(*position)++];

        if (entry->name != NULL) {
            return entry;
        }
    }
    return NULL;
}
