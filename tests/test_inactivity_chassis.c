/* InactivityChassis: a probe in it, from and to around it. */
#include "graph/graph.h"
#include "tests/clock.h"
#include "tests/scene.h"
#include "tests/unit.h"

static struct scene *scene;
static struct component *from, *chassis, *child, *to;

static void start(const char *component, const char *more)
{
    char yaml[1024];

    (void)snprintf(yaml, sizeof(yaml),
                   "components:\n"
                   "  from: {type: Probe}\n"
                   "  chassis: {type: InactivityChassis, component: %s, %s}\n"
                   "  to: {type: Probe}\n"
                   "linkages: [from -> chassis -> to]\n",
                   component, more);
    scene = scene_start(NULL, yaml);
    assert_non_null(scene->graph);
    from = scene_find(scene, "from");
    chassis = scene_find(scene, "chassis");
    to = scene_find(scene, "to");
    scene_run(scene);
    if (chassis->state == RUNNING) {
        child = graph_component(component_next_graph(chassis, NULL), 0);
    }
}

static void assert_hears(struct component *component, unsigned inbox, const char *text)
{
    probe_hears(scene, component, inbox, text);
}

static bool child_was_told(void *arg)
{
    return !inbox_is_empty(child, PROBE_CONTROL);
}

static bool is_over(void *arg)
{
    return component_is_over(chassis);
}

static void test_passes_all_boxes_without_a_turn_of_its_own(void **context)
{
    uint64_t turns;

    start("Probe", "timeout: 1h");
    turns = scene->loop->turns;
    probe_send(from, PROBE_OUT0, "in");
    probe_send(child, PROBE_OUT0, "out");
    scene_run(scene);

    assert_hears(child, PROBE_IN0, "in");
    assert_hears(to, PROBE_IN0, "out");
    assert_int_equal(scene->loop->turns, turns + 2);
    outbox_notify(from, PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    assert_hears(child, PROBE_CONTROL, "<producerFinished>");
    scene_stop(scene);
}

static void test_an_idle_child_is_told_to_finish_then_to_stop(void **context)
{
    double began;

    start("Probe", "timeout: 40ms, grace: 40ms");
    began = clock_now();
    scene_wait(scene, child_was_told, NULL);

    clock_expect_passed(began, 0.04);
    assert_hears(child, PROBE_CONTROL, "<producerFinished>");
    scene_wait(scene, child_was_told, NULL);
    clock_expect_passed(began, 0.08);
    assert_hears(child, PROBE_CONTROL, "<shutdownMicroprocess>");
    component_finish(child);
    scene_run(scene);
    assert_int_equal(chassis->state, STOPPED);
    assert_hears(to, PROBE_CONTROL, "<producerFinished>");
    scene_stop(scene);
}

/* Something passes a few times in each timeout, for several of them. */
static void keep_busy(struct component *component)
{
    const double until = clock_now() + 0.3;

    while (clock_now() < until) {
        probe_send(component, PROBE_OUT0, "x");
        scene_wait_seconds(scene, 0.01);
    }
}

static void test_what_comes_in_keeps_it_from_being_idle(void **context)
{
    start("Probe", "timeout: 100ms");
    keep_busy(from);

    assert_false(child_was_told(NULL));
    scene_wait(scene, child_was_told, NULL);
    scene_stop(scene);
}

static void test_what_goes_out_keeps_it_from_being_idle(void **context)
{
    start("Probe", "timeout: 100ms");
    keep_busy(child);

    assert_false(child_was_told(NULL));
    scene_wait(scene, child_was_told, NULL);
    scene_stop(scene);
}

static void test_what_goes_out_of_a_chassis_within_counts(void **context)
{
    start("{type: Pipeline, components: [PassThrough, PassThrough]}", "timeout: 100ms");
    keep_busy(from);

    assert_false(is_over(NULL));
    scene_wait(scene, is_over, NULL);
    assert_hears(to, PROBE_CONTROL, "<producerFinished>");
    scene_stop(scene);
}

static void test_ends_and_says_so_when_its_child_does(void **context)
{
    start("Probe", "timeout: 1h");
    component_finish(child);
    scene_run(scene);

    assert_int_equal(chassis->state, STOPPED);
    assert_hears(to, PROBE_CONTROL, "<producerFinished>");
    assert_null(probe_take(scene, to, PROBE_CONTROL));
    scene_stop(scene);
}

static void test_fails_when_its_child_does(void **context)
{
    start("Probe", "timeout: 1h");
    (void)component_fail(child, 0, "a reason");

    assert_int_equal(chassis->state, FAILED);
    assert_string_equal(component_reason(chassis), "chassis/probe has failed: a reason");
    scene_stop(scene);
}

static void test_cannot_start_when_its_child_cannot(void **context)
{
    scene = scene_start(NULL, "components:\n"
                              "  it: {type: InactivityChassis, component: {type: TCPServer,\n"
                              "       host: 192.0.2.1, listenport: 9}}\n");

    assert_null(scene->graph);
    assert_non_null(strstr(scene->refusal, "it: it/tcpserver has failed: "));
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes_all_boxes_without_a_turn_of_its_own),
        cmocka_unit_test(test_an_idle_child_is_told_to_finish_then_to_stop),
        cmocka_unit_test(test_what_comes_in_keeps_it_from_being_idle),
        cmocka_unit_test(test_what_goes_out_keeps_it_from_being_idle),
        cmocka_unit_test(test_what_goes_out_of_a_chassis_within_counts),
        cmocka_unit_test(test_ends_and_says_so_when_its_child_does),
        cmocka_unit_test(test_fails_when_its_child_does),
        cmocka_unit_test(test_cannot_start_when_its_child_cannot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
