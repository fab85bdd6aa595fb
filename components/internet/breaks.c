#include "components/internet/breaks.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "graph/component.h"
#include "graph/readiness.h"

#define PATIENCE 1.0 /* s from the asking to the watching: most have been served by then */

enum { AT_A_TIME = 64 };

/* Nobody is removed before they are all told: they only have their bit set. */
static void on_break(struct ev_loop *ev, ev_io *io, int revents)
{
    struct epoll_event events[AT_A_TIME];
    const int count = epoll_wait(io->fd, events, AT_A_TIME, 0);

    for (int i = 0; i < count; i++) {
        readiness_tell_writer(events[i].data.ptr);
    }
}

static bool open_set(struct component *self, struct breaks *breaks)
{
    const int fd = epoll_create1(EPOLL_CLOEXEC);

    if (fd == -1) {
        return false;
    }
    ev_io_init(&breaks->io, on_break, fd, EV_READ);
    ev_io_start(component_ev(self), &breaks->io);
    return true;
}

static void close_set(struct component *self, struct breaks *breaks)
{
    if (ev_is_active(&breaks->io)) {
        ev_io_stop(component_ev(self), &breaks->io);
        (void)close(breaks->io.fd);
    }
}

/* Errors and hang-ups are always told; each once, as nothing is done about some of them. */
static bool watch(struct component *self, struct breaks *breaks, struct broken_watch *item)
{
    struct epoll_event event = {.events = EPOLLET, .data.ptr = item->readiness};

    if (!ev_is_active(&breaks->io) && !open_set(self, breaks)) {
        return false;
    }
    if (epoll_ctl(breaks->io.fd, EPOLL_CTL_ADD, readiness_fd(item->readiness), &event) == -1) {
        return false;
    }
    item->is_watched = true;
    breaks->watched++;
    return true;
}

static void set_timer(struct component *self, struct breaks *breaks)
{
    if (!ev_is_active(&breaks->timer)) {
        ev_timer_set(&breaks->timer, PATIENCE, 0.0);
        ev_timer_start(component_ev(self), &breaks->timer);
    }
}

/* Who could not be watched, for want of memory or descriptors, is tried again the next time. */
static void on_time(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct component *self = timer->data;
    struct breaks *breaks = container_of(timer, struct breaks, timer);
    const double now = component_now(self);

    for (size_t i = 0; i < breaks->count; i++) {
        struct broken_watch *item = &breaks->items[i];

        if (!item->is_watched && (now - item->since < PATIENCE || !watch(self, breaks, item))) {
            set_timer(self, breaks);
        }
    }
    if (breaks->watched == 0) {
        close_set(self, breaks);
    }
}

void breaks_add(struct component *self, struct breaks *breaks, struct readiness *readiness)
{
    if (readiness->place != 0) {
        return;
    }
    if (breaks->count == breaks->room) {
        breaks->room = breaks->room > 0 ? 2 * breaks->room : 16;
        breaks->items = mem_resize_array(breaks->items, breaks->room, sizeof(*breaks->items));
    }
    breaks->items[breaks->count++] =
        (struct broken_watch){.readiness = readiness, .since = component_now(self)};
    readiness->place = (uint32_t)breaks->count;
    if (breaks->timer.data == NULL) {
        ev_timer_init(&breaks->timer, on_time, 0.0, 0.0);
        breaks->timer.data = self;
    }
    set_timer(self, breaks);
}

void breaks_remove(struct component *self, struct breaks *breaks, struct readiness *readiness)
{
    const size_t index = readiness->place - 1U;

    if (readiness->place == 0) {
        return;
    }
    if (breaks->items[index].is_watched) {
        (void)epoll_ctl(breaks->io.fd, EPOLL_CTL_DEL, readiness_fd(readiness), NULL);
        if (--breaks->watched == 0) {
            close_set(self, breaks);
        }
    }
    readiness->place = 0;
    breaks->items[index] = breaks->items[--breaks->count];
    if (index < breaks->count) {
        breaks->items[index].readiness->place = (uint32_t)index + 1;
    } else if (breaks->count == 0) {
        ev_timer_stop(component_ev(self), &breaks->timer);
    }
}

void breaks_stop(struct component *self, struct breaks *breaks)
{
    for (size_t i = 0; i < breaks->count; i++) {
        breaks->items[i].readiness->place = 0;
    }
    close_set(self, breaks);
    ev_timer_stop(component_ev(self), &breaks->timer);
    free(breaks->items);
    *breaks = (struct breaks){0};
}
