#include "tests/scene.h"

#include <math.h>
#include <time.h>

#include "components/component_types.h"
#include "graph/error.h"
#include "graph/graph.h"
#include "graph/graph_change.h"
#include "graph/nursery.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "tests/unit.h"

#define PATIENCE 60.0 /* seconds until what should happen counts as lost */

static const struct box_spec probe_inboxes[] = {
    [PROBE_IN0] = {.name = "in0", .carries = ANYTHING, .doc = "for the test to take"},
    [PROBE_IN1] = {.name = "in1", .carries = ANYTHING, .doc = "likewise"},
    [PROBE_IN2] = {.name = "in2", .carries = ANYTHING, .doc = "likewise"},
    [PROBE_CONTROL] = {.name = "control", .carries = NOTICES, .doc = "likewise"},
    {0},
};
static const struct box_spec probe_outboxes[] = {
    [PROBE_OUT0] = {.name = "out0", .carries = ANYTHING, .doc = "what the test sends"},
    [PROBE_OUT1] = {.name = "out1", .carries = ANYTHING, .doc = "likewise"},
    [PROBE_OUT2] = {.name = "out2", .carries = ANYTHING, .doc = "likewise"},
    [PROBE_SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "likewise"},
    {0},
};

static void probe_run(struct component *self)
{
    struct probe *probe = component_state(self);

    probe->runs++;
}

const struct component_type probe_type = {
    .name = "Probe",
    .summary = "does what a test says",
    .size = sizeof(struct probe),
    .inboxes = probe_inboxes,
    .outboxes = probe_outboxes,
    .heeds_control = true,
    .run = probe_run,
};

static void note_log(void *arg, enum log_level level, const char *path, const char *peer,
                     const char *text)
{
    struct scene *scene = arg;

    (void)snprintf(scene->log, sizeof(scene->log), "%s: %s", path != NULL ? path : "", text);
}

static void note_end(void *arg, struct graph *graph)
{
    struct scene *scene = arg;

    scene->graphs_ended++;
}

static size_t count_types(const struct component_type *const *types)
{
    size_t count = 0;

    while (types != NULL && types[count] != NULL) {
        count++;
    }
    return count;
}

/* The program's types, the test's, and Probe. */
static const struct component_type **join_types(const struct component_type *const *types)
{
    const size_t ours = count_types(component_types);
    const size_t theirs = count_types(types);
    const struct component_type **all =
        mem_alloc((ours + theirs + 2) * sizeof(struct component_type *));

    memcpy(all, component_types, ours * sizeof(struct component_type *));
    if (theirs > 0) {
        memcpy(all + ours, types, theirs * sizeof(struct component_type *));
    }
    all[ours + theirs] = &probe_type;
    return all;
}

static struct plan *parse(const struct scene *scene, const char *yaml)
{
    const struct plan_options options = {.types = scene->types};
    struct errors *errors = errors_create();
    struct plan *plan = plan_parse("scene.yaml", yaml, strlen(yaml), &options, errors);

    if (plan == NULL) {
        errors_print(errors, stderr, false);
        fail_msg("the graph has a mistake");
    }
    errors_destroy(errors);
    return plan;
}

const char *scene_text(const char *format, ...)
{
    static char text[1024];
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert_in_range(size, 0, sizeof(text) - 1);
    return text;
}

struct scene *scene_start(const struct component_type *const *types, const char *yaml)
{
    struct scene *scene = mem_alloc(sizeof(*scene));
    const struct loop_hooks hooks = {.arg = scene, .log = note_log, .graph_ended = note_end};

    scene->types = join_types(types);
    scene->loop = loop_create(scene->types, &hooks);
    assert_non_null(scene->loop);
    scene->yaml = mem_strdup(yaml);
    scene->loop->held.born = HUGE_VAL; /* nobody has held it: the machine may have stood still */
    scene->plan = parse(scene, yaml);
    scene->graph =
        graph_start(scene->loop, plan_ref(scene->plan), scene->refusal, sizeof(scene->refusal));
    return scene;
}

void scene_stop(struct scene *scene)
{
    if (scene->graph != NULL) {
        graph_destroy(scene->graph);
    }
    scene_run(scene);
    scene_check_pool(scene);
    loop_destroy(scene->loop);
    plan_release(scene->plan);
    free(scene->yaml);
    free(scene->types);
    free(scene);
}

/* Ready to be committed, or NULL. */
static struct graph_change *prepare(struct scene *scene, const struct plan_difference *difference,
                                    struct nursery *nursery)
{
    struct graph_change *change = graph_change_create(scene->graph, difference, nursery);
    char reason[400];
    const struct plan_component *failed = graph_change_prepare(change, reason, sizeof(reason));

    if (failed != NULL) {
        (void)snprintf(scene->refusal, sizeof(scene->refusal), "%s: %s", failed->path, reason);
        return NULL;
    }
    return change;
}

bool scene_change(struct scene *scene, const char *yaml)
{
    struct plan *fresh = parse(scene, yaml != NULL ? yaml : scene->yaml);
    struct plan_difference *difference = plan_difference_create(scene->plan, fresh);
    struct nursery *nursery = nursery_create(scene->graph);
    struct graph_change *change;

    nursery_fill(nursery, difference, true);
    change = prepare(scene, difference, nursery);
    if (change != NULL) {
        graph_change_commit(change);
        plan_release(scene->plan);
        scene->plan = plan_ref(fresh);
    }
    nursery_destroy(nursery);
    plan_difference_destroy(difference);
    plan_release(fresh);
    return change != NULL;
}

void scene_check_pool(const struct scene *scene)
{
    const struct pool *pool = &scene->loop->pool;
    size_t expected = pool->cached_blocks * (size_t)BLOCK_SIZE;

    if (pool->filling != NULL) {
        expected += pool->filling->capacity;
        assert_int_equal(pool->filling->refs, 1);
    }
    assert_int_equal(pool->memory, expected);
}

struct component *scene_find(const struct scene *scene, const char *path)
{
    const struct plan_component *plan = plan_find(scene->plan, path);

    if (plan == NULL) {
        fail_msg("no component %s", path);
        return NULL;
    }
    return graph_component(scene->graph, plan->index);
}

void scene_run(struct scene *scene)
{
    (void)loop_settle(scene->loop);
}

static void tick(struct ev_loop *ev, ev_timer *timer, int revents)
{
}

/* Seconds of the machine, also where tests/clock.h makes the time. */
static double machine_time(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void scene_wait(struct scene *scene, bool (*done)(void *arg), void *arg)
{
    const double until = machine_time() + PATIENCE;
    ev_timer timer;

    ev_timer_init(&timer, tick, 0.001, 0.001); /* what is waited for may be the test's own doing */
    ev_timer_start(scene->loop->ev, &timer);
    scene_run(scene);
    while (!done(arg)) {
        if (machine_time() > until) {
            fail_msg("waited in vain");
        }
        loop_once(scene->loop, true);
    }
    ev_timer_stop(scene->loop->ev, &timer);
}

static void time_is_up(struct ev_loop *ev, ev_timer *timer, int revents)
{
    ev_break(ev, EVBREAK_ALL);
}

void scene_wait_seconds(struct scene *scene, double seconds)
{
    ev_timer timer;

    ev_now_update(scene->loop->ev);
    ev_timer_init(&timer, time_is_up, seconds, 0);
    ev_timer_start(scene->loop->ev, &timer);
    loop_run(scene->loop);
    ev_timer_stop(scene->loop->ev, &timer);
}

bool scene_rests(struct scene *scene, double seconds)
{
    const double until = machine_time() + PATIENCE;
    uint64_t turns;

    do {
        turns = scene->loop->turns;
        scene_wait_seconds(scene, seconds);
    } while (scene->loop->turns != turns && machine_time() < until);
    return scene->loop->turns == turns;
}

void probe_send(struct component *component, unsigned outbox, const char *text)
{
    outbox_send(component, outbox, message_copy(component_pool(component), text, strlen(text)));
}

const char *probe_take(struct scene *scene, struct component *component, unsigned inbox)
{
    struct message *msg;
    size_t size;

    component->turn = 1;
    msg = inbox_take(component, inbox);
    if (msg == NULL) {
        return NULL;
    }
    size =
        message_size(msg) < sizeof(scene->heard) - 1 ? message_size(msg) : sizeof(scene->heard) - 1;
    if (msg->kind != DATA) {
        (void)snprintf(scene->heard, sizeof(scene->heard), "<%s>",
                       message_kind_name((enum message_kind)msg->kind));
    } else {
        memcpy(scene->heard, msg->data, size);
        scene->heard[size] = '\0';
    }
    message_release(msg);
    return scene->heard;
}

void probe_hears(struct scene *scene, struct component *component, unsigned inbox,
                 const char *expected)
{
    const char *heard = probe_take(scene, component, inbox);

    if (heard == NULL) {
        fail_msg("nothing, where \"%s\" was expected", expected);
    }
    assert_string_equal(heard, expected);
}

void probe_link(struct component *from, unsigned outbox, struct component *to, unsigned inbox)
{
    assert_int_equal(component_link(from, outbox, to, inbox), 0);
}
