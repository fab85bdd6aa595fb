/* Sync alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_the_last_of_every_n_goes_on(void **context)
{
    struct harness *h = harness_start("Sync", "{n: 3}");

    for (const char *digit = "1\0"
                             "2\0"
                             "3\0"
                             "4\0"
                             "5\0"
                             "6\0"
                             "7\0";
         *digit != '\0'; digit += 2) {
        harness_say(h, "inbox", digit);
    }
    harness_run(h);

    HEARS(h, "outbox", "3", "6");
    assert_int_equal(harness_stat(h, "waiting"), 1);
    harness_stop(h);
}

static void test_two_are_waited_for_unless_it_is_told_otherwise(void **context)
{
    struct harness *h = harness_start("Sync", NULL);

    harness_say(h, "inbox", "a");
    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    harness_say(h, "inbox", "b");
    harness_run(h);

    HEARS(h, "outbox", "b");
    harness_stop(h);
}

static void test_with_one_everything_passes(void **context)
{
    struct harness *h = harness_start("Sync", "{n: 1}");

    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "b");
    harness_run(h);

    HEARS(h, "outbox", "a", "b");
    harness_stop(h);
}

static void test_who_waits_for_others_at_the_end_is_forgotten(void **context)
{
    struct harness *h = harness_start("Sync", NULL);

    harness_say(h, "inbox", "a");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_waits_for_a_slow_reader(void **context)
{
    struct harness *h = harness_start("Sync", "{n: 2}");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "1");
    harness_say(h, "inbox", "2");
    harness_say(h, "inbox", "3");
    harness_say(h, "inbox", "4");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "2");
    harness_run(h);

    HEARS(h, "outbox", "4");
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_of_every_n_goes_on),
        cmocka_unit_test(test_two_are_waited_for_unless_it_is_told_otherwise),
        cmocka_unit_test(test_with_one_everything_passes),
        cmocka_unit_test(test_who_waits_for_others_at_the_end_is_forgotten),
        cmocka_unit_test(test_waits_for_a_slow_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
