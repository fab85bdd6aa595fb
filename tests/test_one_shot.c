/* OneShot alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_sends_its_message_then_finishes(void **context)
{
    struct harness *h = harness_start("OneShot", "{msg: hello}");

    harness_run(h);

    HEARS(h, "outbox", "hello");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_an_empty_message_is_a_message(void **context)
{
    struct harness *h = harness_start("OneShot", "{msg: \"\"}");

    harness_run(h);

    HEARS(h, "outbox", "");
    harness_stop(h);
}

static void test_waits_for_room_even_if_it_is_told_to_finish(void **context)
{
    struct harness *h = harness_start("OneShot", "{msg: hello}");

    harness_block(h, "outbox");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_component(h)->state, RUNNING);
    HEARS(h, "outbox", "in the way");
    harness_run(h);

    HEARS(h, "outbox", "hello");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_a_stop_before_its_turn_leaves_the_message_unsent(void **context)
{
    struct harness *h = harness_start("OneShot", "{msg: hello}");

    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sends_its_message_then_finishes),
        cmocka_unit_test(test_an_empty_message_is_a_message),
        cmocka_unit_test(test_waits_for_room_even_if_it_is_told_to_finish),
        cmocka_unit_test(test_a_stop_before_its_turn_leaves_the_message_unsent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
