/* Graphline, after the original's own test suite, with probes in it and around it. */
#include "tests/scene.h"
#include "tests/unit.h"

struct cast {
    struct scene *scene;
    struct component *from, *line, *a, *b, *to;
};

/* A Graphline of a and b with these linkages, between from and to. */
static void start(struct cast *cast, const char *linkages)
{
    char yaml[1024];

    (void)snprintf(yaml, sizeof(yaml),
                   "components:\n"
                   "  from: {type: Probe}\n"
                   "  line:\n"
                   "    type: Graphline\n"
                   "    components: {a: {type: Probe}, b: {type: Probe}}\n"
                   "    linkages: [%s]\n"
                   "  to: {type: Probe}\n"
                   "linkages: [from.out0 -> line.inbox, from.signal -> line.control,\n"
                   "           line.outbox -> to.in0, line.signal -> to.control]\n",
                   linkages);
    cast->scene = scene_start(NULL, yaml);
    cast->from = scene_find(cast->scene, "from");
    cast->line = scene_find(cast->scene, "line");
    cast->a = scene_find(cast->scene, "line/a");
    cast->b = scene_find(cast->scene, "line/b");
    cast->to = scene_find(cast->scene, "to");
}

static void assert_hears(struct cast *cast, struct component *component, unsigned inbox,
                         const char *text)
{
    probe_hears(cast->scene, component, inbox, text);
}

static void assert_silent(struct cast *cast, struct component *component, unsigned inbox)
{
    assert_null(probe_take(cast->scene, component, inbox));
}

static void tell(struct cast *cast, enum message_kind kind)
{
    outbox_notify(cast->from, PROBE_SIGNAL, kind, NULL, 0);
    scene_run(cast->scene);
}

static void end(struct cast *cast, struct component *component)
{
    component_finish(component);
    scene_run(cast->scene);
}

static void test_messages_go_where_the_linkages_say(void **context)
{
    struct cast cast;

    start(&cast, "self.inbox -> b.in1, b.out2 -> a.in0, a.out0 -> self.outbox");
    probe_send(cast.from, PROBE_OUT0, "in");
    probe_send(cast.b, PROBE_OUT2, "across");
    probe_send(cast.a, PROBE_OUT0, "out");

    assert_hears(&cast, cast.b, PROBE_IN1, "in");
    assert_hears(&cast, cast.a, PROBE_IN0, "across");
    assert_hears(&cast, cast.to, PROBE_IN0, "out");
    scene_stop(cast.scene);
}

static void test_all_in_it_start_with_it_linked_or_not(void **context)
{
    struct cast cast;

    start(&cast, "");

    assert_int_equal(cast.line->state, RUNNING);
    assert_int_equal(cast.a->state, RUNNING);
    assert_int_equal(cast.b->state, RUNNING);
    scene_stop(cast.scene);
}

static void test_messages_go_nowhere_else(void **context)
{
    struct cast cast;

    start(&cast, "self.inbox -> a.in0, a.out0 -> b.in1");
    probe_send(cast.from, PROBE_OUT0, "in");
    probe_send(cast.a, PROBE_OUT0, "across");
    probe_send(cast.a, PROBE_OUT1, "away");
    probe_send(cast.b, PROBE_OUT0, "away");

    assert_hears(&cast, cast.a, PROBE_IN0, "in");
    assert_hears(&cast, cast.b, PROBE_IN1, "across");
    for (unsigned i = PROBE_IN0; i <= PROBE_CONTROL; i++) {
        assert_silent(&cast, cast.a, i);
        assert_silent(&cast, cast.b, i);
        assert_silent(&cast, cast.to, i);
    }
    scene_stop(cast.scene);
}

static void test_it_has_the_boxes_that_its_linkages_name(void **context)
{
    struct scene *scene =
        scene_start(NULL, "components:\n"
                          "  from: {type: Probe}\n"
                          "  line:\n"
                          "    type: Graphline\n"
                          "    components: {a: {type: Probe}}\n"
                          "    linkages: [self.extra -> a.in1, a.out1 -> self.more]\n"
                          "  to: {type: Probe}\n"
                          "linkages: [from.out0 -> line.extra, line.more -> to.in0]\n");

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "in");
    probe_send(scene_find(scene, "line/a"), PROBE_OUT1, "out");

    assert_string_equal(probe_take(scene, scene_find(scene, "line/a"), PROBE_IN1), "in");
    assert_string_equal(probe_take(scene, scene_find(scene, "to"), PROBE_IN0), "out");
    scene_stop(scene);
}

static void test_what_nothing_inside_is_linked_to_is_discarded(void **context)
{
    struct cast cast;

    start(&cast, "a.out0 -> self.outbox");
    for (int i = 0; i < 10000; i++) {
        assert_true(outbox_has_room(cast.from, PROBE_OUT0));
        probe_send(cast.from, PROBE_OUT0, "x");
        scene_run(cast.scene);
    }

    scene_check_pool(cast.scene);
    scene_stop(cast.scene);
}

static void test_notices_go_to_every_child_without_a_linked_control(void **context)
{
    struct cast cast;

    start(&cast, "a.signal -> b.control");
    tell(&cast, PRODUCER_FINISHED);

    assert_hears(&cast, cast.a, PROBE_CONTROL, "<producerFinished>");
    assert_silent(&cast, cast.b, PROBE_CONTROL);
    scene_stop(cast.scene);
}

static void test_a_linked_control_is_left_to_the_user(void **context)
{
    struct cast cast;

    start(&cast, "self.control -> a.control");
    tell(&cast, SHUTDOWN_MICROPROCESS);

    assert_hears(&cast, cast.a, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_silent(&cast, cast.b, PROBE_CONTROL);
    scene_stop(cast.scene);
}

static void test_in_a_ring_all_are_stopped(void **context)
{
    struct cast cast;

    start(&cast, "a.signal -> b.control, b.signal -> a.control");
    tell(&cast, PRODUCER_FINISHED);
    assert_silent(&cast, cast.a, PROBE_CONTROL);
    tell(&cast, SHUTDOWN_MICROPROCESS);

    assert_hears(&cast, cast.a, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_hears(&cast, cast.b, PROBE_CONTROL, "<shutdownMicroprocess>");
    scene_stop(cast.scene);
}

static void test_it_ends_when_all_have(void **context)
{
    struct cast cast;

    start(&cast, "");
    end(&cast, cast.a);
    assert_false(component_is_over(cast.line));
    assert_silent(&cast, cast.b, PROBE_CONTROL);
    assert_silent(&cast, cast.to, PROBE_CONTROL);
    end(&cast, cast.b);

    assert_int_equal(cast.line->state, STOPPED);
    assert_hears(&cast, cast.to, PROBE_CONTROL, "<producerFinished>");
    assert_silent(&cast, cast.to, PROBE_CONTROL);
    scene_stop(cast.scene);
}

static void test_after_a_stop_it_says_so_once_all_have_ended(void **context)
{
    struct cast cast;

    start(&cast, "");
    tell(&cast, SHUTDOWN_MICROPROCESS);
    assert_hears(&cast, cast.a, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_hears(&cast, cast.b, PROBE_CONTROL, "<shutdownMicroprocess>");
    end(&cast, cast.a);
    assert_silent(&cast, cast.to, PROBE_CONTROL);
    end(&cast, cast.b);

    assert_hears(&cast, cast.to, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_silent(&cast, cast.to, PROBE_CONTROL);
    scene_stop(cast.scene);
}

static void test_after_producer_finished_it_says_so_once_all_have_ended(void **context)
{
    struct cast cast;

    start(&cast, "");
    tell(&cast, PRODUCER_FINISHED);
    end(&cast, cast.a);
    assert_false(component_is_over(cast.line));
    assert_silent(&cast, cast.to, PROBE_CONTROL);
    end(&cast, cast.b);

    assert_true(component_is_over(cast.line));
    assert_hears(&cast, cast.to, PROBE_CONTROL, "<producerFinished>");
    assert_silent(&cast, cast.to, PROBE_CONTROL);
    scene_stop(cast.scene);
}

static void test_what_a_linked_control_got_is_not_said_for_it(void **context)
{
    const enum message_kind kinds[] = {PRODUCER_FINISHED, SHUTDOWN_MICROPROCESS};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct cast cast;

        start(&cast, "self.control -> a.control, a.out0 -> b.in0");
        tell(&cast, kinds[i]);
        assert_false(component_is_over(cast.line));
        end(&cast, cast.a);
        end(&cast, cast.b);

        assert_true(component_is_over(cast.line));
        assert_hears(&cast, cast.to, PROBE_CONTROL, "<producerFinished>");
        assert_silent(&cast, cast.to, PROBE_CONTROL);
        scene_stop(cast.scene);
    }
}

static void test_a_linked_signal_is_not_said_twice(void **context)
{
    struct cast cast;

    start(&cast, "a.signal -> self.signal");
    tell(&cast, SHUTDOWN_MICROPROCESS);
    end(&cast, cast.b);
    end(&cast, cast.a); /* says producerFinished */

    assert_true(component_is_over(cast.line));
    assert_hears(&cast, cast.to, PROBE_CONTROL, "<producerFinished>");
    assert_silent(&cast, cast.to, PROBE_CONTROL);
    scene_stop(cast.scene);
}

static void test_two_linked_signals_make_one_end(void **context)
{
    struct cast cast;

    start(&cast, "a.signal -> self.signal, b.signal -> self.signal");
    end(&cast, cast.a);
    assert_silent(&cast, cast.to, PROBE_CONTROL);
    end(&cast, cast.b);

    assert_hears(&cast, cast.to, PROBE_CONTROL, "<producerFinished>");
    assert_silent(&cast, cast.to, PROBE_CONTROL);
    scene_stop(cast.scene);
}

static void test_a_named_graph_is_one(void **context)
{
    struct scene *scene =
        scene_start(NULL, "graphs:\n"
                          "  shout:\n"
                          "    components:\n"
                          "      lines: {type: LineFramer}\n"
                          "      upper: {type: PureTransformer, function: upper}\n"
                          "    linkages: [self -> lines -> upper -> self]\n"
                          "components:\n"
                          "  from: {type: Probe}\n"
                          "  loud: {type: shout}\n"
                          "  to: {type: Probe}\n"
                          "linkages: [from -> loud -> to]\n");
    struct component *from = scene_find(scene, "from");
    struct component *to = scene_find(scene, "to");

    probe_send(from, PROBE_OUT0, "hello\nworld");
    component_finish(from);
    scene_run(scene);

    assert_string_equal(probe_take(scene, to, PROBE_IN0), "HELLO\n");
    assert_string_equal(probe_take(scene, to, PROBE_IN0), "WORLD");
    assert_string_equal(probe_take(scene, to, PROBE_CONTROL), "<producerFinished>");
    assert_null(probe_take(scene, to, PROBE_CONTROL));
    assert_string_equal(scene_find(scene, "loud")->type->name, "Graphline");
    assert_int_equal(scene_find(scene, "loud")->state, STOPPED);
    scene_stop(scene);
}

/* The Fanout that a list stands for is one of the components inside. */
static void test_a_list_inside_does_not_end_it_early(void **context)
{
    struct cast cast;

    start(&cast, "\"self.inbox -> [a.in0, b.in0]\", a.out0 -> self.outbox");
    tell(&cast, PRODUCER_FINISHED);
    end(&cast, cast.a);
    assert_int_equal(cast.line->state, RUNNING);
    assert_silent(&cast, cast.to, PROBE_CONTROL);
    end(&cast, cast.b);

    assert_int_equal(cast.line->state, STOPPED);
    assert_hears(&cast, cast.to, PROBE_CONTROL, "<producerFinished>");
    scene_stop(cast.scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_go_where_the_linkages_say),
        cmocka_unit_test(test_all_in_it_start_with_it_linked_or_not),
        cmocka_unit_test(test_messages_go_nowhere_else),
        cmocka_unit_test(test_it_has_the_boxes_that_its_linkages_name),
        cmocka_unit_test(test_what_nothing_inside_is_linked_to_is_discarded),
        cmocka_unit_test(test_notices_go_to_every_child_without_a_linked_control),
        cmocka_unit_test(test_a_linked_control_is_left_to_the_user),
        cmocka_unit_test(test_in_a_ring_all_are_stopped),
        cmocka_unit_test(test_it_ends_when_all_have),
        cmocka_unit_test(test_after_a_stop_it_says_so_once_all_have_ended),
        cmocka_unit_test(test_after_producer_finished_it_says_so_once_all_have_ended),
        cmocka_unit_test(test_what_a_linked_control_got_is_not_said_for_it),
        cmocka_unit_test(test_a_linked_signal_is_not_said_twice),
        cmocka_unit_test(test_two_linked_signals_make_one_end),
        cmocka_unit_test(test_a_named_graph_is_one),
        cmocka_unit_test(test_a_list_inside_does_not_end_it_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
