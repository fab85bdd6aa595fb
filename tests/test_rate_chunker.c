/* RateChunker. */
#include "components/component_types.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "tests/harness.h"
#include "tests/unit.h"

static void test_cuts_what_a_message_holds_without_copying(void **context)
{
    struct harness *h = harness_start("RateChunker", "{datarate: 100, chunkrate: 25}");
    struct pool *pool = &harness_scene(h)->loop->pool;
    size_t filled;

    harness_say(h, "inbox", "aaaabbbbcccc");
    filled = pool->filled;
    harness_run(h);

    assert_int_equal(pool->filled, filled);
    assert_string_equal(harness_heard(h, "outbox"), "aaaa");
    assert_string_equal(harness_heard(h, "outbox"), "bbbb");
    assert_string_equal(harness_heard(h, "outbox"), "cccc");
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_joins_a_chunk_that_comes_in_pieces(void **context)
{
    struct harness *h = harness_start("RateChunker", "{datarate: 100, chunkrate: 25}");

    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "a");
    harness_run(h);
    assert_null(harness_heard(h, "outbox"));
    harness_say(h, "inbox", "aabbbbc");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "aaaa");
    assert_string_equal(harness_heard(h, "outbox"), "bbbb");
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_sizes_vary_so_that_the_sum_is_exact(void **context)
{
    static const size_t sizes[] = {33, 33, 34};
    struct harness *h = harness_start("RateChunker", "{datarate: 100, chunkrate: 3}");
    static char text[301];

    memset(text, 'x', 300);
    harness_say(h, "inbox", text);
    harness_run(h);

    for (int i = 0; i < 9; i++) {
        assert_non_null(harness_heard(h, "outbox"));
        assert_int_equal(harness_heard_size(h), sizes[i % 3]);
    }
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_no_quantum_is_torn_apart(void **context)
{
    static const size_t sizes[] = {4, 8, 8}; /* 6.67 on average */
    struct harness *h = harness_start("RateChunker", "{datarate: 20, quantasize: 4, chunkrate: 3}");

    harness_say(h, "inbox", "aaaabbbbccccddddeeee");
    harness_say(h, "inbox", "aaaabbbbccccddddeeee");
    harness_run(h);

    for (int i = 0; i < 6; i++) {
        assert_non_null(harness_heard(h, "outbox"));
        assert_int_equal(harness_heard_size(h), sizes[i % 3]);
    }
    harness_stop(h);
}

static void test_the_last_chunk_goes_out_short(void **context)
{
    struct harness *h = harness_start("RateChunker", "{datarate: 100, chunkrate: 25}");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "aaaabb");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "aaaa");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "bb");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static const char *refusal(const char *parameters)
{
    const struct plan_options options = {.types = component_types};
    struct errors *errors = errors_create();
    static char text[300];
    char yaml[300];

    (void)snprintf(yaml, sizeof(yaml), "components: {a: {type: RateChunker, <<: %s}}", parameters);
    assert_null(plan_parse("graph.yaml", yaml, strlen(yaml), &options, errors));
    (void)snprintf(text, sizeof(text), "%s", errors_at(errors, 0)->error.text);
    errors_destroy(errors);
    return text;
}

static void test_chunks_have_to_hold_something_and_not_too_much(void **context)
{
    assert_string_equal(refusal("{datarate: 10, quantasize: 4, chunkrate: 3}"),
                        "RateChunker: datarate 10 in 3 chunks makes less than a quantum of 4 bytes "
                        "for each");
    assert_string_equal(refusal("{datarate: 64MiB, chunkrate: 1}"),
                        "RateChunker: chunks of 67108864 bytes; they may have up to 16777216");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts_what_a_message_holds_without_copying),
        cmocka_unit_test(test_joins_a_chunk_that_comes_in_pieces),
        cmocka_unit_test(test_sizes_vary_so_that_the_sum_is_exact),
        cmocka_unit_test(test_no_quantum_is_torn_apart),
        cmocka_unit_test(test_the_last_chunk_goes_out_short),
        cmocka_unit_test(test_chunks_have_to_hold_something_and_not_too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
