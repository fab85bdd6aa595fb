/* Backplane, PublishTo and SubscribeTo: who comes before others, who goes, and what is left. */
#include "graph/error.h"
#include "graph/graph.h"
#include "graph/inspect.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/supervise.h"
#include "tests/news.h"
#include "tests/unit.h"

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

    news_say(scene, "a", "early");
    news_silent(scene, "z");
    assert_string_equal(scene->log,
                        "pa: waits for a Backplane or PlugSplitter \"news\": there is none");
    (void)start_beside(scene, only_backplane);

    news_hears(scene, "z", "early");
    news_say(scene, "a", "late");
    news_hears(scene, "z", "late");
    scene_stop(scene);
}

static void test_without_a_backplane_the_publishers_senders_wait_in_the_end(void **context)
{
    struct scene *scene = scene_start(NULL, without_backplane);
    const uint32_t bound = component_inbox(scene_find(scene, "pa"), 0)->limit;

    for (uint32_t i = 0; i < bound; i++) {
        assert_true(outbox_has_room(scene_find(scene, "a"), PROBE_OUT0));
        news_say(scene, "a", "x");
    }

    assert_false(outbox_has_room(scene_find(scene, "a"), PROBE_OUT0));
    scene_stop(scene);
}

static void
test_a_publisher_that_is_to_finish_keeps_what_it_has_until_there_is_a_backplane(void **context)
{
    struct scene *scene = scene_start(NULL, without_backplane);

    news_say(scene, "a", "last words");
    outbox_notify(scene_find(scene, "a"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    assert_false(component_is_over(scene_find(scene, "pa")));
    (void)start_beside(scene, only_backplane);

    assert_true(component_is_over(scene_find(scene, "pa")));
    news_hears(scene, "z", "last words");
    scene_stop(scene);
}

static void test_who_waits_for_a_backplane_says_so(void **context)
{
    struct scene *scene = scene_start(NULL, without_backplane);
    char text[200];

    assert_true(
        scene_find(scene, "pa")->type->describe(scene_find(scene, "pa"), text, sizeof(text)));
    assert_string_equal(text, "waits for a Backplane or PlugSplitter \"news\": there is none");
    assert_true(
        scene_find(scene, "sz")->type->describe(scene_find(scene, "sz"), text, sizeof(text)));
    (void)start_beside(scene, only_backplane);

    assert_false(
        scene_find(scene, "pa")->type->describe(scene_find(scene, "pa"), text, sizeof(text)));
    assert_false(
        scene_find(scene, "sz")->type->describe(scene_find(scene, "sz"), text, sizeof(text)));
    scene_stop(scene);
}

static void test_two_generations_of_a_backplane_serve_each_others_subscribers(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);
    struct graph *fresh = start_beside(scene, news_text);
    struct component *new_a = in(fresh, "a");
    struct component *new_z = in(fresh, "z");

    probe_send(new_a, PROBE_OUT0, "from the new");
    scene_run(scene);
    news_say(scene, "a", "from the old");

    news_hears(scene, "z", "from the new");
    news_hears(scene, "z", "from the old");
    assert_string_equal(probe_take(scene, new_z, PROBE_IN0), "from the new");
    assert_string_equal(probe_take(scene, new_z, PROBE_IN0), "from the old");
    assert_int_equal(news_statistic(scene, "bus", "subscribers"), 4);
    graph_destroy(fresh);
    scene_stop(scene);
}

static void test_the_end_of_one_generation_leaves_everybody_with_the_other(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);
    struct graph *fresh = start_beside(scene, news_text);

    component_tell(in(fresh, "bus"), SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);
    assert_true(component_is_over(in(fresh, "bus")));
    assert_false(component_is_over(in(fresh, "sz")));
    probe_send(in(fresh, "a"), PROBE_OUT0, "still heard");
    scene_run(scene);

    news_hears(scene, "z", "still heard");
    assert_string_equal(probe_take(scene, in(fresh, "z"), PROBE_IN0), "still heard");
    graph_destroy(fresh);
    scene_stop(scene);
}

static void test_a_fresh_graph_that_is_given_up_takes_nobody_along(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);

    graph_destroy(start_beside(scene, news_text));
    scene_run(scene);
    news_say(scene, "a", "hello");

    news_hears(scene, "z", "hello");
    assert_int_equal(news_statistic(scene, "bus", "subscribers"), 2);
    scene_stop(scene);
}

/* ---- ends ---- */

static void test_the_end_of_a_publisher_leaves_the_backplane_running(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);

    news_say(scene, "a", "last");
    outbox_notify(scene_find(scene, "a"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_true(component_is_over(scene_find(scene, "pa")));
    assert_false(component_is_over(scene_find(scene, "bus")));
    news_say(scene, "b", "goes on");
    news_hears(scene, "z", "last");
    news_hears(scene, "z", "goes on");
    scene_stop(scene);
}

static void
test_the_end_of_a_backplane_is_that_of_its_subscribers_after_the_last_message(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);

    probe_send(scene_find(scene, "a"), PROBE_OUT0, "last");
    scene_run(scene);
    component_tell(scene_find(scene, "bus"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_true(component_is_over(scene_find(scene, "sy")));
    assert_true(component_is_over(scene_find(scene, "sz")));
    news_hears(scene, "y", "last");
    assert_string_equal(probe_take(scene, scene_find(scene, "y"), PROBE_CONTROL),
                        "<producerFinished>");
    assert_false(component_is_over(scene_find(scene, "pa"))); /* there may be another one day */
    scene_stop(scene);
}

static void test_a_backplane_that_is_to_finish_gives_what_its_publishers_had(void **context)
{
    struct scene *scene = news_start_slow(", when_full: block");
    const int said = news_say_many(scene, 9);

    component_tell(scene_find(scene, "bus"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    for (int i = 0; i < said; i++) {
        news_hears(scene, "y", (const char[]){(char)('0' + i), '\0'});
    }

    assert_true(component_is_over(scene_find(scene, "bus")));
    assert_true(component_is_over(scene_find(scene, "sy")));
    news_say(scene, "a", "too late");
    news_silent(scene, "y");
    scene_stop(scene);
}

static void test_a_backplane_that_is_to_finish_does_not_wait_for_what_comes_later(void **context)
{
    struct scene *scene = news_start_slow(", when_full: block");
    const int said = news_say_many(scene, 9);

    component_tell(scene_find(scene, "bus"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    for (int i = 0; i < said; i++) {
        news_hears(scene, "y", (const char[]){(char)('0' + i), '\0'});
        if (outbox_has_room(scene_find(scene, "a"), PROBE_OUT0)) {
            news_say(scene, "a", "later"); /* there is always something to come */
        }
    }

    assert_true(component_is_over(scene_find(scene, "bus")));
    scene_stop(scene);
}

static void test_a_backplane_that_is_to_finish_does_not_wait_for_one_that_has_gone(void **context)
{
    struct scene *scene = news_start_slow(", when_full: block");

    assert_int_equal(news_say_many(scene, 9), 5);
    component_tell(scene_find(scene, "bus"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    component_finish(scene_find(scene, "pa"));
    for (int i = 0; i < 4; i++) {
        news_hears(scene, "y", (const char[]){(char)('0' + i), '\0'});
    }

    assert_true(component_is_over(scene_find(scene, "bus")));
    scene_stop(scene);
}

static void test_a_backplane_that_is_to_stop_stops_its_subscribers(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);

    component_tell(scene_find(scene, "bus"), SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);

    assert_true(component_is_over(scene_find(scene, "sy")));
    assert_string_equal(probe_take(scene, scene_find(scene, "y"), PROBE_CONTROL),
                        "<shutdownMicroprocess>");
    scene_stop(scene);
}

static void test_a_backplane_that_is_restarted_by_hand_keeps_its_subscribers(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);

    probe_send(scene_find(scene, "a"), PROBE_OUT0,
               "before"); /* and waits for the Backplane's turn */
    assert_int_equal(component_restart(scene_find(scene, "bus")), 0);
    scene_run(scene);
    news_say(scene, "b", "after");

    assert_int_equal(scene_find(scene, "sy")->state, RUNNING);
    news_hears(scene, "y", "before");
    news_hears(scene, "y", "after");
    news_hears(scene, "z", "before");
    news_hears(scene, "z", "after");
    assert_int_equal(news_statistic(scene, "bus", "subscribers"), 2);
    scene_stop(scene);
}

static void test_a_subscriber_that_is_to_finish_hears_all_that_had_been_published(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);
    struct component *publisher = scene_find(scene, "pa");

    probe_send(scene_find(scene, "a"), PROBE_OUT0, "before");
    publisher->type->run(publisher); /* it is in the backplane's inbox now */
    component_tell(scene_find(scene, "sz"), PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    news_say(scene, "a", "after");

    assert_true(component_is_over(scene_find(scene, "sz")));
    news_hears(scene, "z", "before");
    news_silent(scene, "z");
    scene_stop(scene);
}

static void test_a_subscriber_that_is_to_stop_stops_at_once(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);

    probe_send(scene_find(scene, "a"), PROBE_OUT0, "not heard");
    component_tell(scene_find(scene, "sz"), SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);

    assert_true(component_is_over(scene_find(scene, "sz")));
    news_silent(scene, "z");
    news_hears(scene, "y", "not heard");
    scene_stop(scene);
}

static void test_who_comes_and_goes_leaves_no_box_behind(void **context)
{
    struct scene *scene = scene_start(NULL, news_text);
    struct component *bus = scene_find(scene, "bus");
    unsigned count = 0;

    for (int i = 0; i < 100; i++) {
        struct graph *beside = start_beside(scene, without_backplane);

        assert_int_equal(news_statistic(scene, "bus", "subscribers"), 3);
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
        cmocka_unit_test(test_what_is_published_before_there_is_a_backplane_waits_for_it),
        cmocka_unit_test(test_without_a_backplane_the_publishers_senders_wait_in_the_end),
        cmocka_unit_test(
            test_a_publisher_that_is_to_finish_keeps_what_it_has_until_there_is_a_backplane),
        cmocka_unit_test(test_who_waits_for_a_backplane_says_so),
        cmocka_unit_test(test_two_generations_of_a_backplane_serve_each_others_subscribers),
        cmocka_unit_test(test_the_end_of_one_generation_leaves_everybody_with_the_other),
        cmocka_unit_test(test_a_fresh_graph_that_is_given_up_takes_nobody_along),
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
