/* Boxes and linkages, after the test suite of Axon's Postoffice. */
#include "graph/box.h"

#include <errno.h>

#include "graph/graph.h"
#include "graph/plan.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* Five probes: data is sent by a and b, passes through p and q, and is taken by z. */
struct cast {
    struct scene *scene;
    struct component *a, *b, *p, *q, *z;
};

static void start(struct cast *cast)
{
    cast->scene = scene_start(NULL, "components:\n"
                                    "  a: {type: Probe}\n"
                                    "  b: {type: Probe}\n"
                                    "  p: {type: Probe}\n"
                                    "  q: {type: Probe}\n"
                                    "  z: {type: Probe}\n");
    cast->a = scene_find(cast->scene, "a");
    cast->b = scene_find(cast->scene, "b");
    cast->p = scene_find(cast->scene, "p");
    cast->q = scene_find(cast->scene, "q");
    cast->z = scene_find(cast->scene, "z");
}

static void stop(struct cast *cast)
{
    scene_stop(cast->scene);
}

static struct box *in_box(struct component *component, unsigned index)
{
    return &component_need_inbox(component, index)->box;
}

static struct box *out_box(struct component *component, unsigned index)
{
    return &component_need_outbox(component, index)->box;
}

static void assert_hears(struct cast *cast, struct component *component, unsigned inbox,
                         const char *text)
{
    probe_hears(cast->scene, component, inbox, text);
}

static void assert_silent(struct cast *cast, struct component *component, unsigned inbox)
{
    assert_null(probe_take(cast->scene, component, inbox));
}

/* Bounds an inbox in messages. */
static void bound(struct component *component, unsigned inbox, uint32_t limit,
                  enum when_full policy)
{
    struct inbox *in = component_inbox(component, inbox);

    in->limit = limit;
    in->box.flags = (uint16_t)(in->box.flags & ~BOX_BOUND_BYTES);
    in->box.flags = (uint16_t)(in->box.flags | (unsigned)policy << BOX_POLICY_SHIFT);
}

static uint64_t runs(struct component *component)
{
    return ((struct probe *)component_state(component))->runs;
}

/* ---- linkages ---- */

static void test_what_is_sent_arrives_in_order(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "one");
    probe_send(cast.a, PROBE_OUT0, "two");

    assert_hears(&cast, cast.z, PROBE_IN0, "one");
    assert_hears(&cast, cast.z, PROBE_IN0, "two");
    assert_silent(&cast, cast.z, PROBE_IN0);
    stop(&cast);
}

static void test_an_unlinked_outbox_discards_and_counts(void **context)
{
    struct cast cast;

    start(&cast);
    probe_send(cast.a, PROBE_OUT0, "lost");
    probe_send(cast.a, PROBE_OUT0, "lost");
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);

    assert_int_equal(out_box(cast.a, PROBE_OUT0)->dropped, 2);
    assert_silent(&cast, cast.z, PROBE_IN0); /* a linkage delivers what is sent from then on */
    stop(&cast);
}

static void test_an_outbox_has_one_destination(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);

    assert_int_equal(component_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN1), -EEXIST);
    assert_int_equal(component_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0), -EEXIST);
    probe_send(cast.a, PROBE_OUT0, "x");
    assert_hears(&cast, cast.z, PROBE_IN0, "x");
    stop(&cast);
}

static void test_an_inbox_that_passes_on_has_one_destination(void **context)
{
    struct cast cast;

    start(&cast);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);

    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.q, PROBE_IN0)), -EEXIST);
    stop(&cast);
}

static void test_many_sources_share_an_inbox_in_order_of_arrival(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_link(cast.b, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "a1");
    probe_send(cast.b, PROBE_OUT0, "b1");
    probe_send(cast.a, PROBE_OUT0, "a2");

    assert_hears(&cast, cast.z, PROBE_IN0, "a1");
    assert_hears(&cast, cast.z, PROBE_IN0, "b1");
    assert_hears(&cast, cast.z, PROBE_IN0, "a2");
    stop(&cast);
}

static void test_a_component_may_be_linked_to_itself(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.a, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "round");

    assert_hears(&cast, cast.a, PROBE_IN0, "round");
    stop(&cast);
}

static void test_unlinking_leaves_what_was_delivered(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "before");
    box_unlink(out_box(cast.a, PROBE_OUT0));
    probe_send(cast.a, PROBE_OUT0, "after");

    assert_hears(&cast, cast.z, PROBE_IN0, "before");
    assert_silent(&cast, cast.z, PROBE_IN0);
    assert_int_equal(out_box(cast.a, PROBE_OUT0)->dropped, 1);
    stop(&cast);
}

static void test_unlinking_an_unlinked_box_does_nothing(void **context)
{
    struct cast cast;

    start(&cast);
    box_unlink(out_box(cast.a, PROBE_OUT0));
    box_unlink(in_box(cast.z, PROBE_IN0));

    assert_null(box_next(out_box(cast.a, PROBE_OUT0)));
    stop(&cast);
}

static void test_an_outbox_may_be_linked_again_elsewhere(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    box_unlink(out_box(cast.a, PROBE_OUT0));
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN1);
    probe_send(cast.a, PROBE_OUT0, "x");

    assert_silent(&cast, cast.z, PROBE_IN0);
    assert_hears(&cast, cast.z, PROBE_IN1, "x");
    stop(&cast);
}

static void test_an_inbox_cannot_feed_an_outbox(void **context)
{
    struct cast cast;

    start(&cast);

    assert_int_equal(box_link(in_box(cast.a, PROBE_IN0), out_box(cast.b, PROBE_OUT0)), -EINVAL);
    stop(&cast);
}

/* ---- passthrough ---- */

static void test_an_inbox_passes_on_to_another(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.p, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);
    probe_send(cast.a, PROBE_OUT0, "x");

    assert_silent(&cast, cast.p, PROBE_IN0);
    assert_hears(&cast, cast.z, PROBE_IN0, "x");
    stop(&cast);
}

static void test_an_outbox_is_shown_as_another(void **context)
{
    struct cast cast;

    start(&cast);
    assert_int_equal(box_link(out_box(cast.a, PROBE_OUT0), out_box(cast.p, PROBE_OUT0)), 0);
    probe_send(cast.a, PROBE_OUT0, "lost"); /* p's outbox is not linked yet */
    probe_link(cast.p, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "child's");
    probe_send(cast.p, PROBE_OUT0, "own");

    assert_hears(&cast, cast.z, PROBE_IN0, "child's");
    assert_hears(&cast, cast.z, PROBE_IN0, "own");
    assert_int_equal(out_box(cast.a, PROBE_OUT0)->dropped, 1);
    stop(&cast);
}

/* The linkages of a chain a.out -> p.out -> q.out -> q.in -> p.in -> z.in, by number. */
static void link_of_chain(struct cast *cast, int number)
{
    struct box *const chain[] = {out_box(cast->a, PROBE_OUT0), out_box(cast->p, PROBE_OUT0),
                                 out_box(cast->q, PROBE_OUT0), in_box(cast->q, PROBE_IN0),
                                 in_box(cast->p, PROBE_IN0),   in_box(cast->z, PROBE_IN0)};

    assert_int_equal(box_link(chain[number], chain[number + 1]), 0);
}

static void test_a_chain_resolves_in_whatever_order_it_is_linked(void **context)
{
    int order[5] = {0, 1, 2, 3, 4};
    int tried = 0;

    for (int code = 0; code < 5 * 5 * 5 * 5 * 5; code++) {
        bool seen[5] = {false};
        bool is_order = true;
        struct cast cast;

        for (int i = 0, rest = code; i < 5; i++, rest /= 5) {
            order[i] = rest % 5;
            is_order = is_order && !seen[order[i]];
            seen[order[i]] = true;
        }
        if (!is_order) {
            continue;
        }
        start(&cast);
        for (int i = 0; i < 5; i++) {
            link_of_chain(&cast, order[i]);
        }
        assert_ptr_equal(component_outbox(cast.a, PROBE_OUT0)->sink,
                         component_inbox(cast.z, PROBE_IN0));
        probe_send(cast.a, PROBE_OUT0, "x");
        assert_hears(&cast, cast.z, PROBE_IN0, "x");
        stop(&cast);
        tried++;
    }
    assert_int_equal(tried, 120);
}

static void test_a_loop_of_passthroughs_is_refused(void **context)
{
    struct cast cast;

    start(&cast);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.q, PROBE_IN0)), 0);
    assert_int_equal(box_link(in_box(cast.q, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);

    assert_int_equal(box_link(in_box(cast.z, PROBE_IN0), in_box(cast.p, PROBE_IN0)), -ELOOP);
    assert_int_equal(box_link(in_box(cast.a, PROBE_IN0), in_box(cast.a, PROBE_IN0)), -ELOOP);
    assert_int_equal(box_link(out_box(cast.a, PROBE_OUT0), out_box(cast.b, PROBE_OUT0)), 0);
    assert_int_equal(box_link(out_box(cast.b, PROBE_OUT0), out_box(cast.a, PROBE_OUT0)), -ELOOP);
    stop(&cast);
}

static void test_unlinking_in_the_middle_makes_an_inbox_keep_again(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.p, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.q, PROBE_IN0)), 0);
    assert_int_equal(box_link(in_box(cast.q, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);
    probe_send(cast.a, PROBE_OUT0, "one");
    box_unlink(in_box(cast.p, PROBE_IN0));
    probe_send(cast.a, PROBE_OUT0, "two");

    assert_hears(&cast, cast.z, PROBE_IN0, "one");
    assert_hears(&cast, cast.p, PROBE_IN0, "two");
    assert_int_equal(component_inbox(cast.p, PROBE_IN0)->limit, cast.p->plan->in[PROBE_IN0].limit);
    stop(&cast);
}

static void test_unlinking_in_the_middle_cuts_an_outbox_off(void **context)
{
    struct cast cast;

    start(&cast);
    assert_int_equal(box_link(out_box(cast.a, PROBE_OUT0), out_box(cast.p, PROBE_OUT0)), 0);
    probe_link(cast.p, PROBE_OUT0, cast.z, PROBE_IN0);
    box_unlink(out_box(cast.a, PROBE_OUT0));
    probe_send(cast.a, PROBE_OUT0, "lost");
    probe_send(cast.p, PROBE_OUT0, "own"); /* no longer a passing box, and counts again */

    assert_hears(&cast, cast.z, PROBE_IN0, "own");
    assert_silent(&cast, cast.z, PROBE_IN0);
    assert_int_equal(component_outbox(cast.p, PROBE_OUT0)->messages, 1);
    stop(&cast);
}

static void test_what_waits_moves_on_when_a_chain_grows(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.p, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "one");
    probe_send(cast.a, PROBE_OUT0, "two");
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);
    probe_send(cast.a, PROBE_OUT0, "three");

    assert_hears(&cast, cast.z, PROBE_IN0, "one");
    assert_hears(&cast, cast.z, PROBE_IN0, "two");
    assert_hears(&cast, cast.z, PROBE_IN0, "three");
    stop(&cast);
}

static void test_nothing_is_lost_when_more_waits_than_the_next_inbox_holds(void **context)
{
    struct cast cast;

    start(&cast);
    bound(cast.z, PROBE_IN0, 2, BLOCK);
    probe_link(cast.a, PROBE_OUT0, cast.p, PROBE_IN0);
    for (int i = 0; i < 5; i++) {
        char text[2] = {(char)('0' + i), '\0'};

        probe_send(cast.a, PROBE_OUT0, text);
    }
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);

    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    for (int i = 0; i < 5; i++) {
        char text[2] = {(char)('0' + i), '\0'};

        assert_hears(&cast, cast.z, PROBE_IN0, text);
    }
    stop(&cast);
}

static void test_a_stop_that_waits_moves_on_and_is_heeded(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  p: {type: Probe}\n"
                                            "  echo: {type: EchoProtocol}\n");
    struct component *p = scene_find(scene, "p");
    struct component *echo = scene_find(scene, "echo");

    component_tell(p, SHUTDOWN_MICROPROCESS, NULL, 0);
    assert_int_equal(
        box_link(in_box(p, PROBE_CONTROL), in_box(echo, component_find_inbox(echo, "control"))), 0);
    scene_run(scene);

    assert_true(component_is_over(echo));
    scene_stop(scene);
}

/* ---- bounds ---- */

static void test_only_the_bound_of_the_last_inbox_counts(void **context)
{
    struct cast cast;

    start(&cast);
    bound(cast.p, PROBE_IN0, 1, BLOCK);
    bound(cast.z, PROBE_IN0, 3, BLOCK);
    probe_link(cast.a, PROBE_OUT0, cast.p, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);

    for (int i = 0; i < 3; i++) {
        assert_true(outbox_has_room(cast.a, PROBE_OUT0));
        probe_send(cast.a, PROBE_OUT0, "x");
    }
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    stop(&cast);
}

static void test_a_bound_may_be_in_bytes(void **context)
{
    struct cast cast;
    struct inbox *in;

    start(&cast);
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
    stop(&cast);
}

static void test_a_sender_that_found_no_room_is_run_when_there_is_some(void **context)
{
    struct cast cast;

    start(&cast);
    bound(cast.z, PROBE_IN0, 2, BLOCK);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "one");
    probe_send(cast.a, PROBE_OUT0, "two");
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    scene_run(cast.scene);
    assert_int_equal(runs(cast.a), 0); /* waits without spinning */
    assert_hears(&cast, cast.z, PROBE_IN0, "one");
    scene_run(cast.scene);

    assert_int_equal(runs(cast.a), 1);
    assert_int_equal(runs(cast.b), 0);
    assert_true(outbox_has_room(cast.a, PROBE_OUT0));
    stop(&cast);
}

static void test_a_sender_that_waits_behind_a_chain_is_run_as_well(void **context)
{
    struct cast cast;

    start(&cast);
    bound(cast.z, PROBE_IN0, 1, BLOCK);
    assert_int_equal(box_link(out_box(cast.a, PROBE_OUT0), out_box(cast.p, PROBE_OUT0)), 0);
    probe_link(cast.p, PROBE_OUT0, cast.q, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.q, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);
    probe_send(cast.a, PROBE_OUT0, "x");
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    assert_hears(&cast, cast.z, PROBE_IN0, "x");
    scene_run(cast.scene);

    assert_int_equal(runs(cast.a), 1);
    stop(&cast);
}

static void test_a_sender_is_run_when_its_full_sink_goes(void **context)
{
    struct cast cast;

    start(&cast);
    bound(cast.z, PROBE_IN0, 1, BLOCK);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "x");
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    component_finish(cast.z);
    scene_run(cast.scene);

    assert_int_equal(runs(cast.a), 1);
    assert_true(outbox_has_room(cast.a, PROBE_OUT0));
    stop(&cast);
}

static void test_a_sender_is_run_when_its_full_chain_is_unlinked(void **context)
{
    struct cast cast;

    start(&cast);
    bound(cast.z, PROBE_IN0, 1, BLOCK);
    probe_link(cast.a, PROBE_OUT0, cast.p, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);
    probe_send(cast.a, PROBE_OUT0, "x");
    assert_false(outbox_has_room(cast.a, PROBE_OUT0));
    box_unlink(in_box(cast.p, PROBE_IN0));
    scene_run(cast.scene);

    assert_int_equal(runs(cast.a), 1);
    stop(&cast);
}

static void test_senders_that_wait_are_run_in_turn(void **context)
{
    struct cast cast;
    int first_was_a = 0;

    start(&cast);
    bound(cast.z, PROBE_IN0, 1, BLOCK);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_link(cast.b, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "x");
    for (int i = 0; i < 10; i++) {
        assert_false(outbox_has_room(cast.a, PROBE_OUT0));
        assert_false(outbox_has_room(cast.b, PROBE_OUT0));
        scene_run(cast.scene);
        assert_hears(&cast, cast.z, PROBE_IN0, "x");
        first_was_a += cast.scene->loop->queue.first == cast.a;
        probe_send(cast.scene->loop->queue.first, PROBE_OUT0, "x");
        scene_run(cast.scene);
    }

    assert_int_equal(first_was_a, 5);
    stop(&cast);
}

static void test_drop_newest_drops_what_arrives(void **context)
{
    struct cast cast;

    start(&cast);
    bound(cast.z, PROBE_IN0, 2, DROP_NEWEST);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    for (int i = 0; i < 4; i++) {
        char text[2] = {(char)('0' + i), '\0'};

        assert_true(outbox_has_room(cast.a, PROBE_OUT0));
        probe_send(cast.a, PROBE_OUT0, text);
    }

    assert_hears(&cast, cast.z, PROBE_IN0, "0");
    assert_hears(&cast, cast.z, PROBE_IN0, "1");
    assert_silent(&cast, cast.z, PROBE_IN0);
    assert_int_equal(in_box(cast.z, PROBE_IN0)->dropped, 2);
    stop(&cast);
}

static void test_drop_oldest_drops_what_waits_longest(void **context)
{
    struct cast cast;

    start(&cast);
    bound(cast.z, PROBE_IN0, 2, DROP_OLDEST);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    for (int i = 0; i < 4; i++) {
        char text[2] = {(char)('0' + i), '\0'};

        assert_true(outbox_has_room(cast.a, PROBE_OUT0));
        probe_send(cast.a, PROBE_OUT0, text);
    }

    assert_hears(&cast, cast.z, PROBE_IN0, "2");
    assert_hears(&cast, cast.z, PROBE_IN0, "3");
    assert_silent(&cast, cast.z, PROBE_IN0);
    assert_int_equal(in_box(cast.z, PROBE_IN0)->dropped, 2);
    stop(&cast);
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

    start(&cast);
    component_inbox(cast.z, PROBE_CONTROL)->limit = 1;
    probe_link(cast.a, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    for (int i = 0; i < 100; i++) {
        assert_true(outbox_has_room(cast.a, PROBE_SIGNAL));
        notify(cast.a, SERVER_SHUTDOWN);
    }

    assert_int_equal(component_inbox(cast.z, PROBE_CONTROL)->box.queued, 100);
    stop(&cast);
}

static void test_producer_finished_waits_for_all_senders(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    probe_link(cast.b, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    notify(cast.a, PRODUCER_FINISHED);
    assert_silent(&cast, cast.z, PROBE_CONTROL);
    notify(cast.b, PRODUCER_FINISHED);

    assert_hears(&cast, cast.z, PROBE_CONTROL, "<producerFinished>");
    assert_silent(&cast, cast.z, PROBE_CONTROL);
    stop(&cast);
}

static void test_a_held_producer_finished_comes_when_the_last_sender_goes(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    probe_link(cast.b, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    notify(cast.a, PRODUCER_FINISHED);
    box_unlink(out_box(cast.b, PROBE_SIGNAL));

    assert_hears(&cast, cast.z, PROBE_CONTROL, "<producerFinished>");
    stop(&cast);
}

static void test_a_held_producer_finished_moves_on_when_the_chain_grows(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_SIGNAL, cast.p, PROBE_CONTROL);
    probe_link(cast.b, PROBE_SIGNAL, cast.p, PROBE_CONTROL);
    notify(cast.a, PRODUCER_FINISHED);
    assert_int_equal(box_link(in_box(cast.p, PROBE_CONTROL), in_box(cast.z, PROBE_CONTROL)), 0);
    box_unlink(out_box(cast.b, PROBE_SIGNAL));

    assert_hears(&cast, cast.z, PROBE_CONTROL, "<producerFinished>");
    stop(&cast);
}

static void test_a_stop_waits_for_nobody(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    probe_link(cast.b, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    notify(cast.a, SHUTDOWN_MICROPROCESS);

    assert_hears(&cast, cast.z, PROBE_CONTROL, "<shutdownMicroprocess>");
    assert_true(component_is_told_to_stop(cast.z));
    stop(&cast);
}

static void test_a_chassis_is_no_sender_of_its_own_while_a_child_speaks_for_it(void **context)
{
    struct cast cast;

    start(&cast);
    assert_int_equal(box_link(out_box(cast.a, PROBE_SIGNAL), out_box(cast.p, PROBE_SIGNAL)), 0);
    probe_link(cast.p, PROBE_SIGNAL, cast.z, PROBE_CONTROL);
    notify(cast.a, PRODUCER_FINISHED);
    component_finish(cast.a);
    component_finish(cast.p); /* says nothing more: its child has */

    assert_hears(&cast, cast.z, PROBE_CONTROL, "<producerFinished>");
    assert_silent(&cast, cast.z, PROBE_CONTROL);
    stop(&cast);
}

/* ---- counters ---- */

static void test_boxes_count_what_passes(void **context)
{
    struct cast cast;
    const struct inbox *in;

    start(&cast);
    in = component_inbox(cast.z, PROBE_IN0);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "four");
    probe_send(cast.a, PROBE_OUT0, "seventy");
    assert_hears(&cast, cast.z, PROBE_IN0, "four");

    assert_int_equal(component_outbox(cast.a, PROBE_OUT0)->messages, 2);
    assert_int_equal(component_outbox(cast.a, PROBE_OUT0)->bytes, 11);
    assert_int_equal(in->messages, 2);
    assert_int_equal(in->bytes, 11);
    assert_int_equal(in->box.queued, 1);
    assert_int_equal(in->high_water, 2);
    stop(&cast);
}

static void test_what_waits_in_an_inbox_that_ends_counts_as_dropped(void **context)
{
    struct cast cast;
    struct inbox *in;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "never taken");
    in = component_inbox(cast.z, PROBE_IN0);
    component_finish(cast.z);

    assert_int_equal(in->box.dropped, 1);
    assert_int_equal(in->box.queued, 0);
    stop(&cast);
}

static void test_consuming_takes_bytes_across_messages(void **context)
{
    struct cast cast;

    start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "one");
    probe_send(cast.a, PROBE_OUT0, "two");
    inbox_consume(cast.z, PROBE_IN0, 4);

    assert_hears(&cast, cast.z, PROBE_IN0, "wo");
    assert_int_equal(component_inbox(cast.z, PROBE_IN0)->box.queued_cost, 0);
    stop(&cast);
}

static void test_the_senders_of_an_inbox_are_found_behind_its_chains(void **context)
{
    struct cast cast;
    struct inbox *in;
    struct outbox *out = NULL;
    int found = 0;

    start(&cast);
    in = component_inbox(cast.z, PROBE_IN0);
    probe_link(cast.b, PROBE_OUT0, cast.z, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.q, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);
    probe_link(cast.p, PROBE_OUT0, cast.q, PROBE_IN0);
    assert_int_equal(box_link(out_box(cast.a, PROBE_OUT0), out_box(cast.p, PROBE_OUT0)), 0);
    while ((out = inbox_next_sender(in, out)) != NULL) {
        found += out == component_outbox(cast.a, PROBE_OUT0);
        found += 10 * (out == component_outbox(cast.b, PROBE_OUT0));
        found += 100 * (out == component_outbox(cast.p, PROBE_OUT0));
    }

    assert_int_equal(found, 111);
    stop(&cast);
}

/* ---- at random ---- */

enum { CROWD = 6, KINDS = 3 };

/* The inbox at the end of the linkages, found by walking. */
static struct inbox *walk(const struct outbox *out)
{
    struct box *at = out->next;

    while (at != NULL && box_next(at) != NULL) {
        at = box_next(at);
    }
    return at != NULL && (at->flags & BOX_IS_INBOX) != 0 ? container_of(at, struct inbox, box)
                                                         : NULL;
}

static size_t count_senders(struct inbox *in)
{
    struct outbox *out = NULL;
    size_t count = 0;

    while ((out = inbox_next_sender(in, out)) != NULL) {
        assert_ptr_equal(out->sink, in);
        count++;
    }
    return count;
}

/* Every sink is the end of its chain, every inbox knows those who lead to it, and no message has
 * got lost. */
static void check_crowd(struct component *const *crowd, size_t sent, size_t taken)
{
    size_t leading = 0;
    size_t found = 0;
    size_t waiting = 0;
    size_t discarded = 0;

    for (unsigned i = 0; i < CROWD * KINDS; i++) {
        struct outbox *out = component_outbox(crowd[i / KINDS], i % KINDS);
        struct inbox *in = component_inbox(crowd[i / KINDS], i % KINDS);

        assert_ptr_equal(out->sink, walk(out));
        leading += out->sink != NULL;
        discarded += out->box.dropped;
        if ((in->box.flags & BOX_PASSES) == 0) {
            found += count_senders(in);
            waiting += in->box.queued;
        }
    }
    assert_int_equal(found, leading);
    assert_int_equal(sent, taken + waiting + discarded);
}

static struct box *any_box(struct component *const *crowd, unsigned draw)
{
    struct component *component = crowd[draw % CROWD];
    const unsigned index = draw / CROWD % KINDS;

    return draw / CROWD / KINDS % 2 == 0 ? in_box(component, index) : out_box(component, index);
}

static void test_no_order_of_linking_and_unlinking_breaks_a_chain_or_loses_a_message(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  a: {type: Probe}\n"
                                            "  b: {type: Probe}\n"
                                            "  c: {type: Probe}\n"
                                            "  d: {type: Probe}\n"
                                            "  e: {type: Probe}\n"
                                            "  f: {type: Probe}\n");
    struct component *crowd[CROWD];
    unsigned long long draw = 1;
    size_t linked = 0;
    size_t sent = 0;
    size_t taken = 0;

    for (unsigned i = 0; i < CROWD; i++) {
        crowd[i] = scene_find(scene, (const char[]){(char)('a' + i), '\0'});
    }
    for (int step = 0; step < 20000; step++) {
        unsigned one;
        unsigned other;

        draw = draw * 6364136223846793005ULL + 1442695040888963407ULL;
        one = (unsigned)(draw >> 33) % 1000;
        other = (unsigned)(draw >> 43) % 1000;
        switch (draw >> 60) {
        case 0:
        case 1:
        case 2:
            box_unlink(any_box(crowd, one));
            break;
        case 3:
        case 4:
        case 5:
        case 6:
        case 7:
            linked += box_link(any_box(crowd, one), any_box(crowd, other)) == 0;
            break;
        case 8:
        case 9:
            taken += probe_take(scene, crowd[one % CROWD], other % KINDS) != NULL;
            break;
        default:
            (void)outbox_has_room(crowd[one % CROWD], other % KINDS);
            probe_send(crowd[one % CROWD], other % KINDS, "x");
            sent++;
            break;
        }
        check_crowd(crowd, sent, taken);
    }

    assert_true(linked > 1000);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sent_arrives_in_order),
        cmocka_unit_test(test_an_unlinked_outbox_discards_and_counts),
        cmocka_unit_test(test_an_outbox_has_one_destination),
        cmocka_unit_test(test_an_inbox_that_passes_on_has_one_destination),
        cmocka_unit_test(test_many_sources_share_an_inbox_in_order_of_arrival),
        cmocka_unit_test(test_a_component_may_be_linked_to_itself),
        cmocka_unit_test(test_unlinking_leaves_what_was_delivered),
        cmocka_unit_test(test_unlinking_an_unlinked_box_does_nothing),
        cmocka_unit_test(test_an_outbox_may_be_linked_again_elsewhere),
        cmocka_unit_test(test_an_inbox_cannot_feed_an_outbox),
        cmocka_unit_test(test_an_inbox_passes_on_to_another),
        cmocka_unit_test(test_an_outbox_is_shown_as_another),
        cmocka_unit_test(test_a_chain_resolves_in_whatever_order_it_is_linked),
        cmocka_unit_test(test_a_loop_of_passthroughs_is_refused),
        cmocka_unit_test(test_unlinking_in_the_middle_makes_an_inbox_keep_again),
        cmocka_unit_test(test_unlinking_in_the_middle_cuts_an_outbox_off),
        cmocka_unit_test(test_what_waits_moves_on_when_a_chain_grows),
        cmocka_unit_test(test_nothing_is_lost_when_more_waits_than_the_next_inbox_holds),
        cmocka_unit_test(test_a_stop_that_waits_moves_on_and_is_heeded),
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
        cmocka_unit_test(test_boxes_count_what_passes),
        cmocka_unit_test(test_what_waits_in_an_inbox_that_ends_counts_as_dropped),
        cmocka_unit_test(test_consuming_takes_bytes_across_messages),
        cmocka_unit_test(test_the_senders_of_an_inbox_are_found_behind_its_chains),
        cmocka_unit_test(test_no_order_of_linking_and_unlinking_breaks_a_chain_or_loses_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
