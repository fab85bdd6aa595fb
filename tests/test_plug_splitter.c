/* PlugSplitter and Plug, after Kamaelia's test_Splitter. */
#include "graph/graph.h"
#include "graph/plan.h"
#include "tests/harness.h"
#include "tests/unit.h"

static void say(struct scene *scene, const char *text)
{
    probe_send(scene_find(scene, "a"), PROBE_OUT0, text);
    scene_run(scene);
}

static void assert_hears(struct scene *scene, const char *path, unsigned inbox, const char *text)
{
    probe_hears(scene, scene_find(scene, path), inbox, text);
    scene_run(scene);
}

static void assert_silent(struct scene *scene, const char *path, unsigned inbox)
{
    assert_null(probe_take(scene, scene_find(scene, path), inbox));
}

static unsigned count_outboxes(const struct component *component)
{
    unsigned count = 0;

    for (unsigned i = NO_BOX; (i = component_next_outbox(component, i)) != NO_BOX; count++) {
    }
    return count;
}

#define SOURCE                                                                                     \
    "components:\n"                                                                                \
    "  a: {type: Probe}\n"                                                                         \
    "  split: {type: PlugSplitter}\n"                                                              \
    "  x: {type: Probe}\n"                                                                         \
    "  y: {type: Probe}\n"                                                                         \
    "  z: {type: Probe}\n"
#define LINKAGES                                                                                   \
    "linkages:\n"                                                                                  \
    "  - a.out0 -> split.inbox\n"                                                                  \
    "  - a.signal -> split.control\n"                                                              \
    "  - split.outbox -> x.in0\n"                                                                  \
    "  - split.signal -> x.control\n"

static const char with_plugs[] = SOURCE
    "  py: {type: Plug, splitter: split, component: {type: PureTransformer, function: upper}}\n"
    "  pz: {type: Plug, splitter: split, component: PassThrough}\n" LINKAGES
    "  - py.outbox -> y.in0\n"
    "  - py.signal -> y.control\n"
    "  - pz.outbox -> z.in0\n"
    "  - pz.signal -> z.control\n";

static void test_without_a_plug_it_passes_on(void **context)
{
    struct harness *h = harness_start("PlugSplitter", NULL);

    harness_say(h, "inbox", "one");
    harness_say(h, "inbox", "two");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "one");
    assert_string_equal(harness_heard(h, "outbox"), "two");
    assert_int_equal(harness_notice(h, "signal"), DATA);
    harness_stop(h);
}

static void test_its_end_is_passed_on(void **context)
{
    static const enum message_kind kinds[] = {PRODUCER_FINISHED, SHUTDOWN_MICROPROCESS};

    for (int i = 0; i < 2; i++) {
        struct harness *h = harness_start("PlugSplitter", "{name: by name}");

        harness_run(h);
        assert_int_equal(harness_notice(h, "signal"), DATA);
        harness_tell(h, kinds[i]);
        harness_run(h);

        assert_int_equal(harness_notice(h, "signal"), kinds[i]);
        assert_true(component_is_over(harness_component(h)));
        harness_stop(h);
    }
}

static void test_what_is_plugged_in_gets_the_data_beside_the_outbox(void **context)
{
    struct scene *scene = scene_start(NULL, with_plugs);

    for (int i = 0; i < 10; i++) {
        say(scene, (const char[]){(char)('a' + i), '\0'});
    }

    for (int i = 0; i < 10; i++) {
        assert_hears(scene, "x", PROBE_IN0, (const char[]){(char)('a' + i), '\0'});
        assert_hears(scene, "y", PROBE_IN0, (const char[]){(char)('A' + i), '\0'});
        assert_hears(scene, "z", PROBE_IN0, (const char[]){(char)('a' + i), '\0'});
    }
    assert_silent(scene, "x", PROBE_IN0);
    assert_silent(scene, "y", PROBE_IN0);
    assert_silent(scene, "z", PROBE_IN0);
    scene_stop(scene);
}

static void test_what_is_plugged_in_gets_the_end(void **context)
{
    struct scene *scene = scene_start(NULL, with_plugs);

    say(scene, "last");
    outbox_notify(scene_find(scene, "a"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_hears(scene, "x", PROBE_CONTROL, "<producerFinished>");
    assert_hears(scene, "y", PROBE_IN0, "LAST");
    assert_hears(scene, "y", PROBE_CONTROL, "<producerFinished>");
    assert_hears(scene, "z", PROBE_CONTROL, "<producerFinished>");
    assert_true(component_is_over(scene_find(scene, "py")));
    scene_stop(scene);
}

static void test_a_stop_goes_to_what_is_plugged_in(void **context)
{
    struct scene *scene = scene_start(NULL, with_plugs);

    outbox_notify(scene_find(scene, "a"), PROBE_SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);

    assert_hears(scene, "x", PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_hears(scene, "y", PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_true(component_is_over(scene_find(scene, "pz")));
    scene_stop(scene);
}

static void test_a_plug_that_is_pulled_out_gets_no_more_and_the_others_do(void **context)
{
    struct scene *scene = scene_start(NULL, with_plugs);
    struct component *splitter = scene_find(scene, "split");

    say(scene, "one");
    component_tell(scene_find(scene, "py"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    say(scene, "two");

    assert_hears(scene, "y", PROBE_IN0, "ONE");
    assert_silent(scene, "y", PROBE_IN0);
    assert_hears(scene, "z", PROBE_IN0, "one");
    assert_hears(scene, "z", PROBE_IN0, "two");
    assert_true(component_is_over(scene_find(scene, "py")));
    assert_int_equal(count_outboxes(splitter), splitter->plan->outboxes + 1);
    scene_stop(scene);
}

static void test_a_plug_ends_and_is_unplugged_when_its_component_ends(void **context)
{
    struct scene *scene = scene_start(NULL, with_plugs);
    struct component *splitter = scene_find(scene, "split");

    component_tell(scene_find(scene, "pz/component"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_true(component_is_over(scene_find(scene, "pz")));
    assert_hears(scene, "z", PROBE_CONTROL, "<producerFinished>");
    assert_int_equal(count_outboxes(splitter), splitter->plan->outboxes + 1);
    assert_false(component_is_over(splitter));
    scene_stop(scene);
}

static void test_all_wait_for_a_plug_that_is_full(void **context)
{
    static const char yaml[] = SOURCE
        "  pz: {type: Plug, splitter: split, component: {type: PassThrough, boxes: {inbox: {size: "
        "1}}}}\n" LINKAGES "  - pz.outbox -> z.in0\n";
    struct scene *scene = scene_start(NULL, yaml);
    int said = 0;
    int heard = 0;

    component_inbox(scene_find(scene, "x"), PROBE_IN0)->limit = UINT32_MAX;
    component_inbox(scene_find(scene, "z"), PROBE_IN0)->limit = 1;
    while (outbox_has_room(scene_find(scene, "a"), PROBE_OUT0)) {
        say(scene, "x");
        assert_in_range(++said, 1, 3000);
    }
    while (probe_take(scene, scene_find(scene, "z"), PROBE_IN0) != NULL) {
        heard++;
        scene_run(scene);
    }

    assert_int_equal(heard, said);
    assert_int_equal(component_inbox(scene_find(scene, "x"), PROBE_IN0)->messages, said);
    scene_stop(scene);
}

static void test_ten_plugs_get_all_and_half_of_them_may_go(void **context)
{
    enum { PLUGS = 10 };
    char yaml[4000] = SOURCE;
    struct scene *scene;
    char path[32];

    for (int i = 0; i < PLUGS; i++) {
        (void)snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml),
                       "  p%d: {type: Plug, splitter: split, component: PassThrough}\n"
                       "  z%d: {type: Probe}\n",
                       i, i);
    }
    (void)snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml), "%s", LINKAGES);
    for (int i = 0; i < PLUGS; i++) {
        (void)snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml),
                       "  - p%d.outbox -> z%d.in0\n", i, i);
    }
    scene = scene_start(NULL, yaml);
    say(scene, "all");
    for (int i = 1; i < PLUGS; i += 2) {
        (void)snprintf(path, sizeof(path), "p%d", i);
        component_tell(scene_find(scene, path), PRODUCER_FINISHED, NULL, 0);
    }
    scene_run(scene);
    say(scene, "half");

    for (int i = 0; i < PLUGS; i++) {
        (void)snprintf(path, sizeof(path), "z%d", i);
        assert_hears(scene, path, PROBE_IN0, "all");
        if (i % 2 == 0) {
            assert_hears(scene, path, PROBE_IN0, "half");
        }
        assert_silent(scene, path, PROBE_IN0);
    }
    scene_stop(scene);
}

static void test_a_plugs_component_may_be_told_more_from_elsewhere(void **context)
{
    static const char yaml[] =
        SOURCE "  b: {type: Probe}\n"
               "  pz: {type: Plug, splitter: split, component: {type: PassThrough}}\n" LINKAGES
               "  - b.out0 -> pz.inbox\n"
               "  - pz.outbox -> z.in0\n";
    struct scene *scene = scene_start(NULL, yaml);

    probe_send(scene_find(scene, "b"), PROBE_OUT0, "besides");
    scene_run(scene);

    assert_hears(scene, "z", PROBE_IN0, "besides");
    assert_silent(scene, "x", PROBE_IN0);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_plug_it_passes_on),
        cmocka_unit_test(test_its_end_is_passed_on),
        cmocka_unit_test(test_what_is_plugged_in_gets_the_data_beside_the_outbox),
        cmocka_unit_test(test_what_is_plugged_in_gets_the_end),
        cmocka_unit_test(test_a_stop_goes_to_what_is_plugged_in),
        cmocka_unit_test(test_a_plug_that_is_pulled_out_gets_no_more_and_the_others_do),
        cmocka_unit_test(test_a_plug_ends_and_is_unplugged_when_its_component_ends),
        cmocka_unit_test(test_all_wait_for_a_plug_that_is_full),
        cmocka_unit_test(test_ten_plugs_get_all_and_half_of_them_may_go),
        cmocka_unit_test(test_a_plugs_component_may_be_told_more_from_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
