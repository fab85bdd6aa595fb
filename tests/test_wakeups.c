/* Who is run when a message is delivered or taken, after the original's tests of delivery
 * notifications.  The original woke every owner of an outbox on the way; here only those are run
 * who were told that there is no room. */
#include "graph/graph.h"
#include "tests/cast.h"
#include "tests/unit.h"

static void start(struct cast *cast)
{
    cast_start_with(cast, ", boxes: {in0: {size: 2}}");
}

/* a and b, shown by p.out0 as its own, which leads to q.in0, which hands on to z.in0. */
static void start_chain(struct cast *cast)
{
    start(cast);
    assert_int_equal(box_link(out_box(cast->a, PROBE_OUT0), out_box(cast->p, PROBE_OUT0)), 0);
    assert_int_equal(box_link(out_box(cast->b, PROBE_OUT0), out_box(cast->p, PROBE_OUT0)), 0);
    probe_link(cast->p, PROBE_OUT0, cast->q, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast->q, PROBE_IN0), in_box(cast->z, PROBE_IN0)), 0);
}

/* Fills z's inbox, has a and b find no room, and forgets who was run until then. */
static void fill(struct cast *cast)
{
    struct component *all[] = {cast->a, cast->b, cast->p, cast->q, cast->z};

    probe_send(cast->a, PROBE_OUT0, "one");
    probe_send(cast->a, PROBE_OUT0, "two");
    assert_false(outbox_has_room(cast->a, PROBE_OUT0));
    assert_false(outbox_has_room(cast->b, PROBE_OUT0));
    scene_run(cast->scene);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        ((struct probe *)component_state(all[i]))->runs = 0;
    }
}

static void take_all(struct cast *cast)
{
    assert_non_null(probe_take(cast->scene, cast->z, PROBE_IN0));
    assert_non_null(probe_take(cast->scene, cast->z, PROBE_IN0));
    scene_run(cast->scene);
}

static void test_nothing_happens_if_nothing_happens(void **context)
{
    struct cast cast;

    start_chain(&cast);
    scene_run(cast.scene);

    assert_int_equal(cast.scene->loop->turns, 0);
    cast_stop(&cast);
}

static void test_who_is_sent_something_is_run(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "x");
    scene_run(cast.scene);

    assert_int_equal(runs(cast.z), 1);
    cast_stop(&cast);
}

static void test_who_sends_is_not_run_for_it(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "x");
    scene_run(cast.scene);

    assert_int_equal(runs(cast.a), 0);
    cast_stop(&cast);
}

static void test_who_found_room_is_not_run_when_it_is_taken(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    assert_true(outbox_has_room(cast.a, PROBE_OUT0));
    probe_send(cast.a, PROBE_OUT0, "x");
    assert_non_null(probe_take(cast.scene, cast.z, PROBE_IN0));
    scene_run(cast.scene);

    assert_int_equal(runs(cast.a), 0);
    cast_stop(&cast);
}

static void test_of_a_chain_only_the_last_is_run_for_a_delivery(void **context)
{
    struct cast cast;

    start_chain(&cast);
    probe_send(cast.a, PROBE_OUT0, "x");
    scene_run(cast.scene);

    assert_int_equal(runs(cast.z), 1);
    assert_int_equal(cast.scene->loop->turns, 1);
    cast_stop(&cast);
}

static void test_of_a_chain_only_those_who_wait_are_run_for_a_collection(void **context)
{
    struct cast cast;

    start_chain(&cast);
    fill(&cast);
    take_all(&cast);

    assert_int_equal(runs(cast.a), 1);
    assert_int_equal(runs(cast.b), 1);
    assert_int_equal(runs(cast.p), 0); /* shows others' messages, and has none of its own */
    assert_int_equal(runs(cast.q), 0);
    cast_stop(&cast);
}

static void test_who_is_cut_off_is_run_for_that_and_not_for_a_collection(void **context)
{
    struct cast cast;

    start_chain(&cast);
    fill(&cast);
    box_unlink(out_box(cast.a, PROBE_OUT0));
    scene_run(cast.scene);
    assert_int_equal(runs(cast.a), 1); /* to find that there is room: what it sends is discarded */
    take_all(&cast);

    assert_int_equal(runs(cast.a), 1);
    assert_int_equal(runs(cast.b), 1);
    cast_stop(&cast);
}

static void test_who_is_linked_again_waits_anew(void **context)
{
    struct cast cast;

    start_chain(&cast);
    fill(&cast);
    box_unlink(out_box(cast.a, PROBE_OUT0));
    assert_int_equal(box_link(out_box(cast.a, PROBE_OUT0), out_box(cast.p, PROBE_OUT0)), 0);
    scene_run(cast.scene);
    assert_int_equal(runs(cast.a), 1);
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    take_all(&cast);

    assert_int_equal(runs(cast.a), 2);
    cast_stop(&cast);
}

static void test_who_is_linked_later_is_run_if_it_waits(void **context)
{
    struct cast cast;

    start_chain(&cast);
    box_unlink(out_box(cast.b, PROBE_OUT0));
    probe_send(cast.a, PROBE_OUT0, "one");
    probe_send(cast.a, PROBE_OUT0, "two");
    assert_int_equal(box_link(out_box(cast.b, PROBE_OUT0), out_box(cast.p, PROBE_OUT0)), 0);
    assert_false(outbox_has_room(cast.b, PROBE_OUT0));
    take_all(&cast);

    assert_int_equal(runs(cast.b), 1);
    assert_int_equal(runs(cast.a), 0);
    cast_stop(&cast);
}

static void test_all_who_send_to_an_inbox_have_the_same_bound(void **context)
{
    struct cast cast;

    start_chain(&cast);
    probe_link(cast.q, PROBE_OUT1, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "one");
    assert_true(outbox_has_room(cast.b, PROBE_OUT0));
    probe_send(cast.q, PROBE_OUT1, "two");

    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    assert_false(outbox_has_room(cast.b, PROBE_OUT0));
    assert_false(outbox_has_room(cast.p, PROBE_OUT0));
    assert_false(outbox_has_room(cast.q, PROBE_OUT1));
    cast_stop(&cast);
}

static void test_a_bound_in_mid_chain_counts_once_the_chain_is_broken(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.z, PROBE_IN0), in_box(cast.q, PROBE_IN0)), 0);
    for (int i = 0; i < 10; i++) {
        assert_true(outbox_has_room(cast.a, PROBE_OUT0));
        probe_send(cast.a, PROBE_OUT0, "x");
    }
    box_unlink(in_box(cast.z, PROBE_IN0));
    for (int i = 0; i < 2; i++) {
        assert_true(outbox_has_room(cast.a, PROBE_OUT0));
        probe_send(cast.a, PROBE_OUT0, "x");
    }

    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    cast_stop(&cast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_happens_if_nothing_happens),
        cmocka_unit_test(test_who_is_sent_something_is_run),
        cmocka_unit_test(test_who_sends_is_not_run_for_it),
        cmocka_unit_test(test_who_found_room_is_not_run_when_it_is_taken),
        cmocka_unit_test(test_of_a_chain_only_the_last_is_run_for_a_delivery),
        cmocka_unit_test(test_of_a_chain_only_those_who_wait_are_run_for_a_collection),
        cmocka_unit_test(test_who_is_cut_off_is_run_for_that_and_not_for_a_collection),
        cmocka_unit_test(test_who_is_linked_again_waits_anew),
        cmocka_unit_test(test_who_is_linked_later_is_run_if_it_waits),
        cmocka_unit_test(test_all_who_send_to_an_inbox_have_the_same_bound),
        cmocka_unit_test(test_a_bound_in_mid_chain_counts_once_the_chain_is_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
