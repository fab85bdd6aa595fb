/* LossyConnector: hands on whatever arrives, but drops what the next component has no room for.
 *
 *     fast --> [inbox] LossyConnector [outbox] --> slow, bounded
 *                            |
 *                         dropped: what comes while slow's inbox is full
 *
 * Its sender never waits.  What has been handed on is never taken back: the newest is dropped. */
#include "graph/component.h"

struct lossy_connector {
    uint64_t dropped; /* statistic */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "what is to be handed on, or dropped"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "hand on the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "what there was room for"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct lossy_connector, dropped), .unit = "messages",
     .doc = "that came while there was no room"},
    {0},
};

static void lossy_connector_run(struct component *self)
{
    struct lossy_connector *lossy = component_state(self);
    struct message *msg;

    while ((msg = inbox_take(self, INBOX)) != NULL) {
        if (outbox_is_full(self, OUTBOX)) {
            lossy->dropped++;
            message_release(msg);
        } else {
            outbox_send(self, OUTBOX, msg);
        }
    }
}

const struct component_type lossy_connector_type = {
    .name = "LossyConnector",
    .summary = "hands on whatever arrives, but drops what there is no room for",
    .size = sizeof(struct lossy_connector),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .statistics = statistics,
    .run = lossy_connector_run,
};
