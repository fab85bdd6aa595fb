/* NullSink: an end for what nobody needs (Kamaelia's nullSinkComponent).
 *
 *     someone --> [inbox] NullSink
 *
 * An outbox that is not linked discards as well; a NullSink says that it is meant. */
#include "graph/component.h"

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "what is to be forgotten"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "forget the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "nothing, ever", .rare = true},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "the notice that ended us",
                .rare = true},
    {0},
};

static void null_sink_run(struct component *self)
{
    inbox_discard(self, INBOX);
}

const struct component_type null_sink_type = {
    .name = "NullSink",
    .summary = "forgets whatever arrives",
    .inboxes = inboxes,
    .outboxes = outboxes,
    .stateless = true,
    .run = null_sink_run,
};
