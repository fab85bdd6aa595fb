#include "daemon/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/graph_files.h"
#include "daemon/plural.h"
#include "graph/error.h"
#include "graph/plan.h"

/* is_listed: one with mistakes gets a line as well. */
static bool check(const struct options *options, const char *path, bool is_listed)
{
    struct options own = *options;
    struct settings settings;
    struct errors *errors = errors_create();
    struct plan *plan;

    own.graph = path;
    plan = daemon_load(&own, &settings, errors);
    errors_print(errors, stderr, log_has_colour());
    if (plan != NULL) {
        (void)printf("%s: ok, %zu component%s\n", path, plan->component_count,
                     PLURAL(plan->component_count));
    } else if (is_listed) {
        (void)printf("%s: %zu error%s\n", path, errors_count(errors), PLURAL(errors_count(errors)));
    }
    (void)fflush(stdout); /* so that it stands with its mistakes */
    errors_destroy(errors);
    plan_release(plan);
    return plan != NULL;
}

/* Returns false, after saying why, if a folder has none or cannot be read. */
static bool find(struct graph_files *list, const char *path)
{
    const int added = graph_files_add(list, path);

    if (added < 0) {
        (void)fprintf(stderr, "%s: error: cannot be read: %s\n", path, strerror(-added));
    } else if (added == 0) {
        (void)fprintf(stderr, "%s: error: there are no files *.yaml in this folder\n", path);
    }
    return added > 0;
}

int check_graphs(const struct options *options)
{
    struct graph_files list = {0};
    size_t bad = 0;
    size_t graphs = 0;
    bool found_all = true;

    for (int i = 0; i < options->graph_count; i++) {
        found_all &= find(&list, options->graphs[i]);
    }
    if (list.count > 1) {
        graph_files_sort_out(&list);
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct graph_file *file = &list.files[i];

        if (file->part_of != NULL) {
            (void)printf("%s: a part of %s\n", file->path, file->part_of);
        } else {
            graphs++;
            bad += !check(options, file->path, list.count > 1 || !file->is_named);
        }
    }
    if (graphs > 1) {
        (void)printf("%zu graphs, %zu with errors\n", graphs, bad);
    }
    graph_files_deinit(&list);
    return bad == 0 && found_all ? EXIT_SUCCESS : EXIT_BAD_GRAPH;
}
