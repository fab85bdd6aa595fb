/* upgrade, in the new process: it comes in another's place. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/upgrade.h"
#include "graph/listeners.h"
#include "graph/loop.h"

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

static void on_channel(struct ev_loop *ev, ev_io *watcher, int revents)
{
    struct daemon *daemon = watcher->data;
    char go;
    const ssize_t got = recv(watcher->fd, &go, sizeof(go), MSG_DONTWAIT);

    if (got == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    upgrade_cancel(daemon);
    if (got == (ssize_t)sizeof(go)) {
        log_event(LOG_LEVEL_NOTICE, NULL, "came in the place of the process before");
        control_own(daemon->control);
        daemon_announce_start(daemon);
    } else {
        give_up(daemon);
    }
}

void upgrade_ready(struct daemon *daemon)
{
    const char ready = 0;

    ev_io_init(&daemon->on_channel, on_channel, daemon->activation.channel, EV_READ);
    daemon->on_channel.data = daemon;
    ev_io_start(daemon->loop->ev, &daemon->on_channel);
    ev_unref(daemon->loop->ev);
    (void)send(daemon->activation.channel, &ready, sizeof(ready), MSG_NOSIGNAL); /* or it is gone */
}
