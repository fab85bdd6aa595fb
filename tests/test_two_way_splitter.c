/* TwoWaySplitter alone. */
#include "graph/supervise.h"
#include "tests/harness.h"
#include "tests/unit.h"

static void test_both_get_whatever_arrives_and_the_bytes_are_shared(void **context)
{
    struct harness *h = harness_start("TwoWaySplitter", NULL);
    const struct pool *pool = &harness_scene(h)->loop->pool;
    uint32_t filled;

    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    filled = pool->filled;
    harness_run(h);

    assert_int_equal(pool->filled, filled);
    assert_string_equal(harness_heard(h, "outbox"), "one");
    assert_string_equal(harness_heard(h, "outbox"), "two");
    assert_string_equal(harness_heard(h, "outbox2"), "one");
    assert_string_equal(harness_heard(h, "outbox2"), "two");
    harness_stop(h);
}

static void test_waits_until_both_have_room(void **context)
{
    static const char *const names[] = {"outbox", "outbox2"};

    for (int slow = 0; slow < 2; slow++) {
        struct harness *h = harness_start("TwoWaySplitter", NULL);

        harness_bound(h, names[slow], 1);
        harness_say(h, "inbox", "one");
        harness_say(h, "inbox", "two");
        harness_run(h);
        assert_string_equal(harness_heard(h, names[1 - slow]), "one");
        assert_null(harness_heard(h, names[1 - slow]));
        assert_string_equal(harness_heard(h, names[slow]), "one");
        harness_run(h);

        assert_string_equal(harness_heard(h, names[slow]), "two");
        assert_string_equal(harness_heard(h, names[1 - slow]), "two");
        harness_stop(h);
    }
}

static void test_finishes_on_both_once_all_has_gone_out(void **context)
{
    struct harness *h = harness_start("TwoWaySplitter", NULL);

    harness_bound(h, "outbox2", 1);
    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_notice(h, "signal"), DATA);
    assert_string_equal(harness_heard(h, "outbox2"), "one");
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_notice(h, "signal2"), PRODUCER_FINISHED);
    assert_int_equal(harness_notice(h, "signal2"), DATA);
    assert_string_equal(harness_heard(h, "outbox2"), "two");
    harness_stop(h);
}

static void test_stops_both_at_once(void **context)
{
    struct harness *h = harness_start("TwoWaySplitter", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    harness_run(h);
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    assert_int_equal(harness_notice(h, "signal2"), SHUTDOWN_MICROPROCESS);
    assert_true(component_is_over(harness_component(h)));
    harness_stop(h);
}

static void test_a_restart_by_hand_is_no_end(void **context)
{
    struct harness *h = harness_start("TwoWaySplitter", NULL);

    assert_int_equal(component_restart(harness_component(h)), 0);
    harness_say(h, "inbox", "one");
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal2"), DATA);
    assert_string_equal(harness_heard(h, "outbox2"), "one");
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_get_whatever_arrives_and_the_bytes_are_shared),
        cmocka_unit_test(test_waits_until_both_have_room),
        cmocka_unit_test(test_finishes_on_both_once_all_has_gone_out),
        cmocka_unit_test(test_stops_both_at_once),
        cmocka_unit_test(test_a_restart_by_hand_is_no_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
