/* Check, Reload: graph files in; problems, or the difference, out.
 *
 * A thread does the work (jobs.h), so the call is answered later, if its client is still there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/control_private.h"
#include "daemon/graph_files.h"
#include "daemon/jobs.h"
#include "daemon/reloading.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "graph/plan_edit.h"

static void bad_graph(struct varlink_call *call, struct errors *errors)
{
    varlink_error(call, "io.axond.BadGraph",
                  json_pack("{s:o}", "problems", control_problems(errors)));
}

/* Answers a call that the daemon's end is faster than. */
static void answer_end(struct control_wait *wait)
{
    control_invalid_state(wait->call, NULL, "stopping",
                          "the daemon has ended before the graph was loaded");
}

/* ---- check: in a thread, from the copies in struct check to its errors ---- */

struct check {
    struct control_wait wait;
    struct job job;
    bool has_caller;
    struct options options; /* copies */
    json_t *files;
    struct errors *errors;
    size_t components;
};

/* Checks one file as a start would. */
static void check(struct check *all, const char *file)
{
    struct options options = all->options;
    struct settings settings;
    struct plan *plan;

    if (file != NULL) {
        options.graph = file;
    }
    plan = daemon_load(&options, &settings, all->errors);
    if (plan != NULL) {
        all->components += plan->component_count;
        plan_release(plan);
    }
}

static void find(struct graph_files *list, const char *path, struct errors *errors)
{
    const int added = graph_files_add(list, path);

    if (added < 0) {
        errors_report(errors, NULL, "%s: cannot be read: %s", shown(path).text, strerror(-added));
    } else if (added == 0) {
        errors_report(errors, NULL, "%s: there are no files *.yaml in this folder",
                      shown(path).text);
    }
}

static struct check *check_of(struct job *job)
{
    return container_of(job, struct check, job);
}

static void check_all(struct job *job)
{
    struct check *all = check_of(job);
    struct graph_files list = {0};
    size_t i;
    json_t *file;

    if (json_array_size(all->files) == 0) {
        check(all, NULL);
    }
    json_array_foreach(all->files, i, file)
    {
        find(&list, json_string_value(file), all->errors);
    }
    if (list.count > 1) {
        graph_files_sort_out(&list);
    }
    for (i = 0; i < list.count; i++) {
        if (list.files[i].part_of == NULL) {
            check(all, list.files[i].path);
        }
    }
    graph_files_deinit(&list);
}

static void destroy_check(struct job *job)
{
    struct check *all = check_of(job);

    errors_destroy(all->errors);
    json_decref(all->files);
    free(all);
}

static void answer_check(struct job *job)
{
    struct check *all = check_of(job);

    if (all->has_caller && errors_count(all->errors) > 0) {
        bad_graph(all->wait.call, all->errors);
    } else if (all->has_caller) {
        varlink_reply(all->wait.call,
                      json_pack("{s:I, s:o}", "components", (json_int_t)all->components, "problems",
                                control_problems(all->errors)));
    }
    destroy_check(job);
}

static void on_check_end(struct varlink_call *call)
{
    struct check *all = call->data;

    control_wait_end(&all->wait);
    all->has_caller = false;
    if (jobs_remove(&all->job)) {
        destroy_check(&all->job);
    }
}

void control_on_check(struct varlink_call *call)
{
    const struct daemon *daemon = control_of(call)->daemon;
    json_t *files = varlink_value(call, "files");
    struct check *all;

    if (json_array_size(files) > 0 && !varlink_require_privilege(call)) {
        return;
    }
    all = mem_alloc(sizeof(*all));
    all->job = (struct job){.work = check_all, .done = answer_check, .destroy = destroy_check};
    all->options = daemon->options;
    all->files = json_deep_copy(files);
    all->errors = errors_create();
    all->has_caller = true;
    call->data = all;
    call->on_end = on_check_end;
    control_wait_begin(&all->wait, call, answer_end);
    jobs_add(daemon->jobs, &all->job);
}

/* ---- reload ---- */

struct reload {
    struct control_wait wait;
    struct reloading reloading;
    bool has_caller;
};

static void add_change(json_t *changes, const char *path, const char *change, const char *why)
{
    json_array_append_new(changes, json_pack("{s:o, s:s, s:o}", "path", control_text(path),
                                             "change", change, "why", control_text(why)));
}

static bool has_room(const json_t *changes)
{
    return json_array_size(changes) < CONTROL_MOST;
}

static json_t *list_changes(const struct reloading *reloading)
{
    const struct plan_difference *difference = reloading->difference;
    json_t *changes = json_array();

    for (size_t i = 0; i < difference->count && has_room(changes); i++) {
        const struct plan_change *one = &difference->changes[i];

        add_change(changes, (one->after != NULL ? one->after : one->before)->path,
                   plan_change_name(one->kind), one->why);
    }
    for (size_t i = 0; i < reloading->revived.count && has_room(changes); i++) {
        add_change(changes, reloading->revived.items[i]->path, "restarted", "it had ended");
    }
    return changes;
}

static json_t *describe_difference(const struct reload *reload)
{
    const struct daemon *daemon = control_of(reload->wait.call)->daemon;
    const struct plan_difference *difference = reload->reloading.difference;
    const size_t restarted = reload->reloading.revived.count;

    return json_pack(
        "{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "generation", (int)daemon->generation,
        "added", (json_int_t)difference->added, "removed", (json_int_t)difference->removed,
        "replaced", (json_int_t)difference->replaced, "changed", (json_int_t)difference->changed,
        "relinked", (json_int_t)difference->relinked, "restarted", (json_int_t)restarted,
        "unchanged", (json_int_t)(difference->kept - restarted), "changes",
        list_changes(&reload->reloading), "problems", control_problems(reload->reloading.errors));
}

static void cannot_start(struct varlink_call *call, const struct reload_failure *failure)
{
    varlink_error(call, "io.axond.CannotStart",
                  json_pack("{s:o, s:o, s:o}", "path", control_text(failure->path), "reason",
                            control_text(failure->reason), "place",
                            control_text(failure->place[0] != '\0' ? failure->place : NULL)));
}

static void refuse(struct varlink_call *call)
{
    const bool stopping = control_of(call)->daemon->state == DAEMON_STOPPING;

    control_invalid_state(call, NULL, stopping ? "stopping" : "draining",
                          "the daemon is about to end and takes no new graph");
}

static void answer_reload(struct reloading *reloading, enum reload_outcome outcome)
{
    const struct reload *reload = reloading->arg;
    struct varlink_call *call = reload->wait.call;

    if (!reload->has_caller) {
        return;
    }
    switch (outcome) {
    case RELOAD_DONE:
        varlink_reply(call, describe_difference(reload));
        return;
    case RELOAD_BAD_GRAPH:
        bad_graph(call, reloading->errors);
        return;
    case RELOAD_CANNOT_START:
        cannot_start(call, &reloading->failure);
        return;
    case RELOAD_REFUSED:
        refuse(call);
        return;
    }
}

static void free_reload(struct reloading *reloading)
{
    struct reload *reload = reloading->arg;

    free(reload);
}

/* A reload that was asked for is made; nobody needs to know any more what one would do. */
static void on_reload_end(struct varlink_call *call)
{
    struct reload *reload = call->data;

    control_wait_end(&reload->wait);
    reload->has_caller = false;
    if (reload->reloading.is_dry_run) {
        reloading_cancel(&reload->reloading);
    }
}

void control_begin_change(struct varlink_call *call, struct plan_edit *edit)
{
    struct daemon *daemon = control_of(call)->daemon;
    struct reload *reload;

    if (daemon->state != DAEMON_RUNNING) {
        plan_edit_destroy(edit);
        refuse(call);
        return;
    }
    reload = mem_alloc(sizeof(*reload));
    reload->has_caller = true;
    reload->reloading = (struct reloading){
        .is_dry_run = edit == NULL && varlink_bool(call, "dry_run", false),
        .edit = edit,
        .arg = reload,
        .answer = answer_reload,
        .free = free_reload,
    };
    call->data = reload;
    call->on_end = on_reload_end;
    control_wait_begin(&reload->wait, call, answer_end);
    reloading_begin(&reload->reloading, daemon);
}

void control_on_reload(struct varlink_call *call)
{
    control_begin_change(call, NULL);
}
