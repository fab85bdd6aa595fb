/* PublishTo: publishes what arrives on a Backplane.
 *
 *     someone --> [inbox] PublishTo [_outbox] --> the Backplane of that name, by itself
 *                                   [outbox]  --> the same, with "forwarder: true"
 *
 * While there is no such Backplane, or while it is full, what arrives waits in inbox, and whoever
 * sends it waits in the end; "when_full" of inbox changes that.  Its end leaves the Backplane
 * running. */
#include "components/util/bus.h"

struct publish_to {
    const char *destination;
    bool forwarder;
    struct publisher publisher;
    uint64_t published;
};

enum { INBOX, CONTROL };
enum { OUTBOX, TO_HUB, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox",
               .carries = ANYTHING,
               .required = true,
               .size = 100, /* each may be a whole read from a socket, and normally none waits */
               .doc = "what to publish"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "publish the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox",
                .carries = ANYTHING,
                .doc = "with forwarder: what was published, in the same order"},
    [TO_HUB] = {.name = "_outbox",
                .carries = ANYTHING,
                .service = "exchange",
                .doc = "what is published, to the Backplane"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct publish_to, destination), .required = true,
     .doc = "name of the Backplane to publish on"},
    {PARAM_BOOL(struct publish_to, forwarder), .changeable = true, .fallback = "false",
     .doc = "whether to send it on as well, to outbox"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct publish_to, published), .unit = "messages", .doc = "given to the Backplane"},
    {0},
};

static int publish_to_start(struct component *self)
{
    struct publish_to *publish = component_state(self);

    publisher_join(&publish->publisher, self, publish->destination, INBOX, TO_HUB);
    return 0;
}

static bool has_room(struct component *self)
{
    struct publish_to *publish = component_state(self);

    return publisher_has_hub(&publish->publisher) && outbox_has_room(self, TO_HUB) &&
           (!publish->forwarder || outbox_has_room(self, OUTBOX));
}

static void publish_to_run(struct component *self)
{
    struct publish_to *publish = component_state(self);
    struct message *msg;

    while (!inbox_is_empty(self, INBOX) && has_room(self) &&
           (msg = inbox_take(self, INBOX)) != NULL) {
        if (publish->forwarder) {
            outbox_send(self, OUTBOX, message_share(component_pool(self), msg));
        }
        outbox_send(self, TO_HUB, msg);
        publish->published++;
    }
}

static void publish_to_stop(struct component *self)
{
    struct publish_to *publish = component_state(self);

    publisher_leave(&publish->publisher);
}

static bool publish_to_describe(struct component *self, char *text, size_t size)
{
    const struct publish_to *publish = component_state(self);

    return bus_describe(publish->publisher.bus, text, size);
}

const struct component_type publish_to_type = {
    .name = "PublishTo",
    .summary = "publishes what arrives on a Backplane",
    .size = sizeof(struct publish_to),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .stateless = true,
    .start = publish_to_start,
    .run = publish_to_run,
    .stop = publish_to_stop,
    .describe = publish_to_describe,
};
