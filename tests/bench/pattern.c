#include "tests/bench/pattern.h"

#include <string.h>

static char block[PATTERN_PERIOD + PATTERN_RUN];

void pattern_init(void)
{
    uint32_t state = 2463534242U; /* Marsaglia's xorshift: the same bytes in every run */
    size_t i;

    for (i = 0; i < PATTERN_PERIOD; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        block[i] = (char)(state >> 24);
    }
    for (; i < sizeof block; i++) {
        block[i] = block[i - PATTERN_PERIOD];
    }
}

const char *pattern_at(unsigned stream, uint64_t offset)
{
    return block + (offset + (uint64_t)stream * 7919) % PATTERN_PERIOD;
}

bool pattern_matches(unsigned stream, uint64_t offset, const char *bytes, size_t size)
{
    return memcmp(pattern_at(stream, offset), bytes, size) == 0;
}
