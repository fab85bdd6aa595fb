#include "graph/ring.h"

#include <stdlib.h>
#include <string.h>

#include "graph/mem.h"

enum { ALIGN = 16 };

_Static_assert(sizeof(struct ring_head) == ALIGN, "records stay aligned");

/* Bytes that a record takes. */
static uint32_t room_of(uint32_t size)
{
    return (uint32_t)sizeof(struct ring_head) + ((size + ALIGN - 1) & ~(uint32_t)(ALIGN - 1));
}

static struct ring_head *head_at(const struct ring *ring, uint32_t position)
{
    return (struct ring_head *)(void *)(ring->bytes + (position & (RING_SIZE - 1)));
}

void ring_deinit(struct ring *ring)
{
    free(ring->bytes);
    ring->bytes = NULL;
}

/* ---- the writer's side ---- */

static bool has_room(struct ring *ring, uint32_t room)
{
    if (RING_SIZE - (ring->written - ring->seen_read) >= room) {
        return true;
    }
    ring->seen_read = atomic_load_explicit(&ring->read, memory_order_acquire);
    return RING_SIZE - (ring->written - ring->seen_read) >= room;
}

bool ring_put(struct ring *ring, const struct ring_head *head, const void *bytes)
{
    const uint32_t room = room_of(head->size);
    const uint32_t to_end = RING_SIZE - (ring->written & (RING_SIZE - 1));
    const uint32_t skipped = to_end < room ? to_end : 0;

    REQUIRE(head->size <= RING_LONGEST);
    if (!has_room(ring, skipped + room)) {
        return false;
    }
    if (ring->bytes == NULL) {
        ring->bytes = mem_alloc(RING_SIZE);
    }
    if (skipped > 0) {
        *head_at(ring, ring->written) = (struct ring_head){.skip = 1};
        ring->written += skipped;
    }
    *head_at(ring, ring->written) = *head;
    if (head->size > 0) {
        memcpy(head_at(ring, ring->written) + 1, bytes, head->size);
    }
    ring->written += room;
    return true;
}

bool ring_publish(struct ring *ring)
{
    if (atomic_load_explicit(&ring->published, memory_order_relaxed) == ring->written) {
        return false;
    }
    atomic_store_explicit(&ring->published, ring->written, memory_order_release);
    return true;
}

/* ---- the reader's side ---- */

const struct ring_head *ring_peek(struct ring *ring)
{
    const struct ring_head *head;

    if (ring->taken == ring->seen_published) {
        ring->seen_published = atomic_load_explicit(&ring->published, memory_order_acquire);
        if (ring->taken == ring->seen_published) {
            return NULL;
        }
    }
    head = head_at(ring, ring->taken);
    if (head->skip != 0) { /* a record follows: both were published together */
        ring->taken += RING_SIZE - (ring->taken & (RING_SIZE - 1));
        head = head_at(ring, ring->taken);
    }
    return head;
}

void ring_drop(struct ring *ring)
{
    ring->taken += room_of(head_at(ring, ring->taken)->size);
}

void ring_give_back(struct ring *ring)
{
    atomic_store_explicit(&ring->read, ring->taken, memory_order_release);
}
