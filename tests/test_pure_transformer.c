/* PureTransformer alone. */
#include "components/component_types.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "tests/harness.h"
#include "tests/unit.h"

static void assert_makes(const char *parameters, const char *from, const char *to)
{
    struct harness *h = harness_start("PureTransformer", parameters);
    const char *heard;

    harness_say(h, "inbox", from);
    harness_run(h);
    heard = harness_heard(h, "outbox");

    assert_non_null(heard);
    assert_string_equal(heard, to);
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_upper_and_lower_change_letters_only(void **context)
{
    assert_makes("{function: upper}", "Hello, [world] {9}\n", "HELLO, [WORLD] {9}\n");
    assert_makes("{function: lower}", "Hello, [WORLD] @{9}\n", "hello, [world] @{9}\n");
    assert_makes("{function: upper}", "azAZ`{@[\xe4", "AZAZ`{@[\xe4");
    assert_makes("{function: upper}", "", "");
}

static void test_what_is_as_it_should_be_is_not_copied(void **context)
{
    struct harness *h = harness_start("PureTransformer", "{function: upper}");
    const uint64_t messages = harness_scene(h)->loop->pool.messages;

    harness_say(h, "inbox", "LOUD ALREADY");
    harness_run(h);

    assert_int_equal(harness_scene(h)->loop->pool.messages, messages + 1);
    assert_string_equal(harness_heard(h, "outbox"), "LOUD ALREADY");
    harness_stop(h);
}

static void test_prefix_goes_before_each_message(void **context)
{
    assert_makes("{function: prefix, text: \"> \"}", "hello\n", "> hello\n");
    assert_makes("{function: prefix, text: \"> \"}", "", "> ");
}

static void test_suffix_goes_before_the_newline(void **context)
{
    assert_makes("{function: suffix, text: \"!\"}", "hello", "hello!");
    assert_makes("{function: suffix, text: \"!\"}", "hello\n", "hello!\n");
    assert_makes("{function: suffix, text: \"!\"}", "hello\r\n", "hello!\r\n");
    assert_makes("{function: suffix, text: \"!\"}", "\n", "!\n");
    assert_makes("{function: suffix, text: \"!\"}", "", "!");
}

static void test_replace_finds_every_place_from_the_left(void **context)
{
    assert_makes("{function: replace, from: cat, to: dog}", "cat and cats", "dog and dogs");
    assert_makes("{function: replace, from: aa, to: b}", "aaaaa", "bba");
    assert_makes("{function: replace, from: a, to: aa}", "banana", "baanaanaa");
    assert_makes("{function: replace, from: x}", "axbxc", "abc"); /* to is nothing */
    assert_makes("{function: replace, from: abc, to: x}", "abc", "x");
    assert_makes("{function: replace, from: abc, to: x}", "ab", "ab");
}

static void test_what_would_become_too_long_is_dropped_and_counted(void **context)
{
    struct harness *h =
        harness_start("PureTransformer", "{function: replace, from: a, to: bbbb, max_size: 8}");

    harness_say(h, "inbox", "aa");
    harness_say(h, "inbox", "aaa");
    harness_say(h, "inbox", "longer, but nothing to be replced");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "bbbbbbbb");
    assert_string_equal(harness_heard(h, "outbox"), "longer, but nothing to be replced");
    assert_int_equal(harness_stat(h, "dropped"), 1);
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_and_loses_nothing(void **context)
{
    struct harness *h = harness_start("PureTransformer", "{function: upper}");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "ONE");
    assert_null(harness_heard(h, "outbox"));
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "TWO");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_a_steady_stream_costs_no_malloc(void **context)
{
    struct harness *h = harness_start("PureTransformer", "{function: upper}");
    uint64_t mallocs = 0;

    for (int i = 0; i < 5000; i++) {
        harness_say(h, "inbox", "hello");
        harness_run(h);
        assert_string_equal(harness_heard(h, "outbox"), "HELLO");
        if (i == 2000) {
            mallocs = harness_scene(h)->loop->pool.mallocs;
        }
    }

    assert_int_equal(harness_scene(h)->loop->pool.mallocs, mallocs);
    harness_stop(h);
}

/* True if the parameters are refused. */
static bool is_refused(const char *parameters)
{
    const struct plan_options options = {.types = component_types};
    struct errors *errors = errors_create();
    char yaml[256];
    struct plan *plan;

    (void)snprintf(yaml, sizeof(yaml), "components:\n  it: {type: PureTransformer, %s}\n",
                   parameters);
    plan = plan_parse("test.yaml", yaml, strlen(yaml), &options, errors);
    errors_destroy(errors);
    if (plan != NULL) {
        plan_release(plan);
    }
    return plan == NULL;
}

static void test_parameters_have_to_fit_the_function(void **context)
{
    assert_false(is_refused("function: upper"));
    assert_true(is_refused("function: upper, text: x"));
    assert_true(is_refused("function: prefix"));
    assert_true(is_refused("function: suffix, text: x, from: y"));
    assert_true(is_refused("function: replace, to: x"));
    assert_true(is_refused("function: replace, from: \"\", to: x"));
    assert_true(is_refused("function: shout"));
    assert_true(is_refused("text: x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upper_and_lower_change_letters_only),
        cmocka_unit_test(test_what_is_as_it_should_be_is_not_copied),
        cmocka_unit_test(test_prefix_goes_before_each_message),
        cmocka_unit_test(test_suffix_goes_before_the_newline),
        cmocka_unit_test(test_replace_finds_every_place_from_the_left),
        cmocka_unit_test(test_what_would_become_too_long_is_dropped_and_counted),
        cmocka_unit_test(test_waits_for_a_slow_reader_and_loses_nothing),
        cmocka_unit_test(test_a_steady_stream_costs_no_malloc),
        cmocka_unit_test(test_parameters_have_to_fit_the_function),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
