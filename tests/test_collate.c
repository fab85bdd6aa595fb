/* Collate alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_all_that_came_is_one_message_at_the_end(void **context)
{
    struct harness *h = harness_start("Collate", NULL);

    harness_say(h, "inbox", "one ");
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "two");
    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    harness_say(h, "inbox", " three");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    HEARS(h, "outbox", "one two three");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_nothing_makes_an_empty_message(void **context)
{
    struct harness *h = harness_start("Collate", NULL);

    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    HEARS(h, "outbox", "");
    harness_stop(h);
}

static void test_the_end_waits_for_room(void **context)
{
    struct harness *h = harness_start("Collate", NULL);

    harness_block(h, "outbox");
    harness_say(h, "inbox", "all");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_component(h)->state, RUNNING);
    HEARS(h, "outbox", "in the way");
    harness_run(h);

    HEARS(h, "outbox", "all");
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_exactly_max_size_is_one_message(void **context)
{
    struct harness *h = harness_start("Collate", "{max_size: 6}");

    harness_say(h, "inbox", "123");
    harness_say(h, "inbox", "456");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    HEARS(h, "outbox", "123456");
    assert_int_equal(harness_stat(h, "sent_early"), 0);
    harness_stop(h);
}

static void test_what_is_more_than_max_size_goes_out_in_several_messages(void **context)
{
    struct harness *h = harness_start("Collate", "{max_size: 6}");

    harness_say(h, "inbox", "123");
    harness_say(h, "inbox", "4567");
    harness_say(h, "inbox", "much too long");
    harness_run(h);
    assert_string_equal(harness_scene(h)->log,
                        "it: more came than the 6 bytes of max_size: it goes out in several "
                        "messages");
    HEARS(h, "outbox", "123", "4567", "much too long");
    assert_int_equal(harness_stat(h, "sent_early"), 3);
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_null(harness_heard(h, "outbox")); /* nothing is left, and it was not nothing */
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_what_goes_out_early_waits_for_a_slow_reader(void **context)
{
    struct harness *h = harness_start("Collate", "{max_size: 2}");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "12");
    harness_say(h, "inbox", "34");
    harness_say(h, "inbox", "56");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "12");
    harness_run(h);
    HEARS(h, "outbox", "34");
    harness_run(h);

    HEARS(h, "outbox", "56");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_a_stop_drops_what_was_collated(void **context)
{
    struct harness *h = harness_start("Collate", NULL);

    harness_say(h, "inbox", "lost");
    harness_run(h);
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_that_came_is_one_message_at_the_end),
        cmocka_unit_test(test_nothing_makes_an_empty_message),
        cmocka_unit_test(test_the_end_waits_for_room),
        cmocka_unit_test(test_exactly_max_size_is_one_message),
        cmocka_unit_test(test_what_is_more_than_max_size_goes_out_in_several_messages),
        cmocka_unit_test(test_what_goes_out_early_waits_for_a_slow_reader),
        cmocka_unit_test(test_a_stop_drops_what_was_collated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
