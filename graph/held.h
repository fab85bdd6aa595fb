/* Who holds the loop: a turn that takes longer than HELD_LIMIT is named in a warning, and counted.
 *
 *     watchers ─┬─► turn of a ─┬─► turn of b ─┬─► …       the time is read at each ┬
 *
 * While a component does not return, nobody else is run: no socket is read, no timer fires.  So
 * each turn is timed, by the processor's own counter, read in units of about a millisecond: a turn
 * costs six instructions for it where clock_gettime() would cost fifty.  What looks too long by
 * that coarse measure is looked at closely. */
#ifndef AXOND_GRAPH_HELD_H
#define AXOND_GRAPH_HELD_H

#include <stdint.h>
#include <time.h>

struct component;
struct loop;

#define HELD_LIMIT 0.1  /* seconds; a turn may take so long */
#define HELD_QUIET 10.0 /* seconds between two warnings */

struct held {
    uint64_t born_ticks; /* the counter, and ... */
    double born;         /* ... CLOCK_MONOTONIC at the same time, s */
    uint64_t times;      /* that the loop was held for too long */
    double longest;      /* s */
    uint32_t patience;   /* in units: when whoever is at work now has been at it for HELD_UNITS */
    double warned;       /* CLOCK_MONOTONIC at the last warning; 0: none yet */
    unsigned unsaid;     /* times since then */
};

/* A counter of the processor that runs at one speed, and how far it is shifted to make a unit.
 * HELD_UNITS are so few that no processor takes HELD_LIMIT for them: from 13 ms at 5 GHz to 67 ms
 * at 1 GHz. */
#if defined(__x86_64__)
enum { HELD_SHIFT = 20, HELD_UNITS = 64 };
static inline uint64_t held_ticks(void)
{
    return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
enum { HELD_SHIFT = 16, HELD_UNITS = 16 }; /* 1 ms at 1 GHz, 44 ms at 24 MHz */
static inline uint64_t held_ticks(void)
{
    uint64_t ticks;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}
#else
enum { HELD_SHIFT = 20, HELD_UNITS = 64 }; /* ns: 67 ms */
static inline uint64_t held_ticks(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
#endif

/* Now, in units.  They wrap after weeks: then a turn is looked at closely for nothing, or one that
 * is too long is missed. */
static inline uint32_t held_units(void)
{
#if defined(__x86_64__)
    uint32_t low; /* what gcc makes of held_ticks() >> HELD_SHIFT takes two instructions more */
    uint32_t high;

    __asm__ volatile("rdtsc\n\tshrd $20, %%edx, %%eax" : "=a"(low), "=d"(high) : : "cc");
    return low;
#else
    return (uint32_t)(held_ticks() >> HELD_SHIFT);
#endif
}

void held_init(struct held *held);

/* Looks closely at what has taken more than HELD_UNITS. */
void held_look(struct loop *loop, struct component *component);

/* Something begins. */
static inline void held_begin(struct held *held)
{
    held->patience = held_units() + HELD_UNITS;
}

/* It is over, and the next thing begins.  component: who did it; NULL: watchers, and the component
 * that they woke last is named. */
static inline void held_end(struct held *held, struct loop *loop, struct component *component)
{
    const uint32_t now = held_units();

    if (__builtin_expect(now > held->patience, 0)) {
        held_look(loop, component);
    }
    held->patience = now + HELD_UNITS;
}

/* How often it has held the loop for too long, and the longest of that in seconds. */
unsigned component_held(const struct component *component, double *longest);

#endif
