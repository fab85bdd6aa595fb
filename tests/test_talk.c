/* Talk: nobody fills the log, and what is held back is told. */
#include "graph/talk.h"

#include "graph/component_extra.h"
#include "graph/graph.h"
#include "graph/inspect.h"
#include "tests/faulty.h"
#include "tests/unit.h"

struct heard {
    unsigned lines;
    char last[300]; /* with the path before it */
    enum log_level level;
};

static struct heard heard;

static void hear(void *arg, enum log_level level, const char *path, const char *peer,
                 const char *text)
{
    heard.lines++;
    heard.level = level;
    (void)snprintf(heard.last, sizeof(heard.last), "%s: %s", path != NULL ? path : "-", text);
}

static struct scene *listen_to(struct scene *scene)
{
    heard = (struct heard){0};
    scene->loop->hooks.log = hear;
    return scene;
}

static void say(struct component *component, enum log_level level, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        component_log(component, level, "line %u", i);
    }
}

/* Lets the time of one who talks be up. */
static void pass_time(const struct component *speaker)
{
    struct talk *talks = speaker->extra->talks;

    talks[0].since -= TALK_TIME;
    talks[1].since -= TALK_TIME;
}

static void ring(const struct scene *scene)
{
    assert_true(ev_is_active(&scene->loop->talks.timer));
    ev_timer_stop(scene->loop->ev, &scene->loop->talks.timer);
    ev_invoke(scene->loop->ev, &scene->loop->talks.timer, EV_TIMER);
}

static void test_warnings_that_are_too_many_are_counted(void **context)
{
    struct scene *scene = listen_to(faulty_scene(""));
    struct component *it = scene_find(scene, "it");

    say(it, LOG_LEVEL_WARNING, TALK_LINES + 3);
    assert_int_equal(heard.lines, TALK_LINES);
    pass_time(it);
    ring(scene);

    assert_int_equal(heard.lines, TALK_LINES + 1);
    assert_string_equal(heard.last, "it: 3 more lines were held back: more than 10 in 10 s");
    assert_int_equal(heard.level, LOG_LEVEL_WARNING);
    assert_int_equal(scene->loop->held_back, 3);
    assert_false(ev_is_active(&scene->loop->talks.timer));
    scene_stop(scene);
}

static void test_the_next_line_after_a_while_comes_after_the_count(void **context)
{
    struct scene *scene = listen_to(faulty_scene(""));
    struct component *it = scene_find(scene, "it");

    say(it, LOG_LEVEL_WARNING, TALK_LINES + 1);
    pass_time(it);
    say(it, LOG_LEVEL_WARNING, 1);

    assert_int_equal(heard.lines, TALK_LINES + 2);
    assert_string_equal(heard.last, "it: line 0");
    scene_stop(scene);
    assert_int_equal(heard.lines, TALK_LINES + 2); /* nothing is told twice */
}

static void test_nothing_waits_for_anything_unless_lines_are_held_back(void **context)
{
    struct scene *scene = listen_to(faulty_scene(""));

    say(scene_find(scene, "it"), LOG_LEVEL_WARNING, TALK_LINES);

    assert_false(ev_is_active(&scene->loop->talks.timer));
    scene_stop(scene);
}

static void test_one_does_not_silence_another(void **context)
{
    struct scene *scene = listen_to(faulty_scene(""));

    say(scene_find(scene, "it"), LOG_LEVEL_WARNING, 100);
    say(scene_find(scene, "to"), LOG_LEVEL_WARNING, 1);

    assert_string_equal(heard.last, "to: line 0");
    scene_stop(scene);
}

static void test_notices_of_the_file_s_components_are_not_limited(void **context)
{
    struct scene *scene = listen_to(faulty_scene(""));

    say(scene_find(scene, "it"), LOG_LEVEL_NOTICE, 100);

    assert_int_equal(heard.lines, 100);
    scene_stop(scene);
}

/* Another child, in the place of the one before. */
static struct component *child(struct scene *scene)
{
    struct walk walk;
    struct component *component;

    probe_send(scene_find(scene, "from"), PROBE_OUT1, "next");
    scene_run(scene);
    walk_begin(&walk, scene->loop, true);
    do {
        component = walk_next(&walk);
        assert_non_null(component);
    } while (component->graph->holder == NULL);
    walk_end(&walk);
    return component;
}

static void test_connections_count_together_and_apart_from_who_made_them(void **context)
{
    struct scene *scene =
        listen_to(scene_start(faulty_types, "components:\n"
                                            "  from: {type: Probe}\n"
                                            "  it: {type: Carousel, component: {type: Faulty}}\n"
                                            "linkages: [from.out1 -> it.next]\n"));

    say(child(scene), LOG_LEVEL_NOTICE, TALK_LINES);
    say(child(scene), LOG_LEVEL_INFO, 1);
    say(child(scene), LOG_LEVEL_ERROR, 1);
    assert_int_equal(heard.lines, TALK_LINES);
    say(scene_find(scene, "it"), LOG_LEVEL_WARNING, 1);
    assert_string_equal(heard.last, "it: line 0");
    pass_time(scene_find(scene, "it"));
    ring(scene);

    assert_string_equal(heard.last,
                        "it: 2 more lines of its connections were held back: more than 10 in 10 s");
    assert_int_equal(heard.level, LOG_LEVEL_ERROR);
    scene_stop(scene);
}

static void test_what_is_held_back_is_told_at_the_end(void **context)
{
    struct scene *scene = listen_to(faulty_scene(""));

    say(scene_find(scene, "it"), LOG_LEVEL_WARNING, TALK_LINES + 1);
    scene_stop(scene);

    assert_string_equal(heard.last, "it: 1 more line was held back: more than 10 in 10 s");
}

static bool wants_warnings(void *arg, enum log_level level)
{
    return level <= LOG_LEVEL_WARNING;
}

static void test_lines_that_nobody_would_see_do_not_count(void **context)
{
    struct scene *scene =
        listen_to(scene_start(faulty_types, "components:\n"
                                            "  from: {type: Probe}\n"
                                            "  it: {type: Carousel, component: {type: Faulty}}\n"
                                            "linkages: [from.out1 -> it.next]\n"));

    scene->loop->hooks.wants = wants_warnings;
    say(child(scene), LOG_LEVEL_INFO, 100);
    say(child(scene), LOG_LEVEL_WARNING, 1);

    assert_int_equal(heard.lines, 1);
    assert_int_equal(scene->loop->held_back, 0);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warnings_that_are_too_many_are_counted),
        cmocka_unit_test(test_the_next_line_after_a_while_comes_after_the_count),
        cmocka_unit_test(test_nothing_waits_for_anything_unless_lines_are_held_back),
        cmocka_unit_test(test_one_does_not_silence_another),
        cmocka_unit_test(test_notices_of_the_file_s_components_are_not_limited),
        cmocka_unit_test(test_connections_count_together_and_apart_from_who_made_them),
        cmocka_unit_test(test_what_is_held_back_is_told_at_the_end),
        cmocka_unit_test(test_lines_that_nobody_would_see_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
