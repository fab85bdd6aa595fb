/* TagWithSequenceNumber: puts a number and a space before each message, counting up.
 *
 *     "a" "b" "c" --> [inbox] TagWithSequenceNumber {initial: 7} [outbox] --> "7 a" "8 b" "9 c"
 *
 * RangeFilter picks messages by their number, Framer sends them over a stream, SimpleDetupler takes
 * the number off again. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "graph/component.h"

enum { MOST_TAG = 24 }; /* bytes of a number, its sign, the space and a NUL */

struct tag_with_sequence_number {
    int64_t initial; /* parameter */
    uint64_t tagged; /* messages so far */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "what is to be numbered"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "number the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "number, space, message"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_INT(struct tag_with_sequence_number, initial), .fallback = "0",
     .doc = "the number of the first message"},
    {0},
};

static struct message *tag(struct component *self, const struct message *msg)
{
    struct tag_with_sequence_number *tagger = component_state(self);
    const uint64_t number = (uint64_t)tagger->initial + tagger->tagged++; /* wraps */
    const size_t size = message_size(msg);
    size_t room;
    char *to = (char *)message_reserve(component_pool(self), MOST_TAG + size, &room);
    const size_t length = (size_t)snprintf(to, MOST_TAG, "%" PRId64 " ", (int64_t)number);

    if (size > 0) {
        memcpy(to + length, msg->data, size);
    }
    return message_commit(component_pool(self), length + size);
}

static void tag_with_sequence_number_run(struct component *self)
{
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && (msg = inbox_take(self, INBOX)) != NULL) {
        outbox_send(self, OUTBOX, tag(self, msg));
        message_release(msg);
    }
}

const struct component_type tag_with_sequence_number_type = {
    .name = "TagWithSequenceNumber",
    .summary = "puts a number and a space before each message, counting up",
    .size = sizeof(struct tag_with_sequence_number),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .run = tag_with_sequence_number_run,
};
