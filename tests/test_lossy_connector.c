/* LossyConnector alone. */
#include "graph/loop.h"
#include "tests/harness.h"
#include "tests/unit.h"

static void test_passes_a_message_on(void **context)
{
    struct harness *h = harness_start("LossyConnector", NULL);

    harness_ask(h, "Test message.");

    HEARS(h, "outbox", "Test message.");
    assert_int_equal(harness_stat(h, "dropped"), 0);
    harness_stop(h);
}

static void test_drops_what_comes_while_its_reader_is_full(void **context)
{
    struct harness *h = harness_start("LossyConnector", NULL);

    harness_bound(h, "outbox", 2);
    harness_ask(h, "1");
    harness_ask(h, "2");
    harness_ask(h, "3");

    HEARS(h, "outbox", "1", "2");
    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_stat(h, "dropped"), 1);
    harness_stop(h);
}

static void test_passes_some_and_drops_some_for_ever(void **context)
{
    struct harness *h = harness_start("LossyConnector", NULL);
    char text[16];

    harness_bound(h, "outbox", 1);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof(text), "%d", i);
        harness_ask(h, text);
        harness_ask(h, "dropped");
        HEARS(h, "outbox", text);
    }

    assert_int_equal(harness_stat(h, "dropped"), 100);
    harness_stop(h);
}

static void test_nobody_wakes_it_for_room_that_it_does_not_want(void **context)
{
    struct harness *h = harness_start("LossyConnector", NULL);
    uint64_t turns;

    harness_bound(h, "outbox", 1);
    harness_ask(h, "1");
    harness_ask(h, "2");
    turns = harness_scene(h)->loop->turns;
    HEARS(h, "outbox", "1");
    harness_run(h);

    assert_int_equal(harness_scene(h)->loop->turns, turns);
    assert_int_equal(component_outbox(harness_component(h), 0)->waited, 0);
    harness_stop(h);
}

static void test_a_reader_that_drops_by_itself_decides_what(void **context)
{
    struct scene *scene =
        scene_start(NULL, "components:\n"
                          "  from: {type: DataSource, messages: [a, b, c]}\n"
                          "  lossy: {type: LossyConnector}\n"
                          "  to: {type: Probe, boxes: {in0: {size: 1, when_full: drop_oldest}}}\n"
                          "linkages: [from -> lossy.inbox, lossy.outbox -> to.in0]\n");

    scene_run(scene);

    assert_string_equal(probe_take(scene, scene_find(scene, "to"), PROBE_IN0), "c");
    scene_stop(scene);
}

static void test_finishes_when_told_to(void **context)
{
    struct harness *h = harness_start("LossyConnector", NULL);

    harness_say(h, "inbox", "last");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    HEARS(h, "outbox", "last");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_stops_at_once_when_told_to(void **context)
{
    struct harness *h = harness_start("LossyConnector", NULL);

    harness_say(h, "inbox", "dropped");
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes_a_message_on),
        cmocka_unit_test(test_drops_what_comes_while_its_reader_is_full),
        cmocka_unit_test(test_passes_some_and_drops_some_for_ever),
        cmocka_unit_test(test_nobody_wakes_it_for_room_that_it_does_not_want),
        cmocka_unit_test(test_a_reader_that_drops_by_itself_decides_what),
        cmocka_unit_test(test_finishes_when_told_to),
        cmocka_unit_test(test_stops_at_once_when_told_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
