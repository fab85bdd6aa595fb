/* The arithmetic of requests at a rate, at times of the test's own. */
#include "components/util/request_pace.h"

#include "tests/unit.h"

enum { ONE_BY_ONE, ALL_AT_ONCE };

/* All that is asked for at a time, as text: "25 25 ". */
static const char *ask(struct request_pace *pace, double now, int how)
{
    static char text[200];
    uint64_t bytes;

    text[0] = '\0';
    while ((bytes = how == ONE_BY_ONE ? pace_take(pace, now) : pace_take_all(pace, now)) > 0) {
        const size_t used = strlen(text);

        (void)snprintf(text + used, sizeof(text) - used, "%llu ", (unsigned long long)bytes);
    }
    return text;
}

static void test_asks_for_a_chunk_at_every_step(void **context)
{
    struct request_pace pace;

    pace_init(&pace, 100, 25, 1000.0);

    assert_string_equal(ask(&pace, 1000.0, ALL_AT_ONCE), "25 ");
    for (int i = 1; i < 7; i++) {
        const double due = 1000.0 + 0.25 * i;

        assert_string_equal(ask(&pace, due - 0.001, ALL_AT_ONCE), "");
        assert_string_equal(ask(&pace, due, ALL_AT_ONCE), "25 ");
        assert_string_equal(ask(&pace, due + 0.001, ALL_AT_ONCE), "");
    }
}

static void test_asks_after_a_delay_for_all_that_was_missed_in_one(void **context)
{
    struct request_pace pace;

    pace_init(&pace, 100, 25, 0.0);
    (void)ask(&pace, 0.0, ALL_AT_ONCE);
    assert_string_equal(ask(&pace, 0.25, ALL_AT_ONCE), "25 ");

    assert_string_equal(ask(&pace, 1.25, ALL_AT_ONCE), "100 ");
    assert_string_equal(ask(&pace, 1.5, ALL_AT_ONCE), "25 ");
    assert_string_equal(ask(&pace, 1.75, ALL_AT_ONCE), "25 ");
}

static void test_asks_after_a_delay_chunk_by_chunk(void **context)
{
    struct request_pace pace;

    pace_init(&pace, 100, 25, 0.0);
    (void)ask(&pace, 0.0, ONE_BY_ONE);
    assert_string_equal(ask(&pace, 0.25, ONE_BY_ONE), "25 ");

    assert_string_equal(ask(&pace, 1.28, ONE_BY_ONE), "25 25 25 25 ");
    assert_string_equal(ask(&pace, 1.5, ONE_BY_ONE), "25 ");
    assert_string_equal(ask(&pace, 1.75, ONE_BY_ONE), "25 ");
}

static void check_thirds(int how)
{
    static const char *const chunks[] = {"33 ", "33 ", "34 "};
    struct request_pace pace;

    pace_init(&pace, 100, 100.0 / 3, 0.0);
    for (int i = 0; i < 300; i++) {
        assert_string_equal(ask(&pace, i / 3.0, how), chunks[i % 3]);
    }
}

static void test_what_rounding_leaves_goes_to_a_later_chunk(void **context)
{
    check_thirds(ALL_AT_ONCE);
    check_thirds(ONE_BY_ONE);
}

static void test_a_rate_that_stays_the_same_changes_nothing(void **context)
{
    struct request_pace pace;

    pace_init(&pace, 100, 25, 0.0);
    assert_string_equal(ask(&pace, 0.0, ALL_AT_ONCE), "25 ");
    pace_change(&pace, 100, 0.05);
    pace_change(&pace, 100, 0.1);
    pace_change(&pace, 100, 0.15);

    assert_string_equal(ask(&pace, 0.249, ALL_AT_ONCE), "");
    assert_string_equal(ask(&pace, 0.25, ALL_AT_ONCE), "25 ");
    assert_string_equal(ask(&pace, 0.5, ALL_AT_ONCE), "25 ");
}

static void test_the_old_rate_holds_until_the_new_one_comes(void **context)
{
    struct request_pace pace;

    pace_init(&pace, 100, 50, 0.0);
    (void)ask(&pace, 0.0, ALL_AT_ONCE);
    pace_change(&pace, 200, 0.25);

    assert_string_equal(ask(&pace, 0.3749, ALL_AT_ONCE), "");
    assert_string_equal(ask(&pace, 0.375, ALL_AT_ONCE), "50 ");
    assert_string_equal(ask(&pace, 0.6249, ALL_AT_ONCE), "");
    assert_string_equal(ask(&pace, 0.625, ALL_AT_ONCE), "50 ");
    assert_string_equal(ask(&pace, 0.875, ALL_AT_ONCE), "50 ");
}

static void test_each_of_several_rates_holds_for_its_time(void **context)
{
    struct request_pace pace;

    pace_init(&pace, 10, 10, 0.0);
    (void)ask(&pace, 0.0, ALL_AT_ONCE);
    pace_change(&pace, 20, 0.15); /* twice the rate for a quarter of a second */
    pace_change(&pace, 10, 0.4);

    assert_string_equal(ask(&pace, 0.7499, ALL_AT_ONCE), "");
    assert_string_equal(ask(&pace, 0.75, ALL_AT_ONCE), "10 ");
    assert_string_equal(ask(&pace, 1.7499, ALL_AT_ONCE), "");
    assert_string_equal(ask(&pace, 1.75, ALL_AT_ONCE), "10 ");
}

static void test_does_not_drift_in_a_year(void **context)
{
    enum { STEPS = 3000000 };
    const double step = 10.511; /* not the pace's: every chunk is late by another bit */
    struct request_pace pace;
    uint64_t sum = 0;

    pace_init(&pace, 1234567, 1000.1, 0.0);
    for (int i = 0; i <= STEPS; i++) {
        sum += pace_take_all(&pace, i * step);
    }

    assert_in_range(sum, (uint64_t)(1234567 * (STEPS * step)) - 1,
                    (uint64_t)(1234567 * (STEPS * step)) + 1002);
}

static void test_says_how_long_to_wait(void **context)
{
    struct request_pace pace;

    pace_init(&pace, 100, 25, 0.0);
    assert_true(pace_wait(&pace, 0.0) < 1e-6);
    (void)ask(&pace, 0.0, ONE_BY_ONE);

    assert_true(pace_wait(&pace, 0.1) > 0.1499 && pace_wait(&pace, 0.1) < 0.1501);
    assert_true(pace_wait(&pace, 9.0) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asks_for_a_chunk_at_every_step),
        cmocka_unit_test(test_asks_after_a_delay_for_all_that_was_missed_in_one),
        cmocka_unit_test(test_asks_after_a_delay_chunk_by_chunk),
        cmocka_unit_test(test_what_rounding_leaves_goes_to_a_later_chunk),
        cmocka_unit_test(test_a_rate_that_stays_the_same_changes_nothing),
        cmocka_unit_test(test_the_old_rate_holds_until_the_new_one_comes),
        cmocka_unit_test(test_each_of_several_rates_holds_for_its_time),
        cmocka_unit_test(test_does_not_drift_in_a_year),
        cmocka_unit_test(test_says_how_long_to_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
