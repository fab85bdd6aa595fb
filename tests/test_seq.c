/* Seq, with probes as its steps and around it. */
#include "graph/graph.h"
#include "tests/scene.h"
#include "tests/unit.h"

static struct scene *scene;
static struct component *from, *seq, *to;

static void start(const char *steps)
{
    char yaml[1024];

    (void)snprintf(yaml, sizeof(yaml),
                   "components:\n"
                   "  from: {type: Probe}\n"
                   "  seq: {type: Seq, components: [%s]}\n"
                   "  to: {type: Probe}\n"
                   "linkages: [from -> seq -> to]\n",
                   steps);
    scene = scene_start(NULL, yaml);
    from = scene_find(scene, "from");
    seq = scene_find(scene, "seq");
    to = scene_find(scene, "to");
    scene_run(scene);
}

/* The present one, or NULL. */
static struct component *step(void)
{
    struct graph *graph = NULL;

    while ((graph = component_next_graph(seq, graph)) != NULL) {
        if (graph->living > 0) {
            return graph_component(graph, 0);
        }
    }
    return NULL;
}

static void assert_step_is(const char *expected)
{
    char path[PATH_SIZE];

    assert_non_null(step());
    assert_string_equal(component_path(step(), path, sizeof(path)), expected);
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

static void test_each_begins_when_the_one_before_has_ended(void **context)
{
    start("Probe, Probe, Probe");

    for (int i = 1; i <= 3; i++) {
        char path[16];

        (void)snprintf(path, sizeof(path), "seq/%d", i);
        assert_step_is(path);
        assert_null(probe_take(scene, to, PROBE_CONTROL));
        end(step());
    }
    assert_null(step());
    assert_int_equal(seq->state, STOPPED);
    assert_hears(to, PROBE_CONTROL, "<producerFinished>");
    assert_null(probe_take(scene, to, PROBE_CONTROL));
    scene_stop(scene);
}

static void test_the_present_one_has_the_boxes(void **context)
{
    start("Probe, Probe");
    for (int i = 0; i < 2; i++) {
        probe_send(from, PROBE_OUT0, "in");
        probe_send(step(), PROBE_OUT0, "out");
        scene_run(scene);

        assert_hears(step(), PROBE_IN0, "in");
        assert_hears(to, PROBE_IN0, "out");
        end(step());
    }
    scene_stop(scene);
}

static void test_what_comes_while_a_source_runs_waits_for_one_that_takes_it(void **context)
{
    start("{type: TCPServer, host: 127.0.0.1}, Probe");
    probe_send(from, PROBE_OUT0, "early");
    scene_run(scene);
    end(step());

    assert_hears(step(), PROBE_IN0, "early");
    scene_stop(scene);
}

static void test_a_greeting_before_the_stream(void **context)
{
    start("{type: DataSource, messages: [hello, you]}, {type: PureTransformer, function: upper}");
    probe_send(from, PROBE_OUT0, "what they say");
    outbox_notify(from, PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_hears(to, PROBE_IN0, "hello");
    assert_hears(to, PROBE_IN0, "you");
    assert_hears(to, PROBE_IN0, "WHAT THEY SAY");
    assert_hears(to, PROBE_CONTROL, "<producerFinished>");
    assert_int_equal(seq->state, STOPPED);
    scene_stop(scene);
}

static void test_producer_finished_is_told_to_each_in_its_turn(void **context)
{
    start("Probe, Probe");
    outbox_notify(from, PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    assert_hears(step(), PROBE_CONTROL, "<producerFinished>");
    end(step());

    assert_step_is("seq/2");
    assert_hears(step(), PROBE_CONTROL, "<producerFinished>");
    assert_null(probe_take(scene, step(), PROBE_CONTROL));
    scene_stop(scene);
}

static void test_a_stop_ends_the_present_one_and_begins_no_other(void **context)
{
    start("Probe, Probe");
    outbox_notify(from, PROBE_SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);
    assert_hears(step(), PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_int_equal(seq->state, RUNNING);
    end(step());

    assert_null(step());
    assert_int_equal(seq->state, STOPPED);
    assert_hears(to, PROBE_CONTROL, "<shutdownMicroprocess>");
    scene_stop(scene);
}

static void test_one_that_is_always_started_again_ends_when_it_is_told(void **context)
{
    start("{type: Pipeline, restart: always, components: [{type: PassThrough}]}");
    probe_send(from, PROBE_OUT0, "the last");
    outbox_notify(from, PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_hears(to, PROBE_IN0, "the last");
    assert_hears(to, PROBE_CONTROL, "<producerFinished>");
    assert_int_equal(seq->state, STOPPED);
    scene_stop(scene);
}

static void test_one_that_fails_fails_it_all(void **context)
{
    start("Probe, Probe, Probe");
    (void)component_fail(step(), 0, "no more paper");
    scene_run(scene);

    assert_null(step());
    assert_int_equal(seq->state, FAILED);
    assert_string_equal(component_reason(seq),
                        "seq/1 has failed: no more paper; 2 of 3 were still to come");
    assert_hears(to, PROBE_CONTROL, "<producerFinished>");
    scene_stop(scene);
}

static void test_one_that_cannot_start_fails_it_all(void **context)
{
    start("{type: TCPServer, host: 192.0.2.1, listenport: 9}, Probe");

    assert_null(step());
    assert_int_equal(seq->state, FAILED);
    assert_non_null(strstr(component_reason(seq), "seq/1 has failed: "));
    scene_stop(scene);
}

static void test_many_that_end_at_once_are_all_begun(void **context)
{
    start("{type: DataSource, messages: a}, {type: DataSource, messages: []},"
          "{type: DataSource, messages: b}, {type: DataSource, messages: c}");

    assert_hears(to, PROBE_IN0, "a");
    assert_hears(to, PROBE_IN0, "b");
    assert_hears(to, PROBE_IN0, "c");
    assert_int_equal(seq->state, STOPPED);
    assert_int_equal(scene->loop->graphs_alive, 0);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_begins_when_the_one_before_has_ended),
        cmocka_unit_test(test_the_present_one_has_the_boxes),
        cmocka_unit_test(test_what_comes_while_a_source_runs_waits_for_one_that_takes_it),
        cmocka_unit_test(test_a_greeting_before_the_stream),
        cmocka_unit_test(test_producer_finished_is_told_to_each_in_its_turn),
        cmocka_unit_test(test_a_stop_ends_the_present_one_and_begins_no_other),
        cmocka_unit_test(test_one_that_is_always_started_again_ends_when_it_is_told),
        cmocka_unit_test(test_one_that_fails_fails_it_all),
        cmocka_unit_test(test_one_that_cannot_start_fails_it_all),
        cmocka_unit_test(test_many_that_end_at_once_are_all_begun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
