/* The bytes that are sent, and that must come back.
 *
 * Each stream (a connection has one) is a window onto one block of random bytes that repeats with a
 * prime period: a byte lost, doubled, overtaken or from another connection shows, whatever the size
 * of messages. */
#ifndef TESTS_BENCH_PATTERN_H
#define TESTS_BENCH_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PATTERN_PERIOD = 65521,
    PATTERN_RUN = 1 << 20, /* bytes that pattern_at() always has in one piece */
};

/* Fills the block; once, before the others. */
void pattern_init(void);

/* The PATTERN_RUN bytes of the stream from `offset` on. */
const char *pattern_at(unsigned stream, uint64_t offset);

/* size: at most PATTERN_RUN */
bool pattern_matches(unsigned stream, uint64_t offset, const char *bytes, size_t size);

#endif
