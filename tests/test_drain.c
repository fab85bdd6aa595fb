/* A graph that drains: who is told to finish, and when. */
#include "graph/drain.h"
#include "graph/graph.h"
#include "tests/scene.h"
#include "tests/unit.h"

static struct component *find(const struct scene *scene, const char *path)
{
    return scene_find(scene, path);
}

static bool is_over(void *arg)
{
    return component_is_over(arg);
}

static void wait_over(struct scene *scene, const char *path)
{
    scene_wait(scene, is_over, find(scene, path));
}

/* From a, through b and c, to z; each stands before the one that feeds it. */
static const char chain[] = "components:\n"
                            "  z: {type: Probe, boxes: {in0: {size: 1}}}\n"
                            "  c: {type: PassThrough, boxes: {inbox: {size: 1}}}\n"
                            "  b: {type: Pipeline, components: [{type: PassThrough}]}\n"
                            "  a: {type: Probe}\n"
                            "linkages:\n"
                            "  - a.out0 -> b.inbox\n"
                            "  - b.outbox -> c.inbox\n"
                            "  - c.outbox -> z.in0\n";

static void test_what_waits_arrives_before_the_end_does(void **context)
{
    struct scene *scene = scene_start(NULL, chain);

    for (int i = 0; i < 9; i++) {
        probe_send(find(scene, "a"), PROBE_OUT0, (const char[]){(char)('0' + i), '\0'});
    }
    scene_run(scene);
    graph_drain(scene->graph, 0.0);
    scene_run(scene);
    component_finish(find(scene, "a"));
    scene_run(scene);

    for (int i = 0; i < 9; i++) {
        assert_true(i == 8 || inbox_is_empty(find(scene, "z"), PROBE_CONTROL));
        probe_hears(scene, find(scene, "z"), PROBE_IN0, (const char[]){(char)('0' + i), '\0'});
        scene_wait_seconds(scene, 0.001);
    }
    wait_over(scene, "c");
    assert_true(component_is_over(find(scene, "b")));
    scene_wait_seconds(scene, 0.001);
    probe_hears(scene, find(scene, "z"), PROBE_CONTROL, "<producerFinished>");
    scene_stop(scene);
}

static void test_who_feeds_himself_is_fed_by_nobody(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  a: {type: PassThrough}\n"
                                            "  z: {type: PassThrough}\n"
                                            "linkages: [a.outbox -> a.inbox]\n");

    graph_drain(scene->graph, 0.0);

    wait_over(scene, "a");
    wait_over(scene, "z");
    assert_int_equal(scene->graphs_ended, 1);
    scene_stop(scene);
}

static void test_those_in_a_ring_end_together_once_the_others_have(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  z: {type: PassThrough}\n"
                                            "  c: {type: PassThrough}\n"
                                            "  b: {type: TwoWaySplitter}\n"
                                            "  a: {type: Probe}\n"
                                            "linkages:\n"
                                            "  - a.out0 -> b.inbox\n"
                                            "  - b.outbox -> c.inbox\n"
                                            "  - c.outbox -> b.inbox\n"
                                            "  - b.outbox2 -> z.inbox\n");

    graph_drain(scene->graph, 0.0);
    scene_wait_seconds(scene, 0.001);
    assert_int_equal(find(scene, "b")->state, RUNNING);
    component_finish(find(scene, "a"));

    wait_over(scene, "z");
    assert_true(component_is_over(find(scene, "b")));
    assert_true(component_is_over(find(scene, "c")));
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_waits_arrives_before_the_end_does),
        cmocka_unit_test(test_who_feeds_himself_is_fed_by_nobody),
        cmocka_unit_test(test_those_in_a_ring_end_together_once_the_others_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
