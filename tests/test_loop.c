/* The loop: who is run, when, and that nobody is when there is nothing to do. */
#include "graph/loop.h"

#include "graph/graph.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* A component that never has enough. */
static void spinner_run(struct component *self)
{
    uint64_t *runs = component_state(self);

    (*runs)++;
    component_wake(self);
}

/* Waits for memory whenever it is run while there is none. */
static void thirsty_run(struct component *self)
{
    uint64_t *runs = component_state(self);

    (*runs)++;
    if (pool_is_short(component_pool(self))) {
        component_wait_for_memory(self);
    }
}

static int wake_at_start(struct component *self)
{
    component_wake(self);
    return 0;
}

static const struct box_spec inboxes[] = {
    {.name = "control", .carries = NOTICES, .doc = "stop"},
    {0},
};
static const struct box_spec outboxes[] = {
    {.name = "signal", .carries = NOTICES, .doc = "stopped"},
    {0},
};
static const struct component_type spinner_type = {
    .name = "Spinner",
    .summary = "always has work",
    .size = sizeof(uint64_t),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .start = wake_at_start,
    .run = spinner_run,
};
static const struct component_type thirsty_type = {
    .name = "Thirsty",
    .summary = "waits for memory",
    .size = sizeof(uint64_t),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .run = thirsty_run,
};
static const struct component_type *const types[] = {&spinner_type, &thirsty_type, NULL};

static uint64_t runs(const struct scene *scene, const char *path)
{
    return *(uint64_t *)component_state(scene_find(scene, path));
}

static void test_components_are_run_in_the_order_of_waking(void **context)
{
    struct scene *scene = scene_start(
        NULL, "components:\n  a: {type: Probe}\n  b: {type: Probe}\n  c: {type: Probe}\n");
    struct component *a = scene_find(scene, "a");
    struct component *b = scene_find(scene, "b");
    struct component *c = scene_find(scene, "c");

    component_wake(c);
    component_wake(a);
    component_wake(b);
    component_wake(c); /* is in the queue already */

    assert_ptr_equal(scene->loop->queue.first, c);
    assert_ptr_equal(c->next_runnable, a);
    assert_ptr_equal(a->next_runnable, b);
    assert_null(b->next_runnable);
    assert_int_equal(loop_settle(scene->loop), 3);
    assert_null(scene->loop->queue.first);
    scene_stop(scene);
}

static void test_a_busy_component_starves_nobody(void **context)
{
    struct scene *scene = scene_start(types, "components:\n"
                                             "  busy: {type: Spinner}\n"
                                             "  too: {type: Spinner}\n"
                                             "  source: {type: DataSource, messages: [a, b, c]}\n"
                                             "  echo: {type: EchoProtocol}\n"
                                             "  sink: {type: Probe}\n"
                                             "linkages: [source -> echo -> sink]\n");
    uint64_t difference;

    scene_wait_seconds(scene, 0.005); /* the timer that ends this is looked at, too */

    assert_string_equal(probe_take(scene, scene_find(scene, "sink"), PROBE_IN0), "a");
    assert_string_equal(probe_take(scene, scene_find(scene, "sink"), PROBE_IN0), "b");
    assert_string_equal(probe_take(scene, scene_find(scene, "sink"), PROBE_IN0), "c");
    difference = runs(scene, "busy") - runs(scene, "too");
    assert_true(runs(scene, "busy") > 1);
    assert_true(difference + 1 <= 2); /* turn by turn */
    graph_destroy(scene->graph);
    scene->graph = NULL;
    scene_stop(scene);
}

static void test_who_has_more_to_do_goes_on_when_sockets_have_been_looked_at(void **context)
{
    struct scene *scene = scene_start(types, "components:\n"
                                             "  busy: {type: Spinner}\n"
                                             "  source: {type: DataSource, messages: [a]}\n"
                                             "  echo: {type: EchoProtocol}\n"
                                             "  pass: {type: PassThrough}\n"
                                             "  sink: {type: Probe}\n"
                                             "linkages: [source -> echo -> pass -> sink]\n");

    loop_once(scene->loop, false);

    assert_int_equal(runs(scene, "busy"), 2); /* ev_run() makes two passes: one as it begins */
    assert_string_equal(probe_take(scene, scene_find(scene, "sink"), PROBE_IN0), "a");
    graph_destroy(scene->graph);
    scene->graph = NULL;
    scene_stop(scene);
}

static void test_whose_turn_is_full_goes_on_in_the_same_pass(void **context)
{
    enum { TURNS = 4 };
    struct scene *scene = scene_start(types, "components:\n"
                                             "  echo: {type: EchoProtocol}\n"
                                             "  sink: {type: Probe}\n"
                                             "linkages: [echo -> sink]\n");
    struct inbox *in = component_inbox(scene_find(scene, "echo"), 0);

    for (int i = 0; i < TURNS * TURN; i++) {
        inbox_put(in, message_copy(&scene->loop->pool, "x", 1));
    }
    loop_once(scene->loop, false); /* two passes at most, as above */

    assert_int_equal(component_inbox(scene_find(scene, "sink"), PROBE_IN0)->box.queued,
                     TURNS * TURN);
    scene_stop(scene);
}

static void test_an_idle_loop_sleeps(void **context)
{
    struct scene *scene =
        scene_start(NULL, "components:\n"
                          "  echo: {type: EchoProtocol}\n"
                          "  pass: {type: PassThrough}\n"
                          "  lines: {type: LineFramer}\n"
                          "  fan: {type: Fanout, boxnames: [a, b]}\n"
                          "  console: {type: ConsoleEchoer}\n"
                          "  null: {type: NullSink}\n"
                          "  pipe: {type: Pipeline, components: [{type: Discard}]}\n"
                          "  line: {type: Graphline, components: "
                          "{a: {type: EchoProtocol}}, linkages: []}\n");
    unsigned iterations;
    uint64_t turns;

    scene_run(scene);
    iterations = ev_iteration(scene->loop->ev);
    turns = scene->loop->turns;
    scene_wait_seconds(scene, 0.3);

    assert_in_range(ev_iteration(scene->loop->ev) - iterations, 1, 2); /* the test's timer */
    assert_int_equal(scene->loop->turns, turns);
    scene_stop(scene);
}

static void test_a_sender_without_room_does_not_keep_the_loop_awake(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  source: {type: DataSource, messages: [a, b, c]}\n"
                                            "  pass: {type: PassThrough}\n"
                                            "  sink: {type: Probe}\n"
                                            "linkages: [source -> pass -> sink]\n");
    unsigned iterations;

    component_inbox(scene_find(scene, "sink"), PROBE_IN0)->limit = 1;
    component_inbox(scene_find(scene, "sink"), PROBE_IN0)->box.flags &= (uint16_t)~BOX_BOUND_BYTES;
    scene_run(scene);
    iterations = ev_iteration(scene->loop->ev);
    scene_wait_seconds(scene, 0.1);

    assert_in_range(ev_iteration(scene->loop->ev) - iterations, 1, 2);
    assert_int_equal(component_inbox(scene_find(scene, "sink"), PROBE_IN0)->box.queued, 1);
    assert_int_equal(component_inbox(scene_find(scene, "pass"), 0)->box.queued, 2);
    scene_stop(scene);
}

static void test_running_ends_when_told_and_may_go_on(void **context)
{
    struct scene *scene = scene_start(types, "components:\n  busy: {type: Spinner}\n");
    uint64_t before;

    scene_wait_seconds(scene, 0.001);
    before = runs(scene, "busy");
    scene_wait_seconds(scene, 0.001);

    assert_true(before > 0);
    assert_true(runs(scene, "busy") > before);
    graph_destroy(scene->graph);
    scene->graph = NULL;
    scene_stop(scene);
}

static void test_who_waits_for_memory_is_run_when_there_is_some(void **context)
{
    struct scene *scene = scene_start(types, "components:\n  it: {type: Thirsty}\n");
    struct pool *pool = &scene->loop->pool;
    struct message *held;
    size_t room;

    pool->memory_limit = BLOCK_SIZE;
    (void)message_reserve(pool, BLOCK_SIZE, &room);
    held = message_commit(pool, BLOCK_SIZE);
    (void)message_reserve(pool, 1, &room); /* the pool lets go of the block that is held */
    component_wake(scene_find(scene, "it"));
    loop_once(scene->loop, false);
    loop_once(scene->loop, false);
    loop_once(scene->loop, false);
    assert_int_equal(runs(scene, "it"), 1);
    message_release(held);
    loop_once(scene->loop, false);
    loop_once(scene->loop, false);

    assert_int_equal(runs(scene, "it"), 2);
    scene_stop(scene);
}

static void test_types_are_found_by_name(void **context)
{
    struct scene *scene = scene_start(types, "components:\n  busy: {type: Spinner}\n");

    assert_ptr_equal(loop_find_type(scene->loop, "Spinner"), &spinner_type);
    assert_null(loop_find_type(scene->loop, "spinner"));
    graph_destroy(scene->graph);
    scene->graph = NULL;
    scene_stop(scene);
}

static void test_a_loop_may_be_destroyed_with_all_that_runs_in_it(void **context)
{
    struct loop *loop;
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  source: {type: DataSource, messages: [a, b]}\n"
                                            "  echo: {type: EchoProtocol}\n"
                                            "linkages: [source -> echo]\n");

    scene->graph = NULL; /* left to the loop */
    loop = scene->loop;
    assert_false(list_is_empty(&loop->graphs));
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_components_are_run_in_the_order_of_waking),
        cmocka_unit_test(test_a_busy_component_starves_nobody),
        cmocka_unit_test(test_who_has_more_to_do_goes_on_when_sockets_have_been_looked_at),
        cmocka_unit_test(test_whose_turn_is_full_goes_on_in_the_same_pass),
        cmocka_unit_test(test_an_idle_loop_sleeps),
        cmocka_unit_test(test_a_sender_without_room_does_not_keep_the_loop_awake),
        cmocka_unit_test(test_running_ends_when_told_and_may_go_on),
        cmocka_unit_test(test_who_waits_for_memory_is_run_when_there_is_some),
        cmocka_unit_test(test_types_are_found_by_name),
        cmocka_unit_test(test_a_loop_may_be_destroyed_with_all_that_runs_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
