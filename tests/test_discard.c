/* Discard alone. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_takes_in_everything_and_answers_nothing(void **context)
{
    struct harness *h = harness_start("Discard", NULL);

    for (int i = 0; i < 1000; i++) {
        harness_say(h, "inbox", "whatever");
    }
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    scene_check_pool(harness_scene(h)); /* nothing waits in it */
    harness_stop(h);
}

static void test_ends_once_it_has_taken_in_the_rest(void **context)
{
    struct harness *h = harness_start("Discard", NULL);

    harness_say(h, "inbox", "the rest");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_in_everything_and_answers_nothing),
        cmocka_unit_test(test_ends_once_it_has_taken_in_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
