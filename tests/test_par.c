/* PAR, with probes in it and around it. */
#include "tests/scene.h"
#include "tests/unit.h"

static struct scene *scene;
static struct component *from, *par, *a, *b, *to;

static void start_with(const char *components)
{
    char yaml[1024];

    (void)snprintf(yaml, sizeof(yaml),
                   "components:\n"
                   "  from: {type: Probe}\n"
                   "  par: {type: PAR, components: [%s]}\n"
                   "  to: {type: Probe}\n"
                   "linkages: [from -> par -> to]\n",
                   components);
    scene = scene_start(NULL, yaml);
    from = scene_find(scene, "from");
    par = scene_find(scene, "par");
    to = scene_find(scene, "to");
    scene_run(scene);
}

static void start(void)
{
    start_with("{type: Probe, name: a}, {type: Probe, name: b}");
    a = scene_find(scene, "par/a");
    b = scene_find(scene, "par/b");
}

static void assert_hears(struct component *component, unsigned inbox, const char *text)
{
    probe_hears(scene, component, inbox, text);
}

static void end(struct component *component)
{
    component_finish(component);
    scene_run(scene);
}

static void test_what_comes_in_goes_to_each_as_a_copy(void **context)
{
    start();
    probe_send(from, PROBE_OUT0, "x");
    scene_run(scene);

    assert_hears(a, PROBE_IN0, "x");
    assert_hears(b, PROBE_IN0, "x");
    scene_stop(scene);
}

static void test_what_each_makes_goes_out_by_one_outbox(void **context)
{
    start();
    probe_send(b, PROBE_OUT0, "from b");
    probe_send(a, PROBE_OUT0, "from a");

    assert_hears(to, PROBE_IN0, "from b");
    assert_hears(to, PROBE_IN0, "from a");
    scene_stop(scene);
}

static void test_its_end_is_said_once_all_have_ended(void **context)
{
    start();
    end(a);
    assert_null(probe_take(scene, to, PROBE_CONTROL));
    assert_int_equal(par->state, RUNNING);
    end(b);

    assert_int_equal(par->state, STOPPED);
    assert_hears(to, PROBE_CONTROL, "<producerFinished>");
    assert_null(probe_take(scene, to, PROBE_CONTROL));
    scene_stop(scene);
}

static void test_who_has_ended_does_not_hold_up_the_others(void **context)
{
    start();
    end(a);
    for (int i = 0; i < 5000; i++) {
        assert_true(outbox_has_room(from, PROBE_OUT0));
        probe_send(from, PROBE_OUT0, "x");
        scene_run(scene);
        assert_hears(b, PROBE_IN0, "x");
    }
    scene_stop(scene);
}

static void test_a_slow_one_makes_the_sender_wait(void **context)
{
    int sent = 0;

    start();
    for (; outbox_has_room(from, PROBE_OUT0) && sent < 100000; sent++) {
        probe_send(from, PROBE_OUT0, "x");
        scene_run(scene);
        (void)probe_take(scene, a, PROBE_IN0);
    }

    assert_in_range(sent, 1000, 3000);
    scene_stop(scene);
}

static void test_producer_finished_reaches_each_behind_its_last_copy(void **context)
{
    start_with("{type: LineFramer}, {type: PureTransformer, function: upper},"
               "{type: DataSource, messages: s}");
    probe_send(from, PROBE_OUT0, "no newline");
    outbox_notify(from, PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_hears(to, PROBE_IN0, "s");
    assert_hears(to, PROBE_IN0, "NO NEWLINE");
    assert_hears(to, PROBE_IN0, "no newline");
    assert_hears(to, PROBE_CONTROL, "<producerFinished>");
    assert_int_equal(par->state, STOPPED);
    scene_stop(scene);
}

static void test_one_with_an_inbox_needs_no_copies(void **context)
{
    start_with("{type: DataSource, messages: s}, {type: Probe, name: a}");
    a = scene_find(scene, "par/a");
    probe_send(from, PROBE_OUT0, "x");
    outbox_notify(from, PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_hears(a, PROBE_IN0, "x");
    assert_hears(a, PROBE_CONTROL, "<producerFinished>");
    end(a);
    assert_int_equal(par->state, STOPPED);
    scene_stop(scene);
}

static void test_with_sources_only_it_discards_what_comes(void **context)
{
    start_with("{type: DataSource, messages: one}, {type: TCPServer, host: 127.0.0.1}");
    for (int i = 0; i < 5000; i++) {
        assert_true(outbox_has_room(from, PROBE_OUT0));
        probe_send(from, PROBE_OUT0, "x");
        scene_run(scene);
    }
    scene_stop(scene);
}

static void test_a_stop_reaches_all_at_once_and_waits_for_them(void **context)
{
    start();
    outbox_notify(from, PROBE_SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);

    assert_hears(a, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_hears(b, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_int_equal(par->state, RUNNING);
    end(a);
    end(b);
    assert_int_equal(par->state, STOPPED);
    assert_hears(to, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_null(probe_take(scene, to, PROBE_CONTROL));
    scene_stop(scene);
}

static void test_one_that_fails_leaves_the_others_alone(void **context)
{
    start();
    (void)component_fail(a, 0, "oh");
    scene_run(scene);
    probe_send(from, PROBE_OUT0, "x");
    scene_run(scene);

    assert_hears(b, PROBE_IN0, "x");
    assert_null(probe_take(scene, b, PROBE_CONTROL));
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_comes_in_goes_to_each_as_a_copy),
        cmocka_unit_test(test_what_each_makes_goes_out_by_one_outbox),
        cmocka_unit_test(test_its_end_is_said_once_all_have_ended),
        cmocka_unit_test(test_who_has_ended_does_not_hold_up_the_others),
        cmocka_unit_test(test_a_slow_one_makes_the_sender_wait),
        cmocka_unit_test(test_producer_finished_reaches_each_behind_its_last_copy),
        cmocka_unit_test(test_one_with_an_inbox_needs_no_copies),
        cmocka_unit_test(test_with_sources_only_it_discards_what_comes),
        cmocka_unit_test(test_a_stop_reaches_all_at_once_and_waits_for_them),
        cmocka_unit_test(test_one_that_fails_leaves_the_others_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
