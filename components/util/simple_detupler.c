/* SimpleDetupler: picks one part of each message; the parts stand between single spaces.
 *
 *     "7 a bc" --> [inbox] SimpleDetupler {index: 0} [outbox] --> "7"
 *     "7 a bc" --> [inbox] SimpleDetupler {index: 1} [outbox] --> "a"
 *     "7 a bc" --> [inbox] SimpleDetupler {index: 1, rest: true} [outbox] --> "a bc"
 *
 * The last of these undoes TagWithSequenceNumber.  A part shares the bytes of its message. */
#include <string.h>

#include "graph/component.h"

struct simple_detupler {
    int64_t index; /* parameters */
    bool rest;
    uint64_t dropped; /* statistic */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "parts with single spaces between them"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "take the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "one part of each"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_INT(struct simple_detupler, index), .changeable = true, .required = true, .min = 0,
     .max = 1000000, .doc = "which part; the first is 0"},
    {PARAM_BOOL(struct simple_detupler, rest), .changeable = true, .fallback = "false",
     .doc = "with all that follows it"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct simple_detupler, dropped), .unit = "messages", .doc = "that had too few parts"},
    {0},
};

/* The part of a message that is wanted, or NULL. */
static struct message *pick(struct component *self, const struct message *msg)
{
    const struct simple_detupler *detupler = component_state(self);
    const size_t size = message_size(msg);
    const unsigned char *space;
    size_t from = 0;

    for (int64_t i = 0; i < detupler->index; i++) {
        space = from < size ? memchr(msg->data + from, ' ', size - from) : NULL;
        if (space == NULL) {
            return NULL;
        }
        from = (size_t)(space - msg->data) + 1;
    }
    space = !detupler->rest && from < size ? memchr(msg->data + from, ' ', size - from) : NULL;
    return message_slice(component_pool(self), msg, from,
                         (space != NULL ? (size_t)(space - msg->data) : size) - from);
}

static void simple_detupler_run(struct component *self)
{
    struct simple_detupler *detupler = component_state(self);
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && (msg = inbox_take(self, INBOX)) != NULL) {
        struct message *part = pick(self, msg);

        if (part != NULL) {
            outbox_send(self, OUTBOX, part);
        } else {
            detupler->dropped++;
        }
        message_release(msg);
    }
}

const struct component_type simple_detupler_type = {
    .name = "SimpleDetupler",
    .summary = "picks one part of each message",
    .size = sizeof(struct simple_detupler),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .run = simple_detupler_run,
};
