/* MessageRateLimit.  The arithmetic of its times is in test_token_bucket.c. */
#include "components/component_types.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "tests/clock.h"
#include "tests/harness.h"
#include "tests/unit.h"

struct listener {
    struct harness *h;
    unsigned heard;
    unsigned expected;
};

static bool has_heard_all(void *arg)
{
    struct listener *listener = arg;

    while (harness_heard(listener->h, "outbox") != NULL) {
        listener->heard++;
    }
    return listener->heard >= listener->expected;
}

static void test_holds_back_what_comes_too_fast_and_loses_nothing(void **context)
{
    struct harness *h = harness_start("MessageRateLimit", "{messages_per_second: 100}");
    struct listener listener = {.h = h, .expected = 20};
    const double began = clock_now();

    for (int i = 0; i < 20; i++) {
        harness_say(h, "inbox", "x");
    }
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "x");
    assert_null(harness_heard(h, "outbox")); /* one at once, the others in their time */
    listener.heard = 1;
    scene_wait(harness_scene(h), has_heard_all, &listener);

    clock_expect_passed(began, 0.19);
    assert_int_equal(listener.heard, 20);
    harness_stop(h);
}

static void test_lets_a_burst_pass_after_a_silence(void **context)
{
    struct harness *h = harness_start("MessageRateLimit", "{messages_per_second: 0.01, burst: 3}");

    for (int i = 0; i < 4; i++) {
        harness_say(h, "inbox", "x");
    }
    harness_run(h);

    for (int i = 0; i < 3; i++) {
        assert_string_equal(harness_heard(h, "outbox"), "x");
    }
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_its_senders_wait_when_its_inbox_is_full(void **context)
{
    struct scene *scene =
        scene_start(NULL, "components:\n"
                          "  source: {type: DataSource, messages: [a, b, c, d, e]}\n"
                          "  limit: {type: MessageRateLimit, messages_per_second: 0.01,"
                          " boxes: {inbox: {size: 2}}}\n"
                          "  sink: {type: NullSink}\n"
                          "linkages: [source -> limit -> sink]\n");

    scene_run(scene);

    assert_int_equal(component_inbox(scene_find(scene, "sink"), 0)->messages, 1);
    assert_int_equal(component_inbox(scene_find(scene, "limit"), 0)->box.queued, 2);
    assert_int_equal(scene_find(scene, "source")->state, RUNNING); /* has two more */
    scene_stop(scene);
}

static void test_begins_once_its_buffer_is_full(void **context)
{
    struct harness *h =
        harness_start("MessageRateLimit", "{messages_per_second: 1000, burst: 10, buffer: 3}");

    harness_say(h, "inbox", "1");
    harness_say(h, "inbox", "2");
    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    harness_say(h, "inbox", "3");
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "1");
    assert_string_equal(harness_heard(h, "outbox"), "2");
    assert_string_equal(harness_heard(h, "outbox"), "3");
    harness_say(h, "inbox", "4");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "4"); /* once is enough */
    harness_stop(h);
}

static void test_what_it_has_buffered_goes_with_it(void **context)
{
    struct harness *h = harness_start("MessageRateLimit", "{messages_per_second: 1, buffer: 3}");

    harness_say(h, "inbox", "1");
    harness_say(h, "inbox", "2");
    harness_run(h);
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h); /* looks for what is left of them */
}

static void test_producer_finished_goes_on_after_the_last_message_has_had_its_time(void **context)
{
    struct harness *h = harness_start("MessageRateLimit", "{messages_per_second: 100, buffer: 9}");
    struct listener listener = {.h = h, .expected = 3};

    for (int i = 0; i < 3; i++) {
        harness_say(h, "inbox", "x");
    }
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_component(h)->state, RUNNING);
    scene_wait(harness_scene(h), has_heard_all, &listener);
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_waits_without_a_timer_for_a_reader_and_for_messages(void **context)
{
    struct harness *h = harness_start("MessageRateLimit", "{messages_per_second: 1000, burst: 2}");
    uint64_t turns;

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "1");
    harness_say(h, "inbox", "2");
    harness_run(h); /* "2" waits for room */
    turns = harness_scene(h)->loop->turns;
    scene_wait_seconds(harness_scene(h), 0.1);
    assert_int_equal(harness_scene(h)->loop->turns, turns);

    assert_string_equal(harness_heard(h, "outbox"), "1");
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "2");
    harness_run(h);
    turns = harness_scene(h)->loop->turns;
    scene_wait_seconds(harness_scene(h), 0.1);
    assert_int_equal(harness_scene(h)->loop->turns, turns);
    harness_stop(h);
}

static void assert_refused(const char *rate)
{
    const struct plan_options options = {.types = component_types};
    struct errors *errors = errors_create();
    char yaml[200];

    (void)snprintf(yaml, sizeof(yaml),
                   "components: {a: {type: MessageRateLimit, messages_per_second: %s}}", rate);
    assert_null(plan_parse("graph.yaml", yaml, strlen(yaml), &options, errors));
    assert_non_null(strstr(errors_at(errors, 0)->error.text,
                           "messages_per_second must be a number from 0.001 to 1000000, such as 10 "
                           "or 0.5; got "));
    errors_destroy(errors);
}

static void test_a_rate_is_a_number(void **context)
{
    static const char *const no_rates[] = {"0", "-1", "1e3", "10/s",   "1.2.3",
                                           ".", "''", "[1]", "1000001"};

    for (size_t i = 0; i < sizeof(no_rates) / sizeof(no_rates[0]); i++) {
        assert_refused(no_rates[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_back_what_comes_too_fast_and_loses_nothing),
        cmocka_unit_test(test_lets_a_burst_pass_after_a_silence),
        cmocka_unit_test(test_its_senders_wait_when_its_inbox_is_full),
        cmocka_unit_test(test_begins_once_its_buffer_is_full),
        cmocka_unit_test(test_what_it_has_buffered_goes_with_it),
        cmocka_unit_test(test_producer_finished_goes_on_after_the_last_message_has_had_its_time),
        cmocka_unit_test(test_a_rate_is_a_number),
        cmocka_unit_test(test_waits_without_a_timer_for_a_reader_and_for_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
