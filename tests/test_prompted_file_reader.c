/* PromptedFileReader, on files of the test's own. */
#include "tests/folder.h"
#include "tests/harness.h"
#include "tests/unit.h"

static struct harness *start(const char *parameters)
{
    char text[512];

    (void)snprintf(text, sizeof(text), "{filename: %s, %s}", folder_path("file"), parameters);
    return harness_start("PromptedFileReader", text);
}

static bool is_over(void *arg)
{
    return component_is_over(harness_component(arg));
}

static bool has_message(void *arg)
{
    const struct component *ears = scene_find(harness_scene(arg), "ears");

    return component_have_inbox(ears, 0)->box.queued > 0;
}

/* The next message, once it is there: reading may take its time. */
static const char *next(struct harness *h)
{
    scene_wait(harness_scene(h), has_message, h);
    return harness_heard(h, "outbox");
}

static void test_sends_as_many_bytes_as_it_is_asked_for(void **context)
{
    struct harness *h;

    folder_put("file", "abcdefghij");
    h = start("readmode: bytes");
    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    harness_say(h, "inbox", "3");
    harness_say(h, "inbox", "4\n");

    assert_string_equal(next(h), "abc");
    assert_string_equal(next(h), "defg");
    scene_wait_seconds(harness_scene(h), 0.02);
    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_stat(h, "bytes"), 7); /* no more was read */
    harness_say(h, "inbox", "100");
    assert_string_equal(next(h), "hij");
    scene_wait(harness_scene(h), is_over, h);
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_sends_as_many_lines_as_it_is_asked_for(void **context)
{
    struct harness *h;

    folder_put("file", "one\ntwo\nthree\nlast");
    h = start("readmode: lines");
    harness_say(h, "inbox", "2");
    assert_string_equal(next(h), "one\n");
    assert_string_equal(next(h), "two\n");
    scene_wait_seconds(harness_scene(h), 0.02);
    assert_null(harness_heard(h, "outbox"));
    harness_say(h, "inbox", "9");

    assert_string_equal(next(h), "three\n");
    assert_string_equal(next(h), "last");
    scene_wait(harness_scene(h), is_over, h);
    harness_stop(h);
}

static void test_an_overlong_line_counts_as_one(void **context)
{
    struct harness *h;

    folder_put("file", "1234567890\nok\n");
    h = start("readmode: lines, max_line: 4");
    harness_say(h, "inbox", "2");

    assert_string_equal(next(h), "ok\n");
    assert_string_equal(harness_heard(h, "overlong"), "1234567890\n");
    assert_int_equal(harness_component(h)->state, RUNNING);
    harness_stop(h);
}

static void test_waits_for_room_with_many_bytes(void **context)
{
    struct harness *h;
    static char text[200001];
    size_t got = 0;

    memset(text, 'x', sizeof(text) - 1);
    folder_put("file", text);
    h = start("readmode: bytes");
    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "200000");
    while (got < 200000) {
        const size_t size = strlen(next(h));

        assert_in_range(size, 1, 65536);
        assert_true(harness_stat(h, "bytes") <= got + (size_t)2 * 65536);
        got += size;
    }

    assert_int_equal(harness_component(h)->state, RUNNING);
    harness_stop(h);
}

static void test_counts_what_is_no_number(void **context)
{
    struct harness *h;

    folder_put("file", "abc");
    h = start("readmode: bytes");
    harness_say(h, "inbox", "many");
    harness_say(h, "inbox", "0");
    harness_say(h, "inbox", "-1");
    harness_say(h, "inbox", "1000000000000000000000");
    harness_say(h, "inbox", "2");

    assert_string_equal(next(h), "ab");
    assert_int_equal(harness_stat(h, "refused"), 4);
    harness_stop(h);
}

static void test_finishes_once_it_has_sent_what_it_was_asked_for(void **context)
{
    struct harness *h;

    folder_put("file", "abcdef");
    h = start("readmode: bytes");
    harness_say(h, "inbox", "4");
    harness_tell(h, PRODUCER_FINISHED);
    scene_wait(harness_scene(h), is_over, h);

    assert_string_equal(harness_heard(h, "outbox"), "abcd");
    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_says_why_it_can_not_open_the_file(void **context)
{
    struct harness *h = harness_start_refused("PromptedFileReader", "{filename: /nowhere/file}");

    assert_string_equal(harness_scene(h)->refusal,
                        "it: could not open /nowhere/file: No such file or directory");
    harness_stop(h);
}

static int setup(void **context)
{
    folder_make();
    return 0;
}

static int teardown(void **context)
{
    folder_remove();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sends_as_many_bytes_as_it_is_asked_for),
        TEST(test_sends_as_many_lines_as_it_is_asked_for),
        TEST(test_an_overlong_line_counts_as_one),
        TEST(test_waits_for_room_with_many_bytes),
        TEST(test_counts_what_is_no_number),
        TEST(test_finishes_once_it_has_sent_what_it_was_asked_for),
        TEST(test_says_why_it_can_not_open_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
