/* restart, in the next process: what the one before has left. */
#include <errno.h>
#include <string.h>

#include "daemon/crate.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/plural.h"
#include "daemon/restart.h"
#include "graph/handover.h"

static void log_result(size_t taken, size_t closed)
{
    if (closed == 0) {
        log_event(LOG_LEVEL_NOTICE, NULL,
                  "went on with %zu connection%s of the process before, by way of systemd", taken,
                  PLURAL(taken));
    } else {
        log_event(LOG_LEVEL_WARNING, NULL,
                  "went on with %zu connection%s of the process before, by way of systemd; closed "
                  "%zu that could not go on here",
                  taken, PLURAL(taken), closed);
    }
}

static void take_all(struct daemon *daemon, struct crate *crate)
{
    struct parcel parcel = {0};
    size_t taken = 0;
    size_t closed = 0;

    while (crate_take(crate, &parcel)) {
        const char *why = handover_unpack(daemon->graph, &parcel);

        taken += why == NULL;
        closed += why != NULL;
        if (why != NULL) {
            log_event_limited(LOG_LEVEL_WARNING, NULL,
                              "a connection of the process before could not go on, and was closed: "
                              "%s",
                              why);
        }
        parcel_deinit(&parcel, true);
    }
    log_result(taken, closed + (crate->count - crate->taken));
}

static const char *why_refused(int error)
{
    switch (error) {
    case EPROTONOSUPPORT:
        return "it is of another version of axond";
    case EBADMSG:
        return "it is damaged";
    default:
        return strerror(error); /* soon said */
    }
}

void restart_take(struct daemon *daemon)
{
    const int fd = daemon->activation.connections;
    struct crate crate = {0};
    int result;

    if (fd == -1) {
        return;
    }
    /* Before any of them moves on: a start after this one must not find them as they were. */
    notify_forget(&daemon->notify, ACTIVATION_CONNECTIONS);
    daemon->activation.connections = -1;
    result = crate_open(&crate, fd);
    if (result < 0) {
        log_event(LOG_LEVEL_ERROR, NULL,
                  "can't go on with what the process before has left with systemd, so its "
                  "connections are closed: %s",
                  why_refused(-result));
    } else {
        take_all(daemon, &crate);
    }
    crate_deinit(&crate, true);
}
