/* Backplane, PublishTo and SubscribeTo. */
#include <stdlib.h>

#include "graph/error.h"
#include "graph/graph.h"
#include "graph/inspect.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/supervise.h"
#include "graph/tap.h"
#include "tests/harness.h"
#include "tests/unit.h"

static struct component *find(const struct scene *scene, const char *path)
{
    return scene_find(scene, path);
}

static void say(struct scene *scene, const char *path, const char *text)
{
    probe_send(find(scene, path), PROBE_OUT0, text);
    scene_run(scene);
}

static void assert_hears(struct scene *scene, const char *path, const char *text)
{
    probe_hears(scene, find(scene, path), PROBE_IN0, text);
    scene_run(scene);
}

static void assert_silent(struct scene *scene, const char *path)
{
    assert_null(probe_take(scene, find(scene, path), PROBE_IN0));
}

static uint64_t statistic(const struct scene *scene, const char *path, const char *name)
{
    return component_statistic(find(scene, path), name);
}

static const char two_and_two[] = "components:\n"
                                  "  a: {type: Probe}\n"
                                  "  b: {type: Probe}\n"
                                  "  pa: {type: PublishTo, destination: news}\n"
                                  "  pb: {type: PublishTo, destination: news}\n"
                                  "  bus: {type: Backplane, name: news}\n"
                                  "  sy: {type: SubscribeTo, source: news}\n"
                                  "  sz: {type: SubscribeTo, source: news}\n"
                                  "  y: {type: Probe}\n"
                                  "  z: {type: Probe}\n"
                                  "linkages:\n"
                                  "  - a.out0 -> pa.inbox\n"
                                  "  - a.signal -> pa.control\n"
                                  "  - b.out0 -> pb.inbox\n"
                                  "  - sy.outbox -> y.in0\n"
                                  "  - sy.signal -> y.control\n"
                                  "  - sz.outbox -> z.in0\n";

/* ---- what is published ---- */

static void test_what_is_published_reaches_all_in_one_order(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);

    say(scene, "a", "a1");
    say(scene, "b", "b1");
    say(scene, "a", "a2");

    for (const char *const *path = (const char *const[]){"y", "z", NULL}; *path != NULL; path++) {
        assert_hears(scene, *path, "a1");
        assert_hears(scene, *path, "b1");
        assert_hears(scene, *path, "a2");
        assert_silent(scene, *path);
    }
    scene_stop(scene);
}

static void test_the_bytes_are_shared_by_a_thousand_and_the_cost_is_linear(void **context)
{
    enum { SUBSCRIBERS = 1000, MESSAGES = 100 };
    const size_t room = (size_t)100 * SUBSCRIBERS;
    char *yaml = mem_alloc(room);
    size_t used = (size_t)snprintf(yaml, room,
                                   "components:\n"
                                   "  a: {type: Probe}\n"
                                   "  publish: {type: PublishTo, destination: news}\n"
                                   "  bus: {type: Backplane, name: news}\n");
    struct scene *scene;
    struct pool *pool;
    uint64_t turns;

    for (int i = 0; i < SUBSCRIBERS; i++) {
        used += (size_t)snprintf(yaml + used, room - used,
                                 "  s%d: {type: SubscribeTo, source: news}\n", i);
    }
    (void)snprintf(yaml + used, room - used, "linkages: [a.out0 -> publish.inbox]\n");
    scene = scene_start(NULL, yaml);
    free(yaml);
    pool = &scene->loop->pool;
    scene_run(scene);
    turns = scene->loop->turns;
    for (int i = 0; i < MESSAGES; i++) {
        uint32_t filled;

        probe_send(find(scene, "a"), PROBE_OUT0, "0123456789");
        filled = pool->filled;
        scene_run(scene);
        assert_int_equal(pool->filled, filled); /* no more bytes were written */
    }

    assert_in_range(scene->loop->turns - turns, 1, MESSAGES * (SUBSCRIBERS + 3));
    assert_int_equal(statistic(scene, "bus", "delivered"), MESSAGES * SUBSCRIBERS);
    assert_int_equal(statistic(scene, "s999", "delivered"), MESSAGES);
    scene_stop(scene);
}

static void test_a_forwarder_sends_it_on_as_well(void **context)
{
    struct scene *scene = scene_start(
        NULL, "components:\n"
              "  a: {type: Probe}\n"
              "  publish: {type: PublishTo, destination: news, forwarder: true}\n"
              "  bus: {type: Backplane, name: news}\n"
              "  subscribe: {type: SubscribeTo, source: news}\n"
              "  y: {type: Probe}\n"
              "  z: {type: Probe}\n"
              "linkages: [a.out0 -> publish.inbox, publish.outbox -> y.in0, subscribe.outbox -> "
              "z.in0]\n");

    say(scene, "a", "hello");

    assert_hears(scene, "y", "hello");
    assert_hears(scene, "z", "hello");
    scene_stop(scene);
}

static void test_what_is_linked_to_a_backplane_is_published_and_heard_as_well(void **context)
{
    struct harness *h = harness_start("Backplane", "{name: news}");

    harness_say(h, "inbox", "hello");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "hello");
    assert_int_equal(harness_stat(h, "published"), 1);
    harness_stop(h);
}

static void test_backplanes_of_other_names_do_not_hear_it(void **context)
{
    struct scene *scene =
        scene_start(NULL, "components:\n"
                          "  a: {type: Probe}\n"
                          "  publish: {type: PublishTo, destination: news}\n"
                          "  news: {type: Backplane, name: news}\n"
                          "  sport: {type: Backplane, name: sport}\n"
                          "  subscribe: {type: SubscribeTo, source: sport}\n"
                          "  z: {type: Probe}\n"
                          "linkages: [a.out0 -> publish.inbox, subscribe.outbox -> z.in0]\n");

    say(scene, "a", "hello");

    assert_silent(scene, "z");
    scene_stop(scene);
}

static void test_a_name_that_is_taken_is_refused(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  first: {type: Backplane, name: news}\n"
                                            "  second: {type: Backplane, name: news}\n");

    assert_null(scene->graph);
    assert_string_equal(scene->refusal, "second: the name \"news\" is taken by first");
    scene_stop(scene);
}

/* ---- who comes when ---- */

/* Starts another graph beside the scene's, as a reload does. */
static struct graph *start_beside(struct scene *scene, const char *yaml)
{
    const struct plan_options options = {.types = scene->types};
    struct errors *errors = errors_create();
    struct plan *plan = plan_parse("beside.yaml", yaml, strlen(yaml), &options, errors);
    struct graph *graph;
    char text[200];

    assert_non_null(plan);
    errors_destroy(errors);
    graph = graph_start(scene->loop, plan, text, sizeof(text));
    assert_non_null(graph);
    scene_run(scene);
    return graph;
}

static struct component *in(const struct graph *graph, const char *path)
{
    return graph_component(graph, plan_find(graph->plan, path)->index);
}

static const char without_backplane[] = "components:\n"
                                        "  a: {type: Probe}\n"
                                        "  pa: {type: PublishTo, destination: news}\n"
                                        "  sz: {type: SubscribeTo, source: news}\n"
                                        "  z: {type: Probe}\n"
                                        "linkages:\n"
                                        "  - a.out0 -> pa.inbox\n"
                                        "  - a.signal -> pa.control\n"
                                        "  - sz.outbox -> z.in0\n"
                                        "  - sz.signal -> z.control\n";
static const char only_backplane[] = "components:\n"
                                     "  bus: {type: Backplane, name: news}\n";

static void test_what_is_published_before_there_is_a_backplane_waits_for_it(void **context)
{
    struct scene *scene = scene_start(NULL, without_backplane);

    say(scene, "a", "early");
    assert_silent(scene, "z");
    assert_string_equal(scene->log,
                        "pa: waits for a Backplane or PlugSplitter \"news\": there is none");
    (void)start_beside(scene, only_backplane);

    assert_hears(scene, "z", "early");
    say(scene, "a", "late");
    assert_hears(scene, "z", "late");
    scene_stop(scene);
}

static void test_without_a_backplane_the_publishers_senders_wait_in_the_end(void **context)
{
    struct scene *scene = scene_start(NULL, without_backplane);
    const uint32_t bound = component_inbox(find(scene, "pa"), 0)->limit;

    for (uint32_t i = 0; i < bound; i++) {
        assert_true(outbox_has_room(find(scene, "a"), PROBE_OUT0));
        say(scene, "a", "x");
    }

    assert_false(outbox_has_room(find(scene, "a"), PROBE_OUT0));
    scene_stop(scene);
}

static void
test_a_publisher_that_is_to_finish_keeps_what_it_has_until_there_is_a_backplane(void **context)
{
    struct scene *scene = scene_start(NULL, without_backplane);

    say(scene, "a", "last words");
    outbox_notify(find(scene, "a"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    assert_false(component_is_over(find(scene, "pa")));
    (void)start_beside(scene, only_backplane);

    assert_true(component_is_over(find(scene, "pa")));
    assert_hears(scene, "z", "last words");
    scene_stop(scene);
}

static void test_who_waits_for_a_backplane_says_so(void **context)
{
    struct scene *scene = scene_start(NULL, without_backplane);
    char text[200];

    assert_true(find(scene, "pa")->type->describe(find(scene, "pa"), text, sizeof(text)));
    assert_string_equal(text, "waits for a Backplane or PlugSplitter \"news\": there is none");
    assert_true(find(scene, "sz")->type->describe(find(scene, "sz"), text, sizeof(text)));
    (void)start_beside(scene, only_backplane);

    assert_false(find(scene, "pa")->type->describe(find(scene, "pa"), text, sizeof(text)));
    assert_false(find(scene, "sz")->type->describe(find(scene, "sz"), text, sizeof(text)));
    scene_stop(scene);
}

static void test_two_generations_of_a_backplane_serve_each_others_subscribers(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);
    struct graph *fresh = start_beside(scene, two_and_two);
    struct component *new_a = in(fresh, "a");
    struct component *new_z = in(fresh, "z");

    probe_send(new_a, PROBE_OUT0, "from the new");
    scene_run(scene);
    say(scene, "a", "from the old");

    assert_hears(scene, "z", "from the new");
    assert_hears(scene, "z", "from the old");
    assert_string_equal(probe_take(scene, new_z, PROBE_IN0), "from the new");
    assert_string_equal(probe_take(scene, new_z, PROBE_IN0), "from the old");
    assert_int_equal(statistic(scene, "bus", "subscribers"), 4);
    graph_destroy(fresh);
    scene_stop(scene);
}

static void test_the_end_of_one_generation_leaves_everybody_with_the_other(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);
    struct graph *fresh = start_beside(scene, two_and_two);

    component_tell(in(fresh, "bus"), SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);
    assert_true(component_is_over(in(fresh, "bus")));
    assert_false(component_is_over(in(fresh, "sz")));
    probe_send(in(fresh, "a"), PROBE_OUT0, "still heard");
    scene_run(scene);

    assert_hears(scene, "z", "still heard");
    assert_string_equal(probe_take(scene, in(fresh, "z"), PROBE_IN0), "still heard");
    graph_destroy(fresh);
    scene_stop(scene);
}

static void test_a_fresh_graph_that_is_given_up_takes_nobody_along(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);

    graph_destroy(start_beside(scene, two_and_two));
    scene_run(scene);
    say(scene, "a", "hello");

    assert_hears(scene, "z", "hello");
    assert_int_equal(statistic(scene, "bus", "subscribers"), 2);
    scene_stop(scene);
}

/* ---- straight through ---- */

static void test_a_subscriber_with_nothing_waiting_costs_no_turn(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);
    uint64_t turns;

    scene_run(scene);
    turns = scene->loop->turns;
    say(scene, "a", "hello");

    assert_int_equal(scene->loop->turns - turns, 4); /* of pa, bus, y, z */
    assert_hears(scene, "y", "hello");
    scene_stop(scene);
}

static void test_what_goes_straight_through_is_counted_on_all_of_its_way(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);
    const struct outbox *plug = component_outbox(find(scene, "bus"), ADDED_BOX);
    const struct inbox *in = component_inbox(find(scene, "sy"), 0);
    const struct outbox *out = component_outbox(find(scene, "sy"), 0);
    const struct inbox *sink = component_inbox(find(scene, "y"), PROBE_IN0);

    say(scene, "a", "hello");
    say(scene, "a", "you");

    assert_int_equal(plug->messages, 2);
    assert_int_equal(plug->bytes, 8);
    assert_int_equal(in->messages, 2);
    assert_int_equal(in->bytes, 8);
    assert_int_equal(out->messages, 2);
    assert_int_equal(out->bytes, 8);
    assert_int_equal(sink->messages, 2);
    assert_int_equal(sink->bytes, 8);
    assert_int_equal(statistic(scene, "sy", "delivered"), 2);
    assert_int_equal(statistic(scene, "sy", "waiting"), 0);
    assert_int_equal(statistic(scene, "bus", "delivered"), 4);
    scene_stop(scene);
}

static void see(void *arg, struct box *box, const struct message *msg)
{
    unsigned *seen = arg;

    *seen += msg != NULL;
}

static void test_a_tap_on_any_box_of_the_way_sees_what_passes(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);
    struct box *boxes[] = {
        &component_outbox(find(scene, "bus"), ADDED_BOX)->box,
        &component_inbox(find(scene, "sy"), 0)->box,
        &component_outbox(find(scene, "sy"), 0)->box,
        &component_inbox(find(scene, "y"), PROBE_IN0)->box,
    };

    for (size_t i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++) {
        unsigned seen = 0;
        struct tap *tap = tap_add(boxes[i], see, &seen);

        say(scene, "a", "seen");
        tap_remove(tap);
        say(scene, "a", "unseen");

        assert_int_equal(seen, 1);
        assert_hears(scene, "y", "seen");
        assert_hears(scene, "y", "unseen");
    }
    scene_stop(scene);
}

static void test_order_is_kept_when_there_is_room_again(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  a: {type: Probe}\n"
                                            "  pa: {type: PublishTo, destination: news}\n"
                                            "  bus: {type: Backplane, name: news}\n"
                                            "  sy: {type: SubscribeTo, source: news}\n"
                                            "  y: {type: Probe, boxes: {in0: {size: 2}}}\n"
                                            "linkages: [a.out0 -> pa.inbox, sy.outbox -> y.in0]\n");
    char text[] = "0";

    for (int i = 0; i < 5; i++, text[0]++) {
        say(scene, "a", text); /* the first two go straight through, the others wait */
    }
    text[0] = '0';
    for (int i = 0; i < 5; i++, text[0]++) {
        const char *heard = probe_take(scene, find(scene, "y"), PROBE_IN0);

        assert_non_null(heard);
        assert_string_equal(heard, text);
        /* said while there is room, but before what waits has moved up */
        probe_send(find(scene, "a"), PROBE_OUT0, (const char[]){(char)(text[0] + 5), '\0'});
        scene_run(scene);
    }
    for (int i = 0; i < 5; i++, text[0]++) {
        assert_hears(scene, "y", text);
    }
    assert_silent(scene, "y");
    scene_stop(scene);
}

/* ---- who is slow ---- */

static const char slow[] = "components:\n"
                           "  a: {type: Probe}\n"
                           "  pa: {type: PublishTo, destination: news, boxes: {inbox: {size: 1}}}\n"
                           "  bus: {type: Backplane, name: news, boxes: {inbox: {size: 1}}}\n"
                           "  sy: {type: SubscribeTo, source: news, boxes: {inbox: {size: 2%s}}}\n"
                           "  sz: {type: SubscribeTo, source: news}\n"
                           "  y: {type: Probe, boxes: {in0: {size: 1}}}\n"
                           "  z: {type: Probe}\n"
                           "linkages:\n"
                           "  - a.out0 -> pa.inbox\n"
                           "  - sy.outbox -> y.in0\n"
                           "  - sz.outbox -> z.in0\n";

static struct scene *start_slow(const char *policy)
{
    char yaml[1000];

    (void)snprintf(yaml, sizeof(yaml), slow, policy);
    return scene_start(NULL, yaml);
}

/* Says "0", "1", … as long as there is room.  Returns how many. */
static int say_many(struct scene *scene, int most)
{
    for (int i = 0; i < most; i++) {
        if (!outbox_has_room(find(scene, "a"), PROBE_OUT0)) {
            return i;
        }
        say(scene, "a", (const char[]){(char)('0' + i), '\0'});
    }
    return most;
}

static void test_a_slow_subscriber_loses_the_oldest_and_holds_nobody_up(void **context)
{
    struct scene *scene = start_slow("");

    assert_int_equal(say_many(scene, 9), 9);

    assert_int_equal(component_inbox(find(scene, "z"), PROBE_IN0)->box.queued, 9);
    assert_hears(scene, "y", "0"); /* it was on its way already */
    assert_hears(scene, "y", "7");
    assert_hears(scene, "y", "8");
    assert_silent(scene, "y");
    scene_stop(scene);
}

static void test_each_counts_and_the_backplane_has_the_sums(void **context)
{
    struct scene *scene = start_slow("");

    assert_int_equal(say_many(scene, 9), 9);

    assert_int_equal(statistic(scene, "sy", "delivered"), 1);
    assert_int_equal(statistic(scene, "sy", "waiting"), 2);
    assert_int_equal(statistic(scene, "sy", "dropped"), 6);
    assert_int_equal(statistic(scene, "bus", "published"), 9);
    assert_int_equal(statistic(scene, "bus", "delivered"), 18);
    assert_int_equal(statistic(scene, "bus", "dropped"), 6);
    assert_int_equal(statistic(scene, "bus", "waiting"), 2);
    component_finish(find(scene, "sy"));
    assert_int_equal(statistic(scene, "bus", "waiting"), 0);
    assert_int_equal(statistic(scene, "bus", "subscribers"), 1);
    scene_stop(scene);
}

static void test_with_block_everybody_waits_and_nothing_is_lost(void **context)
{
    struct scene *scene = start_slow(", when_full: block");
    const int said = say_many(scene, 9);

    assert_int_equal(said, 5); /* in y, sy, sy, bus, pa */
    assert_int_equal(component_inbox(find(scene, "z"), PROBE_IN0)->box.queued, 3);
    for (int i = 0; i < said; i++) {
        assert_hears(scene, "y", (const char[]){(char)('0' + i), '\0'});
    }

    assert_int_equal(component_inbox(find(scene, "z"), PROBE_IN0)->box.queued, 5);
    assert_true(outbox_has_room(find(scene, "a"), PROBE_OUT0));
    scene_stop(scene);
}

static void test_a_blocking_subscriber_that_goes_lets_the_others_go_on(void **context)
{
    struct scene *scene = start_slow(", when_full: block");

    assert_int_equal(say_many(scene, 9), 5);
    component_finish(find(scene, "sy"));
    scene_run(scene);

    assert_int_equal(component_inbox(find(scene, "z"), PROBE_IN0)->box.queued, 5);
    scene_stop(scene);
}

static void test_with_disconnect_the_slow_one_goes(void **context)
{
    struct scene *scene = start_slow(", when_full: disconnect");

    assert_int_equal(say_many(scene, 9), 9);

    assert_true(component_is_over(find(scene, "sy")));
    assert_false(component_is_over(find(scene, "sz")));
    assert_int_equal(component_inbox(find(scene, "z"), PROBE_IN0)->box.queued, 9);
    scene_stop(scene);
}

/* ---- ends ---- */

static void test_the_end_of_a_publisher_leaves_the_backplane_running(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);

    say(scene, "a", "last");
    outbox_notify(find(scene, "a"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_true(component_is_over(find(scene, "pa")));
    assert_false(component_is_over(find(scene, "bus")));
    say(scene, "b", "goes on");
    assert_hears(scene, "z", "last");
    assert_hears(scene, "z", "goes on");
    scene_stop(scene);
}

static void
test_the_end_of_a_backplane_is_that_of_its_subscribers_after_the_last_message(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);

    probe_send(find(scene, "a"), PROBE_OUT0, "last");
    scene_run(scene);
    component_tell(find(scene, "bus"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_true(component_is_over(find(scene, "sy")));
    assert_true(component_is_over(find(scene, "sz")));
    assert_hears(scene, "y", "last");
    assert_string_equal(probe_take(scene, find(scene, "y"), PROBE_CONTROL), "<producerFinished>");
    assert_false(component_is_over(find(scene, "pa"))); /* there may be another one day */
    scene_stop(scene);
}

static void test_a_backplane_that_is_to_finish_gives_what_its_publishers_had(void **context)
{
    struct scene *scene = start_slow(", when_full: block");
    const int said = say_many(scene, 9);

    component_tell(find(scene, "bus"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    for (int i = 0; i < said; i++) {
        assert_hears(scene, "y", (const char[]){(char)('0' + i), '\0'});
    }

    assert_true(component_is_over(find(scene, "bus")));
    assert_true(component_is_over(find(scene, "sy")));
    say(scene, "a", "too late");
    assert_silent(scene, "y");
    scene_stop(scene);
}

static void test_a_backplane_that_is_to_finish_does_not_wait_for_what_comes_later(void **context)
{
    struct scene *scene = start_slow(", when_full: block");
    const int said = say_many(scene, 9);

    component_tell(find(scene, "bus"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    for (int i = 0; i < said; i++) {
        assert_hears(scene, "y", (const char[]){(char)('0' + i), '\0'});
        if (outbox_has_room(find(scene, "a"), PROBE_OUT0)) {
            say(scene, "a", "later"); /* there is always something to come */
        }
    }

    assert_true(component_is_over(find(scene, "bus")));
    scene_stop(scene);
}

static void test_a_backplane_that_is_to_finish_does_not_wait_for_one_that_has_gone(void **context)
{
    struct scene *scene = start_slow(", when_full: block");

    assert_int_equal(say_many(scene, 9), 5);
    component_tell(find(scene, "bus"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    component_finish(find(scene, "pa"));
    for (int i = 0; i < 4; i++) {
        assert_hears(scene, "y", (const char[]){(char)('0' + i), '\0'});
    }

    assert_true(component_is_over(find(scene, "bus")));
    scene_stop(scene);
}

static void test_a_backplane_that_is_to_stop_stops_its_subscribers(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);

    component_tell(find(scene, "bus"), SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);

    assert_true(component_is_over(find(scene, "sy")));
    assert_string_equal(probe_take(scene, find(scene, "y"), PROBE_CONTROL),
                        "<shutdownMicroprocess>");
    scene_stop(scene);
}

static void test_a_backplane_that_is_restarted_by_hand_keeps_its_subscribers(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);

    probe_send(find(scene, "a"), PROBE_OUT0, "before"); /* and waits for the Backplane's turn */
    assert_int_equal(component_restart(find(scene, "bus")), 0);
    scene_run(scene);
    say(scene, "b", "after");

    assert_int_equal(find(scene, "sy")->state, RUNNING);
    assert_hears(scene, "y", "before");
    assert_hears(scene, "y", "after");
    assert_hears(scene, "z", "before");
    assert_hears(scene, "z", "after");
    assert_int_equal(statistic(scene, "bus", "subscribers"), 2);
    scene_stop(scene);
}

static void test_a_subscriber_that_is_to_finish_hears_all_that_had_been_published(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);
    struct component *publisher = find(scene, "pa");

    probe_send(find(scene, "a"), PROBE_OUT0, "before");
    publisher->type->run(publisher); /* it is in the backplane's inbox now */
    component_tell(find(scene, "sz"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    say(scene, "a", "after");

    assert_true(component_is_over(find(scene, "sz")));
    assert_hears(scene, "z", "before");
    assert_silent(scene, "z");
    scene_stop(scene);
}

static void test_a_subscriber_that_is_to_stop_stops_at_once(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);

    probe_send(find(scene, "a"), PROBE_OUT0, "not heard");
    component_tell(find(scene, "sz"), SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);

    assert_true(component_is_over(find(scene, "sz")));
    assert_silent(scene, "z");
    assert_hears(scene, "y", "not heard");
    scene_stop(scene);
}

static void test_who_comes_and_goes_leaves_no_box_behind(void **context)
{
    struct scene *scene = scene_start(NULL, two_and_two);
    struct component *bus = find(scene, "bus");
    unsigned count = 0;

    for (int i = 0; i < 100; i++) {
        struct graph *beside = start_beside(scene, without_backplane);

        assert_int_equal(statistic(scene, "bus", "subscribers"), 3);
        graph_destroy(beside);
        scene_run(scene);
    }

    for (unsigned i = NO_BOX; (i = component_next_outbox(bus, i)) != NO_BOX;) {
        count++;
    }
    assert_int_equal(count, bus->plan->outboxes + 2);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_published_reaches_all_in_one_order),
        cmocka_unit_test(test_the_bytes_are_shared_by_a_thousand_and_the_cost_is_linear),
        cmocka_unit_test(test_a_forwarder_sends_it_on_as_well),
        cmocka_unit_test(test_what_is_linked_to_a_backplane_is_published_and_heard_as_well),
        cmocka_unit_test(test_backplanes_of_other_names_do_not_hear_it),
        cmocka_unit_test(test_a_name_that_is_taken_is_refused),
        cmocka_unit_test(test_what_is_published_before_there_is_a_backplane_waits_for_it),
        cmocka_unit_test(test_without_a_backplane_the_publishers_senders_wait_in_the_end),
        cmocka_unit_test(
            test_a_publisher_that_is_to_finish_keeps_what_it_has_until_there_is_a_backplane),
        cmocka_unit_test(test_who_waits_for_a_backplane_says_so),
        cmocka_unit_test(test_two_generations_of_a_backplane_serve_each_others_subscribers),
        cmocka_unit_test(test_the_end_of_one_generation_leaves_everybody_with_the_other),
        cmocka_unit_test(test_a_fresh_graph_that_is_given_up_takes_nobody_along),
        cmocka_unit_test(test_a_subscriber_with_nothing_waiting_costs_no_turn),
        cmocka_unit_test(test_what_goes_straight_through_is_counted_on_all_of_its_way),
        cmocka_unit_test(test_a_tap_on_any_box_of_the_way_sees_what_passes),
        cmocka_unit_test(test_order_is_kept_when_there_is_room_again),
        cmocka_unit_test(test_a_slow_subscriber_loses_the_oldest_and_holds_nobody_up),
        cmocka_unit_test(test_each_counts_and_the_backplane_has_the_sums),
        cmocka_unit_test(test_with_block_everybody_waits_and_nothing_is_lost),
        cmocka_unit_test(test_a_blocking_subscriber_that_goes_lets_the_others_go_on),
        cmocka_unit_test(test_with_disconnect_the_slow_one_goes),
        cmocka_unit_test(test_the_end_of_a_publisher_leaves_the_backplane_running),
        cmocka_unit_test(
            test_the_end_of_a_backplane_is_that_of_its_subscribers_after_the_last_message),
        cmocka_unit_test(test_a_backplane_that_is_to_finish_gives_what_its_publishers_had),
        cmocka_unit_test(test_a_backplane_that_is_to_finish_does_not_wait_for_what_comes_later),
        cmocka_unit_test(test_a_backplane_that_is_to_finish_does_not_wait_for_one_that_has_gone),
        cmocka_unit_test(test_a_backplane_that_is_to_stop_stops_its_subscribers),
        cmocka_unit_test(test_a_backplane_that_is_restarted_by_hand_keeps_its_subscribers),
        cmocka_unit_test(test_a_subscriber_that_is_to_finish_hears_all_that_had_been_published),
        cmocka_unit_test(test_a_subscriber_that_is_to_stop_stops_at_once),
        cmocka_unit_test(test_who_comes_and_goes_leaves_no_box_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
