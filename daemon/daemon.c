#include "daemon/daemon.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "components/component_types.h"
#include "daemon/control.h"
#include "daemon/jobs.h"
#include "daemon/outcome.h"
#include "daemon/plural.h"
#include "daemon/reloading.h"
#include "daemon/restart.h"
#include "daemon/upgrade.h"
#include "daemon/worker_progress.h"
#include "graph/drain.h"
#include "graph/graph.h"
#include "graph/inspect.h"
#include "graph/listeners.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/plan_edit.h"
#include "graph/workers.h"

#define STATUS_TICK 10.0 /* seconds between status lines, where systemd listens */

struct plan *daemon_load(const struct options *options, struct settings *settings,
                         struct errors *errors)
{
    const struct plan_options plan_options = {
        .types = component_types, .settings_table = settings_table, .settings = settings};

    *settings = (struct settings){0};
    return plan_load(options->graph, &plan_options, errors);
}

struct plan *daemon_load_edited(const struct plan *files, struct plan_edit *const *edits,
                                size_t count, struct settings *settings, struct errors *errors)
{
    const struct plan_options plan_options = {
        .types = component_types, .settings_table = settings_table, .settings = settings};

    *settings = (struct settings){0};
    return plan_load_edited(files, edits, count, &plan_options, errors);
}

void daemon_status_line(const struct daemon *daemon, char *text, size_t size)
{
    const struct loop *loop = daemon->loop;
    const size_t components = daemon->graph != NULL ? daemon->graph->plan->component_count : 0;
    const char *state = "";

    if (daemon->state == DAEMON_DRAINING) {
        state = "draining: ";
    } else if (daemon->state == DAEMON_STOPPING) {
        state = "stopping: ";
    }
    (void)snprintf(text, size, "%s%llu connection%s (%llu in all), %zu component%s, generation %u",
                   state, (unsigned long long)loop->connections->places.taken,
                   PLURAL(loop->connections->places.taken),
                   (unsigned long long)loop->connections->in_all, components, PLURAL(components),
                   daemon->generation);
}

static void on_status_tick(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    struct daemon *daemon = watcher->data;
    const uint64_t messages = loop_totals(daemon->loop).messages;
    char line[200];

    daemon_status_line(daemon, line, sizeof(line));
    notify_status(&daemon->notify, "%s, %.0f messages/s", line,
                  (double)(messages - daemon->ticked_messages) / STATUS_TICK);
    daemon->ticked_messages = messages;
}

/* ---- what the loop tells ---- */

static void on_changed(void *arg, const struct component *component)
{
    struct daemon *daemon = arg;
    char path[PATH_SIZE];

    if (log_wants(LOG_LEVEL_DEBUG)) {
        (void)component_path(component, path, sizeof(path));
        log_event(LOG_LEVEL_DEBUG, &(struct log_fields){.component = path}, "%s",
                  component_state_name((enum component_state)component->state));
    }
    control_component_changed(daemon->control, component);
}

/* The hook for what components have to say; what is worth a warning is an event as well. */
static void on_log(void *arg, enum log_level level, const char *path, const char *peer,
                   const char *text)
{
    const struct daemon *daemon = arg;

    log_from_loop(NULL, level, path, peer, text);
    if (level == LOG_LEVEL_WARNING) {
        control_warned(daemon->control, path, text);
    }
}

/* Warnings are events, whatever is logged. */
static bool wants_log(void *arg, enum log_level level)
{
    return level <= LOG_LEVEL_WARNING || log_wants(level);
}

/* What earlier graphs have left goes on. */
static void on_present_ended(void *arg, struct graph *graph)
{
    struct daemon *daemon = arg;

    control_graph_ended(daemon->control, false);
    log_event(LOG_LEVEL_INFO, NULL, "every component has ended");
}

static void on_leavers_ended(void *arg, struct graph *graph)
{
    struct daemon *daemon = arg;

    control_graph_ended(daemon->control, true);
    log_event(LOG_LEVEL_INFO, NULL, "the last connection of an earlier graph has ended");
}

static void on_graph_ended(void *arg, struct graph *graph)
{
    struct daemon *daemon = arg;

    if (!graph->has_leavers) { /* else that was said */
        on_present_ended(daemon, graph);
    } else {
        on_leavers_ended(daemon, graph);
    }
    if (daemon->state < DAEMON_DRAINING) { /* else it was told to */
        daemon->status = outcome_of(graph);
    }
    daemon->graph = NULL;
    graph_destroy(graph);
    loop_stop(daemon->loop);
}

/* ---- signals ---- */

static void on_stop_signal(struct ev_loop *ev, ev_signal *watcher, int revents)
{
    struct daemon *daemon = watcher->data;

    log_event(LOG_LEVEL_NOTICE, NULL, "got %s", watcher->signum == SIGTERM ? "SIGTERM" : "SIGINT");
    daemon_stop(daemon);
}

static void on_reload_signal(struct ev_loop *ev, ev_signal *watcher, int revents)
{
    reloading_by_signal(watcher->data);
}

static void on_status_signal(struct ev_loop *ev, ev_signal *watcher, int revents)
{
    const struct daemon *daemon = watcher->data;
    char line[200];

    daemon_status_line(daemon, line, sizeof(line));
    log_event(LOG_LEVEL_NOTICE, NULL, "%s", line);
}

static void on_upgrade_signal(struct ev_loop *ev, ev_signal *watcher, int revents)
{
    upgrade_begin(watcher->data);
}

static void watch_signal(struct daemon *daemon, ev_signal *watcher, int number,
                         void (*call)(struct ev_loop *, ev_signal *, int))
{
    ev_signal_init(watcher, call, number);
    watcher->data = daemon;
    ev_signal_start(daemon->loop->ev, watcher);
    ev_unref(daemon->loop->ev);
}

static void unwatch_signal(struct daemon *daemon, ev_signal *watcher)
{
    ev_ref(daemon->loop->ev);
    ev_signal_stop(daemon->loop->ev, watcher);
}

/* ---- start ---- */

/* Each connection takes a descriptor: as many as we may have. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) == -1) {
            log_event(LOG_LEVEL_WARNING, &(struct log_fields){.error = errno},
                      "could not raise the number of descriptors");
        }
    }
}

void daemon_apply_settings(struct daemon *daemon, const struct settings *settings)
{
    const unsigned workers = worker_count(daemon->loop);

    daemon->settings = *settings;
    workers_halt(daemon->workers);
    for (unsigned i = 0; i < workers; i++) {
        struct loop *loop = worker_loop(daemon->loop, i);

        loop->pool.memory_limit = settings->limits.buffer_memory / workers;
        loop->leave_timeout = settings->drain_timeout;
    }
    daemon->loop->connections->limit = (uint64_t)settings->limits.connections;
    workers_release(daemon->workers);
    places_look(&daemon->loop->connections->places);
    if (!daemon->options.has_level) {
        log_set_level((enum log_level)(LOG_LEVEL_ERROR + settings->log_level));
    }
}

/* As many threads as the command line says, or the file. */
static unsigned workers_wanted(const struct daemon *daemon)
{
    const int64_t wanted =
        daemon->options.has_workers ? daemon->options.workers : daemon->settings.workers;
    cpu_set_t cores;
    int count;

    if (wanted > 0) {
        return (unsigned)wanted;
    }
    if (sched_getaffinity(0, sizeof(cores), &cores) == -1) {
        log_event(LOG_LEVEL_WARNING, &(struct log_fields){.error = errno},
                  "could not count the cores: running with one worker");
        return 1;
    }
    count = CPU_COUNT(&cores);
    return count > WORKERS_MOST ? WORKERS_MOST : (unsigned)count;
}

/* Makes the loop, and those of the other workers. */
static bool make_loops(struct daemon *daemon)
{
    const struct loop_hooks hooks = {.arg = daemon,
                                     .log = on_log,
                                     .wants = wants_log,
                                     .changed = on_changed,
                                     .present_ended = on_present_ended,
                                     .leavers_ended = on_leavers_ended,
                                     .graph_ended = on_graph_ended,
                                     .metrics = daemon_write_metrics};
    const unsigned count = workers_wanted(daemon);

    daemon->loop = loop_create(component_types, &hooks);
    if (daemon->loop != NULL && count > 1) {
        daemon->workers = workers_create(daemon->loop, count, component_types, &hooks);
    }
    if (daemon->loop == NULL || (count > 1 && daemon->workers == NULL)) {
        log_event(LOG_LEVEL_ERROR, &(struct log_fields){.error = errno}, "could not make a loop");
        return false;
    }
    return true;
}

static bool take_passed_sockets(struct daemon *daemon)
{
    const int count =
        activation_start(&daemon->activation, daemon->loop->listeners, &daemon->notify);
    int leash;

    while ((leash = activation_take_leash(&daemon->activation)) != -1) {
        lineage_add(&daemon->lineage, leash);
    }
    if (count < 0) {
        log_event(LOG_LEVEL_ERROR, &(struct log_fields){.error = count},
                  "could not take over the sockets that systemd passed");
        return false;
    }
    return true;
}

/* Starts the first graph, if need be without the sockets that an earlier run has left. */
static bool start_first(struct daemon *daemon, struct plan *plan)
{
    char text[400]; /* the component has logged it */

    daemon->graph = graph_start(daemon->loop, plan_ref(plan), text, sizeof(text));
    if (daemon->graph == NULL && activation_make_room(&daemon->activation)) {
        log_event(LOG_LEVEL_NOTICE, NULL,
                  "trying once more, without the sockets that were kept since the last run");
        daemon->graph = graph_start(daemon->loop, plan_ref(plan), text, sizeof(text));
    }
    if (daemon->graph == NULL) {
        plan_release(plan);
    } else {
        daemon->files = plan;
    }
    return daemon->graph != NULL;
}

static void start_watching(struct daemon *daemon)
{
    watch_signal(daemon, &daemon->on_term, SIGTERM, on_stop_signal);
    watch_signal(daemon, &daemon->on_int, SIGINT, on_stop_signal);
    watch_signal(daemon, &daemon->on_hup, SIGHUP, on_reload_signal);
    watch_signal(daemon, &daemon->on_usr1, SIGUSR1, on_status_signal);
    watch_signal(daemon, &daemon->on_usr2, SIGUSR2, on_upgrade_signal);
    notify_init(&daemon->notify, daemon->loop->ev);
    daemon->worker_progress = worker_progress_create(&daemon->notify.progress, daemon->workers);
    ev_timer_init(&daemon->status_tick, on_status_tick, STATUS_TICK, STATUS_TICK);
    daemon->status_tick.data = daemon;
    if (daemon->notify.wanted) {
        ev_timer_start(daemon->loop->ev, &daemon->status_tick);
        ev_unref(daemon->loop->ev);
    }
}

void daemon_announce_start(struct daemon *daemon)
{
    char text[200];

    notify_release(&daemon->notify);
    activation_store(&daemon->activation);
    activation_settle(&daemon->activation);
    daemon_status_line(daemon, text, sizeof(text));
    notify_ready(&daemon->notify, text);
}

/* ", 4 workers"; nothing where there is one.  Returns text. */
static const char *workers_text(const struct daemon *daemon, char *text, size_t size)
{
    const unsigned count = worker_count(daemon->loop);

    (void)snprintf(text, size, count > 1 ? ", %u workers" : "", count);
    return text;
}

bool daemon_start(struct daemon *daemon, struct plan *plan)
{
    char text[40];
    int result;

    daemon->state = DAEMON_STARTING;
    lineage_init(&daemon->lineage, daemon);
    daemon->started = ev_time();
    if (!make_loops(daemon)) {
        plan_release(plan);
        return false;
    }
    daemon->jobs = jobs_create(daemon->loop->ev);
    raise_descriptor_limit();
    daemon_apply_settings(daemon, &daemon->settings);
    start_watching(daemon);
    if (!take_passed_sockets(daemon) || !control_open(daemon)) {
        plan_release(plan);
        return false;
    }
    if (upgrade_is_expected(daemon)) {
        notify_hold(&daemon->notify);
    }
    if (!start_first(daemon, plan)) {
        return false;
    }
    result = workers_start(daemon->workers);
    if (result < 0) {
        log_event(LOG_LEVEL_ERROR, &(struct log_fields){.error = result},
                  "could not start the threads of %u workers", worker_count(daemon->loop));
        return false;
    }
    daemon->generation = 1;
    daemon->state = DAEMON_RUNNING;
    log_event(LOG_LEVEL_INFO, NULL, "running %s: %zu component%s%s", daemon->options.graph,
              daemon->graph->plan->component_count, PLURAL(daemon->graph->plan->component_count),
              workers_text(daemon, text, sizeof(text)));
    if (upgrade_is_expected(daemon)) {
        upgrade_ready(daemon);
    } else {
        restart_take(daemon);
        daemon_announce_start(daemon);
    }
    return true;
}

void daemon_run(struct daemon *daemon)
{
    loop_run(daemon->loop);
}

void daemon_forget_edits(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->edit_count; i++) {
        plan_edit_destroy(daemon->edits[i]);
    }
    free(daemon->edits);
    daemon->edits = NULL;
    daemon->edit_count = 0;
}

/* From here on a signal can change nothing; unwatched, it would end us with its number. */
static void block_signals(void)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        (void)sigaddset(&set, numbers[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static void stop_status_tick(struct daemon *daemon)
{
    if (ev_is_active(&daemon->status_tick)) {
        ev_ref(daemon->loop->ev);
        ev_timer_stop(daemon->loop->ev, &daemon->status_tick);
    }
}

/* Nothing is left of us but what was there before us. */
static void wait_for_predecessors(struct daemon *daemon)
{
    daemon->state = DAEMON_STOPPING;
    stop_status_tick(daemon);
    if (!daemon->was_told_to_stop) {
        lineage_stop(&daemon->lineage);
    }
    lineage_wait(&daemon->lineage);
    lineage_deinit(&daemon->lineage);
}

void daemon_finish(struct daemon *daemon)
{
    if (daemon->loop == NULL) {
        return;
    }
    workers_stop(daemon->workers);
    worker_progress_destroy(daemon->worker_progress);
    if (daemon->is_reloading) {
        daemon_refuse_reload(daemon);
    }
    upgrade_cancel(daemon);
    restart_cancel(daemon);
    control_close(daemon->control);
    daemon->control = NULL;
    wait_for_predecessors(daemon);
    block_signals();
    jobs_destroy(daemon->jobs);
    daemon_forget_edits(daemon);
    plan_release(daemon->files);
    unwatch_signal(daemon, &daemon->on_term);
    unwatch_signal(daemon, &daemon->on_int);
    unwatch_signal(daemon, &daemon->on_hup);
    unwatch_signal(daemon, &daemon->on_usr1);
    unwatch_signal(daemon, &daemon->on_usr2);
    notify_deinit(&daemon->notify);
    workers_destroy(daemon->workers);
    loop_destroy(daemon->loop);
}

/* ---- the end ---- */

void daemon_drain(struct daemon *daemon)
{
    struct list *at;
    struct list *after;
    char line[200];

    if (daemon->state >= DAEMON_DRAINING) {
        return;
    }
    daemon->state = DAEMON_DRAINING;
    daemon_status_line(daemon, line, sizeof(line));
    notify_status(&daemon->notify, "%s", line); /* no STOPPING: systemd would limit the time */
    control_draining(daemon->control);
    list_for_each_safe (at, after, &daemon->loop->graphs) {
        graph_drain(container_of(at, struct graph, sibling), 0.0);
    }
}

/* Nothing waits for what is ended at once. */
static void log_draining(uint64_t connections, double timeout)
{
    char who[64] = "what still has work";

    if (connections > 0) {
        (void)snprintf(who, sizeof(who), "%llu connection%s", (unsigned long long)connections,
                       PLURAL(connections));
    }
    if (timeout > 0) {
        log_event(LOG_LEVEL_NOTICE, NULL,
                  "draining: %s may take %g s to end; a second signal ends all now", who, timeout);
    }
}

void daemon_stop(struct daemon *daemon)
{
    struct list *at;
    struct list *after;
    const bool again = daemon->was_told_to_stop;
    double timeout = daemon->settings.drain_timeout;
    char line[200];

    daemon->was_told_to_stop = true;
    if (!again) {
        daemon->state = DAEMON_DRAINING;
        activation_end(&daemon->activation);
        daemon_status_line(daemon, line, sizeof(line));
        notify_stopping(&daemon->notify, line);
        notify_extend(&daemon->notify, timeout + RESTART_MARGIN + 5.0);
        log_draining(daemon->loop->connections->places.taken, timeout);
        control_draining(daemon->control);
        timeout += restart_begin(daemon) ? RESTART_MARGIN : 0;
    } else {
        daemon->state = DAEMON_STOPPING;
    }
    list_for_each_safe (at, after, &daemon->loop->graphs) {
        struct graph *graph = container_of(at, struct graph, sibling);

        if (again || timeout <= 0) {
            graph_stop(graph);
        } else {
            graph_drain(graph, timeout);
        }
    }
    lineage_stop(&daemon->lineage);
}
