/* Chunkifier alone. */
#include "graph/loop.h"
#include "tests/harness.h"
#include "tests/unit.h"

static void test_blocks_are_of_one_size_and_the_rest_comes_at_the_end(void **context)
{
    struct harness *h = harness_start("Chunkifier", "{chunksize: 3}");

    harness_say(h, "inbox", "ab");
    harness_say(h, "inbox", "cdefg");
    harness_say(h, "inbox", "h");
    harness_run(h);
    HEARS(h, "outbox", "abc", "def");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    HEARS(h, "outbox", "gh");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_nothing_is_left_after_a_whole_block(void **context)
{
    struct harness *h = harness_start("Chunkifier", "{chunksize: 3}");

    harness_say(h, "inbox", "abcdef");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    HEARS(h, "outbox", "abc", "def");
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_it_does_not_matter_where_messages_are_cut(void **context)
{
    static const char text[] = "0123456789abcdef";

    for (size_t first = 0; first < sizeof(text); first++) {
        for (size_t second = first; second < sizeof(text); second++) {
            struct harness *h = harness_start("Chunkifier", "{chunksize: 5}");

            harness_say_bytes(h, "inbox", text, first);
            harness_say_bytes(h, "inbox", text + first, second - first);
            harness_say_bytes(h, "inbox", text + second, sizeof(text) - 1 - second);
            harness_tell(h, PRODUCER_FINISHED);
            harness_run(h);

            HEARS(h, "outbox", "01234", "56789", "abcde", "f");
            harness_stop(h);
        }
    }
}

static void test_a_block_within_a_message_is_not_copied(void **context)
{
    struct harness *h = harness_start("Chunkifier", "{chunksize: 2}");
    struct pool *pool = &harness_scene(h)->loop->pool;
    uint32_t filled;

    harness_say(h, "inbox", "abcd");
    filled = pool->filled;
    harness_run(h);

    assert_int_equal(pool->filled, filled); /* no new bytes were written */
    HEARS(h, "outbox", "ab", "cd");
    harness_stop(h);
}

static void test_with_nodelay_a_shorter_block_goes_out_rather_than_wait(void **context)
{
    struct harness *h = harness_start("Chunkifier", "{chunksize: 4, nodelay: true}");

    harness_say(h, "inbox", "ab");
    harness_say(h, "inbox", "cde");
    harness_run(h);
    HEARS(h, "outbox", "abcd", "e");
    harness_say(h, "inbox", "f");
    harness_run(h);

    HEARS(h, "outbox", "f");
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_and_loses_nothing(void **context)
{
    struct harness *h = harness_start("Chunkifier", "{chunksize: 2}");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "abcde");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "ab");
    harness_run(h);
    HEARS(h, "outbox", "cd");
    assert_int_equal(harness_notice(h, "signal"), DATA);
    harness_run(h);

    HEARS(h, "outbox", "e");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_a_message_of_many_blocks_does_not_hold_the_loop(void **context)
{
    struct harness *h = harness_start("Chunkifier", "{chunksize: 1}");
    char bytes[60000];

    memset(bytes, 'x', sizeof(bytes));
    harness_say_bytes(h, "inbox", bytes, sizeof(bytes));
    harness_run(h);

    assert_true(harness_scene(h)->loop->turns > 100);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        assert_string_equal(harness_heard(h, "outbox"), "x");
    }
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_a_stop_drops_the_unfinished_block(void **context)
{
    struct harness *h = harness_start("Chunkifier", NULL);

    harness_say(h, "inbox", "unfinished");
    harness_run(h);
    harness_tell(h, SHUTDOWN_MICROPROCESS);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), SHUTDOWN_MICROPROCESS);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_of_one_size_and_the_rest_comes_at_the_end),
        cmocka_unit_test(test_nothing_is_left_after_a_whole_block),
        cmocka_unit_test(test_it_does_not_matter_where_messages_are_cut),
        cmocka_unit_test(test_a_block_within_a_message_is_not_copied),
        cmocka_unit_test(test_with_nodelay_a_shorter_block_goes_out_rather_than_wait),
        cmocka_unit_test(test_waits_for_a_slow_reader_and_loses_nothing),
        cmocka_unit_test(test_a_message_of_many_blocks_does_not_hold_the_loop),
        cmocka_unit_test(test_a_stop_drops_the_unfinished_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
