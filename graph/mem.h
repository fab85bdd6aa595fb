/* Memory that is there, and conditions that hold.
 *
 * mem_alloc() is for sizes that we choose: when memory is out it aborts, and systemd restarts us.
 * mem_try_alloc() is for sizes that a peer chose.  What either returns is freed with free(). */
#ifndef AXOND_GRAPH_MEM_H
#define AXOND_GRAPH_MEM_H

#include <stddef.h>

#define LIKELY(cond)   __builtin_expect(!!(cond), 1)
#define UNLIKELY(cond) __builtin_expect(!!(cond), 0)

#define MUST_CHECK          __attribute__((warn_unused_result))
#define PRINTF_LIKE(at, of) __attribute__((format(printf, at, of)))

/* Guards our own invariants, never a peer's bytes.  Always compiled in. */
#define REQUIRE(condition) ((condition) ? (void)0 : require_failed(__FILE__, __LINE__, #condition))

/* Prints the place and the condition on standard error, and aborts. */
_Noreturn void require_failed(const char *file, int line, const char *condition);

/* Returns size zeroed bytes, never NULL; size 0 gives a pointer that may be freed. */
MUST_CHECK void *mem_alloc(size_t size);

/* Like mem_alloc(), for count elements of size bytes; aborts if the product overflows. */
MUST_CHECK void *mem_alloc_array(size_t count, size_t size);

/* Returns size zeroed bytes, or NULL when memory is out. */
MUST_CHECK void *mem_try_alloc(size_t size);

/* Changes the array's length to count elements of size bytes and returns its new place.  What is
 * added is not zeroed.  array may be NULL. */
MUST_CHECK void *mem_resize_array(void *array, size_t count, size_t size);

/* Copies, to be freed by the caller.  mem_strndup() copies size bytes and adds the final NUL. */
MUST_CHECK char *mem_strdup(const char *text);
MUST_CHECK char *mem_strndup(const char *text, size_t size);

#endif
