#include "graph/held.h"

#include <stdio.h>

#include "graph/component_extra.h"
#include "graph/loop.h"

static double monotonic(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void held_init(struct held *held)
{
    *held = (struct held){.born_ticks = held_ticks(), .born = monotonic()};
}

/* Seconds of so many units: how fast the counter runs has shown since the loop was made. */
static double seconds_of(const struct held *held, uint32_t units, double now)
{
    const double ticks = (double)(held_ticks() - held->born_ticks);

    return (double)((uint64_t)units << HELD_SHIFT) * (now - held->born) / ticks;
}

/* A component is known by its turn.  Of watchers nothing is known but whom they woke. */
static void warn(struct loop *loop, struct component *component, double seconds)
{
    struct held *held = &loop->held;
    const struct component *woken =
        component == NULL && loop->queue.first != NULL
            ? container_of(loop->queue.end, struct component, next_runnable)
            : NULL;
    char path[PATH_SIZE];
    char more[64] = "";
    char text[200];

    if (held->unsaid > 0) {
        (void)snprintf(more, sizeof(more), "; held %u more time%s since the last warning",
                       held->unsaid, held->unsaid == 1 ? "" : "s");
    }
    if (component != NULL) {
        (void)snprintf(text, sizeof(text), "held the loop for %.0f ms%s", seconds * 1000, more);
        component_say(component, LOG_LEVEL_WARNING, text);
    } else {
        loop_log(loop, LOG_LEVEL_WARNING, NULL,
                 "the loop was held for %.0f ms by a timer, a signal or a call of the control "
                 "socket%s%s%s%s",
                 seconds * 1000, woken != NULL ? "; " : "",
                 woken != NULL ? component_path(woken, path, sizeof(path)) : "",
                 woken != NULL ? " was woken last" : "", more);
    }
}

void held_look(struct loop *loop, struct component *component)
{
    struct held *held = &loop->held;
    const double now = monotonic();
    const uint32_t units = held_units() - (held->patience - HELD_UNITS);
    const double seconds = seconds_of(held, units, now);

    if (seconds < HELD_LIMIT || units > INT32_MAX) {
        return;
    }
    held->times++;
    held->longest = seconds > held->longest ? seconds : held->longest;
    if (component != NULL) {
        struct component_extra *extra = component_need_extra(component);

        extra->held++;
        extra->held_longest = seconds > extra->held_longest ? seconds : extra->held_longest;
    }
    if (held->warned > 0 && now - held->warned < HELD_QUIET) {
        held->unsaid++;
        return;
    }
    warn(loop, component, seconds);
    held->warned = now;
    held->unsaid = 0;
}

unsigned component_held(const struct component *component, double *longest)
{
    *longest = component->extra != NULL ? component->extra->held_longest : 0;
    return component->extra != NULL ? component->extra->held : 0;
}
