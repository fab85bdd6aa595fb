#include "daemon/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

static void on_watchdog(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)sd_notify(0, "WATCHDOG=1");
}

void notify_init(struct notify *notify, struct ev_loop *loop)
{
    const char *socket = getenv("NOTIFY_SOCKET");
    uint64_t interval;

    *notify = (struct notify){.loop = loop, .wanted = socket != NULL && socket[0] != '\0'};
    ev_init(&notify->watchdog, on_watchdog);
    if (notify->wanted && sd_watchdog_enabled(0, &interval) > 0) {
        double half = (double)interval / 2e6;

        ev_timer_set(&notify->watchdog, half, half);
        ev_timer_start(loop, &notify->watchdog);
        ev_unref(loop);
    }
}

/* Sends a state, with the status if that is new. */
static void send_state(struct notify *notify, const char *state, const char *status)
{
    char line[sizeof(notify->status)];

    if (!notify->wanted) {
        return;
    }
    (void)snprintf(line, sizeof(line), "%s", status == NULL ? notify->status : status);
    line[strcspn(line, "\n")] = '\0'; /* what follows would be taken for another field */
    if (strcmp(line, notify->status) != 0) {
        memcpy(notify->status, line, sizeof(line));
        (void)sd_notifyf(0, "STATUS=%s\n%s", line, state);
    } else if (state[0] != '\0') {
        (void)sd_notify(0, state);
    }
}

void notify_ready(struct notify *notify, const char *status)
{
    send_state(notify, "READY=1", status);
}

void notify_reloading(struct notify *notify, const char *status)
{
    struct timespec now;
    char state[64];

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu",
                   (unsigned long long)now.tv_sec * 1000000 + (unsigned)(now.tv_nsec / 1000));
    send_state(notify, state, status);
}

void notify_stopping(struct notify *notify, const char *status)
{
    send_state(notify, "STOPPING=1", status);
}

void notify_status(struct notify *notify, const char *format, ...)
{
    char status[sizeof(notify->status)];
    va_list arguments;

    va_start(arguments, format);
    if (notify->wanted && vsnprintf(status, sizeof(status), format, arguments) >= 0) {
        send_state(notify, "", status);
    }
    va_end(arguments);
}

void notify_extend(struct notify *notify, double seconds)
{
    if (notify->wanted) {
        (void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu", (unsigned long long)(seconds * 1e6));
    }
}

int notify_store(struct notify *notify, const char *name, int fd)
{
    char state[300];
    int result;

    if (!notify->wanted) {
        return -ENOENT;
    }
    (void)snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s", name);
    result = sd_pid_notify_with_fds(0, 0, state, &fd, 1);
    return result < 0 ? result : 0;
}

void notify_forget(struct notify *notify, const char *name)
{
    if (notify->wanted) {
        (void)sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
    }
}

void notify_wait(struct notify *notify)
{
    if (notify->wanted) {
        (void)sd_notify_barrier(0, (uint64_t)NOTIFY_PATIENCE * 1000);
    }
}

void notify_deinit(struct notify *notify)
{
    if (ev_is_active(&notify->watchdog)) {
        ev_ref(notify->loop);
        ev_timer_stop(notify->loop, &notify->watchdog);
    }
    notify->wanted = false;
}
