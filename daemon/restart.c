#include "daemon/restart.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/crate.h"
#include "daemon/daemon.h"
#include "daemon/jobs.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/plural.h"
#include "daemon/upgrade.h"
#include "graph/drain.h"
#include "graph/graph.h"
#include "graph/handover.h"
#include "graph/loop.h"
#include "graph/workers.h"

#define AT_ONCE 0.001 /* s: the shortest deadline of a drain */

#define LOOK_EVERY 0.05 /* s: looks at what is left of others, wherever they are */

struct restart {
    struct job job;
    struct daemon *daemon;
    struct manager_answer answer;
    int result; /* of asking; -errno: there is no answer */
    double end; /* of drain_timeout, ev_time() */
    ev_timer look;
    uint64_t look_at; /* so many connections at most: until then there are others for sure */
};

/* What is to go, before it does. */
struct load {
    struct crate crate;
    struct graph **connections; /* as many as there are parcels */
    bool is_full;
    bool has_gone;
};

static struct restart *of(struct job *job)
{
    return container_of(job, struct restart, job);
}

static void destroy(struct job *job)
{
    free(of(job));
}

/* ---- what is over ---- */

static double left(const struct restart *restart)
{
    const double seconds = restart->end - ev_time();

    return seconds > AT_ONCE ? seconds : AT_ONCE;
}

/* What is here has no longer than it would have without us. */
static void leave_to_drain(struct restart *restart)
{
    struct list *at;
    struct list *after;

    list_for_each_safe (at, after, &restart->daemon->loop->graphs) {
        graph_drain(container_of(at, struct graph, sibling), left(restart));
    }
}

void restart_cancel(struct daemon *daemon)
{
    struct restart *restart = daemon->restart;
    struct ev_loop *ev = daemon->loop->ev;

    if (restart != NULL) {
        daemon->restart = NULL;
        ev_timer_stop(ev, &restart->look);
        free(restart);
    }
}

static void finish(struct restart *restart)
{
    if (restart->daemon->state == DAEMON_DRAINING) {
        leave_to_drain(restart);
    }
    restart_cancel(restart->daemon);
}

/* ---- packing ---- */

static bool take(void *arg, struct graph *connection, struct parcel *parcel)
{
    struct load *load = arg;

    if (crate_add(&load->crate, parcel) < 0) {
        load->is_full = true;
        return false;
    }
    load->connections =
        mem_resize_array(load->connections, load->crate.count, sizeof(load->connections[0]));
    load->connections[load->crate.count - 1] = connection;
    return true;
}

static void load_all(struct graph *root, struct load *to)
{
    struct parcel offer = {0};
    const struct courier courier = {.offer = &offer, .take = take, .arg = to};

    handover_offer(root, &offer); /* the next one's graph is most likely the same */
    handover_pack(root, &courier);
    parcel_deinit(&offer, false);
}

/* Gives it to systemd.  Returns 0, or -errno: nothing has gone. */
static int store(struct daemon *daemon, const struct crate *crate)
{
    const int fd = crate_close(crate);
    int result;

    if (fd < 0) {
        return fd;
    }
    result = notify_store_closed(&daemon->notify, ACTIVATION_CONNECTIONS, fd);
    (void)close(fd);
    return result;
}

/* Hands over what is packed, if systemd takes it. */
static void hand_over(struct daemon *daemon, struct load *load)
{
    const int result = store(daemon, &load->crate);

    if (result < 0) {
        log_event(LOG_LEVEL_ERROR, &(struct log_fields){.error = result},
                  "could not leave connections with systemd: %zu drain here", load->crate.count);
        return;
    }
    for (size_t i = 0; i < load->crate.count; i++) {
        handover_let_go(load->connections[i]);
    }
    load->has_gone = true;
}

static void log_gone(struct daemon *daemon, const struct load *load)
{
    const uint64_t rest = daemon->loop->connections->places.taken;

    log_event(LOG_LEVEL_NOTICE, NULL,
              "%zu connection%s wait%s with systemd for the next start; %llu drain%s here",
              load->crate.count, PLURAL(load->crate.count), load->crate.count == 1 ? "s" : "",
              (unsigned long long)rest, rest == 1 ? "s" : "");
}

/* Hands over what there is.  is_last: else not before all of it fits into a crate, since who has
 * gone is not served while others drain.  Returns false if it is to be tried again at the end. */
static bool go(struct restart *restart, bool is_last)
{
    struct daemon *daemon = restart->daemon;
    struct load load = {0};
    bool is_done;

    workers_halt(daemon->workers); /* what is packed stays as it is */
    load_all(daemon->graph, &load);
    is_done = is_last || !load.is_full;
    if (is_done && load.crate.count > 0) {
        hand_over(daemon, &load);
    }
    workers_release(daemon->workers);
    if (load.has_gone) {
        notify_wait(&daemon->notify); /* systemd has it before we end */
        log_gone(daemon, &load);
    }
    crate_deinit(&load.crate, false);
    free(load.connections);
    return is_done;
}

/* ---- waiting ---- */

/* True if there are no connections but those that can go. */
static bool is_time(struct restart *restart)
{
    const uint64_t now = restart->daemon->loop->connections->places.taken;
    uint64_t movable;

    if (now > restart->look_at) {
        return false;
    }
    movable = handover_count(restart->daemon->graph);
    restart->look_at = movable;
    return now <= movable;
}

static void on_look(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    struct restart *restart = watcher->data;
    const struct daemon *daemon = restart->daemon;
    const bool is_last = ev_time() >= restart->end;

    if (daemon->state != DAEMON_DRAINING || daemon->graph == NULL) {
        finish(restart);
    } else if (is_last || is_time(restart)) {
        if (go(restart, is_last)) {
            finish(restart);
        } else {
            restart->look_at = 0; /* nor will they fit later */
        }
    }
}

static void wait_for_others(struct restart *restart)
{
    struct ev_loop *ev = restart->daemon->loop->ev;

    restart->daemon->restart = restart;
    restart->look_at = UINT64_MAX;
    ev_timer_init(&restart->look, on_look, 0.0, LOOK_EVERY);
    restart->look.data = restart;
    ev_timer_start(ev, &restart->look);
}

/* ---- asking ---- */

static void work(struct job *job)
{
    struct restart *restart = of(job);

    restart->result = manager_ask(&restart->answer);
}

/* Says why connections drain; false: they need not. */
static bool must_drain(const struct restart *restart)
{
    if (restart->result < 0) {
        log_event(LOG_LEVEL_INFO, &(struct log_fields){.error = restart->result},
                  "could not ask systemd whether it will start us again: connections drain");
    } else if (!restart->answer.is_restart) {
        log_event(LOG_LEVEL_DEBUG, NULL, "this is no restart: connections drain");
    } else if (!restart->answer.has_room) {
        log_event(LOG_LEVEL_WARNING, NULL,
                  "systemd will start us again, but keeps no connections for us: its "
                  "FileDescriptorStoreMax= for this unit is reached; connections drain");
    }
    return restart->result < 0 || !restart->answer.is_restart || !restart->answer.has_room;
}

static void done(struct job *job)
{
    struct restart *restart = of(job);
    struct daemon *daemon = restart->daemon;

    if (daemon->state != DAEMON_DRAINING || daemon->graph == NULL) {
        destroy(job);
    } else if (must_drain(restart)) {
        leave_to_drain(restart);
        destroy(job);
    } else {
        wait_for_others(restart);
    }
}

bool restart_begin(struct daemon *daemon)
{
    struct restart *restart;

    if (!daemon->notify.wanted || daemon->graph == NULL || upgrade_is_expected(daemon) ||
        handover_count(daemon->graph) == 0) {
        return false;
    }
    restart = mem_alloc(sizeof(*restart));
    restart->daemon = daemon;
    restart->end = ev_time() + daemon->settings.drain_timeout;
    restart->job = (struct job){.work = work, .done = done, .destroy = destroy};
    jobs_add(daemon->jobs, &restart->job);
    return true;
}
