/* Chargen. */
#include "tests/harness.h"
#include "tests/unit.h"

static void test_sends_lines_that_each_begin_one_character_later(void **context)
{
    struct harness *h = harness_start("Chargen", NULL);
    const char *text;

    harness_bound(h, "outbox", 1);
    harness_run(h);
    text = harness_heard(h, "outbox");

    assert_memory_equal(
        text, " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n", 74);
    assert_memory_equal(
        text + 74, "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh\r\n",
        74);
    assert_memory_equal(text + 94 * 74, "~ !\"#", 5);
    assert_int_equal(harness_heard_size(h), 95 * 74); /* from here on it repeats */
    harness_stop(h);
}

static void test_sends_a_text_over_and_over(void **context)
{
    struct harness *h = harness_start("Chargen", "{text: Hello World}");

    harness_bound(h, "outbox", 3);
    harness_run(h);

    for (int i = 0; i < 3; i++) {
        assert_string_equal(harness_heard(h, "outbox"), "Hello World");
    }
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
}

static void test_goes_on_as_its_reader_takes_without_malloc_or_copy(void **context)
{
    struct harness *h = harness_start("Chargen", NULL);
    const struct pool *pool = &harness_scene(h)->loop->pool;
    uint64_t mallocs = 0;
    size_t memory = 0;

    harness_bound(h, "outbox", 10);
    for (int i = 0; i < 1000; i++) {
        if (i == 100) {
            mallocs = pool->mallocs;
            memory = pool->memory;
        }
        harness_run(h);
        assert_non_null(harness_heard(h, "outbox"));
    }

    assert_int_equal(pool->mallocs, mallocs);
    assert_int_equal(pool->memory, memory);
    harness_stop(h);
}

static void test_costs_nothing_while_the_way_is_full(void **context)
{
    struct harness *h = harness_start("Chargen", NULL);
    uint64_t turns;

    harness_bound(h, "outbox", 1);
    harness_run(h);
    turns = harness_scene(h)->loop->turns;
    scene_wait_seconds(harness_scene(h), 0.1);

    assert_int_equal(harness_scene(h)->loop->turns, turns);
    harness_stop(h);
}

static void test_costs_nothing_without_a_reader(void **context)
{
    struct scene *scene = scene_start(NULL, "components: {chars: {type: Chargen}}\n");
    uint64_t turns;

    scene_run(scene);
    turns = scene->loop->turns;
    scene_wait_seconds(scene, 0.1);

    assert_int_equal(scene->loop->turns, turns);
    scene_stop(scene);
}

static void test_leaves_others_their_turn(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  chars: {type: Chargen}\n"
                                            "  sink: {type: NullSink}\n"
                                            "  source: {type: DataSource, messages: [a]}\n"
                                            "linkages: [chars -> sink]\n");

    loop_once(scene->loop, false);
    loop_once(scene->loop, false);

    assert_int_equal(scene_find(scene, "source")->state, STOPPED);
    assert_int_equal(scene_find(scene, "chars")->state, RUNNING);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sends_lines_that_each_begin_one_character_later),
        cmocka_unit_test(test_sends_a_text_over_and_over),
        cmocka_unit_test(test_goes_on_as_its_reader_takes_without_malloc_or_copy),
        cmocka_unit_test(test_costs_nothing_while_the_way_is_full),
        cmocka_unit_test(test_costs_nothing_without_a_reader),
        cmocka_unit_test(test_leaves_others_their_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
