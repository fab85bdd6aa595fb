/* A component's life, and what the runtime does about control. */
#include "graph/component.h"

#include <errno.h>

#include "graph/graph.h"
#include "graph/plan.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* What became of the actors of a test, in the order of happening: "start a, run a". */
static char story[1024];

/* Which of an actor's functions does something special, and what. */
enum trick { NONE, FAIL, FINISH };
static const char *const tricks[] = {"none", "fail", "finish", NULL};

struct actor {
    int in_start; /* parameters, enum trick */
    int in_run;
    bool patient;     /* parameter: leaves its inbox alone */
    int64_t flushes;  /* parameter: calls of flush until all is sent */
    bool wakes;       /* parameter: wakes itself once, in run */
    uint64_t taken;   /* messages in the last turn */
    bool was_stopped; /* stop has been called */
};

enum { INBOX, CONTROL, RARE };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "taken and forgotten"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "the runtime's"},
    [RARE] = {.name = "rare", .carries = ANYTHING, .doc = "likewise", .rare = true},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "what flush sends"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the runtime's"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_CHOICE(struct actor, in_start), .choices = tricks, .fallback = "none", .doc = "x"},
    {PARAM_CHOICE(struct actor, in_run), .choices = tricks, .fallback = "none", .doc = "x"},
    {PARAM_BOOL(struct actor, patient), .fallback = "false", .doc = "x"},
    {PARAM_INT(struct actor, flushes), .fallback = "1", .max = 10, .doc = "x"},
    {PARAM_BOOL(struct actor, wakes), .fallback = "false", .doc = "x"},
    {0},
};

static void tell(const struct component *self, const char *what)
{
    const size_t used = strlen(story);

    (void)snprintf(story + used, sizeof(story) - used, "%s%s %s", used > 0 ? ", " : "", what,
                   self->plan->name);
}

static int play(struct component *self, enum trick trick)
{
    switch (trick) {
    case NONE:
        return 0;
    case FAIL:
        return component_fail(self, ENOENT, "can't find the script");
    case FINISH:
        component_finish(self);
        return 0;
    }
    return 0;
}

static int actor_start(struct component *self)
{
    struct actor *actor = component_state(self);

    tell(self, "start");
    return play(self, (enum trick)actor->in_start);
}

static void actor_run(struct component *self)
{
    struct actor *actor = component_state(self);
    struct message *msg;

    tell(self, "run");
    (void)play(self, (enum trick)actor->in_run);
    actor->taken = 0;
    while (!actor->patient && (msg = inbox_take(self, INBOX)) != NULL) {
        message_release(msg);
        actor->taken++;
    }
    if (actor->wakes) {
        actor->wakes = false;
        component_wake(self);
    }
}

static bool actor_flush(struct component *self)
{
    struct actor *actor = component_state(self);

    tell(self, "flush");
    if (--actor->flushes > 0) {
        component_wake(self);
        return false;
    }
    return true;
}

static void actor_stop(struct component *self)
{
    struct actor *actor = component_state(self);

    assert_false(actor->was_stopped);
    actor->was_stopped = true;
    tell(self, "stop");
}

static void actor_child_ended(struct component *self, struct component *child)
{
    tell(child, "child ended");
}

static const struct component_type actor_type = {
    .name = "Actor",
    .summary = "plays a part",
    .size = sizeof(struct actor),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .start = actor_start,
    .run = actor_run,
    .flush = actor_flush,
    .stop = actor_stop,
};

static const struct param_spec stage_parameters[] = {
    {.name = "components", .kind = PARAM_KIND_CHILDREN, .required = true, .doc = "x"},
    {.name = "linkages", .kind = PARAM_KIND_LINKAGES, .doc = "x"},
    {0},
};

/* A chassis that only looks on. */
static const struct component_type stage_type = {
    .name = "Stage",
    .summary = "holds actors",
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = stage_parameters,
    .chassis = CHASSIS_GRAPH,
    .child_ended = actor_child_ended,
};

static const struct component_type *const types[] = {&actor_type, &stage_type, NULL};

static struct scene *start(const char *yaml)
{
    story[0] = '\0';
    return scene_start(types, yaml);
}

/* An actor "it" with the parameters given, probes "from" and "to" on its two sides. */
static struct scene *start_one(const char *given)
{
    char yaml[512];

    (void)snprintf(yaml, sizeof(yaml),
                   "components:\n"
                   "  from: {type: Probe}\n"
                   "  it: {type: Actor, <<: {%s}}\n"
                   "  to: {type: Probe}\n"
                   "linkages: [from -> it -> to]\n",
                   given);
    return start(yaml);
}

static struct component *find(struct scene *scene, const char *path)
{
    return scene_find(scene, path);
}

static void say(struct scene *scene, const char *text)
{
    probe_send(find(scene, "from"), PROBE_OUT0, text);
}

static void say_notice(struct scene *scene, enum message_kind kind)
{
    outbox_notify(find(scene, "from"), PROBE_SIGNAL, kind, NULL, 0);
}

static void assert_says(struct scene *scene, const char *notice)
{
    const char *heard = probe_take(scene, find(scene, "to"), PROBE_CONTROL);

    assert_non_null(heard);
    assert_string_equal(heard, notice);
    assert_null(probe_take(scene, find(scene, "to"), PROBE_CONTROL));
}

/* ---- start ---- */

static void test_components_start_in_the_order_of_the_file(void **context)
{
    struct scene *scene = start("components:\n"
                                "  b: {type: Actor}\n"
                                "  a: {type: Actor}\n"
                                "  c: {type: Actor}\n");

    assert_string_equal(story, "start b, start a, start c");
    assert_int_equal(find(scene, "a")->state, RUNNING);
    scene_stop(scene);
    assert_string_equal(story, "start b, start a, start c, stop c, stop a, stop b");
}

static void test_one_that_cannot_start_takes_all_back(void **context)
{
    struct scene *scene = start("components:\n"
                                "  a: {type: Actor}\n"
                                "  b: {type: Actor, in_start: fail}\n"
                                "  c: {type: Actor}\n");

    assert_null(scene->graph);
    assert_string_equal(scene->refusal, "b: can't find the script: No such file or directory");
    assert_string_equal(story, "start a, start b, stop b, stop a"); /* c never was */
    assert_int_equal(scene->graphs_ended, 0);
    scene_stop(scene);
}

static void test_a_component_may_be_done_when_it_has_started(void **context)
{
    struct scene *scene = start_one("in_start: finish");

    assert_int_equal(find(scene, "it")->state, STOPPED);
    assert_says(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_what_waited_before_the_start_is_seen_to(void **context)
{
    /* a starts, sends and ends before b has begun */
    struct scene *scene = start("components:\n"
                                "  source: {type: DataSource, messages: [x]}\n"
                                "  it: {type: Actor}\n"
                                "linkages: [source -> it]\n");

    scene_run(scene);

    assert_string_equal(story, "start it, run it, flush it, stop it");
    scene_stop(scene);
}

/* ---- the end ---- */

static void test_finishing_stops_and_says_so(void **context)
{
    struct scene *scene = start_one("in_run: finish");

    say(scene, "x");
    scene_run(scene);

    assert_string_equal(story, "start it, run it, stop it");
    assert_int_equal(find(scene, "it")->state, STOPPED);
    assert_null(component_reason(find(scene, "it")));
    assert_says(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_failing_keeps_the_reason_and_leaves_the_others_alone(void **context)
{
    struct scene *scene = start_one("in_run: fail");

    say(scene, "x");
    scene_run(scene);

    assert_string_equal(story, "start it, run it, stop it");
    assert_int_equal(find(scene, "it")->state, FAILED);
    assert_string_equal(component_reason(find(scene, "it")),
                        "can't find the script: No such file or directory");
    assert_string_equal(scene->log, "it: can't find the script: No such file or directory");
    assert_says(scene, "<producerFinished>");
    assert_int_equal(find(scene, "from")->state, RUNNING);
    assert_int_equal(find(scene, "to")->state, RUNNING);
    scene_stop(scene);
}

static void test_a_component_may_be_ended_from_outside(void **context)
{
    struct scene *scene = start_one("");

    component_finish(find(scene, "it"));

    assert_string_equal(story, "start it, stop it");
    assert_says(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_an_end_takes_its_linkages_along(void **context)
{
    struct scene *scene = start_one("");

    component_finish(find(scene, "it"));
    say(scene, "to nobody");
    scene_run(scene);

    assert_int_equal(component_outbox(find(scene, "from"), PROBE_OUT0)->box.dropped, 1);
    assert_null(component_outbox(find(scene, "from"), PROBE_OUT0)->sink);
    scene_check_pool(scene);
    scene_stop(scene);
}

static void test_what_has_ended_is_not_run_or_told_anything_any_more(void **context)
{
    struct scene *scene = start_one("");
    struct component *it = find(scene, "it");

    say(scene, "it is in the queue already");
    component_finish(it);
    component_wake(it);
    component_tell(it, SHUTDOWN_MICROPROCESS, NULL, 0);
    component_finish(it);
    (void)component_fail(it, 0, "too late");
    scene_run(scene);

    assert_string_equal(story, "start it, stop it");
    assert_int_equal(it->state, STOPPED);
    scene_check_pool(scene);
    scene_stop(scene);
}

static void test_a_graph_whose_components_have_all_ended_says_so_once(void **context)
{
    struct scene *scene = start_one("");

    component_finish(find(scene, "from"));
    component_finish(find(scene, "to"));
    assert_int_equal(scene->graphs_ended, 0);
    scene_run(scene);

    assert_int_equal(scene->graphs_ended, 1);
    scene_stop(scene);
}

static void test_a_graph_of_nothing_but_quick_ones_ends_after_the_last(void **context)
{
    struct scene *scene = start("components:\n"
                                "  a: {type: Actor, in_start: finish}\n"
                                "  b: {type: Actor, in_start: finish}\n");

    assert_string_equal(story, "start a, stop a, start b, stop b");
    assert_int_equal(scene->graphs_ended, 1);
    scene_stop(scene);
}

static void test_destroying_says_nothing_to_anybody(void **context)
{
    struct scene *scene = start_one("");

    graph_destroy(scene->graph);

    assert_string_equal(story, "start it, stop it");
    assert_int_equal(scene->graphs_ended, 0);
    scene->graph = NULL;
    scene_stop(scene);
}

/* ---- control ---- */

static void test_producer_finished_ends_it_once_its_inbox_is_empty(void **context)
{
    struct scene *scene = start_one("");

    for (int i = 0; i < 2 * TURN + 1; i++) {
        say(scene, "x");
    }
    say_notice(scene, PRODUCER_FINISHED);
    scene_run(scene);

    assert_string_equal(story, "start it, run it, run it, run it, flush it, stop it");
    assert_int_equal(find(scene, "it")->state, STOPPED);
    assert_says(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_producer_finished_waits_while_the_inbox_is_not_empty(void **context)
{
    struct scene *scene = start_one("patient: true");
    struct actor *actor = component_state(find(scene, "it"));

    say(scene, "x");
    say_notice(scene, PRODUCER_FINISHED);
    scene_run(scene);
    assert_int_equal(find(scene, "it")->state, RUNNING);
    actor->patient = false;
    component_wake(find(scene, "it"));
    scene_run(scene);

    assert_int_equal(find(scene, "it")->state, STOPPED);
    scene_stop(scene);
}

static void test_producer_finished_waits_for_rare_inboxes_too(void **context)
{
    struct scene *scene = start_one("");
    struct component *it = find(scene, "it");

    probe_link(find(scene, "from"), PROBE_OUT1, it, RARE);
    probe_send(find(scene, "from"), PROBE_OUT1, "an actor never takes this");
    say_notice(scene, PRODUCER_FINISHED);
    scene_run(scene);

    assert_int_equal(it->state, RUNNING);
    scene_stop(scene);
}

static void test_flush_is_called_until_all_is_sent(void **context)
{
    struct scene *scene = start_one("flushes: 3");

    say_notice(scene, PRODUCER_FINISHED);
    scene_run(scene);

    assert_string_equal(story,
                        "start it, run it, flush it, run it, flush it, run it, flush it, stop it");
    assert_says(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_a_stop_comes_before_everything_else(void **context)
{
    struct scene *scene = start_one("flushes: 3");

    say(scene, "dropped");
    say_notice(scene, SERVER_SHUTDOWN);
    say_notice(scene, PRODUCER_FINISHED);
    say_notice(scene, SHUTDOWN_MICROPROCESS);
    scene_run(scene);

    assert_string_equal(story, "start it, stop it");
    assert_says(scene, "<shutdownMicroprocess>");
    scene_stop(scene);
}

static void test_a_socket_shutdown_stops_what_is_behind_it(void **context)
{
    struct scene *scene = start_one("");

    say_notice(scene, SOCKET_SHUTDOWN);
    scene_run(scene);

    assert_string_equal(story, "start it, stop it");
    assert_says(scene, "<shutdownMicroprocess>");
    scene_stop(scene);
}

static void test_the_reason_of_a_stop_travels_on(void **context)
{
    struct scene *scene = start_one("");
    struct component *to = find(scene, "to");

    say_notice(scene, SERVER_SHUTDOWN);
    component_tell(find(scene, "it"), SHUTDOWN_MICROPROCESS, NULL, ENOBUFS);
    scene_run(scene);

    assert_int_equal(inbox_peek(to, PROBE_CONTROL)->kind, SHUTDOWN_MICROPROCESS);
    assert_int_equal(inbox_peek(to, PROBE_CONTROL)->error, ENOBUFS);
    scene_stop(scene);
}

static void test_other_notices_mean_nothing_and_hide_nothing(void **context)
{
    struct scene *scene = start_one("");

    say_notice(scene, SERVER_SHUTDOWN);
    say_notice(scene, NEW_CSA);
    say_notice(scene, PRODUCER_FINISHED);
    scene_run(scene);

    assert_int_equal(find(scene, "it")->state, STOPPED);
    assert_says(scene, "<producerFinished>");
    scene_stop(scene);
}

static void test_who_heeds_its_control_itself_is_left_alone(void **context)
{
    struct scene *scene = start_one("");
    struct component *to = find(scene, "to"); /* a probe does */

    component_tell(to, PRODUCER_FINISHED, NULL, 0);
    component_tell(to, SHUTDOWN_MICROPROCESS, NULL, 0);
    scene_run(scene);

    assert_int_equal(to->state, RUNNING);
    assert_true(component_is_told_to_stop(to));
    assert_string_equal(probe_take(scene, to, PROBE_CONTROL), "<producerFinished>");
    assert_string_equal(probe_take(scene, to, PROBE_CONTROL), "<shutdownMicroprocess>");
    scene_stop(scene);
}

static void test_what_was_said_on_signal_is_not_said_again(void **context)
{
    struct scene *scene = start_one("");
    struct component *it = find(scene, "it");

    outbox_notify(it, SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    component_finish(it);

    assert_says(scene, "<shutdownMicroprocess>");
    scene_stop(scene);
}

/* ---- turns ---- */

static void test_a_turn_takes_so_many_messages_and_no_more(void **context)
{
    struct scene *scene = start_one("");
    struct actor *actor = component_state(find(scene, "it"));

    for (int i = 0; i < TURN + 10; i++) {
        say(scene, "x");
    }
    scene_run(scene);

    assert_string_equal(story, "start it, run it, run it");
    assert_int_equal(actor->taken, 10); /* in the second turn */
    scene_stop(scene);
}

static void test_waking_has_it_run_once(void **context)
{
    struct scene *scene = start_one("wakes: true");
    struct component *it = find(scene, "it");

    component_wake(it);
    component_wake(it);
    component_wake(it);
    scene_run(scene);

    assert_string_equal(story, "start it, run it, run it"); /* the second by its own wish */
    scene_stop(scene);
}

/* ---- parents and names ---- */

static struct scene *start_stage(void)
{
    return start("components:\n"
                 "  before: {type: Actor}\n"
                 "  outer:\n"
                 "    type: Stage\n"
                 "    components:\n"
                 "      a: {type: Actor}\n"
                 "      inner: {type: Stage, components: {b: {type: Actor}, c: {type: Actor}}}\n"
                 "      d: {type: Actor}\n"
                 "  after: {type: Actor}\n");
}

static void test_a_chassis_hears_when_its_own_children_end(void **context)
{
    struct scene *scene = start_stage();

    story[0] = '\0';
    component_finish(find(scene, "outer/a"));
    component_finish(find(scene, "outer/inner/b"));
    component_finish(find(scene, "outer/inner"));
    component_finish(find(scene, "outer/inner/c")); /* nobody is left to hear this */
    component_finish(find(scene, "before"));

    assert_string_equal(story, "stop a, child ended a, stop b, child ended b, child ended inner, "
                               "stop c, stop before");
    scene_stop(scene);
}

static void test_the_children_of_a_chassis_are_found_in_order(void **context)
{
    struct scene *scene = start_stage();
    const struct component *outer = find(scene, "outer");
    const struct component *inner = find(scene, "outer/inner");
    const struct component *child = component_next_child(outer, NULL);

    assert_ptr_equal(child, find(scene, "outer/a"));
    child = component_next_child(outer, child);
    assert_ptr_equal(child, inner);
    child = component_next_child(outer, child);
    assert_ptr_equal(child, find(scene, "outer/d"));
    assert_null(component_next_child(outer, child));
    child = component_next_child(inner, NULL);
    assert_ptr_equal(child, find(scene, "outer/inner/b"));
    child = component_next_child(inner, child);
    assert_ptr_equal(child, find(scene, "outer/inner/c"));
    assert_null(component_next_child(inner, child));
    assert_null(component_next_child(find(scene, "after"), NULL));
    scene_stop(scene);
}

static void test_boxes_and_paths_have_names(void **context)
{
    struct scene *scene = start_stage();
    const struct component *b = find(scene, "outer/inner/b");
    char path[PATH_SIZE];

    assert_string_equal(component_path(b, path, sizeof(path)), "outer/inner/b");
    assert_int_equal(component_find_inbox(b, "rare"), RARE);
    assert_int_equal(component_find_outbox(b, "signal"), SIGNAL);
    assert_int_equal(component_find_inbox(b, "signal"), NO_BOX);
    scene_stop(scene);
}

static void test_a_rare_box_is_made_when_it_is_linked(void **context)
{
    struct scene *scene = start_one("");
    struct component *it = find(scene, "it");

    assert_null(component_have_inbox(it, RARE));
    assert_true(inbox_is_empty(it, RARE));
    probe_link(find(scene, "from"), PROBE_OUT1, it, RARE);
    probe_send(find(scene, "from"), PROBE_OUT1, "x");

    assert_false(inbox_is_empty(it, RARE));
    assert_ptr_equal(box_owner(&component_have_inbox(it, RARE)->box), it);
    assert_string_equal(probe_take(scene, it, RARE), "x");
    scene_stop(scene);
}

static void test_a_notice_keeps_the_memory_of_whom_it_is_about(void **context)
{
    struct scene *scene = start_one("");
    struct component *it = find(scene, "it");
    struct message *notice =
        message_notice(component_pool(it), SHUTDOWN_CSA, it, 0); /* held by the test */

    graph_destroy(scene->graph);
    scene_run(scene);

    assert_int_equal(notice->about->state, STOPPED);
    message_release(notice);
    scene->graph = NULL;
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_components_start_in_the_order_of_the_file),
        cmocka_unit_test(test_one_that_cannot_start_takes_all_back),
        cmocka_unit_test(test_a_component_may_be_done_when_it_has_started),
        cmocka_unit_test(test_what_waited_before_the_start_is_seen_to),
        cmocka_unit_test(test_finishing_stops_and_says_so),
        cmocka_unit_test(test_failing_keeps_the_reason_and_leaves_the_others_alone),
        cmocka_unit_test(test_a_component_may_be_ended_from_outside),
        cmocka_unit_test(test_an_end_takes_its_linkages_along),
        cmocka_unit_test(test_what_has_ended_is_not_run_or_told_anything_any_more),
        cmocka_unit_test(test_a_graph_whose_components_have_all_ended_says_so_once),
        cmocka_unit_test(test_a_graph_of_nothing_but_quick_ones_ends_after_the_last),
        cmocka_unit_test(test_destroying_says_nothing_to_anybody),
        cmocka_unit_test(test_producer_finished_ends_it_once_its_inbox_is_empty),
        cmocka_unit_test(test_producer_finished_waits_while_the_inbox_is_not_empty),
        cmocka_unit_test(test_producer_finished_waits_for_rare_inboxes_too),
        cmocka_unit_test(test_flush_is_called_until_all_is_sent),
        cmocka_unit_test(test_a_stop_comes_before_everything_else),
        cmocka_unit_test(test_a_socket_shutdown_stops_what_is_behind_it),
        cmocka_unit_test(test_the_reason_of_a_stop_travels_on),
        cmocka_unit_test(test_other_notices_mean_nothing_and_hide_nothing),
        cmocka_unit_test(test_who_heeds_its_control_itself_is_left_alone),
        cmocka_unit_test(test_what_was_said_on_signal_is_not_said_again),
        cmocka_unit_test(test_a_turn_takes_so_many_messages_and_no_more),
        cmocka_unit_test(test_waking_has_it_run_once),
        cmocka_unit_test(test_a_chassis_hears_when_its_own_children_end),
        cmocka_unit_test(test_the_children_of_a_chassis_are_found_in_order),
        cmocka_unit_test(test_boxes_and_paths_have_names),
        cmocka_unit_test(test_a_rare_box_is_made_when_it_is_linked),
        cmocka_unit_test(test_a_notice_keeps_the_memory_of_whom_it_is_about),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
