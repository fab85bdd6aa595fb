#include "graph/slices.h"

static void run(struct slices *slices)
{
    if (slices->go_on(slices, SLICE)) {
        ev_timer_start(slices->ev, &slices->timer);
    }
}

static void on_time(struct ev_loop *ev, ev_timer *timer, int revents)
{
    run(timer->data);
}

void slices_begin(struct slices *slices, struct ev_loop *ev,
                  bool (*go_on)(struct slices *slices, size_t most))
{
    slices_stop(slices);
    slices->ev = ev;
    slices->go_on = go_on;
    ev_timer_init(&slices->timer, on_time, 0.0, 0.0); /* in the next iteration */
    slices->timer.data = slices;
    run(slices);
}

bool slices_are_left(const struct slices *slices)
{
    return ev_is_active(&slices->timer);
}

void slices_stop(struct slices *slices)
{
    if (slices->ev != NULL) {
        ev_timer_stop(slices->ev, &slices->timer);
    }
}
