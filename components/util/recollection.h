/* A recollection: which of the last texts were seen before, in bounded memory.
 *
 *     seen: newest ─► … ─► oldest        each is a keyed hash (64 bits) and a size
 *
 * It remembers the last "most" different texts; the one that was not seen for the longest time is
 * forgotten first.  Texts are told apart by SipHash-2-4 with a key that only this process knows,
 * and by their size: that a new text is taken for one of a million old ones has odds of one in
 * 10^13, and nobody can choose texts for it.  Each takes 36 to 72 bytes; none before the first. */
#ifndef AXOND_COMPONENTS_UTIL_RECOLLECTION_H
#define AXOND_COMPONENTS_UTIL_RECOLLECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recalled;

/* Zeroes are an empty one; only most is to be set, from 1 to a million. */
struct recollection {
    uint32_t most;
    uint32_t count;    /* remembered */
    uint32_t capacity; /* of the next two: zero, or a power of two */
    uint32_t newest, oldest;
    struct recalled *items;
    uint32_t *buckets; /* chains of items with like hashes, by index */
};

void recollection_deinit(struct recollection *seen);

/* Notes a text as seen just now.  True: it is new. */
bool recollection_note(struct recollection *seen, const void *text, size_t size);

/* SipHash-2-4 with its key as two little-endian words; public for its test vectors. */
uint64_t recollection_hash(const uint64_t key[2], const void *text, size_t size);

#endif
