/* Fanout alone. */
#include "graph/loop.h"
#include "graph/supervise.h"
#include "tests/harness.h"
#include "tests/unit.h"

static void test_each_gets_a_copy_and_the_bytes_are_shared(void **context)
{
    struct harness *h = harness_start("Fanout", "{boxnames: [a, b, c]}");
    struct pool *pool = &harness_scene(h)->loop->pool;
    uint32_t filled;

    harness_say(h, "inbox", "hello");
    filled = pool->filled;
    harness_run(h);

    assert_int_equal(pool->filled, filled); /* no new bytes were written */
    assert_string_equal(harness_heard(h, "a"), "hello");
    assert_string_equal(harness_heard(h, "b"), "hello");
    assert_string_equal(harness_heard(h, "c"), "hello");
    assert_null(harness_heard(h, "a"));
    assert_null(harness_heard(h, "signal")); /* data does not go there */
    assert_null(harness_heard(h, "a_signal"));
    harness_stop(h);
}

static void test_one_name_is_enough(void **context)
{
    struct harness *h = harness_start("Fanout", "{boxnames: only}");

    harness_say(h, "inbox", "hello");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_string_equal(harness_heard(h, "only"), "hello");
    assert_int_equal(harness_notice(h, "only_signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_waits_for_the_slowest_and_nobody_loses_anything(void **context)
{
    struct harness *h = harness_start("Fanout", "{boxnames: [slow, fast]}");

    harness_bound(h, "slow", 1);
    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    harness_run(h);
    assert_string_equal(harness_heard(h, "fast"), "one");
    assert_null(harness_heard(h, "fast"));
    assert_string_equal(harness_heard(h, "slow"), "one");
    harness_run(h);

    assert_string_equal(harness_heard(h, "fast"), "two");
    assert_string_equal(harness_heard(h, "slow"), "two");
    harness_stop(h);
}

static void test_the_end_is_told_to_all(void **context)
{
    struct harness *h = harness_start("Fanout", "{boxnames: [a, b]}");

    harness_say(h, "inbox", "last");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_string_equal(harness_heard(h, "a"), "last");
    assert_string_equal(harness_heard(h, "b"), "last");
    assert_int_equal(harness_notice(h, "a_signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_notice(h, "b_signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_a_stop_is_told_to_all(void **context)
{
    struct harness *h = harness_start("Fanout", "{boxnames: [a, b]}");

    harness_say(h, "inbox", "dropped");
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_null(harness_heard(h, "a"));
    assert_int_equal(harness_notice(h, "a_signal"), SHUTDOWN_MICROPROCESS);
    assert_int_equal(harness_notice(h, "b_signal"), SHUTDOWN_MICROPROCESS);
    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    harness_stop(h);
}

static void test_a_restart_by_hand_is_no_end(void **context)
{
    struct harness *h = harness_start("Fanout", "{boxnames: [a, b]}");

    assert_int_equal(component_restart(harness_component(h)), 0);
    harness_say(h, "inbox", "one");
    harness_run(h);

    assert_int_equal(harness_notice(h, "a_signal"), DATA);
    assert_string_equal(harness_heard(h, "b"), "one");
    harness_stop(h);
}

static void test_who_has_gone_holds_nobody_up(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  from: {type: Probe}\n"
                                            "  gone: {type: Probe}\n"
                                            "  there: {type: Probe}\n"
                                            "  fan: {type: Fanout, boxnames: [a, b]}\n"
                                            "linkages:\n"
                                            "  - from.out0 -> fan.inbox\n"
                                            "  - fan.a -> gone.in0\n"
                                            "  - fan.b -> there.in0\n");
    struct component *from = scene_find(scene, "from");

    component_inbox(scene_find(scene, "gone"), PROBE_IN0)->limit = 1;
    probe_send(from, PROBE_OUT0, "one");
    probe_send(from, PROBE_OUT0, "two");
    scene_run(scene);
    component_finish(scene_find(scene, "gone"));
    scene_run(scene);

    assert_string_equal(probe_take(scene, scene_find(scene, "there"), PROBE_IN0), "one");
    assert_string_equal(probe_take(scene, scene_find(scene, "there"), PROBE_IN0), "two");
    scene_stop(scene);
}

static void test_an_arrow_to_several_puts_one_between(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  from: {type: DataSource, messages: [x]}\n"
                                            "  up: {type: PassThrough}\n"
                                            "  down: {type: PassThrough}\n"
                                            "  a: {type: Probe}\n"
                                            "  b: {type: Probe}\n"
                                            "linkages:\n"
                                            "  - from -> [up, down]\n"
                                            "  - up.outbox -> a.in0\n"
                                            "  - down.outbox -> b.in0\n"
                                            "  - up.signal -> a.control\n"
                                            "  - down.signal -> b.control\n");

    scene_run(scene);

    assert_string_equal(probe_take(scene, scene_find(scene, "a"), PROBE_IN0), "x");
    assert_string_equal(probe_take(scene, scene_find(scene, "b"), PROBE_IN0), "x");
    assert_string_equal(probe_take(scene, scene_find(scene, "a"), PROBE_CONTROL),
                        "<producerFinished>");
    assert_string_equal(probe_take(scene, scene_find(scene, "b"), PROBE_CONTROL),
                        "<producerFinished>");
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_gets_a_copy_and_the_bytes_are_shared),
        cmocka_unit_test(test_one_name_is_enough),
        cmocka_unit_test(test_waits_for_the_slowest_and_nobody_loses_anything),
        cmocka_unit_test(test_the_end_is_told_to_all),
        cmocka_unit_test(test_a_stop_is_told_to_all),
        cmocka_unit_test(test_a_restart_by_hand_is_no_end),
        cmocka_unit_test(test_who_has_gone_holds_nobody_up),
        cmocka_unit_test(test_an_arrow_to_several_puts_one_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
