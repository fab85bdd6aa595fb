/* ForwardIteratingChooser alone; what it shares with Chooser is tested there. */
#include "tests/harness.h"
#include "tests/unit.h"

#define FRUIT "items: [apple, banana, cherry]"

static void test_without_items_nothing_is_sent_and_next_is_the_end(void **context)
{
    struct harness *h = harness_start("ForwardIteratingChooser", NULL);

    harness_ask(h, "SAME");
    assert_int_equal(harness_component(h)->state, RUNNING);
    harness_ask(h, "NEXT");

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_the_first_item_comes_at_once_and_each_next_brings_one_more(void **context)
{
    struct harness *h = harness_start("ForwardIteratingChooser", "{" FRUIT "}");

    harness_ask(h, "SAME");
    harness_ask(h, "NEXT");
    harness_ask(h, "SAME");
    harness_ask(h, "NEXT");
    harness_ask(h, "SAME");

    HEARS(h, "outbox", "apple", "apple", "banana", "banana", "cherry", "cherry");
    harness_stop(h);
}

static void test_next_after_the_last_item_ends_it(void **context)
{
    struct harness *h = harness_start("ForwardIteratingChooser", "{" FRUIT "}");

    harness_ask(h, "NEXT");
    harness_ask(h, "NEXT");
    assert_int_equal(harness_component(h)->state, RUNNING);
    harness_say(h, "inbox", "NEXT");
    harness_say(h, "inbox", "SAME"); /* too late */
    harness_run(h);

    HEARS(h, "outbox", "apple", "banana", "cherry");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_with_loop_there_is_always_a_next(void **context)
{
    struct harness *h = harness_start("ForwardIteratingChooser", "{loop: true, items: [a, b]}");

    for (int i = 0; i < 5; i++) {
        harness_ask(h, "NEXT");
    }

    HEARS(h, "outbox", "a", "b", "a", "b", "a", "b");
    assert_int_equal(harness_component(h)->state, RUNNING);
    harness_stop(h);
}

static void test_it_never_steps_back(void **context)
{
    struct harness *h = harness_start("ForwardIteratingChooser", "{" FRUIT "}");

    harness_ask(h, "PREV");
    harness_ask(h, "LAST");

    HEARS(h, "outbox", "apple");
    assert_int_equal(harness_stat(h, "unknown_commands"), 2);
    harness_stop(h);
}

static void test_waits_for_a_slow_reader(void **context)
{
    struct harness *h = harness_start("ForwardIteratingChooser", "{items: [a, b]}");

    harness_bound(h, "outbox", 1);
    harness_ask(h, "NEXT");
    harness_ask(h, "NEXT");
    assert_int_equal(harness_component(h)->state, RUNNING);
    HEARS(h, "outbox", "a");
    harness_run(h);
    HEARS(h, "outbox", "b");
    harness_run(h);

    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_items_nothing_is_sent_and_next_is_the_end),
        cmocka_unit_test(test_the_first_item_comes_at_once_and_each_next_brings_one_more),
        cmocka_unit_test(test_next_after_the_last_item_ends_it),
        cmocka_unit_test(test_with_loop_there_is_always_a_next),
        cmocka_unit_test(test_it_never_steps_back),
        cmocka_unit_test(test_waits_for_a_slow_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
