/* TriggeredSource alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_answers_whatever_arrives_with_the_same_message(void **context)
{
    struct harness *h = harness_start("TriggeredSource", "{msg: NEXT}");

    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "");
    harness_run(h);

    HEARS(h, "outbox", "NEXT", "NEXT");
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_and_answers_all_before_the_end(void **context)
{
    struct harness *h = harness_start("TriggeredSource", "{msg: x}");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "x");
    harness_run(h);

    HEARS(h, "outbox", "x");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_whatever_arrives_with_the_same_message),
        cmocka_unit_test(test_waits_for_a_slow_reader_and_answers_all_before_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
