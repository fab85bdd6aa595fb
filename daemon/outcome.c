#include "daemon/outcome.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/options.h"
#include "graph/component.h"
#include "graph/graph.h"

/* Whose end came first: that of the others may have followed from it. */
static const struct component *find_first_failed(const struct graph *graph, size_t *count)
{
    const struct component *first = NULL;

    *count = 0;
    for (size_t i = 0; i < graph_size(graph); i++) {
        const struct component *component = graph_component(graph, i);

        if (component == NULL || component->state != FAILED || component->is_leaving) {
            continue;
        }
        if (first == NULL || component->since < first->since) {
            first = component;
        }
        ++*count;
    }
    return first;
}

int outcome_of(const struct graph *graph)
{
    size_t count;
    const struct component *failed = find_first_failed(graph, &count);
    const char *reason = failed != NULL ? component_reason(failed) : NULL;
    char path[PATH_SIZE];
    char others[64] = "";

    if (failed == NULL) {
        return EXIT_SUCCESS;
    }
    if (count > 1) {
        (void)snprintf(others, sizeof(others), ", and so had %zu other%s", count - 1,
                       count == 2 ? "" : "s");
    }
    log_event(LOG_LEVEL_ERROR,
              &(struct log_fields){.component = component_path(failed, path, sizeof(path))},
              "ending with status %d: nothing runs any more, and this had failed%s%s%s",
              EXIT_FAILED, others, reason != NULL ? ": " : "", reason != NULL ? reason : "");
    return EXIT_FAILED;
}
