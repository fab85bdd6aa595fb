/* What an inbox holds: its bound, what happens when it is there, and notices, which always fit. */
#include "graph/graph.h"
#include "tests/cast.h"
#include "tests/unit.h"

/* ---- bounds ---- */

static void test_only_the_bound_of_the_last_inbox_counts(void **context)
{
    struct cast cast;

    cast_start(&cast);
    bound(cast.p, PROBE_IN0, 1, BLOCK);
    bound(cast.z, PROBE_IN0, 3, BLOCK);
    probe_link(cast.a, PROBE_OUT0, cast.p, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);

    for (int i = 0; i < 3; i++) {
        assert_true(outbox_has_room(cast.a, PROBE_OUT0));
        probe_send(cast.a, PROBE_OUT0, "x");
    }
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    cast_stop(&cast);
}

static void test_a_bound_may_be_in_bytes(void **context)
{
    struct cast cast;
    struct inbox *in;

    cast_start(&cast);
    in = component_inbox(cast.z, PROBE_IN0);
    in->limit = 1000 + MESSAGE_COST;
    in->box.flags |= BOX_BOUND_BYTES;
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    for (int i = 0; i < 10; i++) {
        assert_true(outbox_has_room(cast.a, PROBE_OUT0));
        probe_send(cast.a, PROBE_OUT0, "0123456789012345678901234567890123456789");
    }

    assert_true(outbox_has_room(cast.a, PROBE_OUT0)); /* ten times 40 + 64 is 1040 */
    probe_send(cast.a, PROBE_OUT0, "0123456789012345678901234567890123456789");
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    cast_stop(&cast);
}

static void test_a_sender_that_found_no_room_is_run_when_there_is_some(void **context)
{
    struct cast cast;

    cast_start(&cast);
    bound(cast.z, PROBE_IN0, 2, BLOCK);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "one");
    probe_send(cast.a, PROBE_OUT0, "two");
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    scene_run(cast.scene);
    assert_int_equal(runs(cast.a), 0); /* waits without spinning */
    cast_hears(&cast, cast.z, PROBE_IN0, "one");
    scene_run(cast.scene);

    assert_int_equal(runs(cast.a), 1);
    assert_int_equal(runs(cast.b), 0);
    assert_true(outbox_has_room(cast.a, PROBE_OUT0));
    cast_stop(&cast);
}

static void test_a_sender_that_waits_behind_a_chain_is_run_as_well(void **context)
{
    struct cast cast;

    cast_start(&cast);
    bound(cast.z, PROBE_IN0, 1, BLOCK);
    assert_int_equal(box_link(out_box(cast.a, PROBE_OUT0), out_box(cast.p, PROBE_OUT0)), 0);
    probe_link(cast.p, PROBE_OUT0, cast.q, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.q, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);
    probe_send(cast.a, PROBE_OUT0, "x");
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    cast_hears(&cast, cast.z, PROBE_IN0, "x");
    scene_run(cast.scene);

    assert_int_equal(runs(cast.a), 1);
    cast_stop(&cast);
}

static void test_a_sender_is_run_when_its_full_sink_goes(void **context)
{
    struct cast cast;

    cast_start(&cast);
    bound(cast.z, PROBE_IN0, 1, BLOCK);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "x");
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    component_finish(cast.z);
    scene_run(cast.scene);

    assert_int_equal(runs(cast.a), 1);
    assert_true(outbox_has_room(cast.a, PROBE_OUT0));
    cast_stop(&cast);
}

static void test_a_sender_is_run_when_its_full_chain_is_unlinked(void **context)
{
    struct cast cast;

    cast_start(&cast);
    bound(cast.z, PROBE_IN0, 1, BLOCK);
    probe_link(cast.a, PROBE_OUT0, cast.p, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);
    probe_send(cast.a, PROBE_OUT0, "x");
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    box_unlink(in_box(cast.p, PROBE_IN0));
    scene_run(cast.scene);

    assert_int_equal(runs(cast.a), 1);
    cast_stop(&cast);
}

static void test_senders_that_wait_are_run_in_turn(void **context)
{
    struct cast cast;
    int first_was_a = 0;

    cast_start(&cast);
    bound(cast.z, PROBE_IN0, 1, BLOCK);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_link(cast.b, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "x");
    for (int i = 0; i < 10; i++) {
        assert_false(outbox_has_room(cast.a, PROBE_OUT0));
        assert_false(outbox_has_room(cast.b, PROBE_OUT0));
        scene_run(cast.scene);
        cast_hears(&cast, cast.z, PROBE_IN0, "x");
        first_was_a += cast.scene->loop->queue.first == cast.a;
        probe_send(cast.scene->loop->queue.first, PROBE_OUT0, "x");
        scene_run(cast.scene);
    }

    assert_int_equal(first_was_a, 5);
    cast_stop(&cast);
}

static void test_drop_newest_drops_what_arrives(void **context)
{
    struct cast cast;

    cast_start(&cast);
    bound(cast.z, PROBE_IN0, 2, DROP_NEWEST);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    for (int i = 0; i < 4; i++) {
        char text[2] = {(char)('0' + i), '\0'};

        assert_true(outbox_has_room(cast.a, PROBE_OUT0));
        probe_send(cast.a, PROBE_OUT0, text);
    }

    cast_hears(&cast, cast.z, PROBE_IN0, "0");
    cast_hears(&cast, cast.z, PROBE_IN0, "1");
    cast_silent(&cast, cast.z, PROBE_IN0);
    assert_int_equal(in_box(cast.z, PROBE_IN0)->dropped, 2);
    cast_stop(&cast);
}

static void test_drop_oldest_drops_what_waits_longest(void **context)
{
    struct cast cast;

    cast_start(&cast);
    bound(cast.z, PROBE_IN0, 2, DROP_OLDEST);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    for (int i = 0; i < 4; i++) {
        char text[2] = {(char)('0' + i), '\0'};

        assert_true(outbox_has_room(cast.a, PROBE_OUT0));
        probe_send(cast.a, PROBE_OUT0, text);
    }

    cast_hears(&cast, cast.z, PROBE_IN0, "2");
    cast_hears(&cast, cast.z, PROBE_IN0, "3");
    cast_silent(&cast, cast.z, PROBE_IN0);
    assert_int_equal(in_box(cast.z, PROBE_IN0)->dropped, 2);
    cast_stop(&cast);
}

static void test_disconnect_ends_the_component_that_is_too_slow(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  a: {type: Probe}\n"
                                            "  echo: {type: EchoProtocol}\n");
    struct component *a = scene_find(scene, "a");
    struct component *echo = scene_find(scene, "echo");
    const unsigned inbox = component_find_inbox(echo, "inbox");

    bound(echo, inbox, 1, DISCONNECT);
    probe_link(a, PROBE_OUT0, echo, inbox);
    probe_send(a, PROBE_OUT0, "fits");
    probe_send(a, PROBE_OUT0, "too much");
    assert_int_equal(in_box(echo, inbox)->dropped, 1);
    scene_run(scene);

    assert_true(component_is_over(echo));
    assert_false(component_is_over(a));
    scene_stop(scene);
}

/* ---- notices ---- */

static void notify(struct component *component, enum message_kind kind)
{
    outbox_notify(component, PROBE_SIGNAL, kind, NULL, 0);
}

static void test_a_control_is_never_full(void **context)
{
    struct cast cast;

    cast_start(&cast);
    component_inbox(cast.z, PROBE_CONTROL)->limit = 1;
    probe_link(cast.a, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    for (int i = 0; i < 100; i++) {
        assert_true(outbox_has_room(cast.a, PROBE_SIGNAL));
        notify(cast.a, SERVER_SHUTDOWN);
    }

    assert_int_equal(component_inbox(cast.z, PROBE_CONTROL)->box.queued, 100);
    cast_stop(&cast);
}

static void test_producer_finished_waits_for_all_senders(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    probe_link(cast.b, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    notify(cast.a, PRODUCER_FINISHED);
    cast_silent(&cast, cast.z, PROBE_CONTROL);
    notify(cast.b, PRODUCER_FINISHED);

    cast_hears(&cast, cast.z, PROBE_CONTROL, "<producerFinished>");
    cast_silent(&cast, cast.z, PROBE_CONTROL);
    cast_stop(&cast);
}

static void test_a_held_producer_finished_comes_when_the_last_sender_goes(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    probe_link(cast.b, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    notify(cast.a, PRODUCER_FINISHED);
    box_unlink(out_box(cast.b, PROBE_SIGNAL));

    cast_hears(&cast, cast.z, PROBE_CONTROL, "<producerFinished>");
    cast_stop(&cast);
}

static void test_a_held_producer_finished_moves_on_when_the_chain_grows(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_SIGNAL, cast.p, PROBE_CONTROL);
    probe_link(cast.b, PROBE_SIGNAL, cast.p, PROBE_CONTROL);
    notify(cast.a, PRODUCER_FINISHED);
    assert_int_equal(box_link(in_box(cast.p, PROBE_CONTROL), in_box(cast.z, PROBE_CONTROL)), 0);
    box_unlink(out_box(cast.b, PROBE_SIGNAL));

    cast_hears(&cast, cast.z, PROBE_CONTROL, "<producerFinished>");
    cast_stop(&cast);
}

static void test_a_stop_waits_for_nobody(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    probe_link(cast.b, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    notify(cast.a, SHUTDOWN_MICROPROCESS);

    cast_hears(&cast, cast.z, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_true(component_is_told_to_stop(cast.z));
    cast_stop(&cast);
}

static void test_a_chassis_is_no_sender_of_its_own_while_a_child_speaks_for_it(void **context)
{
    struct cast cast;

    cast_start(&cast);
    assert_int_equal(box_link(out_box(cast.a, PROBE_SIGNAL), out_box(cast.p, PROBE_SIGNAL)), 0);
    probe_link(cast.p, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    notify(cast.a, PRODUCER_FINISHED);
    component_finish(cast.a);
    component_finish(cast.p); /* says nothing more: its child has */

    cast_hears(&cast, cast.z, PROBE_CONTROL, "<producerFinished>");
    cast_silent(&cast, cast.z, PROBE_CONTROL);
    cast_stop(&cast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_bound_of_the_last_inbox_counts),
        cmocka_unit_test(test_a_bound_may_be_in_bytes),
        cmocka_unit_test(test_a_sender_that_found_no_room_is_run_when_there_is_some),
        cmocka_unit_test(test_a_sender_that_waits_behind_a_chain_is_run_as_well),
        cmocka_unit_test(test_a_sender_is_run_when_its_full_sink_goes),
        cmocka_unit_test(test_a_sender_is_run_when_its_full_chain_is_unlinked),
        cmocka_unit_test(test_senders_that_wait_are_run_in_turn),
        cmocka_unit_test(test_drop_newest_drops_what_arrives),
        cmocka_unit_test(test_drop_oldest_drops_what_waits_longest),
        cmocka_unit_test(test_disconnect_ends_the_component_that_is_too_slow),
        cmocka_unit_test(test_a_control_is_never_full),
        cmocka_unit_test(test_producer_finished_waits_for_all_senders),
        cmocka_unit_test(test_a_held_producer_finished_comes_when_the_last_sender_goes),
        cmocka_unit_test(test_a_held_producer_finished_moves_on_when_the_chain_grows),
        cmocka_unit_test(test_a_stop_waits_for_nobody),
        cmocka_unit_test(test_a_chassis_is_no_sender_of_its_own_while_a_child_speaks_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
