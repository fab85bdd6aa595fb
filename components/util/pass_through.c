/* PassThrough: hands on whatever arrives, as it is.
 *
 *     someone --> [inbox] PassThrough [outbox] --> someone else
 *
 * Good for a place in a graph that has a name of its own to tap, to bound or to stop. */
#include "graph/component.h"

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "what is to be handed on"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "hand on the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "the same, in the same order"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};

static void pass_through_run(struct component *self)
{
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && (msg = inbox_take(self, INBOX)) != NULL) {
        outbox_send(self, OUTBOX, msg);
    }
}

const struct component_type pass_through_type = {
    .name = "PassThrough",
    .summary = "hands on whatever arrives",
    .inboxes = inboxes,
    .outboxes = outboxes,
    .stateless = true,
    .run = pass_through_run,
};
