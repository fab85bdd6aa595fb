/* PromptedTurnstile alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void prompt(struct harness *h)
{
    harness_say(h, "next", "please");
    harness_run(h);
}

static void test_each_prompt_lets_one_message_through(void **context)
{
    struct harness *h = harness_start("PromptedTurnstile", NULL);

    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b");
    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    prompt(h);
    HEARS(h, "outbox", "a");
    prompt(h);

    HEARS(h, "outbox", "b");
    harness_stop(h);
}

static void test_prompts_that_come_early_are_good_for_later_messages(void **context)
{
    struct harness *h = harness_start("PromptedTurnstile", NULL);

    prompt(h);
    prompt(h);
    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b");
    harness_say(h, "inbox", "c");
    harness_run(h);

    HEARS(h, "outbox", "a", "b");
    harness_stop(h);
}

static void test_more_than_a_turn_of_both_goes_through(void **context)
{
    struct harness *h = harness_start("PromptedTurnstile", NULL);

    for (int i = 0; i < 200; i++) {
        harness_say(h, "inbox", "x");
        harness_say(h, "next", "");
    }
    harness_run(h);

    for (int i = 0; i < 200; i++) {
        assert_string_equal(harness_heard(h, "outbox"), "x");
    }
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_and_no_prompt_is_lost(void **context)
{
    struct harness *h = harness_start("PromptedTurnstile", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b");
    prompt(h);
    prompt(h);
    HEARS(h, "outbox", "a");
    harness_run(h);

    HEARS(h, "outbox", "b");
    harness_stop(h);
}

static void test_told_to_finish_it_waits_for_the_prompts_that_the_rest_needs(void **context)
{
    struct harness *h = harness_start("PromptedTurnstile", NULL);

    harness_say(h, "inbox", "a");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_component(h)->state, RUNNING);
    prompt(h);

    HEARS(h, "outbox", "a");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_prompts_that_are_left_over_do_not_hold_up_the_end(void **context)
{
    struct harness *h = harness_start("PromptedTurnstile", NULL);

    prompt(h);
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_a_stop_drops_what_waits(void **context)
{
    struct harness *h = harness_start("PromptedTurnstile", NULL);

    harness_say(h, "inbox", "a");
    harness_say(h, "next", "");
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_prompt_lets_one_message_through),
        cmocka_unit_test(test_prompts_that_come_early_are_good_for_later_messages),
        cmocka_unit_test(test_more_than_a_turn_of_both_goes_through),
        cmocka_unit_test(test_waits_for_a_slow_reader_and_no_prompt_is_lost),
        cmocka_unit_test(test_told_to_finish_it_waits_for_the_prompts_that_the_rest_needs),
        cmocka_unit_test(test_prompts_that_are_left_over_do_not_hold_up_the_end),
        cmocka_unit_test(test_a_stop_drops_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
