/* ResettableSender: sends a message once nothing has come for some time, and finishes.
 *
 *     "RESET" … silence --> [inbox] ResettableSender [outbox] --> "NEXT", then producerFinished
 *
 * Whatever comes begins the time anew; it costs no more than a look at the clock. */
#include "components/util/alarm.h"
#include "components/util/text.h"
#include "graph/component.h"

struct resettable_sender {
    double timeout; /* parameters */
    const char *message;
    double last; /* when something came, or the start */
    struct alarm alarm;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "anything begins the time anew"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "finish, without the message"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = LINES, .doc = "message, when the time is over"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "producerFinished after it"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_DURATION(struct resettable_sender, timeout), .changeable = true, .fallback = "5s",
     .min = 0.001, .doc = "how long nothing may come"},
    {PARAM_TEXT(struct resettable_sender, message), .changeable = true, .fallback = "NEXT",
     .doc = "what is sent"},
    {0},
};

static int resettable_sender_start(struct component *self)
{
    struct resettable_sender *sender = component_state(self);

    sender->last = steady_now();
    alarm_set(self, &sender->alarm, sender->timeout);
    return 0;
}

/* The alarm is left as it was when something comes: there may be a thousand messages to one. */
static void resettable_sender_run(struct component *self)
{
    struct resettable_sender *sender = component_state(self);
    const double now = steady_now();
    struct message *msg;

    while ((msg = inbox_take(self, INBOX)) != NULL) {
        sender->last = now;
        message_release(msg);
    }
    if (alarm_is_set(&sender->alarm) || !inbox_is_empty(self, INBOX)) {
        return;
    }
    if (now - sender->last < sender->timeout) {
        alarm_set(self, &sender->alarm, sender->last + sender->timeout - now);
    } else if (outbox_has_room(self, OUTBOX)) {
        text_send(self, OUTBOX, sender->message);
        component_finish(self);
    }
}

static void resettable_sender_stop(struct component *self)
{
    struct resettable_sender *sender = component_state(self);

    alarm_stop(self, &sender->alarm);
}

const struct component_type resettable_sender_type = {
    .name = "ResettableSender",
    .summary = "sends a message once nothing has come for some time, and finishes",
    .size = sizeof(struct resettable_sender),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .start = resettable_sender_start,
    .run = resettable_sender_run,
    .stop = resettable_sender_stop,
};
