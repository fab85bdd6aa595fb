/* Pipeline, with probes in it and around it. */
#include "tests/scene.h"
#include "tests/unit.h"

/* from -> [a -> b -> c] -> to */
struct cast {
    struct scene *scene;
    struct component *from, *pipe, *a, *b, *c, *to;
};

static void start(struct cast *cast)
{
    cast->scene = scene_start(NULL, "components:\n"
                                    "  from: {type: Probe}\n"
                                    "  pipe:\n"
                                    "    type: Pipeline\n"
                                    "    components:\n"
                                    "      - {type: Probe, name: a}\n"
                                    "      - {type: Probe, name: b}\n"
                                    "      - {type: Probe, name: c}\n"
                                    "  to: {type: Probe}\n"
                                    "linkages: [from -> pipe -> to]\n");
    cast->from = scene_find(cast->scene, "from");
    cast->pipe = scene_find(cast->scene, "pipe");
    cast->a = scene_find(cast->scene, "pipe/a");
    cast->b = scene_find(cast->scene, "pipe/b");
    cast->c = scene_find(cast->scene, "pipe/c");
    cast->to = scene_find(cast->scene, "to");
}

static void assert_hears(struct cast *cast, struct component *component, unsigned inbox,
                         const char *text)
{
    probe_hears(cast->scene, component, inbox, text);
}

static void end(struct cast *cast, struct component *component)
{
    component_finish(component);
    scene_run(cast->scene);
}

static void test_each_gives_what_it_makes_to_the_next(void **context)
{
    struct cast cast;

    start(&cast);
    probe_send(cast.from, PROBE_OUT0, "x");
    probe_send(cast.a, PROBE_OUT0, "y");
    probe_send(cast.b, PROBE_OUT0, "z");
    probe_send(cast.c, PROBE_OUT0, "out");

    assert_hears(&cast, cast.a, PROBE_IN0, "x");
    assert_hears(&cast, cast.b, PROBE_IN0, "y");
    assert_hears(&cast, cast.c, PROBE_IN0, "z");
    assert_hears(&cast, cast.to, PROBE_IN0, "out");
    scene_stop(cast.scene);
}

static void test_the_pipeline_itself_is_never_run_for_a_message(void **context)
{
    struct cast cast;
    uint64_t turns;

    start(&cast);
    scene_run(cast.scene);
    turns = cast.scene->loop->turns;
    probe_send(cast.from, PROBE_OUT0, "x");
    scene_run(cast.scene);

    assert_int_equal(cast.scene->loop->turns, turns + 1); /* a's */
    scene_stop(cast.scene);
}

static void test_it_ends_with_the_last_and_says_so_once(void **context)
{
    struct cast cast;

    start(&cast);
    end(&cast, cast.a);
    assert_hears(&cast, cast.b, PROBE_CONTROL, "<producerFinished>");
    end(&cast, cast.b);
    assert_hears(&cast, cast.c, PROBE_CONTROL, "<producerFinished>");
    assert_false(component_is_over(cast.pipe));
    end(&cast, cast.c);

    assert_int_equal(cast.pipe->state, STOPPED);
    assert_hears(&cast, cast.to, PROBE_CONTROL, "<producerFinished>");
    assert_null(probe_take(cast.scene, cast.to, PROBE_CONTROL));
    scene_stop(cast.scene);
}

static void test_who_feeds_one_that_has_gone_is_stopped(void **context)
{
    struct cast cast;

    start(&cast);
    end(&cast, cast.c);

    assert_hears(&cast, cast.a, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_hears(&cast, cast.b, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_hears(&cast, cast.to, PROBE_CONTROL, "<producerFinished>");
    assert_false(component_is_over(cast.pipe));
    end(&cast, cast.a);
    end(&cast, cast.b);
    assert_true(component_is_over(cast.pipe));
    scene_stop(cast.scene);
}

static void test_who_comes_after_one_that_has_gone_goes_on(void **context)
{
    struct cast cast;

    start(&cast);
    end(&cast, cast.a);

    assert_hears(&cast, cast.b, PROBE_CONTROL, "<producerFinished>");
    assert_null(probe_take(cast.scene, cast.b, PROBE_CONTROL));
    assert_null(probe_take(cast.scene, cast.c, PROBE_CONTROL));
    scene_stop(cast.scene);
}

static void test_without_its_first_it_discards_what_comes(void **context)
{
    struct cast cast;

    start(&cast);
    end(&cast, cast.a);
    for (int i = 0; i < 10000; i++) {
        assert_true(outbox_has_room(cast.from, PROBE_OUT0));
        probe_send(cast.from, PROBE_OUT0, "x");
        scene_run(cast.scene);
    }

    assert_int_equal(component_inbox(cast.pipe, 0)->box.queued, 0);
    scene_stop(cast.scene);
}

static void test_without_its_first_a_stop_reaches_the_others(void **context)
{
    struct cast cast;

    start(&cast);
    end(&cast, cast.a);
    assert_hears(&cast, cast.b, PROBE_CONTROL, "<producerFinished>");
    outbox_notify(cast.from, PROBE_SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(cast.scene);

    assert_hears(&cast, cast.b, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_hears(&cast, cast.c, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_false(component_is_over(cast.pipe));
    scene_stop(cast.scene);
}

/* Real components: an end and a stop travel down by themselves. */
static struct scene *start_real(void)
{
    return scene_start(NULL, "components:\n"
                             "  from: {type: Probe}\n"
                             "  outer:\n"
                             "    type: Pipeline\n"
                             "    components:\n"
                             "      - {type: LineFramer}\n"
                             "      - type: Pipeline\n"
                             "        components:\n"
                             "          - {type: PureTransformer, function: upper}\n"
                             "          - {type: PureTransformer, function: prefix, text: \"> \"}\n"
                             "      - {type: PassThrough}\n"
                             "  to: {type: Probe}\n"
                             "linkages: [from -> outer -> to]\n");
}

static void test_an_end_travels_down_after_the_last_message(void **context)
{
    struct scene *scene = start_real();
    struct component *from = scene_find(scene, "from");
    struct component *to = scene_find(scene, "to");

    probe_send(from, PROBE_OUT0, "one\ntwo\nlast");
    component_finish(from);
    scene_run(scene);

    assert_string_equal(probe_take(scene, to, PROBE_IN0), "> ONE\n");
    assert_string_equal(probe_take(scene, to, PROBE_IN0), "> TWO\n");
    assert_string_equal(probe_take(scene, to, PROBE_IN0), "> LAST");
    assert_string_equal(probe_take(scene, to, PROBE_CONTROL), "<producerFinished>");
    assert_null(probe_take(scene, to, PROBE_CONTROL));
    assert_int_equal(scene_find(scene, "outer")->state, STOPPED);
    assert_int_equal(scene_find(scene, "outer/pipeline")->state, STOPPED);
    scene_stop(scene);
}

static void test_a_stop_travels_down_at_once(void **context)
{
    struct scene *scene = start_real();
    struct component *from = scene_find(scene, "from");
    struct component *to = scene_find(scene, "to");

    probe_send(from, PROBE_OUT0, "one\n");
    outbox_notify(from, PROBE_SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);

    assert_null(probe_take(scene, to, PROBE_IN0));
    assert_string_equal(probe_take(scene, to, PROBE_CONTROL), "<shutdownMicroprocess>");
    assert_null(probe_take(scene, to, PROBE_CONTROL));
    assert_int_equal(scene_find(scene, "outer")->state, STOPPED);
    scene_stop(scene);
}

static void test_all_in_it_start_with_it(void **context)
{
    struct cast cast;

    start(&cast);

    assert_int_equal(cast.pipe->state, RUNNING);
    assert_int_equal(cast.a->state, RUNNING);
    assert_int_equal(cast.b->state, RUNNING);
    assert_int_equal(cast.c->state, RUNNING);
    scene_stop(cast.scene);
}

static void test_notices_go_from_each_to_the_next(void **context)
{
    struct cast cast;

    start(&cast);
    outbox_notify(cast.from, PROBE_SIGNAL, SERVER_SHUTDOWN, NULL, 0);
    outbox_notify(cast.a, PROBE_SIGNAL, SERVER_SHUTDOWN, NULL, 0);
    outbox_notify(cast.b, PROBE_SIGNAL, SERVER_SHUTDOWN, NULL, 0);
    outbox_notify(cast.c, PROBE_SIGNAL, SERVER_SHUTDOWN, NULL, 0);

    assert_hears(&cast, cast.a, PROBE_CONTROL, "<serverShutdown>");
    assert_hears(&cast, cast.b, PROBE_CONTROL, "<serverShutdown>");
    assert_hears(&cast, cast.c, PROBE_CONTROL, "<serverShutdown>");
    assert_hears(&cast, cast.to, PROBE_CONTROL, "<serverShutdown>");
    scene_stop(cast.scene);
}

/* from -> a thousand PassThroughs -> to */
static struct scene *start_long(void)
{
    enum { LENGTH = 1000, LINE = 32 };
    char *yaml = malloc((LENGTH + 10) * (size_t)LINE);
    size_t used;
    struct scene *scene;

    assert_non_null(yaml);
    used = (size_t)sprintf(yaml, "components:\n"
                                 "  from: {type: Probe}\n"
                                 "  to: {type: Probe}\n"
                                 "  pipe:\n"
                                 "    type: Pipeline\n"
                                 "    components:\n");
    for (int i = 0; i < LENGTH; i++) {
        used += (size_t)sprintf(yaml + used, "      - {type: PassThrough}\n");
    }
    (void)sprintf(yaml + used, "linkages: [from -> pipe -> to]\n");
    scene = scene_start(NULL, yaml);
    free(yaml);
    return scene;
}

static void test_an_end_travels_through_a_long_chain_after_the_last_message(void **context)
{
    struct scene *scene = start_long();
    struct component *from = scene_find(scene, "from");
    struct component *to = scene_find(scene, "to");

    for (int i = 0; i < 100; i++) {
        probe_send(from, PROBE_OUT0, "x");
    }
    outbox_notify(from, PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_true(component_is_over(scene_find(scene, "pipe")));
    for (int i = 0; i < 100; i++) {
        assert_non_null(probe_take(scene, to, PROBE_IN0));
    }
    assert_string_equal(probe_take(scene, to, PROBE_CONTROL), "<producerFinished>");
    assert_null(probe_take(scene, to, PROBE_CONTROL));
    scene_stop(scene);
}

/* In the original, a PureTransformer on the way swallowed it. */
static void test_a_stop_travels_through_a_long_chain(void **context)
{
    struct scene *scene = start_long();
    struct component *to = scene_find(scene, "to");

    outbox_notify(scene_find(scene, "from"), PROBE_SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);

    assert_true(component_is_over(scene_find(scene, "pipe")));
    assert_string_equal(probe_take(scene, to, PROBE_CONTROL), "<shutdownMicroprocess>");
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_gives_what_it_makes_to_the_next),
        cmocka_unit_test(test_the_pipeline_itself_is_never_run_for_a_message),
        cmocka_unit_test(test_it_ends_with_the_last_and_says_so_once),
        cmocka_unit_test(test_who_feeds_one_that_has_gone_is_stopped),
        cmocka_unit_test(test_who_comes_after_one_that_has_gone_goes_on),
        cmocka_unit_test(test_without_its_first_it_discards_what_comes),
        cmocka_unit_test(test_without_its_first_a_stop_reaches_the_others),
        cmocka_unit_test(test_an_end_travels_down_after_the_last_message),
        cmocka_unit_test(test_a_stop_travels_down_at_once),
        cmocka_unit_test(test_all_in_it_start_with_it),
        cmocka_unit_test(test_notices_go_from_each_to_the_next),
        cmocka_unit_test(test_an_end_travels_through_a_long_chain_after_the_last_message),
        cmocka_unit_test(test_a_stop_travels_through_a_long_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
