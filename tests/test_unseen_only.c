/* UnseenOnly alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_what_was_seen_does_not_pass_again(void **context)
{
    struct harness *h = harness_start("UnseenOnly", NULL);

    harness_ask(h, "a");
    harness_ask(h, "b");
    harness_ask(h, "a");
    harness_ask(h, "");
    harness_ask(h, "");
    harness_ask(h, "c");

    HEARS(h, "outbox", "a", "b", "", "c");
    assert_int_equal(harness_stat(h, "repeated"), 2);
    assert_int_equal(harness_stat(h, "remembered"), 4);
    harness_stop(h);
}

static void test_what_has_not_come_for_long_is_new_again(void **context)
{
    struct harness *h = harness_start("UnseenOnly", "{memory: 2}");

    harness_ask(h, "a");
    harness_ask(h, "b");
    harness_ask(h, "c"); /* a is forgotten */
    harness_ask(h, "c");
    harness_ask(h, "a");

    HEARS(h, "outbox", "a", "b", "c", "a");
    assert_int_equal(harness_stat(h, "remembered"), 2);
    harness_stop(h);
}

static void test_what_keeps_coming_is_never_forgotten(void **context)
{
    struct harness *h = harness_start("UnseenOnly", "{memory: 2}");

    harness_ask(h, "alive");
    for (char other[] = "a"; other[0] <= 'e'; other[0]++) {
        harness_ask(h, other);
        harness_ask(h, "alive");
    }

    HEARS(h, "outbox", "alive", "a", "b", "c", "d", "e");
    harness_stop(h);
}

static void test_waits_for_a_slow_reader(void **context)
{
    struct harness *h = harness_start("UnseenOnly", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "a");
    harness_run(h);

    HEARS(h, "outbox", "b");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_seen_does_not_pass_again),
        cmocka_unit_test(test_what_has_not_come_for_long_is_new_again),
        cmocka_unit_test(test_what_keeps_coming_is_never_forgotten),
        cmocka_unit_test(test_waits_for_a_slow_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
