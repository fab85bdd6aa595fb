/* NullSink and Discard: each alone, by the same tests, as they do the same in different places. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_takes_in_everything_and_sends_nothing(void **type)
{
    struct harness *h = harness_start(*type, NULL);

    for (int i = 0; i < 1000; i++) {
        harness_say(h, "inbox", "whatever");
    }
    harness_run(h);

    assert_null(harness_heard(h, "outbox"));
    scene_check_pool(harness_scene(h)); /* nothing waits in it */
    harness_stop(h);
}

static void test_ends_once_it_has_forgotten_the_rest(void **type)
{
    struct harness *h = harness_start(*type, NULL);

    harness_say(h, "inbox", "the rest");
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    assert_int_equal(harness_component(h)->state, STOPPED);
    harness_stop(h);
}

static char null_sink[] = "NullSink";
static char discard[] = "Discard";

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_takes_in_everything_and_sends_nothing, null_sink),
        cmocka_unit_test_prestate(test_takes_in_everything_and_sends_nothing, discard),
        cmocka_unit_test_prestate(test_ends_once_it_has_forgotten_the_rest, null_sink),
        cmocka_unit_test_prestate(test_ends_once_it_has_forgotten_the_rest, discard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
