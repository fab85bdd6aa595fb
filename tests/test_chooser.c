/* Chooser alone. */
#include "tests/harness.h"
#include "tests/unit.h"

#define FRUIT "items: [apple, banana, cherry]"

static void test_the_first_item_comes_at_once(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_run(h);

    HEARS(h, "outbox", "apple");
    harness_stop(h);
}

static void test_without_items_nothing_is_ever_answered(void **context)
{
    struct harness *h = harness_start("Chooser", "{loop: true}");

    harness_ask(h, "SAME");
    harness_ask(h, "NEXT");
    harness_ask(h, "PREV");
    harness_ask(h, "FIRST");
    harness_ask(h, "LAST");

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_stat(h, "unknown_commands"), 0);
    harness_stop(h);
}

static void test_same_is_the_same_item_and_next_the_next(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_ask(h, "SAME");
    harness_ask(h, "NEXT");
    harness_ask(h, "SAME");
    harness_ask(h, "NEXT");
    harness_ask(h, "SAME");

    HEARS(h, "outbox", "apple", "apple", "banana", "banana", "cherry", "cherry");
    harness_stop(h);
}

static void test_next_at_the_last_item_is_not_answered_and_stays_there(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_ask(h, "LAST");
    harness_ask(h, "NEXT");
    HEARS(h, "outbox", "apple", "cherry");
    harness_ask(h, "SAME");

    HEARS(h, "outbox", "cherry");
    harness_stop(h);
}

static void test_prev_at_the_first_item_is_not_answered_and_stays_there(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_ask(h, "PREV");
    HEARS(h, "outbox", "apple");
    harness_ask(h, "SAME");

    HEARS(h, "outbox", "apple");
    harness_stop(h);
}

static void test_steps_forwards_and_backwards(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_ask(h, "NEXT");
    harness_ask(h, "NEXT");
    harness_ask(h, "PREV");
    harness_ask(h, "PREV");
    harness_ask(h, "NEXT");

    HEARS(h, "outbox", "apple", "banana", "cherry", "banana", "apple", "banana");
    harness_stop(h);
}

static void test_last_is_answered_at_the_last_item_too(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_ask(h, "LAST");
    harness_ask(h, "LAST");

    HEARS(h, "outbox", "apple", "cherry", "cherry");
    harness_stop(h);
}

static void test_first_leads_back_from_anywhere(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_ask(h, "NEXT");
    harness_ask(h, "NEXT");
    harness_ask(h, "FIRST");
    harness_ask(h, "FIRST");

    HEARS(h, "outbox", "apple", "banana", "cherry", "apple", "apple");
    harness_stop(h);
}

static void test_with_loop_both_ends_are_joined(void **context)
{
    struct harness *h = harness_start("Chooser", "{loop: true, " FRUIT "}");

    harness_ask(h, "PREV");
    harness_ask(h, "NEXT");
    harness_ask(h, "LAST");
    harness_ask(h, "NEXT");
    harness_ask(h, "SAME");

    HEARS(h, "outbox", "apple", "cherry", "apple", "cherry", "apple", "apple");
    harness_stop(h);
}

static void test_a_command_may_have_a_newline(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_ask(h, "NEXT\n");
    harness_ask(h, "NEXT\r\n");

    HEARS(h, "outbox", "apple", "banana", "cherry");
    harness_stop(h);
}

static void test_an_unknown_command_is_counted_and_the_first_is_warned_of(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_ask(h, "next\x1b\n");
    assert_string_equal(harness_scene(h)->log,
                        "it: no such command: \"next?\"; there are NEXT, PREV, FIRST, LAST and "
                        "SAME (said once, counted from now on)");
    harness_scene(h)->log[0] = '\0';
    harness_ask(h, "");
    harness_ask(h, "NEXT NEXT");

    HEARS(h, "outbox", "apple");
    assert_int_equal(harness_stat(h, "unknown_commands"), 3);
    assert_string_equal(harness_scene(h)->log, "");
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_and_answers_every_command(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_bound(h, "outbox", 1);
    harness_ask(h, "NEXT");
    harness_ask(h, "NEXT");
    HEARS(h, "outbox", "apple");
    harness_run(h);
    HEARS(h, "outbox", "banana");
    harness_run(h);

    HEARS(h, "outbox", "cherry");
    harness_stop(h);
}

static void test_the_first_item_goes_out_before_the_end(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_say(h, "inbox", "NEXT");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    HEARS(h, "outbox", "apple", "banana");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_a_stop_is_heeded_at_once(void **context)
{
    struct harness *h = harness_start("Chooser", "{" FRUIT "}");

    harness_say(h, "inbox", "NEXT");
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_item_comes_at_once),
        cmocka_unit_test(test_without_items_nothing_is_ever_answered),
        cmocka_unit_test(test_same_is_the_same_item_and_next_the_next),
        cmocka_unit_test(test_next_at_the_last_item_is_not_answered_and_stays_there),
        cmocka_unit_test(test_prev_at_the_first_item_is_not_answered_and_stays_there),
        cmocka_unit_test(test_steps_forwards_and_backwards),
        cmocka_unit_test(test_last_is_answered_at_the_last_item_too),
        cmocka_unit_test(test_first_leads_back_from_anywhere),
        cmocka_unit_test(test_with_loop_both_ends_are_joined),
        cmocka_unit_test(test_a_command_may_have_a_newline),
        cmocka_unit_test(test_an_unknown_command_is_counted_and_the_first_is_warned_of),
        cmocka_unit_test(test_waits_for_a_slow_reader_and_answers_every_command),
        cmocka_unit_test(test_the_first_item_goes_out_before_the_end),
        cmocka_unit_test(test_a_stop_is_heeded_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
