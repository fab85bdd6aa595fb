#include "tests/bench/histogram.h"

static unsigned bucket_of(uint64_t value)
{
    unsigned power = 0;
    unsigned bucket;

    while ((value >> power) >= (uint64_t)2 * HISTOGRAM_SUB) {
        power++;
    }
    bucket = power * HISTOGRAM_SUB + (unsigned)(value >> power);
    return bucket < HISTOGRAM_SIZE ? bucket : HISTOGRAM_SIZE - 1;
}

static uint64_t upper_edge(unsigned bucket)
{
    unsigned power = bucket < 2 * HISTOGRAM_SUB ? 0 : bucket / HISTOGRAM_SUB - 1;

    return ((uint64_t)(bucket - power * HISTOGRAM_SUB + 1) << power) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->buckets[bucket_of(value)]++;
    h->count++;
    if (value > h->max) {
        h->max = value;
    }
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)h->count + 0.5);
    uint64_t seen = 0;
    unsigned bucket;

    for (bucket = 0; bucket < HISTOGRAM_SIZE; bucket++) {
        seen += h->buckets[bucket];
        if (seen > 0 && seen >= wanted) {
            return upper_edge(bucket) < h->max ? upper_edge(bucket) : h->max;
        }
    }
    return h->max;
}
