/* Collate: makes one message of all that arrives, and sends it at the end.
 *
 *     "a" "b" "c" producerFinished --> [inbox] Collate [outbox] --> "abc" producerFinished
 *
 * There is one message even if nothing came: an empty one.  No more than max_size bytes are kept:
 * what would make it more begins a message of its own, after those before it have been sent.  So
 * nothing is lost, but it is not one message then, and the log says so. */
#include "components/util/gathering.h"
#include "graph/component.h"

struct collate {
    size_t max_size; /* parameter, bytes */
    struct gathering all;
    uint64_t sent_early; /* statistic */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "what is to be collated"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "send it all, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "all of it, in one message"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_SIZE(struct collate, max_size), .fallback = "1MiB", .min = 1, .max = 1U << 30,
     .doc = "what is more goes out in several messages"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct collate, sent_early), .unit = "messages",
     .doc = "sent before the end, as max_size was reached"},
    {0},
};

/* Makes room by sending, before the end, what is there: the gathered, or else a message that is too
 * long all by itself. */
static void send_early(struct component *self)
{
    struct collate *collate = component_state(self);
    struct message *msg = collate->all.size > 0
                              ? gathering_take(&collate->all, component_pool(self), NULL, 0)
                              : inbox_take(self, INBOX);

    if (msg == NULL) {
        return; /* the turn is over */
    }
    if (collate->sent_early++ == 0) {
        component_log(self, LOG_LEVEL_WARNING,
                      "more came than the %zu bytes of max_size: it goes out in several messages",
                      collate->max_size);
    }
    outbox_send(self, OUTBOX, msg);
}

static void collate_run(struct component *self)
{
    struct collate *collate = component_state(self);
    const struct message *first;

    while ((first = inbox_peek(self, INBOX)) != NULL) {
        if (message_size(first) > collate->max_size - collate->all.size) {
            if (!outbox_has_room(self, OUTBOX)) {
                return;
            }
            send_early(self);
        } else {
            struct message *msg = inbox_take(self, INBOX);

            if (msg == NULL) {
                return;
            }
            gathering_add(&collate->all, msg->data, message_size(msg));
            message_release(msg);
        }
    }
}

static bool collate_flush(struct component *self)
{
    struct collate *collate = component_state(self);

    if (collate->all.size == 0 && collate->sent_early > 0) {
        return true;
    }
    if (!outbox_has_room(self, OUTBOX)) {
        return false;
    }
    outbox_send(self, OUTBOX, gathering_take(&collate->all, component_pool(self), NULL, 0));
    return true;
}

static void collate_stop(struct component *self)
{
    struct collate *collate = component_state(self);

    gathering_deinit(&collate->all);
}

const struct component_type collate_type = {
    .name = "Collate",
    .summary = "makes one message of all that arrives, and sends it at the end",
    .size = sizeof(struct collate),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .run = collate_run,
    .flush = collate_flush,
    .stop = collate_stop,
};
