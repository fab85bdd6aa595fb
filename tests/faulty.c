#include "tests/faulty.h"

#include <errno.h>

#include "graph/graph.h"
#include "graph/supervise.h"
#include "tests/unit.h"

struct faulty_record faulty;

struct faulty_state {
    uint64_t passed; /* statistic, messages */
    char *memory;    /* for the sanitizer to miss if stop is forgotten */
    ev_timer timer;
    bool holds; /* what the timer is for */
};

static void hold_the_loop(void)
{
    const double end = ev_time() + HOLD_MS / 1000.0;

    while (ev_time() < end) {
    }
}

static void on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct component *self = timer->data;
    const struct faulty_state *state = component_state(self);

    if (state->holds) {
        hold_the_loop();
        component_wake(self);
    } else {
        (void)component_fail(self, 0, "it broke in a timer");
    }
}

static int faulty_start(struct component *self)
{
    struct faulty_state *state = component_state(self);

    faulty.starts++;
    assert_null(state->memory);
    state->memory = mem_alloc(100);
    ev_timer_init(&state->timer, on_timer, 0.001, 0.0);
    state->timer.data = self;
    if (faulty.slow_starts > 0) {
        faulty.slow_starts--;
        hold_the_loop();
    }
    if (faulty.bad_starts > 0) {
        faulty.bad_starts--;
        return component_fail(self, ENOENT, "it has no luck");
    }
    return 0;
}

/* Does what a message says.  Returns false if it says nothing. */
static bool obey(struct component *self, const struct message *msg)
{
    struct faulty_state *state = component_state(self);
    char text[32];

    (void)snprintf(text, sizeof(text), "%.*s", (int)message_size(msg), (const char *)msg->data);
    if (strcmp(text, "fail") == 0) {
        (void)component_fail(self, 0, "it broke");
    } else if (strcmp(text, "say so") == 0) {
        outbox_notify(self, FAULTY_SIGNAL, PRODUCER_FINISHED, NULL, EPIPE);
        (void)component_fail(self, EPIPE, "it broke");
    } else if (strcmp(text, "finish") == 0) {
        component_finish(self);
    } else if (strcmp(text, "break next") == 0) {
        (void)component_fail(graph_component(self->graph, self->plan->index + 1), 0, "it broke");
    } else if (strcmp(text, "hold") == 0) {
        hold_the_loop();
    } else if (strcmp(text, "fail later") == 0 || strcmp(text, "hold later") == 0) {
        state->holds = text[0] == 'h';
        ev_timer_start(component_ev(self), &state->timer);
    } else {
        return false;
    }
    return true;
}

static void faulty_run(struct component *self)
{
    struct faulty_state *state = component_state(self);
    struct message *msg;

    while ((self->flags & COMPONENT_ENDING) == 0 && outbox_has_room(self, FAULTY_OUTBOX) &&
           (msg = inbox_take(self, FAULTY_INBOX)) != NULL) {
        if (obey(self, msg)) {
            message_release(msg);
        } else {
            state->passed++;
            outbox_send(self, FAULTY_OUTBOX, msg);
        }
    }
}

static void faulty_stop(struct component *self)
{
    struct faulty_state *state = component_state(self);

    assert_int_equal(self->flags & COMPONENT_RUNNING, 0);
    faulty.stops++;
    ev_timer_stop(component_ev(self), &state->timer);
    free(state->memory);
}

static const struct box_spec inboxes[] = {
    [FAULTY_INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "what to pass on, or to do"},
    [FAULTY_CONTROL] = {.name = "control", .carries = NOTICES, .doc = "the runtime's"},
    {0},
};
static const struct box_spec outboxes[] = {
    [FAULTY_OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "what is passed on"},
    [FAULTY_SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the runtime's"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct faulty_state, passed), .unit = "messages", .doc = "passed on"},
    {0},
};

const struct component_type faulty_type = {
    .name = "Faulty",
    .summary = "fails when it is told to",
    .size = sizeof(struct faulty_state),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .statistics = statistics,
    .start = faulty_start,
    .run = faulty_run,
    .stop = faulty_stop,
};

const struct component_type *const faulty_types[] = {&faulty_type, NULL};

struct scene *faulty_scene(const char *keys)
{
    char yaml[1024];

    faulty = (struct faulty_record){0};
    (void)snprintf(yaml, sizeof(yaml),
                   "components:\n"
                   "  from: {type: Probe}\n"
                   "  it: {type: Faulty%s%s}\n"
                   "  to: {type: Probe}\n"
                   "linkages: [from -> it -> to]\n",
                   keys[0] != '\0' ? ", " : "", keys);
    return scene_start(faulty_types, yaml);
}

void faulty_say(struct scene *scene, const char *text)
{
    probe_send(scene_find(scene, "from"), PROBE_OUT0, text);
}

void faulty_assert_heard(struct scene *scene, const char *text)
{
    const char *heard = probe_take(scene, scene_find(scene, "to"), PROBE_IN0);

    if (text == NULL) {
        assert_null(heard);
        return;
    }
    assert_non_null(heard);
    assert_string_equal(heard, text);
}

void faulty_assert_notice(struct scene *scene, const char *name)
{
    const char *heard = probe_take(scene, scene_find(scene, "to"), PROBE_CONTROL);

    if (name == NULL) {
        assert_null(heard);
        return;
    }
    assert_non_null(heard);
    assert_string_equal(heard, name);
}

struct waiting {
    const struct component *component;
    enum component_state state;
    unsigned restarts;
};

static bool has_state(void *arg)
{
    const struct waiting *waiting = arg;

    return waiting->component->state == waiting->state;
}

void faulty_wait(struct scene *scene, const char *path, enum component_state state)
{
    struct waiting waiting = {.component = scene_find(scene, path), .state = state};

    scene_wait(scene, has_state, &waiting);
    scene_run(scene);
}

static bool has_restarted(void *arg)
{
    const struct waiting *waiting = arg;

    return waiting->component->state == RUNNING &&
           component_restarts(waiting->component) >= waiting->restarts;
}

void faulty_wait_restarts(struct scene *scene, const char *path, unsigned restarts)
{
    struct waiting waiting = {.component = scene_find(scene, path), .restarts = restarts};

    scene_wait(scene, has_restarted, &waiting);
    scene_run(scene);
}
