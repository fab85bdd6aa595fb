/* An arena: memory that is handed out piece by piece and given back all at once. */
#include "graph/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16, FIRST_CHUNK = 4 << 10, LARGEST_CHUNK = 1 << 20, LARGE = 8 << 20 };

struct chunk {
    struct chunk *older;
    alignas(ALIGNMENT) char bytes[];
};

/* next <= end; [next, end) is zeroed and belongs to the newest chunk. */
struct arena {
    struct chunk *newest;
    char *next;
    char *end;
    size_t chunk_size; /* of the next ordinary chunk: they double, so small arenas stay small */
    size_t total_size;
};

struct arena *arena_create(void)
{
    struct arena *arena = mem_alloc(sizeof(*arena));

    arena->chunk_size = FIRST_CHUNK;
    return arena;
}

void arena_destroy(struct arena *arena)
{
    struct chunk *chunk;
    struct chunk *older;

    if (arena == NULL) {
        return;
    }
    for (chunk = arena->newest; chunk != NULL; chunk = older) {
        older = chunk->older;
        free(chunk);
    }
    free(arena);
}

static struct chunk *add_chunk(struct arena *arena, size_t size)
{
    struct chunk *chunk = mem_alloc(sizeof(*chunk) + size);

    arena->total_size += sizeof(*chunk) + size;
    return chunk;
}

/* A piece that would leave much of a new chunk unused gets its own, behind the newest. */
static void *alloc_apart(struct arena *arena, size_t size)
{
    struct chunk *chunk = add_chunk(arena, size);

    if (arena->newest != NULL) {
        chunk->older = arena->newest->older;
        arena->newest->older = chunk;
    } else {
        arena->newest = chunk;
    }
    return chunk->bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct chunk *chunk;
    char *piece;

    REQUIRE(size <= SIZE_MAX / 2);
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (size > (size_t)(arena->end - arena->next)) {
        if (size > arena->chunk_size / 4) {
            return alloc_apart(arena, size);
        }
        chunk = add_chunk(arena, arena->chunk_size);
        chunk->older = arena->newest;
        arena->newest = chunk;
        arena->next = chunk->bytes;
        arena->end = chunk->bytes + arena->chunk_size;
        if (arena->chunk_size < LARGEST_CHUNK) {
            arena->chunk_size *= 2;
        }
    }
    piece = arena->next;
    arena->next += size;
    return piece;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;

    REQUIRE(!__builtin_mul_overflow(count, size, &total));
    return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t size)
{
    char *copy = arena_alloc(arena, size + 1);

    memcpy(copy, text, size);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    char *text;
    int length;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    REQUIRE(length >= 0);
    text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    return text;
}

size_t arena_size(const struct arena *arena)
{
    return arena->total_size;
}

bool arena_is_large(const struct arena *arena)
{
    return arena->total_size >= LARGE;
}
