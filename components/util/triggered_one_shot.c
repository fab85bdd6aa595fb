/* TriggeredOneShot: sends one message when the first thing arrives, then finishes.
 *
 *     anything --> [inbox] TriggeredOneShot {msg: go} [outbox] --> "go" producerFinished
 *
 * What arrives after the first is dropped; told to finish before it, we send nothing. */
#include "components/util/text.h"

struct triggered_one_shot {
    const char *msg; /* parameter */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "whatever comes is the trigger"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "heed a trigger, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "the message"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "producerFinished after the message, or the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct triggered_one_shot, msg), .changeable = true, .required = true,
     .doc = "what is to be sent"},
    {0},
};

static void triggered_one_shot_run(struct component *self)
{
    const struct triggered_one_shot *shot = component_state(self);
    struct message *trigger;

    if (outbox_has_room(self, OUTBOX) && (trigger = inbox_take(self, INBOX)) != NULL) {
        message_release(trigger);
        text_send(self, OUTBOX, shot->msg);
        component_finish(self);
    }
}

const struct component_type triggered_one_shot_type = {
    .name = "TriggeredOneShot",
    .summary = "sends one message when the first thing arrives, then finishes",
    .size = sizeof(struct triggered_one_shot),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .run = triggered_one_shot_run,
};
