/* Taps: looking at what passes a box. */
#include "graph/tap.h"

#include "graph/graph.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* What a tap saw: "a|b|<end>". */
struct sight {
    char text[256];
    unsigned ends;
    struct tap *tap;     /* removed after so many messages, if there is one */
    unsigned patience;   /* messages; 0: for ever */
    struct sight *other; /* whose tap is removed along with ours */
};

static void see(void *arg, struct box *box, const struct message *msg)
{
    struct sight *sight = arg;
    const size_t used = strlen(sight->text);

    if (msg == NULL) {
        sight->ends++;
        return;
    }
    if (msg->kind == DATA) {
        (void)snprintf(sight->text + used, sizeof(sight->text) - used, "%.*s|", (int)msg->size,
                       (const char *)msg->data);
    } else {
        (void)snprintf(sight->text + used, sizeof(sight->text) - used, "<%s>|",
                       message_kind_name((enum message_kind)msg->kind));
    }
    if (sight->patience > 0 && --sight->patience == 0) {
        tap_remove(sight->tap);
        if (sight->other != NULL) {
            tap_remove(sight->other->tap);
        }
    }
}

static struct tap *look(struct scene *scene, struct sight *sight, struct box *box)
{
    sight->tap = tap_add(box, see, sight);
    return sight->tap;
}

static struct scene *start_pair(void)
{
    return scene_start(NULL, "components:\n"
                             "  a: {type: Probe}\n"
                             "  z: {type: Probe}\n"
                             "linkages: [a -> z]\n");
}

static struct component *find(struct scene *scene, const char *path)
{
    return scene_find(scene, path);
}

static struct box *out_box(struct component *component, unsigned index)
{
    return &component_need_outbox(component, index)->box;
}

static struct box *in_box(struct component *component, unsigned index)
{
    return &component_need_inbox(component, index)->box;
}

static void test_a_tap_sees_what_passes_an_outbox(void **context)
{
    struct scene *scene = start_pair();
    struct sight sight = {0};

    probe_send(find(scene, "a"), PROBE_OUT0, "before");
    look(scene, &sight, out_box(find(scene, "a"), PROBE_OUT0));
    probe_send(find(scene, "a"), PROBE_OUT0, "one");
    probe_send(find(scene, "a"), PROBE_OUT0, "two");

    assert_string_equal(sight.text, "one|two|");
    assert_string_equal(probe_take(scene, find(scene, "z"), PROBE_IN0), "before");
    assert_string_equal(probe_take(scene, find(scene, "z"), PROBE_IN0), "one");
    assert_string_equal(probe_take(scene, find(scene, "z"), PROBE_IN0), "two");
    scene_stop(scene);
}

static void test_a_tap_on_an_inbox_sees_all_that_comes(void **context)
{
    struct scene *scene = start_pair();
    struct sight data = {0};
    struct sight control = {0};

    look(scene, &data, in_box(find(scene, "z"), PROBE_IN0));
    look(scene, &control, in_box(find(scene, "z"), PROBE_CONTROL));
    probe_send(find(scene, "a"), PROBE_OUT0, "x");
    component_tell(find(scene, "z"), SERVER_SHUTDOWN, NULL, 0);
    component_finish(find(scene, "a"));

    assert_string_equal(data.text, "x|");
    assert_string_equal(control.text, "<serverShutdown>|<producerFinished>|");
    scene_stop(scene);
}

static void test_a_tap_sees_what_an_unlinked_outbox_discards(void **context)
{
    struct scene *scene = start_pair();
    struct sight sight = {0};

    look(scene, &sight, out_box(find(scene, "a"), PROBE_OUT1));
    probe_send(find(scene, "a"), PROBE_OUT1, "lost");

    assert_string_equal(sight.text, "lost|");
    scene_stop(scene);
}

static void test_nothing_is_copied_for_a_tap(void **context)
{
    struct scene *scene = start_pair();
    struct sight sight = {0};
    uint64_t messages;

    look(scene, &sight, out_box(find(scene, "a"), PROBE_OUT0));
    messages = scene->loop->pool.messages;
    probe_send(find(scene, "a"), PROBE_OUT0, "x");

    assert_int_equal(scene->loop->pool.messages, messages + 1);
    scene_stop(scene);
}

static void test_a_removed_tap_sees_nothing_more_and_costs_nothing(void **context)
{
    struct scene *scene = start_pair();
    struct sight sight = {0};
    struct box *box = out_box(find(scene, "a"), PROBE_OUT0);

    tap_remove(look(scene, &sight, box));
    probe_send(find(scene, "a"), PROBE_OUT0, "x");

    assert_string_equal(sight.text, "");
    assert_int_equal(box->flags & BOX_SPECIAL, 0);
    assert_true(list_is_empty(&scene->loop->taps));
    scene_stop(scene);
}

static void test_several_taps_look_at_one_box(void **context)
{
    struct scene *scene = start_pair();
    struct sight first = {0};
    struct sight second = {0};
    struct box *box = out_box(find(scene, "a"), PROBE_OUT0);

    look(scene, &first, box);
    look(scene, &second, box);
    probe_send(find(scene, "a"), PROBE_OUT0, "one");
    tap_remove(first.tap);
    probe_send(find(scene, "a"), PROBE_OUT0, "two");

    assert_string_equal(first.text, "one|");
    assert_string_equal(second.text, "one|two|");
    scene_stop(scene);
}

static void test_a_tap_is_told_when_its_box_goes(void **context)
{
    struct scene *scene = start_pair();
    struct sight in = {0};
    struct sight out = {0};

    look(scene, &in, in_box(find(scene, "z"), PROBE_IN0));
    look(scene, &out, out_box(find(scene, "z"), PROBE_SIGNAL));
    component_finish(find(scene, "z"));

    assert_int_equal(in.ends, 1);
    assert_int_equal(out.ends, 1);
    assert_string_equal(out.text, "<producerFinished>|");
    assert_true(list_is_empty(&scene->loop->taps));
    scene_stop(scene);
}

static void test_a_tap_may_remove_itself_and_others_when_it_sees(void **context)
{
    struct scene *scene = start_pair();
    struct sight first = {.patience = 2};
    struct sight second = {0};
    struct sight third = {0};
    struct box *box = out_box(find(scene, "a"), PROBE_OUT0);

    first.other = &second;
    look(scene, &first, box);
    look(scene, &second, box);
    look(scene, &third, box);
    probe_send(find(scene, "a"), PROBE_OUT0, "one");
    probe_send(find(scene, "a"), PROBE_OUT0, "two");
    probe_send(find(scene, "a"), PROBE_OUT0, "three");

    assert_string_equal(first.text, "one|two|");
    assert_string_equal(second.text, "one|");
    assert_string_equal(third.text, "one|two|three|");
    scene_stop(scene);
}

/* from -> [a -> b] -> to */
static struct scene *start_pipeline(void)
{
    return scene_start(NULL, "components:\n"
                             "  from: {type: Probe}\n"
                             "  other: {type: Probe}\n"
                             "  pipe:\n"
                             "    type: Pipeline\n"
                             "    components:\n"
                             "      - {type: Probe, name: a}\n"
                             "      - {type: Probe, name: b}\n"
                             "  to: {type: Probe}\n"
                             "linkages: [from -> pipe -> to]\n");
}

static void test_a_tap_on_a_chassis_sees_what_passes_through(void **context)
{
    struct scene *scene = start_pipeline();
    struct component *pipe = find(scene, "pipe");
    struct sight in = {0};
    struct sight out = {0};

    look(scene, &in, in_box(pipe, component_find_inbox(pipe, "inbox")));
    look(scene, &out, out_box(pipe, component_find_outbox(pipe, "outbox")));
    probe_send(find(scene, "from"), PROBE_OUT0, "in");
    probe_send(find(scene, "pipe/a"), PROBE_OUT0, "inside");
    probe_send(find(scene, "pipe/b"), PROBE_OUT0, "out");

    assert_string_equal(in.text, "in|");
    assert_string_equal(out.text, "out|");
    assert_string_equal(probe_take(scene, find(scene, "to"), PROBE_IN0), "out");
    scene_stop(scene);
}

static void test_a_tap_on_a_chassis_sees_only_what_comes_its_way(void **context)
{
    struct scene *scene = start_pipeline();
    struct component *pipe = find(scene, "pipe");
    struct sight in = {0};

    look(scene, &in, in_box(pipe, component_find_inbox(pipe, "inbox")));
    probe_link(find(scene, "other"), PROBE_OUT0, find(scene, "pipe/a"), PROBE_IN0);
    probe_send(find(scene, "other"), PROBE_OUT0, "straight to a");
    probe_send(find(scene, "from"), PROBE_OUT0, "x");

    assert_string_equal(in.text, "x|");
    scene_stop(scene);
}

static void test_a_tap_on_a_chassis_sees_senders_that_are_linked_later(void **context)
{
    struct scene *scene = start_pipeline();
    struct component *pipe = find(scene, "pipe");
    struct component *other = find(scene, "other");
    struct sight in = {0};

    look(scene, &in, in_box(pipe, component_find_inbox(pipe, "inbox")));
    probe_link(other, PROBE_OUT0, pipe, component_find_inbox(pipe, "inbox"));
    probe_send(other, PROBE_OUT0, "x");
    box_unlink(out_box(other, PROBE_OUT0));
    probe_link(other, PROBE_OUT0, find(scene, "to"), PROBE_IN0);
    probe_send(other, PROBE_OUT0, "elsewhere");

    assert_string_equal(in.text, "x|");
    assert_int_equal(out_box(other, PROBE_OUT0)->flags & BOX_SPECIAL, 0);
    scene_stop(scene);
}

static void test_a_removed_tap_on_a_chassis_costs_nothing(void **context)
{
    struct scene *scene = start_pipeline();
    struct component *pipe = find(scene, "pipe");
    struct sight in = {0};
    struct box *sender = out_box(find(scene, "from"), PROBE_OUT0);

    look(scene, &in, in_box(pipe, component_find_inbox(pipe, "inbox")));
    assert_int_not_equal(sender->flags & BOX_SPECIAL, 0);
    tap_remove(in.tap);

    assert_int_equal(sender->flags & BOX_SPECIAL, 0);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_tap_sees_what_passes_an_outbox),
        cmocka_unit_test(test_a_tap_on_an_inbox_sees_all_that_comes),
        cmocka_unit_test(test_a_tap_sees_what_an_unlinked_outbox_discards),
        cmocka_unit_test(test_nothing_is_copied_for_a_tap),
        cmocka_unit_test(test_a_removed_tap_sees_nothing_more_and_costs_nothing),
        cmocka_unit_test(test_several_taps_look_at_one_box),
        cmocka_unit_test(test_a_tap_is_told_when_its_box_goes),
        cmocka_unit_test(test_a_tap_may_remove_itself_and_others_when_it_sees),
        cmocka_unit_test(test_a_tap_on_a_chassis_sees_what_passes_through),
        cmocka_unit_test(test_a_tap_on_a_chassis_sees_only_what_comes_its_way),
        cmocka_unit_test(test_a_tap_on_a_chassis_sees_senders_that_are_linked_later),
        cmocka_unit_test(test_a_removed_tap_on_a_chassis_costs_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
