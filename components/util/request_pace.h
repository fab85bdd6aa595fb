/* The pace of requests: when the next chunk is due, and how many bytes it is.
 *
 *     rate 100, chunk 33.3:   33 at 0 s, 33 at 0.33 s, 34 at 0.67 s, 33 at 1 s, …
 *
 * What has accrued and was not asked for stays owed, so that over any time the sum is rate * time,
 * less than one chunk off.  Chunks are whole bytes, and what rounding leaves goes to the next one.
 * When the rate changes, the old one holds until that moment and the new one from it.
 *
 * Pure arithmetic: the caller says what time it is, in seconds of any clock that does not jump. */
#ifndef AXOND_COMPONENTS_UTIL_REQUEST_PACE_H
#define AXOND_COMPONENTS_UTIL_REQUEST_PACE_H

#include <stdint.h>

struct request_pace {
    double rate;  /* bytes per second, more than 0 */
    double chunk; /* bytes, at least 1 */
    double owed;  /* bytes that have accrued */
    double since; /* when that was so */
    double rest;  /* bytes that rounding has left, less than 1 */
};

/* The first chunk is due at once. */
void pace_init(struct request_pace *pace, double rate, double chunk, double now);

/* Takes the next chunk that is due at this time: its bytes, or 0: none is. */
uint64_t pace_take(struct request_pace *pace, double now);

/* Takes all that are due, as one. */
uint64_t pace_take_all(struct request_pace *pace, double now);

/* The seconds until a chunk is due. */
double pace_wait(const struct request_pace *pace, double now);

void pace_change(struct request_pace *pace, double rate, double now);

#endif
