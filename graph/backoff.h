/* Backoff: pauses before trying again, each twice as long as the one before. */
#ifndef AXOND_GRAPH_BACKOFF_H
#define AXOND_GRAPH_BACKOFF_H

#include <stdlib.h>

/* The pause after one of "last" seconds (0: there was none), from least to most. */
static inline double backoff_next(double last, double least, double most)
{
    const double doubled = last * 2 < most ? last * 2 : most;

    return doubled > least ? doubled : least;
}

/* The same, cut by up to a half at random, so that many who failed as one do not come back as one.
 */
static inline double backoff_jitter(double seconds)
{
    return seconds * (0.5 + 0.5 * (double)arc4random_uniform(1001) / 1000);
}

#endif
