#include "tests/bench/pattern.h"

#include <string.h>

static char block[PATTERN_PERIOD + PATTERN_RUN];
static size_t period = PATTERN_PERIOD; /* of what is in the block */
static size_t stride = 7919;           /* from stream to stream */

/* Makes a line of each so many bytes. */
static void make_lines(size_t line)
{
    size_t i;

    period -= period % line;
    stride *= line;
    for (i = 0; i < period; i++) {
        if ((i + 1) % line == 0) {
            block[i] = '\n';
        } else if (block[i] == '\n') {
            block[i] = ' ';
        }
    }
}

void pattern_init(size_t line)
{
    uint32_t state = 2463534242U; /* Marsaglia's xorshift: the same bytes in every run */
    size_t i;

    for (i = 0; i < PATTERN_PERIOD; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        block[i] = (char)(state >> 24);
    }
    if (line > 0) {
        make_lines(line);
    }
    for (i = period; i < sizeof block; i++) {
        block[i] = block[i - period];
    }
}

const char *pattern_at(unsigned stream, uint64_t offset)
{
    return block + (offset + (uint64_t)stream * stride) % period;
}

bool pattern_matches(unsigned stream, uint64_t offset, const char *bytes, size_t size)
{
    return memcmp(pattern_at(stream, offset), bytes, size) == 0;
}
