/* DataDeChunker alone, and behind a DataChunker. */
#include "graph/loop.h"
#include "tests/harness.h"
#include "tests/unit.h"

static void flush(struct harness *h)
{
    harness_say(h, "flush", "whatever");
    harness_run(h);
}

static void test_a_chunk_is_whole_when_the_next_one_begins(void **context)
{
    struct harness *h = harness_start("DataDeChunker", "{syncmessage: XX}");

    harness_say(h, "inbox", "XXone");
    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    harness_say(h, "inbox", "XXtwoXX");
    harness_run(h);

    HEARS(h, "outbox", "one", "two");
    harness_stop(h);
}

static void test_a_flush_says_that_the_chunk_is_whole(void **context)
{
    struct harness *h = harness_start("DataDeChunker", "{syncmessage: XX}");

    harness_say(h, "inbox", "XXone");
    flush(h);
    HEARS(h, "outbox", "one");
    harness_say(h, "inbox", "what follows belongs to no chunk");
    flush(h);
    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_stat(h, "skipped"), 32);
    harness_say(h, "inbox", "XXtwo");
    flush(h);

    HEARS(h, "outbox", "two");
    harness_stop(h);
}

static void test_the_end_of_the_stream_ends_the_last_chunk(void **context)
{
    struct harness *h = harness_start("DataDeChunker", "{syncmessage: XX}");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "XXoneXXtwo");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "one");
    harness_run(h);

    HEARS(h, "outbox", "two");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_an_end_before_the_first_chunk_sends_nothing(void **context)
{
    struct harness *h = harness_start("DataDeChunker", "{syncmessage: XX}");

    harness_say(h, "inbox", "X");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_stat(h, "skipped"), 1);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static void test_it_does_not_matter_where_the_stream_is_cut(void **context)
{
    static const char text[] = "junkABAACaBAbABAACABAACcABAAC";

    for (size_t first = 0; first < sizeof(text); first++) {
        for (size_t second = first; second < sizeof(text); second++) {
            struct harness *h = harness_start("DataDeChunker", "{syncmessage: ABAAC}");

            harness_say_bytes(h, "inbox", text, first);
            harness_say_bytes(h, "inbox", text + first, second - first);
            harness_say_bytes(h, "inbox", text + second, sizeof(text) - 1 - second);
            harness_run(h);

            HEARS(h, "outbox", "aBAb", "", "c");
            assert_int_equal(harness_stat(h, "skipped"), 4);
            harness_stop(h);
        }
    }
}

/* What almost was a syncmessage may hold the beginning of one. */
static void test_a_syncmessage_is_found_behind_the_beginning_of_another(void **context)
{
    struct harness *h = harness_start("DataDeChunker", "{syncmessage: ABAAC}");

    harness_say(h, "inbox", "ABABAACa.ABAABAAC");
    harness_run(h);

    HEARS(h, "outbox", "a.ABA");
    assert_int_equal(harness_stat(h, "skipped"), 2);
    harness_stop(h);
}

static void test_the_rest_of_a_chunk_whose_beginning_is_lost_is_passed_over(void **context)
{
    struct harness *h = harness_start("DataDeChunker", NULL);

    harness_say(h, "inbox", "XXXXXXXthe end of a chunk");
    harness_say(h, "inbox", "XXXXXXXXXXXXXXXXXXXXXXXXwhole");
    flush(h);

    HEARS(h, "outbox", "whole");
    harness_stop(h);
}

static void test_a_chunk_longer_than_max_chunk_is_passed_over_and_said(void **context)
{
    struct harness *h = harness_start("DataDeChunker", "{syncmessage: XX, max_chunk: 4}");

    harness_say(h, "inbox", "XX12");
    harness_say(h, "inbox", "34XX12345");
    harness_say(h, "inbox", "678XXokXX");
    harness_run(h);

    HEARS(h, "outbox", "1234", "ok");
    assert_int_equal(harness_stat(h, "dropped"), 1);
    assert_int_equal(harness_stat(h, "skipped"), 8);
    assert_string_equal(harness_scene(h)->log, "it: dropped a chunk that is longer than max_chunk "
                                               "(said once, counted from now on)");
    harness_stop(h);
}

static void test_a_stream_without_an_end_takes_no_more_memory_than_max_chunk(void **context)
{
    struct harness *h = harness_start("DataDeChunker", "{max_chunk: 1KiB}");
    char bytes[4096];

    memset(bytes, 'y', sizeof(bytes));
    harness_say(h, "inbox", "XXXXXXXXXXXXXXXXXXXXXXXX");
    for (int i = 0; i < 1000; i++) {
        harness_say_bytes(h, "inbox", bytes, sizeof(bytes));
        harness_run(h);
    }

    assert_true(harness_scene(h)->loop->pool.memory <= 4 * BLOCK_SIZE);
    assert_int_equal(harness_stat(h, "dropped"), 1);
    harness_stop(h);
}

static void test_a_chunk_that_is_not_escaped_as_it_should_be_is_dropped(void **context)
{
    struct harness *h = harness_start("DataDeChunker", "{syncmessage: XX}");

    harness_say(h, "inbox", "XX100%XX%5XX%zzXX%5AXXgood%25XX");
    harness_run(h);

    HEARS(h, "outbox", "good%");
    assert_int_equal(harness_stat(h, "dropped"), 4);
    assert_string_equal(harness_scene(h)->log, "it: dropped a chunk that is not escaped as it "
                                               "should be (said once, counted from now on)");
    harness_stop(h);
}

static void test_waits_for_a_slow_reader_chunk_by_chunk(void **context)
{
    struct harness *h = harness_start("DataDeChunker", "{syncmessage: XX}");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "XXoneXXtwo");
    harness_say(h, "flush", "");
    harness_run(h);
    HEARS(h, "outbox", "one");
    harness_run(h);

    HEARS(h, "outbox", "two");
    harness_stop(h);
}

/* Any bytes, and those of the syncmessage, cut anywhere. */
static void test_what_a_chunker_marked_comes_out_as_it_went_in(void **context)
{
    struct harness *chunker = harness_start("DataChunker", "{syncmessage: \"XYX\xc3\xa4\"}");
    struct harness *h = harness_start("DataDeChunker", "{syncmessage: \"XYX\xc3\xa4\"}");
    unsigned char item[200];
    uint32_t random = 1;

    for (int round = 0; round < 200; round++) {
        const size_t size = (size_t)round % sizeof(item);
        const char *chunk;

        for (size_t i = 0; i < size; i++) {
            random = random * 1664525 + 1013904223;
            item[i] = random >> 31 != 0 ? (unsigned char)"XY%\xc3"[random >> 8 & 3]
                                        : (unsigned char)(random >> 16);
        }
        harness_say_bytes(chunker, "inbox", item, size);
        harness_run(chunker);
        chunk = harness_heard(chunker, "outbox");
        for (size_t at = 0; at < harness_heard_size(chunker); at++) {
            harness_say_bytes(h, "inbox", chunk + at, 1);
        }
        harness_run(h);
        flush(h);
        chunk = harness_heard(h, "outbox");
        assert_non_null(chunk);
        assert_int_equal(harness_heard_size(h), size);
        assert_memory_equal(chunk, item, size);
        assert_null(harness_heard(h, "outbox"));
    }
    harness_stop(chunker);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_chunk_is_whole_when_the_next_one_begins),
        cmocka_unit_test(test_a_flush_says_that_the_chunk_is_whole),
        cmocka_unit_test(test_the_end_of_the_stream_ends_the_last_chunk),
        cmocka_unit_test(test_an_end_before_the_first_chunk_sends_nothing),
        cmocka_unit_test(test_it_does_not_matter_where_the_stream_is_cut),
        cmocka_unit_test(test_a_syncmessage_is_found_behind_the_beginning_of_another),
        cmocka_unit_test(test_the_rest_of_a_chunk_whose_beginning_is_lost_is_passed_over),
        cmocka_unit_test(test_a_chunk_longer_than_max_chunk_is_passed_over_and_said),
        cmocka_unit_test(test_a_stream_without_an_end_takes_no_more_memory_than_max_chunk),
        cmocka_unit_test(test_a_chunk_that_is_not_escaped_as_it_should_be_is_dropped),
        cmocka_unit_test(test_waits_for_a_slow_reader_chunk_by_chunk),
        cmocka_unit_test(test_what_a_chunker_marked_comes_out_as_it_went_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
