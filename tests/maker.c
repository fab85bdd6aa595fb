#include "tests/maker.h"

#include "tests/unit.h"

static int maker_start(struct component *self)
{
    struct maker *maker = component_state(self);

    list_init(&maker->graphs);
    maker->blueprint = blueprint_create(component_loop(self), maker->protocol);
    return 0;
}

static void maker_stop(struct component *self)
{
    struct maker *maker = component_state(self);

    blueprint_release(maker->blueprint);
    maker->blueprint = NULL;
    maker->stops++;
}

static void maker_graph_ended(struct component *self, struct graph *graph)
{
    struct maker *maker = component_state(self);

    maker->ended++;
}

static void mourner_graph_ended(struct component *self, struct graph *graph)
{
    component_finish(self);
}

static const struct box_spec inboxes[] = {
    [MAKER_IN0] = {.name = "in0", .carries = ANYTHING, .doc = "for the test to take"},
    [MAKER_IN1] = {.name = "in1", .carries = ANYTHING, .doc = "likewise"},
    [MAKER_CONTROL] = {.name = "control", .carries = NOTICES, .doc = "likewise"},
    {0},
};
static const struct box_spec outboxes[] = {
    [MAKER_OUT0] = {.name = "out0", .carries = ANYTHING, .doc = "what the test sends"},
    [MAKER_OUT1] = {.name = "out1", .carries = ANYTHING, .doc = "likewise"},
    [MAKER_SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "likewise"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_GRAPH(struct maker, protocol), .required = true, .doc = "what to make"},
    {0},
};

#define MAKES_GRAPHS                                                                               \
    .size = sizeof(struct maker), .inboxes = inboxes, .outboxes = outboxes,                        \
    .parameters = parameters, .heeds_control = true, .children = offsetof(struct maker, graphs),   \
    .start = maker_start, .stop = maker_stop

const struct component_type maker_type = {
    .name = "Maker",
    .summary = "makes graphs",
    MAKES_GRAPHS,
    .graph_ended = maker_graph_ended,
};

const struct component_type mourner_type = {
    .name = "Mourner",
    .summary = "makes graphs, and ends with one",
    MAKES_GRAPHS,
    .graph_ended = mourner_graph_ended,
};

struct maker *maker_of(struct scene *scene)
{
    return component_state(scene_find(scene, "m"));
}

struct graph *make(struct scene *scene, uint64_t number)
{
    return blueprint_instantiate(maker_of(scene)->blueprint, scene_find(scene, "m"), number);
}

struct graph *make_started(struct scene *scene, uint64_t number)
{
    struct graph *graph = make(scene, number);

    assert_int_equal(graph_start_instance(graph), 0);
    return graph;
}
