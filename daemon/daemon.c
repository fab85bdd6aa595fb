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
#include "daemon/reloading.h"
#include "daemon/restart.h"
#include "daemon/upgrade.h"
#include "daemon/worker_progress.h"
#include "graph/document.h"
#include "graph/drain.h"
#include "graph/error.h"
#include "graph/graph.h"
#include "graph/graph_change.h"
#include "graph/inspect.h"
#include "graph/listeners.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "graph/plan_edit.h"
#include "graph/source.h"
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

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
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
                   state, (unsigned long long)loop->connections->now,
                   plural(loop->connections->now), (unsigned long long)loop->connections->in_all,
                   components, plural(components), daemon->generation);
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

static void apply_settings(struct daemon *daemon, const struct settings *settings)
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
    int count = activation_start(&daemon->activation, daemon->loop->listeners, &daemon->notify);

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
    daemon->started = ev_time();
    if (!make_loops(daemon)) {
        plan_release(plan);
        return false;
    }
    daemon->jobs = jobs_create(daemon->loop->ev);
    raise_descriptor_limit();
    apply_settings(daemon, &daemon->settings);
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
              daemon->graph->plan->component_count, plural(daemon->graph->plan->component_count),
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

static void forget_edits(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->edit_count; i++) {
        plan_edit_destroy(daemon->edits[i]);
    }
    free(daemon->edits);
    daemon->edits = NULL;
    daemon->edit_count = 0;
}

static void refuse_reload(struct daemon *daemon);

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

void daemon_finish(struct daemon *daemon)
{
    if (daemon->loop == NULL) {
        return;
    }
    block_signals();
    workers_stop(daemon->workers);
    if (daemon->is_reloading) {
        refuse_reload(daemon);
    }
    upgrade_cancel(daemon);
    restart_cancel(daemon);
    control_close(daemon->control);
    daemon->control = NULL;
    jobs_destroy(daemon->jobs);
    forget_edits(daemon);
    plan_release(daemon->files);
    unwatch_signal(daemon, &daemon->on_term);
    unwatch_signal(daemon, &daemon->on_int);
    unwatch_signal(daemon, &daemon->on_hup);
    unwatch_signal(daemon, &daemon->on_usr1);
    unwatch_signal(daemon, &daemon->on_usr2);
    if (ev_is_active(&daemon->status_tick)) {
        ev_ref(daemon->loop->ev);
        ev_timer_stop(daemon->loop->ev, &daemon->status_tick);
    }
    notify_deinit(&daemon->notify);
    worker_progress_destroy(daemon->worker_progress);
    workers_destroy(daemon->workers);
    loop_destroy(daemon->loop);
}

/* ---- reload and stop ---- */

static void reload_ended(struct daemon *daemon, bool done, const char *text)
{
    char line[200];

    daemon->is_reloading = false;
    daemon->last_reload.time = ev_time();
    daemon->last_reload.done = done;
    (void)snprintf(daemon->last_reload.text, sizeof(daemon->last_reload.text), "%s", text);
    log_event(done ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR, NULL, "%s%s",
              done ? "" : "reload refused, the old graph runs on: ", text);
    control_reloaded(daemon->control, done, text);
    daemon_status_line(daemon, line, sizeof(line));
    notify_ready(&daemon->notify, line);
}

/* Writes "echo.yaml:7:5: text", as far as the place is known.  Returns to. */
static const char *place_and_text(const struct error *error, char *to, size_t size)
{
    const char *file = error->file != NULL ? error->file : "";

    if (error->line > 0) {
        (void)snprintf(to, size, "%s:%u:%u: %s", file, error->line, error->column, error->text);
    } else {
        (void)snprintf(to, size, "%s%s%s", file, error->file != NULL ? ": " : "", error->text);
    }
    return to;
}

static void log_errors(struct errors *errors)
{
    const struct report *report;
    char text[LOG_TEXT_SIZE];

    for (size_t i = 0; (report = errors_at(errors, i)) != NULL; i++) {
        const bool is_error = report->severity == SEVERITY_ERROR;

        log_event(is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, NULL, "%s",
                  place_and_text(&report->error, text, sizeof(text)));
        for (unsigned j = 0; j < report->note_count; j++) {
            log_event(is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, NULL, "note: %s",
                      place_and_text(&report->notes[j].error, text, sizeof(text)));
        }
    }
}

/* "2 errors, the first: echo.yaml:7:5: no such …". */
static void sum_up(struct errors *errors, char *text, size_t size)
{
    const size_t count = errors_count(errors);
    const struct report *first = NULL;
    size_t used;

    for (size_t i = 0; (first = errors_at(errors, i)) != NULL; i++) {
        if (first->severity == SEVERITY_ERROR) {
            break;
        }
    }
    REQUIRE(first != NULL);
    (void)snprintf(text, size, "%zu error%s", count, count == 1 ? ": " : "s, the first: ");
    used = strlen(text);
    (void)place_and_text(&first->error, text + used, size - used);
}

void daemon_announce_reload(struct daemon *daemon)
{
    daemon->is_reloading = true;
    notify_reloading(&daemon->notify, NULL);
    control_reloading(daemon->control);
}

/* The daemon was told to end while the files were loaded, or before. */
static void refuse_reload(struct daemon *daemon)
{
    char line[200];

    log_event(LOG_LEVEL_WARNING, NULL, "no reload: the daemon is stopping");
    if (!daemon->is_reloading) {
        return;
    }
    daemon->is_reloading = false;
    control_reloaded(daemon->control, false, "the daemon is stopping");
    if (!daemon->was_told_to_stop) { /* it was told to drain, of which the manager knows nothing */
        daemon_status_line(daemon, line, sizeof(line));
        notify_ready(&daemon->notify, line);
    }
}

/* "generation 3: 12 components; 1 added, 2 changed, 9 kept" */
static void describe_switch(const struct daemon *daemon, const struct reloading *reloading,
                            size_t edits, char *text, size_t size)
{
    const struct plan_difference *difference = reloading->difference;
    const struct {
        size_t count;
        const char *name;
    } kinds[] = {
        {difference->added, "added"},        {difference->removed, "removed"},
        {difference->replaced, "replaced"},  {difference->changed, "changed"},
        {difference->relinked, "re-linked"}, {reloading->revived.count, "started again"},
    };
    size_t used;

    (void)snprintf(text, size, "generation %u: %zu component%s", daemon->generation,
                   difference->fresh->component_count, plural(difference->fresh->component_count));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        used = strlen(text);
        if (kinds[i].count > 0) {
            (void)snprintf(text + used, size - used, ", %zu %s", kinds[i].count, kinds[i].name);
        }
    }
    used = strlen(text);
    if (plan_difference_is_empty(difference) && reloading->revived.count == 0) {
        (void)snprintf(text + used, size - used, ", nothing has changed");
    }
    used = strlen(text);
    if (edits > 0) {
        (void)snprintf(text + used, size - used, "; %zu live edit%s undone: the files count", edits,
                       edits == 1 ? " is" : "s are");
    }
}

/* An edit is in force. */
static void keep_edit(struct daemon *daemon, struct reloading *reloading)
{
    char text[200];

    daemon->edits = mem_resize_array(daemon->edits, daemon->edit_count + 1, sizeof(*daemon->edits));
    daemon->edits[daemon->edit_count++] = reloading->edit;
    reloading->edit = NULL;
    daemon_status_line(daemon, text, sizeof(text));
    notify_status(&daemon->notify, "%s", text);
}

/* The files count again, without edits. */
static void take_files(struct daemon *daemon, struct plan *plan)
{
    plan_release(daemon->files);
    daemon->files = plan_ref(plan);
    forget_edits(daemon);
}

static void find_revived(struct reloading *reloading, const struct graph_change *change)
{
    struct plan_component_list *list = &reloading->revived;
    const struct plan_component *one;
    size_t position = 0;

    while ((one = graph_change_revived(change, &position)) != NULL) {
        list->items = mem_resize_array(list->items, list->count + 1, sizeof(*list->items));
        list->items[list->count++] = one;
    }
}

static enum reload_outcome fail_to_start(struct daemon *daemon, const struct plan_component *at,
                                         bool is_edit, struct reload_failure *failure)
{
    char text[sizeof(*failure) + 8];

    (void)snprintf(failure->path, sizeof(failure->path), "%s", at->path);
    if (at->at != NULL && at->at->source != NULL) {
        (void)snprintf(failure->place, sizeof(failure->place), "%s:%u", at->at->source->name,
                       at->at->line);
    }
    if (!is_edit) {
        (void)snprintf(text, sizeof(text), "%s%s%s: %s", failure->place,
                       failure->place[0] != '\0' ? ": " : "", failure->path, failure->reason);
        reload_ended(daemon, false, text);
    }
    return RELOAD_CANNOT_START;
}

/* Changes what differs.  Returns NULL, or who could not start: then nothing has changed. */
static const struct plan_component *change_graph(struct daemon *daemon, struct reloading *reloading)
{
    struct reload_failure *failure = &reloading->failure;
    struct graph_change *change =
        graph_change_create(daemon->graph, reloading->difference, reloading->nursery);
    const struct plan_component *failed;

    find_revived(reloading, change);
    if (reloading->is_dry_run) {
        graph_change_cancel(change);
        return NULL;
    }
    failed = graph_change_prepare(change, failure->reason, sizeof(failure->reason));
    if (failed == NULL) {
        graph_change_commit(change);
    }
    return failed;
}

enum reload_outcome daemon_switch(struct daemon *daemon, struct reloading *reloading)
{
    const bool is_quiet = reloading->is_dry_run || reloading->edit != NULL; /* the caller hears */
    const struct plan_component *failed;
    size_t edits;
    char text[400];

    if (daemon->state != DAEMON_RUNNING || daemon->graph == NULL) {
        if (!is_quiet) {
            refuse_reload(daemon);
        }
        return RELOAD_REFUSED;
    }
    if (!is_quiet) {
        log_errors(reloading->errors);
    }
    if (reloading->difference == NULL) {
        if (!is_quiet) {
            sum_up(reloading->errors, text, sizeof(text));
            reload_ended(daemon, false, text);
        }
        return RELOAD_BAD_GRAPH;
    }
    failed = change_graph(daemon, reloading);
    if (failed != NULL) {
        return fail_to_start(daemon, failed, reloading->edit != NULL, &reloading->failure);
    }
    if (reloading->is_dry_run) {
        return RELOAD_DONE;
    }
    daemon->generation++;
    if (reloading->edit != NULL) {
        keep_edit(daemon, reloading);
        return RELOAD_DONE;
    }
    edits = daemon->edit_count;
    take_files(daemon, reloading->difference->fresh);
    control_settings_changed(daemon->control, &reloading->settings.control);
    apply_settings(daemon, &reloading->settings);
    describe_switch(daemon, reloading, edits, text, sizeof(text));
    reload_ended(daemon, true, text);
    return RELOAD_DONE;
}

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
                       plural(connections));
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
        log_draining(daemon->loop->connections->now, timeout);
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
}
