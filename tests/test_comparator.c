/* Comparator alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void say_number(struct harness *h, const char *inbox, int number)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%d", number);
    harness_say(h, inbox, text);
    harness_run(h);
}

static void test_equal_messages_give_true(void **context)
{
    struct harness *h = harness_start("Comparator", NULL);

    harness_say(h, "inA", "blah");
    harness_say(h, "inB", "blah");
    harness_run(h);

    HEARS(h, "outbox", "true");
    assert_int_equal(harness_stat(h, "equal"), 1);
    harness_stop(h);
}

static void test_different_messages_give_false(void **context)
{
    struct harness *h = harness_start("Comparator", NULL);

    harness_say(h, "inA", "blah");
    harness_say(h, "inB", "bling");
    harness_say(h, "inA", "");
    harness_say(h, "inB", "x");
    harness_run(h);

    HEARS(h, "outbox", "false", "false");
    assert_int_equal(harness_stat(h, "different"), 2);
    harness_stop(h);
}

static void test_pairs_are_compared_one_by_one(void **context)
{
    struct harness *h = harness_start("Comparator", NULL);

    for (int i = 0; i < 100; i++) {
        say_number(h, "inA", i);
        say_number(h, "inB", i);
        HEARS(h, "outbox", "true");
        say_number(h, "inA", i);
        say_number(h, "inB", i + 1);
        HEARS(h, "outbox", "false");
    }
    harness_stop(h);
}

static void test_one_stream_may_be_far_ahead(void **context)
{
    struct harness *h = harness_start("Comparator", NULL);

    for (int i = 0; i < 100; i++) {
        say_number(h, "inA", i);
        assert_null(harness_heard(h, "outbox"));
    }
    for (int i = 0; i < 100; i++) {
        say_number(h, "inB", i % 2 == 0 ? i : i + 1);
        HEARS(h, "outbox", i % 2 == 0 ? "true" : "false");
    }
    harness_stop(h);
}

static void test_more_pairs_than_a_turn_holds_are_all_compared(void **context)
{
    struct harness *h = harness_start("Comparator", NULL);

    for (int i = 0; i < 200; i++) {
        harness_say(h, "inA", "x");
        harness_say(h, "inB", "x");
    }
    harness_run(h);

    assert_int_equal(harness_stat(h, "equal"), 200);
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_and_answers_all_before_the_end(void **context)
{
    struct harness *h = harness_start("Comparator", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inA", "a");
    harness_say(h, "inA", "b");
    harness_say(h, "inB", "a");
    harness_say(h, "inB", "x");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "true");
    harness_run(h);

    HEARS(h, "outbox", "false");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_the_rest_of_a_longer_stream_is_dropped_and_said(void **context)
{
    struct harness *h = harness_start("Comparator", NULL);

    harness_say(h, "inA", "a");
    harness_say(h, "inB", "a");
    harness_say(h, "inB", "b");
    harness_say(h, "inB", "c");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    HEARS(h, "outbox", "true");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    assert_string_equal(harness_scene(h)->log,
                        "it: 2 messages of inB had no counterpart and were dropped");
    harness_stop(h);
}

static void test_a_stop_is_passed_on_as_it_is(void **context)
{
    struct harness *h = harness_start("Comparator", NULL);

    harness_say(h, "inA", "a");
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_messages_give_true),
        cmocka_unit_test(test_different_messages_give_false),
        cmocka_unit_test(test_pairs_are_compared_one_by_one),
        cmocka_unit_test(test_one_stream_may_be_far_ahead),
        cmocka_unit_test(test_more_pairs_than_a_turn_holds_are_all_compared),
        cmocka_unit_test(test_waits_for_a_slow_reader_and_answers_all_before_the_end),
        cmocka_unit_test(test_the_rest_of_a_longer_stream_is_dropped_and_said),
        cmocka_unit_test(test_a_stop_is_passed_on_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
