#include "components/util/recollection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "graph/mem.h"

enum { LEAST_CAPACITY = 16 };

#define NONE UINT32_MAX

struct recalled {
    uint64_t hash;
    uint64_t size;
    uint32_t newer, older; /* in the order of having been seen; NONE at the ends */
    uint32_t next;         /* in its bucket */
};

/* ---- SipHash-2-4 (Aumasson and Bernstein, 2012) ---- */

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void mix(uint64_t v[4], int rounds)
{
    for (int i = 0; i < rounds; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v, 2);
    v[0] ^= word;
}

uint64_t recollection_hash(const uint64_t key[2], const void *text, size_t size)
{
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    const unsigned char *at = text;
    size_t left = size;
    uint64_t word;

    for (; left >= sizeof(word); at += sizeof(word), left -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        absorb(v, word);
    }
    word = 0;
    if (left > 0) {
        memcpy(&word, at, left);
    }
    absorb(v, word | (uint64_t)size << 56);
    v[2] ^= 0xff;
    mix(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The kernel leaves 16 random bytes for each process: a key without a global or a system call. */
static void get_key(uint64_t key[2])
{
    const unsigned long place = getauxval(AT_RANDOM);

    if (place != 0) {
        memcpy(key, (const void *)place, 16); /* NOLINT(performance-no-int-to-ptr) */
    }
}

/* ---- the items ---- */

void recollection_deinit(struct recollection *seen)
{
    free(seen->items);
    free(seen->buckets);
    *seen = (struct recollection){.most = seen->most};
}

static uint32_t *bucket_of(const struct recollection *seen, uint64_t hash)
{
    return &seen->buckets[hash & (seen->capacity - 1)];
}

static void put_into_bucket(struct recollection *seen, uint32_t index)
{
    uint32_t *bucket = bucket_of(seen, seen->items[index].hash);

    seen->items[index].next = *bucket;
    *bucket = index;
}

static void grow(struct recollection *seen)
{
    const uint32_t capacity = seen->capacity > 0 ? seen->capacity * 2 : LEAST_CAPACITY;

    seen->items = mem_resize_array(seen->items, capacity, sizeof(*seen->items));
    seen->buckets = mem_resize_array(seen->buckets, capacity, sizeof(*seen->buckets));
    memset(seen->buckets, 0xff, capacity * sizeof(*seen->buckets)); /* NONE */
    seen->capacity = capacity;
    for (uint32_t i = 0; i < seen->count; i++) {
        put_into_bucket(seen, i);
    }
}

static void take_out_of_bucket(struct recollection *seen, uint32_t index)
{
    uint32_t *at = bucket_of(seen, seen->items[index].hash);

    while (*at != index) {
        at = &seen->items[*at].next;
    }
    *at = seen->items[index].next;
}

static void make_newest(struct recollection *seen, uint32_t index)
{
    seen->items[index].older = seen->newest;
    seen->items[index].newer = NONE;
    if (seen->newest != NONE) {
        seen->items[seen->newest].newer = index;
    } else {
        seen->oldest = index;
    }
    seen->newest = index;
}

static void take_out_of_order(struct recollection *seen, uint32_t index)
{
    const struct recalled *item = &seen->items[index];

    if (item->newer != NONE) {
        seen->items[item->newer].older = item->older;
    } else {
        seen->newest = item->older;
    }
    if (item->older != NONE) {
        seen->items[item->older].newer = item->newer;
    } else {
        seen->oldest = item->newer;
    }
}

static uint32_t find(const struct recollection *seen, uint64_t hash, uint64_t size)
{
    uint32_t index = seen->capacity > 0 ? *bucket_of(seen, hash) : NONE;

    while (index != NONE && (seen->items[index].hash != hash || seen->items[index].size != size)) {
        index = seen->items[index].next;
    }
    return index;
}

/* A place for one more: that of the oldest, once there are enough. */
static uint32_t make_place(struct recollection *seen)
{
    const uint32_t oldest = seen->oldest;

    if (seen->count == seen->most) {
        take_out_of_bucket(seen, oldest);
        take_out_of_order(seen, oldest);
        return oldest;
    }
    if (seen->count == seen->capacity) {
        grow(seen);
    }
    if (seen->count == 0) {
        seen->newest = NONE;
        seen->oldest = NONE;
    }
    return seen->count++;
}

bool recollection_note(struct recollection *seen, const void *text, size_t size)
{
    uint64_t key[2] = {0};
    uint64_t hash;
    uint32_t index;

    get_key(key);
    hash = recollection_hash(key, text, size);
    index = find(seen, hash, size);
    if (index != NONE) {
        take_out_of_order(seen, index);
        make_newest(seen, index);
        return false;
    }
    index = make_place(seen);
    seen->items[index].hash = hash;
    seen->items[index].size = size;
    put_into_bucket(seen, index);
    make_newest(seen, index);
    return true;
}
