/* RateControl.  The arithmetic of its times is in test_token_bucket.c. */
#include "tests/clock.h"
#include "tests/harness.h"
#include "tests/unit.h"

enum { SIZE = 50000 };

static unsigned char bytes[SIZE];

struct listener {
    struct harness *h;
    size_t heard;
    unsigned messages;
    bool is_wrong;
};

/* Takes all there is, and checks that no byte is missing or out of order. */
static bool has_heard_all(void *arg)
{
    struct listener *listener = arg;
    const char *text;

    while ((text = harness_heard(listener->h, "outbox")) != NULL) {
        const size_t size = harness_heard_size(listener->h);

        listener->is_wrong |= memcmp(text, bytes + listener->heard, size) != 0;
        listener->heard += size;
        listener->messages++;
    }
    return listener->heard >= SIZE;
}

static void fill(void)
{
    for (size_t i = 0; i < SIZE; i++) {
        bytes[i] = (unsigned char)(i % 251);
    }
}

static void test_slices_what_is_too_long_and_sends_every_byte_in_its_time(void **context)
{
    struct harness *h = harness_start("RateControl", "{rate: 100000, burst: 10000}");
    struct listener listener = {.h = h};
    const double began = clock_now();

    fill();
    harness_say_bytes(h, "inbox", bytes, SIZE - 1000);
    harness_say_bytes(h, "inbox", bytes + SIZE - 1000, 1000);
    harness_run(h);
    (void)has_heard_all(&listener);
    assert_in_range(listener.heard, 10000, 11000); /* the burst */
    scene_wait(harness_scene(h), has_heard_all, &listener);

    clock_expect_passed(began, 0.4); /* (50000 - 10000) / 100000 */
    assert_int_equal(listener.heard, SIZE);
    assert_false(listener.is_wrong);
    assert_in_range(listener.messages, 2, 60);
    harness_stop(h);
}

static void test_does_not_copy(void **context)
{
    struct harness *h = harness_start("RateControl", "{rate: 1GiB, burst: 10}");
    struct pool *pool = &harness_scene(h)->loop->pool;
    size_t memory;

    fill();
    harness_say_bytes(h, "inbox", bytes, 100);
    memory = pool->filled;
    harness_run(h);

    assert_int_equal(pool->filled, memory);
    assert_string_equal(harness_heard(h, "outbox"), "");
    assert_int_equal(harness_heard_size(h), 10);
    harness_stop(h);
}

static void test_lets_an_empty_message_pass(void **context)
{
    struct harness *h = harness_start("RateControl", "{rate: 1, burst: 1}");

    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "a");
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "b");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "");
    assert_string_equal(harness_heard(h, "outbox"), "a");
    assert_string_equal(harness_heard(h, "outbox"), "");
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_one_byte_a_second_is_a_rate(void **context)
{
    struct harness *h = harness_start("RateControl", "{rate: 1}");

    harness_say(h, "inbox", "abc");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "a");
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_producer_finished_goes_on_after_the_last_byte(void **context)
{
    struct harness *h = harness_start("RateControl", "{rate: 1000000, burst: 10000}");
    struct listener listener = {.h = h};

    fill();
    harness_say_bytes(h, "inbox", bytes, SIZE);
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    assert_int_equal(harness_component(h)->state, RUNNING);
    scene_wait(harness_scene(h), has_heard_all, &listener);
    harness_run(h);

    assert_false(listener.is_wrong);
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

static void test_waits_without_a_timer_for_a_reader_and_for_messages(void **context)
{
    struct harness *h = harness_start("RateControl", "{rate: 1000, burst: 100}");
    uint64_t turns;

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "1");
    harness_say(h, "inbox", "2");
    harness_run(h);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices_what_is_too_long_and_sends_every_byte_in_its_time),
        cmocka_unit_test(test_does_not_copy),
        cmocka_unit_test(test_lets_an_empty_message_pass),
        cmocka_unit_test(test_one_byte_a_second_is_a_rate),
        cmocka_unit_test(test_producer_finished_goes_on_after_the_last_byte),
        cmocka_unit_test(test_waits_without_a_timer_for_a_reader_and_for_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
