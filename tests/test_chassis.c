/* Supervision of chassis: a Pipeline, or a Graphline, with Faulty components in it. */
#include "graph/chassis.h"

#include "graph/graph.h"
#include "graph/root.h"
#include "graph/supervise.h"
#include "tests/faulty.h"
#include "tests/unit.h"

#define SOON "restart: {delay: 1ms, max_delay: 2ms, limit: 0}"
#define ONCE "restart: {delay: 1ms, limit: 1}"
#define LATE "restart: {delay: 1h, max_delay: 1h}"

/* from -> pipe [a -> b] -> to; each with these keys besides. */
static struct scene *start(const char *pipe, const char *a, const char *b)
{
    char yaml[1024];

    faulty = (struct faulty_record){0};
    (void)snprintf(yaml, sizeof(yaml),
                   "components:\n"
                   "  from: {type: Probe}\n"
                   "  pipe:\n"
                   "    type: Pipeline\n"
                   "    <<: {%s}\n"
                   "    components:\n"
                   "      - {type: Faulty, name: a, <<: {%s}}\n"
                   "      - {type: Faulty, name: b, <<: {%s}}\n"
                   "  to: {type: Probe}\n"
                   "  aside: {type: Probe}\n"
                   "linkages: [from -> pipe -> to]\n",
                   pipe, a, b);
    return scene_start(faulty_types, yaml);
}

static struct component *find(const struct scene *scene, const char *path)
{
    return scene_find(scene, path);
}

static void tell(struct scene *scene, enum message_kind kind)
{
    outbox_notify(find(scene, "from"), PROBE_SIGNAL, kind, NULL, 0);
    scene_run(scene);
}

/* b does not get to see what a has not taken yet. */
static void break_b(struct scene *scene)
{
    (void)component_fail(find(scene, "pipe/b"), 0, "it broke");
}

static void test_a_child_with_a_policy_restarts_alone(void **context)
{
    struct scene *scene = start(LATE, "", SOON);

    faulty_say(scene, "1");
    break_b(scene);
    faulty_say(scene, "2");
    faulty_wait_restarts(scene, "pipe/b", 1);

    faulty_assert_heard(scene, "1");
    faulty_assert_heard(scene, "2");
    faulty_assert_notice(scene, NULL);
    assert_int_equal(faulty.starts, 3);
    assert_int_equal(find(scene, "pipe")->state, RUNNING);
    scene_stop(scene);
}

static void test_the_failure_of_a_child_without_one_goes_up(void **context)
{
    struct scene *scene = start(LATE, "", "");

    break_b(scene);

    assert_int_equal(find(scene, "pipe")->state, RESTARTING);
    assert_string_equal(component_reason(find(scene, "pipe")), "b: it broke");
    assert_int_equal(find(scene, "pipe/a")->state, STOPPED);
    assert_int_equal(find(scene, "pipe/b")->state, FAILED);
    faulty_assert_notice(scene, NULL);
    scene_stop(scene);
}

static void test_a_chassis_restarts_with_all_that_it_holds(void **context)
{
    struct scene *scene = start(SOON, "", "");

    break_b(scene);
    faulty_wait_restarts(scene, "pipe", 1);
    faulty_say(scene, "x");
    scene_run(scene);

    assert_int_equal(faulty.starts, 4);
    assert_int_equal(faulty.stops, 2);
    faulty_assert_heard(scene, "x");
    faulty_assert_notice(scene, NULL);
    assert_int_equal(scene->graph->living, 6);
    scene_stop(scene);
}

static void test_what_came_from_outside_stays_and_waits_in_order(void **context)
{
    struct scene *scene = start(SOON, "", "");

    faulty_say(scene, "1"); /* a has not run yet */
    faulty_say(scene, "2");
    break_b(scene);
    faulty_say(scene, "3");
    assert_int_equal(component_inbox(find(scene, "pipe"), 0)->box.queued, 3);
    faulty_wait_restarts(scene, "pipe", 1);

    faulty_assert_heard(scene, "1");
    faulty_assert_heard(scene, "2");
    faulty_assert_heard(scene, "3");
    scene_stop(scene);
}

static void test_a_chassis_that_waits_is_as_full_as_its_inbox(void **context)
{
    struct scene *scene = start(LATE ", boxes: {inbox: {size: 2}}", "", "");

    break_b(scene);
    faulty_say(scene, "1");
    faulty_say(scene, "2");

    assert_false(outbox_has_room(find(scene, "from"), PROBE_OUT0));
    scene_stop(scene);
}

static void test_a_child_that_gives_up_has_its_chassis_fail(void **context)
{
    struct scene *scene = start("", "", ONCE);

    break_b(scene);
    faulty_wait_restarts(scene, "pipe/b", 1);
    break_b(scene);
    scene_run(scene);

    assert_int_equal(find(scene, "pipe")->state, FAILED);
    assert_string_equal(component_reason(find(scene, "pipe")),
                        "b: gave up after 1 restart in 60 s: it broke");
    assert_int_equal(find(scene, "pipe/a")->state, STOPPED);
    faulty_assert_notice(scene, "<producerFinished>");
    assert_int_equal(find(scene, "aside")->state, RUNNING);
    scene_stop(scene);
}

static void test_a_restarted_chassis_counts_its_childrens_restarts_anew(void **context)
{
    struct scene *scene = start(SOON, "", ONCE);

    for (unsigned i = 1; i <= 3; i++) {
        break_b(scene);
        faulty_wait_restarts(scene, "pipe/b", i);
        break_b(scene);
        assert_int_equal(find(scene, "pipe")->state, RESTARTING);
        faulty_wait_restarts(scene, "pipe", i);
    }

    assert_int_equal(find(scene, "pipe/b")->state, RUNNING);
    assert_int_equal(root_of(scene->graph)->over, 0);
    scene_stop(scene);
}

static void test_a_chassis_that_gives_up_leaves_the_others_alone(void **context)
{
    struct scene *scene = start(ONCE, "", "");

    break_b(scene);
    faulty_wait_restarts(scene, "pipe", 1);
    break_b(scene);
    scene_run(scene);

    assert_int_equal(find(scene, "pipe")->state, FAILED);
    assert_string_equal(scene->log, "pipe: gave up after 1 restart in 60 s: b: it broke");
    faulty_assert_notice(scene, "<producerFinished>");
    assert_int_equal(find(scene, "aside")->state, RUNNING);
    assert_int_equal(faulty.stops, 4);
    scene_stop(scene);
}

static void test_without_any_policy_a_child_fails_alone(void **context)
{
    struct scene *scene = start("", "", "");

    (void)component_fail(find(scene, "pipe/a"), 0, "it broke");

    assert_int_equal(find(scene, "pipe/a")->state, FAILED);
    assert_int_equal(find(scene, "pipe/b")->state, RUNNING);
    assert_int_equal(find(scene, "pipe")->state, RUNNING);
    scene_run(scene); /* b hears of it, and all end in order */
    assert_int_equal(find(scene, "pipe")->state, STOPPED);
    scene_stop(scene);
}

static void test_a_child_that_cannot_start_again_is_a_failure_of_the_chassis(void **context)
{
    struct scene *scene = start(SOON, "", "");

    faulty.bad_starts = 3; /* a; b not even tried */
    break_b(scene);
    faulty_wait_restarts(scene, "pipe", 4);
    faulty_say(scene, "x");
    scene_run(scene);

    faulty_assert_heard(scene, "x");
    assert_int_equal(faulty.starts, 2 + 3 + 2);
    assert_int_equal(faulty.stops, 2 + 3);
    scene_stop(scene);
}

static void test_always_has_it_start_again_when_all_in_it_have_ended(void **context)
{
    struct scene *scene = start("restart: {policy: always, delay: 1ms}", "", "");

    faulty_say(scene, "x");
    faulty_say(scene, "finish");
    scene_run(scene);
    assert_int_equal(find(scene, "pipe")->state, RESTARTING);
    faulty_say(scene, "y");
    faulty_wait_restarts(scene, "pipe", 1);

    faulty_assert_heard(scene, "x");
    faulty_assert_heard(scene, "y");
    faulty_assert_notice(scene, NULL);
    scene_stop(scene);
}

static void test_a_chassis_that_is_told_to_end_stays_ended(void **context)
{
    static const enum message_kind kinds[] = {PRODUCER_FINISHED, SHUTDOWN_MICROPROCESS};
    static const char *const names[] = {"<producerFinished>", "<shutdownMicroprocess>"};

    for (size_t i = 0; i < 2; i++) {
        struct scene *scene = start("restart: {policy: always, delay: 1ms}", "", "");

        tell(scene, kinds[i]);

        assert_int_equal(find(scene, "pipe")->state, STOPPED);
        faulty_assert_notice(scene, names[i]);
        scene_stop(scene);
    }
}

static void test_it_stays_ended_also_if_the_last_sender_only_goes(void **context)
{
    struct scene *scene = start("restart: {policy: always, delay: 1ms}", "", "");

    component_finish(find(scene, "from"));
    scene_run(scene);

    assert_int_equal(find(scene, "pipe")->state, STOPPED);
    scene_stop(scene);
}

static void test_a_failure_on_the_way_to_the_end_is_no_reason_to_begin_again(void **context)
{
    struct scene *scene = start(SOON, "", "");

    component_outbox(find(scene, "pipe/b"), FAULTY_OUTBOX)->sink->limit = 1;
    faulty_say(scene, "1");
    faulty_say(scene, "2");
    tell(scene, PRODUCER_FINISHED);
    assert_int_equal(find(scene, "pipe/a")->state, STOPPED); /* the notice has been taken */
    break_b(scene);
    scene_run(scene);

    assert_int_equal(find(scene, "pipe")->state, STOPPED);
    faulty_assert_heard(scene, "1");
    faulty_assert_notice(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_an_end_that_still_waits_is_heard_after_the_restart(void **context)
{
    struct scene *scene = start(SOON, "", "");

    faulty_say(scene, "1");
    outbox_notify(find(scene, "from"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    break_b(scene);
    assert_int_equal(find(scene, "pipe")->state, RESTARTING);
    faulty_wait(scene, "pipe", STOPPED);

    faulty_assert_heard(scene, "1");
    faulty_assert_notice(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_a_stop_that_still_waits_counts_at_once(void **context)
{
    struct scene *scene = start(SOON, "", "");

    outbox_notify(find(scene, "from"), PROBE_SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    break_b(scene);

    assert_int_equal(find(scene, "pipe")->state, FAILED);
    faulty_assert_notice(scene, "<shutdownMicroprocess>");
    scene_stop(scene);
}

static void test_an_end_that_was_held_for_another_sender_counts_too(void **context)
{
    struct scene *scene = start("restart: {policy: always, delay: 1ms}", "", "");
    struct component *aside = find(scene, "aside");

    probe_link(aside, PROBE_SIGNAL, find(scene, "pipe"), find(scene, "pipe")->control);
    tell(scene, PRODUCER_FINISHED);
    assert_int_equal(find(scene, "pipe")->state, RUNNING);
    box_unlink(&component_outbox(aside, PROBE_SIGNAL)->box); /* it goes without a word */
    scene_run(scene);

    assert_int_equal(find(scene, "pipe")->state, STOPPED);
    scene_stop(scene);
}

static void test_nobody_is_stopped_in_the_middle_of_its_turn(void **context)
{
    struct scene *scene = start(SOON, "", "");

    faulty_say(scene, "break next"); /* which is b, in a turn of a */
    faulty_say(scene, "x");
    scene_run(scene);
    assert_int_equal(find(scene, "pipe")->state, RESTARTING);
    assert_int_equal(faulty.stops, 2);
    faulty_wait_restarts(scene, "pipe", 1);
    faulty_say(scene, "y");
    scene_run(scene);

    assert_int_equal(faulty.starts, 4);
    scene_stop(scene);
}

static void test_a_stop_ends_a_chassis_that_waits(void **context)
{
    struct scene *scene = start(LATE, "", "");

    break_b(scene);
    tell(scene, SHUTDOWN_MICROPROCESS);

    assert_int_equal(find(scene, "pipe")->state, STOPPED);
    faulty_assert_notice(scene, "<shutdownMicroprocess>");
    scene_stop(scene);
}

static void test_a_chassis_is_restarted_by_hand(void **context)
{
    struct scene *scene = start("", "", "");

    faulty_say(scene, "x");
    assert_int_equal(component_restart(find(scene, "pipe")), 0);
    scene_run(scene);

    faulty_assert_heard(scene, "x");
    faulty_assert_notice(scene, NULL);
    assert_int_equal(faulty.starts, 4);
    scene_stop(scene);
}

static void test_chassis_in_each_other_restart_from_the_nearest_on(void **context)
{
    struct scene *scene;

    faulty = (struct faulty_record){0};
    scene = scene_start(faulty_types,
                        "components:\n"
                        "  from: {type: Probe}\n"
                        "  pipe:\n"
                        "    type: Pipeline\n"
                        "    restart: {delay: 1ms}\n"
                        "    components:\n"
                        "      - type: Pipeline\n"
                        "        name: inner\n"
                        "        restart: {delay: 1ms, limit: 1}\n"
                        "        components: [{type: Faulty, name: a}, {type: Faulty, name: b}]\n"
                        "      - {type: Faulty, name: c}\n"
                        "  to: {type: Probe}\n"
                        "linkages: [from -> pipe -> to]\n");
    (void)component_fail(find(scene, "pipe/inner/b"), 0, "it broke");
    faulty_say(scene, "1");
    faulty_wait_restarts(scene, "pipe/inner", 1);
    assert_int_equal(faulty.starts, 3 + 2);
    (void)component_fail(find(scene, "pipe/inner/b"), 0, "it broke");
    assert_int_equal(find(scene, "pipe")->state, RESTARTING);
    faulty_say(scene, "2");
    faulty_wait_restarts(scene, "pipe", 1);

    assert_int_equal(faulty.starts, 3 + 2 + 3);
    faulty_assert_heard(scene, "1");
    faulty_assert_heard(scene, "2");
    faulty_assert_notice(scene, NULL);
    scene_stop(scene);
}

static void test_all_linkages_inside_are_made_again(void **context)
{
    struct scene *scene;

    faulty = (struct faulty_record){0};
    scene = scene_start(faulty_types, "graphs:\n"
                                      "  both:\n"
                                      "    components:\n"
                                      "      a: {type: Faulty}\n"
                                      "      b: {type: PassThrough}\n"
                                      "      c: {type: PassThrough}\n"
                                      "    linkages:\n"
                                      "      - self -> a -> [b, c]\n"
                                      "      - b.outbox -> self.outbox\n"
                                      "      - c.outbox -> /aside.in0\n"
                                      "components:\n"
                                      "  from: {type: Probe}\n"
                                      "  it: {type: both, restart: {delay: 1ms}}\n"
                                      "  to: {type: Probe}\n"
                                      "  aside: {type: Probe}\n"
                                      "linkages: [from -> it -> to]\n");
    faulty_say(scene, "fail");
    faulty_say(scene, "x");
    faulty_wait_restarts(scene, "it", 1);

    faulty_assert_heard(scene, "x");
    assert_string_equal(probe_take(scene, find(scene, "aside"), PROBE_IN0), "x");
    scene_stop(scene);
}

static void test_a_hundred_restarts_leave_nothing_behind(void **context)
{
    struct scene *scene = start(SOON, "", "");

    for (unsigned i = 1; i <= 100; i++) {
        faulty_say(scene, "x");
        faulty_say(scene, "fail");
        faulty_wait_restarts(scene, "pipe", i);
    }

    assert_int_equal(faulty.starts, faulty.stops + 2);
    assert_int_equal(scene->graph->living, 6);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_child_with_a_policy_restarts_alone),
        cmocka_unit_test(test_the_failure_of_a_child_without_one_goes_up),
        cmocka_unit_test(test_a_chassis_restarts_with_all_that_it_holds),
        cmocka_unit_test(test_what_came_from_outside_stays_and_waits_in_order),
        cmocka_unit_test(test_a_chassis_that_waits_is_as_full_as_its_inbox),
        cmocka_unit_test(test_a_child_that_gives_up_has_its_chassis_fail),
        cmocka_unit_test(test_a_restarted_chassis_counts_its_childrens_restarts_anew),
        cmocka_unit_test(test_a_chassis_that_gives_up_leaves_the_others_alone),
        cmocka_unit_test(test_without_any_policy_a_child_fails_alone),
        cmocka_unit_test(test_a_child_that_cannot_start_again_is_a_failure_of_the_chassis),
        cmocka_unit_test(test_always_has_it_start_again_when_all_in_it_have_ended),
        cmocka_unit_test(test_a_chassis_that_is_told_to_end_stays_ended),
        cmocka_unit_test(test_it_stays_ended_also_if_the_last_sender_only_goes),
        cmocka_unit_test(test_a_failure_on_the_way_to_the_end_is_no_reason_to_begin_again),
        cmocka_unit_test(test_an_end_that_still_waits_is_heard_after_the_restart),
        cmocka_unit_test(test_a_stop_that_still_waits_counts_at_once),
        cmocka_unit_test(test_an_end_that_was_held_for_another_sender_counts_too),
        cmocka_unit_test(test_nobody_is_stopped_in_the_middle_of_its_turn),
        cmocka_unit_test(test_a_stop_ends_a_chassis_that_waits),
        cmocka_unit_test(test_a_chassis_is_restarted_by_hand),
        cmocka_unit_test(test_chassis_in_each_other_restart_from_the_nearest_on),
        cmocka_unit_test(test_all_linkages_inside_are_made_again),
        cmocka_unit_test(test_a_hundred_restarts_leave_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
