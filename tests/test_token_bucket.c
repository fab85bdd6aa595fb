/* The arithmetic of rate limits, at times of the test's own. */
#include "components/util/token_bucket.h"

#include "tests/unit.h"

/* Takes all that may pass. */
static uint64_t take_all(struct token_bucket *bucket, double now)
{
    uint64_t amount;

    bucket_refill(bucket, now);
    amount = bucket_allowance(bucket);
    bucket_take(bucket, amount);
    return amount;
}

static void test_begins_full_and_fills_at_its_rate_up_to_the_burst(void **context)
{
    struct token_bucket bucket;

    bucket_init(&bucket, 100, 20, 1000.0);

    assert_int_equal(take_all(&bucket, 1000.0), 20);
    assert_int_equal(take_all(&bucket, 1000.0), 0);
    assert_int_equal(take_all(&bucket, 1000.05), 5);
    assert_int_equal(take_all(&bucket, 2000.0), 20);
}

static void test_a_fraction_is_kept_until_it_is_whole(void **context)
{
    struct token_bucket bucket;

    bucket_init(&bucket, 10, 1, 0.0);
    assert_int_equal(take_all(&bucket, 0.0), 1);

    assert_int_equal(take_all(&bucket, 0.06), 0);
    assert_int_equal(take_all(&bucket, 0.1), 1);
    assert_int_equal(take_all(&bucket, 0.2), 1);
}

static void test_says_how_long_to_wait(void **context)
{
    struct token_bucket bucket;

    bucket_init(&bucket, 10, 5, 0.0);
    (void)take_all(&bucket, 0.0);

    assert_true(bucket_wait(&bucket, 5) > 0.4999 && bucket_wait(&bucket, 5) < 0.5001);
    bucket_refill(&bucket, 0.3);
    assert_true(bucket_wait(&bucket, 5) > 0.1999 && bucket_wait(&bucket, 5) < 0.2001);
    bucket_refill(&bucket, 0.5);
    assert_true(bucket_wait(&bucket, 5) < 0.0001);
}

static void test_timers_that_are_late_do_not_lower_the_rate(void **context)
{
    struct token_bucket bucket;
    double now = 0;
    uint64_t passed = 0;

    bucket_init(&bucket, 1000, 1, now);
    (void)take_all(&bucket, now);
    while (now < 100) {
        now += bucket_wait(&bucket, 1) + 0.0034; /* three at a time are late */
        passed += take_all(&bucket, now);
    }

    assert_in_range(passed, 99990, 100010);
}

static void test_what_a_held_up_loop_is_late_for_is_bounded(void **context)
{
    struct token_bucket bucket;

    bucket_init(&bucket, 1000, 10, 0.0);
    (void)take_all(&bucket, 0.0);
    (void)bucket_wait(&bucket, 1);

    assert_int_equal(take_all(&bucket, 60.0), 10 + 1000 * BUCKET_LATENESS);
}

static void test_never_more_than_burst_and_rate_after_a_silence(void **context)
{
    struct token_bucket bucket;

    bucket_init(&bucket, 1000, 10, 0.0);
    (void)take_all(&bucket, 0.0);
    (void)bucket_wait(&bucket, 1);
    (void)take_all(&bucket, 0.001); /* waits for nothing any more */

    assert_int_equal(take_all(&bucket, 60.0), 10);
}

static void test_a_clock_that_goes_back_gives_nothing(void **context)
{
    struct token_bucket bucket;

    bucket_init(&bucket, 10, 1, 100.0);
    assert_int_equal(take_all(&bucket, 100.0), 1);

    assert_int_equal(take_all(&bucket, 50.0), 0);
    assert_int_equal(take_all(&bucket, 100.05), 0);
    assert_int_equal(take_all(&bucket, 100.11), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begins_full_and_fills_at_its_rate_up_to_the_burst),
        cmocka_unit_test(test_a_fraction_is_kept_until_it_is_whole),
        cmocka_unit_test(test_says_how_long_to_wait),
        cmocka_unit_test(test_timers_that_are_late_do_not_lower_the_rate),
        cmocka_unit_test(test_what_a_held_up_loop_is_late_for_is_bounded),
        cmocka_unit_test(test_never_more_than_burst_and_rate_after_a_silence),
        cmocka_unit_test(test_a_clock_that_goes_back_gives_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
