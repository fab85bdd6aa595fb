/* SimpleDetupler alone. */
#include "graph/loop.h"
#include "tests/harness.h"
#include "tests/unit.h"

static void test_picks_a_part_by_its_index(void **context)
{
    struct harness *h = harness_start("SimpleDetupler", "{index: 1}");

    harness_say(h, "inbox", "7 a bc");
    harness_say(h, "inbox", "8 last");
    harness_say(h, "inbox", "9 ");
    harness_say(h, "inbox", "10  x"); /* an empty part */
    harness_run(h);

    HEARS(h, "outbox", "a", "last", "", "");
    harness_stop(h);
}

static void test_the_first_part_may_be_all_there_is(void **context)
{
    struct harness *h = harness_start("SimpleDetupler", "{index: 0}");

    harness_say(h, "inbox", "alone");
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", " x");
    harness_run(h);

    HEARS(h, "outbox", "alone", "", "");
    harness_stop(h);
}

static void test_too_few_parts_are_dropped_and_counted(void **context)
{
    struct harness *h = harness_start("SimpleDetupler", "{index: 2}");

    harness_say(h, "inbox", "7 a");
    harness_say(h, "inbox", "");
    harness_say(h, "inbox", "7 a b");
    harness_run(h);

    HEARS(h, "outbox", "b");
    assert_int_equal(harness_stat(h, "dropped"), 2);
    harness_stop(h);
}

static void test_with_rest_it_undoes_a_tag_without_copying(void **context)
{
    struct harness *h = harness_start("SimpleDetupler", "{index: 1, rest: true}");
    struct pool *pool = &harness_scene(h)->loop->pool;
    uint32_t filled;

    harness_say(h, "inbox", "7  a bc \n");
    harness_say(h, "inbox", "8 ");
    filled = pool->filled;
    harness_run(h);

    assert_int_equal(pool->filled, filled); /* no new bytes were written */
    HEARS(h, "outbox", " a bc \n", "");
    harness_stop(h);
}

static void test_waits_for_a_slow_reader(void **context)
{
    struct harness *h = harness_start("SimpleDetupler", "{index: 0}");

    harness_bound(h, "outbox", 1);
    harness_say(h, "inbox", "a x");
    harness_say(h, "inbox", "b x");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);
    HEARS(h, "outbox", "a");
    harness_run(h);

    HEARS(h, "outbox", "b");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picks_a_part_by_its_index),
        cmocka_unit_test(test_the_first_part_may_be_all_there_is),
        cmocka_unit_test(test_too_few_parts_are_dropped_and_counted),
        cmocka_unit_test(test_with_rest_it_undoes_a_tag_without_copying),
        cmocka_unit_test(test_waits_for_a_slow_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
