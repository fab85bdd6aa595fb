/* Supervision of single components; those of a connection are in test_supervise_connection.c,
 * servers and services in test_supervise_server.c, chassis in test_chassis.c. */
#include "graph/supervise.h"

#include <errno.h>

#include "graph/drain.h"
#include "graph/graph.h"
#include "tests/faulty.h"
#include "tests/unit.h"

#define SOON "restart: {policy: on-failure, delay: 1ms, max_delay: 2ms, limit: 0}"
#define LATE "restart: {policy: on-failure, delay: 1h, max_delay: 1h}"

static struct component *it(const struct scene *scene)
{
    return scene_find(scene, "it");
}

static void break_it(struct scene *scene)
{
    faulty_say(scene, "fail");
    scene_run(scene);
}

static void tell(struct scene *scene, enum message_kind kind)
{
    outbox_notify(scene_find(scene, "from"), PROBE_SIGNAL, kind, NULL, 0);
    scene_run(scene);
}

/* ---- in place ---- */

static void test_what_waits_in_the_inbox_survives_a_restart_in_order(void **context)
{
    struct scene *scene = faulty_scene(SOON);

    faulty_say(scene, "a");
    faulty_say(scene, "fail");
    faulty_say(scene, "b");
    scene_run(scene);
    assert_int_equal(it(scene)->state, RESTARTING);
    faulty_say(scene, "c");
    faulty_wait_restarts(scene, "it", 1);

    faulty_assert_heard(scene, "a");
    faulty_assert_heard(scene, "b");
    faulty_assert_heard(scene, "c");
    faulty_assert_heard(scene, NULL);
    scene_stop(scene);
}

static void test_signal_says_nothing_of_a_restart(void **context)
{
    struct scene *scene = faulty_scene(SOON);

    break_it(scene);
    faulty_wait_restarts(scene, "it", 1);

    faulty_assert_notice(scene, NULL);
    scene_stop(scene);
}

static void test_it_is_stopped_at_once_and_starts_from_zeroes(void **context)
{
    struct scene *scene = faulty_scene(SOON);
    const struct component *component = it(scene);
    const uint64_t *passed = component_state(it(scene)); /* its first field */

    faulty_say(scene, "a");
    break_it(scene);
    assert_int_equal(component->state, RESTARTING);
    assert_int_equal(faulty.stops, 1);
    assert_int_equal(*passed, 1);
    faulty_wait_restarts(scene, "it", 1);

    assert_int_equal(*passed, 0);
    assert_int_equal(faulty.starts, 2);
    assert_int_equal(component->flags, 0);
    scene_stop(scene);
    assert_int_equal(faulty.stops, 2);
}

static void test_senders_wait_until_it_runs_again(void **context)
{
    struct scene *scene = faulty_scene(SOON ", boxes: {inbox: {size: 2}}");
    struct component *from = scene_find(scene, "from");
    const struct probe *probe = component_state(from);
    uint64_t runs;

    break_it(scene);
    faulty_say(scene, "a");
    faulty_say(scene, "b");
    assert_false(outbox_has_room(from, PROBE_OUT0));
    runs = probe->runs;
    faulty_wait_restarts(scene, "it", 1);

    assert_true(outbox_has_room(from, PROBE_OUT0));
    assert_true(probe->runs > runs); /* it was told that there is room */
    faulty_assert_heard(scene, "a");
    faulty_assert_heard(scene, "b");
    scene_stop(scene);
}

static void test_a_failure_in_a_timer_is_one(void **context)
{
    struct scene *scene = faulty_scene(SOON);

    faulty_say(scene, "fail later");
    faulty_wait_restarts(scene, "it", 1);

    assert_string_equal(component_reason(it(scene)), "it broke in a timer");
    scene_stop(scene);
}

static void test_one_that_says_that_it_fails_is_not_believed_to_have_ended(void **context)
{
    struct scene *scene = faulty_scene(SOON);

    faulty_say(scene, "say so");
    faulty_wait_restarts(scene, "it", 1);

    faulty_assert_notice(scene, NULL);
    scene_stop(scene);
}

static void test_one_that_has_said_its_end_is_not_restarted(void **context)
{
    struct scene *scene = faulty_scene(SOON);

    outbox_notify(it(scene), FAULTY_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    break_it(scene);

    assert_int_equal(it(scene)->state, FAILED);
    faulty_assert_notice(scene, "<producerFinished>");
    faulty_assert_notice(scene, NULL);
    scene_stop(scene);
}

static void test_a_failing_start_is_tried_again(void **context)
{
    struct scene *scene = faulty_scene(SOON);

    faulty.bad_starts = 2;
    break_it(scene);
    faulty_wait_restarts(scene, "it", 3);

    assert_int_equal(faulty.starts, 4);
    assert_int_equal(faulty.stops, 3);
    scene_stop(scene);
}

static void test_a_graph_that_cannot_start_is_refused_whatever_the_policy(void **context)
{
    struct scene *scene;

    faulty = (struct faulty_record){.bad_starts = 1};
    scene = scene_start(faulty_types, "components:\n"
                                      "  it: {type: Faulty, restart: always}\n");

    assert_null(scene->graph);
    assert_string_equal(scene->refusal, "it: it has no luck: No such file or directory");
    scene_stop(scene);
}

static void test_a_hundred_restarts_leave_nothing_behind(void **context)
{
    struct scene *scene = faulty_scene(SOON);

    for (unsigned i = 1; i <= 100; i++) {
        faulty_say(scene, "x");
        break_it(scene);
        faulty_wait_restarts(scene, "it", i);
        faulty_assert_heard(scene, "x");
    }

    assert_int_equal(faulty.starts, faulty.stops + 1);
    assert_int_equal(scene->graph->living, 3);
    scene_check_pool(scene);
    scene_stop(scene); /* and the sanitizer looks for leaks */
}

static void test_a_graph_may_go_while_one_waits(void **context)
{
    struct scene *scene = faulty_scene(LATE);

    faulty_say(scene, "fail");
    faulty_say(scene, "x");
    scene_run(scene);
    assert_int_equal(it(scene)->state, RESTARTING);

    scene_stop(scene);

    assert_int_equal(faulty.stops, 1);
}

/* ---- when, and how often ---- */

static void test_pauses_double_up_to_the_longest(void **context)
{
    static const double longest[] = {0.010, 0.020, 0.030, 0.030};
    struct scene *scene =
        faulty_scene("restart: {policy: on-failure, delay: 10ms, max_delay: 30ms, limit: 0}");

    for (unsigned i = 0; i < 4; i++) {
        double pause;

        ev_now_update(scene->loop->ev);
        break_it(scene);
        pause = component_next_restart(it(scene)) - component_now(it(scene));
        assert_true(pause > longest[i] * 0.49 && pause < longest[i] * 1.01);
        faulty_wait_restarts(scene, "it", i + 1);
    }

    assert_true(component_next_restart(it(scene)) <= 0);
    scene_stop(scene);
}

static void test_health_makes_pauses_short_again(void **context)
{
    struct scene *scene = faulty_scene("restart: {policy: on-failure, delay: 2ms, max_delay: 1h, "
                                       "limit: 1, within: 30ms}");

    for (unsigned i = 1; i <= 4; i++) {
        ev_now_update(scene->loop->ev);
        break_it(scene);
        assert_int_equal(it(scene)->state, RESTARTING); /* one in 30 ms is not too many */
        assert_true(component_next_restart(it(scene)) - component_now(it(scene)) < 0.0021);
        faulty_wait_restarts(scene, "it", i);
        scene_wait_seconds(scene, 0.04);
    }

    scene_stop(scene);
}

static void test_it_gives_up_after_so_many(void **context)
{
    struct scene *scene = faulty_scene("restart: {delay: 1ms, limit: 2, within: 60s}");

    break_it(scene);
    faulty_wait_restarts(scene, "it", 1);
    break_it(scene);
    faulty_wait_restarts(scene, "it", 2);
    faulty_say(scene, "fail");
    faulty_say(scene, "nobody takes this");
    scene_run(scene);

    assert_int_equal(it(scene)->state, FAILED);
    assert_true(component_has_given_up(it(scene)));
    assert_string_equal(scene->log, "it: gave up after 2 restarts in 60 s: it broke");
    faulty_assert_notice(scene, "<producerFinished>");
    assert_int_equal(scene_find(scene, "from")->state, RUNNING);
    assert_int_equal(scene_find(scene, "to")->state, RUNNING);
    scene_stop(scene);
}

static void test_each_step_is_said(void **context)
{
    struct scene *scene = faulty_scene("restart: {delay: 10ms, limit: 2}");
    char text[200];

    break_it(scene);
    assert_non_null(strstr(scene->log, "it: failed: it broke; restart 1 of 2 in "));
    assert_non_null(strstr(scene->log, " ms"));
    faulty_wait_restarts(scene, "it", 1);

    assert_string_equal(scene->log, "it: restarted");
    assert_true(component_describe_trouble(it(scene), text, sizeof(text)));
    assert_non_null(strstr(text, "restarted 1 time, the last "));
    assert_non_null(strstr(text, "ago: it broke"));
    assert_false(component_describe_trouble(scene_find(scene, "to"), text, sizeof(text)));
    scene_stop(scene);
}

static void test_without_a_policy_it_stops_alone(void **context)
{
    struct scene *scene = faulty_scene("restart: never");

    break_it(scene);

    assert_int_equal(it(scene)->state, FAILED);
    assert_string_equal(scene->log, "it: it broke");
    faulty_assert_notice(scene, "<producerFinished>");
    assert_int_equal(scene_find(scene, "to")->state, RUNNING);
    scene_stop(scene);
}

static bool have_passed(void *arg)
{
    struct scene *scene = arg;

    probe_send(scene_find(scene, "a"), PROBE_OUT0, "x");
    return component_outbox(scene_find(scene, "a"), PROBE_OUT0)->messages >= 50;
}

static void test_a_crash_loop_takes_no_time_from_others(void **context)
{
    struct scene *scene;
    uint64_t turns;

    faulty = (struct faulty_record){.bad_starts = 0};
    scene = scene_start(faulty_types,
                        "components:\n"
                        "  it: {type: Faulty, restart: {delay: 1ms, max_delay: 1s, limit: 0}}\n"
                        "  a: {type: Probe}\n"
                        "  b: {type: NullSink}\n"
                        "linkages: [a -> b]\n");
    faulty.bad_starts = 1000000;
    (void)component_fail(it(scene), 0, "it begins");
    turns = scene->loop->turns;
    scene_wait(scene, have_passed, scene);
    scene_wait_seconds(scene, 0.3);

    assert_true(faulty.starts < 15); /* 1, 2, 4 ... ms, cut by up to a half */
    assert_true(scene->loop->turns - turns < 200);
    assert_int_equal(scene_find(scene, "b")->state, RUNNING);
    scene_stop(scene);
}

/* ---- always ---- */

static void test_always_means_after_an_orderly_end_too(void **context)
{
    struct scene *scene = faulty_scene("restart: {policy: always, delay: 1ms}");

    faulty_say(scene, "finish");
    scene_run(scene);
    assert_int_equal(it(scene)->state, RESTARTING);
    assert_non_null(strstr(scene->log, "it: ended; restart 1 of 5 in 1 ms"));
    faulty_say(scene, "a");
    faulty_wait_restarts(scene, "it", 1);

    faulty_assert_heard(scene, "a");
    faulty_assert_notice(scene, NULL);
    assert_null(component_reason(it(scene)));
    scene_stop(scene);
}

static void test_on_failure_does_not(void **context)
{
    struct scene *scene = faulty_scene(SOON);

    faulty_say(scene, "finish");
    scene_run(scene);

    assert_int_equal(it(scene)->state, STOPPED);
    faulty_assert_notice(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_whoever_ends_each_time_is_given_up_as_well(void **context)
{
    struct scene *scene = faulty_scene("restart: {policy: always, delay: 1ms, limit: 1}");

    faulty_say(scene, "finish");
    faulty_wait_restarts(scene, "it", 1);
    faulty_say(scene, "finish");
    scene_run(scene);

    assert_int_equal(it(scene)->state, FAILED);
    assert_string_equal(scene->log, "it: gave up after 1 restart in 60 s: it ended each time");
    faulty_assert_notice(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_what_is_told_to_end_stays_ended(void **context)
{
    static const enum message_kind kinds[] = {PRODUCER_FINISHED, SHUTDOWN_MICROPROCESS};
    static const char *const names[] = {"<producerFinished>", "<shutdownMicroprocess>"};

    for (size_t i = 0; i < 2; i++) {
        struct scene *scene = faulty_scene("restart: {policy: always, delay: 1ms}");

        tell(scene, kinds[i]);

        assert_int_equal(it(scene)->state, STOPPED);
        faulty_assert_notice(scene, names[i]);
        scene_stop(scene);
    }
}

static void test_draining_ends_it_for_good(void **context)
{
    struct scene *scene = faulty_scene("restart: {policy: always, delay: 1ms}");

    component_drain(it(scene));
    scene_run(scene);

    assert_int_equal(it(scene)->state, STOPPED);
    scene_stop(scene);
}

/* ---- while it waits ---- */

static void test_a_stop_ends_the_waiting_at_once(void **context)
{
    struct scene *scene = faulty_scene(LATE);

    faulty_say(scene, "fail");
    faulty_say(scene, "dropped");
    scene_run(scene);
    tell(scene, SHUTDOWN_MICROPROCESS);

    assert_int_equal(it(scene)->state, STOPPED);
    assert_int_equal(faulty.stops, 1);
    faulty_assert_notice(scene, "<shutdownMicroprocess>");
    faulty_assert_notice(scene, NULL);
    scene_stop(scene);
}

static void test_producer_finished_ends_the_waiting_if_nothing_is_left_to_do(void **context)
{
    struct scene *scene = faulty_scene(LATE);

    break_it(scene);
    tell(scene, PRODUCER_FINISHED);

    assert_int_equal(it(scene)->state, STOPPED);
    faulty_assert_notice(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_what_is_left_to_do_is_done_before_producer_finished_counts(void **context)
{
    struct scene *scene = faulty_scene(SOON);

    break_it(scene);
    faulty_say(scene, "a");
    tell(scene, PRODUCER_FINISHED);
    assert_int_equal(it(scene)->state, RESTARTING);
    faulty_wait(scene, "it", STOPPED);

    faulty_assert_heard(scene, "a");
    faulty_assert_notice(scene, "<producerFinished>");
    faulty_assert_notice(scene, NULL);
    assert_int_equal(component_restarts(it(scene)), 1);
    scene_stop(scene);
}

static void test_who_fails_with_its_end_before_it_restarts_only_for_what_is_left(void **context)
{
    struct scene *scene = faulty_scene(SOON);

    faulty_say(scene, "fail");
    faulty_say(scene, "a");
    tell(scene, PRODUCER_FINISHED);
    assert_int_equal(it(scene)->state, RESTARTING);
    faulty_wait(scene, "it", STOPPED);
    faulty_assert_heard(scene, "a");
    scene_stop(scene);

    scene = faulty_scene(SOON);
    faulty_say(scene, "fail");
    tell(scene, PRODUCER_FINISHED);
    assert_int_equal(it(scene)->state, FAILED);
    assert_string_equal(scene->log, "it: it broke");
    faulty_assert_notice(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_the_end_of_the_last_sender_is_heard_while_it_waits(void **context)
{
    struct scene *scene = faulty_scene(LATE);

    break_it(scene);
    component_finish(scene_find(scene, "from"));
    scene_run(scene);

    assert_int_equal(it(scene)->state, STOPPED);
    scene_stop(scene);
}

static void test_draining_ends_the_waiting(void **context)
{
    struct scene *scene = faulty_scene(LATE);

    break_it(scene);
    graph_drain(scene->graph, 0.0);
    component_finish(scene_find(scene, "from"));
    component_finish(scene_find(scene, "to"));
    scene_run(scene);

    assert_int_equal(it(scene)->state, STOPPED);
    assert_int_equal(scene->graphs_ended, 1);
    scene_stop(scene);
}

/* ---- by hand ---- */

static void test_one_that_runs_is_restarted_by_hand_whatever_its_policy(void **context)
{
    struct scene *scene = faulty_scene("");

    faulty_say(scene, "a");
    scene_run(scene);
    faulty_say(scene, "b");
    assert_int_equal(component_restart(it(scene)), 0);
    scene_run(scene);

    assert_int_equal(faulty.starts, 2);
    assert_int_equal(component_restarts(it(scene)), 1);
    faulty_assert_heard(scene, "a");
    faulty_assert_heard(scene, "b");
    faulty_assert_notice(scene, NULL);
    scene_stop(scene);
}

static void test_one_that_waits_is_started_by_hand_at_once(void **context)
{
    struct scene *scene = faulty_scene(LATE);

    break_it(scene);
    assert_int_equal(component_restart(it(scene)), 0);

    assert_int_equal(it(scene)->state, RUNNING);
    scene_stop(scene);
}

static void test_a_restart_by_hand_may_fail(void **context)
{
    struct scene *scene = faulty_scene("");

    faulty.bad_starts = 1;
    assert_int_equal(component_restart(it(scene)), -ENOENT);

    assert_int_equal(it(scene)->state, FAILED);
    faulty_assert_notice(scene, "<producerFinished>");
    assert_int_equal(component_restart(it(scene)), -ESRCH);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_waits_in_the_inbox_survives_a_restart_in_order),
        cmocka_unit_test(test_signal_says_nothing_of_a_restart),
        cmocka_unit_test(test_it_is_stopped_at_once_and_starts_from_zeroes),
        cmocka_unit_test(test_senders_wait_until_it_runs_again),
        cmocka_unit_test(test_a_failure_in_a_timer_is_one),
        cmocka_unit_test(test_one_that_says_that_it_fails_is_not_believed_to_have_ended),
        cmocka_unit_test(test_one_that_has_said_its_end_is_not_restarted),
        cmocka_unit_test(test_a_failing_start_is_tried_again),
        cmocka_unit_test(test_a_graph_that_cannot_start_is_refused_whatever_the_policy),
        cmocka_unit_test(test_a_hundred_restarts_leave_nothing_behind),
        cmocka_unit_test(test_a_graph_may_go_while_one_waits),
        cmocka_unit_test(test_pauses_double_up_to_the_longest),
        cmocka_unit_test(test_health_makes_pauses_short_again),
        cmocka_unit_test(test_it_gives_up_after_so_many),
        cmocka_unit_test(test_each_step_is_said),
        cmocka_unit_test(test_without_a_policy_it_stops_alone),
        cmocka_unit_test(test_a_crash_loop_takes_no_time_from_others),
        cmocka_unit_test(test_always_means_after_an_orderly_end_too),
        cmocka_unit_test(test_on_failure_does_not),
        cmocka_unit_test(test_whoever_ends_each_time_is_given_up_as_well),
        cmocka_unit_test(test_what_is_told_to_end_stays_ended),
        cmocka_unit_test(test_draining_ends_it_for_good),
        cmocka_unit_test(test_a_stop_ends_the_waiting_at_once),
        cmocka_unit_test(test_producer_finished_ends_the_waiting_if_nothing_is_left_to_do),
        cmocka_unit_test(test_what_is_left_to_do_is_done_before_producer_finished_counts),
        cmocka_unit_test(test_who_fails_with_its_end_before_it_restarts_only_for_what_is_left),
        cmocka_unit_test(test_the_end_of_the_last_sender_is_heard_while_it_waits),
        cmocka_unit_test(test_draining_ends_the_waiting),
        cmocka_unit_test(test_one_that_runs_is_restarted_by_hand_whatever_its_policy),
        cmocka_unit_test(test_one_that_waits_is_started_by_hand_at_once),
        cmocka_unit_test(test_a_restart_by_hand_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
