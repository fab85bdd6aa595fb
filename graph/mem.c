/* Memory that is there, and conditions that hold. */
#include "graph/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void require_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: required: %s\n", file, line, condition);
    abort();
}

void *mem_try_alloc(size_t size)
{
    return calloc(1, size > 0 ? size : 1);
}

void *mem_alloc(size_t size)
{
    void *memory = mem_try_alloc(size);

    REQUIRE(memory != NULL);
    return memory;
}

void *mem_alloc_array(size_t count, size_t size)
{
    size_t total;

    REQUIRE(!__builtin_mul_overflow(count, size, &total));
    return mem_alloc(total);
}

void *mem_resize_array(void *array, size_t count, size_t size)
{
    void *memory;
    size_t total;

    REQUIRE(!__builtin_mul_overflow(count, size, &total));
    memory = realloc(array, total > 0 ? total : 1);
    REQUIRE(memory != NULL);
    return memory;
}

char *mem_strndup(const char *text, size_t size)
{
    char *copy = mem_alloc(size + 1);

    memcpy(copy, text, size);
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_strndup(text, strlen(text));
}
