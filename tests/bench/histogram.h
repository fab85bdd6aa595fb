/* Times counted in buckets of equal relative width, in the manner of HdrHistogram.
 *
 *     value:   0 1 2 ... 63 | 64 65 ... 127 | 128 130 ... 254 | 256 260 ...
 *     bucket:  one each     | one each      | one per 2       | one per 4
 *
 * Every power of two has 64 buckets, so that a quantile is at most 1.6% above the true value,
 * however long the tail. */
#ifndef TESTS_BENCH_HISTOGRAM_H
#define TESTS_BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_SUB = 64,    /* buckets for each power of two */
    HISTOGRAM_POWERS = 36, /* up to 2^41 ns: over half an hour */
    HISTOGRAM_SIZE = HISTOGRAM_SUB * HISTOGRAM_POWERS,
};

struct histogram {
    uint64_t count;
    uint64_t max;
    uint64_t buckets[HISTOGRAM_SIZE];
};

void histogram_add(struct histogram *h, uint64_t value);

/* The upper edge of the bucket that holds the value below which `share` of all lie (0 to 1); 0 if
 * there are none. */
uint64_t histogram_quantile(const struct histogram *h, double share);

#endif
