/* The bytes that are sent, and that must come back.
 *
 * Each stream (a connection has one) is a window onto one block of random bytes that repeats with a
 * prime period: a byte lost, doubled, overtaken or from another connection shows, whatever the size
 * of messages.
 *
 * Or the block is made of lines, all of one size.  Then its period is a multiple of that, and every
 * window begins with a line. */
#ifndef TESTS_BENCH_PATTERN_H
#define TESTS_BENCH_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PATTERN_PERIOD = 65521,
    PATTERN_RUN = 1 << 20, /* bytes that pattern_at() always has in one piece */
};

/* Fills the block; once, before the others.  line: the size of a line with its newline, 1 to
 * PATTERN_PERIOD; 0: any bytes. */
void pattern_init(size_t line);

/* The PATTERN_RUN bytes of the stream from `offset` on. */
const char *pattern_at(unsigned stream, uint64_t offset);

/* size: at most PATTERN_RUN */
bool pattern_matches(unsigned stream, uint64_t offset, const char *bytes, size_t size);

#endif
