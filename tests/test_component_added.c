/* Boxes that come and go, after the test suite of Axon's AdaptiveCommsComponent. */
#include <errno.h>

#include "graph/component.h"
#include "graph/graph.h"
#include "graph/inspect.h"
#include "graph/plan.h"
#include "tests/scene.h"
#include "tests/unit.h"

static const struct box_spec data = {
    .name = "name", .carries = ANYTHING, .size = 2, .doc = "for the test"};

struct cast {
    struct scene *scene;
    struct component *a, *z;
};

static struct cast start(void)
{
    struct cast cast = {.scene = scene_start(NULL, "components:\n"
                                                   "  a: {type: Probe}\n"
                                                   "  z: {type: Probe}\n")};

    cast.a = scene_find(cast.scene, "a");
    cast.z = scene_find(cast.scene, "z");
    return cast;
}

static const char *inbox_name(const struct component *component, unsigned index)
{
    return component_inbox_plan(component, index)->spec->name;
}

static const char *outbox_name(const struct component *component, unsigned index)
{
    return component_outbox_plan(component, index)->spec->name;
}

static unsigned count_inboxes(const struct component *component)
{
    unsigned count = 0;

    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX; count++) {
    }
    return count;
}

static unsigned count_outboxes(const struct component *component)
{
    unsigned count = 0;

    for (unsigned i = NO_BOX; (i = component_next_outbox(component, i)) != NO_BOX; count++) {
    }
    return count;
}

static void test_a_component_has_its_tables_boxes_and_no_more(void **context)
{
    struct cast cast = start();

    assert_int_equal(count_inboxes(cast.a), cast.a->plan->inboxes);
    assert_int_equal(count_outboxes(cast.a), cast.a->plan->outboxes);
    assert_null(cast.a->extra);
    scene_stop(cast.scene);
}

static void test_an_added_inbox_has_the_name_that_was_asked_for_and_is_empty(void **context)
{
    struct cast cast = start();

    const unsigned index = component_add_inbox(cast.a, &data, NULL);

    assert_string_equal(inbox_name(cast.a, index), "name");
    assert_int_equal(component_find_inbox(cast.a, "name"), index);
    assert_true(inbox_is_empty(cast.a, index));
    scene_stop(cast.scene);
}

static void test_an_added_outbox_has_the_name_that_was_asked_for(void **context)
{
    struct cast cast = start();

    const unsigned index = component_add_outbox(cast.a, &data, NULL);

    assert_string_equal(outbox_name(cast.a, index), "name");
    assert_int_equal(component_find_outbox(cast.a, "name"), index);
    assert_false(outbox_is_linked(cast.a, index));
    scene_stop(cast.scene);
}

static void test_a_name_that_is_taken_gets_a_number(void **context)
{
    static const struct box_spec like_of_table = {
        .name = "in0", .carries = ANYTHING, .doc = "for the test"};
    struct cast cast = start();

    (void)component_add_inbox(cast.a, &data, NULL);

    assert_string_equal(inbox_name(cast.a, component_add_inbox(cast.a, &data, NULL)), "name#2");
    assert_string_equal(outbox_name(cast.a, component_add_outbox(cast.a, &data, NULL)), "name#3");
    assert_string_equal(inbox_name(cast.a, component_add_inbox(cast.a, &like_of_table, NULL)),
                        "in0#2");
    scene_stop(cast.scene);
}

static void test_a_name_is_not_used_again(void **context)
{
    struct cast cast = start();

    assert_int_equal(component_remove_inbox(cast.a, component_add_inbox(cast.a, &data, NULL)), 0);

    assert_string_equal(inbox_name(cast.a, component_add_inbox(cast.a, &data, NULL)), "name#2");
    scene_stop(cast.scene);
}

static void test_inboxes_come_and_go(void **context)
{
    struct cast cast = start();
    unsigned added[40];

    for (unsigned i = 0; i < 40; i++) {
        added[i] = component_add_inbox(cast.a, &data, NULL);
        assert_int_equal(count_inboxes(cast.a), cast.a->plan->inboxes + i + 1);
    }
    for (unsigned i = 0; i < 40; i++) {
        const unsigned gone = added[(i * 7) % 40];

        assert_int_equal(component_remove_inbox(cast.a, gone), 0);
        assert_null(component_inbox(cast.a, gone));
    }

    assert_int_equal(count_inboxes(cast.a), cast.a->plan->inboxes);
    scene_stop(cast.scene);
}

static void test_outboxes_come_and_go(void **context)
{
    struct cast cast = start();
    unsigned added[40];

    for (unsigned i = 0; i < 40; i++) {
        added[i] = component_add_outbox(cast.a, &data, NULL);
        assert_int_equal(count_outboxes(cast.a), cast.a->plan->outboxes + i + 1);
    }
    for (unsigned i = 0; i < 40; i++) {
        const unsigned gone = added[(i * 7) % 40];

        assert_int_equal(component_remove_outbox(cast.a, gone), 0);
        assert_null(component_outbox(cast.a, gone));
    }

    assert_int_equal(count_outboxes(cast.a), cast.a->plan->outboxes);
    scene_stop(cast.scene);
}

static void test_removing_a_box_that_is_not_there_is_an_error(void **context)
{
    struct cast cast = start();
    const unsigned gone = component_add_inbox(cast.a, &data, NULL);

    assert_int_equal(component_remove_inbox(cast.z, ADDED_BOX), -ENOENT);
    assert_int_equal(component_remove_outbox(cast.a, gone), -ENOENT);
    assert_int_equal(component_remove_inbox(cast.a, gone), 0);
    assert_int_equal(component_remove_inbox(cast.a, gone), -ENOENT);
    scene_stop(cast.scene);
}

static void test_the_boxes_of_a_table_stay(void **context)
{
    struct cast cast = start();

    assert_int_equal(component_remove_inbox(cast.a, PROBE_IN0), -EINVAL);
    assert_int_equal(component_remove_outbox(cast.a, PROBE_SIGNAL), -EINVAL);
    assert_int_equal(count_inboxes(cast.a), cast.a->plan->inboxes);
    scene_stop(cast.scene);
}

static void test_added_boxes_are_linked_like_others(void **context)
{
    struct cast cast = start();
    const unsigned out = component_add_outbox(cast.a, &data, NULL);
    const unsigned in = component_add_inbox(cast.z, &data, NULL);
    const uint64_t runs = ((struct probe *)component_state(cast.z))->runs;

    probe_link(cast.a, out, cast.z, in);
    probe_send(cast.a, out, "one");
    probe_send(cast.a, out, "two");
    assert_false(outbox_has_room(cast.a, out)); /* its bound is that of the spec */
    scene_run(cast.scene);

    assert_int_equal(((struct probe *)component_state(cast.z))->runs, runs + 1);
    assert_string_equal(probe_take(cast.scene, cast.z, in), "one");
    assert_string_equal(probe_take(cast.scene, cast.z, in), "two");
    assert_int_equal(component_outbox(cast.a, out)->messages, 2);
    scene_stop(cast.scene);
}

static void test_a_box_that_goes_is_unlinked_on_both_sides(void **context)
{
    struct cast cast = start();
    const unsigned out = component_add_outbox(cast.a, &data, NULL);
    const unsigned in = component_add_inbox(cast.z, &data, NULL);

    probe_link(cast.a, PROBE_OUT0, cast.z, in);
    probe_link(cast.a, out, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "released with its inbox");
    assert_int_equal(component_remove_inbox(cast.z, in), 0);
    assert_int_equal(component_remove_outbox(cast.a, out), 0);
    probe_send(cast.a, out, "discarded");

    assert_false(outbox_is_linked(cast.a, PROBE_OUT0));
    assert_false(inbox_is_fed(component_inbox(cast.z, PROBE_IN0)));
    assert_int_equal(cast.a->discarded, 1);
    scene_stop(cast.scene);
}

static void test_a_sender_that_waits_is_run_when_the_box_goes(void **context)
{
    struct cast cast = start();
    const unsigned in = component_add_inbox(cast.z, &data, NULL);
    uint64_t runs;

    probe_link(cast.a, PROBE_OUT0, cast.z, in);
    probe_send(cast.a, PROBE_OUT0, "one");
    probe_send(cast.a, PROBE_OUT0, "two");
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    scene_run(cast.scene);
    runs = ((struct probe *)component_state(cast.a))->runs;
    assert_int_equal(component_remove_inbox(cast.z, in), 0);
    scene_run(cast.scene);

    assert_int_equal(((struct probe *)component_state(cast.a))->runs, runs + 1);
    scene_stop(cast.scene);
}

static void test_added_boxes_go_with_their_component(void **context)
{
    struct cast cast = start();
    const unsigned out = component_add_outbox(cast.a, &data, NULL);

    (void)component_add_inbox(cast.a, &data, NULL);
    probe_link(cast.a, out, cast.z, PROBE_IN0);
    component_finish(cast.a);

    assert_false(inbox_is_fed(component_inbox(cast.z, PROBE_IN0)));
    assert_int_equal(count_outboxes(cast.a), cast.a->plan->outboxes);
    scene_stop(cast.scene);
}

static void test_a_component_is_not_finished_while_an_added_inbox_has_messages(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  it: {type: PassThrough}\n");
    struct component *it = scene_find(scene, "it");
    const unsigned in = component_add_inbox(it, &data, NULL);

    inbox_put(component_inbox(it, in), message_copy(&scene->loop->pool, "x", 1));
    component_tell(it, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    assert_false(component_is_over(it));
    assert_int_equal(component_remove_inbox(it, in), 0);
    component_wake(it);
    scene_run(scene);

    assert_true(component_is_over(it));
    scene_stop(scene);
}

static void test_a_box_is_found_by_its_path(void **context)
{
    struct cast cast = start();
    const unsigned in = component_add_inbox(cast.a, &data, NULL);
    const unsigned out = component_add_outbox(cast.a, &data, NULL);
    struct place place;
    char path[BOX_PATH_SIZE];

    assert_int_equal(place_find(cast.scene->loop, "a.name", &place), PLACE_FOUND);
    assert_int_equal(place.box, in);
    assert_true(place.is_inbox);
    assert_int_equal(place_find(cast.scene->loop, "a.name#2", &place), PLACE_FOUND);
    assert_int_equal(place.box, out);
    assert_string_equal(box_full_path(&component_outbox(cast.a, out)->box, path, sizeof(path)),
                        "a.name#2");
    scene_stop(cast.scene);
}

static void test_a_resource_is_found_by_the_box(void **context)
{
    struct cast cast = start();
    int resources[2];
    const unsigned in = component_add_inbox(cast.a, &data, &resources[0]);
    const unsigned out = component_add_outbox(cast.a, &data, &resources[1]);

    assert_ptr_equal(component_inbox_resource(cast.a, in), &resources[0]);
    assert_ptr_equal(component_outbox_resource(cast.a, out), &resources[1]);
    scene_stop(cast.scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_component_has_its_tables_boxes_and_no_more),
        cmocka_unit_test(test_an_added_inbox_has_the_name_that_was_asked_for_and_is_empty),
        cmocka_unit_test(test_an_added_outbox_has_the_name_that_was_asked_for),
        cmocka_unit_test(test_a_name_that_is_taken_gets_a_number),
        cmocka_unit_test(test_a_name_is_not_used_again),
        cmocka_unit_test(test_inboxes_come_and_go),
        cmocka_unit_test(test_outboxes_come_and_go),
        cmocka_unit_test(test_removing_a_box_that_is_not_there_is_an_error),
        cmocka_unit_test(test_the_boxes_of_a_table_stay),
        cmocka_unit_test(test_added_boxes_are_linked_like_others),
        cmocka_unit_test(test_a_box_that_goes_is_unlinked_on_both_sides),
        cmocka_unit_test(test_a_sender_that_waits_is_run_when_the_box_goes),
        cmocka_unit_test(test_added_boxes_go_with_their_component),
        cmocka_unit_test(test_a_component_is_not_finished_while_an_added_inbox_has_messages),
        cmocka_unit_test(test_a_box_is_found_by_its_path),
        cmocka_unit_test(test_a_resource_is_found_by_the_box),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
