/* Backplane, PublishTo and SubscribeTo: what is published, and who hears it. */
#include "graph/graph.h"
#include "graph/inspect.h"
#include "graph/tap.h"
#include "tests/harness.h"
#include "tests/news.h"
#include "tests/unit.h"

/* ---- what is published ---- */

static void test_what_is_published_reaches_all_in_one_order(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);

    news_say(scene, "a", "a1");
    news_say(scene, "b", "b1");
    news_say(scene, "a", "a2");

    for (const char *const *path = (const char *const[]){"y", "z", NULL}; *path != NULL; path++) {
        news_hears(scene, *path, "a1");
        news_hears(scene, *path, "b1");
        news_hears(scene, *path, "a2");
        news_silent(scene, *path);
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

        probe_send(scene_find(scene, "a"), PROBE_OUT0, "0123456789");
        filled = pool->filled;
        scene_run(scene);
        assert_int_equal(pool->filled, filled); /* no more bytes were written */
    }

    assert_in_range(scene->loop->turns - turns, 1, MESSAGES * (SUBSCRIBERS + 3));
    assert_int_equal(news_statistic(scene, "bus", "delivered"), MESSAGES * SUBSCRIBERS);
    assert_int_equal(news_statistic(scene, "s999", "delivered"), MESSAGES);
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

    news_say(scene, "a", "hello");

    news_hears(scene, "y", "hello");
    news_hears(scene, "z", "hello");
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

    news_say(scene, "a", "hello");

    news_silent(scene, "z");
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

/* ---- straight through ---- */

static void test_a_subscriber_with_nothing_waiting_costs_no_turn(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);
    uint64_t turns;

    scene_run(scene);
    turns = scene->loop->turns;
    news_say(scene, "a", "hello");

    assert_int_equal(scene->loop->turns - turns, 4); /* of pa, bus, y, z */
    news_hears(scene, "y", "hello");
    scene_stop(scene);
}

static void test_what_goes_straight_through_is_counted_on_all_of_its_way(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);
    const struct outbox *plug = component_outbox(scene_find(scene, "bus"), ADDED_BOX);
    const struct inbox *in = component_inbox(scene_find(scene, "sy"), 0);
    const struct outbox *out = component_outbox(scene_find(scene, "sy"), 0);
    const struct inbox *sink = component_inbox(scene_find(scene, "y"), PROBE_IN0);

    news_say(scene, "a", "hello");
    news_say(scene, "a", "you");

    assert_int_equal(plug->messages, 2);
    assert_int_equal(plug->bytes, 8);
    assert_int_equal(in->messages, 2);
    assert_int_equal(in->bytes, 8);
    assert_int_equal(out->messages, 2);
    assert_int_equal(out->bytes, 8);
    assert_int_equal(sink->messages, 2);
    assert_int_equal(sink->bytes, 8);
    assert_int_equal(news_statistic(scene, "sy", "delivered"), 2);
    assert_int_equal(news_statistic(scene, "sy", "waiting"), 0);
    assert_int_equal(news_statistic(scene, "bus", "delivered"), 4);
    scene_stop(scene);
}

static void see(void *arg, struct box *box, const struct message *msg)
{
    unsigned *seen = arg;

    *seen += msg != NULL;
}

static void test_a_tap_on_any_box_of_the_way_sees_what_passes(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);
    struct box *boxes[] = {
        &component_outbox(scene_find(scene, "bus"), ADDED_BOX)->box,
        &component_inbox(scene_find(scene, "sy"), 0)->box,
        &component_outbox(scene_find(scene, "sy"), 0)->box,
        &component_inbox(scene_find(scene, "y"), PROBE_IN0)->box,
    };

    for (size_t i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++) {
        unsigned seen = 0;
        struct tap *tap = tap_add(boxes[i], see, &seen);

        news_say(scene, "a", "seen");
        tap_remove(tap);
        news_say(scene, "a", "unseen");

        assert_int_equal(seen, 1);
        news_hears(scene, "y", "seen");
        news_hears(scene, "y", "unseen");
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
        news_say(scene, "a", text); /* the first two go straight through, the others wait */
    }
    text[0] = '0';
    for (int i = 0; i < 5; i++, text[0]++) {
        const char *heard = probe_take(scene, scene_find(scene, "y"), PROBE_IN0);

        assert_non_null(heard);
        assert_string_equal(heard, text);
        /* said while there is room, but before what waits has moved up */
        probe_send(scene_find(scene, "a"), PROBE_OUT0, (const char[]){(char)(text[0] + 5), '\0'});
        scene_run(scene);
    }
    for (int i = 0; i < 5; i++, text[0]++) {
        news_hears(scene, "y", text);
    }
    news_silent(scene, "y");
    scene_stop(scene);
}

/* ---- who is slow ---- */

static void test_a_slow_subscriber_loses_the_oldest_and_holds_nobody_up(void **context)
{
    struct scene *scene = news_start_slow("");

    assert_int_equal(news_say_many(scene, 9), 9);

    assert_int_equal(component_inbox(scene_find(scene, "z"), PROBE_IN0)->box.queued, 9);
    news_hears(scene, "y", "0"); /* it was on its way already */
    news_hears(scene, "y", "7");
    news_hears(scene, "y", "8");
    news_silent(scene, "y");
    scene_stop(scene);
}

static void test_each_counts_and_the_backplane_has_the_sums(void **context)
{
    struct scene *scene = news_start_slow("");

    assert_int_equal(news_say_many(scene, 9), 9);

    assert_int_equal(news_statistic(scene, "sy", "delivered"), 1);
    assert_int_equal(news_statistic(scene, "sy", "waiting"), 2);
    assert_int_equal(news_statistic(scene, "sy", "dropped"), 6);
    assert_int_equal(news_statistic(scene, "bus", "published"), 9);
    assert_int_equal(news_statistic(scene, "bus", "delivered"), 18);
    assert_int_equal(news_statistic(scene, "bus", "dropped"), 6);
    assert_int_equal(news_statistic(scene, "bus", "waiting"), 2);
    component_finish(scene_find(scene, "sy"));
    assert_int_equal(news_statistic(scene, "bus", "waiting"), 0);
    assert_int_equal(news_statistic(scene, "bus", "subscribers"), 1);
    scene_stop(scene);
}

static void test_with_block_everybody_waits_and_nothing_is_lost(void **context)
{
    struct scene *scene = news_start_slow(", when_full: block");
    const int said = news_say_many(scene, 9);

    assert_int_equal(said, 5); /* in y, sy, sy, bus, pa */
    assert_int_equal(component_inbox(scene_find(scene, "z"), PROBE_IN0)->box.queued, 3);
    for (int i = 0; i < said; i++) {
        news_hears(scene, "y", (const char[]){(char)('0' + i), '\0'});
    }

    assert_int_equal(component_inbox(scene_find(scene, "z"), PROBE_IN0)->box.queued, 5);
    assert_true(outbox_has_room(scene_find(scene, "a"), PROBE_OUT0));
    scene_stop(scene);
}

static void test_a_blocking_subscriber_that_goes_lets_the_others_go_on(void **context)
{
    struct scene *scene = news_start_slow(", when_full: block");

    assert_int_equal(news_say_many(scene, 9), 5);
    component_finish(scene_find(scene, "sy"));
    scene_run(scene);

    assert_int_equal(component_inbox(scene_find(scene, "z"), PROBE_IN0)->box.queued, 5);
    scene_stop(scene);
}

static void test_with_disconnect_the_slow_one_goes(void **context)
{
    struct scene *scene = news_start_slow(", when_full: disconnect");

    assert_int_equal(news_say_many(scene, 9), 9);

    assert_true(component_is_over(scene_find(scene, "sy")));
    assert_false(component_is_over(scene_find(scene, "sz")));
    assert_int_equal(component_inbox(scene_find(scene, "z"), PROBE_IN0)->box.queued, 9);
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
        cmocka_unit_test(test_a_subscriber_with_nothing_waiting_costs_no_turn),
        cmocka_unit_test(test_what_goes_straight_through_is_counted_on_all_of_its_way),
        cmocka_unit_test(test_a_tap_on_any_box_of_the_way_sees_what_passes),
        cmocka_unit_test(test_order_is_kept_when_there_is_room_again),
        cmocka_unit_test(test_a_slow_subscriber_loses_the_oldest_and_holds_nobody_up),
        cmocka_unit_test(test_each_counts_and_the_backplane_has_the_sums),
        cmocka_unit_test(test_with_block_everybody_waits_and_nothing_is_lost),
        cmocka_unit_test(test_a_blocking_subscriber_that_goes_lets_the_others_go_on),
        cmocka_unit_test(test_with_disconnect_the_slow_one_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
