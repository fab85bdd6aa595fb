/* EchoProtocol alone: the harness stands in for the connection and the scheduler. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_sends_back_whatever_arrives_in_order(void **context)
{
    struct harness *h = harness_start("EchoProtocol", NULL);

    harness_say(h, "inbox", "hello");
    harness_say(h, "inbox", "world");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "hello");
    assert_string_equal(harness_heard(h, "outbox"), "world");
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_the_bytes_are_not_copied(void **context)
{
    struct harness *h = harness_start("EchoProtocol", NULL);
    const uint64_t bytes = harness_scene(h)->loop->pool.bytes;

    harness_say(h, "inbox", "hello");
    harness_run(h);

    assert_int_equal(harness_scene(h)->loop->pool.bytes, bytes + 5);
    assert_string_equal(harness_heard(h, "outbox"), "hello");
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_and_loses_nothing(void **context)
{
    struct harness *h = harness_start("EchoProtocol", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    harness_say(h, "inbox", "three");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "one");
    assert_null(harness_heard(h, "outbox"));
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "two");
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "three");
    harness_stop(h);
}

static void test_answers_all_before_it_ends(void **context)
{
    struct harness *h = harness_start("EchoProtocol", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_notice(h, "signal"), DATA);
    assert_string_equal(harness_heard(h, "outbox"), "one");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "two");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_stops_at_once_when_told_so(void **context)
{
    struct harness *h = harness_start("EchoProtocol", NULL);

    harness_say(h, "inbox", "never answered");
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sends_back_whatever_arrives_in_order),
        cmocka_unit_test(test_the_bytes_are_not_copied),
        cmocka_unit_test(test_waits_for_a_slow_reader_and_loses_nothing),
        cmocka_unit_test(test_answers_all_before_it_ends),
        cmocka_unit_test(test_stops_at_once_when_told_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
