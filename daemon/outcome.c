#include "daemon/outcome.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/options.h"
#include "graph/component.h"
#include "graph/graph.h"

/* Those that have failed, and whose end came first: that of the others may have followed from it.
 */
struct failures {
    const struct component *first; /* NULL: there are none */
    size_t count;
};

static void look_for_failures(const struct graph *part, struct failures *failures)
{
    for (size_t i = 0; i < graph_size(part); i++) {
        const struct component *component = graph_component(part, i);

        if (component == NULL || component->state != FAILED || component->is_leaving) {
            continue;
        }
        if (failures->first == NULL || component->since < failures->first->since) {
            failures->first = component;
        }
        failures->count++;
    }
}

int outcome_of(struct graph *graph)
{
    struct failures failures = {0};
    const char *reason;
    char path[PATH_SIZE];
    char others[64] = "";

    for (unsigned i = 0; i < graph_parts(graph); i++) {
        look_for_failures(graph_part(graph, i), &failures);
    }
    if (failures.first == NULL) {
        return EXIT_SUCCESS;
    }
    reason = component_reason(failures.first);
    if (failures.count > 1) {
        (void)snprintf(others, sizeof(others), ", and so had %zu other%s", failures.count - 1,
                       failures.count == 2 ? "" : "s");
    }
    log_event(LOG_LEVEL_ERROR,
              &(struct log_fields){.component = component_path(failures.first, path, sizeof(path))},
              "ending with status %d: nothing runs any more, and this had failed%s%s%s",
              EXIT_FAILED, others, reason != NULL ? ": " : "", reason != NULL ? reason : "");
    return EXIT_FAILED;
}
