/* An alarm: has its component run once, some seconds from now.
 *
 *     alarm_set(self, &limit->alarm, 0.25) ... the loop sleeps ... run(self)
 *
 * run() is not told why it was called: it looks at the time, does what is due, and sets the alarm
 * again if something is left to wait for.  Nothing that waits for nothing has an alarm set.
 *
 * An alarm lives in the component's struct, or in what that owns; zeroes are one that is not set.
 * stop() of the type calls alarm_stop(). */
#ifndef AXOND_COMPONENTS_UTIL_ALARM_H
#define AXOND_COMPONENTS_UTIL_ALARM_H

#include <ev.h>
#include <stdbool.h>

struct component;

struct alarm {
    ev_timer timer;
};

/* Sets it, in the place of what it was set to.  seconds: 0 or less is as soon as possible. */
void alarm_set(struct component *self, struct alarm *alarm, double seconds);

/* The same, unless it is set to an earlier time already. */
void alarm_hasten(struct component *self, struct alarm *alarm, double seconds);

void alarm_stop(struct component *self, struct alarm *alarm);

/* True until its time has come. */
static inline bool alarm_is_set(const struct alarm *alarm)
{
    return ev_is_active(&alarm->timer);
}

/* Seconds until its time; 0 if it is not set. */
double alarm_left(const struct component *self, const struct alarm *alarm);

/* Seconds of a clock that nobody sets; only differences count. */
double steady_now(void);

#endif
