/* UnseenOnly: hands on the messages that it has not seen before.
 *
 *     "a" "b" "a" "c" --> [inbox] UnseenOnly [outbox] --> "a" "b" "c"
 *
 * Seen before means: among the last "memory" different messages.  What keeps coming is never
 * forgotten; what did not come for that long is new when it comes again.  Of each message its hash
 * and its size are kept, not its bytes (recollection.h). */
#include "components/util/recollection.h"
#include "graph/component.h"

struct unseen_only {
    int64_t memory; /* parameter */
    struct recollection seen;
    uint64_t repeated; /* statistics */
    uint64_t remembered;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "messages, some of them repeated"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "take the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "those that are new"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_INT(struct unseen_only, memory), .fallback = "10000", .min = 1, .max = 1000000,
     .unit = "messages", .doc = "how many different ones are remembered, the last ones"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct unseen_only, repeated), .unit = "messages", .doc = "dropped, as seen before"},
    {STAT(struct unseen_only, remembered), .unit = "messages", .is_gauge = true,
     .doc = "that would not pass again"},
    {0},
};

static int unseen_only_start(struct component *self)
{
    struct unseen_only *unseen = component_state(self);

    unseen->seen.most = (uint32_t)unseen->memory;
    return 0;
}

static void unseen_only_run(struct component *self)
{
    struct unseen_only *unseen = component_state(self);
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && (msg = inbox_take(self, INBOX)) != NULL) {
        if (recollection_note(&unseen->seen, msg->data, message_size(msg))) {
            unseen->remembered = unseen->seen.count;
            outbox_send(self, OUTBOX, msg);
        } else {
            unseen->repeated++;
            message_release(msg);
        }
    }
}

static void unseen_only_stop(struct component *self)
{
    struct unseen_only *unseen = component_state(self);

    recollection_deinit(&unseen->seen);
}

const struct component_type unseen_only_type = {
    .name = "UnseenOnly",
    .summary = "hands on the messages that it has not seen before",
    .size = sizeof(struct unseen_only),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .start = unseen_only_start,
    .run = unseen_only_run,
    .stop = unseen_only_stop,
};
