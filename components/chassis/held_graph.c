#include "components/chassis/held_graph.h"

#include <errno.h>
#include <stdio.h>

void held_pass_into(struct graph *graph, enum edge edge, struct component *holder, unsigned inbox)
{
    const int result = graph_pass_into(graph, edge, holder, inbox);

    REQUIRE(result == 0 || result == -ENOENT);
}

void held_pass_out(struct graph *graph, enum edge edge, struct component *holder, unsigned outbox)
{
    const int result = graph_pass_out(graph, edge, holder, outbox);

    REQUIRE(result == 0 || result == -ENOENT);
}

bool held_failure(const struct graph *graph, char *text, size_t size)
{
    const struct component *failed = graph_failed(graph);
    const char *reason = failed != NULL ? component_reason(failed) : NULL;
    char path[PATH_SIZE];

    if (failed != NULL) {
        (void)snprintf(text, size, "%s has failed%s%s", component_path(failed, path, sizeof(path)),
                       reason != NULL ? ": " : "", reason != NULL ? reason : "");
    }
    return failed != NULL;
}
