#include "components/util/gathering.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEAST_CAPACITY = 256, /* bytes */
    KEPT_CAPACITY = 1024, /* memory up to this size stays when it is empty */
    MOST_BYTES = 1 << 30,
};

void gathering_deinit(struct gathering *gathering)
{
    free(gathering->bytes);
    *gathering = (struct gathering){0};
}

void gathering_add(struct gathering *gathering, const void *bytes, size_t size)
{
    const size_t needed = gathering->size + size;

    if (size == 0) {
        return;
    }
    REQUIRE(needed <= MOST_BYTES);
    if (needed > gathering->capacity) {
        size_t capacity = gathering->capacity > 0 ? gathering->capacity : LEAST_CAPACITY;

        while (capacity < needed) {
            capacity *= 2;
        }
        gathering->bytes = mem_resize_array(gathering->bytes, capacity, 1);
        gathering->capacity = (uint32_t)capacity;
    }
    memcpy(gathering->bytes + gathering->size, bytes, size);
    gathering->size = (uint32_t)needed;
}

void gathering_clear(struct gathering *gathering)
{
    gathering->size = 0;
    if (gathering->capacity > KEPT_CAPACITY) {
        gathering_deinit(gathering);
    }
}

struct message *gathering_take(struct gathering *gathering, struct pool *pool, const void *more,
                               size_t more_size)
{
    const size_t size = gathering->size + more_size;
    struct message *msg;
    size_t room;
    unsigned char *to = message_reserve(pool, size, &room);

    if (gathering->size > 0) {
        memcpy(to, gathering->bytes, gathering->size);
    }
    if (more_size > 0) {
        memcpy(to + gathering->size, more, more_size);
    }
    msg = message_commit(pool, size);
    gathering_clear(gathering);
    return msg;
}
