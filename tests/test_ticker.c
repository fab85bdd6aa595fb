/* Ticker and its namesakes. */
#include "tests/clock.h"
#include "tests/harness.h"
#include "tests/unit.h"

struct listener {
    struct harness *h;
    uint64_t heard;
    uint64_t expected;
};

static bool has_heard_all(void *arg)
{
    struct listener *listener = arg;

    while (harness_heard(listener->h, "outbox") != NULL) {
        listener->heard++;
    }
    return listener->heard >= listener->expected;
}

static void test_sends_a_tick_at_every_interval_but_none_at_once(void **context)
{
    struct harness *h = harness_start("Ticker", "{interval: 20ms}");
    struct listener listener = {.h = h, .expected = 5};
    const double began = clock_now();

    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    scene_wait(harness_scene(h), has_heard_all, &listener);

    clock_expect_passed(began, 0.1);
    harness_stop(h);
}

static void test_every_interval_is_a_tick_sent_or_a_tick_missed(void **context)
{
    struct harness *h = harness_start("Ticker", "{interval: 3ms}");
    struct listener listener = {.h = h, .expected = 30};
    const double began = clock_now();
    uint64_t due;

    scene_wait(harness_scene(h), has_heard_all, &listener);
    due = harness_stat(h, "sent") + harness_stat(h, "missed");

    /* an interval more or less, as the clock was looked at outside */
    assert_in_range(due, 30, (uint64_t)((clock_now() - began) / 0.003) + 1);
    harness_stop(h);
}

static void test_a_slow_reader_has_at_most_one_waiting(void **context)
{
    struct harness *h = harness_start("Ticker", "{interval: 5ms, message: now}");

    scene_wait_seconds(harness_scene(h), 0.1);
    assert_int_equal(harness_stat(h, "sent"), 1);
    assert_in_range(harness_stat(h, "missed"), 18, 19); /* of 20 */
    assert_string_equal(harness_heard(h, "outbox"), "now");
    assert_null(harness_heard(h, "outbox"));
    scene_wait_seconds(harness_scene(h), 0.05);

    assert_int_equal(harness_stat(h, "sent"), 2); /* what he missed is not made up for */
    assert_string_equal(harness_heard(h, "outbox"), "now");
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_what_others_send_to_its_reader_does_not_hold_it_back(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  clock: {type: Ticker, interval: 5ms}\n"
                                            "  other: {type: Probe}\n"
                                            "  reader: {type: Probe}\n"
                                            "linkages:\n"
                                            "  - clock.outbox -> reader.in0\n"
                                            "  - other.out0 -> reader.in0\n");
    struct component *reader = scene_find(scene, "reader");

    scene_wait_seconds(scene, 0.05);
    probe_send(scene_find(scene, "other"), PROBE_OUT0, "a");
    probe_send(scene_find(scene, "other"), PROBE_OUT0, "b");
    assert_string_equal(probe_take(scene, reader, PROBE_IN0), "tick");
    scene_wait_seconds(scene, 0.05);

    assert_string_equal(probe_take(scene, reader, PROBE_IN0), "a");
    assert_string_equal(probe_take(scene, reader, PROBE_IN0), "b");
    assert_string_equal(probe_take(scene, reader, PROBE_IN0), "tick");
    assert_null(probe_take(scene, reader, PROBE_IN0));
    scene_stop(scene);
}

static void test_ticks_share_their_bytes(void **context)
{
    struct harness *h = harness_start("Ticker", "{interval: 2ms}");
    struct listener listener = {.h = h, .expected = 2};
    uint64_t mallocs;

    scene_wait(harness_scene(h), has_heard_all, &listener);
    mallocs = harness_scene(h)->loop->pool.mallocs;
    listener.expected = 20;
    scene_wait(harness_scene(h), has_heard_all, &listener);

    assert_int_equal(harness_scene(h)->loop->pool.mallocs, mallocs);
    harness_stop(h);
}

static void test_a_long_interval_costs_no_turn(void **context)
{
    struct harness *h = harness_start("PeriodicWakeup", NULL);
    uint64_t turns;

    harness_run(h);
    turns = harness_scene(h)->loop->turns;
    scene_wait_seconds(harness_scene(h), 0.1);

    assert_int_equal(harness_scene(h)->loop->turns, turns);
    harness_stop(h);
}

static void test_producer_finished_stops_the_clock(void **context)
{
    struct harness *h = harness_start("CheapAndCheerfulClock", "{interval: 1h}");

    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sends_a_tick_at_every_interval_but_none_at_once),
        cmocka_unit_test(test_every_interval_is_a_tick_sent_or_a_tick_missed),
        cmocka_unit_test(test_a_slow_reader_has_at_most_one_waiting),
        cmocka_unit_test(test_what_others_send_to_its_reader_does_not_hold_it_back),
        cmocka_unit_test(test_ticks_share_their_bytes),
        cmocka_unit_test(test_a_long_interval_costs_no_turn),
        cmocka_unit_test(test_producer_finished_stops_the_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
