#include "daemon/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "daemon/log.h"

#define EXTEND_EVERY (NOTIFY_EXTENSION / 3)

static double now_monotonic(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Lets the beat come as often as what is told at it needs. */
static void set_beat(struct notify *notify)
{
    double every = notify->feed_every;

    if (notify->extend_until > 0 && (every <= 0 || every > EXTEND_EVERY)) {
        every = EXTEND_EVERY;
    }
    if (ev_is_active(&notify->beat)) {
        ev_ref(notify->loop);
        ev_timer_stop(notify->loop, &notify->beat);
    }
    if (every > 0) {
        ev_timer_set(&notify->beat, every, every);
        ev_timer_start(notify->loop, &notify->beat);
        ev_unref(notify->loop);
    }
}

/* Asks for the next part of the time that is left. */
static void extend(struct notify *notify, double left)
{
    if (left > NOTIFY_EXTENSION) {
        left = NOTIFY_EXTENSION;
    }
    (void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu", (unsigned long long)(left * 1e6));
}

/* One line when a loop is found hanging, and when it is another; one when all turn again. */
static void log_progress(struct notify *notify, const char *late)
{
    if (late != NULL && late != notify->late) {
        log_event(LOG_LEVEL_WARNING, NULL,
                  "%s has not turned for %g s: systemd is not told that all is well until it does",
                  late, notify->beat.repeat);
    } else if (late == NULL && notify->late != NULL) {
        log_event(LOG_LEVEL_NOTICE, NULL, "every loop turns again");
    }
    notify->late = late;
}

static void on_beat(struct ev_loop *loop, ev_timer *beat, int events)
{
    struct notify *notify = beat->data;
    const char *late = progress_ask(&notify->progress);
    double left;

    log_progress(notify, late);
    if (late != NULL) {
        return;
    }
    if (notify->feed_every > 0) {
        (void)sd_notify(0, "WATCHDOG=1");
    }
    if (notify->extend_until > 0) {
        left = notify->extend_until - now_monotonic();
        if (left > 0) {
            extend(notify, left);
        } else {
            notify->extend_until = 0;
            set_beat(notify);
        }
    }
}

void notify_init(struct notify *notify, struct ev_loop *loop)
{
    *notify = (struct notify){.loop = loop};
    progress_init(&notify->progress);
    ev_init(&notify->beat, on_beat);
    notify->beat.data = notify;
    notify_release(notify);
}

void notify_hold(struct notify *notify)
{
    notify_deinit(notify);
}

void notify_release(struct notify *notify)
{
    const char *socket = getenv("NOTIFY_SOCKET");
    uint64_t interval;

    notify->wanted = socket != NULL && socket[0] != '\0';
    if (notify->wanted && sd_watchdog_enabled(0, &interval) > 0) {
        notify->feed_every = (double)interval / 4e6;
        set_beat(notify);
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
        notify->extend_until = now_monotonic() + seconds;
        extend(notify, seconds);
        set_beat(notify);
    }
}

static int store(const struct notify *notify, const char *how, const char *name, int fd)
{
    char state[320];
    int result;

    if (!notify->wanted) {
        return -ENOENT;
    }
    (void)snprintf(state, sizeof(state), "FDSTORE=1\n%sFDNAME=%s", how, name);
    result = sd_pid_notify_with_fds(0, 0, state, &fd, 1);
    return result < 0 ? result : 0;
}

int notify_store(struct notify *notify, const char *name, int fd)
{
    return store(notify, "", name, fd);
}

int notify_store_closed(struct notify *notify, const char *name, int fd)
{
    return store(notify, "FDPOLL=0\n", name, fd);
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

void notify_replaced(struct notify *notify, pid_t by)
{
    if (notify->wanted) {
        (void)sd_notifyf(0, "MAINPID=%ld", (long)by);
        notify_wait(notify);
    }
    notify_hold(notify);
}

void notify_deinit(struct notify *notify)
{
    notify->feed_every = 0;
    notify->extend_until = 0;
    set_beat(notify);
    notify->wanted = false;
}
