/* TriggeredSource: answers whatever arrives with the same message.
 *
 *     anything, anything --> [inbox] TriggeredSource {msg: NEXT} [outbox] --> "NEXT" "NEXT" */
#include "components/util/text.h"

struct triggered_source {
    const char *msg; /* parameter */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "whatever comes is a trigger"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "answer the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "the message, once for each trigger"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct triggered_source, msg), .changeable = true, .required = true,
     .doc = "what is to be sent"},
    {0},
};

static void triggered_source_run(struct component *self)
{
    const struct triggered_source *source = component_state(self);
    struct message *trigger;

    while (outbox_has_room(self, OUTBOX) && (trigger = inbox_take(self, INBOX)) != NULL) {
        message_release(trigger);
        text_send(self, OUTBOX, source->msg);
    }
}

const struct component_type triggered_source_type = {
    .name = "TriggeredSource",
    .summary = "answers whatever arrives with the same message",
    .size = sizeof(struct triggered_source),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .run = triggered_source_run,
};
