/* The ledger: what components have counted, by their definition, also of those that have ended. */
#include "graph/ledger.h"

#include <time.h>

#include "graph/error.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "tests/faulty.h"
#include "tests/unit.h"

static const struct account *account(const struct accounts *accounts, const char *path)
{
    const struct list *at;

    list_for_each (at, &accounts->all) {
        const struct account *found =
            container_of((struct list *)(uintptr_t)at, struct account, link);

        if (strcmp(found->path, path) == 0) {
            return found;
        }
    }
    return NULL;
}

static const struct account *booked(const struct scene *scene, const char *path)
{
    const struct account *found = account(ledger_accounts(scene->loop->ledger), path);

    assert_non_null(found);
    return found;
}

static const struct account_box *box_of(const struct account *of, bool is_inbox, const char *name)
{
    for (size_t i = 0; i < of->box_count; i++) {
        if (of->boxes[i]->is_inbox == is_inbox && strcmp(of->boxes[i]->name, name) == 0) {
            return of->boxes[i];
        }
    }
    fail_msg("%s has no box %s", of->path, name);
    return NULL;
}

static uint64_t sent(const struct scene *scene, const char *path, const char *outbox)
{
    return box_of(booked(scene, path), false, outbox)->numbers[BOX_MESSAGES].value;
}

static uint64_t passed(const struct scene *scene, const char *path)
{
    return booked(scene, path)->statistics[0].value;
}

static void gather(const struct scene *scene)
{
    ledger_gather(ledger_of(scene->loop));
}

static void say(struct scene *scene, const char *text)
{
    faulty_say(scene, text);
    scene_run(scene);
}

/* ---- one component */

static void test_counts_what_a_component_of_the_file_counts(void **context)
{
    struct scene *scene = faulty_scene("");

    say(scene, "one");
    say(scene, "two");
    gather(scene);

    assert_int_equal(passed(scene, "it"), 2);
    assert_int_equal(sent(scene, "it", "outbox"), 2);
    assert_int_equal(box_of(booked(scene, "it"), false, "outbox")->numbers[BOX_BYTES].value, 6);
    assert_int_equal(box_of(booked(scene, "to"), true, "in0")->numbers[BOX_QUEUED].value, 2);
    assert_int_equal(box_of(booked(scene, "to"), true, "in0")->numbers[BOX_QUEUED_BYTES].value, 6);
    assert_int_equal(booked(scene, "it")->numbers[ACCOUNT_RUNNING].value, 1);
    assert_string_equal(booked(scene, "it")->type_name, "Faulty");
    scene_stop(scene);
}

static void test_nobody_keeps_a_ledger_unless_asked(void **context)
{
    struct scene *scene = faulty_scene("");

    say(scene, "one");

    assert_null(scene->loop->ledger);
    scene_stop(scene);
}

static void test_gathering_again_counts_nothing_twice(void **context)
{
    struct scene *scene = faulty_scene("");

    say(scene, "one");
    gather(scene);
    gather(scene);
    say(scene, "two");
    gather(scene);

    assert_int_equal(passed(scene, "it"), 2);
    assert_int_equal(booked(scene, "it")->numbers[ACCOUNT_RUNNING].value, 1);
    scene_stop(scene);
}

static void test_what_was_counted_stays_when_a_component_ends(void **context)
{
    struct scene *scene = faulty_scene("");

    say(scene, "one");
    gather(scene);
    say(scene, "finish");
    gather(scene);
    gather(scene);

    assert_int_equal(passed(scene, "it"), 1);
    assert_int_equal(sent(scene, "it", "outbox"), 1);
    assert_int_equal(booked(scene, "it")->numbers[ACCOUNT_RUNNING].value, 0);
    assert_int_equal(booked(scene, "it")->numbers[ACCOUNT_FAILED].value, 0);
    scene_stop(scene);
}

static void test_a_component_that_has_failed_is_told_of(void **context)
{
    struct scene *scene = faulty_scene("");

    say(scene, "fail");
    gather(scene);

    assert_int_equal(booked(scene, "it")->numbers[ACCOUNT_FAILED].value, 1);
    assert_int_equal(booked(scene, "it")->numbers[ACCOUNT_RUNNING].value, 0);
    scene_stop(scene);
}

static void test_a_statistic_does_not_start_again_with_its_component(void **context)
{
    struct scene *scene =
        faulty_scene("restart: {policy: on-failure, delay: 1ms, max_delay: 2ms, limit: 0}");

    gather(scene);
    say(scene, "one");
    say(scene, "fail");
    faulty_wait_restarts(scene, "it", 1);
    say(scene, "two");
    gather(scene);

    assert_int_equal(passed(scene, "it"), 2);
    assert_int_equal(sent(scene, "it", "outbox"), 2);
    assert_int_equal(booked(scene, "it")->numbers[ACCOUNT_RESTARTS].value, 1);
    scene_stop(scene);
}

static void test_children_of_a_chassis_that_is_made_again_are_counted_once(void **context)
{
    struct scene *scene =
        scene_start(faulty_types,
                    "components:\n"
                    "  from: {type: Probe}\n"
                    "  it: {type: Pipeline, components: [{type: Faulty, name: a}],\n"
                    "       restart: {policy: on-failure, delay: 1ms, max_delay: 2ms, limit: 0}}\n"
                    "  to: {type: Probe}\n"
                    "linkages: [from -> it -> to]\n");

    gather(scene);
    say(scene, "one");
    say(scene, "fail");
    faulty_wait_restarts(scene, "it", 1);
    say(scene, "two");
    gather(scene);

    assert_int_equal(passed(scene, "it/a"), 2);
    assert_int_equal(sent(scene, "it/a", "outbox"), 2);
    assert_int_equal(booked(scene, "it")->numbers[ACCOUNT_RESTARTS].value, 1);
    assert_int_equal(booked(scene, "it/a")->numbers[ACCOUNT_RUNNING].value, 1);
    scene_stop(scene);
}

/* ---- many of one definition */

static struct scene *carousel_scene(void)
{
    return scene_start(faulty_types, "components:\n"
                                     "  from: {type: Probe}\n"
                                     "  it: {type: Carousel, component: {type: Faulty}}\n"
                                     "  to: {type: Probe}\n"
                                     "linkages:\n"
                                     "  - from.out0 -> it.inbox\n"
                                     "  - from.out1 -> it.next\n"
                                     "  - it.outbox -> to.in0\n");
}

/* Another child, which passes a message on. */
static void turn(struct scene *scene)
{
    probe_send(scene_find(scene, "from"), PROBE_OUT1, "next");
    scene_run(scene);
    say(scene, "x");
}

static void test_one_account_stands_for_all_that_were_made(void **context)
{
    struct scene *scene = carousel_scene();

    gather(scene);
    for (int i = 0; i < 3; i++) {
        turn(scene);
    }
    gather(scene);

    assert_int_equal(passed(scene, "it/*"), 3);
    assert_int_equal(sent(scene, "it/*", "outbox"), 3);
    assert_int_equal(booked(scene, "it/*")->numbers[ACCOUNT_RUNNING].value, 1);
    scene_stop(scene);
}

static void test_the_account_stays_while_there_is_nobody_of_it(void **context)
{
    struct scene *scene = carousel_scene();

    gather(scene);
    turn(scene);
    say(scene, "finish");
    gather(scene);
    gather(scene);

    assert_int_equal(passed(scene, "it/*"), 1);
    assert_int_equal(booked(scene, "it/*")->numbers[ACCOUNT_RUNNING].value, 0);
    scene_stop(scene);
}

static void test_the_account_goes_with_its_definition(void **context)
{
    struct scene *scene = carousel_scene();
    const char other[] = "components: {other: {type: Faulty}}\n";
    struct errors *errors = errors_create();
    const struct plan_options options = {.types = scene->types};
    struct plan *plan = plan_parse("other", other, strlen(other), &options, errors);
    struct graph *before = scene->graph;
    char text[200];

    turn(scene);
    gather(scene);
    scene->graph = graph_start(scene->loop, plan, text, sizeof(text));
    graph_destroy(before);
    scene_run(scene);
    gather(scene);

    assert_null(account(ledger_accounts(scene->loop->ledger), "it/*"));
    assert_null(account(ledger_accounts(scene->loop->ledger), "it"));
    assert_non_null(account(ledger_accounts(scene->loop->ledger), "other"));
    errors_destroy(errors);
    scene_stop(scene);
}

static void test_a_counter_goes_on_over_a_reload(void **context)
{
    struct scene *scene = faulty_scene("");
    struct graph *before = scene->graph;
    char text[200];

    say(scene, "one");
    gather(scene);
    scene->graph = graph_start(scene->loop, plan_ref(scene->plan), text, sizeof(text));
    graph_destroy(before);
    scene_run(scene);
    gather(scene);

    assert_int_equal(passed(scene, "it"), 1);
    assert_int_equal(booked(scene, "it")->numbers[ACCOUNT_RUNNING].value, 1);
    scene_stop(scene);
}

/* ---- while it gathers */

/* Ends after this many steps of gathering, one component each. */
static uint64_t passed_if_it_ends_after(unsigned steps, const char *how)
{
    struct scene *scene = carousel_scene();
    struct ledger *ledger = ledger_of(scene->loop);
    uint64_t at_first;
    bool is_done = false;

    turn(scene);
    turn(scene);
    ledger_begin(ledger);
    while (!is_done && steps-- > 0) {
        is_done = ledger_go_on(ledger, 1);
    }
    say(scene, how);
    while (!is_done) {
        is_done = ledger_go_on(ledger, 1);
    }
    at_first = passed(scene, "it/*");
    gather(scene);
    assert_int_equal(passed(scene, "it/*"), at_first);
    scene_stop(scene);
    return at_first;
}

static void test_whoever_ends_during_a_gathering_is_counted_once(void **context)
{
    for (unsigned steps = 0; steps < 7; steps++) {
        assert_int_equal(passed_if_it_ends_after(steps, "finish"), 2);
        assert_int_equal(passed_if_it_ends_after(steps, "fail"), 2);
    }
}

static void test_a_root_graph_may_end_in_the_midst_of_it(void **context)
{
    for (unsigned steps = 0; steps < 4; steps++) {
        struct scene *scene = faulty_scene("");
        struct ledger *ledger = ledger_of(scene->loop);
        struct graph *before = scene->graph;
        bool is_done = false;
        char text[200];

        say(scene, "one");
        ledger_begin(ledger);
        for (unsigned i = 0; i < steps; i++) {
            is_done = ledger_go_on(ledger, 1);
        }
        scene->graph = graph_start(scene->loop, plan_ref(scene->plan), text, sizeof(text));
        graph_destroy(before);
        scene_run(scene);
        while (!is_done) {
            is_done = ledger_go_on(ledger, 1);
        }
        assert_int_equal(passed(scene, "it"), 1);
        gather(scene);

        assert_int_equal(passed(scene, "it"), 1);
        scene_stop(scene);
    }
}

/* ---- bounds */

static struct scene *scene_of_many(char letter, int count)
{
    char *yaml = malloc((size_t)count * 32 + 32);
    size_t used = (size_t)sprintf(yaml, "components:\n");
    struct scene *scene;

    for (int i = 0; i < count; i++) {
        used += (size_t)sprintf(yaml + used, "  %c%d: {type: Probe}\n", letter, i);
    }
    scene = scene_start(NULL, yaml);
    free(yaml);
    gather(scene);
    return scene;
}

static void test_components_beyond_the_bound_are_summed_by_type(void **context)
{
    enum { COMPONENTS = LEDGER_MOST + 300 };
    struct scene *scene = scene_of_many('c', COMPONENTS);
    const struct list *at;
    uint64_t running = 0;
    size_t accounts = 0;

    gather(scene);

    list_for_each (at, &ledger_accounts(scene->loop->ledger)->all) {
        running += container_of((struct list *)(uintptr_t)at, struct account, link)
                       ->numbers[ACCOUNT_RUNNING]
                       .value;
        accounts++;
    }
    assert_int_equal(accounts, LEDGER_MOST + 1);
    assert_int_equal(running, COMPONENTS);
    assert_int_equal(booked(scene, "*")->numbers[ACCOUNT_RUNNING].value, 300);
    assert_string_equal(booked(scene, "*")->type_name, "Probe");
    scene_stop(scene);
}

/* ---- of several loops */

static void test_accounts_of_two_loops_add_up(void **context)
{
    struct scene *first = faulty_scene("boxes: {inbox: {time_in_queue: true}}");
    struct scene *second = faulty_scene("boxes: {inbox: {time_in_queue: true}}");
    struct accounts sum;
    const struct account *it;

    say(first, "one");
    say(second, "two");
    say(second, "three");
    gather(first);
    gather(second);
    accounts_init(&sum);
    accounts_add(&sum, ledger_accounts(first->loop->ledger));
    accounts_add(&sum, ledger_accounts(second->loop->ledger));

    it = account(&sum, "it");
    if (it == NULL) {
        fail_msg("there is no account of \"it\"");
        return;
    }
    assert_int_equal(it->statistics[0].value, 3);
    assert_int_equal(it->numbers[ACCOUNT_RUNNING].value, 2);
    assert_int_equal(box_of(it, false, "outbox")->numbers[BOX_MESSAGES].value, 3);
    assert_int_equal(sum.loop[LOOP_MESSAGES],
                     first->loop->pool.messages + second->loop->pool.messages);
    assert_non_null(box_of(account(&sum, "it"), true, "inbox")->waits);
    accounts_deinit(&sum);
    scene_stop(first);
    scene_stop(second);
}

static uint64_t running(const struct accounts *sum, const char *path)
{
    const struct account *found = account(sum, path);

    return found != NULL ? found->numbers[ACCOUNT_RUNNING].value : 0;
}

static void add_up(struct accounts *sum, struct scene *const scenes[2])
{
    accounts_begin_sum(sum);
    for (int i = 0; i < 2; i++) {
        accounts_add(sum, ledger_accounts(scenes[i]->loop->ledger));
    }
    accounts_end_sum(sum);
}

static void test_the_bound_is_of_all_loops_together(void **context)
{
    enum { EACH = LEDGER_MOST * 3 / 4 };
    struct scene *scenes[] = {scene_of_many('a', EACH), scene_of_many('b', EACH)};
    struct accounts sum;

    accounts_init(&sum);
    add_up(&sum, scenes);

    assert_int_equal(sum.count, LEDGER_MOST + 1);
    assert_int_equal(running(&sum, "*"), 2 * EACH - LEDGER_MOST);
    accounts_deinit(&sum);
    scene_stop(scenes[0]);
    scene_stop(scenes[1]);
}

static void test_what_has_an_account_in_a_sum_keeps_it(void **context)
{
    struct scene *few[] = {scene_of_many('a', 1), scene_of_many('b', LEDGER_MOST - 1)};
    struct scene *more[] = {scene_of_many('c', LEDGER_MOST), few[1]};
    struct accounts sum;

    accounts_init(&sum);
    add_up(&sum, few);
    add_up(&sum, more);

    assert_null(account(&sum, "a0"));
    assert_int_equal(running(&sum, "b7"), 1);
    assert_int_equal(running(&sum, "*"), LEDGER_MOST);
    accounts_deinit(&sum);
    scene_stop(few[0]);
    scene_stop(few[1]);
    scene_stop(more[0]);
}

/* ---- time in queue */

static uint64_t waits_in(const struct scene *scene, const char *path, const char *inbox)
{
    const struct wait_times *waits = box_of(booked(scene, path), true, inbox)->waits;
    uint64_t count = 0;

    assert_non_null(waits);
    for (int i = 0; i < WAIT_CLASSES; i++) {
        count += waits->counts[i];
    }
    return count;
}

static double now(void)
{
    struct timespec time;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &time), 0);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void test_time_in_queue_is_measured_where_it_is_asked_for(void **context)
{
    struct scene *scene =
        scene_start(NULL, "components:\n"
                          "  from: {type: Probe}\n"
                          "  to: {type: Probe, boxes: {in0: {time_in_queue: true}}}\n"
                          "linkages: [from.out0 -> to.in0, from.out1 -> to.in1]\n");
    struct component *to = scene_find(scene, "to");
    const struct wait_times *waits;

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "waits");
    probe_send(scene_find(scene, "from"), PROBE_OUT1, "is not measured");
    for (const double since = now(); now() - since < 0.06;) {
        scene_wait_seconds(scene, 0.01);
    }
    probe_hears(scene, to, PROBE_IN0, "waits");
    probe_hears(scene, to, PROBE_IN1, "is not measured");
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "still waits");
    gather(scene);

    assert_int_equal(waits_in(scene, "to", "in0"), 1);
    assert_null(box_of(booked(scene, "to"), true, "in1")->waits);
    waits = box_of(booked(scene, "to"), true, "in0")->waits;
    assert_true(waits->sum >= 0.059);
    for (int i = 0; i < WAIT_CLASSES - 1 && wait_limits[i] < 0.055; i++) {
        assert_int_equal(waits->counts[i], 0);
    }
    scene_stop(scene);
}

static void test_what_is_written_from_the_inbox_is_measured_as_well(void **context)
{
    struct scene *scene = scene_start(
        NULL, "components:\n"
              "  from: {type: Probe}\n"
              "  it: {type: Chunkifier, chunksize: 4, boxes: {inbox: {time_in_queue: true}}}\n"
              "  to: {type: Probe}\n"
              "linkages: [from -> it -> to]\n");

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "ab");
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "cdef");
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "gh");
    scene_run(scene);
    gather(scene);

    probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "abcd");
    probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "efgh");
    assert_int_equal(waits_in(scene, "it", "inbox"), 3);
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_what_a_component_of_the_file_counts),
        cmocka_unit_test(test_nobody_keeps_a_ledger_unless_asked),
        cmocka_unit_test(test_gathering_again_counts_nothing_twice),
        cmocka_unit_test(test_what_was_counted_stays_when_a_component_ends),
        cmocka_unit_test(test_a_component_that_has_failed_is_told_of),
        cmocka_unit_test(test_a_statistic_does_not_start_again_with_its_component),
        cmocka_unit_test(test_children_of_a_chassis_that_is_made_again_are_counted_once),
        cmocka_unit_test(test_one_account_stands_for_all_that_were_made),
        cmocka_unit_test(test_the_account_stays_while_there_is_nobody_of_it),
        cmocka_unit_test(test_the_account_goes_with_its_definition),
        cmocka_unit_test(test_a_counter_goes_on_over_a_reload),
        cmocka_unit_test(test_whoever_ends_during_a_gathering_is_counted_once),
        cmocka_unit_test(test_a_root_graph_may_end_in_the_midst_of_it),
        cmocka_unit_test(test_components_beyond_the_bound_are_summed_by_type),
        cmocka_unit_test(test_accounts_of_two_loops_add_up),
        cmocka_unit_test(test_the_bound_is_of_all_loops_together),
        cmocka_unit_test(test_what_has_an_account_in_a_sum_keeps_it),
        cmocka_unit_test(test_time_in_queue_is_measured_where_it_is_asked_for),
        cmocka_unit_test(test_what_is_written_from_the_inbox_is_measured_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
