/* FortuneCookieProtocol, and the files that it takes its fortunes from. */
#include <unistd.h>

#include "components/component_types.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "tests/clock.h"
#include "tests/harness.h"
#include "tests/unit.h"

static char path[64]; /* of this process: others may run the same test */

/* Its name, as seen from /tmp. */
static const char *file_name(void)
{
    return path + strlen("/tmp/");
}

static int name_file(void **context)
{
    (void)snprintf(path, sizeof(path), "/tmp/axond-test-fortunes-%d", (int)getpid());
    return 0;
}

static void write_file(const char *text, size_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static int remove_file(void **context)
{
    (void)unlink(path);
    return 0;
}

static struct harness *start_with(const char *fortunes, const char *rate)
{
    char parameters[200];

    write_file(fortunes, strlen(fortunes));
    (void)snprintf(parameters, sizeof(parameters), "{fortunes: %s, rate: %s}", path, rate);
    return harness_start("FortuneCookieProtocol", parameters);
}

struct listener {
    struct harness *h;
    char text[1000];
    unsigned messages;
};

static bool has_been_told(void *arg)
{
    struct listener *listener = arg;
    const char *more;

    while ((more = harness_heard(listener->h, "outbox")) != NULL) {
        strcat(listener->text, more);
        listener->messages++;
    }
    return component_is_over(harness_component(listener->h));
}

static void test_tells_a_fortune_bit_by_bit_then_finishes(void **context)
{
    struct harness *h = start_with("Haste makes waste.\n", "100");
    struct listener listener = {.h = h};
    const double began = clock_now();

    scene_wait(harness_scene(h), has_been_told, &listener);

    clock_expect_passed(began, 0.18); /* 19 characters, the first at once */
    assert_string_equal(listener.text, "Haste makes waste.\n");
    assert_in_range(listener.messages, 2, 19);
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_a_client_that_has_finished_sending_hears_it_to_the_end(void **context)
{
    struct harness *h = start_with("Patience.\n", "200");
    struct listener listener = {.h = h};

    harness_tell(h, PRODUCER_FINISHED);
    scene_wait(harness_scene(h), has_been_told, &listener);

    assert_string_equal(listener.text, "Patience.\n");
    harness_stop(h);
}

static void test_a_client_that_has_gone_ends_it(void **context)
{
    struct harness *h = start_with("Patience.\n", "1");

    harness_run(h);
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_waits_for_a_slow_client(void **context)
{
    struct harness *h = start_with("ab", "1000");
    uint64_t turns;

    harness_bound(h, "outbox", 1);
    outbox_send(harness_component(h), 0, message_copy(&harness_scene(h)->loop->pool, "x", 1));
    harness_run(h);
    turns = harness_scene(h)->loop->turns;
    scene_wait_seconds(harness_scene(h), 0.05);
    assert_int_equal(harness_scene(h)->loop->turns, turns);
    assert_string_equal(harness_heard(h, "outbox"), "x");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "ab");
    harness_stop(h);
}

/* The texts of a file, each once, in the order of the alphabet: "a|b". */
static const char *texts_of(const char *file)
{
    static char all[100];
    bool is_there[128] = {false};

    for (int i = 0; i < 200; i++) { /* to miss one of three: 1 in 10^35 */
        struct harness *h = start_with(file, "1000000");
        const char *text;

        harness_run(h);
        text = harness_heard(h, "outbox");
        assert_non_null(text);
        assert_int_equal(harness_heard_size(h), 2);
        is_there[(unsigned char)text[0] & 127] = true;
        harness_stop(h);
    }
    all[0] = '\0';
    for (char letter = 1; letter < 127; letter++) {
        if (is_there[(int)letter]) {
            (void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "%c", letter);
        }
    }
    return all;
}

static void test_each_of_the_texts_has_its_turn(void **context)
{
    assert_string_equal(texts_of("a\n%\nb\n%\nc\n"), "abc");
    assert_string_equal(texts_of("%\n%\na\n%\n%\nb\n%\n"), "ab");
}

static void test_lines_within_a_text_may_have_percent_signs(void **context)
{
    struct harness *h = start_with("100 %\n%%\n % \n%\r\n%", "1000000");

    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "100 %\n%%\n % \n");
    harness_stop(h);
}

static const char *refusal(const char *fortunes)
{
    const struct plan_options options = {.types = component_types};
    struct errors *errors = errors_create();
    static char text[400];
    const struct error *err;
    char yaml[300];

    (void)snprintf(yaml, sizeof(yaml), "components: {a: {type: FortuneCookieProtocol%s}}",
                   fortunes);
    assert_null(plan_parse("/tmp/graph.yaml", yaml, strlen(yaml), &options, errors));
    err = &errors_at(errors, 0)->error;
    (void)snprintf(text, sizeof(text), "%s:%u: %s", err->file, err->line, err->text);
    errors_destroy(errors);
    return text;
}

/* The same where the parameter is our file, from "/tmp/" on and with *** for its name. */
static const char *refusal_of_file(const char *text, size_t size)
{
    static char said[400];
    char fortunes[100];
    char *at;

    write_file(text, size);
    (void)snprintf(fortunes, sizeof(fortunes), ", fortunes: %s", file_name());
    (void)snprintf(said, sizeof(said), "%s", refusal(fortunes));
    at = strstr(said, file_name());
    assert_non_null(at);
    memmove(at + 3, at + strlen(file_name()), strlen(at + strlen(file_name())) + 1);
    memcpy(at, "***", 3);
    return said;
}

static void test_a_file_that_cannot_be_used_is_a_mistake_of_the_graph(void **context)
{
    assert_non_null(strstr(refusal(""), "needs the parameter \"fortunes\""));
    assert_string_equal(refusal(", fortunes: [a]"),
                        "/tmp/graph.yaml:1: FortuneCookieProtocol: fortunes must be the path of a "
                        "file of fortunes; got a list");
    assert_string_equal(refusal(", fortunes: axond-no-such-file"),
                        "/tmp/graph.yaml:1: /tmp/axond-no-such-file: cannot be read: No such file "
                        "or directory");
    assert_string_equal(refusal(", fortunes: /tmp"),
                        "/tmp/graph.yaml:1: /tmp: a directory, where a file is needed");
    assert_string_equal(refusal_of_file("%\n%\n", 4),
                        "/tmp/graph.yaml:1: /tmp/***: there is no fortune in it");
    assert_string_equal(refusal_of_file("", 0),
                        "/tmp/graph.yaml:1: /tmp/***: there is no fortune in it");
    assert_memory_equal(refusal_of_file("one\n%\n\033[2J\n", 11), "/tmp/***:3: ", 12);
}

static void test_a_file_that_is_too_big_is_refused(void **context)
{
    static char text[(4 << 20) + 1];

    memset(text, 'x', sizeof(text));

    assert_string_equal(refusal_of_file(text, sizeof(text)),
                        "/tmp/graph.yaml:1: /tmp/***: 4194305 bytes of fortunes are too many: 4 "
                        "MiB at most");
}

static struct plan *plan_of(const char *fortunes)
{
    const struct plan_options options = {.types = component_types};
    struct errors *errors = errors_create();
    struct plan *plan;
    char yaml[200];

    write_file(fortunes, strlen(fortunes));
    (void)snprintf(yaml, sizeof(yaml),
                   "components: {a: {type: FortuneCookieProtocol, fortunes: %s}}", file_name());
    plan = plan_parse("/tmp/graph.yaml", yaml, strlen(yaml), &options, errors);
    assert_non_null(plan);
    errors_destroy(errors);
    return plan;
}

static void test_a_reload_takes_other_fortunes_though_the_path_is_the_same(void **context)
{
    struct plan *old = plan_of("one\n");
    struct plan *same = plan_of("one\n");
    struct plan *other = plan_of("two\n");
    struct plan_difference *none = plan_difference_create(old, same);
    struct plan_difference *one = plan_difference_create(old, other);

    assert_true(plan_difference_is_empty(none));
    assert_int_equal(one->count, 1);
    plan_difference_destroy(none);
    plan_difference_destroy(one);
    plan_release(old);
    plan_release(same);
    plan_release(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tells_a_fortune_bit_by_bit_then_finishes),
        cmocka_unit_test(test_a_client_that_has_finished_sending_hears_it_to_the_end),
        cmocka_unit_test(test_a_client_that_has_gone_ends_it),
        cmocka_unit_test(test_waits_for_a_slow_client),
        cmocka_unit_test(test_each_of_the_texts_has_its_turn),
        cmocka_unit_test(test_lines_within_a_text_may_have_percent_signs),
        cmocka_unit_test(test_a_file_that_cannot_be_used_is_a_mistake_of_the_graph),
        cmocka_unit_test(test_a_file_that_is_too_big_is_refused),
        cmocka_unit_test(test_a_reload_takes_other_fortunes_though_the_path_is_the_same),
    };

    return cmocka_run_group_tests(tests, name_file, remove_file);
}
