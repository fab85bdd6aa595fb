/* A token bucket: how much may pass now, and how long to wait for more.
 *
 *          rate per second
 *               │
 *         ┌─────▼─────┐
 *         │ allowance │ at most burst     what passes takes as much out
 *         └─────┬─────┘
 *               ▼
 *
 * In any t seconds no more than burst + rate * (t + BUCKET_LATENESS) passes.  Where something
 * always waits, rate * t does, to the unit: what comes in while a timer is late counts, up to
 * BUCKET_LATENESS, since libev's timers are late by a millisecond or so.
 *
 * Pure arithmetic: the caller says what time it is, in seconds of any clock that does not jump. */
#ifndef AXOND_COMPONENTS_UTIL_TOKEN_BUCKET_H
#define AXOND_COMPONENTS_UTIL_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_LATENESS 0.1 /* seconds */

struct token_bucket {
    double rate;      /* per second, more than 0 */
    double burst;     /* at least the most that is ever waited for */
    double allowance; /* what may pass now */
    double since;     /* when that was so */
    bool is_waiting;  /* bucket_wait() was the last word */
};

/* Makes a full one. */
void bucket_init(struct token_bucket *bucket, double rate, double burst, double now);

/* What passes from now on, passes at another rate; what has come until then stays, up to the burst.
 */
void bucket_change(struct token_bucket *bucket, double rate, double burst, double now);

/* Lets in what has come until now.  To be called before the others. */
void bucket_refill(struct token_bucket *bucket, double now);

/* What may pass, in whole units. */
uint64_t bucket_allowance(const struct token_bucket *bucket);

/* Takes out what has passed. */
void bucket_take(struct token_bucket *bucket, uint64_t amount);

/* The seconds until so much may pass.  The caller waits for them: being late is not its fault. */
double bucket_wait(struct token_bucket *bucket, uint64_t amount);

#endif
