/* upgrade, in the new process: it comes in another's place. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/channel.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/upgrade.h"
#include "graph/handover.h"
#include "graph/listeners.h"
#include "graph/loop.h"
#include "graph/parcel.h"

bool upgrade_is_expected(const struct daemon *daemon)
{
    return daemon->activation.channel > 0;
}

void upgrade_cancel(struct daemon *daemon)
{
    if (upgrade_is_expected(daemon)) {
        if (ev_is_active(&daemon->on_channel)) {
            ev_ref(daemon->loop->ev);
            ev_io_stop(daemon->loop->ev, &daemon->on_channel);
        }
        (void)close(daemon->activation.channel);
        daemon->activation.channel = -1;
    }
}

/* The other one goes on, or is gone: what is at the paths of sockets is not ours. */
static void give_up(struct daemon *daemon)
{
    log_event(LOG_LEVEL_ERROR, NULL,
              "the process in whose place this one was to come has not said so: ending");
    listeners_hand_over(daemon->loop->listeners);
    daemon_stop(daemon);
    daemon_stop(daemon);
}

/* The other one says so: its place is ours. */
static void come(struct daemon *daemon)
{
    log_event(LOG_LEVEL_NOTICE, NULL, "came in the place of the process before");
    daemon->has_come = true;
    control_own(daemon->control);
    daemon_announce_start(daemon);
}

/* The first parcel says that we are to go on; each that follows is a connection. */
static void take(struct daemon *daemon, struct parcel *parcel)
{
    const char *why = "this process is ending";

    if (!daemon->has_come) {
        come(daemon);
        return;
    }
    if (daemon->graph != NULL) {
        why = handover_unpack(daemon->graph, parcel);
    }
    if (why != NULL) {
        log_event_limited(LOG_LEVEL_ERROR, NULL,
                          "a connection of the process before could not go on, and was closed: %s",
                          why);
    }
}

static void on_channel(struct ev_loop *ev, ev_io *watcher, int revents)
{
    struct daemon *daemon = watcher->data;
    struct parcel parcel = {0};
    const int result = channel_receive(watcher->fd, &parcel);

    if (result > 0) {
        take(daemon, &parcel);
    } else {
        if (result < 0) {
            log_event(LOG_LEVEL_ERROR, &(struct log_fields){.error = result},
                      "could not take over connections of the process before");
        }
        upgrade_cancel(daemon);
        if (!daemon->has_come) {
            give_up(daemon);
        }
    }
    parcel_deinit(&parcel, true);
}

void upgrade_ready(struct daemon *daemon)
{
    struct parcel offer = {0};
    int result;

    ev_io_init(&daemon->on_channel, on_channel, daemon->activation.channel, EV_READ);
    daemon->on_channel.data = daemon;
    ev_io_start(daemon->loop->ev, &daemon->on_channel);
    ev_unref(daemon->loop->ev);
    if (daemon->graph != NULL) {
        handover_offer(daemon->graph, &offer);
    }
    result = channel_adopt(daemon->activation.channel);
    if (result == 0) {
        result = channel_send(daemon->activation.channel, &offer);
    }
    if (result < 0) { /* we shall see its end */
        log_event(LOG_LEVEL_WARNING, &(struct log_fields){.error = result},
                  "could not say that this process is ready");
    }
    parcel_deinit(&offer, false);
}
