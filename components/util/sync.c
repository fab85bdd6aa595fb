/* Sync: hands on one of every n messages, once all n have arrived.
 *
 *     "a" "b" "c" "d" "e" --> [inbox] Sync {n: 2} [outbox] --> "b" "d"
 *
 * Good for waiting until n components have said that they are ready.  It is the last of the n that
 * goes on, as in the original (whose page says the first); those that wait for others at the end
 * are forgotten. */
#include "graph/component.h"

struct sync {
    int64_t n;        /* parameter */
    uint64_t waiting; /* statistic: of the n messages, how many have come; < n */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "what is waited for"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "take the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "the last of every n"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_INT(struct sync, n), .fallback = "2", .min = 1, .max = 1000000000, .unit = "messages",
     .doc = "messages to wait for"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct sync, waiting), .unit = "messages", .is_gauge = true,
     .doc = "that have come since the last one went on"},
    {0},
};

static void sync_run(struct component *self)
{
    struct sync *sync = component_state(self);
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && (msg = inbox_take(self, INBOX)) != NULL) {
        if (++sync->waiting < (uint64_t)sync->n) {
            message_release(msg);
        } else {
            sync->waiting = 0;
            outbox_send(self, OUTBOX, msg);
        }
    }
}

const struct component_type sync_type = {
    .name = "Sync",
    .summary = "hands on one of every n messages, once all n have arrived",
    .size = sizeof(struct sync),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .run = sync_run,
};
