/* OneShot: sends one message as soon as it is started, then finishes.
 *
 *     OneShot {msg: hello} [outbox] --> "hello" producerFinished
 *
 * It has no inbox, since it would never look at it. */
#include "components/util/text.h"

struct one_shot {
    const char *msg; /* parameter */
};

enum { CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "send the message, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "the message"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "producerFinished after it"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct one_shot, msg), .required = true, .doc = "what is to be sent"},
    {0},
};

static int one_shot_start(struct component *self)
{
    component_wake(self);
    return 0;
}

static void one_shot_run(struct component *self)
{
    const struct one_shot *shot = component_state(self);

    if (outbox_has_room(self, OUTBOX)) {
        text_send(self, OUTBOX, shot->msg);
        component_finish(self);
    }
}

/* Never: it finishes by itself once there was room for the message. */
static bool one_shot_flush(struct component *self)
{
    return false;
}

const struct component_type one_shot_type = {
    .name = "OneShot",
    .summary = "sends one message as soon as it is started, then finishes",
    .size = sizeof(struct one_shot),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .start = one_shot_start,
    .run = one_shot_run,
    .flush = one_shot_flush,
};
