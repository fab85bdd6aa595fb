/* TagWithSequenceNumber alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_numbers_messages_from_zero(void **context)
{
    struct harness *h = harness_start("TagWithSequenceNumber", NULL);

    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b c");
    harness_say(h, "inbox", "");
    harness_run(h);

    HEARS(h, "outbox", "0 a", "1 b c", "2 ");
    harness_stop(h);
}

static void test_begins_where_it_is_told_to(void **context)
{
    struct harness *h = harness_start("TagWithSequenceNumber", "{initial: -1}");

    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "a");
    harness_run(h);

    HEARS(h, "outbox", "-1 a", "0 a", "1 a");
    harness_stop(h);
}

static void test_the_largest_number_is_followed_by_the_smallest(void **context)
{
    struct harness *h = harness_start("TagWithSequenceNumber", "{initial: 9223372036854775807}");

    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b");
    harness_run(h);

    HEARS(h, "outbox", "9223372036854775807 a", "-9223372036854775808 b");
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_and_leaves_no_number_out(void **context)
{
    struct harness *h = harness_start("TagWithSequenceNumber", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "0 a");
    harness_run(h);

    HEARS(h, "outbox", "1 b");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_messages_from_zero),
        cmocka_unit_test(test_begins_where_it_is_told_to),
        cmocka_unit_test(test_the_largest_number_is_followed_by_the_smallest),
        cmocka_unit_test(test_waits_for_a_slow_reader_and_leaves_no_number_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
