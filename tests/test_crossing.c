/* Crossings: linkages between workers, whose loops are run by hand here, one after the other. */
#include "graph/crossing.h"

#include <math.h>

#include "components/component_types.h"
#include "graph/error.h"
#include "graph/graph.h"
#include "graph/graph_change.h"
#include "graph/nursery.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "graph/ring.h"
#include "graph/root.h"
#include "graph/workers.h"
#include "tests/scene.h"
#include "tests/unit.h"

enum { LONG = 3 * RING_LONGEST, MANY = 100000 };

/* Two workers.  "from" is on both; all else on the first. */
struct both {
    struct scene scene; /* the first's loop, and the graph */
    struct component_type from_type;
    struct component_type other_type;     /* a Probe by another name */
    struct component_type reluctant_type; /* one that does not start */
    const struct component_type **types;  /* these, a Probe, and the program's */
    struct workers *workers;
    struct component *from[2];
};

static struct plan *parse(const struct both *both, const char *yaml)
{
    const struct plan_options options = {.types = both->types};
    struct errors *errors = errors_create();
    struct plan *plan = plan_parse("crossing.yaml", yaml, strlen(yaml), &options, errors);

    if (plan == NULL) {
        errors_print(errors, stderr, false);
        fail_msg("the graph has a mistake");
    }
    errors_destroy(errors);
    return plan;
}

static int refuse(struct component *self)
{
    return component_fail(self, 0, "not now");
}

static struct both *start(const char *yaml)
{
    static const struct component_type *const *types = component_types;
    struct both *both = mem_alloc(sizeof(*both));
    struct scene *scene = &both->scene;
    size_t count = 0;

    while (types[count] != NULL) {
        count++;
    }
    both->types = mem_alloc_array(4 + count + 1, sizeof(*types));
    both->from_type = probe_type;
    both->from_type.name = "From";
    both->from_type.on_each_worker = true;
    both->types[0] = &both->from_type;
    both->types[1] = &probe_type;
    both->other_type = probe_type;
    both->other_type.name = "Other";
    both->types[2] = &both->other_type;
    both->reluctant_type = probe_type;
    both->reluctant_type.name = "Reluctant";
    both->reluctant_type.start = refuse;
    both->types[3] = &both->reluctant_type;
    memcpy(both->types + 4, types, count * sizeof(*types));
    scene->loop = loop_create(both->types, &(struct loop_hooks){0});
    assert_non_null(scene->loop);
    both->workers = workers_create(scene->loop, 2, both->types, &(struct loop_hooks){0});
    assert_non_null(both->workers);
    scene->plan = parse(both, yaml);
    scene->graph =
        graph_start(scene->loop, plan_ref(scene->plan), scene->refusal, sizeof(scene->refusal));
    assert_non_null(scene->graph);
    for (unsigned i = 0; i < 2; i++) {
        worker_loop(scene->loop, i)->held.born = HUGE_VAL;
        both->from[i] =
            graph_component(graph_part(scene->graph, i), plan_find(scene->plan, "from")->index);
        assert_non_null(both->from[i]);
    }
    return both;
}

static void run(const struct both *both)
{
    for (int i = 0; i < 20; i++) {
        loop_once(worker_loop(both->scene.loop, 1), false);
        loop_once(both->scene.loop, false);
    }
}

static void stop(struct both *both)
{
    struct scene far = {.loop = worker_loop(both->scene.loop, 1)};

    graph_destroy(both->scene.graph);
    run(both);
    scene_check_pool(&both->scene);
    scene_check_pool(&far);
    workers_destroy(both->workers);
    loop_destroy(both->scene.loop);
    plan_release(both->scene.plan);
    free(both->types);
    free(both);
}

static struct component *find(const struct both *both, const char *path)
{
    return scene_find(&both->scene, path);
}

/* Changes the graph, as a reload does.  Returns whether it could be done. */
static bool change(struct both *both, const char *yaml)
{
    struct plan *fresh = parse(both, yaml);
    struct plan_difference *difference = plan_difference_create(both->scene.plan, fresh);
    struct nursery *nursery = nursery_create(both->scene.graph);
    struct graph_change *change;
    bool is_done;

    nursery_fill(nursery, difference, true);
    change = graph_change_create(both->scene.graph, difference, nursery);
    is_done =
        graph_change_prepare(change, both->scene.refusal, sizeof(both->scene.refusal)) == NULL;
    if (is_done) {
        graph_change_commit(change);
        plan_release(both->scene.plan);
        both->scene.plan = plan_ref(fresh);
    }
    nursery_destroy(nursery);
    plan_difference_destroy(difference);
    plan_release(fresh);
    return is_done;
}

/* How many ends of crossings there are, on both workers. */
static size_t count_ends(const struct both *both)
{
    size_t count = 0;

    for (unsigned i = 0; i < 2; i++) {
        struct list *at;

        list_for_each (at, &root_of(graph_part(both->scene.graph, i))->ends) {
            count++;
        }
    }
    return count;
}

static void hears(struct both *both, const char *text)
{
    probe_hears(&both->scene, find(both, "to"), PROBE_IN0, text);
}

static void hears_nothing(struct both *both)
{
    assert_null(probe_take(&both->scene, find(both, "to"), PROBE_IN0));
}

/* Expects the next, if there is one, to be a long one of this letter. */
static bool hears_long(const struct both *both, char letter)
{
    struct component *to = find(both, "to");
    struct message *msg;

    to->turn = 1;
    msg = inbox_take(to, PROBE_IN0);
    if (msg == NULL) {
        return false;
    }
    assert_int_equal(msg->size, LONG);
    assert_int_equal(((const char *)msg->data)[0], letter);
    assert_int_equal(((const char *)msg->data)[LONG - 1], letter);
    message_release(msg);
    return true;
}

static void send_long(const struct both *both, char letter)
{
    char *bytes = mem_alloc(LONG);

    memset(bytes, letter, LONG);
    outbox_send(both->from[1], PROBE_OUT0,
                message_copy(component_pool(both->from[1]), bytes, LONG));
    free(bytes);
}

/* Sends numbers for as long as there is room; returns how many. */
static unsigned send_numbers(const struct both *both)
{
    unsigned count = 0;
    char text[16];

    while (count < MANY && outbox_has_room(both->from[1], PROBE_OUT0)) {
        (void)snprintf(text, sizeof(text), "%u", count++);
        probe_send(both->from[1], PROBE_OUT0, text);
        run(both);
    }
    return count;
}

#define DIRECT                                                                                     \
    "components:\n"                                                                                \
    "  from: {type: From}\n"                                                                       \
    "  to: {type: Probe, boxes: {in0: {size: 2}}}\n"                                               \
    "linkages: [from.out0 -> to.in0]\n"
#define FINISHING                                                                                  \
    "components:\n"                                                                                \
    "  from: {type: From}\n"                                                                       \
    "  pass: {type: PassThrough}\n"                                                                \
    "  to: {type: Probe}\n"                                                                        \
    "linkages: [from.out0 -> pass.inbox, from.signal -> pass.control, pass.outbox -> to.in0]\n"

#define REPLACED                                                                                   \
    "components:\n"                                                                                \
    "  from: {type: From}\n"                                                                       \
    "  to: {type: Other, boxes: {in0: {size: 2}}}\n"                                               \
    "linkages: [from.out0 -> to.in0]\n"
#define RELUCTANT                                                                                  \
    "components:\n"                                                                                \
    "  from: {type: From}\n"                                                                       \
    "  to: {type: Reluctant}\n"                                                                    \
    "linkages: [from.out0 -> to.in0]\n"
#define FINISHING_REPLACED                                                                         \
    "components:\n"                                                                                \
    "  from: {type: From}\n"                                                                       \
    "  pass: {type: Other}\n"                                                                      \
    "  to: {type: Probe}\n"                                                                        \
    "linkages: [from.out0 -> pass.in0, from.signal -> pass.control, pass.out0 -> to.in0]\n"
#define APART                                                                                      \
    "components:\n"                                                                                \
    "  first: {type: Probe}\n"                                                                     \
    "  from: {type: From}\n"                                                                       \
    "  to: {type: Probe, boxes: {in0: {size: 2}}}\n"                                               \
    "linkages:\n"                                                                                  \
    "  - from.out0 -> to.in0\n"

static void test_what_one_sends_comes_in_order(void **context)
{
    struct both *both = start(DIRECT);

    probe_send(both->from[1], PROBE_OUT0, "one");
    probe_send(both->from[1], PROBE_OUT0, "two");
    run(both);

    hears(both, "one");
    hears(both, "two");
    hears_nothing(both);
    stop(both);
}

static void test_both_workers_lead_to_the_same_inbox(void **context)
{
    struct both *both = start(DIRECT);

    probe_send(both->from[0], PROBE_OUT0, "near");
    run(both);
    probe_send(both->from[1], PROBE_OUT0, "far");
    run(both);

    hears(both, "near");
    hears(both, "far");
    stop(both);
}

static void test_a_full_inbox_holds_the_sender_up_and_loses_nothing(void **context)
{
    struct both *both = start(DIRECT);
    const unsigned count = send_numbers(both);
    char text[16];

    assert_in_range(count, 3, MANY - 1);
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(text, sizeof(text), "%u", i);
        hears(both, text);
        run(both);
    }
    hears_nothing(both);
    assert_true(outbox_has_room(both->from[1], PROBE_OUT0));
    stop(both);
}

static void test_long_messages_cross_whole_and_in_their_place(void **context)
{
    struct both *both = start(DIRECT);

    probe_send(both->from[1], PROBE_OUT0, "before");
    send_long(both, 'x');
    run(both);
    probe_send(both->from[1], PROBE_OUT0, "after");
    run(both);

    hears(both, "before");
    run(both);
    assert_true(hears_long(both, 'x'));
    run(both);
    hears(both, "after");
    stop(both);
}

static void test_so_many_bytes_of_long_messages_are_under_way_at_most(void **context)
{
    struct both *both = start(DIRECT);
    int sent = 0;
    int heard = 0;

    while (sent < 1000 && outbox_has_room(both->from[1], PROBE_OUT0)) {
        send_long(both, (char)('a' + sent++ % 26));
        run(both);
    }
    assert_in_range(sent, 1, 999);
    while (hears_long(both, (char)('a' + heard % 26))) {
        heard++;
        run(both);
    }
    assert_int_equal(heard, sent);
    stop(both);
}

static void test_a_component_finishes_once_the_senders_of_all_workers_have(void **context)
{
    struct both *both = start(FINISHING);

    probe_send(both->from[1], PROBE_OUT0, "last");
    outbox_notify(both->from[1], PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    run(both);
    hears(both, "last");
    assert_int_equal(find(both, "pass")->state, RUNNING);

    probe_send(both->from[0], PROBE_OUT0, "last of all");
    outbox_notify(both->from[0], PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    run(both);
    hears(both, "last of all");
    assert_int_equal(find(both, "pass")->state, STOPPED);
    stop(both);
}

static void test_the_order_in_which_they_finish_is_all_the_same(void **context)
{
    struct both *both = start(FINISHING);

    outbox_notify(both->from[0], PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    run(both);
    assert_int_equal(find(both, "pass")->state, RUNNING);

    probe_send(both->from[1], PROBE_OUT0, "last of all");
    outbox_notify(both->from[1], PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    run(both);
    hears(both, "last of all");
    assert_int_equal(find(both, "pass")->state, STOPPED);
    stop(both);
}

static void test_an_end_in_the_midst_leaves_nothing_behind(void **context)
{
    struct both *both = start(DIRECT);

    (void)send_numbers(both);
    stop(both);

    both = start(DIRECT);
    for (int i = 0; i < 10; i++) {
        send_long(both, 'x');
    }
    loop_once(worker_loop(both->scene.loop, 1), false);
    stop(both);

    both = start(DIRECT);
    probe_send(both->from[1], PROBE_OUT0, "not even begun");
    stop(both);
}

/* Returns how many it has sent: some lie in every place of the way. */
static unsigned fill(const struct both *both)
{
    const unsigned count = send_numbers(both);

    assert_in_range(count, 100, MANY - 1);
    return count;
}

static void hears_numbers(struct both *both, unsigned count)
{
    char text[16];

    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(text, sizeof(text), "%u", i);
        hears(both, text);
        run(both);
    }
}

static void test_what_is_under_way_goes_to_what_replaces_its_destination(void **context)
{
    struct both *both = start(DIRECT);
    const struct component *before = find(both, "to");
    const unsigned count = fill(both);

    assert_true(change(both, REPLACED));
    probe_send(both->from[1], PROBE_OUT0, "after");
    run(both);

    assert_ptr_not_equal(find(both, "to"), before);
    hears_numbers(both, count);
    hears(both, "after");
    hears_nothing(both);
    assert_int_equal(count_ends(both), 2);
    stop(both);
}

static void test_it_may_be_replaced_again_and_again(void **context)
{
    struct both *both = start(DIRECT);
    char text[16];

    for (int i = 0; i < 20; i++) {
        (void)snprintf(text, sizeof(text), "%d", i);
        probe_send(both->from[1], PROBE_OUT0, text);
        assert_true(change(both, i % 2 == 0 ? REPLACED : DIRECT));
    }
    run(both);

    hears_numbers(both, 20);
    assert_in_range(count_ends(both), 1, 2);
    stop(both);
}

static void test_what_is_removed_sees_to_what_is_under_way_to_it(void **context)
{
    struct both *both = start(FINISHING);
    const struct component *to = find(both, "to");

    probe_send(both->from[1], PROBE_OUT0, "one");
    loop_once(worker_loop(both->scene.loop, 1), false); /* it is in the ring */
    probe_send(both->from[1], PROBE_OUT0, "two");
    assert_true(change(both, "components:\n  from: {type: From}\n  to: {type: Probe}\n"));
    run(both);

    assert_ptr_equal(find(both, "to"), to);
    hears(both, "one");
    hears(both, "two");
    assert_int_equal(root_of(both->scene.graph)->leaver_count, 0);
    assert_int_equal(count_ends(both), 0);
    stop(both);
}

static void test_the_end_of_senders_is_waited_for_by_what_replaces(void **context)
{
    struct both *both = start(FINISHING);

    outbox_notify(both->from[0], PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    assert_true(change(both, FINISHING_REPLACED));
    run(both);
    assert_int_equal(find(both, "pass")->state, RUNNING);

    probe_send(both->from[1], PROBE_OUT0, "last of all");
    outbox_notify(both->from[1], PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    run(both);
    probe_hears(&both->scene, find(both, "pass"), PROBE_IN0, "last of all");
    assert_int_equal(component_inbox(find(both, "pass"), PROBE_CONTROL)->box.queued, 1);
    stop(both);
}

static void test_an_end_that_is_under_way_is_told_to_what_replaces(void **context)
{
    struct both *both = start(FINISHING);

    outbox_notify(both->from[0], PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    outbox_notify(both->from[1], PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    assert_true(change(both, FINISHING_REPLACED));
    run(both);

    assert_int_equal(component_inbox(find(both, "pass"), PROBE_CONTROL)->box.queued, 1);
    stop(both);
}

static void test_what_can_not_be_replaced_goes_on_with_what_is_under_way(void **context)
{
    struct both *both = start(DIRECT);
    const struct component *before = find(both, "to");
    const unsigned count = fill(both);

    assert_false(change(both, RELUCTANT));
    run(both);

    assert_string_equal(both->scene.refusal, "not now");
    assert_ptr_equal(find(both, "to"), before);
    hears_numbers(both, count);
    probe_send(both->from[1], PROBE_OUT0, "after");
    run(both);
    hears(both, "after");
    assert_int_equal(count_ends(both), 2);
    stop(both);
}

static void test_what_moves_to_another_worker_takes_along_what_waits(void **context)
{
    struct both *both = start(APART);
    char text[16];

    assert_null(graph_component(graph_part(both->scene.graph, 0),
                                plan_find(both->scene.plan, "to")->index));
    for (int i = 0; i < 5; i++) { /* one waits there, others are under way */
        (void)snprintf(text, sizeof(text), "%d", i);
        probe_send(both->from[0], PROBE_OUT0, text);
        if (i < 3) {
            run(both);
        }
    }
    assert_true(change(both, APART "  - first.out0 -> to.in1\n"));
    probe_send(both->from[0], PROBE_OUT0, "5");
    run(both);
    probe_send(both->from[1], PROBE_OUT0, "6");
    run(both);

    hears_numbers(both, 7);
    assert_int_equal(count_ends(both), 2);
    stop(both);
}

/* Its Backplane has a hub on each worker, which lead to each other.  One end of the bus is on the
 * first worker, the other on the second. */
#define BUS(first, second, name)                                                                   \
    "components:\n"                                                                                \
    "  from: {type: From}\n"                                                                       \
    "  room: {type: Backplane, name: " name "}\n" first second "linkages:\n"                       \
    "  - talker.out0 -> say.inbox\n"                                                               \
    "  - hear.outbox -> to.in0\n"
#define TALKS "  talker: {type: Probe}\n  say: {type: PublishTo, destination: chat}\n"
#define HEARS "  hear: {type: SubscribeTo, source: chat}\n  to: {type: Probe}\n"

static struct component *find_on(const struct both *both, unsigned worker, const char *path)
{
    struct component *component = graph_component(graph_part(both->scene.graph, worker),
                                                  plan_find(both->scene.plan, path)->index);

    assert_non_null(component);
    return component;
}

static void hears_after_the_backplane_has_been_renamed(const char *before, const char *after,
                                                       unsigned talks, unsigned hears)
{
    struct both *both = start(before);
    struct scene *scene = &both->scene;
    struct component *talker;
    struct component *to;

    run(both);
    assert_true(change(both, after));
    run(both);

    assert_int_equal(find_on(both, hears, "hear")->state, RUNNING);
    probe_send(find_on(both, talks, "talker"), PROBE_OUT0, "still here");
    run(both);
    probe_hears(scene, find_on(both, hears, "to"), PROBE_IN0, "still here");
    assert_int_equal(root_of(graph_part(scene->graph, 0))->leaver_count, 1);
    assert_int_equal(root_of(graph_part(scene->graph, 1))->leaver_count, 1);

    talker = find_on(both, talks, "talker");
    to = find_on(both, hears, "to");
    assert_true(change(both, "components: {from: {type: From}}\n")); /* nobody uses it any more */
    run(both);
    assert_int_equal(to->state, RUNNING);
    component_finish(talker);
    run(both);
    component_finish(to);
    run(both);
    assert_int_equal(root_of(graph_part(scene->graph, 0))->leaver_count, 0);
    assert_int_equal(root_of(graph_part(scene->graph, 1))->leaver_count, 0);
    stop(both);
}

static void test_replicas_that_lead_to_each_other_stay_while_one_of_them_is_in_use(void **context)
{
    hears_after_the_backplane_has_been_renamed(BUS(HEARS, TALKS, "chat"),
                                               BUS(HEARS, TALKS, "elsewhere"), 1, 0);
    hears_after_the_backplane_has_been_renamed(BUS(TALKS, HEARS, "chat"),
                                               BUS(TALKS, HEARS, "elsewhere"), 0, 1);
}

static void test_neither_end_is_shown(void **context)
{
    struct both *both = start(DIRECT);

    probe_send(both->from[1], PROBE_OUT0, "x");
    run(both);

    assert_int_equal(graph_size(both->scene.graph), 2);
    stop(both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_one_sends_comes_in_order),
        cmocka_unit_test(test_both_workers_lead_to_the_same_inbox),
        cmocka_unit_test(test_a_full_inbox_holds_the_sender_up_and_loses_nothing),
        cmocka_unit_test(test_long_messages_cross_whole_and_in_their_place),
        cmocka_unit_test(test_so_many_bytes_of_long_messages_are_under_way_at_most),
        cmocka_unit_test(test_a_component_finishes_once_the_senders_of_all_workers_have),
        cmocka_unit_test(test_the_order_in_which_they_finish_is_all_the_same),
        cmocka_unit_test(test_an_end_in_the_midst_leaves_nothing_behind),
        cmocka_unit_test(test_what_is_under_way_goes_to_what_replaces_its_destination),
        cmocka_unit_test(test_it_may_be_replaced_again_and_again),
        cmocka_unit_test(test_what_is_removed_sees_to_what_is_under_way_to_it),
        cmocka_unit_test(test_the_end_of_senders_is_waited_for_by_what_replaces),
        cmocka_unit_test(test_an_end_that_is_under_way_is_told_to_what_replaces),
        cmocka_unit_test(test_what_can_not_be_replaced_goes_on_with_what_is_under_way),
        cmocka_unit_test(test_what_moves_to_another_worker_takes_along_what_waits),
        cmocka_unit_test(test_replicas_that_lead_to_each_other_stay_while_one_of_them_is_in_use),
        cmocka_unit_test(test_neither_end_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
