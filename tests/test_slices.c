/* Large graphs: nothing that is done to all of their components is done in one turn of the loop. */
#include "graph/slices.h"

#include "graph/drain.h"
#include "graph/graph.h"
#include "graph/root.h"
#include "tests/scene.h"
#include "tests/unit.h"

enum { MANY = 3 * SLICE + 7 };

/* ---- by themselves ---- */

struct work {
    struct slices slices;
    size_t left;
    unsigned turns;
    size_t largest;
};

static bool go_on(struct slices *slices, size_t most)
{
    struct work *work = container_of(slices, struct work, slices);
    const size_t now = work->left < most ? work->left : most;

    work->left -= now;
    work->turns++;
    work->largest = now > work->largest ? now : work->largest;
    return work->left > 0;
}

static void test_the_first_slice_is_done_at_once_and_one_more_in_each_iteration(void **context)
{
    struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO);
    struct work work = {.left = MANY};

    slices_begin(&work.slices, ev, go_on);
    assert_int_equal(work.left, MANY - SLICE);
    assert_true(slices_are_left(&work.slices));
    (void)ev_run(ev, 0);

    assert_int_equal(work.left, 0);
    assert_int_equal(work.turns, 4);
    assert_int_equal(work.largest, SLICE);
    assert_false(slices_are_left(&work.slices));
    ev_loop_destroy(ev);
}

static void test_what_is_small_is_over_at_once(void **context)
{
    struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO);
    struct work work = {.left = 7};

    slices_begin(&work.slices, ev, go_on);

    assert_int_equal(work.left, 0);
    assert_false(slices_are_left(&work.slices));
    ev_loop_destroy(ev);
}

static void test_what_is_stopped_is_left_undone(void **context)
{
    struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO);
    struct work work = {.left = MANY};

    slices_begin(&work.slices, ev, go_on);
    slices_stop(&work.slices);
    (void)ev_run(ev, 0);

    assert_int_equal(work.left, MANY - SLICE);
    ev_loop_destroy(ev);
}

/* ---- of graphs ---- */

/* So many probes, after "first" of them; without linkages, so each is a source. */
static char *probes(size_t first, size_t count)
{
    const size_t size = 64 + count * 32;
    char *text = mem_alloc(size);
    size_t used = (size_t)snprintf(text, size, "components:\n");

    for (size_t i = first; i < first + count; i++) {
        used += (size_t)snprintf(text + used, size - used, "  p%06zu: {type: Probe}\n", i);
    }
    return text;
}

static struct scene *start_probes(size_t count)
{
    char *text = probes(0, count);
    struct scene *scene = scene_start(NULL, text);

    free(text);
    return scene;
}

static void change_to_probes(struct scene *scene, size_t first, size_t count)
{
    char *text = probes(first, count);

    assert_true(scene_change(scene, text));
    free(text);
}

/* How many of the graph's components have been told something. */
static size_t count_told(const struct scene *scene)
{
    size_t count = 0;

    for (size_t i = 0; i < graph_size(scene->graph); i++) {
        const struct component *component = graph_component(scene->graph, i);

        count += component != NULL && component->was_told;
    }
    return count;
}

/* Runs the loop until as many are told as should be, each iteration by no more than a slice. */
static void expect_told_in_slices(struct scene *scene, size_t all)
{
    size_t told = count_told(scene);

    assert_in_range(told, 1, SLICE);
    while (told < all) {
        size_t before = told;

        loop_once(scene->loop, true);
        told = count_told(scene);
        assert_true(told - before <= SLICE);
    }
}

static void test_a_large_graph_drains_in_slices(void **context)
{
    struct scene *scene = start_probes(MANY);

    graph_drain(scene->graph, 0.0);

    expect_told_in_slices(scene, MANY);
    scene_stop(scene);
}

static void test_a_large_graph_is_stopped_in_slices(void **context)
{
    struct scene *scene = start_probes(MANY);

    graph_stop(scene->graph);

    expect_told_in_slices(scene, MANY);
    scene_stop(scene);
}

static bool is_late(void *arg)
{
    const struct scene *scene = arg;

    return strstr(scene->log, "drained for long enough") != NULL;
}

static void test_who_is_late_is_counted_over_all_slices(void **context)
{
    struct scene *scene = start_probes(MANY);
    char expected[200];

    graph_drain(scene->graph, 0.001);
    scene_wait(scene, is_late, scene);

    (void)snprintf(expected, sizeof(expected), "ending p000000, %d other components", MANY - 1);
    assert_non_null(strstr(scene->log, expected));
    scene_stop(scene);
}

static void test_a_graph_that_is_destroyed_while_it_drains_has_no_slices_left(void **context)
{
    struct scene *scene = start_probes(MANY);

    graph_drain(scene->graph, 0.0);

    scene_stop(scene); /* looks whether every message is back */
}

static void test_what_a_change_takes_out_is_told_in_slices(void **context)
{
    struct scene *scene = start_probes(MANY);
    const struct root *root = root_of(scene->graph);

    change_to_probes(scene, MANY, 1);

    assert_int_equal(root->leaver_count, MANY);
    while (root->leaver_count > 0) {
        const size_t before = root->leaver_count;

        loop_once(scene->loop, true);
        assert_true(before - root->leaver_count <= SLICE);
        for (size_t i = 0; i < root->leaver_count; i++) { /* probes end when the test says so */
            struct component *leaver = root->leavers[i].component;

            if (!inbox_is_empty(leaver, PROBE_CONTROL)) {
                component_finish(leaver);
            }
        }
    }
    assert_int_equal(scene_find(scene, "p001507")->state, RUNNING);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_slice_is_done_at_once_and_one_more_in_each_iteration),
        cmocka_unit_test(test_what_is_small_is_over_at_once),
        cmocka_unit_test(test_what_is_stopped_is_left_undone),
        cmocka_unit_test(test_a_large_graph_drains_in_slices),
        cmocka_unit_test(test_a_large_graph_is_stopped_in_slices),
        cmocka_unit_test(test_who_is_late_is_counted_over_all_slices),
        cmocka_unit_test(test_a_graph_that_is_destroyed_while_it_drains_has_no_slices_left),
        cmocka_unit_test(test_what_a_change_takes_out_is_told_in_slices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
