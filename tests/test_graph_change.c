/* Changing a running graph: what stays, what is replaced, and how much at a time. */
#include "graph/graph_change.h"

#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/root.h"
#include "graph/supervise.h"
#include "tests/pliant.h"
#include "tests/unit.h"

/* ---- what stays ---- */

static void test_what_is_the_same_runs_on_with_what_waits_in_it(void **context)
{
    struct scene *scene = scene_start(pliant_types, pliant_text(""));
    struct component *it = scene_find(scene, "it");

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    assert_true(scene_change(scene, pliant_text("")));

    assert_ptr_equal(scene_find(scene, "it"), it);
    assert_int_equal(queued(scene, "it"), 1);
    assert_int_equal(pliant(scene, "it")->starts, 1);
    assert_int_equal(pliants.stops, 0);
    assert_true(it->plan >= scene->plan->components &&
                it->plan < scene->plan->components + scene->plan->component_count);
    assert_int_equal(leavers(scene), 0);
    scene_stop(scene);
}

static void test_a_changeable_parameter_is_changed_in_place(void **context)
{
    struct scene *scene = scene_start(pliant_types, pliant_text(""));
    struct component *it = scene_find(scene, "it");

    assert_true(scene_change(scene, pliant_text(", word: b")));

    assert_ptr_equal(scene_find(scene, "it"), it);
    assert_string_equal(pliant(scene, "it")->word, "b");
    assert_int_equal(pliant(scene, "it")->changes, 1);
    scene_stop(scene);
}

static void test_a_bound_is_changed_in_place(void **context)
{
    struct scene *scene = scene_start(pliant_types, pliant_text(", boxes: {inbox: {size: 1}}"));
    struct component *from = scene_find(scene, "from");

    probe_send(from, PROBE_OUT0, "one");
    assert_false(outbox_has_room(from, PROBE_OUT0));
    assert_true(scene_change(scene, pliant_text(", boxes: {inbox: {size: 2}}")));

    assert_int_equal(queued(scene, "it"), 1);
    assert_true(outbox_has_room(from, PROBE_OUT0));
    scene_run(scene);
    scene_stop(scene);
}

static void test_linkages_are_changed_without_losing_what_is_queued(void **context)
{
    static const char old[] = "components: {a: {type: Probe}, b: {type: Probe}, c: {type: Probe}}\n"
                              "linkages: [a.out0 -> b.in0]\n";
    static const char fresh[] =
        "components: {a: {type: Probe}, b: {type: Probe}, c: {type: Probe}}\n"
        "linkages: [a.out0 -> c.in0]\n";
    struct scene *scene = scene_start(pliant_types, old);
    struct component *a = scene_find(scene, "a");

    probe_send(a, PROBE_OUT0, "before");
    assert_true(scene_change(scene, fresh));
    probe_send(a, PROBE_OUT0, "after");

    probe_hears(scene, scene_find(scene, "b"), PROBE_IN0, "before");
    probe_hears(scene, scene_find(scene, "c"), PROBE_IN0, "after");
    assert_null(probe_take(scene, scene_find(scene, "b"), PROBE_CONTROL));
    scene_stop(scene);
}

/* ---- what is replaced ---- */

static void test_what_waits_goes_to_what_replaces_it(void **context)
{
    struct scene *scene = scene_start(pliant_types, pliant_text(""));
    struct component *from = scene_find(scene, "from");

    probe_send(from, PROBE_OUT0, "one");
    probe_send(from, PROBE_OUT0, "two");
    assert_true(scene_change(scene, pliant_text(", fixed: b")));
    probe_send(from, PROBE_OUT0, "three");

    assert_int_equal(pliants.stops, 1);
    assert_string_equal(pliant(scene, "it")->fixed, "b");
    assert_int_equal(queued(scene, "it"), 3);
    probe_hears(scene, scene_find(scene, "it"), 0, "one");
    probe_hears(scene, scene_find(scene, "it"), 0, "two");
    scene_run(scene);
    assert_null(probe_take(scene, scene_find(scene, "to"), PROBE_CONTROL)); /* hears of no end */
    loop_once(scene->loop, false);
    assert_int_equal(leavers(scene), 0);
    scene_stop(scene);
}

static void test_what_replaces_another_hears_what_that_was_told(void **context)
{
    struct scene *scene = scene_start(pliant_types, pliant_text(""));

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    component_tell(scene_find(scene, "it"), PRODUCER_FINISHED, NULL, 0);
    assert_true(scene_change(scene, pliant_text(", fixed: b")));
    probe_hears(scene, scene_find(scene, "it"), 0, "one");
    component_wake(scene_find(scene, "it"));
    scene_run(scene);

    assert_int_equal(scene_find(scene, "it")->state, STOPPED);
    probe_hears(scene, scene_find(scene, "to"), PROBE_CONTROL, "<producerFinished>");
    scene_stop(scene);
}

static void test_an_end_that_was_held_back_is_held_on(void **context)
{
    static const char text[] =
        "components: {a: {type: Probe}, b: {type: Probe}, it: {type: Pliant, fixed: %s}}\n"
        "linkages: [a.signal -> it.control, b.signal -> it.control]\n";
    struct scene *scene = scene_start(pliant_types, scene_text(text, "a"));

    outbox_notify(scene_find(scene, "a"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    assert_true(scene_change(scene, scene_text(text, "b")));
    scene_run(scene);
    assert_int_equal(scene_find(scene, "it")->state, RUNNING);
    outbox_notify(scene_find(scene, "b"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_int_equal(scene_find(scene, "it")->state, STOPPED);
    scene_stop(scene);
}

static void test_a_sender_that_waits_is_run_by_what_replaces_its_reader(void **context)
{
    struct scene *scene = scene_start(pliant_types, pliant_text(", boxes: {inbox: {size: 1}}"));
    struct component *from = scene_find(scene, "from");
    struct probe *probe = component_state(from);

    probe_send(from, PROBE_OUT0, "one");
    assert_false(outbox_has_room(from, PROBE_OUT0));
    scene_run(scene);
    probe->runs = 0;
    assert_true(scene_change(scene, pliant_text(", fixed: b, boxes: {inbox: {size: 2}}")));
    scene_run(scene);

    assert_int_equal(probe->runs, 1);
    assert_true(outbox_has_room(from, PROBE_OUT0));
    scene_run(scene);
    scene_stop(scene);
}

/* ---- chassis ---- */

static void test_one_in_a_pipeline_is_replaced_alone(void **context)
{
    static const char text[] =
        "components:\n  from: {type: Probe}\n  to: {type: Probe}\n"
        "  p: {type: Pipeline, components: [{type: PassThrough, name: a}, {type: %s, name: b}, "
        "{type: PassThrough, name: c}]}\n"
        "linkages: [from.out0 -> p.inbox, p.outbox -> to.in0, from.signal -> p.control, "
        "p.signal -> to.control]\n";
    struct scene *scene =
        scene_start(pliant_types, scene_text(text, "Pliant")); /* keeps what comes */
    struct component *a = scene_find(scene, "p/a");

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    scene_run(scene);
    assert_true(scene_change(scene, scene_text(text, "PassThrough")));
    scene_run(scene);
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "two");
    scene_run(scene);

    assert_ptr_equal(scene_find(scene, "p/a"), a);
    probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "one");
    probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "two");
    outbox_notify(scene_find(scene, "from"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    assert_int_equal(scene_find(scene, "p")->state, STOPPED);
    probe_hears(scene, scene_find(scene, "to"), PROBE_CONTROL, "<producerFinished>");
    scene_stop(scene);
}

static void test_a_pipeline_may_grow_and_shrink(void **context)
{
    static const char text[] =
        "components:\n  from: {type: Probe}\n  to: {type: Probe}\n"
        "  p: {type: Pipeline, components: [%s{type: PassThrough, name: b}]}\n"
        "linkages: [from.out0 -> p.inbox, p.outbox -> to.in0, from.signal -> p.control, "
        "p.signal -> to.control]\n";
    struct scene *scene = scene_start(pliant_types, scene_text(text, ""));

    for (int i = 0; i < 5; i++) {
        probe_send(scene_find(scene, "from"), PROBE_OUT0, "x");
        scene_run(scene); /* else it would take another way than what comes later */
        assert_true(scene_change(
            scene, scene_text(text, i % 2 == 0 ? "{type: PassThrough, name: a}, " : "")));
        probe_send(scene_find(scene, "from"), PROBE_OUT0, "y");
        scene_run(scene);
        probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "x");
        probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "y");
        loop_once(scene->loop, false);
    }

    outbox_notify(scene_find(scene, "from"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    assert_int_equal(scene_find(scene, "p")->state, STOPPED);
    assert_int_equal(leavers(scene), 0);
    scene_stop(scene);
}

static void test_a_chassis_that_was_changed_can_be_restarted(void **context)
{
    static const char text[] =
        "components:\n  from: {type: Probe}\n  to: {type: Probe}\n"
        "  p: {type: Graphline, components: {a: {type: PassThrough}%s}, linkages: [self.inbox -> "
        "a.inbox%s]}\n"
        "linkages: [from.out0 -> p.inbox, p.outbox -> to.in0]\n";
    struct scene *scene =
        scene_start(pliant_types, scene_text(text, "", ", a.outbox -> self.outbox"));

    assert_true(scene_change(scene, scene_text(text, ", b: {type: LineFramer}",
                                               ", a.outbox -> b.inbox, b.outbox -> self.outbox")));
    scene_run(scene);
    assert_int_equal(component_restart(scene_find(scene, "p")), 0);
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "x\n");
    scene_run(scene);

    probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "x\n");
    scene_stop(scene);
}

/* ---- many ---- */

static char *many(size_t count, const char *keys)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    (void)fprintf(out, "components:\n  first: {type: Pliant%s}\n", keys);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "  c%zu: {type: Graphline, components: {x: {type: Pliant}}}\n", i);
    }
    (void)fclose(out);
    return text;
}

static bool is_settled(void *arg)
{
    const struct scene *scene = arg;

    return root_of(scene->graph)->earlier == NULL;
}

static void test_many_move_over_some_at_a_time(void **context)
{
    char *old = many(2000, "");
    char *fresh = many(2001, ", fixed: b");
    struct scene *scene = scene_start(pliant_types, old);
    struct component *child = scene_find(scene, "c1999/x");

    assert_true(scene_change(scene, fresh));
    assert_non_null(root_of(scene->graph)->earlier);
    assert_ptr_equal(component_next_child(scene_find(scene, "c1999"), NULL), child);
    scene_wait(scene, is_settled, scene);

    assert_ptr_equal(child->plan, plan_find(scene->plan, "c1999/x"));
    assert_int_equal(pliant(scene, "c0/x")->starts, 1);
    scene_stop(scene);
    free(old);
    free(fresh);
}

static void test_the_next_change_need_not_wait(void **context)
{
    char *old = many(2000, "");
    char *fresh = many(2000, ", fixed: b");
    struct scene *scene = scene_start(pliant_types, old);

    for (int i = 0; i < 4; i++) {
        assert_true(scene_change(scene, i % 2 == 0 ? fresh : old));
    }
    scene_stop(scene); /* in the middle of it */
    free(old);
    free(fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_is_the_same_runs_on_with_what_waits_in_it, pliant_reset),
        cmocka_unit_test_setup(test_a_changeable_parameter_is_changed_in_place, pliant_reset),
        cmocka_unit_test_setup(test_a_bound_is_changed_in_place, pliant_reset),
        cmocka_unit_test_setup(test_linkages_are_changed_without_losing_what_is_queued,
                               pliant_reset),
        cmocka_unit_test_setup(test_what_waits_goes_to_what_replaces_it, pliant_reset),
        cmocka_unit_test_setup(test_what_replaces_another_hears_what_that_was_told, pliant_reset),
        cmocka_unit_test_setup(test_an_end_that_was_held_back_is_held_on, pliant_reset),
        cmocka_unit_test_setup(test_a_sender_that_waits_is_run_by_what_replaces_its_reader,
                               pliant_reset),
        cmocka_unit_test_setup(test_one_in_a_pipeline_is_replaced_alone, pliant_reset),
        cmocka_unit_test_setup(test_a_pipeline_may_grow_and_shrink, pliant_reset),
        cmocka_unit_test_setup(test_a_chassis_that_was_changed_can_be_restarted, pliant_reset),
        cmocka_unit_test_setup(test_many_move_over_some_at_a_time, pliant_reset),
        cmocka_unit_test_setup(test_the_next_change_need_not_wait, pliant_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
