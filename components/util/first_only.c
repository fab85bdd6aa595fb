/* FirstOnly: hands on the first message that arrives, and forgets the others.
 *
 *     "a" "b" "c" --> [inbox] FirstOnly [outbox] --> "a"
 *
 * It does not end after the first, as the original does not: whoever feeds it is not disturbed. */
#include "graph/component.h"

struct first_only {
    bool has_passed;  /* the first one has come and gone */
    uint64_t ignored; /* statistic */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "the first, and the others"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "take the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "the first"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct first_only, ignored), .unit = "messages", .doc = "that came after the first"},
    {0},
};

static void first_only_run(struct component *self)
{
    struct first_only *first = component_state(self);
    struct message *msg;

    while ((first->has_passed || outbox_has_room(self, OUTBOX)) &&
           (msg = inbox_take(self, INBOX)) != NULL) {
        if (first->has_passed) {
            first->ignored++;
            message_release(msg);
        } else {
            first->has_passed = true;
            outbox_send(self, OUTBOX, msg);
        }
    }
}

const struct component_type first_only_type = {
    .name = "FirstOnly",
    .summary = "hands on the first message that arrives, and forgets the others",
    .size = sizeof(struct first_only),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .statistics = statistics,
    .run = first_only_run,
};
