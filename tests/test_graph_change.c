/* Changing a running graph: what stays, what is replaced, what goes, and what it costs the others.
 */
#include "tests/faulty.h"
#include "tests/scene.h"
#include "tests/unit.h"

#include "graph/component_extra.h"
#include "graph/graph.h"
#include "graph/graph_change.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "graph/root.h"
#include "graph/supervise.h"

/* ---- a type whose parameters may be changed, one of them only with another component ---- */

struct pliant {
    const char *word;
    const char *fixed;
    uint64_t changes, starts, stops;
};

static const struct box_spec pliant_inboxes[] = {
    {.name = "inbox", .carries = ANYTHING, .main = true, .doc = "in"},
    {.name = "control", .carries = NOTICES, .doc = "control"},
    {0},
};
static const struct box_spec pliant_outboxes[] = {
    {.name = "outbox", .carries = ANYTHING, .main = true, .doc = "out"},
    {.name = "signal", .carries = NOTICES, .doc = "signal"},
    {0},
};
static const struct param_spec pliant_parameters[] = {
    {PARAM_TEXT(struct pliant, word), .fallback = "a", .changeable = true, .doc = "any"},
    {PARAM_TEXT(struct pliant, fixed), .fallback = "a", .doc = "any"},
    {0},
};

static unsigned bad_starts;
static unsigned stops;

static int pliant_start(struct component *self)
{
    struct pliant *pliant = component_state(self);

    pliant->starts++;
    return bad_starts > 0 && bad_starts-- == 1 ? component_fail(self, 0, "not now") : 0;
}

static void pliant_changed(struct component *self)
{
    struct pliant *pliant = component_state(self);

    pliant->changes++;
}

static void pliant_stop(struct component *self)
{
    stops++;
}

static const struct component_type pliant_type = {
    .name = "Pliant",
    .summary = "keeps what comes",
    .size = sizeof(struct pliant),
    .inboxes = pliant_inboxes,
    .outboxes = pliant_outboxes,
    .parameters = pliant_parameters,
    .start = pliant_start,
    .changed = pliant_changed,
    .stop = pliant_stop,
};

static const struct component_type *const types[] = {&pliant_type, &faulty_type, NULL};

static int reset(void **context)
{
    bad_starts = 0;
    stops = 0;
    return 0;
}

static struct pliant *pliant(struct scene *scene, const char *path)
{
    return component_state(scene_find(scene, path));
}

static uint32_t queued(struct scene *scene, const char *path)
{
    return component_inbox(scene_find(scene, path), 0)->box.queued;
}

static size_t leavers(const struct scene *scene)
{
    return root_of(scene->graph)->leaver_count;
}

#define THREE                                                                                      \
    "components:\n  from: {type: Probe}\n  it: {type: Pliant%s}\n  to: {type: Probe}\n"            \
    "linkages: [from.out0 -> it.inbox, it.outbox -> to.in0, it.signal -> to.control]\n"

static const char *three(const char *keys)
{
    static char text[400];

    (void)snprintf(text, sizeof(text), THREE, keys);
    return text;
}

/* ---- what stays ---- */

static void test_what_is_the_same_runs_on_with_what_waits_in_it(void **context)
{
    struct scene *scene = scene_start(types, three(""));
    struct component *it = scene_find(scene, "it");

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    assert_true(scene_change(scene, three("")));

    assert_ptr_equal(scene_find(scene, "it"), it);
    assert_int_equal(queued(scene, "it"), 1);
    assert_int_equal(pliant(scene, "it")->starts, 1);
    assert_int_equal(stops, 0);
    assert_true(it->plan >= scene->plan->components &&
                it->plan < scene->plan->components + scene->plan->component_count);
    assert_int_equal(leavers(scene), 0);
    scene_stop(scene);
}

static void test_a_changeable_parameter_is_changed_in_place(void **context)
{
    struct scene *scene = scene_start(types, three(""));
    struct component *it = scene_find(scene, "it");

    assert_true(scene_change(scene, three(", word: b")));

    assert_ptr_equal(scene_find(scene, "it"), it);
    assert_string_equal(pliant(scene, "it")->word, "b");
    assert_int_equal(pliant(scene, "it")->changes, 1);
    scene_stop(scene);
}

static void test_a_bound_is_changed_in_place(void **context)
{
    struct scene *scene = scene_start(types, three(", boxes: {inbox: {size: 1}}"));
    struct component *from = scene_find(scene, "from");

    probe_send(from, PROBE_OUT0, "one");
    assert_false(outbox_has_room(from, PROBE_OUT0));
    assert_true(scene_change(scene, three(", boxes: {inbox: {size: 2}}")));

    assert_int_equal(queued(scene, "it"), 1);
    assert_true(outbox_has_room(from, PROBE_OUT0));
    scene_run(scene);
    scene_stop(scene);
}

static void test_linkages_are_changed_without_losing_what_is_queued(void **context)
{
    static const char old[] = "components: {a: {type: Probe}, b: {type: Probe}, c: {type: Probe}}\n"
                              "linkages: [a.out0 -> b.in0]\n";
    static const char fresh[] =
        "components: {a: {type: Probe}, b: {type: Probe}, c: {type: Probe}}\n"
        "linkages: [a.out0 -> c.in0]\n";
    struct scene *scene = scene_start(types, old);
    struct component *a = scene_find(scene, "a");

    probe_send(a, PROBE_OUT0, "before");
    assert_true(scene_change(scene, fresh));
    probe_send(a, PROBE_OUT0, "after");

    probe_hears(scene, scene_find(scene, "b"), PROBE_IN0, "before");
    probe_hears(scene, scene_find(scene, "c"), PROBE_IN0, "after");
    assert_null(probe_take(scene, scene_find(scene, "b"), PROBE_CONTROL));
    scene_stop(scene);
}

/* ---- what is replaced ---- */

static void test_what_waits_goes_to_what_replaces_it(void **context)
{
    struct scene *scene = scene_start(types, three(""));
    struct component *from = scene_find(scene, "from");

    probe_send(from, PROBE_OUT0, "one");
    probe_send(from, PROBE_OUT0, "two");
    assert_true(scene_change(scene, three(", fixed: b")));
    probe_send(from, PROBE_OUT0, "three");

    assert_int_equal(stops, 1);
    assert_string_equal(pliant(scene, "it")->fixed, "b");
    assert_int_equal(queued(scene, "it"), 3);
    probe_hears(scene, scene_find(scene, "it"), 0, "one");
    probe_hears(scene, scene_find(scene, "it"), 0, "two");
    scene_run(scene);
    assert_null(probe_take(scene, scene_find(scene, "to"), PROBE_CONTROL)); /* hears of no end */
    loop_once(scene->loop, false);
    assert_int_equal(leavers(scene), 0);
    scene_stop(scene);
}

static void test_what_replaces_another_hears_what_that_was_told(void **context)
{
    struct scene *scene = scene_start(types, three(""));

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    component_tell(scene_find(scene, "it"), PRODUCER_FINISHED, NULL, 0);
    assert_true(scene_change(scene, three(", fixed: b")));
    probe_hears(scene, scene_find(scene, "it"), 0, "one");
    component_wake(scene_find(scene, "it"));
    scene_run(scene);

    assert_int_equal(scene_find(scene, "it")->state, STOPPED);
    probe_hears(scene, scene_find(scene, "to"), PROBE_CONTROL, "<producerFinished>");
    scene_stop(scene);
}

static void test_an_end_that_was_held_back_is_held_on(void **context)
{
    static const char text[] =
        "components: {a: {type: Probe}, b: {type: Probe}, it: {type: Pliant, fixed: %s}}\n"
        "linkages: [a.signal -> it.control, b.signal -> it.control]\n";
    char old[200];
    char fresh[200];
    struct scene *scene;

    (void)snprintf(old, sizeof(old), text, "a");
    (void)snprintf(fresh, sizeof(fresh), text, "b");
    scene = scene_start(types, old);
    outbox_notify(scene_find(scene, "a"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    assert_true(scene_change(scene, fresh));
    scene_run(scene);
    assert_int_equal(scene_find(scene, "it")->state, RUNNING);
    outbox_notify(scene_find(scene, "b"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);

    assert_int_equal(scene_find(scene, "it")->state, STOPPED);
    scene_stop(scene);
}

static void test_a_sender_that_waits_is_run_by_what_replaces_its_reader(void **context)
{
    struct scene *scene = scene_start(types, three(", boxes: {inbox: {size: 1}}"));
    struct component *from = scene_find(scene, "from");
    struct probe *probe = component_state(from);

    probe_send(from, PROBE_OUT0, "one");
    assert_false(outbox_has_room(from, PROBE_OUT0));
    scene_run(scene);
    probe->runs = 0;
    assert_true(scene_change(scene, three(", fixed: b, boxes: {inbox: {size: 2}}")));
    scene_run(scene);

    assert_int_equal(probe->runs, 1);
    assert_true(outbox_has_room(from, PROBE_OUT0));
    scene_run(scene);
    scene_stop(scene);
}

/* ---- what comes and goes ---- */

static void test_what_is_removed_sees_to_what_waits_first(void **context)
{
    struct scene *scene = scene_start(
        types, "components: {a: {type: Probe}, p: {type: PassThrough}, b: {type: Probe}}\n"
               "linkages: [a.out0 -> p.inbox, p.outbox -> b.in0, p.signal -> b.control]\n");

    probe_send(scene_find(scene, "a"), PROBE_OUT0, "one");
    assert_true(scene_change(scene, "components: {a: {type: Probe}, b: {type: Probe}}\n"
                                    "linkages: [a.out0 -> b.in1]\n"));
    probe_send(scene_find(scene, "a"), PROBE_OUT0, "two");
    assert_int_equal(leavers(scene), 1);
    scene_run(scene);

    probe_hears(scene, scene_find(scene, "b"), PROBE_IN0, "one");
    probe_hears(scene, scene_find(scene, "b"), PROBE_IN1, "two");
    assert_null(probe_take(scene, scene_find(scene, "b"), PROBE_CONTROL));
    loop_once(scene->loop, false);
    assert_int_equal(leavers(scene), 0);
    scene_stop(scene);
}

#define FAN_OUT(to)                                                                                \
    "components:\n"                                                                                \
    "  from: {type: Probe}\n"                                                                      \
    "  b: {type: Probe, boxes: {in0: {size: 1}}}\n"                                                \
    "  c: {type: Probe, boxes: {in0: {size: 1}}}\n"                                                \
    "  d: {type: Probe}\n"                                                                         \
    "linkages: [\"from -> " to "\"]\n"

static void assert_hears_in_order(struct scene *scene, const char *path, char last)
{
    char text[] = "1";

    while (text[0] <= last) {
        probe_hears(scene, scene_find(scene, path), PROBE_IN0, text);
        scene_run(scene);
        text[0]++;
    }
    assert_null(probe_take(scene, scene_find(scene, path), PROBE_IN0));
    assert_null(probe_take(scene, scene_find(scene, path), PROBE_CONTROL));
}

static struct scene *start_fan_out(void)
{
    struct scene *scene = scene_start(types, FAN_OUT("[b, c, d]"));

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "1");
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "2");
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "3");
    scene_run(scene); /* b and c take one, and two wait between */
    assert_int_equal(queued(scene, "from-fanout"), 2);
    return scene;
}

static void test_a_branch_of_several_that_goes_leaves_the_others_all(void **context)
{
    struct scene *scene = start_fan_out();

    assert_true(scene_change(scene, FAN_OUT("[b, c]")));
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "4");
    scene_run(scene);

    for (char text[] = "1"; text[0] <= '4'; text[0]++) {
        probe_hears(scene, scene_find(scene, "b"), PROBE_IN0, text);
        probe_hears(scene, scene_find(scene, "c"), PROBE_IN0, text);
        scene_run(scene);
    }
    assert_null(probe_take(scene, scene_find(scene, "b"), PROBE_CONTROL));
    assert_null(probe_take(scene, scene_find(scene, "c"), PROBE_CONTROL));
    assert_hears_in_order(scene, "d", '1');
    scene_stop(scene);
}

static void test_what_waits_before_several_comes_first_to_the_one_that_is_left(void **context)
{
    struct scene *scene = start_fan_out();

    assert_true(scene_change(scene, FAN_OUT("b")));
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "4");
    scene_run(scene);

    assert_hears_in_order(scene, "b", '4');
    assert_hears_in_order(scene, "c", '3'); /* what was on its way before */
    assert_hears_in_order(scene, "d", '3');
    scene_stop(scene);
}

static bool has_left(void *arg)
{
    return leavers(arg) == 0;
}

static void test_what_is_removed_and_comes_to_no_end_is_ended_in_time(void **context)
{
    struct scene *scene = scene_start(types, "components: {a: {type: Probe}, p: {type: Pliant}}\n"
                                             "linkages: [a.out0 -> p.inbox]\n");

    scene->loop->leave_timeout = 0.01;
    probe_send(scene_find(scene, "a"), PROBE_OUT0, "one");
    assert_true(scene_change(scene, "components: {a: {type: Probe}}"));
    scene_run(scene);
    assert_int_equal(leavers(scene), 1);
    scene_wait(scene, has_left, scene);

    assert_string_equal(scene->log, "p: was taken out of the graph and has not come to its end: "
                                    "ending it, with 1 message in its inboxes");
    scene_stop(scene);
}

static void test_what_is_removed_but_in_use_keeps_what_it_leads_to(void **context)
{
    static const char bus[] =
        "components: {a: {type: Probe}, say: {type: PublishTo, destination: x},"
        " log: {type: Probe}, room: {type: Backplane, name: x}}\n"
        "linkages: [a.out0 -> say.inbox, room.outbox -> log.in0]\n";
    struct scene *scene = scene_start(types, bus);
    struct component *log = scene_find(scene, "log");

    assert_true(scene_change(scene, "components: {a: {type: Probe}, say: {type: PublishTo,"
                                    " destination: x}}\nlinkages: [a.out0 -> say.inbox]\n"));
    loop_once(scene->loop, false);
    assert_int_equal(leavers(scene), 2);
    probe_send(scene_find(scene, "a"), PROBE_OUT0, "to the old one");
    scene_run(scene);

    probe_hears(scene, log, PROBE_IN0, "to the old one");
    assert_null(probe_take(scene, log, PROBE_CONTROL));
    scene_stop(scene);
}

static void test_what_is_removed_waits_for_what_leads_to_it_to_finish(void **context)
{
    struct scene *scene = scene_start(
        types, "components: {late: {type: Probe}, p: {type: PassThrough}, q: {type: PassThrough}}\n"
               "linkages: [late.out0 -> p.inbox, p.outbox -> q.inbox]\n");
    struct component *late = scene_find(scene, "late");

    assert_true(scene_change(scene, "components: {b: {type: Probe}}\n"));
    for (int i = 0; i < 5; i++) {
        loop_once(scene->loop, false);
    }
    assert_int_equal(component_inbox(late, PROBE_CONTROL)->box.queued, 1); /* it has been told */
    assert_int_equal(leavers(scene), 3);

    component_finish(late);
    scene_wait(scene, has_left, scene);
    scene_stop(scene);
}

static void test_a_chain_that_is_removed_loses_nothing_of_what_waits(void **context)
{
    enum { MANY = 500 };
    struct scene *scene = scene_start(
        types, "components: {a: {type: Probe}, b: {type: Probe},"
               " p: {type: PassThrough}, q: {type: PassThrough}, r: {type: PassThrough}}\n"
               "linkages: [a.out0 -> p.inbox, p.outbox -> q.inbox, q.outbox -> r.inbox,"
               " r.outbox -> b.in0]\n");

    for (int i = 0; i < MANY; i++) {
        probe_send(scene_find(scene, "a"), PROBE_OUT0, "x");
    }
    assert_true(scene_change(scene, "components: {a: {type: Probe}, b: {type: Probe}}\n"));
    scene_wait(scene, has_left, scene);

    assert_int_equal(queued(scene, "b"), MANY);
    scene_stop(scene);
}

static void test_a_ring_that_is_removed_ends_while_others_are_in_use(void **context)
{
    struct scene *scene = scene_start(
        types, "components: {say: {type: PublishTo, destination: x}, log: {type: Probe},"
               " room: {type: Backplane, name: x}, p: {type: PassThrough}, q: {type: PassThrough},"
               " r: {type: PassThrough}}\n"
               "linkages: [room.outbox -> log.in0, p.outbox -> q.inbox, q.outbox -> r.inbox,"
               " r.outbox -> p.inbox]\n");

    assert_true(scene_change(scene, "components: {say: {type: PublishTo, destination: x}}\n"));
    for (int i = 0; i < 5; i++) {
        loop_once(scene->loop, false);
    }

    assert_int_equal(leavers(scene), 2); /* room and log */
    scene_stop(scene);
}

static void test_what_is_added_takes_free_places(void **context)
{
    struct scene *scene = scene_start(types, "components: {a: {type: Pliant}, b: {type: Pliant}}");
    char text[200];

    for (int i = 0; i < 20; i++) {
        (void)snprintf(text, sizeof(text), "components: {b: {type: Pliant}, x%d: {type: Pliant}}",
                       i);
        assert_true(scene_change(scene, text));
        scene_run(scene);
        loop_once(scene->loop, false);
    }

    assert_int_equal(root_of(scene->graph)->places, 2);
    assert_int_equal(leavers(scene), 0);
    assert_int_equal(scene->graph->living, 2);
    scene_stop(scene);
}

static void test_what_could_not_start_leaves_all_as_it_was(void **context)
{
    static const char fresh[] =
        "components:\n  from: {type: Probe}\n  it: {type: Pliant, fixed: b}\n  to: {type: Probe}\n"
        "  more: {type: Pliant}\n  last: {type: Pliant}\n"
        "linkages: [from.out0 -> more.inbox, more.outbox -> it.inbox, it.outbox -> last.inbox]\n";
    struct scene *scene = scene_start(types, three(""));
    struct component *it = scene_find(scene, "it");

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    bad_starts = 3;
    assert_false(scene_change(scene, fresh));
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "two");
    scene_run(scene);
    loop_once(scene->loop, false);

    assert_string_equal(scene->refusal, "last: not now");
    assert_ptr_equal(scene_find(scene, "it"), it);
    assert_int_equal(it->state, RUNNING);
    assert_int_equal(queued(scene, "it"), 2);
    assert_int_equal(scene->graph->living, 3);
    assert_int_equal(leavers(scene), 0);
    assert_true(scene_change(scene, fresh)); /* it can be done after all */
    scene_stop(scene);
}

/* ---- what has ended ---- */

static void test_what_has_failed_is_started_anew(void **context)
{
    struct scene *scene = scene_start(types, three(""));

    (void)component_fail(scene_find(scene, "it"), 0, "it broke");
    assert_int_equal(scene_find(scene, "it")->state, FAILED);
    assert_true(scene_change(scene, three("")));
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");

    assert_int_equal(scene_find(scene, "it")->state, RUNNING);
    assert_int_equal(queued(scene, "it"), 1);
    scene_stop(scene);
}

static void test_what_has_done_its_work_is_left_alone(void **context)
{
    struct scene *scene = scene_start(types, three(""));

    component_finish(scene_find(scene, "it"));
    assert_true(scene_change(scene, three("")));

    assert_int_equal(scene_find(scene, "it")->state, STOPPED);
    scene_stop(scene);
}

static void test_what_has_done_its_work_is_started_with_a_new_neighbour(void **context)
{
    static const char text[] =
        "components: {from: {type: Pliant, fixed: %s}, it: {type: Pliant}, to: {type: Probe}}\n"
        "linkages: [from -> it, it -> to.in0]\n";
    char old[200];
    char fresh[200];
    struct scene *scene;

    (void)snprintf(old, sizeof(old), text, "a");
    (void)snprintf(fresh, sizeof(fresh), text, "b");
    scene = scene_start(types, old);
    component_finish(scene_find(scene, "it"));
    assert_true(scene_change(scene, fresh));
    probe_send(scene_find(scene, "from"), 0, "one");

    assert_int_equal(scene_find(scene, "it")->state, RUNNING);
    assert_int_equal(queued(scene, "it"), 1);
    scene_stop(scene);
}

static void test_a_chain_that_has_done_its_work_is_started_with_its_last(void **context)
{
    static const char text[] =
        "components: {a: {type: Pliant}, b: {type: Pipeline, components: [{type: Pliant}]}, "
        "c: {type: Pliant}, d: {type: Pliant, fixed: %s}, apart: {type: Pliant}}\n"
        "linkages: [a -> b, b -> c, c -> d]\n";
    char old[300];
    char fresh[300];
    struct scene *scene;

    (void)snprintf(old, sizeof(old), text, "a");
    (void)snprintf(fresh, sizeof(fresh), text, "b");
    scene = scene_start(types, old);
    component_finish(scene_find(scene, "a"));
    component_finish(scene_find(scene, "apart"));
    scene_run(scene); /* a's end is heard by b and c */
    assert_true(component_is_over(scene_find(scene, "c")));
    assert_true(scene_change(scene, fresh));

    for (const char *const *path = (const char *const[]){"a", "b", "b/pliant", "c", "d", NULL};
         *path != NULL; path++) {
        assert_int_equal(scene_find(scene, *path)->state, RUNNING);
    }
    assert_int_equal(scene_find(scene, "apart")->state, STOPPED);
    scene_stop(scene);
}

static void test_what_waits_for_its_restart_is_replaced_with_what_it_has(void **context)
{
    static const char text[] =
        "components:\n"
        "  from: {type: Probe}\n"
        "  it: {type: Faulty, restart: {policy: always, delay: %s, limit: 0}}\n"
        "  to: {type: Probe}\n"
        "linkages: [from.out0 -> it.inbox, it.outbox -> to.in0]\n";
    char old[300];
    struct scene *scene;

    (void)snprintf(old, sizeof(old), text, "10s");
    scene = scene_start(types, old);
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "fail");
    scene_run(scene);
    assert_int_equal(scene_find(scene, "it")->state, RESTARTING);
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    assert_true(scene_change(scene, "components: {from: {type: Probe}, to: {type: Probe}, "
                                    "it: {type: PassThrough}}\n"
                                    "linkages: [from.out0 -> it.inbox, it.outbox -> to.in0]\n"));
    scene_run(scene);

    probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "one");
    loop_once(scene->loop, false);
    assert_int_equal(leavers(scene), 0);
    scene_stop(scene);
}

static void test_what_waits_for_its_restart_and_is_removed_ends(void **context)
{
    struct scene *scene =
        scene_start(types, "components:\n"
                           "  from: {type: Probe}\n"
                           "  it: {type: Faulty, restart: {policy: always, delay: 10s, limit: 0}}\n"
                           "linkages: [from.out0 -> it.inbox]\n");

    probe_send(scene_find(scene, "from"), PROBE_OUT0, "fail");
    scene_run(scene);
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    assert_true(scene_change(scene, "components: {from: {type: Probe}}\n"));
    loop_once(scene->loop, false);

    assert_int_equal(leavers(scene), 0);
    assert_int_equal(scene->graph->living, 1);
    scene_stop(scene);
}

/* ---- chassis ---- */

static void test_one_in_a_pipeline_is_replaced_alone(void **context)
{
    static const char text[] =
        "components:\n  from: {type: Probe}\n  to: {type: Probe}\n"
        "  p: {type: Pipeline, components: [{type: PassThrough, name: a}, {type: %s, name: b}, "
        "{type: PassThrough, name: c}]}\n"
        "linkages: [from.out0 -> p.inbox, p.outbox -> to.in0, from.signal -> p.control, "
        "p.signal -> to.control]\n";
    char old[400];
    char fresh[400];
    struct scene *scene;
    struct component *a;

    (void)snprintf(old, sizeof(old), text, "Pliant"); /* keeps what comes */
    (void)snprintf(fresh, sizeof(fresh), text, "PassThrough");
    scene = scene_start(types, old);
    a = scene_find(scene, "p/a");
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "one");
    scene_run(scene);
    assert_true(scene_change(scene, fresh));
    scene_run(scene);
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "two");
    scene_run(scene);

    assert_ptr_equal(scene_find(scene, "p/a"), a);
    probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "one");
    probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "two");
    outbox_notify(scene_find(scene, "from"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    assert_int_equal(scene_find(scene, "p")->state, STOPPED);
    probe_hears(scene, scene_find(scene, "to"), PROBE_CONTROL, "<producerFinished>");
    scene_stop(scene);
}

static void test_a_pipeline_may_grow_and_shrink(void **context)
{
    static const char text[] =
        "components:\n  from: {type: Probe}\n  to: {type: Probe}\n"
        "  p: {type: Pipeline, components: [%s{type: PassThrough, name: b}]}\n"
        "linkages: [from.out0 -> p.inbox, p.outbox -> to.in0, from.signal -> p.control, "
        "p.signal -> to.control]\n";
    char one[400];
    char two[400];
    struct scene *scene;

    (void)snprintf(one, sizeof(one), text, "");
    (void)snprintf(two, sizeof(two), text, "{type: PassThrough, name: a}, ");
    scene = scene_start(types, one);
    for (int i = 0; i < 5; i++) {
        probe_send(scene_find(scene, "from"), PROBE_OUT0, "x");
        scene_run(scene); /* else it would take another way than what comes later */
        assert_true(scene_change(scene, i % 2 == 0 ? two : one));
        probe_send(scene_find(scene, "from"), PROBE_OUT0, "y");
        scene_run(scene);
        probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "x");
        probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "y");
        loop_once(scene->loop, false);
    }

    outbox_notify(scene_find(scene, "from"), PROBE_SIGNAL, PRODUCER_FINISHED, NULL, 0);
    scene_run(scene);
    assert_int_equal(scene_find(scene, "p")->state, STOPPED);
    assert_int_equal(leavers(scene), 0);
    scene_stop(scene);
}

static void test_a_chassis_that_was_changed_can_be_restarted(void **context)
{
    static const char text[] =
        "components:\n  from: {type: Probe}\n  to: {type: Probe}\n"
        "  p: {type: Graphline, components: {a: {type: PassThrough}%s}, linkages: [self.inbox -> "
        "a.inbox%s]}\n"
        "linkages: [from.out0 -> p.inbox, p.outbox -> to.in0]\n";
    char one[400];
    char two[400];
    struct scene *scene;

    (void)snprintf(one, sizeof(one), text, "", ", a.outbox -> self.outbox");
    (void)snprintf(two, sizeof(two), text, ", b: {type: LineFramer}",
                   ", a.outbox -> b.inbox, b.outbox -> self.outbox");
    scene = scene_start(types, one);
    assert_true(scene_change(scene, two));
    scene_run(scene);
    assert_int_equal(component_restart(scene_find(scene, "p")), 0);
    probe_send(scene_find(scene, "from"), PROBE_OUT0, "x\n");
    scene_run(scene);

    probe_hears(scene, scene_find(scene, "to"), PROBE_IN0, "x\n");
    scene_stop(scene);
}

/* ---- many ---- */

static char *many(size_t count, const char *keys)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    (void)fprintf(out, "components:\n  first: {type: Pliant%s}\n", keys);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "  c%zu: {type: Graphline, components: {x: {type: Pliant}}}\n", i);
    }
    (void)fclose(out);
    return text;
}

static bool is_settled(void *arg)
{
    const struct scene *scene = arg;

    return root_of(scene->graph)->earlier == NULL;
}

static void test_many_move_over_some_at_a_time(void **context)
{
    char *old = many(2000, "");
    char *fresh = many(2001, ", fixed: b");
    struct scene *scene = scene_start(types, old);
    struct component *child = scene_find(scene, "c1999/x");

    assert_true(scene_change(scene, fresh));
    assert_non_null(root_of(scene->graph)->earlier);
    assert_ptr_equal(component_next_child(scene_find(scene, "c1999"), NULL), child);
    scene_wait(scene, is_settled, scene);

    assert_ptr_equal(child->plan, plan_find(scene->plan, "c1999/x"));
    assert_int_equal(pliant(scene, "c0/x")->starts, 1);
    scene_stop(scene);
    free(old);
    free(fresh);
}

static void test_the_next_change_need_not_wait(void **context)
{
    char *old = many(2000, "");
    char *fresh = many(2000, ", fixed: b");
    struct scene *scene = scene_start(types, old);

    for (int i = 0; i < 4; i++) {
        assert_true(scene_change(scene, i % 2 == 0 ? fresh : old));
    }
    scene_stop(scene); /* in the middle of it */
    free(old);
    free(fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_is_the_same_runs_on_with_what_waits_in_it, reset),
        cmocka_unit_test_setup(test_a_changeable_parameter_is_changed_in_place, reset),
        cmocka_unit_test_setup(test_a_bound_is_changed_in_place, reset),
        cmocka_unit_test_setup(test_linkages_are_changed_without_losing_what_is_queued, reset),
        cmocka_unit_test_setup(test_what_waits_goes_to_what_replaces_it, reset),
        cmocka_unit_test_setup(test_what_replaces_another_hears_what_that_was_told, reset),
        cmocka_unit_test_setup(test_an_end_that_was_held_back_is_held_on, reset),
        cmocka_unit_test_setup(test_a_sender_that_waits_is_run_by_what_replaces_its_reader, reset),
        cmocka_unit_test_setup(test_what_is_removed_sees_to_what_waits_first, reset),
        cmocka_unit_test_setup(test_a_branch_of_several_that_goes_leaves_the_others_all, reset),
        cmocka_unit_test_setup(test_what_waits_before_several_comes_first_to_the_one_that_is_left,
                               reset),
        cmocka_unit_test_setup(test_what_is_removed_and_comes_to_no_end_is_ended_in_time, reset),
        cmocka_unit_test_setup(test_what_is_removed_but_in_use_keeps_what_it_leads_to, reset),
        cmocka_unit_test_setup(test_what_is_removed_waits_for_what_leads_to_it_to_finish, reset),
        cmocka_unit_test_setup(test_a_chain_that_is_removed_loses_nothing_of_what_waits, reset),
        cmocka_unit_test_setup(test_a_ring_that_is_removed_ends_while_others_are_in_use, reset),
        cmocka_unit_test_setup(test_what_is_added_takes_free_places, reset),
        cmocka_unit_test_setup(test_what_could_not_start_leaves_all_as_it_was, reset),
        cmocka_unit_test_setup(test_what_has_failed_is_started_anew, reset),
        cmocka_unit_test_setup(test_what_has_done_its_work_is_left_alone, reset),
        cmocka_unit_test_setup(test_what_has_done_its_work_is_started_with_a_new_neighbour, reset),
        cmocka_unit_test_setup(test_a_chain_that_has_done_its_work_is_started_with_its_last, reset),
        cmocka_unit_test_setup(test_what_waits_for_its_restart_is_replaced_with_what_it_has, reset),
        cmocka_unit_test_setup(test_what_waits_for_its_restart_and_is_removed_ends, reset),
        cmocka_unit_test_setup(test_one_in_a_pipeline_is_replaced_alone, reset),
        cmocka_unit_test_setup(test_a_pipeline_may_grow_and_shrink, reset),
        cmocka_unit_test_setup(test_a_chassis_that_was_changed_can_be_restarted, reset),
        cmocka_unit_test_setup(test_many_move_over_some_at_a_time, reset),
        cmocka_unit_test_setup(test_the_next_change_need_not_wait, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
