/* A gathering: bytes of several messages, kept until there are enough of them for one.
 *
 *     "on" "e lin" "e\nmore"   ──►   [one lin] + "e\n"   ──►   "one line\n"
 *
 * What is kept is copied, so that a few bytes of a message don't keep its whole block alive: memory
 * is bounded by what the owner lets in.  What a message has whole need not come here: a slice of it
 * shares its block. */
#ifndef AXOND_COMPONENTS_UTIL_GATHERING_H
#define AXOND_COMPONENTS_UTIL_GATHERING_H

#include <stddef.h>
#include <stdint.h>

#include "graph/message.h"

/* Zeroes are an empty one. */
struct gathering {
    unsigned char *bytes;
    uint32_t size;
    uint32_t capacity;
};

void gathering_deinit(struct gathering *gathering);

/* Adds a copy of these bytes; no more than 1 GiB in all. */
void gathering_add(struct gathering *gathering, const void *bytes, size_t size);

/* Forgets what was gathered; big memory is given back. */
void gathering_clear(struct gathering *gathering);

/* Makes one message of what was gathered and of these bytes (more may be NULL where more_size is
 * 0), and is empty again. */
struct message *gathering_take(struct gathering *gathering, struct pool *pool, const void *more,
                               size_t more_size);

#endif
