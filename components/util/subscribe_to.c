/* SubscribeTo: sends on what is published on a Backplane.
 *
 *     the Backplane of that name, by itself --> [inbox] SubscribeTo [outbox] --> someone
 *
 * It hears what is published from its start on.  What it cannot pass on as fast waits in inbox, and
 * the policy of that says what then: the default is to drop the oldest, so that one slow subscriber
 * holds nobody up; with "when_full: block" everybody waits for it.
 *
 * producerFinished on control: it still passes on all that has been published by then.  When the
 * Backplane ends, so does it. */
#include "components/util/bus.h"

struct subscribe_to {
    const char *source;
    struct subscriber subscriber;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox",
               .carries = ANYTHING,
               .by_name = true,
               .when_full = DROP_OLDEST,
               .doc = "what is published, from the Backplane; when it is full the oldest goes"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "pass on the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "the same, in the same order"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct subscribe_to, source), .required = true,
     .doc = "name of the Backplane to subscribe to"},
    {0},
};
#define SUBSCRIBER_STAT(field)                                                                     \
    .name = #field, .offset = offsetof(struct subscribe_to, subscriber.field)
static const struct stat_spec statistics[] = {
    {SUBSCRIBER_STAT(delivered), .unit = "messages", .doc = "passed on"},
    {SUBSCRIBER_STAT(dropped), .unit = "messages", .doc = "that were too many for inbox"},
    {SUBSCRIBER_STAT(waiting), .unit = "messages", .is_gauge = true, .doc = "in inbox now"},
    {0},
};

static int subscribe_to_start(struct component *self)
{
    struct subscribe_to *subscribe = component_state(self);

    subscriber_join(&subscribe->subscriber, self, subscribe->source, INBOX, OUTBOX);
    return 0;
}

static void subscribe_to_run(struct component *self)
{
    struct subscribe_to *subscribe = component_state(self);
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && (msg = inbox_take(self, INBOX)) != NULL) {
        outbox_send(self, OUTBOX, msg);
        subscribe->subscriber.delivered++;
    }
    subscriber_took(&subscribe->subscriber);
}

static bool subscribe_to_flush(struct component *self)
{
    struct subscribe_to *subscribe = component_state(self);

    return subscriber_has_heard_all(&subscribe->subscriber);
}

static void subscribe_to_stop(struct component *self)
{
    struct subscribe_to *subscribe = component_state(self);

    subscriber_leave(&subscribe->subscriber);
}

static bool subscribe_to_describe(struct component *self, char *text, size_t size)
{
    const struct subscribe_to *subscribe = component_state(self);

    return bus_describe(subscribe->subscriber.bus, text, size);
}

const struct component_type subscribe_to_type = {
    .name = "SubscribeTo",
    .summary = "sends on what is published on a Backplane",
    .size = sizeof(struct subscribe_to),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .stateless = true,
    .start = subscribe_to_start,
    .run = subscribe_to_run,
    .flush = subscribe_to_flush,
    .stop = subscribe_to_stop,
    .describe = subscribe_to_describe,
};
