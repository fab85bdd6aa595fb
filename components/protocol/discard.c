/* Discard: takes in whatever arrives and answers nothing (RFC 863).
 *
 *     self --> [inbox] Discard [outbox] --> self        (self: the connection) */
#include "graph/component.h"

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "what the peer sent"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "take in the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "nothing, ever"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};

static void discard_run(struct component *self)
{
    inbox_discard(self, INBOX);
}

const struct component_type discard_type = {
    .name = "Discard",
    .summary = "takes in whatever arrives and answers nothing",
    .inboxes = inboxes,
    .outboxes = outboxes,
    .stateless = true,
    .run = discard_run,
};
