/* ActivityMonitor alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_hands_on_three_streams_and_says_so_once(void **context)
{
    struct harness *h = harness_start("ActivityMonitor", NULL);

    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b");
    harness_say(h, "inbox2", "c");
    harness_say(h, "inbox3", "d");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "a");
    assert_string_equal(harness_heard(h, "outbox"), "b");
    assert_string_equal(harness_heard(h, "outbox2"), "c");
    assert_string_equal(harness_heard(h, "outbox3"), "d");
    assert_string_equal(harness_heard(h, "observed"), "RESET");
    assert_null(harness_heard(h, "observed"));
    harness_stop(h);
}

static void test_says_what_it_is_given_to_say(void **context)
{
    struct harness *h = harness_start("ActivityMonitor", "{message: alive}");

    harness_say(h, "inbox", "a");
    harness_run(h);

    assert_string_equal(harness_heard(h, "observed"), "alive");
    harness_stop(h);
}

static void test_an_observer_without_room_holds_nobody_up(void **context)
{
    struct harness *h = harness_start("ActivityMonitor", NULL);

    harness_bound(h, "observed", 1);
    for (int i = 0; i < 10; i++) {
        harness_say(h, "inbox", "a");
        harness_run(h);
        assert_string_equal(harness_heard(h, "outbox"), "a");
    }

    assert_string_equal(harness_heard(h, "observed"), "RESET");
    assert_null(harness_heard(h, "observed"));
    harness_stop(h);
}

static void test_a_full_stream_waits_and_the_others_go_on(void **context)
{
    struct harness *h = harness_start("ActivityMonitor", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b");
    harness_say(h, "inbox2", "c");
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox2"), "c");
    assert_string_equal(harness_heard(h, "outbox"), "a");
    assert_null(harness_heard(h, "outbox"));
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "b");
    harness_stop(h);
}

static void test_a_busy_stream_does_not_starve_the_others(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  from: {type: Probe}\n"
                                            "  monitor: {type: ActivityMonitor}\n"
                                            "  to: {type: Probe}\n"
                                            "linkages:\n"
                                            "  - from.out0 -> monitor.inbox\n"
                                            "  - from.out1 -> monitor.inbox3\n"
                                            "  - monitor.outbox -> to.in0\n"
                                            "  - monitor.outbox3 -> to.in0\n");
    struct component *from = scene_find(scene, "from");
    const char *heard;
    int before = 0;

    for (int i = 0; i < 900; i++) {
        probe_send(from, PROBE_OUT0, "busy");
    }
    probe_send(from, PROBE_OUT1, "rare");
    scene_run(scene);
    while ((heard = probe_take(scene, scene_find(scene, "to"), PROBE_IN0)) != NULL &&
           strcmp(heard, "rare") != 0) {
        before++;
    }

    assert_non_null(heard);
    assert_in_range(before, 1, 2 * TURN);
    scene_stop(scene);
}

static void test_hands_on_the_rest_before_it_obeys_producer_finished(void **context)
{
    struct harness *h = harness_start("ActivityMonitor", NULL);

    harness_say(h, "inbox2", "last");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox2"), "last");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hands_on_three_streams_and_says_so_once),
        cmocka_unit_test(test_says_what_it_is_given_to_say),
        cmocka_unit_test(test_an_observer_without_room_holds_nobody_up),
        cmocka_unit_test(test_a_full_stream_waits_and_the_others_go_on),
        cmocka_unit_test(test_a_busy_stream_does_not_starve_the_others),
        cmocka_unit_test(test_hands_on_the_rest_before_it_obeys_producer_finished),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
