/* OnDemandLimit. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_hands_on_one_message_for_each_next(void **context)
{
    struct harness *h = harness_start("OnDemandLimit", NULL);

    harness_say(h, "inbox", "1");
    harness_say(h, "inbox", "2");
    harness_say(h, "inbox", "3");
    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    harness_say(h, "slidecontrol", "NEXT");
    harness_say(h, "slidecontrol", "NEXT\r\n");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "1");
    assert_string_equal(harness_heard(h, "outbox"), "2");
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_a_next_that_finds_nothing_stands(void **context)
{
    struct harness *h = harness_start("OnDemandLimit", NULL);

    harness_say(h, "slidecontrol", "NEXT");
    harness_run(h);
    assert_int_equal(harness_stat(h, "demand"), 1);
    harness_say(h, "inbox", "1");
    harness_say(h, "inbox", "2");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "1");
    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_stat(h, "demand"), 0);
    harness_stop(h);
}

static void test_anything_else_on_slidecontrol_is_counted(void **context)
{
    struct harness *h = harness_start("OnDemandLimit", NULL);

    harness_say(h, "inbox", "1");
    harness_say(h, "slidecontrol", "next");
    harness_say(h, "slidecontrol", "NEXT NEXT");
    harness_say(h, "slidecontrol", "");
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_stat(h, "refused"), 3);
    harness_stop(h);
}

static void test_waits_for_a_slow_reader(void **context)
{
    struct harness *h = harness_start("OnDemandLimit", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "1");
    harness_say(h, "inbox", "2");
    harness_say(h, "slidecontrol", "NEXT");
    harness_say(h, "slidecontrol", "NEXT");
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "1");
    assert_null(harness_heard(h, "outbox"));
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "2");
    harness_stop(h);
}

static void test_after_producer_finished_the_rest_is_still_for_asking(void **context)
{
    struct harness *h = harness_start("OnDemandLimit", NULL);

    harness_say(h, "inbox", "1");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_notice(h, "signal"), DATA);
    harness_say(h, "slidecontrol", "NEXT");
    harness_say(h, "slidecontrol", "NEXT"); /* one too many holds nothing up */
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "1");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hands_on_one_message_for_each_next),
        cmocka_unit_test(test_a_next_that_finds_nothing_stands),
        cmocka_unit_test(test_anything_else_on_slidecontrol_is_counted),
        cmocka_unit_test(test_waits_for_a_slow_reader),
        cmocka_unit_test(test_after_producer_finished_the_rest_is_still_for_asking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
