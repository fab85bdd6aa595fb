/* ByteRate_RequestControl and VariableByteRate_RequestControl.  When a chunk is due, to the
 * millisecond, is in test_request_pace.c. */
#include "components/component_types.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "tests/clock.h"
#include "tests/harness.h"
#include "tests/unit.h"

static const char fixed[] = "ByteRate_RequestControl";
static const char variable[] = "VariableByteRate_RequestControl";

struct listener {
    struct harness *h;
    uint64_t sum;
    uint64_t expected;
};

static bool has_heard_all(void *arg)
{
    struct listener *listener = arg;
    const char *text;

    while ((text = harness_heard(listener->h, "outbox")) != NULL) {
        listener->sum += strtoull(text, NULL, 10);
    }
    return listener->sum >= listener->expected;
}

/* The mistake that a type finds in its parameters. */
static const char *refusal(const char *type, const char *parameters)
{
    const struct plan_options options = {.types = component_types};
    struct errors *errors = errors_create();
    static char text[300];
    char yaml[300];

    (void)snprintf(yaml, sizeof(yaml), "components: {a: {type: %s, <<: %s}}", type, parameters);
    assert_null(plan_parse("graph.yaml", yaml, strlen(yaml), &options, errors));
    (void)snprintf(text, sizeof(text), "%s", errors_at(errors, 0)->error.text);
    errors_destroy(errors);
    return text;
}

static void check_usual(const char *type)
{
    struct harness *h = harness_start(type, NULL);

    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "10000"); /* a tenth of 100000 */
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_needs_no_parameters(void **context)
{
    check_usual(fixed);
    check_usual(variable);
}

static void test_takes_a_chunksize_or_a_chunkrate(void **context)
{
    struct harness *h = harness_start(fixed, "{rate: 100, chunksize: 25}");

    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "25");
    harness_stop(h);
    h = harness_start(fixed, "{rate: 100, chunkrate: 8}");
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "12"); /* of 12.5 */
    harness_stop(h);
}

static void test_does_not_take_both(void **context)
{
    static const char both[] = "{rate: 100, chunksize: 25, chunkrate: 4}";

    assert_string_equal(refusal(fixed, both),
                        "chunksize and chunkrate: give one of them, not both");
    assert_string_equal(refusal(variable, both),
                        "chunksize and chunkrate: give one of them, not both");
}

static void test_does_not_ask_for_less_than_a_byte(void **context)
{
    assert_string_equal(refusal(fixed, "{rate: 5}"),
                        "a rate of 5 in 10 requests a second makes less than a byte for each; give "
                        "a smaller chunkrate, or a chunksize");
}

static void check_keeps_its_rate(const char *type)
{
    struct harness *h = harness_start(type, "{rate: 100000, chunkrate: 100}");
    struct listener listener = {.h = h, .expected = 30000};
    const double began = clock_now();

    scene_wait(harness_scene(h), has_heard_all, &listener);

    clock_expect_passed(began, 0.29);
    harness_stop(h);
}

static void test_asks_at_its_rate(void **context)
{
    check_keeps_its_rate(fixed);
    check_keeps_its_rate(variable);
}

static void test_what_had_no_room_is_asked_for_later(void **context)
{
    struct harness *h =
        harness_start(fixed, "{rate: 1000, chunksize: 10, allowchunkaggregation: true}");
    uint64_t turns;

    harness_bound(h, "outbox", 1);
    harness_run(h);
    turns = harness_scene(h)->loop->turns;
    scene_wait_seconds(harness_scene(h), 0.1);
    assert_int_equal(harness_scene(h)->loop->turns, turns); /* costs nothing meanwhile */
    assert_string_equal(harness_heard(h, "outbox"), "10");
    harness_run(h);

    assert_true(strtol(harness_heard(h, "outbox"), NULL, 10) >= 90);
    harness_stop(h);
}

static void test_many_requests_that_are_late_take_several_turns(void **context)
{
    struct harness *h = harness_start(fixed, "{rate: 1MiB, chunksize: 64}");
    unsigned heard = 0;

    harness_bound(h, "outbox", 1);
    harness_run(h);
    scene_wait_seconds(harness_scene(h), 0.1);
    assert_string_equal(harness_heard(h, "outbox"), "64");
    harness_bound(h, "outbox", UINT32_MAX);
    harness_run(h);

    while (harness_heard(h, "outbox") != NULL) {
        heard++;
    }
    assert_true(heard >= 1500); /* 1 MiB / 64 / 10 */
    harness_stop(h);
}

static void test_a_message_changes_the_rate(void **context)
{
    struct harness *h = harness_start(variable, "{rate: 1, chunksize: 1000}");
    struct listener listener = {.h = h, .expected = 30000};
    const double began = clock_now();

    harness_say(h, "inbox", "100kB\n");
    scene_wait(harness_scene(h), has_heard_all, &listener);

    clock_expect_passed(began, 0.29);
    harness_stop(h);
}

static void test_what_is_no_rate_is_counted_and_changes_nothing(void **context)
{
    struct harness *h = harness_start(variable, "{rate: 1, chunksize: 1000}");

    harness_say(h, "inbox", "fast");
    harness_say(h, "inbox", "0");
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "-5");
    harness_say(h, "inbox", "1000000000000000000000000000000000000000000000000000000000000000");
    harness_run(h);

    assert_int_equal(harness_stat(h, "refused"), 5);
    assert_string_equal(harness_heard(h, "outbox"), "1000");
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_producer_finished_ends_it(void **context)
{
    struct harness *h = harness_start(fixed, NULL);

    harness_run(h);
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_needs_no_parameters),
        cmocka_unit_test(test_takes_a_chunksize_or_a_chunkrate),
        cmocka_unit_test(test_does_not_take_both),
        cmocka_unit_test(test_does_not_ask_for_less_than_a_byte),
        cmocka_unit_test(test_asks_at_its_rate),
        cmocka_unit_test(test_what_had_no_room_is_asked_for_later),
        cmocka_unit_test(test_many_requests_that_are_late_take_several_turns),
        cmocka_unit_test(test_a_message_changes_the_rate),
        cmocka_unit_test(test_what_is_no_rate_is_counted_and_changes_nothing),
        cmocka_unit_test(test_producer_finished_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
