/* The switch to what the graph files say now, and what is said of it. */
#include <ev.h>
#include <stdio.h>

#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/plural.h"
#include "daemon/reloading.h"
#include "graph/document.h"
#include "graph/error.h"
#include "graph/graph_change.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "graph/plan_edit.h"
#include "graph/source.h"

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
void daemon_refuse_reload(struct daemon *daemon)
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
                   difference->fresh->component_count, PLURAL(difference->fresh->component_count));
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
    daemon_forget_edits(daemon);
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
            daemon_refuse_reload(daemon);
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
    daemon_apply_settings(daemon, &reloading->settings);
    describe_switch(daemon, reloading, edits, text, sizeof(text));
    reload_ended(daemon, true, text);
    return RELOAD_DONE;
}
