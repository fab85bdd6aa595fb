/* Who holds the loop is named. */
#include "graph/held.h"

#include "graph/loop.h"
#include "tests/faulty.h"
#include "tests/unit.h"

static bool has_been_held(void *arg)
{
    const struct scene *scene = arg;

    return scene->loop->held.times > 0;
}

/* The "230" of "... for 230 ms". */
static double said_ms(const struct scene *scene)
{
    const char *number = strstr(scene->log, " for ");

    assert_non_null(number);
    return strtod(number + 5, NULL);
}

static void test_a_turn_that_takes_too_long_is_named(void **context)
{
    struct scene *scene = faulty_scene("");
    double longest;

    faulty_say(scene, "hold");
    scene_run(scene);

    assert_non_null(strstr(scene->log, "it: held the loop for "));
    assert_true(said_ms(scene) >= HOLD_MS * 0.98);
    assert_int_equal(scene->loop->held.times, 1);
    assert_int_equal(component_held(scene_find(scene, "it"), &longest), 1);
    assert_true(longest >= HOLD_MS * 0.00098 && longest <= scene->loop->held.longest);
    assert_int_equal(component_held(scene_find(scene, "to"), &longest), 0);
    scene_stop(scene);
}

static void test_one_among_many_is_the_one_that_is_named(void **context)
{
    struct scene *scene = scene_start(
        faulty_types, "components:\n"
                      "  from: {type: Probe}\n"
                      "  it: {type: Pipeline, components: [{type: Faulty, name: a},\n"
                      "                                    {type: PassThrough, name: b}]}\n"
                      "  to: {type: Probe}\n"
                      "linkages: [from -> it -> to]\n");

    for (int i = 0; i < 100; i++) {
        faulty_say(scene, i == 50 ? "hold" : "x");
    }
    scene_run(scene);

    assert_non_null(strstr(scene->log, "it/a: held the loop for "));
    assert_int_equal(scene->loop->held.times, 1);
    scene_stop(scene);
}

static void test_short_turns_and_sleep_are_no_matter(void **context)
{
    struct scene *scene = faulty_scene("");

    for (int i = 0; i < 10; i++) {
        faulty_say(scene, "x");
        scene_wait_seconds(scene, 0.02);
    }
    scene_wait_seconds(scene, 0.15);

    assert_int_equal(scene->loop->held.times, 0);
    assert_string_equal(scene->log, "");
    scene_stop(scene);
}

static void test_warnings_do_not_follow_on_each_other(void **context)
{
    struct scene *scene = faulty_scene("");

    faulty_say(scene, "hold");
    scene_run(scene);
    scene->log[0] = '\0';
    faulty_say(scene, "hold");
    scene_run(scene);
    assert_string_equal(scene->log, "");
    assert_int_equal(scene->loop->held.times, 2);
    scene->loop->held.warned -= HELD_QUIET;
    faulty_say(scene, "hold");
    scene_run(scene);

    assert_non_null(strstr(scene->log, "; held 1 more time since the last warning"));
    scene_stop(scene);
}

static void test_a_timer_that_takes_too_long_is_told_of_by_whom_it_woke(void **context)
{
    struct scene *scene = faulty_scene("");

    faulty_say(scene, "hold later");
    scene_wait(scene, has_been_held, scene);

    assert_non_null(strstr(scene->log, ": the loop was held for "));
    assert_non_null(strstr(scene->log, "; it was woken last"));
    assert_true(said_ms(scene) >= HOLD_MS * 0.98);
    assert_int_equal(scene->loop->held.times, 1);
    scene_stop(scene);
}

static void test_a_restart_that_takes_too_long_is_its_components_alone(void **context)
{
    struct scene *scene = faulty_scene("restart: {delay: 1ms}");

    faulty.slow_starts = 1;
    faulty_say(scene, "fail");
    faulty_wait_restarts(scene, "it", 1);

    assert_int_equal(scene->loop->held.times, 1);
    assert_non_null(strstr(scene->log, "it: held the loop for "));
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_turn_that_takes_too_long_is_named),
        cmocka_unit_test(test_one_among_many_is_the_one_that_is_named),
        cmocka_unit_test(test_short_turns_and_sleep_are_no_matter),
        cmocka_unit_test(test_warnings_do_not_follow_on_each_other),
        cmocka_unit_test(test_a_timer_that_takes_too_long_is_told_of_by_whom_it_woke),
        cmocka_unit_test(test_a_restart_that_takes_too_long_is_its_components_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
