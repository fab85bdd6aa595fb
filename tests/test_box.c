/* Boxes and linkages, after the test suite of Axon's Postoffice. */
#include "graph/box.h"

#include <errno.h>

#include "graph/graph.h"
#include "graph/plan.h"
#include "tests/cast.h"
#include "tests/unit.h"

/* ---- linkages ---- */

static void test_what_is_sent_arrives_in_order(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "one");
    probe_send(cast.a, PROBE_OUT0, "two");

    cast_hears(&cast, cast.z, PROBE_IN0, "one");
    cast_hears(&cast, cast.z, PROBE_IN0, "two");
    cast_silent(&cast, cast.z, PROBE_IN0);
    cast_stop(&cast);
}

static void test_an_unlinked_outbox_discards_and_counts(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_send(cast.a, PROBE_OUT0, "lost");
    probe_send(cast.a, PROBE_OUT0, "lost");
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);

    assert_int_equal(out_box(cast.a, PROBE_OUT0)->dropped, 2);
    cast_silent(&cast, cast.z, PROBE_IN0); /* a linkage delivers what is sent from then on */
    cast_stop(&cast);
}

static void test_an_outbox_has_one_destination(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);

    assert_int_equal(component_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN1), -EEXIST);
    assert_int_equal(component_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0), -EEXIST);
    probe_send(cast.a, PROBE_OUT0, "x");
    cast_hears(&cast, cast.z, PROBE_IN0, "x");
    cast_stop(&cast);
}

static void test_an_inbox_that_passes_on_has_one_destination(void **context)
{
    struct cast cast;

    cast_start(&cast);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);

    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.q, PROBE_IN0)), -EEXIST);
    cast_stop(&cast);
}

static void test_many_sources_share_an_inbox_in_order_of_arrival(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_link(cast.b, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "a1");
    probe_send(cast.b, PROBE_OUT0, "b1");
    probe_send(cast.a, PROBE_OUT0, "a2");

    cast_hears(&cast, cast.z, PROBE_IN0, "a1");
    cast_hears(&cast, cast.z, PROBE_IN0, "b1");
    cast_hears(&cast, cast.z, PROBE_IN0, "a2");
    cast_stop(&cast);
}

static void test_a_component_may_be_linked_to_itself(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.a, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "round");

    cast_hears(&cast, cast.a, PROBE_IN0, "round");
    cast_stop(&cast);
}

static void test_unlinking_leaves_what_was_delivered(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "before");
    box_unlink(out_box(cast.a, PROBE_OUT0));
    probe_send(cast.a, PROBE_OUT0, "after");

    cast_hears(&cast, cast.z, PROBE_IN0, "before");
    cast_silent(&cast, cast.z, PROBE_IN0);
    assert_int_equal(out_box(cast.a, PROBE_OUT0)->dropped, 1);
    cast_stop(&cast);
}

static void test_unlinking_an_unlinked_box_does_nothing(void **context)
{
    struct cast cast;

    cast_start(&cast);
    box_unlink(out_box(cast.a, PROBE_OUT0));
    box_unlink(in_box(cast.z, PROBE_IN0));

    assert_null(box_next(out_box(cast.a, PROBE_OUT0)));
    cast_stop(&cast);
}

static void test_an_outbox_may_be_linked_again_elsewhere(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    box_unlink(out_box(cast.a, PROBE_OUT0));
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN1);
    probe_send(cast.a, PROBE_OUT0, "x");

    cast_silent(&cast, cast.z, PROBE_IN0);
    cast_hears(&cast, cast.z, PROBE_IN1, "x");
    cast_stop(&cast);
}

static void test_an_inbox_cannot_feed_an_outbox(void **context)
{
    struct cast cast;

    cast_start(&cast);

    assert_int_equal(box_link(in_box(cast.a, PROBE_IN0), out_box(cast.b, PROBE_OUT0)), -EINVAL);
    cast_stop(&cast);
}

/* ---- passthrough ---- */

static void test_an_inbox_passes_on_to_another(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.p, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);
    probe_send(cast.a, PROBE_OUT0, "x");

    cast_silent(&cast, cast.p, PROBE_IN0);
    cast_hears(&cast, cast.z, PROBE_IN0, "x");
    cast_stop(&cast);
}

static void test_an_outbox_is_shown_as_another(void **context)
{
    struct cast cast;

    cast_start(&cast);
    assert_int_equal(box_link(out_box(cast.a, PROBE_OUT0), out_box(cast.p, PROBE_OUT0)), 0);
    probe_send(cast.a, PROBE_OUT0, "lost"); /* p's outbox is not linked yet */
    probe_link(cast.p, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "child's");
    probe_send(cast.p, PROBE_OUT0, "own");

    cast_hears(&cast, cast.z, PROBE_IN0, "child's");
    cast_hears(&cast, cast.z, PROBE_IN0, "own");
    assert_int_equal(out_box(cast.a, PROBE_OUT0)->dropped, 1);
    cast_stop(&cast);
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
        cast_start(&cast);
        for (int i = 0; i < 5; i++) {
            link_of_chain(&cast, order[i]);
        }
        assert_ptr_equal(component_outbox(cast.a, PROBE_OUT0)->sink,
                         component_inbox(cast.z, PROBE_IN0));
        probe_send(cast.a, PROBE_OUT0, "x");
        cast_hears(&cast, cast.z, PROBE_IN0, "x");
        cast_stop(&cast);
        tried++;
    }
    assert_int_equal(tried, 120);
}

static void test_a_loop_of_passthroughs_is_refused(void **context)
{
    struct cast cast;

    cast_start(&cast);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.q, PROBE_IN0)), 0);
    assert_int_equal(box_link(in_box(cast.q, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);

    assert_int_equal(box_link(in_box(cast.z, PROBE_IN0), in_box(cast.p, PROBE_IN0)), -ELOOP);
    assert_int_equal(box_link(in_box(cast.a, PROBE_IN0), in_box(cast.a, PROBE_IN0)), -ELOOP);
    assert_int_equal(box_link(out_box(cast.a, PROBE_OUT0), out_box(cast.b, PROBE_OUT0)), 0);
    assert_int_equal(box_link(out_box(cast.b, PROBE_OUT0), out_box(cast.a, PROBE_OUT0)), -ELOOP);
    cast_stop(&cast);
}

static void test_unlinking_in_the_middle_makes_an_inbox_keep_again(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.p, PROBE_IN0);
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.q, PROBE_IN0)), 0);
    assert_int_equal(box_link(in_box(cast.q, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);
    probe_send(cast.a, PROBE_OUT0, "one");
    box_unlink(in_box(cast.p, PROBE_IN0));
    probe_send(cast.a, PROBE_OUT0, "two");

    cast_hears(&cast, cast.z, PROBE_IN0, "one");
    cast_hears(&cast, cast.p, PROBE_IN0, "two");
    assert_int_equal(component_inbox(cast.p, PROBE_IN0)->limit, cast.p->plan->in[PROBE_IN0].limit);
    cast_stop(&cast);
}

static void test_unlinking_in_the_middle_cuts_an_outbox_off(void **context)
{
    struct cast cast;

    cast_start(&cast);
    assert_int_equal(box_link(out_box(cast.a, PROBE_OUT0), out_box(cast.p, PROBE_OUT0)), 0);
    probe_link(cast.p, PROBE_OUT0, cast.z, PROBE_IN0);
    box_unlink(out_box(cast.a, PROBE_OUT0));
    probe_send(cast.a, PROBE_OUT0, "lost");
    probe_send(cast.p, PROBE_OUT0, "own"); /* no longer a passing box, and counts again */

    cast_hears(&cast, cast.z, PROBE_IN0, "own");
    cast_silent(&cast, cast.z, PROBE_IN0);
    assert_int_equal(component_outbox(cast.p, PROBE_OUT0)->messages, 1);
    cast_stop(&cast);
}

static void test_what_waits_moves_on_when_a_chain_grows(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.p, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "one");
    probe_send(cast.a, PROBE_OUT0, "two");
    assert_int_equal(box_link(in_box(cast.p, PROBE_IN0), in_box(cast.z, PROBE_IN0)), 0);
    probe_send(cast.a, PROBE_OUT0, "three");

    cast_hears(&cast, cast.z, PROBE_IN0, "one");
    cast_hears(&cast, cast.z, PROBE_IN0, "two");
    cast_hears(&cast, cast.z, PROBE_IN0, "three");
    cast_stop(&cast);
}

static void test_nothing_is_lost_when_more_waits_than_the_next_inbox_holds(void **context)
{
    struct cast cast;

    cast_start(&cast);
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

        cast_hears(&cast, cast.z, PROBE_IN0, text);
    }
    cast_stop(&cast);
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

/* ---- counters ---- */

static void test_boxes_count_what_passes(void **context)
{
    struct cast cast;
    const struct inbox *in;

    cast_start(&cast);
    in = component_inbox(cast.z, PROBE_IN0);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "four");
    probe_send(cast.a, PROBE_OUT0, "seventy");
    cast_hears(&cast, cast.z, PROBE_IN0, "four");

    assert_int_equal(component_outbox(cast.a, PROBE_OUT0)->messages, 2);
    assert_int_equal(component_outbox(cast.a, PROBE_OUT0)->bytes, 11);
    assert_int_equal(in->messages, 2);
    assert_int_equal(in->bytes, 11);
    assert_int_equal(in->box.queued, 1);
    assert_int_equal(in->high_water, 2);
    cast_stop(&cast);
}

static void test_what_waits_in_an_inbox_that_ends_counts_as_dropped(void **context)
{
    struct cast cast;
    struct inbox *in;

    cast_start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "never taken");
    in = component_inbox(cast.z, PROBE_IN0);
    component_finish(cast.z);

    assert_int_equal(in->box.dropped, 1);
    assert_int_equal(in->box.queued, 0);
    cast_stop(&cast);
}

static void test_consuming_takes_bytes_across_messages(void **context)
{
    struct cast cast;

    cast_start(&cast);
    probe_link(cast.a, PROBE_OUT0, cast.z, PROBE_IN0);
    probe_send(cast.a, PROBE_OUT0, "one");
    probe_send(cast.a, PROBE_OUT0, "two");
    inbox_consume(cast.z, PROBE_IN0, 4);

    cast_hears(&cast, cast.z, PROBE_IN0, "wo");
    assert_int_equal(component_inbox(cast.z, PROBE_IN0)->box.queued_cost, 0);
    cast_stop(&cast);
}

static void test_the_senders_of_an_inbox_are_found_behind_its_chains(void **context)
{
    struct cast cast;
    struct inbox *in;
    struct outbox *out = NULL;
    int found = 0;

    cast_start(&cast);
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
    cast_stop(&cast);
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
        cmocka_unit_test(test_boxes_count_what_passes),
        cmocka_unit_test(test_what_waits_in_an_inbox_that_ends_counts_as_dropped),
        cmocka_unit_test(test_consuming_takes_bytes_across_messages),
        cmocka_unit_test(test_the_senders_of_an_inbox_are_found_behind_its_chains),
        cmocka_unit_test(test_no_order_of_linking_and_unlinking_breaks_a_chain_or_loses_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
