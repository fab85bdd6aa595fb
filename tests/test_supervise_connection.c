/* Supervision of what belongs to a connection, and of who makes connections. */
#include "graph/supervise.h"

#include "graph/graph.h"
#include "graph/inspect.h"
#include "tests/faulty.h"
#include "tests/maker.h"
#include "tests/unit.h"

static const struct component_type *const connection_types[] = {&faulty_type, &maker_type, NULL};

static struct scene *start_maker(const char *restart)
{
    faulty = (struct faulty_record){0};
    return scene_start(
        connection_types,
        scene_text(
            "graphs:\n"
            "  two:\n"
            "    components:\n"
            "      a: {type: PassThrough}\n"
            "      b: {type: Faulty, restart: %s}\n"
            "    linkages: [self -> a -> b -> self]\n"
            "components: {m: {type: Maker, protocol: two, restart: {delay: 1ms, limit: 0}}}\n",
            restart));
}

static void give(struct scene *scene, struct graph *graph, const char *text)
{
    inbox_deliver(component_inbox(graph_component(graph, 1), FAULTY_INBOX),
                  message_copy(&scene->loop->pool, text, strlen(text)), NULL);
    scene_run(scene);
}

static bool is_restarted(void *arg)
{
    return component_restarts(arg) > 0;
}

static void test_a_connections_component_restarts_within_it(void **context)
{
    struct scene *scene = start_maker("{delay: 1ms}");
    struct graph *graph = make_started(scene, 7);
    struct component *b = graph_component(graph, 1);

    give(scene, graph, "fail");
    assert_int_equal(b->state, RESTARTING);
    assert_int_equal(graph->living, 2);
    assert_non_null(strstr(scene->log, "m/7/b: failed: it broke; restart 1 of 5"));
    scene_wait(scene, is_restarted, b);

    assert_int_equal(b->state, RUNNING);
    assert_int_equal(graph_component(graph, 0)->state, RUNNING);
    scene_stop(scene);
}

static void test_giving_up_ends_its_connection_and_no_other(void **context)
{
    struct scene *scene = start_maker("{delay: 1ms, limit: 1}");
    struct graph *graph = make_started(scene, 1);
    struct graph *other = make_started(scene, 2);
    const struct maker *maker = component_state(scene_find(scene, "m"));

    give(scene, graph, "fail");
    scene_wait(scene, is_restarted, graph_component(graph, 1));
    give(scene, graph, "fail");

    assert_int_equal(maker->ended, 1);
    assert_int_equal(other->living, 2);
    scene_stop(scene);
}

static void test_without_a_policy_the_rest_of_a_connection_goes_on(void **context)
{
    struct scene *scene = start_maker("never");
    struct graph *graph = make_started(scene, 1);

    give(scene, graph, "fail");

    assert_int_equal(graph_component(graph, 1)->state, FAILED);
    assert_int_equal(graph_component(graph, 0)->state, RUNNING);
    scene_stop(scene);
}

static void test_a_connection_may_go_while_one_of_its_components_waits(void **context)
{
    struct scene *scene = start_maker("{delay: 1h, max_delay: 1h}");
    struct graph *graph = make_started(scene, 1);
    const struct maker *maker = component_state(scene_find(scene, "m"));

    give(scene, graph, "fail");
    graph_tell(graph, SHUTDOWN_MICROPROCESS, 0);
    scene_run(scene);

    assert_int_equal(maker->ended, 1);
    scene_stop(scene);
}

static void test_graphs_that_it_made_end_with_it_and_it_makes_new_ones(void **context)
{
    struct scene *scene = start_maker("never");
    const struct maker *maker = component_state(scene_find(scene, "m"));

    (void)make_started(scene, 1);
    (void)make_started(scene, 2);
    (void)component_fail(scene_find(scene, "m"), 0, "it broke");
    assert_int_equal(maker->ended, 2);
    assert_int_equal(faulty.stops, 2);
    faulty_wait_restarts(scene, "m", 1);
    (void)make_started(scene, 3);

    assert_int_equal(maker->ended, 0); /* counted anew */
    scene_stop(scene);
}

static void test_a_walk_goes_on_past_graphs_that_went_with_a_restart(void **context)
{
    struct scene *scene = start_maker("never");
    struct walk walk;

    (void)make_started(scene, 1);
    (void)make_started(scene, 2);
    walk_begin(&walk, scene->loop, true);
    while (walk_next(&walk)->graph->holder == NULL) {
        continue;
    }
    assert_int_equal(component_restart(scene_find(scene, "m")), 0);

    assert_null(walk_next(&walk));
    walk_end(&walk);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_connections_component_restarts_within_it),
        cmocka_unit_test(test_giving_up_ends_its_connection_and_no_other),
        cmocka_unit_test(test_without_a_policy_the_rest_of_a_connection_goes_on),
        cmocka_unit_test(test_a_connection_may_go_while_one_of_its_components_waits),
        cmocka_unit_test(test_graphs_that_it_made_end_with_it_and_it_makes_new_ones),
        cmocka_unit_test(test_a_walk_goes_on_past_graphs_that_went_with_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
