/* TriggeredOneShot alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_sends_its_message_when_the_first_thing_arrives_then_finishes(void **context)
{
    struct harness *h = harness_start("TriggeredOneShot", "{msg: go}");

    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    harness_say(h, "inbox", "whatever");
    harness_say(h, "inbox", "more of it");
    harness_run(h);

    HEARS(h, "outbox", "go");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_without_a_trigger_nothing_is_sent(void **context)
{
    struct harness *h = harness_start("TriggeredOneShot", "{msg: go}");

    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_a_trigger_that_waits_for_room_is_heeded_before_the_end(void **context)
{
    struct harness *h = harness_start("TriggeredOneShot", "{msg: go}");

    harness_block(h, "outbox");
    harness_say(h, "inbox", "whatever");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_component(h)->state, RUNNING);
    HEARS(h, "outbox", "in the way");
    harness_run(h);

    HEARS(h, "outbox", "go");
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sends_its_message_when_the_first_thing_arrives_then_finishes),
        cmocka_unit_test(test_without_a_trigger_nothing_is_sent),
        cmocka_unit_test(test_a_trigger_that_waits_for_room_is_heeded_before_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
