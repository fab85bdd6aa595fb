#include "daemon/upgrade.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/channel.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/descriptors.h"
#include "daemon/jobs.h"
#include "daemon/log.h"
#include "daemon/plural.h"
#include "graph/handover.h"
#include "graph/listeners.h"
#include "graph/loop.h"
#include "graph/parcel.h"

struct upgrade {
    struct job job;
    struct daemon *daemon;
    pid_t pid;   /* of the new process; 0: there is none */
    int pidfd;   /* of it; -1: none */
    int channel; /* to it; likewise */
    int leash;   /* ours, for when it has come; likewise */
    bool is_ready;
    struct parcel offer; /* if it is: the connections that it would take */
    const char *why;     /* it is not */
    size_t handed;       /* connections that have gone */
};

static struct upgrade *of(struct job *job)
{
    return container_of(job, struct upgrade, job);
}

static void destroy(struct job *job)
{
    struct upgrade *upgrade = of(job);

    parcel_deinit(&upgrade->offer, true);
    if (upgrade->channel != -1) {
        (void)close(upgrade->channel); /* a process that waits for us ends */
        (void)close(upgrade->pidfd);
    }
    if (upgrade->leash != -1) {
        (void)close(upgrade->leash);
    }
    free(upgrade);
}

/* ---- the new process is made ---- */

/* A channel and a leash, each with our end first.  Returns 0, or -errno. */
static int make_ends(int channel[2], int leash[2])
{
    int result = channel_create(channel);

    if (result == 0) {
        result = leash_create(leash);
        if (result < 0) {
            (void)close(channel[0]);
            (void)close(channel[1]);
        }
    }
    return result;
}

/* Returns 0, or -errno. */
static int start(struct upgrade *upgrade)
{
    struct daemon *daemon = upgrade->daemon;
    struct descriptors passed = {0};
    int channel[2];
    int leash[2];
    int result = make_ends(channel, leash);

    if (result < 0) {
        return result;
    }
    activation_pass_channel(&passed, channel[1]);
    activation_pass_leash(&passed, leash[1]);
    lineage_pass(&daemon->lineage, &passed);
    activation_pass(&daemon->activation, &passed);
    control_pass(daemon->control, &passed);
    result = descriptors_start(&passed, daemon->options.arguments, &upgrade->pidfd);
    descriptors_free(&passed);
    (void)close(channel[1]);
    (void)close(leash[1]);
    if (result < 0) {
        (void)close(channel[0]);
        (void)close(leash[0]);
        return result;
    }
    upgrade->pid = result;
    upgrade->channel = channel[0];
    upgrade->leash = leash[0];
    return 0;
}

static bool begin(struct job *job)
{
    struct upgrade *upgrade = of(job);
    int result;

    if (upgrade->daemon->state != DAEMON_RUNNING) {
        upgrade->why = "the daemon is stopping";
        return false;
    }
    result = start(upgrade);
    if (result < 0) {
        upgrade->why = strerror(-result); /* in this thread, and soon said */
        return false;
    }
    log_event(LOG_LEVEL_NOTICE, NULL,
              "starting %s anew, as process %d, to come in this one's place",
              upgrade->daemon->options.arguments[0], (int)upgrade->pid);
    return true;
}

/* ---- a thread waits for it ---- */

static void work(struct job *job)
{
    struct upgrade *upgrade = of(job);
    struct pollfd channel = {.fd = upgrade->channel, .events = POLLIN};
    const int found = poll(&channel, 1, UPGRADE_PATIENCE);

    if (found > 0 && channel_receive(upgrade->channel, &upgrade->offer) == 1) {
        upgrade->is_ready = true;
    } else if (found > 0) {
        upgrade->why = "it has ended, and has logged why";
    } else {
        upgrade->why = "it was not ready in time";
        (void)pidfd_send_signal(upgrade->pidfd, SIGKILL, NULL, 0);
    }
}

/* ---- the new process is ready, or not ---- */

static bool send_connection(void *arg, struct graph *connection, struct parcel *parcel)
{
    struct upgrade *upgrade = arg;
    const int result = channel_send(upgrade->channel, parcel);

    if (result < 0) {
        log_event(LOG_LEVEL_ERROR, &(struct log_fields){.error = result},
                  "could not hand a connection over to process %d: it and others drain here",
                  (int)upgrade->pid);
        return false;
    }
    handover_let_go(connection);
    upgrade->handed++;
    return true;
}

/* Says that it may go on in our place, and hands over the connections that it takes. */
static void hand_over(struct upgrade *upgrade)
{
    const struct courier courier = {
        .offer = &upgrade->offer, .take = send_connection, .arg = upgrade};
    const struct parcel go = {0};
    const int result = channel_send(upgrade->channel, &go);

    if (result < 0) {
        log_event(LOG_LEVEL_ERROR, &(struct log_fields){.error = result},
                  "process %d has ended just when it was to come in our place", (int)upgrade->pid);
    } else if (upgrade->daemon->graph != NULL) {
        handover_pack(upgrade->daemon->graph, &courier);
    }
}

/* From here on we are the past. */
static void give_way(struct upgrade *upgrade)
{
    struct daemon *daemon = upgrade->daemon;
    unsigned long long left;

    activation_end(&daemon->activation);
    listeners_hand_over(daemon->loop->listeners);
    control_let_go(daemon->control);
    notify_replaced(&daemon->notify, upgrade->pid);
    hand_over(upgrade);
    left = atomic_load(&daemon->loop->connections->places.taken);
    log_event(
        LOG_LEVEL_NOTICE, NULL,
        "process %d is here in our place, with %zu connection%s of ours; draining %llu, however "
        "long that takes",
        (int)upgrade->pid, upgrade->handed, PLURAL(upgrade->handed), left);
    lineage_give_way(&daemon->lineage, upgrade->leash);
    upgrade->leash = -1;
    daemon_drain(daemon);
}

/* It may have been told to end since it was ready. */
static bool is_there(const struct upgrade *upgrade)
{
    char byte;

    return recv(upgrade->channel, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 && errno == EAGAIN;
}

static void done(struct job *job)
{
    struct upgrade *upgrade = of(job);
    struct daemon *daemon = upgrade->daemon;
    const char *why = upgrade->why;

    daemon->is_upgrading = false;
    if (upgrade->is_ready && daemon->state != DAEMON_RUNNING) {
        why = "the daemon is stopping";
    } else if (upgrade->is_ready && !is_there(upgrade)) {
        why = "the new process ended before it could come in our place";
    } else if (upgrade->is_ready) {
        give_way(upgrade);
        why = NULL;
    }
    if (why != NULL) {
        log_event(LOG_LEVEL_ERROR, NULL, "no upgrade, this process goes on: %s", why);
    }
    destroy(job);
}

void upgrade_begin(struct daemon *daemon)
{
    struct upgrade *upgrade;

    if (daemon->is_upgrading || upgrade_is_expected(daemon)) {
        log_event(LOG_LEVEL_NOTICE, NULL, "an upgrade is under way already");
        return;
    }
    upgrade = mem_alloc(sizeof(*upgrade));
    upgrade->daemon = daemon;
    upgrade->pidfd = -1;
    upgrade->channel = -1;
    upgrade->leash = -1;
    upgrade->job = (struct job){.begin = begin, .work = work, .done = done, .destroy = destroy};
    daemon->is_upgrading = true;
    jobs_add(daemon->jobs, &upgrade->job);
}
