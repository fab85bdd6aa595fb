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

/* ---- time: the machine's, which may stand still and so hold the loop itself ---- */

static double monotonic(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double began;

/* A graph whose loop is watched from now on. */
static struct scene *watched(struct scene *scene)
{
    held_init(&scene->loop->held);
    began = monotonic();
    return scene;
}

/* Whether what took so long since the graph was made can have been held by the machine as well. */
static bool was_disturbed(double seconds)
{
    return monotonic() - began > seconds + HELD_LIMIT / 2;
}

/* Has a story told until nothing has disturbed it. */
static void undisturbed(bool (*tell)(void))
{
    for (int i = 0; i < 1000; i++) {
        if (tell()) {
            return;
        }
    }
    fail_msg("the machine never left it alone");
}

#define HOLD (HOLD_MS / 1000.0)

/* ---- tests ---- */

static bool name_a_turn(void)
{
    struct scene *scene = watched(faulty_scene(""));
    bool is_good;
    double longest;

    faulty_say(scene, "hold");
    scene_run(scene);
    is_good = !was_disturbed(HOLD);

    if (is_good) {
        assert_non_null(strstr(scene->log, "it: held the loop for "));
        assert_true(said_ms(scene) >= HOLD_MS * 0.98);
        assert_int_equal(scene->loop->held.times, 1);
        assert_int_equal(component_held(scene_find(scene, "it"), &longest), 1);
        assert_true(longest >= HOLD_MS * 0.00098 && longest <= scene->loop->held.longest);
        assert_int_equal(component_held(scene_find(scene, "to"), &longest), 0);
    }
    scene_stop(scene);
    return is_good;
}

static void test_a_turn_that_takes_too_long_is_named(void **context)
{
    undisturbed(name_a_turn);
}

static bool name_one_among_many(void)
{
    struct scene *scene = watched(scene_start(
        faulty_types, "components:\n"
                      "  from: {type: Probe}\n"
                      "  it: {type: Pipeline, components: [{type: Faulty, name: a},\n"
                      "                                    {type: PassThrough, name: b}]}\n"
                      "  to: {type: Probe}\n"
                      "linkages: [from -> it -> to]\n"));
    bool is_good;

    for (int i = 0; i < 100; i++) {
        faulty_say(scene, i == 50 ? "hold" : "x");
    }
    scene_run(scene);
    is_good = !was_disturbed(HOLD);

    if (is_good) {
        assert_non_null(strstr(scene->log, "it/a: held the loop for "));
        assert_int_equal(scene->loop->held.times, 1);
    }
    scene_stop(scene);
    return is_good;
}

static void test_one_among_many_is_the_one_that_is_named(void **context)
{
    undisturbed(name_one_among_many);
}

static bool take_short_turns_and_sleep(void)
{
    struct scene *scene = watched(faulty_scene(""));
    bool is_good;

    for (int i = 0; i < 10; i++) {
        faulty_say(scene, "x");
        scene_wait_seconds(scene, 0.02);
    }
    scene_wait_seconds(scene, 0.15);
    is_good = !was_disturbed(0.35);

    if (is_good) {
        assert_int_equal(scene->loop->held.times, 0);
        assert_string_equal(scene->log, "");
    }
    scene_stop(scene);
    return is_good;
}

static void test_short_turns_and_sleep_are_no_matter(void **context)
{
    undisturbed(take_short_turns_and_sleep);
}

static bool warn_seldom(void)
{
    struct scene *scene = watched(faulty_scene(""));
    char second[sizeof(scene->log)];
    bool is_good;

    faulty_say(scene, "hold");
    scene_run(scene);
    scene->log[0] = '\0';
    faulty_say(scene, "hold");
    scene_run(scene);
    memcpy(second, scene->log, sizeof(second));
    scene->loop->held.warned -= HELD_QUIET;
    faulty_say(scene, "hold");
    scene_run(scene);
    is_good = !was_disturbed(3 * HOLD);

    if (is_good) {
        assert_string_equal(second, "");
        assert_int_equal(scene->loop->held.times, 3);
        assert_non_null(strstr(scene->log, "; held 1 more time since the last warning"));
    }
    scene_stop(scene);
    return is_good;
}

static void test_warnings_do_not_follow_on_each_other(void **context)
{
    undisturbed(warn_seldom);
}

static bool tell_of_a_timer(void)
{
    struct scene *scene = watched(faulty_scene(""));
    bool is_good;

    faulty_say(scene, "hold later");
    scene_wait(scene, has_been_held, scene);
    is_good = !was_disturbed(HOLD);

    if (is_good) {
        assert_non_null(strstr(scene->log, ": the loop was held for "));
        assert_non_null(strstr(scene->log, "; it was woken last"));
        assert_true(said_ms(scene) >= HOLD_MS * 0.98);
        assert_int_equal(scene->loop->held.times, 1);
    }
    scene_stop(scene);
    return is_good;
}

static void test_a_timer_that_takes_too_long_is_told_of_by_whom_it_woke(void **context)
{
    undisturbed(tell_of_a_timer);
}

static bool blame_a_restart(void)
{
    struct scene *scene = watched(faulty_scene("restart: {delay: 1ms}"));
    bool is_good;

    faulty.slow_starts = 1;
    faulty_say(scene, "fail");
    faulty_wait_restarts(scene, "it", 1);
    is_good = !was_disturbed(HOLD);

    if (is_good) {
        assert_int_equal(scene->loop->held.times, 1);
        assert_non_null(strstr(scene->log, "it: held the loop for "));
    }
    scene_stop(scene);
    return is_good;
}

static void test_a_restart_that_takes_too_long_is_its_components_alone(void **context)
{
    undisturbed(blame_a_restart);
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
