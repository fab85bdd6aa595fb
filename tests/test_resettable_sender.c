/* ResettableSender. */
#include "tests/clock.h"
#include "tests/harness.h"
#include "tests/unit.h"

static bool has_ended(void *arg)
{
    return component_is_over(harness_component(arg));
}

static void test_sends_its_message_after_a_silence_and_finishes(void **context)
{
    struct harness *h = harness_start("ResettableSender", "{timeout: 50ms}");
    const double began = clock_now();

    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    scene_wait(harness_scene(h), has_ended, h);

    clock_expect_passed(began, 0.05);
    assert_string_equal(harness_heard(h, "outbox"), "NEXT");
    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

struct talker {
    struct harness *h;
    double until;
};

/* Says something every time that it is asked. */
static bool has_talked(void *arg)
{
    struct talker *talker = arg;

    harness_say(talker->h, "inbox", "RESET");
    return clock_now() > talker->until;
}

static void test_anything_that_comes_begins_the_time_anew(void **context)
{
    struct harness *h = harness_start("ResettableSender", "{timeout: 500ms, message: over}");
    struct talker talker = {.h = h, .until = clock_now() + 2.0};

    scene_wait(harness_scene(h), has_talked, &talker);
    assert_int_equal(harness_component(h)->state, RUNNING);
    assert_null(harness_heard(h, "outbox"));
    scene_wait(harness_scene(h), has_ended, h);

    clock_expect_passed(talker.until, 0.5);
    assert_string_equal(harness_heard(h, "outbox"), "over");
    harness_stop(h);
}

static void test_waits_for_a_reader_who_has_no_room(void **context)
{
    struct harness *h = harness_start("ResettableSender", "{timeout: 1ms}");
    struct component *self = harness_component(h);

    harness_bound(h, "outbox", 1);
    outbox_send(self, 0, message_copy(component_pool(self), "first", 5));
    scene_wait_seconds(harness_scene(h), 0.05);
    assert_string_equal(harness_heard(h, "outbox"), "first");
    assert_null(harness_heard(h, "outbox"));
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "NEXT");
    assert_int_equal(self->state, STOPPED);
    harness_stop(h);
}

static void test_producer_finished_ends_it_without_the_message(void **context)
{
    struct harness *h = harness_start("ResettableSender", NULL);

    harness_say(h, "inbox", "x");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sends_its_message_after_a_silence_and_finishes),
        cmocka_unit_test(test_anything_that_comes_begins_the_time_anew),
        cmocka_unit_test(test_waits_for_a_reader_who_has_no_room),
        cmocka_unit_test(test_producer_finished_ends_it_without_the_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
