/* Reaper: sees the process groups of a loop to their end (a service). */
#include "components/file/reaper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "graph/component.h"
#include "graph/list.h"
#include "graph/loop.h"
#include "graph/service.h"

#define LOOK       0.05 /* seconds between looks at a group whose leader has gone */
#define LAST_WAIT  1.0  /* seconds that the end of the loop waits for what SIGKILL does */
#define LAST_PAUSE 10   /* milliseconds between looks then */

struct reaper {
    struct list children;
    uint64_t processes; /* statistics */
    uint64_t running;
    uint64_t killed;
};

struct child {
    struct list link; /* in the reaper's children */
    struct reaper *reaper;
    struct loop *loop;
    struct component *owner; /* NULL: released */
    char *path;              /* of the owner, once it is released */
    pid_t pid;               /* of the program, and the number of its group */
    double kill_timeout;
    double end_by;  /* ev_time(): then comes SIGKILL */
    ev_io exit;     /* of its pidfd */
    ev_timer timer; /* active: the next look at a group that ends */
    siginfo_t how;
    bool has_exited;
    bool is_ending; /* SIGTERM was sent */
    bool was_killed;
    bool is_gone; /* nobody of the group is left, or none that we could do more about */
};

enum { CONTROL };

static struct reaper *reaper_of(struct component *self)
{
    return service_state(component_loop(self), "reaper");
}

/* ---- the end of a group ---- */

static void complain(const struct child *child, const char *words)
{
    char owner[PATH_SIZE];
    const char *path =
        child->owner != NULL ? component_path(child->owner, owner, sizeof(owner)) : child->path;

    if (talk_lets(child->loop, &child->loop->talks.own, LOG_LEVEL_WARNING)) {
        loop_log(child->loop, LOG_LEVEL_WARNING, path, "process group %d %s within %g s of SIGTERM",
                 (int)child->pid, words, child->kill_timeout);
    }
}

/* Waits for those of the group that are our children: the program, and where we are the system's
 * first process those that it left behind.  Returns false if some still run. */
static bool collect(const struct child *child)
{
    pid_t pid;

    do {
        pid = waitpid(-child->pid, NULL, WNOHANG);
    } while (pid > 0 || (pid == -1 && errno == EINTR));
    return pid == -1;
}

static bool is_group_empty(const struct child *child)
{
    return kill(-child->pid, 0) == -1 && errno == ESRCH;
}

static void kill_group(struct child *child)
{
    if (kill(-child->pid, SIGKILL) == 0) {
        child->was_killed = true;
        child->reaper->killed++;
        complain(child, "was killed, as it did not end");
        return;
    }
    child->is_gone = true;
    if (errno == EPERM) {
        complain(child, "has other users' processes, which did not end");
    }
}

/* How the program has ended, while that can be asked. */
static void note_exit(struct child *child)
{
    if (!child->has_exited) {
        const int result =
            waitid(P_PID, (id_t)child->pid, &child->how, WEXITED | WNOHANG | WNOWAIT);

        child->has_exited = result == -1 ? errno == ECHILD : child->how.si_pid != 0;
    }
}

/* Does what is due for a child that is ending.  now: ev_time(). */
static void look_at(struct child *child, double now)
{
    bool is_collected;

    note_exit(child);
    is_collected = collect(child);
    if (is_collected && is_group_empty(child)) {
        child->is_gone = true;
    } else if (now >= child->end_by && !child->was_killed) {
        kill_group(child);
    }
    child->is_gone = child->is_gone || (child->was_killed && is_collected);
}

static void forget(struct child *child)
{
    struct ev_loop *ev = child->loop->ev;
    const int pidfd = child->exit.fd;

    ev_io_stop(ev, &child->exit);
    ev_timer_stop(ev, &child->timer);
    (void)close(pidfd);
    list_remove(&child->link);
    child->reaper->running--;
    free(child->path);
    free(child);
}

/* The next look: at the deadline while the program itself goes on, whose end we are told of. */
static void set_timer(struct child *child, double now)
{
    struct ev_loop *ev = child->loop->ev;
    double wait = child->end_by - now;

    ev_timer_stop(ev, &child->timer);
    if (child->is_gone || (child->was_killed && !child->has_exited)) {
        return;
    }
    if (child->was_killed || (child->has_exited && wait > LOOK)) {
        wait = LOOK;
    }
    ev_timer_set(&child->timer, wait > 0 ? wait : 0, 0.0);
    ev_timer_start(ev, &child->timer);
}

static void go_on(struct child *child)
{
    const double now = ev_time();

    look_at(child, now);
    if (child->is_gone && child->owner == NULL) {
        forget(child);
    } else {
        set_timer(child, now);
    }
}

static void on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
    go_on(timer->data);
}

/* The program has exited.  It is not waited for yet: see the head of reaper.h. */
static void on_exit_of(struct ev_loop *ev, ev_io *watcher, int revents)
{
    struct child *child = watcher->data;

    note_exit(child);
    if (!child->has_exited) {
        return;
    }
    ev_io_stop(ev, watcher);
    if (child->owner != NULL) {
        component_wake(child->owner);
    }
    if (child->is_ending) {
        go_on(child);
    }
}

/* ---- for the owner ---- */

int child_start(struct component *owner, const struct spawn_request *request, double kill_timeout,
                struct child **started, int pipes[3], char *text, size_t size)
{
    struct reaper *reaper = reaper_of(owner);
    struct spawned spawned;
    const int result = spawn(request, &spawned, text, size);
    struct child *child;

    if (result < 0) {
        return result;
    }
    memcpy(pipes, spawned.pipes, sizeof(spawned.pipes));
    child = mem_alloc(sizeof(*child));
    child->reaper = reaper;
    child->loop = component_loop(owner);
    child->owner = owner;
    child->pid = spawned.pid;
    child->kill_timeout = kill_timeout;
    ev_io_init(&child->exit, on_exit_of, spawned.pidfd, EV_READ);
    child->exit.data = child;
    ev_init(&child->timer, on_timer);
    child->timer.data = child;
    ev_io_start(child->loop->ev, &child->exit);
    list_append(&child->reaper->children, &child->link);
    child->reaper->processes++;
    child->reaper->running++;
    *started = child;
    return 0;
}

pid_t child_pid(const struct child *child)
{
    return child->pid;
}

bool child_has_exited(const struct child *child)
{
    return child->has_exited;
}

int child_exit_status(const struct child *child)
{
    return child->how.si_code == CLD_EXITED ? child->how.si_status : 0;
}

int child_exit_signal(const struct child *child)
{
    return child->how.si_code != CLD_EXITED ? child->how.si_status : 0;
}

void child_end(struct child *child)
{
    if (child->is_ending) {
        return;
    }
    child->is_ending = true;
    child->end_by = ev_time() + child->kill_timeout;
    (void)kill(-child->pid, SIGTERM);
    (void)kill(-child->pid, SIGCONT); /* who is stopped can't end */
    go_on(child);
}

void child_release(struct child *child)
{
    char path[PATH_SIZE];

    if (child == NULL) {
        return;
    }
    child->path = mem_strdup(component_path(child->owner, path, sizeof(path)));
    child->owner = NULL;
    if (!child->is_ending) {
        child_end(child);
    } else if (child->is_gone) {
        forget(child);
    }
}

/* ---- the service ---- */

static int reaper_start(struct component *self)
{
    struct reaper *reaper = component_state(self);

    list_init(&reaper->children);
    (void)signal(SIGCHLD, SIG_DFL); /* ignored, as we may have inherited it, it hides statuses */
    return 0;
}

/* The loop has ended, and with it all who could be woken. */
static void reaper_stop(struct component *self)
{
    struct reaper *reaper = component_state(self);
    struct list *at;
    struct list *after;

    while (!list_is_empty(&reaper->children)) {
        const double now = ev_time();

        list_for_each_safe (at, after, &reaper->children) {
            struct child *child = container_of(at, struct child, link);

            look_at(child, now);
            if (child->is_gone || now > child->end_by + LAST_WAIT) {
                forget(child);
            }
        }
        if (!list_is_empty(&reaper->children)) {
            (void)poll(NULL, 0, LAST_PAUSE);
        }
    }
}

static const struct box_spec inboxes[] = {
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "ends with its loop, not before"},
    {0},
};
static const struct box_spec outboxes[] = {
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct reaper, running), .unit = "processes", .is_gauge = true, .doc = "now"},
    {STAT(struct reaper, processes), .unit = "processes", .doc = "in all"},
    {STAT(struct reaper, killed), .unit = "processes", .is_worrying = true,
     .doc = "that did not end when they were asked to, and were killed"},
    {0},
};

const struct component_type reaper_type = {
    .name = "Reaper",
    .summary = "sees the processes of a loop's UnixProcesses to their end (a service)",
    .size = sizeof(struct reaper),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .statistics = statistics,
    .service = "reaper",
    .heeds_control = true,
    .start = reaper_start,
    .stop = reaper_stop,
};
