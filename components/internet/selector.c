/* Selector: tells components when their descriptors are ready.
 *
 *     newReader, newWriter, removeReader, … --> [notify] Selector        (a service, one in each
 * loop) a bit of the component's [ReadReady] <------+
 *
 * Between components and libev.  A request is handled in the turn of whoever sends it, so that a
 * descriptor can be closed right after its removeReader.  libev does not watch for urgent data:
 * newExceptional is for who neither reads nor writes, and has to know of a connection that breaks
 * meanwhile (breaks.h). */
#include "components/internet/breaks.h"
#include "graph/component.h"
#include "graph/readiness.h"

struct selector {
    uint64_t watched;     /* statistic, descriptors */
    uint64_t unsupported; /* statistic, messages */
    struct breaks breaks;
};

enum { NOTIFY, CONTROL };

static void set_events(struct component *self, struct readiness *readiness, int events)
{
    struct selector *selector = component_state(self);
    struct ev_loop *ev = component_ev(self);
    ev_io *io = &readiness->io;

    if (ev_is_active(io)) {
        ev_io_stop(ev, io);
        selector->watched--;
    }
    ev_io_modify(io, events);
    if (events != 0) {
        ev_io_start(ev, io);
        selector->watched++;
    }
}

static void selector_receive(struct component *self, struct message *msg)
{
    struct selector *selector = component_state(self);
    struct readiness *readiness = msg->readiness;
    int events;
    int wanted;

    if (readiness == NULL) { /* a notice that somebody sent by hand */
        selector->unsupported++;
        message_release(msg);
        return;
    }
    events = readiness->io.events & (EV_READ | EV_WRITE);
    wanted = events;
    switch (msg->kind) {
    case NEW_READER:
        wanted = events | EV_READ;
        break;
    case NEW_WRITER:
        wanted = events | EV_WRITE;
        break;
    case REMOVE_READER:
        wanted = events & ~EV_READ;
        break;
    case REMOVE_WRITER:
        wanted = events & ~EV_WRITE;
        break;
    case NEW_EXCEPTIONAL:
        breaks_add(self, &selector->breaks, readiness);
        break;
    case REMOVE_EXCEPTIONAL:
        breaks_remove(self, &selector->breaks, readiness);
        break;
    default:
        selector->unsupported++;
        break;
    }
    if (wanted != events) {
        set_events(self, readiness, wanted);
    }
    message_release(msg);
}

static void selector_stop(struct component *self)
{
    struct selector *selector = component_state(self);

    breaks_stop(self, &selector->breaks);
}

static const struct box_spec inboxes[] = {
    [NOTIFY] = {.name = "notify",
                .carries = NOTICES,
                .receive = selector_receive,
                .doc = "newReader, newWriter, newExceptional, removeReader and its like"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "ends with its loop, not before"},
    {0},
};
static const struct box_spec outboxes[] = {
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct selector, watched), .unit = "descriptors", .is_gauge = true, .doc = "watched now"},
    {STAT(struct selector, unsupported), .unit = "messages",
     .doc = "of a kind that it can't serve"},
    {0},
};

const struct component_type selector_type = {
    .name = "Selector",
    .summary = "tells components when their descriptors are ready (a service)",
    .size = sizeof(struct selector),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .statistics = statistics,
    .service = "selector",
    .stop = selector_stop,
};
