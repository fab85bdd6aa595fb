/* Traces: what is seen of a message's way. */
#include "graph/trace.h"

#include "graph/graph.h"
#include "graph/inspect.h"
#include "graph/tap.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* What was told, a line for each step: "arrived 1 from 0 at p.inbox: text". */
struct story {
    char text[8192];
    struct trace *trace;
};

static void tell(void *arg, const struct trace_event *event)
{
    static const char *const names[] = {"arrived", "taken",   "dropped", "discarded",
                                        "gone",    "crossed", "left"};
    struct story *story = arg;
    const size_t used = strlen(story->text);
    const size_t room = sizeof(story->text) - used;
    char path[BOX_PATH_SIZE] = "nowhere";

    assert_true(event->time >= 0 && event->waited >= 0);
    if (event->in != NULL) {
        (void)box_full_path(&event->in->box, path, sizeof(path));
    }
    if (event->step == TRACE_TAKEN || event->step == TRACE_GONE) {
        (void)snprintf(story->text + used, room, "%s %u\n", names[event->step], event->hop);
    } else {
        (void)snprintf(story->text + used, room, "%s %u from %u at %s: %.*s\n", names[event->step],
                       event->hop, event->cause, path, (int)event->msg->size,
                       (const char *)event->msg->data);
    }
}

static struct box *find_box(const struct scene *scene, const char *path)
{
    struct place place;

    assert_int_equal(place_find(scene->loop, path, &place), PLACE_FOUND);
    return place.is_inbox ? &component_need_inbox(place.component, place.box)->box
                          : &component_need_outbox(place.component, place.box)->box;
}

static void begin(struct scene *scene, struct story *story, const char *path)
{
    story->trace = trace_begin(scene->loop, tell, story);
    trace_add(story->trace, find_box(scene, path));
}

/* Takes a message in a component's name. */
static void take(struct scene *scene, const char *path, const char *expected)
{
    probe_hears(scene, scene_find(scene, path), PROBE_IN0, expected);
}

static void send(struct scene *scene, const char *path, const char *text)
{
    probe_send(scene_find(scene, path), PROBE_OUT0, text);
}

static void end(struct scene *scene, struct story *story)
{
    trace_end(story->trace);
    scene_stop(scene); /* fails if a message is still kept */
}

/* a -> p -> z */
static struct scene *start_three(void)
{
    return scene_start(NULL, "components:\n"
                             "  a: {type: Probe}\n"
                             "  p: {type: Probe}\n"
                             "  z: {type: Probe}\n"
                             "linkages: [a.out0 -> p.in0, p.out0 -> z.in0]\n");
}

/* a -> z, with a bound on the way */
static struct scene *start_two(const char *bound)
{
    return scene_start(NULL, scene_text("components:\n"
                                        "  a: {type: Probe}\n"
                                        "  z: {type: Probe, boxes: {in0: {%s}}}\n"
                                        "linkages: [a.out0 -> z.in0]\n",
                                        bound));
}

static void test_a_message_is_followed_from_box_to_box(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  a: {type: Probe}\n"
                                            "  p: {type: PassThrough}\n"
                                            "  q: {type: PureTransformer, function: upper}\n"
                                            "  z: {type: Probe}\n"
                                            "linkages: [a -> p -> q -> z]\n");
    struct story story = {0};

    begin(scene, &story, "a.out0");
    send(scene, "a", "hello");
    scene_run(scene);

    assert_string_equal(story.text, "arrived 1 from 0 at p.inbox: hello\n"
                                    "taken 1\n"
                                    "arrived 2 from 1 at q.inbox: hello\n"
                                    "taken 2\n"
                                    "arrived 3 from 2 at z.in0: HELLO\n");
    assert_true(trace_is_waiting(story.trace));
    take(scene, "z", "HELLO");
    assert_non_null(strstr(story.text, "HELLO\ntaken 3\n"));
    assert_false(trace_is_waiting(story.trace));
    end(scene, &story);
}

static void test_it_may_begin_at_an_inbox(void **context)
{
    struct scene *scene = start_three();
    struct story story = {0};

    begin(scene, &story, "p.in0");
    send(scene, "a", "x");
    take(scene, "p", "x");

    assert_string_equal(story.text, "arrived 1 from 0 at p.in0: x\ntaken 1\n");
    end(scene, &story);
}

static void test_only_the_next_message_is_followed(void **context)
{
    struct scene *scene = start_three();
    struct story story = {0};

    send(scene, "a", "before");
    begin(scene, &story, "a.out0");
    assert_true(trace_is_waiting(story.trace));
    send(scene, "a", "it");
    send(scene, "a", "after");
    take(scene, "p", "before");
    send(scene, "p", "of before");
    take(scene, "p", "it");
    send(scene, "p", "of it");
    send(scene, "p", "of it, too");
    take(scene, "p", "after");
    send(scene, "p", "of after");

    assert_string_equal(story.text, "arrived 1 from 0 at p.in0: it\n"
                                    "taken 1\n"
                                    "arrived 2 from 1 at z.in0: of it\n"
                                    "arrived 3 from 1 at z.in0: of it, too\n");
    end(scene, &story);
}

static void test_what_shares_its_bytes_is_followed_before_it_is_taken(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  a: {type: Probe}\n"
                                            "  lines: {type: LineFramer}\n"
                                            "  z: {type: Probe}\n"
                                            "linkages: [a -> lines -> z]\n");
    struct story story = {0};

    begin(scene, &story, "a.out0");
    send(scene, "a", "1\n2\n");
    scene_run(scene);

    assert_non_null(strstr(story.text, "from 1 at z.in0: 1\n"));
    assert_non_null(strstr(story.text, "from 1 at z.in0: 2\n"));
    assert_non_null(strstr(story.text, "taken 1\n"));
    end(scene, &story);
}

static void test_all_branches_are_followed(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  a: {type: Probe}\n"
                                            "  y: {type: Probe}\n"
                                            "  z: {type: Probe}\n"
                                            "linkages: ['a -> [y, z]']\n");
    struct story story = {0};

    begin(scene, &story, "a.out0");
    send(scene, "a", "x");
    scene_run(scene);

    assert_non_null(strstr(story.text, "arrived 2 from 1 at y.in0: x\n"));
    assert_non_null(strstr(story.text, "arrived 3 from 1 at z.in0: x\n"));
    end(scene, &story);
}

static void test_notices_are_not_followed(void **context)
{
    struct scene *scene = start_three();
    struct story story = {0};

    begin(scene, &story, "a.signal");
    component_finish(scene_find(scene, "a"));
    scene_run(scene);

    assert_string_equal(story.text, "");
    assert_false(trace_is_waiting(story.trace)); /* what it waited for is gone */
    end(scene, &story);
}

static void test_what_is_lost_is_told(void **context)
{
    struct scene *scene = start_two("size: 1, when_full: drop_newest");
    struct story dropped = {0};
    struct story discarded = {0};
    struct story gone = {0};

    begin(scene, &gone, "a.out0");
    send(scene, "a", "waits");
    begin(scene, &dropped, "a.out0");
    send(scene, "a", "too much");
    begin(scene, &discarded, "a.out1");
    probe_send(scene_find(scene, "a"), PROBE_OUT1, "nobody hears");
    component_finish(scene_find(scene, "z"));

    assert_string_equal(dropped.text, "dropped 0 from 0 at z.in0: too much\n");
    assert_string_equal(discarded.text, "discarded 0 from 0 at nowhere: nobody hears\n");
    assert_string_equal(gone.text, "arrived 1 from 0 at z.in0: waits\ngone 1\n");
    assert_false(trace_is_waiting(gone.trace));
    trace_end(dropped.trace);
    trace_end(discarded.trace);
    end(scene, &gone);
}

static void test_taking_is_heard_whether_or_not_senders_wait(void **context)
{
    struct scene *scene = start_two("size: 2");
    struct component *a = scene_find(scene, "a");
    struct inbox *in = component_need_inbox(scene_find(scene, "z"), PROBE_IN0);
    struct story first = {0};
    struct story second = {0};

    begin(scene, &first, "a.out0");
    send(scene, "a", "1");
    begin(scene, &second, "a.out0");
    send(scene, "a", "2");
    assert_false(outbox_has_room(a, PROBE_OUT0)); /* it waits */
    take(scene, "z", "1");
    scene_run(scene); /* it was invited, and sent nothing: nobody waits any more */
    assert_null(in->waiting);
    take(scene, "z", "2");

    assert_non_null(strstr(first.text, "taken 1\n"));
    assert_non_null(strstr(second.text, "taken 1\n"));
    trace_end(first.trace);
    trace_end(second.trace);
    assert_int_equal(in->box.flags & (BOX_AWAITED | BOX_SPECIAL), 0);
    scene_stop(scene);
}

static void test_a_sender_waits_on_when_a_trace_ends(void **context)
{
    struct scene *scene = start_two("size: 1");
    struct component *a = scene_find(scene, "a");
    struct story story = {0};

    begin(scene, &story, "a.out0");
    send(scene, "a", "1");
    assert_false(outbox_has_room(a, PROBE_OUT0));
    trace_end(story.trace);
    story.trace = NULL;
    take(scene, "z", "1");
    scene_run(scene);

    assert_true(outbox_has_room(a, PROBE_OUT0));
    end(scene, &story);
}

static void test_of_too_many_some_are_left(void **context)
{
    struct scene *scene = start_three();
    struct story story = {0};

    begin(scene, &story, "a.out0");
    send(scene, "a", "x");
    take(scene, "p", "x");
    for (int i = 0; i < TRACE_MOST + 2; i++) {
        send(scene, "p", "y");
    }

    assert_non_null(strstr(story.text, "arrived 64 from 1 at z.in0: y\n"));
    assert_string_equal(strstr(story.text, "left"), "left 0 from 1 at z.in0: y\n"); /* once */
    assert_int_equal(find_box(scene, "p.out0")->flags & BOX_SPECIAL, 0);
    end(scene, &story);
}

static void test_nothing_is_left_of_a_trace(void **context)
{
    struct scene *scene = start_three();
    struct story story = {0};

    begin(scene, &story, "a.out0");
    send(scene, "a", "x");
    take(scene, "p", "x");
    send(scene, "p", "y");
    trace_end(story.trace);

    assert_true(list_is_empty(&scene->loop->taps));
    assert_int_equal(find_box(scene, "p.in0")->flags & (BOX_AWAITED | BOX_SPECIAL), 0);
    assert_int_equal(find_box(scene, "p.out0")->flags & BOX_SPECIAL, 0);
    assert_int_equal(find_box(scene, "z.in0")->flags & (BOX_AWAITED | BOX_SPECIAL), 0);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_is_followed_from_box_to_box),
        cmocka_unit_test(test_it_may_begin_at_an_inbox),
        cmocka_unit_test(test_only_the_next_message_is_followed),
        cmocka_unit_test(test_what_shares_its_bytes_is_followed_before_it_is_taken),
        cmocka_unit_test(test_all_branches_are_followed),
        cmocka_unit_test(test_notices_are_not_followed),
        cmocka_unit_test(test_what_is_lost_is_told),
        cmocka_unit_test(test_taking_is_heard_whether_or_not_senders_wait),
        cmocka_unit_test(test_a_sender_waits_on_when_a_trace_ends),
        cmocka_unit_test(test_of_too_many_some_are_left),
        cmocka_unit_test(test_nothing_is_left_of_a_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
