/* Changing a running graph: what is added, what is removed and when it ends, and what had ended
 * before. */
#include "graph/graph.h"
#include "graph/root.h"
#include "tests/pliant.h"
#include "tests/unit.h"

/* ---- what comes and goes ---- */

static void test_what_is_removed_sees_to_what_waits_first(void **context)
{
    struct scene *scene = scene_start(
        pliant_types, "components: {a: {type: Probe}, p: {type: PassThrough}, b: {type: Probe}}\n"
                      "linkages: [a.out0 -> p.inbox, p.outbox -> b.in0, p.signal -> b.control]\n");

    probe_send(scene_find(scene, "a"), PROBE_OUT0, "one");
    assert_true(scene_change(scene, "components: {a: {type: Probe}, b: {type: Probe}}\n"
                                    "linkages: [a.out0 -> b.in1]\n"));
    probe_send(scene_find(scene, "a"), PROBE_OUT0, "two");
    assert_int_equal(leavers(scene), 1);
    scene_run(scene);

    probe_hears(scene, scene_find(scene, "b"), PROBE_IN0, "one");
    probe_hears(scene, scene_find(scene, "b"), PROBE_IN1, "two");
    assert_null(probe_take(scene, scene_find(scene, "b"), PROBE_CONTROL));
    loop_once(scene->loop, false);
    assert_int_equal(leavers(scene), 0);
    scene_stop(scene);
}

#define FAN_OUT(to)                                                                                \
    "components:\n"                                                                                \
    "  from: {type: Probe}\n"                                                                      \
    "  b: {type: Probe, boxes: {in0: {size: 1}}}\n"                                                \
    "  c: {type: Probe, boxes: {in0: {size: 1}}}\n"                                                \
    "  d: {type: Probe}\n"                                                                         \
    "linkages: [\"from -> " to "\"]\n"

static void assert_hears_in_order(struct scene *scene, const char *path, char last)
{
    char text[] = "1";

    while (text[0] <= last) {
        probe_hears(scene, scene_find(scene, path), PROBE_IN0, text);
        scene_run(scene);
        text[0]++;
    }
    assert_null(probe_take(scene, scene_find(scene, path), PROBE_IN0));
    assert_null(probe_take(scene, scene_find(scene, path), PROBE_CONTROL));
}

static struct scene *start_fan_out(void)
{
    struct scene *scene = scene_start(pliant_types, FAN_OUT("[b, c, d]"));

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "1");
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "2");
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "3");
    scene_run(scene); /* b and c take one, and two wait between */
    assert_int_equal(queued(scene, "from-fanout"), 2);
    return scene;
}

static void test_a_branch_of_several_that_goes_leaves_the_others_all(void **context)
{
    struct scene *scene = start_fan_out();

    assert_true(scene_change(scene, FAN_OUT("[b, c]")));
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "4");
    scene_run(scene);

    for (char text[] = "1"; text[0] <= '4'; text[0]++) {
        probe_hears(scene, scene_find(scene, "b"), PROBE_IN0, text);
        probe_hears(scene, scene_find(scene, "c"), PROBE_IN0, text);
        scene_run(scene);
    }
    assert_null(probe_take(scene, scene_find(scene, "b"), PROBE_CONTROL));
    assert_null(probe_take(scene, scene_find(scene, "c"), PROBE_CONTROL));
    assert_hears_in_order(scene, "d", '1');
    scene_stop(scene);
}

static void test_what_waits_before_several_comes_first_to_the_one_that_is_left(void **context)
{
    struct scene *scene = start_fan_out();

    assert_true(scene_change(scene, FAN_OUT("b")));
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "4");
    scene_run(scene);

    assert_hears_in_order(scene, "b", '4');
    assert_hears_in_order(scene, "c", '3'); /* what was on its way before */
    assert_hears_in_order(scene, "d", '3');
    scene_stop(scene);
}

static bool has_left(void *arg)
{
    return leavers(arg) == 0;
}

static void test_what_is_removed_and_comes_to_no_end_is_ended_in_time(void **context)
{
    struct scene *scene =
        scene_start(pliant_types, "components: {a: {type: Probe}, p: {type: Pliant}}\n"
                                  "linkages: [a.out0 -> p.inbox]\n");

    scene->loop->leave_timeout = 0.01;
    probe_send(scene_find(scene, "a"), PROBE_OUT0, "one");
    assert_true(scene_change(scene, "components: {a: {type: Probe}}"));
    scene_run(scene);
    assert_int_equal(leavers(scene), 1);
    scene_wait(scene, has_left, scene);

    assert_string_equal(scene->log, "p: was taken out of the graph and has not come to its end: "
                                    "ending it, with 1 message in its inboxes");
    scene_stop(scene);
}

static void test_what_is_removed_but_in_use_keeps_what_it_leads_to(void **context)
{
    static const char bus[] =
        "components: {a: {type: Probe}, say: {type: PublishTo, destination: x},"
        " log: {type: Probe}, room: {type: Backplane, name: x}}\n"
        "linkages: [a.out0 -> say.inbox, room.outbox -> log.in0]\n";
    struct scene *scene = scene_start(pliant_types, bus);
    struct component *log = scene_find(scene, "log");

    assert_true(scene_change(scene, "components: {a: {type: Probe}, say: {type: PublishTo,"
                                    " destination: x}}\nlinkages: [a.out0 -> say.inbox]\n"));
    loop_once(scene->loop, false);
    assert_int_equal(leavers(scene), 2);
    probe_send(scene_find(scene, "a"), PROBE_OUT0, "to the old one");
    scene_run(scene);

    probe_hears(scene, log, PROBE_IN0, "to the old one");
    assert_null(probe_take(scene, log, PROBE_CONTROL));
    scene_stop(scene);
}

static void test_what_is_removed_waits_for_what_leads_to_it_to_finish(void **context)
{
    struct scene *scene = scene_start(
        pliant_types,
        "components: {late: {type: Probe}, p: {type: PassThrough}, q: {type: PassThrough}}\n"
        "linkages: [late.out0 -> p.inbox, p.outbox -> q.inbox]\n");
    struct component *late = scene_find(scene, "late");

    assert_true(scene_change(scene, "components: {b: {type: Probe}}\n"));
    for (int i = 0; i < 5; i++) {
        loop_once(scene->loop, false);
    }
    assert_int_equal(component_inbox(late, PROBE_CONTROL)->box.queued, 1); /* it has been told */
    assert_int_equal(leavers(scene), 3);

    component_finish(late);
    scene_wait(scene, has_left, scene);
    scene_stop(scene);
}

static void test_a_chain_that_is_removed_loses_nothing_of_what_waits(void **context)
{
    enum { MANY = 500 };
    struct scene *scene = scene_start(
        pliant_types, "components: {a: {type: Probe}, b: {type: Probe},"
                      " p: {type: PassThrough}, q: {type: PassThrough}, r: {type: PassThrough}}\n"
                      "linkages: [a.out0 -> p.inbox, p.outbox -> q.inbox, q.outbox -> r.inbox,"
                      " r.outbox -> b.in0]\n");

    for (int i = 0; i < MANY; i++) {
        probe_send(scene_find(scene, "a"), PROBE_OUT0, "x");
    }
    assert_true(scene_change(scene, "components: {a: {type: Probe}, b: {type: Probe}}\n"));
    scene_wait(scene, has_left, scene);

    assert_int_equal(queued(scene, "b"), MANY);
    scene_stop(scene);
}

static void test_a_ring_that_is_removed_ends_while_others_are_in_use(void **context)
{
    struct scene *scene = scene_start(
        pliant_types,
        "components: {say: {type: PublishTo, destination: x}, log: {type: Probe},"
        " room: {type: Backplane, name: x}, p: {type: PassThrough}, q: {type: PassThrough},"
        " r: {type: PassThrough}}\n"
        "linkages: [room.outbox -> log.in0, p.outbox -> q.inbox, q.outbox -> r.inbox,"
        " r.outbox -> p.inbox]\n");

    assert_true(scene_change(scene, "components: {say: {type: PublishTo, destination: x}}\n"));
    for (int i = 0; i < 5; i++) {
        loop_once(scene->loop, false);
    }

    assert_int_equal(leavers(scene), 2); /* room and log */
    scene_stop(scene);
}

static void test_what_is_added_takes_free_places(void **context)
{
    struct scene *scene =
        scene_start(pliant_types, "components: {a: {type: Pliant}, b: {type: Pliant}}");

    for (int i = 0; i < 20; i++) {
        assert_true(scene_change(
            scene, scene_text("components: {b: {type: Pliant}, x%d: {type: Pliant}}", i)));
        scene_run(scene);
        loop_once(scene->loop, false);
    }

    assert_int_equal(root_of(scene->graph)->places, 2);
    assert_int_equal(leavers(scene), 0);
    assert_int_equal(scene->graph->living, 2);
    scene_stop(scene);
}

static void test_what_could_not_start_leaves_all_as_it_was(void **context)
{
    static const char fresh[] =
        "components:\n  from: {type: Probe}\n  it: {type: Pliant, fixed: b}\n  to: {type: Probe}\n"
        "  more: {type: Pliant}\n  last: {type: Pliant}\n"
        "linkages: [from.out0 -> more.inbox, more.outbox -> it.inbox, it.outbox -> last.inbox]\n";
    struct scene *scene = scene_start(pliant_types, pliant_text(""));
    struct component *it = scene_find(scene, "it");

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    pliants.bad_start = 3;
    assert_false(scene_change(scene, fresh));
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "two");
    scene_run(scene);
    loop_once(scene->loop, false);

    assert_string_equal(scene->refusal, "last: not now");
    assert_ptr_equal(scene_find(scene, "it"), it);
    assert_int_equal(it->state, RUNNING);
    assert_int_equal(queued(scene, "it"), 2);
    assert_int_equal(scene->graph->living, 3);
    assert_int_equal(leavers(scene), 0);
    assert_true(scene_change(scene, fresh)); /* it can be done after all */
    scene_stop(scene);
}

/* ---- what has ended ---- */

static void test_what_has_failed_is_started_anew(void **context)
{
    struct scene *scene = scene_start(pliant_types, pliant_text(""));

    (void)component_fail(scene_find(scene, "it"), 0, "it broke");
    assert_int_equal(scene_find(scene, "it")->state, FAILED);
    assert_true(scene_change(scene, pliant_text("")));
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");

    assert_int_equal(scene_find(scene, "it")->state, RUNNING);
    assert_int_equal(queued(scene, "it"), 1);
    scene_stop(scene);
}

static void test_what_has_done_its_work_is_left_alone(void **context)
{
    struct scene *scene = scene_start(pliant_types, pliant_text(""));

    component_finish(scene_find(scene, "it"));
    assert_true(scene_change(scene, pliant_text("")));

    assert_int_equal(scene_find(scene, "it")->state, STOPPED);
    scene_stop(scene);
}

static void test_what_has_done_its_work_is_started_with_a_new_neighbour(void **context)
{
    static const char text[] =
        "components: {from: {type: Pliant, fixed: %s}, it: {type: Pliant}, to: {type: Probe}}\n"
        "linkages: [from -> it, it -> to.in0]\n";
    struct scene *scene = scene_start(pliant_types, scene_text(text, "a"));

    component_finish(scene_find(scene, "it"));
    assert_true(scene_change(scene, scene_text(text, "b")));
    probe_send(scene_find(scene, "from"), 0, "one");

    assert_int_equal(scene_find(scene, "it")->state, RUNNING);
    assert_int_equal(queued(scene, "it"), 1);
    scene_stop(scene);
}

static void test_a_chain_that_has_done_its_work_is_started_with_its_last(void **context)
{
    static const char text[] =
        "components: {a: {type: Pliant}, b: {type: Pipeline, components: [{type: Pliant}]}, "
        "c: {type: Pliant}, d: {type: Pliant, fixed: %s}, apart: {type: Pliant}}\n"
        "linkages: [a -> b, b -> c, c -> d]\n";
    struct scene *scene = scene_start(pliant_types, scene_text(text, "a"));

    component_finish(scene_find(scene, "a"));
    component_finish(scene_find(scene, "apart"));
    scene_run(scene); /* a's end is heard by b and c */
    assert_true(component_is_over(scene_find(scene, "c")));
    assert_true(scene_change(scene, scene_text(text, "b")));

    for (const char *const *path = (const char *const[]){"a", "b", "b/pliant", "c", "d", NULL};
         *path != NULL; path++) {
        assert_int_equal(scene_find(scene, *path)->state, RUNNING);
    }
    assert_int_equal(scene_find(scene, "apart")->state, STOPPED);
    scene_stop(scene);
}

static void test_what_waits_for_its_restart_is_replaced_with_what_it_has(void **context)
{
    static const char text[] =
        "components:\n"
        "  from: {type: Probe}\n"
        "  it: {type: Faulty, restart: {policy: always, delay: %s, limit: 0}}\n"
        "  to: {type: Probe}\n"
        "linkages: [from.out0 -> it.inbox, it.outbox -> to.in0]\n";
    struct scene *scene = scene_start(pliant_types, scene_text(text, "10s"));

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "fail");
    scene_run(scene);
    assert_int_equal(scene_find(scene, "it")->state, RESTARTING);
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    assert_true(scene_change(scene, "components: {from: {type: Probe}, to: {type: Probe}, "
                                    "it: {type: PassThrough}}\n"
                                    "linkages: [from.out0 -> it.inbox, it.outbox -> to.in0]\n"));
    scene_run(scene);

    probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "one");
    loop_once(scene->loop, false);
    assert_int_equal(leavers(scene), 0);
    scene_stop(scene);
}

static void test_what_waits_for_its_restart_and_is_removed_ends(void **context)
{
    struct scene *scene = scene_start(
        pliant_types, "components:\n"
                      "  from: {type: Probe}\n"
                      "  it: {type: Faulty, restart: {policy: always, delay: 10s, limit: 0}}\n"
                      "linkages: [from.out0 -> it.inbox]\n");

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "fail");
    scene_run(scene);
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    assert_true(scene_change(scene, "components: {from: {type: Probe}}\n"));
    loop_once(scene->loop, false);

    assert_int_equal(leavers(scene), 0);
    assert_int_equal(scene->graph->living, 1);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_is_removed_sees_to_what_waits_first, pliant_reset),
        cmocka_unit_test_setup(test_a_branch_of_several_that_goes_leaves_the_others_all,
                               pliant_reset),
        cmocka_unit_test_setup(test_what_waits_before_several_comes_first_to_the_one_that_is_left,
                               pliant_reset),
        cmocka_unit_test_setup(test_what_is_removed_and_comes_to_no_end_is_ended_in_time,
                               pliant_reset),
        cmocka_unit_test_setup(test_what_is_removed_but_in_use_keeps_what_it_leads_to,
                               pliant_reset),
        cmocka_unit_test_setup(test_what_is_removed_waits_for_what_leads_to_it_to_finish,
                               pliant_reset),
        cmocka_unit_test_setup(test_a_chain_that_is_removed_loses_nothing_of_what_waits,
                               pliant_reset),
        cmocka_unit_test_setup(test_a_ring_that_is_removed_ends_while_others_are_in_use,
                               pliant_reset),
        cmocka_unit_test_setup(test_what_is_added_takes_free_places, pliant_reset),
        cmocka_unit_test_setup(test_what_could_not_start_leaves_all_as_it_was, pliant_reset),
        cmocka_unit_test_setup(test_what_has_failed_is_started_anew, pliant_reset),
        cmocka_unit_test_setup(test_what_has_done_its_work_is_left_alone, pliant_reset),
        cmocka_unit_test_setup(test_what_has_done_its_work_is_started_with_a_new_neighbour,
                               pliant_reset),
        cmocka_unit_test_setup(test_a_chain_that_has_done_its_work_is_started_with_its_last,
                               pliant_reset),
        cmocka_unit_test_setup(test_what_waits_for_its_restart_is_replaced_with_what_it_has,
                               pliant_reset),
        cmocka_unit_test_setup(test_what_waits_for_its_restart_and_is_removed_ends, pliant_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
