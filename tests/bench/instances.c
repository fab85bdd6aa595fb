/* instances [COUNT]: a protocol's graph made and ended so many times (a million), without sockets.
 *
 *     blueprint of EchoProtocol ──instantiate, start──► COUNT graphs, all at once ──► destroy
 *
 * Prints one JSON object: "count", "bytes" of memory for each, "make_ns" and "end_ns" for each. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "components/component_types.h"
#include "graph/error.h"
#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/plan.h"

/* Holds the graphs, as a ProtocolHandler would. */
struct maker {
    struct plan *graph; /* parameter */
    struct list made;
};

static const struct box_spec boxes[] = {
    {.name = "control", .carries = NOTICES, .doc = "stop"},
    {0},
};
static const struct box_spec signals[] = {
    {.name = "signal", .carries = NOTICES, .doc = "stopped"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_GRAPH(struct maker, graph), .required = true, .doc = "what to make"},
    {0},
};

static int maker_start(struct component *self)
{
    list_init(&((struct maker *)component_state(self))->made);
    return 0;
}

static const struct component_type maker_type = {
    .name = "Maker",
    .summary = "makes graphs",
    .size = sizeof(struct maker),
    .inboxes = boxes,
    .outboxes = signals,
    .parameters = parameters,
    .children = offsetof(struct maker, made),
    .start = maker_start,
};

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static size_t memory(void)
{
    const struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* The program's types and Maker, NULL-ended. */
static const struct component_type **all_types(void)
{
    const struct component_type **types;
    size_t count = 0;

    while (component_types[count] != NULL) {
        count++;
    }
    types = mem_alloc_array(count + 2, sizeof(*types));
    memcpy(types, component_types, count * sizeof(*types));
    types[count] = &maker_type;
    return types;
}

static void measure(struct component *maker, size_t count)
{
    struct loop *loop = component_loop(maker);
    struct blueprint *blueprint =
        blueprint_create(loop, ((struct maker *)component_state(maker))->graph);
    const size_t before = memory();
    const double began = now_ns();
    double made;
    size_t bytes;
    struct graph *graph;

    for (size_t i = 1; i <= count; i++) {
        graph = blueprint_instantiate(blueprint, maker, i);
        if (graph_start_instance(graph) < 0) {
            fputs("instances: one could not be started\n", stderr);
            exit(1);
        }
    }
    made = now_ns();
    bytes = memory() - before;
    while ((graph = component_next_graph(maker, NULL)) != NULL) {
        graph_destroy(graph);
    }
    (void)loop_settle(loop);
    printf(
        "{\"count\": %zu, \"bytes\": %.1f, \"make_ns\": %.1f, \"end_ns\": %.1f, \"left\": %zu}\n",
        count, (double)bytes / (double)count, (made - began) / (double)count,
        (now_ns() - made) / (double)count, memory() > before ? memory() - before : 0);
    blueprint_release(blueprint);
}

int main(int argc, char **argv)
{
    static const char yaml[] = "components: {maker: {type: Maker, graph: EchoProtocol}}";
    const size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    const struct component_type **types = all_types();
    const struct loop_hooks hooks = {0};
    struct loop *loop = loop_create(types, &hooks);
    struct errors *errors = errors_create();
    const struct plan_options options = {.types = types};
    struct plan *plan = plan_parse("instances.yaml", yaml, strlen(yaml), &options, errors);
    char text[200];
    struct graph *graph;

    if (count == 0 || loop == NULL || plan == NULL) {
        errors_print(errors, stderr, false);
        fputs("usage: instances [COUNT]\n", stderr);
        return 64;
    }
    graph = graph_start(loop, plan, text, sizeof(text));
    if (graph == NULL) {
        fprintf(stderr, "instances: %s\n", text);
        return 71;
    }
    measure(graph_component(graph, 0), count);
    errors_destroy(errors);
    loop_destroy(loop);
    free(types);
    return 0;
}
