/* Carousel: from gives orders and data, to hears what comes of them. */
#include "graph/graph.h"
#include "graph/plan.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* A child that does what the test says; it can't start with the line "bad start". */
struct actor {
    const char *line;
    int64_t count;
    const char *secret;
};

enum { ACTOR_IN, ACTOR_CONTROL };
enum { ACTOR_OUT, ACTOR_SIGNAL };

static const struct box_spec actor_inboxes[] = {
    [ACTOR_IN] = {.name = "inbox", .carries = ANYTHING, .doc = "for the test to take"},
    [ACTOR_CONTROL] = {.name = "control", .carries = NOTICES, .doc = "likewise"},
    {0},
};
static const struct box_spec actor_outboxes[] = {
    [ACTOR_OUT] = {.name = "outbox", .carries = ANYTHING, .doc = "what the test sends"},
    [ACTOR_SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "likewise"},
    {0},
};
static const struct param_spec actor_parameters[] = {
    {PARAM_TEXT(struct actor, line), .required = true, .doc = "what it says"},
    {PARAM_INT(struct actor, count), .fallback = "1", .min = 1, .max = 9, .doc = "how often"},
    {PARAM_TEXT(struct actor, secret), .secret = true, .doc = "hidden"},
    {0},
};

static int actor_start(struct component *self)
{
    const struct actor *actor = component_state(self);

    if (strcmp(actor->line, "bad start") == 0) {
        return component_fail(self, 0, "no stage");
    }
    if (strcmp(actor->line, "end at once") == 0) {
        component_finish(self);
    }
    return 0;
}

static void actor_run(struct component *self)
{
}

static const struct component_type actor_type = {
    .name = "Actor",
    .summary = "does what a test says",
    .size = sizeof(struct actor),
    .inboxes = actor_inboxes,
    .outboxes = actor_outboxes,
    .parameters = actor_parameters,
    .heeds_control = true,
    .start = actor_start,
    .run = actor_run,
};

static const struct component_type *const types[] = {&actor_type, NULL};

static struct scene *scene;
static struct component *from, *carousel, *to;

/* What from and to are linked to. */
enum { ORDER = PROBE_OUT0, DATA_IN = PROBE_OUT1 };
enum { HEARD = PROBE_IN0, REQUESTED = PROBE_IN1 };

static void start_with(const char *parameters, const char *more)
{
    char yaml[2048];

    (void)snprintf(yaml, sizeof(yaml),
                   "components:\n"
                   "  from: {type: Probe}\n"
                   "  carousel: {type: Carousel, %s}\n"
                   "  to: {type: Probe}\n"
                   "linkages:\n"
                   "  - from.out0 -> carousel.next\n"
                   "  - from.out1 -> carousel.inbox\n"
                   "  - from.signal -> carousel.control\n"
                   "  - carousel.outbox -> to.in0\n"
                   "  - carousel.requestNext -> to.in1\n"
                   "  - carousel.signal -> to.control\n"
                   "%s",
                   parameters, more);
    scene = scene_start(types, yaml);
    assert_non_null(scene->graph);
    from = scene_find(scene, "from");
    carousel = scene_find(scene, "carousel");
    to = scene_find(scene, "to");
    scene_run(scene);
}

static void start(void)
{
    start_with("component: {type: Actor}, argument: line", "");
}

static void order(const char *text)
{
    probe_send(from, ORDER, text);
    scene_run(scene);
}

static void tell(enum message_kind kind)
{
    outbox_notify(from, PROBE_SIGNAL, kind, NULL, 0);
    scene_run(scene);
}

/* The child there is, by the first component of its graph; NULL: none. */
static struct component *find_child(void)
{
    struct graph *graph = NULL;

    while ((graph = component_next_graph(carousel, graph)) != NULL) {
        if (graph->living > 0) {
            return graph_component(graph, 0);
        }
    }
    return NULL;
}

static struct component *child(void)
{
    struct component *found = find_child();

    REQUIRE(found != NULL);
    return found;
}

static const char *line_of(struct component *component)
{
    const struct actor *actor = component_state(component);

    return actor->line;
}

static void end(struct component *component)
{
    component_finish(component);
    scene_run(scene);
}

static void assert_hears(struct component *component, unsigned inbox, const char *text)
{
    probe_hears(scene, component, inbox, text);
}

static void assert_hears_nothing(struct component *component, unsigned inbox)
{
    assert_null(probe_take(scene, component, inbox));
}

static uint64_t statistic(const char *name)
{
    for (const struct stat_spec *stat = carousel->type->statistics; stat->name != NULL; stat++) {
        if (strcmp(stat->name, name) == 0) {
            return *(uint64_t *)(void *)((char *)component_state(carousel) + stat->offset);
        }
    }
    fail_msg("no statistic %s", name);
    return 0;
}

/* ---- orders and children ---- */

static void test_an_order_makes_a_child_that_has_it_as_its_parameter(void **context)
{
    char path[PATH_SIZE];

    start();
    assert_null(find_child());
    order("first");

    assert_non_null(find_child());
    assert_string_equal(line_of(child()), "first");
    assert_string_equal(component_path(child(), path, sizeof(path)), "carousel/1");
    scene_stop(scene);
}

static void test_the_other_parameters_are_those_of_the_file(void **context)
{
    const struct actor *actor;

    start_with("component: {type: Actor, line: only checked, count: 7}, argument: line", "");
    order("mine");

    actor = component_state(child());
    assert_string_equal(actor->line, "mine");
    assert_int_equal(actor->count, 7);
    scene_stop(scene);
}

static void test_messages_go_to_the_child_and_come_from_it_without_the_carousel(void **context)
{
    uint64_t turns;

    start();
    order("x");
    turns = scene->loop->turns;
    probe_send(from, DATA_IN, "in");
    probe_send(child(), ACTOR_OUT, "out");
    scene_run(scene);

    assert_hears(child(), ACTOR_IN, "in");
    assert_hears(to, HEARD, "out");
    assert_int_equal(scene->loop->turns, turns + 2); /* the child's and to's */
    scene_stop(scene);
}

static void test_what_comes_while_there_is_no_child_waits_for_the_next(void **context)
{
    start();
    probe_send(from, DATA_IN, "early");
    scene_run(scene);
    order("x");
    assert_hears(child(), ACTOR_IN, "early");
    end(child());
    probe_send(from, DATA_IN, "between");
    scene_run(scene);
    order("y");

    assert_hears(child(), ACTOR_IN, "between");
    scene_stop(scene);
}

static void test_who_sends_waits_while_nobody_takes(void **context)
{
    unsigned sent = 0;

    start_with("component: {type: Actor}, argument: line, boxes: {inbox: {size: 3}}", "");
    for (; outbox_has_room(from, DATA_IN) && sent < 100; sent++) {
        probe_send(from, DATA_IN, "x");
    }
    assert_int_equal(sent, 3);
    order("a child");

    assert_true(outbox_has_room(from, DATA_IN));
    for (; outbox_has_room(from, DATA_IN) && sent < 5000; sent++) {
        probe_send(from, DATA_IN, "x");
    }
    assert_int_equal(sent, 1000); /* the child's own bound */
    scene_stop(scene);
}

static void test_a_new_order_stops_the_child_and_waits_for_its_end(void **context)
{
    struct component *first;

    start();
    order("first");
    first = child();
    order("second");

    assert_hears(first, ACTOR_CONTROL, "<shutdownMicroprocess>");
    assert_ptr_equal(child(), first);
    probe_send(first, ACTOR_OUT, "last words");
    assert_hears(to, HEARD, "last words");
    end(first);
    assert_string_equal(line_of(child()), "second");
    scene_stop(scene);
}

static void test_what_comes_after_an_order_is_for_the_new_child(void **context)
{
    struct component *first;

    start();
    order("first");
    first = child();
    order("second");
    probe_send(from, DATA_IN, "for the second");
    scene_run(scene);

    assert_hears_nothing(first, ACTOR_IN);
    end(first);
    assert_hears(child(), ACTOR_IN, "for the second");
    scene_stop(scene);
}

static void test_orders_wait_and_are_carried_out_one_by_one(void **context)
{
    static const char *const orders[] = {"a", "b", "c", "d"};

    start();
    for (size_t i = 0; i < 4; i++) {
        probe_send(from, ORDER, orders[i]);
    }
    scene_run(scene);

    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(line_of(child()), orders[i]);
        end(child());
    }
    assert_null(find_child());
    scene_stop(scene);
}

static void test_orders_beyond_the_bound_make_their_sender_wait(void **context)
{
    unsigned sent = 0;

    start_with("component: {type: Actor}, argument: line, boxes: {next: {size: 2}}", "");
    order("running");
    for (; outbox_has_room(from, ORDER) && sent < 100; sent++) {
        probe_send(from, ORDER, "x");
    }

    assert_int_equal(sent, 2);
    scene_stop(scene);
}

static void test_thousands_of_orders_leave_nothing_behind(void **context)
{
    start();
    for (int i = 0; i < 5000; i++) {
        order(i % 2 == 0 ? "end at once" : "bad start");
    }

    assert_null(find_child());
    assert_null(component_next_graph(carousel, NULL));
    assert_int_equal(scene->loop->graphs_alive, 0);
    assert_int_equal(statistic("orders"), 5000);
    scene_stop(scene);
}

/* ---- asking for the next ---- */

static void test_asks_for_the_next_when_a_child_has_ended_by_itself(void **context)
{
    start();
    assert_hears_nothing(to, REQUESTED);
    order("x");
    assert_hears_nothing(to, REQUESTED);
    end(child());

    assert_hears(to, REQUESTED, "NEXT");
    assert_hears_nothing(to, REQUESTED);
    scene_stop(scene);
}

static void test_asks_for_none_when_a_child_has_made_way_for_another(void **context)
{
    start();
    order("x");
    order("y");
    end(child());

    assert_string_equal(line_of(child()), "y");
    assert_hears_nothing(to, REQUESTED);
    scene_stop(scene);
}

static void test_asks_at_the_start_where_it_is_told_to(void **context)
{
    start_with("component: {type: Actor}, argument: line, make1stRequest: true", "");

    assert_hears(to, REQUESTED, "NEXT");
    assert_hears_nothing(to, REQUESTED);
    scene_stop(scene);
}

static void test_a_child_that_fails_is_counted_and_the_next_asked_for(void **context)
{
    start();
    order("x");
    (void)component_fail(child(), 0, "stage fright");
    scene_run(scene);

    assert_int_equal(statistic("failed"), 1);
    assert_int_equal(statistic("refused"), 0);
    assert_hears(to, REQUESTED, "NEXT");
    assert_int_equal(carousel->state, RUNNING);
    scene_stop(scene);
}

/* ---- the end ---- */

static void test_the_end_of_a_child_is_not_said_on_signal(void **context)
{
    start();
    order("x");
    outbox_notify(child(), ACTOR_SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    end(child());

    assert_hears_nothing(to, PROBE_CONTROL);
    assert_int_equal(carousel->state, RUNNING);
    scene_stop(scene);
}

static void
test_producer_finished_carries_out_what_waits_then_ends_with_the_last_child(void **context)
{
    start();
    probe_send(from, ORDER, "a");
    probe_send(from, ORDER, "b");
    tell(PRODUCER_FINISHED);
    assert_hears(child(), ACTOR_CONTROL, "<shutdownMicroprocess>");
    end(child());

    assert_string_equal(line_of(child()), "b");
    assert_hears(child(), ACTOR_CONTROL, "<producerFinished>");
    assert_hears_nothing(child(), ACTOR_CONTROL);
    assert_int_equal(carousel->state, RUNNING);
    end(child());
    assert_int_equal(carousel->state, STOPPED);
    assert_hears(to, PROBE_CONTROL, "<producerFinished>");
    assert_hears_nothing(to, REQUESTED);
    scene_stop(scene);
}

static void test_producer_finished_without_a_child_ends_it(void **context)
{
    start();
    tell(PRODUCER_FINISHED);

    assert_int_equal(carousel->state, STOPPED);
    assert_hears(to, PROBE_CONTROL, "<producerFinished>");
    scene_stop(scene);
}

static void test_a_stop_is_passed_on_at_once_and_drops_what_waits(void **context)
{
    struct component *first;

    start();
    order("first");
    first = child();
    probe_send(from, ORDER, "never");
    tell(SHUTDOWN_MICROPROCESS);

    assert_hears(first, ACTOR_CONTROL, "<shutdownMicroprocess>");
    assert_int_equal(carousel->state, RUNNING);
    end(first);
    assert_int_equal(carousel->state, STOPPED);
    assert_hears(to, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_hears_nothing(to, PROBE_CONTROL);
    assert_int_equal(statistic("orders"), 1);
    scene_stop(scene);
}

static void test_a_stop_overtakes_producer_finished(void **context)
{
    struct component *first;

    start();
    order("first");
    first = child();
    tell(PRODUCER_FINISHED);
    tell(SHUTDOWN_MICROPROCESS);

    assert_hears(first, ACTOR_CONTROL, "<producerFinished>");
    assert_hears(first, ACTOR_CONTROL, "<shutdownMicroprocess>");
    end(first);
    assert_hears(to, PROBE_CONTROL, "<shutdownMicroprocess>");
    scene_stop(scene);
}

static void test_its_end_by_force_takes_the_child_along(void **context)
{
    struct component *first;

    start();
    order("first");
    first = component_ref(child());
    component_finish(carousel);
    scene_run(scene);

    assert_true(component_is_over(first));
    component_unref(first);
    scene_stop(scene);
}

/* ---- orders that won't do ---- */

static void test_a_value_out_of_range_is_logged_counted_and_the_next_asked_for(void **context)
{
    start_with("component: {type: Actor, line: x}, argument: count", "");
    order("12");

    assert_null(find_child());
    assert_string_equal(scene->log, "carousel: order 1 is not carried out: Actor: count must be a "
                                    "whole number from 1 to 9; got \"12\"");
    assert_int_equal(statistic("refused"), 1);
    assert_hears(to, REQUESTED, "NEXT");
    order("3");
    assert_int_equal(((struct actor *)component_state(child()))->count, 3);
    assert_int_equal(statistic("refused"), 1);
    scene_stop(scene);
}

static void order_bytes(const void *bytes, size_t size)
{
    outbox_send(from, ORDER, message_copy(component_pool(from), bytes, size));
    scene_run(scene);
}

static void test_what_no_file_could_hold_is_refused(void **context)
{
    static char longest[PLAN_LONGEST_ARGUMENT + 1];

    memset(longest, 'x', sizeof(longest));
    start();
    order_bytes("a\0b", 3);
    assert_non_null(strstr(scene->log, "Actor: line must be a UTF-8 text without NUL bytes"));
    order_bytes("\xff\xfe", 2);
    assert_non_null(strstr(scene->log, "Actor: line must be a UTF-8 text without NUL bytes"));
    order_bytes(longest, sizeof(longest));
    assert_non_null(strstr(scene->log, "Actor: line must have at most 65536 bytes; got 65537"));
    assert_int_equal(statistic("refused"), 3);
    order_bytes(longest, sizeof(longest) - 1);

    assert_int_equal(strlen(line_of(child())), PLAN_LONGEST_ARGUMENT);
    scene_stop(scene);
}

static void test_nothing_in_an_order_is_replaced_or_read_as_yaml(void **context)
{
    static const char *const texts[] = {
        "${HOME}", "${HOME:-x}", "$${x}", "${param:line}", "${credential:x}", "[a, b]",
        "{a: b}",  "~",          "",      "*alias",        "a: b\n- c\n",     "# x",
    };

    start();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        order(texts[i]);

        assert_string_equal(line_of(child()), texts[i]);
        end(child());
    }
    assert_int_equal(statistic("refused"), 0);
    scene_stop(scene);
}

static void test_a_child_that_cannot_start_is_logged_counted_and_the_next_asked_for(void **context)
{
    start();
    order("bad start");

    assert_null(find_child());
    assert_string_equal(scene->log,
                        "carousel: order 1 is not carried out: carousel/1 has failed: no stage "
                        "(line was \"bad start\")");
    assert_int_equal(statistic("refused"), 1);
    assert_int_equal(statistic("failed"), 0);
    assert_hears(to, REQUESTED, "NEXT");
    assert_hears_nothing(to, REQUESTED);
    order("good");
    assert_string_equal(line_of(child()), "good");
    scene_stop(scene);
}

static void test_a_secret_is_not_logged(void **context)
{
    start_with("component: {type: Actor, line: bad start}, argument: secret", "");
    order("swordfish");

    assert_non_null(strstr(scene->log, "(secret was \"***\")"));
    assert_null(strstr(scene->log, "swordfish"));
    scene_stop(scene);
}

static void test_one_bad_order_after_another_has_the_next_asked_for_with_pauses(void **context)
{
    unsigned requests = 0;

    start();
    for (int i = 0; i < 1000; i++) {
        order("bad start");
        while (probe_take(scene, to, REQUESTED) != NULL) {
            requests++;
        }
    }

    assert_int_equal(requests, 10);
    order("good"); /* which is carried out meanwhile */
    assert_string_equal(line_of(child()), "good");
    scene_stop(scene);
}

/* ---- graphs, and other children ---- */

static const char reader_graph[] = "graphs:\n"
                                   "  reader:\n"
                                   "    parameters: {name: {required: true}, often: {default: 2}}\n"
                                   "    components:\n"
                                   "      say: {type: Actor, line: \"<${param:name}.txt>\",\n"
                                   "            count: \"${param:often}\"}\n"
                                   "      inner: {type: wrapped, deep: \"${param:name}!\"}\n"
                                   "    linkages:\n"
                                   "      - self -> say -> self\n"
                                   "      - inner.outbox -> /audit.in2\n"
                                   "  wrapped:\n"
                                   "    parameters: {deep: {required: true}}\n"
                                   "    components:\n"
                                   "      say: {type: Actor, line: \"${param:deep}\"}\n"
                                   "    linkages: [self.inbox -> say, say.outbox -> self.outbox]\n";

static struct component *part(const char *path)
{
    const struct graph *graph = child()->graph;
    const struct plan_component *found = plan_find(graph->plan, path);

    assert_non_null(found);
    return graph_component(graph, found->index);
}

static void start_reader(void)
{
    char more[2048];

    (void)snprintf(more, sizeof(more), "%s", reader_graph);
    start_with("component: {type: reader, often: 5}, argument: name}\n"
               "  audit: {type: Probe",
               more);
}

static void test_a_named_graph_is_written_out_with_the_order(void **context)
{
    start_reader();
    order("a${b}");

    assert_string_equal(line_of(part("say")), "<a${b}.txt>");
    assert_string_equal(line_of(part("inner/say")), "a${b}!");
    assert_int_equal(((struct actor *)component_state(part("say")))->count, 5);
    end(part("say"));
    assert_non_null(find_child()); /* the other part goes on */
    end(part("inner/say"));
    assert_null(find_child());
    order("next");
    assert_string_equal(line_of(part("inner/say")), "next!");
    scene_stop(scene);
}

static void test_a_named_graph_reaches_the_outer_graph(void **context)
{
    struct component *audit;

    start_reader();
    audit = scene_find(scene, "audit");
    order("x");
    probe_send(part("inner/say"), ACTOR_OUT, "done");
    scene_run(scene);

    assert_hears(audit, PROBE_IN2, "done");
    scene_stop(scene);
}

static void test_producer_finished_reaches_a_graph_without_a_control(void **context)
{
    start_with(
        "component: pair, argument: name",
        "graphs:\n"
        "  pair:\n"
        "    parameters: {name: {required: true}}\n"
        "    components: {a: {type: Actor, line: \"${param:name}\"}, b: {type: Actor, line: y}}\n"
        "    linkages: [a -> b -> self]\n");
    order("x");
    tell(PRODUCER_FINISHED);

    assert_hears(part("a"), ACTOR_CONTROL, "<producerFinished>");
    assert_hears_nothing(part("b"), ACTOR_CONTROL); /* a's end tells it */
    scene_stop(scene);
}

static void test_a_pipeline_may_be_the_child_of_a_carousel_in_a_carousel(void **context)
{
    start_with("component: outer, argument: name",
               "graphs:\n"
               "  outer:\n"
               "    parameters: {name: {required: true}}\n"
               "    components:\n"
               "      source: {type: DataSource, messages: [one, two]}\n"
               "      inner:\n"
               "        type: Carousel\n"
               "        component: {type: labelled, label: \"${param:name}\"}\n"
               "        argument: text\n"
               "        make1stRequest: true\n"
               "    linkages:\n"
               "      - inner.requestNext -> source.control\n"
               "      - source.outbox -> inner.next\n"
               "      - inner.outbox -> self.outbox\n"
               "  labelled:\n"
               "    parameters: {label: {required: true}, text: {required: true}, end: {}}\n"
               "    components:\n"
               "      row:\n"
               "        type: Pipeline\n"
               "        components:\n"
               "          - {type: DataSource, messages: \"${param:text}\"}\n"
               "          - {type: PureTransformer, function: prefix, text: \"${param:label}: \"}\n"
               "    linkages: [row -> self]\n");
    order("who");

    assert_hears(to, HEARD, "who: two");
    scene_stop(scene);
}

static void test_without_an_argument_an_order_is_only_an_order(void **context)
{
    start_with("component: {type: Actor, line: the same}", "");
    order_bytes("\0\xff", 2);
    assert_string_equal(line_of(child()), "the same");
    end(child());
    order("again");

    assert_string_equal(line_of(child()), "the same");
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_order_makes_a_child_that_has_it_as_its_parameter),
        cmocka_unit_test(test_the_other_parameters_are_those_of_the_file),
        cmocka_unit_test(test_messages_go_to_the_child_and_come_from_it_without_the_carousel),
        cmocka_unit_test(test_what_comes_while_there_is_no_child_waits_for_the_next),
        cmocka_unit_test(test_who_sends_waits_while_nobody_takes),
        cmocka_unit_test(test_a_new_order_stops_the_child_and_waits_for_its_end),
        cmocka_unit_test(test_what_comes_after_an_order_is_for_the_new_child),
        cmocka_unit_test(test_orders_wait_and_are_carried_out_one_by_one),
        cmocka_unit_test(test_orders_beyond_the_bound_make_their_sender_wait),
        cmocka_unit_test(test_thousands_of_orders_leave_nothing_behind),
        cmocka_unit_test(test_asks_for_the_next_when_a_child_has_ended_by_itself),
        cmocka_unit_test(test_asks_for_none_when_a_child_has_made_way_for_another),
        cmocka_unit_test(test_asks_at_the_start_where_it_is_told_to),
        cmocka_unit_test(test_a_child_that_fails_is_counted_and_the_next_asked_for),
        cmocka_unit_test(test_the_end_of_a_child_is_not_said_on_signal),
        cmocka_unit_test(
            test_producer_finished_carries_out_what_waits_then_ends_with_the_last_child),
        cmocka_unit_test(test_producer_finished_without_a_child_ends_it),
        cmocka_unit_test(test_a_stop_is_passed_on_at_once_and_drops_what_waits),
        cmocka_unit_test(test_a_stop_overtakes_producer_finished),
        cmocka_unit_test(test_its_end_by_force_takes_the_child_along),
        cmocka_unit_test(test_a_value_out_of_range_is_logged_counted_and_the_next_asked_for),
        cmocka_unit_test(test_what_no_file_could_hold_is_refused),
        cmocka_unit_test(test_nothing_in_an_order_is_replaced_or_read_as_yaml),
        cmocka_unit_test(test_a_child_that_cannot_start_is_logged_counted_and_the_next_asked_for),
        cmocka_unit_test(test_a_secret_is_not_logged),
        cmocka_unit_test(test_one_bad_order_after_another_has_the_next_asked_for_with_pauses),
        cmocka_unit_test(test_a_named_graph_is_written_out_with_the_order),
        cmocka_unit_test(test_a_named_graph_reaches_the_outer_graph),
        cmocka_unit_test(test_producer_finished_reaches_a_graph_without_a_control),
        cmocka_unit_test(test_a_pipeline_may_be_the_child_of_a_carousel_in_a_carousel),
        cmocka_unit_test(test_without_an_argument_an_order_is_only_an_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
