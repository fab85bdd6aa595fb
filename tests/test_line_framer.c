/* LineFramer alone. */
#include "graph/loop.h"
#include "tests/harness.h"
#include "tests/unit.h"

static void assert_lines(struct harness *h, const char *const *lines)
{
    for (; *lines != NULL; lines++) {
        const char *heard = harness_heard(h, "outbox");

        assert_non_null(heard);
        assert_string_equal(heard, *lines);
    }
    assert_null(harness_heard(h, "outbox"));
}

#define ASSERT_LINES(h, ...) assert_lines(h, (const char *const[]){__VA_ARGS__, NULL})

static void test_splits_a_message_into_its_lines(void **context)
{
    struct harness *h = harness_start("LineFramer", NULL);

    harness_say(h, "inbox", "one\ntwo\n\nfour\n");
    harness_run(h);

    ASSERT_LINES(h, "one\n", "two\n", "\n", "four\n");
    harness_stop(h);
}

static void test_lines_go_across_messages(void **context)
{
    struct harness *h = harness_start("LineFramer", NULL);

    harness_say(h, "inbox", "on");
    harness_say(h, "inbox", "e\ntw");
    harness_say(h, "inbox", "o");
    harness_say(h, "inbox", "\n");
    harness_run(h);

    ASSERT_LINES(h, "one\n", "two\n");
    harness_stop(h);
}

static void test_it_does_not_matter_where_messages_are_cut(void **context)
{
    static const char text[] = "a\nbc\n\ndef\nghij\n";

    for (size_t first = 0; first < sizeof(text); first++) {
        for (size_t second = first; second < sizeof(text); second++) {
            struct harness *h = harness_start("LineFramer", "{max_line: 4}");

            harness_say_bytes(h, "inbox", text, first);
            harness_say_bytes(h, "inbox", text + first, second - first);
            harness_say_bytes(h, "inbox", text + second, sizeof(text) - 1 - second);
            harness_run(h);

            ASSERT_LINES(h, "a\n", "bc\n", "\n", "def\n", "ghij\n");
            harness_stop(h);
        }
    }
}

static void test_a_byte_at_a_time_makes_the_same_lines(void **context)
{
    struct harness *h = harness_start("LineFramer", "{strip_newline: true}");
    char line[1001];

    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        for (size_t at = 0; at < sizeof(line) - 1; at++) {
            harness_say_bytes(h, "inbox", line + at, 1);
            harness_run(h);
        }
        harness_say(h, "inbox", "\n");
    }
    harness_run(h);

    ASSERT_LINES(h, line, line, line);
    harness_stop(h);
}

static void test_a_line_within_a_message_is_not_copied(void **context)
{
    struct harness *h = harness_start("LineFramer", NULL);
    struct pool *pool = &harness_scene(h)->loop->pool;
    uint32_t filled;

    harness_say(h, "inbox", "one\ntwo\n");
    filled = pool->filled;
    harness_run(h);

    assert_int_equal(pool->filled, filled); /* no new bytes were written */
    ASSERT_LINES(h, "one\n", "two\n");
    harness_stop(h);
}

static void test_strips_the_newline_and_a_carriage_return_before_it(void **context)
{
    struct harness *h = harness_start("LineFramer", "{strip_newline: true}");

    harness_say(h, "inbox", "unix\nnetwork\r\n\r\n\na\rb\nspl");
    harness_say(h, "inbox", "it\r");
    harness_say(h, "inbox", "\n");
    harness_run(h);

    ASSERT_LINES(h, "unix", "network", "", "", "a\rb", "split");
    harness_stop(h);
}

static void test_the_last_line_needs_no_newline(void **context)
{
    struct harness *h = harness_start("LineFramer", NULL);

    harness_say(h, "inbox", "one\nlast");
    harness_run(h);
    ASSERT_LINES(h, "one\n");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    ASSERT_LINES(h, "last");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_the_last_line_waits_for_room(void **context)
{
    struct harness *h = harness_start("LineFramer", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "one\nlast");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_notice(h, "signal"), DATA);
    ASSERT_LINES(h, "one\n");
    harness_run(h);

    ASSERT_LINES(h, "last");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_a_stop_drops_the_unfinished_line(void **context)
{
    struct harness *h = harness_start("LineFramer", NULL);

    harness_say(h, "inbox", "unfinished");
    harness_run(h);
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    harness_stop(h);
}

static void test_waits_for_room_line_by_line(void **context)
{
    struct harness *h = harness_start("LineFramer", NULL);

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "1\n2\n3\n");
    for (char digit = '1'; digit <= '3'; digit++) {
        const char line[] = {digit, '\n', '\0'};

        harness_run(h);
        ASSERT_LINES(h, line);
    }
    harness_stop(h);
}

static void test_exactly_max_line_is_not_too_long(void **context)
{
    struct harness *h = harness_start("LineFramer", "{max_line: 4}");

    harness_say(h, "inbox", "1234\n12345\n");
    harness_run(h);

    ASSERT_LINES(h, "1234\n");
    assert_string_equal(harness_heard(h, "overlong"), "12345\n");
    assert_int_equal(harness_stat(h, "overlong_lines"), 1);
    harness_stop(h);
}

static void test_an_overlong_line_goes_out_whole_in_pieces(void **context)
{
    struct harness *h = harness_start("LineFramer", "{max_line: 4}");

    harness_say(h, "inbox", "ok\n123");
    harness_say(h, "inbox", "45");
    harness_say(h, "inbox", "6789");
    harness_say(h, "inbox", "0\nok\n");
    harness_run(h);

    ASSERT_LINES(h, "ok\n", "ok\n");
    assert_string_equal(harness_heard(h, "overlong"), "123");
    assert_string_equal(harness_heard(h, "overlong"), "45");
    assert_string_equal(harness_heard(h, "overlong"), "6789");
    assert_string_equal(harness_heard(h, "overlong"), "0\n");
    assert_null(harness_heard(h, "overlong"));
    assert_int_equal(harness_stat(h, "overlong_lines"), 1);
    harness_stop(h);
}

static void test_overlong_lines_are_counted_where_nobody_reads_them(void **context)
{
    struct scene *scene =
        scene_start(NULL, "components:\n"
                          "  source: {type: DataSource, messages: "
                          "[\"much too long\\n\", \"ok\\n\"]}\n"
                          "  lines: {type: LineFramer, max_line: 4}\n"
                          "  sink: {type: Probe}\n"
                          "linkages: [source -> lines.inbox, lines.outbox -> sink.in0]\n");

    scene_run(scene);

    assert_string_equal(probe_take(scene, scene_find(scene, "sink"), PROBE_IN0), "ok\n");
    assert_int_equal(scene_find(scene, "lines")->discarded, 1);
    scene_stop(scene);
}

static void test_an_overlong_line_waits_for_its_reader_and_holds_the_others_up(void **context)
{
    struct harness *h = harness_start("LineFramer", "{max_line: 4}");

    harness_bound(h, "overlong", 1);
    harness_say(h, "inbox", "123456");
    harness_say(h, "inbox", "789\nok\n");
    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    assert_string_equal(harness_heard(h, "overlong"), "123456");
    harness_run(h);

    assert_string_equal(harness_heard(h, "overlong"), "789\n");
    ASSERT_LINES(h, "ok\n");
    harness_stop(h);
}

static void test_an_endless_line_takes_no_more_memory_than_max_line(void **context)
{
    struct harness *h = harness_start("LineFramer", "{max_line: 1KiB}");
    char bytes[4096];

    memset(bytes, 'x', sizeof(bytes));
    for (int i = 0; i < 1000; i++) {
        harness_say_bytes(h, "inbox", bytes, sizeof(bytes));
        harness_run(h);
        assert_non_null(harness_heard(h, "overlong"));
    }
    assert_null(harness_heard(h, "overlong"));
    assert_int_equal(harness_stat(h, "overlong_lines"), 1);
    assert_true(harness_scene(h)->loop->pool.memory <= 4 * BLOCK_SIZE);
    harness_stop(h);
}

static void test_many_short_lines_in_one_message_all_come(void **context)
{
    struct harness *h = harness_start("LineFramer", NULL);
    char bytes[60000];

    memset(bytes, '\n', sizeof(bytes));
    harness_say_bytes(h, "inbox", bytes, sizeof(bytes));
    harness_run(h);

    for (size_t i = 0; i < sizeof(bytes); i++) {
        assert_string_equal(harness_heard(h, "outbox"), "\n");
    }
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_empty_messages_are_passed_over(void **context)
{
    struct harness *h = harness_start("LineFramer", NULL);

    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "b\n");
    harness_run(h);

    ASSERT_LINES(h, "ab\n");
    harness_stop(h);
}

static void test_lines_that_span_messages_cost_no_malloc(void **context)
{
    struct harness *h = harness_start("LineFramer", NULL);
    uint64_t mallocs = 0;

    for (int i = 0; i < 5000; i++) {
        harness_say(h, "inbox", "e line\nand half anoth");
        harness_say(h, "inbox", "er\nand on");
        harness_run(h);
        while (harness_heard(h, "outbox") != NULL) {
        }
        if (i == 2000) {
            mallocs = harness_scene(h)->loop->pool.mallocs;
        }
    }

    assert_int_equal(harness_scene(h)->loop->pool.mallocs, mallocs);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits_a_message_into_its_lines),
        cmocka_unit_test(test_lines_go_across_messages),
        cmocka_unit_test(test_it_does_not_matter_where_messages_are_cut),
        cmocka_unit_test(test_a_byte_at_a_time_makes_the_same_lines),
        cmocka_unit_test(test_a_line_within_a_message_is_not_copied),
        cmocka_unit_test(test_strips_the_newline_and_a_carriage_return_before_it),
        cmocka_unit_test(test_the_last_line_needs_no_newline),
        cmocka_unit_test(test_the_last_line_waits_for_room),
        cmocka_unit_test(test_a_stop_drops_the_unfinished_line),
        cmocka_unit_test(test_waits_for_room_line_by_line),
        cmocka_unit_test(test_exactly_max_line_is_not_too_long),
        cmocka_unit_test(test_an_overlong_line_goes_out_whole_in_pieces),
        cmocka_unit_test(test_overlong_lines_are_counted_where_nobody_reads_them),
        cmocka_unit_test(test_an_overlong_line_waits_for_its_reader_and_holds_the_others_up),
        cmocka_unit_test(test_an_endless_line_takes_no_more_memory_than_max_line),
        cmocka_unit_test(test_many_short_lines_in_one_message_all_come),
        cmocka_unit_test(test_empty_messages_are_passed_over),
        cmocka_unit_test(test_lines_that_span_messages_cost_no_malloc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
