/* DataSource alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_sends_its_messages_then_finishes(void **context)
{
    struct harness *h = harness_start("DataSource", "{messages: [one, \"\", \"two\\n\"]}");

    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "one");
    assert_string_equal(harness_heard(h, "outbox"), "");
    assert_string_equal(harness_heard(h, "outbox"), "two\n");
    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_waits_for_a_slow_reader(void **context)
{
    struct harness *h = harness_start("DataSource", "{messages: [one, two]}");

    harness_bound(h, "outbox", 1);
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "one");
    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), DATA);
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "two");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_sends_the_rest_before_it_obeys_producer_finished(void **context)
{
    struct harness *h = harness_start("DataSource", "{messages: [one, two]}");

    harness_bound(h, "outbox", 1);
    harness_run(h);
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "one");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "two");
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_sends_more_than_one_turn_holds(void **context)
{
    static char parameters[4096] = "{messages: [x";
    struct harness *h;

    for (int i = 1; i < 1000; i++) {
        strcat(parameters, ",x");
    }
    strcat(parameters, "]}");
    h = harness_start("DataSource", parameters);
    harness_run(h);

    for (int i = 0; i < 1000; i++) {
        assert_string_equal(harness_heard(h, "outbox"), "x");
    }
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sends_its_messages_then_finishes),
        cmocka_unit_test(test_waits_for_a_slow_reader),
        cmocka_unit_test(test_sends_the_rest_before_it_obeys_producer_finished),
        cmocka_unit_test(test_sends_more_than_one_turn_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
