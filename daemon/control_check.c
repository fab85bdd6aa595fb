/* Check, Reload: graph files in; problems, or the difference, out. */
#include <stdio.h>
#include <string.h>

#include "daemon/control_private.h"
#include "daemon/graph_files.h"
#include "graph/error.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/plan_compare.h"

static void bad_graph(struct varlink_call *call, struct errors *errors)
{
    varlink_error(call, "io.axond.BadGraph",
                  json_pack("{s:o}", "problems", control_problems(errors)));
}

/* Checks one file as a start would.  Returns its components; 0 with an error in errors. */
static size_t check(const struct daemon *daemon, const char *file, struct errors *errors)
{
    struct options options = daemon->options;
    struct settings settings;
    struct plan *plan;
    size_t count;

    if (file != NULL) {
        options.graph = file;
    }
    plan = daemon_load(&options, &settings, errors);
    if (plan == NULL) {
        return 0;
    }
    count = plan->component_count;
    plan_release(plan);
    return count;
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

void control_on_check(struct varlink_call *call)
{
    const struct daemon *daemon = control_of(call)->daemon;
    json_t *files = varlink_value(call, "files");
    struct errors *errors;
    struct graph_files list = {0};
    size_t components = 0;
    size_t i;
    json_t *file;

    if (json_array_size(files) > 0 && !varlink_require_privilege(call)) {
        return;
    }
    errors = errors_create();
    if (json_array_size(files) == 0) {
        components = check(daemon, NULL, errors);
    }
    json_array_foreach(files, i, file)
    {
        find(&list, json_string_value(file), errors);
    }
    if (list.count > 1) {
        graph_files_sort_out(&list);
    }
    for (i = 0; i < list.count; i++) {
        if (list.files[i].part_of == NULL) {
            components += check(daemon, list.files[i].path, errors);
        }
    }
    graph_files_deinit(&list);
    if (errors_count(errors) > 0) {
        bad_graph(call, errors);
    } else {
        varlink_reply(call, json_pack("{s:I, s:o}", "components", (json_int_t)components,
                                      "problems", control_problems(errors)));
    }
    errors_destroy(errors);
}

/* ---- reload ---- */

static void tell_change(void *arg, const char *path, enum plan_change change)
{
    static const char *const names[] = {
        [PLAN_ADDED] = "added", [PLAN_REMOVED] = "removed", [PLAN_CHANGED] = "changed"};
    json_t *changes = arg;

    if (json_array_size(changes) < CONTROL_MOST) {
        json_array_append_new(
            changes, json_pack("{s:o, s:s}", "path", control_text(path), "change", names[change]));
    }
}

static json_t *describe_difference(const struct daemon *daemon, const struct plan *old,
                                   const struct plan *fresh, struct errors *errors)
{
    json_t *changes = json_array();
    const struct plan_difference difference = plan_compare(old, fresh, tell_change, changes);

    return json_pack("{s:i, s:I, s:I, s:I, s:I, s:o, s:o}", "generation", (int)daemon->generation,
                     "added", (json_int_t)difference.added, "removed",
                     (json_int_t)difference.removed, "changed", (json_int_t)difference.changed,
                     "unchanged", (json_int_t)difference.unchanged, "changes", changes, "problems",
                     control_problems(errors));
}

static void try_reload(struct varlink_call *call, const struct plan *old, struct errors *errors)
{
    const struct daemon *daemon = control_of(call)->daemon;
    struct settings settings;
    struct plan *plan = daemon_load(&daemon->options, &settings, errors);

    if (plan == NULL) {
        bad_graph(call, errors);
        return;
    }
    varlink_reply(call, describe_difference(daemon, old, plan, errors));
    plan_release(plan);
}

/* The text is "server: the port is in use". */
static void cannot_start(struct varlink_call *call, const char *text)
{
    const char *reason = strstr(text, ": ");
    char path[PATH_SIZE] = "";

    if (reason != NULL) {
        (void)snprintf(path, sizeof(path), "%.*s", (int)(reason - text), text);
    }
    varlink_error(call, "io.axond.CannotStart",
                  json_pack("{s:o, s:o}", "path", control_text(path), "reason",
                            control_text(reason != NULL ? reason + 2 : text)));
}

static void refuse(struct varlink_call *call)
{
    const bool stopping = control_of(call)->daemon->state == DAEMON_STOPPING;

    control_invalid_state(call, NULL, stopping ? "stopping" : "draining",
                          "the daemon is about to end and takes no new graph");
}

static void reload(struct varlink_call *call, const struct plan *old, struct errors *errors)
{
    struct daemon *daemon = control_of(call)->daemon;

    switch (daemon_reload(daemon, errors)) {
    case RELOAD_DONE:
        varlink_reply(call, describe_difference(daemon, old, daemon->graph->plan, errors));
        return;
    case RELOAD_BAD_GRAPH:
        bad_graph(call, errors);
        return;
    case RELOAD_CANNOT_START:
        cannot_start(call, daemon->last_reload.text);
        return;
    case RELOAD_REFUSED:
        refuse(call);
        return;
    }
}

void control_on_reload(struct varlink_call *call)
{
    const struct daemon *daemon = control_of(call)->daemon;
    struct plan *old = NULL; /* all of it has ended, and earlier connections have kept us */
    struct errors *errors;

    if (daemon->state != DAEMON_RUNNING) {
        refuse(call);
        return;
    }
    if (daemon->graph != NULL) {
        old = plan_ref((struct plan *)(uintptr_t)daemon->graph->plan); /* it may end at once */
    }
    errors = errors_create();
    if (varlink_bool(call, "dry_run", false)) {
        try_reload(call, old, errors);
    } else {
        reload(call, old, errors);
    }
    errors_destroy(errors);
    plan_release(old);
}
