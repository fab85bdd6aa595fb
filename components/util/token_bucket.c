#include "components/util/token_bucket.h"

/* Sums of many small numbers miss a whole one by less. */
#define ROUNDING 1e-6

void bucket_init(struct token_bucket *bucket, double rate, double burst, double now)
{
    *bucket = (struct token_bucket){.rate = rate, .burst = burst, .allowance = burst, .since = now};
}

void bucket_refill(struct token_bucket *bucket, double now)
{
    const double lateness = bucket->is_waiting ? BUCKET_LATENESS * bucket->rate : 0.0;

    if (now > bucket->since) {
        bucket->allowance += (now - bucket->since) * bucket->rate;
        bucket->since = now;
    }
    if (bucket->allowance > bucket->burst + lateness) {
        bucket->allowance = bucket->burst + lateness;
    }
    bucket->is_waiting = false;
}

void bucket_change(struct token_bucket *bucket, double rate, double burst, double now)
{
    bucket_refill(bucket, now);
    bucket->rate = rate;
    bucket->burst = burst;
    bucket_refill(bucket, now);
}

uint64_t bucket_allowance(const struct token_bucket *bucket)
{
    return bucket->allowance > 0 ? (uint64_t)(bucket->allowance + ROUNDING) : 0;
}

void bucket_take(struct token_bucket *bucket, uint64_t amount)
{
    bucket->allowance -= (double)amount;
}

double bucket_wait(struct token_bucket *bucket, uint64_t amount)
{
    bucket->is_waiting = true;
    return (double)amount > bucket->allowance ? ((double)amount - bucket->allowance) / bucket->rate
                                              : 0.0;
}
