/* RangeFilter alone; its mistakes are in tests/bad/ranges.yaml. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_what_is_in_a_range_passes(void **context)
{
    struct harness *h = harness_start("RangeFilter", "{ranges: [[1, 5], [8, 12]]}");

    for (const char *item = "0 no\0"
                            "1 yes\0"
                            "5 yes\0"
                            "6 no\0"
                            "7 no\0"
                            "8 yes\0"
                            "12 yes\0"
                            "13 no\0"
                            "29 no\0"
                            "3 yes\0";
         *item != '\0'; item += strlen(item) + 1) {
        harness_say(h, "inbox", item);
    }
    harness_run(h);

    HEARS(h, "outbox", "1 yes", "5 yes", "8 yes", "12 yes", "3 yes");
    assert_int_equal(harness_stat(h, "out_of_range"), 5);
    harness_stop(h);
}

static void test_ranges_may_overlap_and_be_negative(void **context)
{
    struct harness *h = harness_start("RangeFilter", "{ranges: [[-5, 1], [0, 0x10], [3, 3]]}");

    harness_say(h, "inbox", "-5 a");
    harness_say(h, "inbox", "-6 a");
    harness_say(h, "inbox", "16");
    harness_run(h);

    HEARS(h, "outbox", "-5 a", "16");
    harness_stop(h);
}

static void test_without_ranges_nothing_passes(void **context)
{
    struct harness *h = harness_start("RangeFilter", "{ranges: []}");

    harness_say(h, "inbox", "1 a");
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_what_does_not_begin_with_a_number_is_dropped_and_counted(void **context)
{
    struct harness *h = harness_start("RangeFilter", "{ranges: [[0, 9]]}");

    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "1.5 is no whole number");
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", " 1");
    harness_say(h, "inbox", "99999999999999999999 goes beyond 64 bits");
    harness_say(h, "inbox", "1\n");
    harness_run(h);

    HEARS(h, "outbox", "1\n");
    assert_int_equal(harness_stat(h, "without_number"), 5);
    assert_int_equal(harness_stat(h, "out_of_range"), 0);
    harness_stop(h);
}

static void test_waits_for_a_slow_reader(void **context)
{
    struct harness *h = harness_start("RangeFilter", "{ranges: [[1, 2]]}");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "1");
    harness_say(h, "inbox", "2");
    harness_say(h, "inbox", "3");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "1");
    harness_run(h);
    HEARS(h, "outbox", "2");
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_in_a_range_passes),
        cmocka_unit_test(test_ranges_may_overlap_and_be_negative),
        cmocka_unit_test(test_without_ranges_nothing_passes),
        cmocka_unit_test(test_what_does_not_begin_with_a_number_is_dropped_and_counted),
        cmocka_unit_test(test_waits_for_a_slow_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
