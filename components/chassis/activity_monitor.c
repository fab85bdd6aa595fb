/* ActivityMonitor: hands on up to three streams, and says that something has passed.
 *
 *     [inbox]   --> [outbox]
 *     [inbox2]  --> [outbox2]      [observed] --> "RESET"
 *     [inbox3]  --> [outbox3]
 *     [control] --> [signal]
 *
 * There is one "RESET" for all that passes in one turn, so it is no way to count messages.  Who
 * observes holds nobody up: while it has no room, it is told nothing.  To end what is idle,
 * InactivityChassis does without a message for each turn. */
#include "components/util/text.h"
#include "graph/component.h"

enum { STREAMS = 3 };

struct activity_monitor {
    const char *message; /* parameter */
    unsigned first;      /* the stream that is looked at first: each in its turn */
};

enum { INBOX, INBOX2, INBOX3, CONTROL };
enum { OUTBOX, SIGNAL, OBSERVED, OUTBOX2, OUTBOX3 };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "goes on by outbox"},
    [INBOX2] = {.name = "inbox2", .carries = ANYTHING, .doc = "goes on by outbox2"},
    [INBOX3] = {.name = "inbox3", .carries = ANYTHING, .doc = "goes on by outbox3"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "hand on the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "what came to inbox"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    [OBSERVED] = {.name = "observed",
                  .carries = ANYTHING,
                  .doc = "the message, each turn that something has passed"},
    [OUTBOX2] = {.name = "outbox2", .carries = ANYTHING, .doc = "what came to inbox2"},
    [OUTBOX3] = {.name = "outbox3", .carries = ANYTHING, .doc = "what came to inbox3"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct activity_monitor, message), .changeable = true, .fallback = "RESET",
     .doc = "what observed says"},
    {0},
};

/* Hands on what there is and fits.  Returns whether it was anything. */
static bool hand_on(struct component *self, unsigned stream)
{
    static const unsigned outbox[STREAMS] = {OUTBOX, OUTBOX2, OUTBOX3};
    bool has_passed = false;
    struct message *msg;

    while (outbox_has_room(self, outbox[stream]) &&
           (msg = inbox_take(self, INBOX + stream)) != NULL) {
        outbox_send(self, outbox[stream], msg);
        has_passed = true;
    }
    return has_passed;
}

static void activity_monitor_run(struct component *self)
{
    struct activity_monitor *monitor = component_state(self);
    const struct inbox *observer = component_outbox(self, OBSERVED)->sink;
    bool has_passed = false;

    for (unsigned i = 0; i < STREAMS; i++) {
        has_passed = hand_on(self, (monitor->first + i) % STREAMS) || has_passed;
    }
    monitor->first = (monitor->first + 1) % STREAMS;
    if (has_passed && observer != NULL && !inbox_is_full(observer)) {
        text_send(self, OBSERVED, monitor->message);
    }
}

const struct component_type activity_monitor_type = {
    .name = "ActivityMonitor",
    .summary = "hands on up to three streams, and says that something has passed",
    .size = sizeof(struct activity_monitor),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .run = activity_monitor_run,
};
