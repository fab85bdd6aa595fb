/* Services: components that are found by name. */
#include "graph/service.h"

#include <errno.h>

#include "graph/graph.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* A service that counts what it is told, in the turn of who tells it; and its own turns. */
struct bell {
    uint64_t rings;
    uint64_t turns;
};

static void bell_receive(struct component *self, struct message *msg)
{
    struct bell *bell = component_state(self);
    const enum message_kind kind = (enum message_kind)msg->kind;

    bell->rings++;
    message_release(msg);
    if (kind == NEW_WRITER) {
        component_wake(self);
    } else if (kind == SERVER_SHUTDOWN) {
        component_finish(self);
    }
}

static void bell_run(struct component *self)
{
    struct bell *bell = component_state(self);

    bell->turns++;
}

static const struct box_spec bell_inboxes[] = {
    {.name = "notify", .carries = NOTICES, .doc = "rings", .receive = bell_receive},
    {.name = "control", .carries = NOTICES, .doc = "stop"},
    {0},
};
static const struct box_spec bell_outboxes[] = {
    {.name = "signal", .carries = NOTICES, .doc = "stopped"},
    {0},
};
static const struct component_type bell_type = {
    .name = "Bell",
    .summary = "counts its rings",
    .size = sizeof(struct bell),
    .inboxes = bell_inboxes,
    .outboxes = bell_outboxes,
    .service = "bell",
    .run = bell_run,
};

/* Has an outbox that leads to the bell, and one to a service that nobody offers. */
enum { RINGER_SIGNAL, RINGER_BELL, RINGER_NOBODY };

static const struct box_spec ringer_inboxes[] = {
    {.name = "control", .carries = NOTICES, .doc = "stop"},
    {0},
};
static const struct box_spec ringer_outboxes[] = {
    [RINGER_SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "stopped"},
    [RINGER_BELL] = {.name = "_bell", .carries = NOTICES, .doc = "rings", .service = "bell"},
    [RINGER_NOBODY] = {.name = "_nobody",
                       .carries = NOTICES,
                       .doc = "lost",
                       .service = "no such service"},
    {0},
};
static const struct component_type ringer_type = {
    .name = "Ringer",
    .summary = "rings the bell",
    .inboxes = ringer_inboxes,
    .outboxes = ringer_outboxes,
};

static const struct component_type *const types[] = {&bell_type, &ringer_type, NULL};

static struct scene *start(void)
{
    return scene_start(types, "components:\n"
                              "  a: {type: Ringer}\n"
                              "  b: {type: Ringer}\n"
                              "  p: {type: Probe}\n");
}

static void ring(struct scene *scene, const char *path, enum message_kind kind)
{
    outbox_notify(scene_find(scene, path), RINGER_BELL, kind, NULL, 0);
}

static struct bell *bell_of(struct scene *scene)
{
    struct inbox *in = service_find(scene->loop, "bell");

    assert_non_null(in);
    return component_state(box_owner(&in->box));
}

static void test_an_outbox_leads_to_its_service_without_a_linkage(void **context)
{
    struct scene *scene = start();

    assert_true(list_is_empty(&scene->loop->services)); /* made when it is first needed */
    ring(scene, "a", NEW_READER);
    ring(scene, "b", NEW_READER);
    ring(scene, "a", REMOVE_READER);

    assert_int_equal(bell_of(scene)->rings, 3); /* one for all, told at once */
    assert_true(outbox_is_linked(scene_find(scene, "a"), RINGER_BELL));
    scene_stop(scene);
}

static void test_a_service_may_leave_what_it_is_told_for_a_turn_of_its_own(void **context)
{
    struct scene *scene = start();

    ring(scene, "a", NEW_WRITER);
    ring(scene, "b", NEW_WRITER);
    assert_int_equal(bell_of(scene)->turns, 0);
    scene_run(scene);

    assert_int_equal(bell_of(scene)->turns, 1);
    scene_stop(scene);
}

static void test_what_nobody_offers_is_discarded_and_counted(void **context)
{
    struct scene *scene = start();

    outbox_notify(scene_find(scene, "a"), RINGER_NOBODY, NEW_READER, NULL, 0);

    assert_null(service_find(scene->loop, "no such service"));
    assert_int_equal(scene_find(scene, "a")->discarded, 1);
    scene_stop(scene);
}

static void test_a_service_outlives_the_graphs_that_use_it(void **context)
{
    struct scene *scene = start();

    ring(scene, "a", NEW_READER);
    graph_destroy(scene->graph);
    scene->graph = NULL;
    scene_run(scene);

    assert_int_equal(bell_of(scene)->rings, 1);
    assert_int_equal(scene->graphs_ended, 0);
    scene_stop(scene);
}

static void test_a_service_that_has_ended_is_made_anew(void **context)
{
    struct scene *scene = start();

    for (int i = 0; i < 3; i++) {
        ring(scene, "a", NEW_READER);
        assert_int_equal(bell_of(scene)->rings, 1);
        ring(scene, "a", SERVER_SHUTDOWN);
        scene_run(scene);
    }

    assert_int_equal(scene->graphs_ended, 0); /* nobody is told */
    scene_stop(scene);
}

static void test_a_component_may_register_an_inbox_under_a_name(void **context)
{
    struct scene *scene = start();
    struct component *p = scene_find(scene, "p");

    assert_int_equal(service_register(scene->loop, "post", p, component_inbox(p, PROBE_IN0)), 0);

    assert_ptr_equal(service_find(scene->loop, "post"), component_inbox(p, PROBE_IN0));
    assert_int_equal(service_register(scene->loop, "post", p, component_inbox(p, PROBE_IN1)),
                     -EEXIST);
    assert_int_equal(service_deregister(scene->loop, "post"), 0);
    assert_int_equal(service_deregister(scene->loop, "post"), -ENOENT);
    assert_null(service_find(scene->loop, "post"));
    scene_stop(scene);
}

static void test_names_go_with_the_component(void **context)
{
    struct scene *scene = start();
    struct component *p = scene_find(scene, "p");

    assert_int_equal(service_register(scene->loop, "post", p, component_inbox(p, PROBE_IN0)), 0);
    assert_int_equal(service_register(scene->loop, "mail", p, component_inbox(p, PROBE_IN1)), 0);
    component_finish(p);

    assert_null(service_find(scene->loop, "post"));
    assert_null(service_find(scene->loop, "mail"));
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_outbox_leads_to_its_service_without_a_linkage),
        cmocka_unit_test(test_a_service_may_leave_what_it_is_told_for_a_turn_of_its_own),
        cmocka_unit_test(test_what_nobody_offers_is_discarded_and_counted),
        cmocka_unit_test(test_a_service_outlives_the_graphs_that_use_it),
        cmocka_unit_test(test_a_service_that_has_ended_is_made_anew),
        cmocka_unit_test(test_a_component_may_register_an_inbox_under_a_name),
        cmocka_unit_test(test_names_go_with_the_component),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
