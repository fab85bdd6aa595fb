#include "components/util/alarm.h"

#include <time.h>

#include "graph/component.h"

static void on_time(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    component_wake(watcher->data);
}

void alarm_set(struct component *self, struct alarm *alarm, double seconds)
{
    alarm_stop(self, alarm);
    ev_timer_init(&alarm->timer, on_time, seconds > 0 ? seconds : 0.0, 0.0);
    alarm->timer.data = self;
    ev_timer_start(component_ev(self), &alarm->timer);
}

void alarm_hasten(struct component *self, struct alarm *alarm, double seconds)
{
    if (!alarm_is_set(alarm) || seconds < ev_timer_remaining(component_ev(self), &alarm->timer)) {
        alarm_set(self, alarm, seconds);
    }
}

void alarm_stop(struct component *self, struct alarm *alarm)
{
    ev_timer_stop(component_ev(self), &alarm->timer);
}

double alarm_left(const struct component *self, const struct alarm *alarm)
{
    struct alarm *set = (struct alarm *)(uintptr_t)alarm; /* libev's type; it only reads */
    const double left =
        alarm_is_set(alarm) ? ev_timer_remaining(component_ev(self), &set->timer) : 0;

    return left > 0 ? left : 0;
}

double steady_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
