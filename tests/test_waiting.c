/* Lines before full inboxes: who waits is served in order, and each message costs the same however
 * many wait. */
#include "graph/waiting.h"

#include <stdlib.h>

#include "graph/graph.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* Sends as much as it may, until it has sent enough. */
struct sender {
    uint64_t left;
    uint64_t sent;
    bool is_idle; /* asks for room, and then has nothing to send */
};

enum { OUTBOX, SIGNAL };

static void sender_run(struct component *self)
{
    struct sender *sender = component_state(self);

    while (sender->left > 0 && outbox_has_room(self, OUTBOX) && !sender->is_idle) {
        probe_send(self, OUTBOX, "0123456789");
        sender->sent++;
        sender->left--;
    }
}

static const struct box_spec sender_inboxes[] = {
    {.name = "control", .carries = NOTICES, .doc = "stop"},
    {0},
};
static const struct box_spec sender_outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "messages"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "stopped"},
    {0},
};
static const struct component_type sender_type = {
    .name = "Sender",
    .summary = "sends as much as it may",
    .size = sizeof(struct sender),
    .inboxes = sender_inboxes,
    .outboxes = sender_outboxes,
    .run = sender_run,
};

/* One that sends on for ten. */
enum { SENT_ON_FOR = 10 };

static unsigned stands_for_ten(const struct component *self)
{
    return SENT_ON_FOR;
}

static const struct component_type deputy_type = {
    .name = "Deputy",
    .summary = "sends for others",
    .size = sizeof(struct sender),
    .inboxes = sender_inboxes,
    .outboxes = sender_outboxes,
    .run = sender_run,
    .stands_for = stands_for_ten,
};

static const struct component_type *const types[] = {&sender_type, &deputy_type, NULL};

struct crowd {
    struct scene *scene;
    struct component *sink; /* in0 is the inbox */
    struct component **senders;
    unsigned count;
};

/* Senders, each linked to the sink and not yet run; the first so many are deputies. */
static struct crowd gather_with(unsigned deputies, unsigned count, const char *size)
{
    struct crowd crowd = {.count = count};
    const size_t room = 64 * (size_t)count + 256;
    char *yaml = mem_alloc(room);
    size_t used = 0;

    used += (size_t)snprintf(yaml, room,
                             "components:\n"
                             "  sink: {type: Probe, boxes: {in0: {size: %s}}}\n"
                             "  chassis: {type: Probe}\n",
                             size);
    for (unsigned i = 0; i < count; i++) {
        used += (size_t)snprintf(yaml + used, room - used, "  s%u: {type: %s}\n", i,
                                 i < deputies ? "Deputy" : "Sender");
    }
    crowd.scene = scene_start(types, yaml);
    crowd.sink = scene_find(crowd.scene, "sink");
    crowd.senders = mem_alloc(count * sizeof(struct component *));
    for (unsigned i = 0; i < count; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "s%u", i);
        crowd.senders[i] = scene_find(crowd.scene, name);
        probe_link(crowd.senders[i], OUTBOX, crowd.sink, PROBE_IN0);
    }
    free(yaml);
    return crowd;
}

static struct crowd gather(unsigned count, const char *size)
{
    return gather_with(0, count, size);
}

static void disperse(struct crowd *crowd)
{
    free(crowd->senders);
    scene_stop(crowd->scene);
}

static struct sender *sender(const struct crowd *crowd, unsigned index)
{
    return component_state(crowd->senders[index]);
}

static const struct inbox *inbox(const struct crowd *crowd)
{
    return component_inbox(crowd->sink, PROBE_IN0);
}

/* Gives a sender something to send, and runs it. */
static void let_send(struct crowd *crowd, unsigned index, uint64_t messages)
{
    sender(crowd, index)->left += messages;
    component_wake(crowd->senders[index]);
    scene_run(crowd->scene);
}

/* Takes so many messages, one after another, and lets the others do what they can each time. */
static unsigned take(struct crowd *crowd, unsigned most)
{
    unsigned taken = 0;

    while (taken < most && probe_take(crowd->scene, crowd->sink, PROBE_IN0) != NULL) {
        taken++;
        scene_run(crowd->scene);
    }
    return taken;
}

static void assert_nobody_waits(const struct crowd *crowd)
{
    assert_null(inbox(crowd)->waiting);
    assert_int_equal(inbox(crowd)->box.flags & BOX_AWAITED, 0);
    for (unsigned i = 0; i < crowd->count; i++) {
        if (!component_is_over(crowd->senders[i])) {
            assert_int_equal(component_outbox(crowd->senders[i], OUTBOX)->box.flags & BOX_WAITING,
                             0);
        }
    }
}

static void test_two_thousand_senders_that_share_an_inbox_get_on_equally(void **context)
{
    enum { SENDERS = 2000, EACH = 30 };
    struct crowd crowd = gather(SENDERS, "10");
    const uint64_t turns_before = crowd.scene->loop->turns;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    uint64_t turns;

    for (unsigned i = 0; i < SENDERS; i++) {
        sender(&crowd, i)->left = EACH;
        component_wake(crowd.senders[i]);
    }
    scene_run(crowd.scene);
    assert_int_equal(take(&crowd, SENDERS * EACH / 2), SENDERS * EACH / 2);
    for (unsigned i = 0; i < SENDERS; i++) {
        least = sender(&crowd, i)->sent < least ? sender(&crowd, i)->sent : least;
        most = sender(&crowd, i)->sent > most ? sender(&crowd, i)->sent : most;
    }
    assert_in_range(least, EACH / 2 - 10, EACH / 2);
    assert_in_range(most, EACH / 2, EACH / 2 + 10);
    assert_int_equal(take(&crowd, UINT32_MAX), SENDERS * EACH / 2);

    turns = crowd.scene->loop->turns - turns_before;
    assert_in_range(turns, SENDERS, 3 * SENDERS * EACH);
    assert_nobody_waits(&crowd);
    disperse(&crowd);
}

/* Deputies with much to send, and senders that send so much at a time: they get on alike, more or
 * less, since who waits is counted and not who will come again. */
static void share_with_deputies(unsigned deputies, unsigned senders, uint64_t of_a_sender)
{
    const unsigned count = deputies + senders;
    struct crowd crowd = gather_with(deputies, count, "20");
    uint64_t sent = 0;

    for (unsigned i = 0; i < count; i++) {
        let_send(&crowd, i, i < deputies ? 1000000 : of_a_sender);
    }
    for (unsigned round = 0; round < 400; round++) {
        for (unsigned i = deputies; i < count; i++) {
            if (sender(&crowd, i)->left == 0) {
                let_send(&crowd, i, of_a_sender);
            }
        }
        (void)take(&crowd, count);
    }

    for (unsigned i = deputies; i < count; i++) {
        sent += sender(&crowd, i)->sent;
    }
    for (unsigned i = 0; i < deputies; i++) {
        assert_in_range(sender(&crowd, i)->sent, SENT_ON_FOR * sent / senders / 2,
                        SENT_ON_FOR * sent / senders * 2);
    }
    disperse(&crowd);
}

static void test_a_deputy_gets_as_much_as_those_it_stands_for_would(void **context)
{
    share_with_deputies(1, 30, 1000000);
    share_with_deputies(1, 30, 1);
    share_with_deputies(2, 30, 1000000);
    share_with_deputies(1, 2, 1000000);
}

static void test_a_bound_in_bytes_is_shared_as_equally(void **context)
{
    enum { SENDERS = 500, EACH = 80, ROOM = 14 };
    struct crowd crowd = gather(SENDERS, "1KiB"); /* of which a message takes 74 */
    const uint64_t turns_before = crowd.scene->loop->turns;

    for (unsigned i = 0; i < SENDERS; i++) {
        sender(&crowd, i)->left = EACH;
        component_wake(crowd.senders[i]);
    }
    scene_run(crowd.scene);
    (void)take(&crowd, SENDERS * EACH / 2);
    for (unsigned i = 0; i < SENDERS; i++) {
        assert_in_range(sender(&crowd, i)->sent, EACH / 2 - ROOM, EACH / 2 + ROOM);
    }
    assert_int_equal(take(&crowd, UINT32_MAX), SENDERS * EACH / 2);

    assert_in_range(crowd.scene->loop->turns - turns_before, SENDERS, 3 * SENDERS * EACH);
    assert_nobody_waits(&crowd);
    disperse(&crowd);
}

static void test_who_comes_later_does_not_overtake(void **context)
{
    struct crowd crowd = gather(3, "4");

    let_send(&crowd, 0, 4);
    let_send(&crowd, 1, 2);
    assert_int_equal(take(&crowd, 1), 1); /* there is room, but it is s1's once it is enough */
    let_send(&crowd, 2, 1);

    assert_int_equal(sender(&crowd, 2)->sent, 0);
    (void)take(&crowd, 1);
    assert_int_equal(sender(&crowd, 1)->sent, 2);
    assert_int_equal(take(&crowd, UINT32_MAX), 5);
    assert_int_equal(sender(&crowd, 2)->sent, 1);
    assert_nobody_waits(&crowd);
    disperse(&crowd);
}

static void test_who_is_invited_and_finds_no_room_keeps_its_place(void **context)
{
    struct crowd crowd = gather(4, "4");

    let_send(&crowd, 0, 4);
    let_send(&crowd, 1, 100);
    let_send(&crowd, 2, 2);
    let_send(&crowd, 3, 2);
    (void)take(&crowd, 2); /* s1 and s2 are invited, and s1 takes it all */
    assert_int_equal(sender(&crowd, 1)->sent, 2);
    assert_int_equal(sender(&crowd, 2)->sent, 0);
    (void)take(&crowd, 2);

    assert_int_equal(sender(&crowd, 1)->sent, 2);
    assert_int_equal(sender(&crowd, 2)->sent, 2);
    assert_int_equal(sender(&crowd, 3)->sent, 0);
    disperse(&crowd);
}

static void test_invited_senders_with_nothing_to_send_hold_nobody_up(void **context)
{
    enum { IDLE = 300 };
    struct crowd crowd = gather(IDLE + 2, "2");

    let_send(&crowd, 0, 2);
    for (unsigned i = 1; i <= IDLE; i++) {
        let_send(&crowd, i, 1);
        sender(&crowd, i)->is_idle = true;
    }
    let_send(&crowd, IDLE + 1, 1);
    assert_int_equal(sender(&crowd, IDLE + 1)->sent, 0);
    (void)take(&crowd, 1);

    assert_int_equal(sender(&crowd, IDLE + 1)->sent, 1);
    assert_nobody_waits(&crowd);
    disperse(&crowd);
}

static void test_a_waiting_sender_that_ends_leaves_the_line(void **context)
{
    for (unsigned gone = 1; gone <= 3; gone++) { /* the first, one in the middle, the last */
        struct crowd crowd = gather(4, "2");

        let_send(&crowd, 0, 2);
        for (unsigned i = 1; i <= 3; i++) {
            let_send(&crowd, i, 1);
        }
        component_finish(crowd.senders[gone]);
        assert_int_equal(take(&crowd, UINT32_MAX), 4);

        assert_nobody_waits(&crowd);
        disperse(&crowd);
    }
}

static void test_an_invited_sender_that_ends_holds_nobody_up(void **context)
{
    struct crowd crowd = gather(3, "1");

    let_send(&crowd, 0, 1);
    let_send(&crowd, 1, 1);
    let_send(&crowd, 2, 1);
    (void)probe_take(crowd.scene, crowd.sink, PROBE_IN0); /* s1 is invited, and not run yet */
    component_finish(crowd.senders[1]);
    scene_run(crowd.scene);

    assert_int_equal(sender(&crowd, 2)->sent, 1);
    assert_int_equal(take(&crowd, UINT32_MAX), 1);
    assert_nobody_waits(&crowd);
    disperse(&crowd);
}

static void test_a_sender_that_is_linked_elsewhere_leaves_the_line(void **context)
{
    struct crowd crowd = gather(3, "1");
    struct box *outbox = &component_outbox(crowd.senders[1], OUTBOX)->box;

    let_send(&crowd, 0, 1);
    let_send(&crowd, 1, 3);
    let_send(&crowd, 2, 1);
    box_unlink(outbox);
    assert_int_equal(box_link(outbox, &component_inbox(crowd.sink, PROBE_IN1)->box), 0);
    scene_run(crowd.scene);

    assert_int_equal(component_inbox(crowd.sink, PROBE_IN1)->box.queued, 3);
    assert_int_equal(take(&crowd, UINT32_MAX), 2);
    assert_nobody_waits(&crowd);
    disperse(&crowd);
}

static void test_all_who_wait_are_run_when_the_inbox_ends(void **context)
{
    enum { SENDERS = 2000 };
    struct crowd crowd = gather(SENDERS, "1");

    for (unsigned i = 0; i < SENDERS; i++) {
        let_send(&crowd, i, 5);
    }
    component_finish(crowd.sink);
    scene_run(crowd.scene);

    for (unsigned i = 0; i < SENDERS; i++) {
        assert_int_equal(sender(&crowd, i)->sent, 5); /* discarded, as without a linkage */
    }
    assert_nobody_waits(&crowd);
    disperse(&crowd);
}

static void test_those_who_wait_move_along_when_the_inbox_passes_on(void **context)
{
    struct crowd crowd = gather(3, "1");
    struct component *chassis = scene_find(crowd.scene, "chassis");
    struct inbox *behind = component_inbox(chassis, PROBE_IN0);
    unsigned taken = 0;

    behind->limit = 2;
    for (unsigned i = 0; i < 3; i++) {
        let_send(&crowd, i, 2);
    }
    assert_int_equal(box_link(&component_inbox(crowd.sink, PROBE_IN0)->box, &behind->box), 0);
    scene_run(crowd.scene);
    assert_int_equal(inbox(&crowd)->next == behind, true);
    assert_int_equal(behind->box.queued, 2);
    while (probe_take(crowd.scene, chassis, PROBE_IN0) != NULL) {
        taken++;
        scene_run(crowd.scene);
    }

    assert_int_equal(taken, 6);
    assert_int_equal(behind->limit, 2);
    disperse(&crowd);
}

static void test_senders_behind_a_chain_wait_in_the_same_line(void **context)
{
    struct crowd crowd = gather(3, "1");
    struct component *chassis = scene_find(crowd.scene, "chassis");
    struct box *outbox = &component_outbox(crowd.senders[1], OUTBOX)->box;

    box_unlink(outbox);
    assert_int_equal(box_link(outbox, &component_outbox(chassis, PROBE_OUT0)->box), 0);
    probe_link(chassis, PROBE_OUT0, crowd.sink, PROBE_IN0);
    for (unsigned i = 0; i < 3; i++) {
        let_send(&crowd, i, 1);
    }
    (void)take(&crowd, 1);

    assert_int_equal(sender(&crowd, 1)->sent, 1);
    assert_int_equal(sender(&crowd, 2)->sent, 0);
    component_finish(chassis); /* the way of s1 is gone, that of s2 is not */
    assert_int_equal(take(&crowd, UINT32_MAX), 2);
    assert_nobody_waits(&crowd);
    disperse(&crowd);
}

static void test_the_bound_is_shown_and_may_change_while_senders_wait(void **context)
{
    struct crowd crowd = gather(2, "2");

    let_send(&crowd, 0, 10);
    assert_int_equal(waiting_bound(inbox(&crowd)), 2);
    waiting_set_bound(component_inbox(crowd.sink, PROBE_IN0), 6);
    (void)take(&crowd, 1);

    assert_int_equal(inbox(&crowd)->box.queued, 6);
    assert_int_equal(take(&crowd, UINT32_MAX), 9);
    assert_int_equal(inbox(&crowd)->limit, 6);
    disperse(&crowd);
}

static void test_places_in_lines_are_used_again(void **context)
{
    enum { SENDERS = 100 };
    struct crowd crowd = gather(SENDERS, "1");
    uint32_t highest = 0;

    for (int round = 0; round < 50; round++) {
        for (unsigned i = 0; i < SENDERS; i++) {
            let_send(&crowd, i, 1);
            if (component_outbox(crowd.senders[i], OUTBOX)->place > highest) {
                highest = component_outbox(crowd.senders[i], OUTBOX)->place;
            }
        }
        assert_int_equal(take(&crowd, UINT32_MAX), SENDERS);
    }

    assert_in_range(highest, SENDERS - 1, SENDERS);
    assert_nobody_waits(&crowd);
    disperse(&crowd);
}

/* Counts the lines, and notes the last one. */
struct stuck {
    unsigned lines;
    struct waiting_line last;
};

static void see_stuck(void *arg, const struct waiting_line *line)
{
    struct stuck *stuck = arg;

    stuck->lines++;
    stuck->last = *line;
}

static struct stuck look_for_stuck(const struct crowd *crowd, uint32_t ms)
{
    struct stuck stuck = {0};

    waiting_each_stuck(crowd->scene->loop->waiting, ms, see_stuck, &stuck);
    return stuck;
}

static void test_an_inbox_is_stuck_while_nobody_is_let_in(void **context)
{
    struct crowd crowd = gather(3, "1");
    struct stuck stuck;

    let_send(&crowd, 0, 1);
    assert_int_equal(look_for_stuck(&crowd, 0).lines, 0); /* full, and nobody minds */
    let_send(&crowd, 1, 1);
    let_send(&crowd, 2, 1);
    assert_int_equal(look_for_stuck(&crowd, 1000).lines, 0); /* not for long yet */
    crowd.scene->loop->ms += 1000;

    stuck = look_for_stuck(&crowd, 1000);
    assert_int_equal(stuck.lines, 1);
    assert_ptr_equal(stuck.last.in, inbox(&crowd));
    assert_ptr_equal(stuck.last.first, component_outbox(crowd.senders[1], OUTBOX));
    assert_int_equal(stuck.last.count, 2);
    (void)take(&crowd, 3);
    assert_int_equal(look_for_stuck(&crowd, 0).lines, 0);
    disperse(&crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_thousand_senders_that_share_an_inbox_get_on_equally),
        cmocka_unit_test(test_a_deputy_gets_as_much_as_those_it_stands_for_would),
        cmocka_unit_test(test_a_bound_in_bytes_is_shared_as_equally),
        cmocka_unit_test(test_who_comes_later_does_not_overtake),
        cmocka_unit_test(test_who_is_invited_and_finds_no_room_keeps_its_place),
        cmocka_unit_test(test_invited_senders_with_nothing_to_send_hold_nobody_up),
        cmocka_unit_test(test_a_waiting_sender_that_ends_leaves_the_line),
        cmocka_unit_test(test_an_invited_sender_that_ends_holds_nobody_up),
        cmocka_unit_test(test_a_sender_that_is_linked_elsewhere_leaves_the_line),
        cmocka_unit_test(test_all_who_wait_are_run_when_the_inbox_ends),
        cmocka_unit_test(test_those_who_wait_move_along_when_the_inbox_passes_on),
        cmocka_unit_test(test_senders_behind_a_chain_wait_in_the_same_line),
        cmocka_unit_test(test_the_bound_is_shown_and_may_change_while_senders_wait),
        cmocka_unit_test(test_places_in_lines_are_used_again),
        cmocka_unit_test(test_an_inbox_is_stuck_while_nobody_is_let_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
