/* An arena: memory that is handed out piece by piece and given back all at once.
 *
 *     chunk <── chunk <── chunk      the newest is filled from its start: [used |      free      ]
 *
 * What the loader makes (nodes, names, parameters, the plan) lives in one.  Allocation is an
 * addition; there is no way to free a single piece. */
#ifndef AXOND_GRAPH_ARENA_H
#define AXOND_GRAPH_ARENA_H

#include "graph/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Returns an empty arena; it takes no memory for pieces until the first is asked for. */
MUST_CHECK struct arena *arena_create(void);

/* Frees the arena and every piece of it.  NULL is fine. */
void arena_destroy(struct arena *arena);

/* Returns size zeroed bytes, aligned to 16, that live as long as the arena.  Aborts when memory is
 * out. */
MUST_CHECK void *arena_alloc(struct arena *arena, size_t size);

/* Like arena_alloc(), for count elements of size bytes; aborts if the product overflows. */
MUST_CHECK void *arena_alloc_array(struct arena *arena, size_t count, size_t size);

/* Copies; arena_strndup() copies size bytes and adds the final NUL. */
MUST_CHECK char *arena_strdup(struct arena *arena, const char *text);
MUST_CHECK char *arena_strndup(struct arena *arena, const char *text, size_t size);

/* Returns the text that printf would print. */
MUST_CHECK char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
MUST_CHECK char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
    PRINTF_LIKE(2, 0);

/* Returns the bytes taken from the system so far. */
size_t arena_size(const struct arena *arena);

/* True if to give them back takes a millisecond: a thread should (thread.h). */
bool arena_is_large(const struct arena *arena);

#endif
