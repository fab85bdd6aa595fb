/* PassThrough alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_hands_on_whatever_arrives(void **context)
{
    struct harness *h = harness_start("PassThrough", NULL);

    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "two");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "one");
    assert_string_equal(harness_heard(h, "outbox"), "");
    assert_string_equal(harness_heard(h, "outbox"), "two");
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_and_loses_nothing(void **context)
{
    struct harness *h = harness_start("PassThrough", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "one");
    assert_null(harness_heard(h, "outbox"));
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "two");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hands_on_whatever_arrives),
        cmocka_unit_test(test_waits_for_a_slow_reader_and_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
