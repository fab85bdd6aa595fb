/* Blueprints: graphs made from a prototype, as for each connection. */
#include "graph/blueprint.h"

#include <errno.h>
#include <malloc.h>

#include "graph/loop.h"
#include "graph/plan.h"
#include "tests/maker.h"
#include "tests/unit.h"

/* Can't start. */
static int broken_start(struct component *self)
{
    return component_fail(self, ENOENT, "can't find anything");
}

static const struct box_spec broken_inboxes[] = {
    {.name = "control", .carries = NOTICES, .doc = "x"},
    {0},
};
static const struct box_spec broken_outboxes[] = {
    {.name = "signal", .carries = NOTICES, .doc = "x"},
    {0},
};

static const struct component_type broken_type = {
    .name = "Broken",
    .summary = "can't start",
    .inboxes = broken_inboxes,
    .outboxes = broken_outboxes,
    .start = broken_start,
};

static const struct component_type *const types[] = {&maker_type, &mourner_type, &broken_type,
                                                     NULL};

/* A scene with a Maker "m" of this protocol; graphs: the section of that name, or "". */
static struct scene *start(const char *protocol, const char *graphs)
{
    return scene_start(
        types, scene_text("%scomponents:\n  m: {type: Maker, protocol: %s}\n", graphs, protocol));
}

/* Stands between a graph's inbox and outbox: index 0 or 1 of the maker's boxes. */
static void surround(struct scene *scene, struct graph *graph, unsigned index)
{
    struct component *m = scene_find(scene, "m");

    assert_int_equal(graph_link_into(graph, EDGE_INBOX, m, MAKER_OUT0 + index), 0);
    assert_int_equal(graph_link_out(graph, EDGE_OUTBOX, m, MAKER_IN0 + index), 0);
}

static const char shout[] = "graphs:\n"
                            "  shout:\n"
                            "    components:\n"
                            "      lines: {type: LineFramer, max_line: 8}\n"
                            "      upper: {type: PureTransformer, function: upper}\n"
                            "      long: {type: PureTransformer, function: prefix, text: '? '}\n"
                            "    linkages:\n"
                            "      - self -> lines -> upper -> self\n"
                            "      - lines.overlong -> long.inbox\n"
                            "      - long.outbox -> self.outbox\n";

static void test_each_instance_has_boxes_of_its_own(void **context)
{
    struct scene *scene = start("EchoProtocol", "");
    struct component *m = scene_find(scene, "m");

    surround(scene, make_started(scene, 1), 0);
    surround(scene, make_started(scene, 2), 1);
    probe_send(m, MAKER_OUT0, "to the first");
    probe_send(m, MAKER_OUT1, "to the second");
    scene_run(scene);

    assert_string_equal(probe_take(scene, m, MAKER_IN0), "to the first");
    assert_string_equal(probe_take(scene, m, MAKER_IN1), "to the second");
    assert_null(probe_take(scene, m, MAKER_IN0));
    scene_stop(scene);
}

static void test_the_linkages_inside_are_copied(void **context)
{
    struct scene *scene = start("shout", shout);
    struct component *m = scene_find(scene, "m");

    surround(scene, make_started(scene, 1), 0);
    surround(scene, make_started(scene, 2), 1);
    probe_send(m, MAKER_OUT0, "first\n");
    probe_send(m, MAKER_OUT1, "second\nmuch too long\n"); /* by a box that is rare elsewhere */
    scene_run(scene);

    assert_string_equal(probe_take(scene, m, MAKER_IN0), "FIRST\n");
    assert_null(probe_take(scene, m, MAKER_IN0));
    assert_string_equal(probe_take(scene, m, MAKER_IN1), "SECOND\n");
    assert_string_equal(probe_take(scene, m, MAKER_IN1), "? much too long\n");
    scene_stop(scene);
}

static void test_parameters_are_copied(void **context)
{
    struct scene *scene = start("{type: PureTransformer, function: prefix, text: '> '}", "");
    struct component *m = scene_find(scene, "m");

    surround(scene, make_started(scene, 1), 0);
    probe_send(m, MAKER_OUT0, "x");
    scene_run(scene);

    assert_string_equal(probe_take(scene, m, MAKER_IN0), "> x");
    scene_stop(scene);
}

static void test_a_chassis_works_inside(void **context)
{
    struct scene *scene = start("{type: Pipeline, components: [{type: LineFramer}, "
                                "{type: PureTransformer, function: upper}]}",
                                "");
    struct component *m = scene_find(scene, "m");
    struct graph *graph = make_started(scene, 1);

    surround(scene, graph, 0);
    assert_int_equal(graph_link_into(graph, EDGE_CONTROL, m, MAKER_SIGNAL), 0);
    probe_send(m, MAKER_OUT0, "one\nlast");
    outbox_notify(m, MAKER_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_string_equal(probe_take(scene, m, MAKER_IN0), "ONE\n");
    assert_string_equal(probe_take(scene, m, MAKER_IN0), "LAST");
    assert_int_equal(maker_of(scene)->ended, 1);
    assert_int_equal(scene->loop->graphs_alive, 0);
    scene_stop(scene);
}

static void test_instances_have_paths(void **context)
{
    struct scene *scene = start("shout", shout);
    const struct graph *numbered = make_started(scene, 17);
    const struct graph *named = make_started(scene, 0);
    char path[PATH_SIZE];

    assert_string_equal(component_path(graph_component(numbered, 1), path, sizeof(path)),
                        "m/17/upper");
    assert_string_equal(component_path(graph_component(named, 1), path, sizeof(path)),
                        "m/shout/upper");
    scene_stop(scene);
}

static void test_a_linkage_may_lead_to_the_outer_graph(void **context)
{
    struct scene *scene = scene_start(types, "graphs:\n"
                                             "  audited:\n"
                                             "    components:\n"
                                             "      fan: {type: Fanout, boxnames: [back, aside]}\n"
                                             "    linkages:\n"
                                             "      - self.inbox -> fan.inbox\n"
                                             "      - fan.back -> self.outbox\n"
                                             "      - fan.aside -> /audit.in0\n"
                                             "components:\n"
                                             "  m: {type: Maker, protocol: audited}\n"
                                             "  audit: {type: Probe}\n");
    struct component *m = scene_find(scene, "m");
    struct component *audit = scene_find(scene, "audit");

    surround(scene, make_started(scene, 1), 0);
    surround(scene, make_started(scene, 2), 1);
    probe_send(m, MAKER_OUT0, "one");
    probe_send(m, MAKER_OUT1, "two");
    scene_run(scene);
    assert_string_equal(probe_take(scene, audit, PROBE_IN0), "one");
    assert_string_equal(probe_take(scene, audit, PROBE_IN0), "two");
    component_finish(audit);
    (void)make_started(scene, 3); /* there is nothing to link to any more */
    probe_send(m, MAKER_OUT0, "three");
    scene_run(scene);

    assert_string_equal(probe_take(scene, m, MAKER_IN0), "one");
    assert_string_equal(probe_take(scene, m, MAKER_IN0), "three");
    scene_stop(scene);
}

static void test_an_edge_that_nothing_is_linked_to_says_so(void **context)
{
    struct scene *scene = start("one_way", "graphs:\n"
                                           "  one_way:\n"
                                           "    components: {null: {type: NullSink}}\n"
                                           "    linkages: [self.inbox -> null.inbox]\n");
    struct component *m = scene_find(scene, "m");
    struct graph *graph = make_started(scene, 1);

    assert_int_equal(graph_link_into(graph, EDGE_INBOX, m, MAKER_OUT0), 0);
    assert_int_equal(graph_link_out(graph, EDGE_OUTBOX, m, MAKER_IN0), -ENOENT);
    scene_stop(scene);
}

static void test_an_instance_goes_when_all_in_it_have_ended(void **context)
{
    struct scene *scene = start("shout", shout);
    struct graph *graph = make_started(scene, 1);

    graph_tell(graph, SHUTDOWN_MICROPROCESS, 0);
    assert_int_equal(maker_of(scene)->ended, 0);
    scene_run(scene);

    assert_int_equal(maker_of(scene)->ended, 1);
    assert_int_equal(scene->loop->graphs_alive, 0);
    assert_int_equal(maker_of(scene)->blueprint->instances, 0);
    assert_null(component_next_graph(scene_find(scene, "m"), NULL));
    scene_stop(scene);
}

static void test_the_memory_of_an_instance_that_has_ended_serves_the_next(void **context)
{
    struct scene *scene = start("EchoProtocol", "");
    struct graph *first = make_started(scene, 1);
    struct graph *second;

    inbox_put(component_inbox(graph_component(first, 0), 0),
              message_copy(&scene->loop->pool, "x", 1));
    scene_run(scene);
    graph_destroy(first);
    scene_run(scene);
    second = make_started(scene, 2);

    assert_ptr_equal(second, first);
    assert_int_equal(second->number, 2);
    assert_int_equal(component_inbox(graph_component(second, 0), 0)->messages, 0);
    assert_ptr_not_equal(make_started(scene, 3), second);
    scene_stop(scene);
}

static void test_an_instance_may_be_destroyed_in_any_state(void **context)
{
    struct scene *scene = start("EchoProtocol", "");
    struct component *m = scene_find(scene, "m");
    struct graph *fresh = make(scene, 1);
    struct graph *linked = make(scene, 2);
    struct graph *busy = make_started(scene, 3);

    surround(scene, linked, 0);
    surround(scene, busy, 1);
    probe_send(m, MAKER_OUT1, "x");
    graph_destroy(fresh);
    graph_destroy(linked);
    graph_destroy(busy); /* it is in the queue */
    scene_run(scene);

    assert_int_equal(maker_of(scene)->ended, 3);
    assert_int_equal(scene->loop->graphs_alive, 0);
    assert_null(component_outbox(m, MAKER_OUT1)->sink);
    scene_stop(scene);
}

static void test_an_instance_whose_component_cannot_start_says_so(void **context)
{
    struct scene *scene = start("Broken", "");
    struct graph *graph = make(scene, 1);

    assert_int_equal(graph_start_instance(graph), -ENOENT);
    graph_destroy(graph);
    scene_run(scene);

    assert_string_equal(scene->log, "m/1: can't find anything: No such file or directory");
    assert_int_equal(scene->loop->graphs_alive, 0);
    scene_stop(scene);
}

static void test_all_instances_go_with_their_maker(void **context)
{
    struct scene *scene = start("shout", shout);

    for (uint64_t i = 1; i <= 100; i++) {
        (void)make_started(scene, i);
    }
    component_finish(scene_find(scene, "m"));
    scene_run(scene);

    assert_int_equal(scene->loop->graphs_alive, 0);
    scene_stop(scene);
}

static void test_a_maker_that_ends_with_its_instances_ends_once(void **context)
{
    struct scene *scene = scene_start(types, "components:\n"
                                             "  m: {type: Mourner, protocol: EchoProtocol}\n"
                                             "  n: {type: Probe}\n"
                                             "linkages: [m.signal -> n.control]\n");
    struct component *m = scene_find(scene, "m");

    (void)make_started(scene, 1);
    (void)make_started(scene, 2);
    component_end(m, STOPPED);
    scene_run(scene);

    assert_int_equal(m->state, STOPPED);
    assert_int_equal(maker_of(scene)->stops, 1);
    assert_int_equal(scene->graph->living, 1);
    assert_string_equal(probe_take(scene, scene_find(scene, "n"), PROBE_CONTROL),
                        "<producerFinished>");
    assert_null(probe_take(scene, scene_find(scene, "n"), PROBE_CONTROL));
    scene_stop(scene);
}

static void test_a_notice_keeps_the_memory_of_an_instance(void **context)
{
    struct scene *scene = start("EchoProtocol", "");
    struct graph *graph = make_started(scene, 1);
    struct message *notice =
        message_notice(&scene->loop->pool, SHUTDOWN_CSA, graph_component(graph, 0), 0);

    graph_destroy(graph);
    scene_run(scene);
    assert_int_equal(notice->about->state, STOPPED);
    assert_int_equal(scene->loop->graphs_alive, 1);
    message_release(notice);
    scene_run(scene);

    assert_int_equal(scene->loop->graphs_alive, 0);
    scene_stop(scene);
}

static void test_a_notice_outlives_maker_and_root(void **context)
{
    struct scene *scene = start("EchoProtocol", "");
    struct message *notice = message_notice(&scene->loop->pool, SHUTDOWN_CSA,
                                            graph_component(make_started(scene, 1), 0), 0);

    graph_destroy(scene->graph);
    scene->graph = NULL;
    scene_run(scene);

    assert_int_equal(notice->about->state, STOPPED);
    message_release(notice);
    scene_run(scene);
    assert_int_equal(scene->loop->graphs_alive, 0);
    scene_stop(scene);
}

static void test_a_graph_within_a_graph_goes_with_it(void **context)
{
    struct scene *scene =
        start("{type: Maker, protocol: {type: Maker, protocol: EchoProtocol}}", "");
    struct graph *outer = make_started(scene, 1);
    struct component *middle = graph_component(outer, 0);
    struct maker *maker = component_state(middle);
    struct graph *inner = blueprint_instantiate(maker->blueprint, middle, 2);
    struct component *last;
    char path[PATH_SIZE];

    assert_int_equal(graph_start_instance(inner), 0);
    last = graph_component(inner, 0);
    maker = component_state(last);
    inner = blueprint_instantiate(maker->blueprint, last, 3);
    assert_int_equal(graph_start_instance(inner), 0);
    assert_string_equal(component_path(graph_component(inner, 0), path, sizeof(path)), "m/1/2/3");
    graph_destroy(outer);
    scene_run(scene);

    assert_int_equal(scene->loop->graphs_alive, 0);
    scene_stop(scene);
}

static void test_the_halves_of_a_pair_know_of_each_other_until_one_is_over(void **context)
{
    struct scene *scene = start("EchoProtocol", "");
    struct graph *one = make_started(scene, 1);
    struct graph *two = make_started(scene, 2);

    graph_pair(one, two);
    assert_ptr_equal(one->peer, two);
    graph_destroy(one);

    assert_null(two->peer);
    scene_stop(scene);
}

static void test_the_instances_of_a_maker_are_found(void **context)
{
    struct scene *scene = start("EchoProtocol", "");
    const struct component *m = scene_find(scene, "m");
    const struct graph *first = make_started(scene, 1);
    const struct graph *second = make_started(scene, 2);

    assert_ptr_equal(component_next_graph(m, NULL), first);
    assert_ptr_equal(component_next_graph(m, first), second);
    assert_null(component_next_graph(m, second));
    scene_stop(scene);
}

static void test_an_echo_takes_less_than_a_kilobyte(void **context)
{
    struct scene *scene = start("EchoProtocol", "");

    assert_true(maker_of(scene)->blueprint->size < 512);
    scene_stop(scene);
}

static void test_a_hundred_thousand_instances_give_their_memory_back(void **context)
{
    enum { MANY = 100 * 1000 };
    struct scene *scene = start("EchoProtocol", "");
    struct component *m = scene_find(scene, "m");
    size_t before;
    size_t peak;
    size_t after;

    (void)malloc_trim(0);
    before = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (uint64_t i = 1; i <= MANY; i++) {
        (void)make_started(scene, i);
    }
    peak = mallinfo2().uordblks + mallinfo2().hblkhd;
    assert_int_equal(scene->loop->graphs_alive, MANY);
    for (struct graph *graph; (graph = component_next_graph(m, NULL)) != NULL;) {
        graph_destroy(graph);
    }
    scene_run(scene);
    after = mallinfo2().uordblks + mallinfo2().hblkhd;

    assert_int_equal(scene->loop->graphs_alive, 0);
    assert_int_equal(maker_of(scene)->ended, MANY);
    assert_true(peak - before < MANY * (size_t)1024);
    assert_true(after < before + 4096); /* under a sanitizer all three are zero */
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_instance_has_boxes_of_its_own),
        cmocka_unit_test(test_the_linkages_inside_are_copied),
        cmocka_unit_test(test_parameters_are_copied),
        cmocka_unit_test(test_a_chassis_works_inside),
        cmocka_unit_test(test_instances_have_paths),
        cmocka_unit_test(test_a_linkage_may_lead_to_the_outer_graph),
        cmocka_unit_test(test_an_edge_that_nothing_is_linked_to_says_so),
        cmocka_unit_test(test_an_instance_goes_when_all_in_it_have_ended),
        cmocka_unit_test(test_the_memory_of_an_instance_that_has_ended_serves_the_next),
        cmocka_unit_test(test_an_instance_may_be_destroyed_in_any_state),
        cmocka_unit_test(test_an_instance_whose_component_cannot_start_says_so),
        cmocka_unit_test(test_all_instances_go_with_their_maker),
        cmocka_unit_test(test_a_maker_that_ends_with_its_instances_ends_once),
        cmocka_unit_test(test_a_notice_keeps_the_memory_of_an_instance),
        cmocka_unit_test(test_a_notice_outlives_maker_and_root),
        cmocka_unit_test(test_a_graph_within_a_graph_goes_with_it),
        cmocka_unit_test(test_the_halves_of_a_pair_know_of_each_other_until_one_is_over),
        cmocka_unit_test(test_the_instances_of_a_maker_are_found),
        cmocka_unit_test(test_an_echo_takes_less_than_a_kilobyte),
        cmocka_unit_test(test_a_hundred_thousand_instances_give_their_memory_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
