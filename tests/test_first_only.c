/* FirstOnly alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_only_the_first_passes(void **context)
{
    struct harness *h = harness_start("FirstOnly", NULL);

    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    harness_run(h);
    harness_say(h, "inbox", "three");
    harness_run(h);

    HEARS(h, "outbox", "one");
    assert_int_equal(harness_stat(h, "ignored"), 2);
    harness_stop(h);
}

static void test_it_does_not_end_after_the_first(void **context)
{
    struct harness *h = harness_start("FirstOnly", NULL);

    harness_say(h, "inbox", "one");
    harness_run(h);
    assert_int_equal(harness_component(h)->state, RUNNING);
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_the_first_waits_for_room_and_the_others_do_not(void **context)
{
    struct harness *h = harness_start("FirstOnly", NULL);

    harness_block(h, "outbox");
    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    harness_run(h);
    assert_int_equal(harness_stat(h, "ignored"), 0);
    HEARS(h, "outbox", "in the way");
    harness_run(h); /* the reader is full again: that does not matter any more */

    assert_int_equal(harness_stat(h, "ignored"), 1);
    HEARS(h, "outbox", "one");
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_first_passes),
        cmocka_unit_test(test_it_does_not_end_after_the_first),
        cmocka_unit_test(test_the_first_waits_for_room_and_the_others_do_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
