/* Pipeline: components in a row, each giving what it makes to the next.
 *
 *     self.inbox   --> first.inbox     first.outbox --> ... --> last.outbox --> self.outbox
 *     self.control --> first.control   first.signal --> ... --> last.signal --> self.signal
 *
 * The loader makes these linkages, so no message is seen here.  An end travels down the row by
 * itself; the Pipeline ends when all in it have.
 *
 * When one ends before those that feed it, they get shutdownMicroprocess: what they make has
 * nowhere to go, as for a process whose pipe is broken.  (The original left them, and itself,
 * waiting for ever.)  When the first has gone, what still comes in is discarded, and
 * shutdownMicroprocess is given to all that are left. */
#include "components/chassis/children.h"

struct pipeline {
    size_t living; /* children that have not ended */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "the first one's inbox"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "the first one's control"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "the last one's outbox"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the last one's signal"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_CHILDREN("components"), .required = true,
     .doc = "a list of mappings with type: and parameters, first to last"},
    {0},
};

static int pipeline_start(struct component *self)
{
    struct pipeline *pipeline = component_state(self);

    pipeline->living = children_count(self);
    return 0;
}

/* Some came, or went. */
static void pipeline_changed(struct component *self)
{
    struct pipeline *pipeline = component_state(self);

    pipeline->living = children_count(self);
}

/* Tells all children before the one given. */
static void stop_those_before(struct component *self, const struct component *before)
{
    struct component *child = NULL;

    while ((child = component_next_child(self, child)) != before) {
        component_tell(child, SHUTDOWN_MICROPROCESS, NULL, 0);
    }
}

/* Something came to a box whose child has gone. */
static void pipeline_run(struct component *self)
{
    inbox_discard(self, CONTROL); /* producerFinished: the first one's end has said so already */
    if (component_is_told_to_stop(self)) {
        children_tell(self, SHUTDOWN_MICROPROCESS, 0);
    }
    inbox_discard(self, INBOX);
}

static void pipeline_child_ended(struct component *self, struct component *child)
{
    struct pipeline *pipeline = component_state(self);

    pipeline->living--;
    if (pipeline->living == 0) {
        component_finish(self);
    } else {
        stop_those_before(self, child);
    }
}

const struct component_type pipeline_type = {
    .name = "Pipeline",
    .on_each_worker = true,
    .summary = "components in a row, each giving what it makes to the next",
    .size = sizeof(struct pipeline),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .chassis = CHASSIS_PIPELINE,
    .heeds_control = true,
    .stateless = true,
    .start = pipeline_start,
    .changed = pipeline_changed,
    .run = pipeline_run,
    .child_ended = pipeline_child_ended,
};
