/* TwoWaySplitter: gives whatever arrives to two, notices included.
 *
 *     "x" --> [inbox]   TwoWaySplitter [outbox] --> "x"    [outbox2] --> "x"
 *             [control]                [signal]            [signal2]
 *
 * Both go on at the pace of the slower one.  Data and notices that are shared take no copy of
 * bytes.
 */
#include "graph/component.h"

enum { INBOX, CONTROL };
enum { OUTBOX, OUTBOX2, SIGNAL, SIGNAL2 };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "what both are to get"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "pass on the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "the same, in the same order"},
    [OUTBOX2] = {.name = "outbox2", .carries = ANYTHING, .doc = "likewise"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    [SIGNAL2] = {.name = "signal2", .carries = NOTICES, .doc = "likewise"},
    {0},
};

static void two_way_splitter_run(struct component *self)
{
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && outbox_has_room(self, OUTBOX2) &&
           (msg = inbox_take(self, INBOX)) != NULL) {
        outbox_send(self, OUTBOX, message_share(component_pool(self), msg));
        outbox_send(self, OUTBOX2, msg);
    }
}

/* The runtime sees to signal. */
static void two_way_splitter_stop(struct component *self)
{
    const enum message_kind kind =
        component_is_told_to_stop(self) ? SHUTDOWN_MICROPROCESS : PRODUCER_FINISHED;

    if (!component_is_kept(self)) {
        outbox_notify(self, SIGNAL2, kind, NULL, 0);
    }
}

const struct component_type two_way_splitter_type = {
    .name = "TwoWaySplitter",
    .summary = "gives whatever arrives to two",
    .inboxes = inboxes,
    .outboxes = outboxes,
    .run = two_way_splitter_run,
    .stop = two_way_splitter_stop,
};
