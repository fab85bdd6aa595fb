/* Framer: puts its length before each tagged message, so that it can be told from the next one in a
 * stream.
 *
 *     "1 hello" "2 you" --> [inbox] Framer [outbox] --> "1 5\nhello" "2 3\nyou"
 *
 * The tag is what stands before the first space; TagWithSequenceNumber puts it there.  What has no
 * tag is dropped: half a frame would spoil the whole stream.  DeFramer does the reverse. */
#include <stdio.h>
#include <string.h>

#include "components/protocol/frame.h"
#include "components/util/text.h"

struct framer {
    size_t max_frame;  /* parameter, bytes */
    uint64_t untagged; /* statistics */
    uint64_t too_long;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "messages: tag, space, data"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "frame the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox",
                .carries = BYTES,
                .doc = "frames, one in each message: tag, space, length, newline, data"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_SIZE(struct framer, max_frame), .changeable = true, .fallback = "1MiB", .min = 1,
     .max = 512U << 20, .doc = "messages with more data than this are dropped and counted"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct framer, untagged), .unit = "messages",
     .doc = "dropped, as they had no tag; the first is in the log"},
    {STAT(struct framer, too_long), .unit = "messages", .doc = "dropped, as longer than max_frame"},
    {0},
};

static struct message *frame(struct component *self, const struct message *msg, size_t tag_size)
{
    const size_t size = message_size(msg) - tag_size - 1;
    size_t room;
    char *to = (char *)message_reserve(component_pool(self), FRAME_MOST_HEADER + 2 + size, &room);
    const size_t header = (size_t)snprintf(to, FRAME_MOST_HEADER + 2, "%.*s %zu\n", (int)tag_size,
                                           (const char *)msg->data, size);

    memcpy(to + header, msg->data + tag_size + 1, size);
    return message_commit(component_pool(self), header + size);
}

/* The frame of a message, or NULL for one that is dropped. */
static struct message *frame_or_drop(struct component *self, const struct message *msg)
{
    struct framer *framer = component_state(self);
    const size_t tag_size = frame_tag_size(msg->data, message_size(msg));

    if (tag_size == 0) {
        if (framer->untagged++ == 0) {
            component_log(self, LOG_LEVEL_WARNING,
                          "dropped a message that does not begin with a tag and a space: \"%s\" "
                          "(said once, counted from now on)",
                          text_shown(msg).text);
        }
        return NULL;
    }
    if (message_size(msg) - tag_size - 1 > framer->max_frame) {
        framer->too_long++;
        return NULL;
    }
    return frame(self, msg, tag_size);
}

static void framer_run(struct component *self)
{
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && (msg = inbox_take(self, INBOX)) != NULL) {
        struct message *framed = frame_or_drop(self, msg);

        if (framed != NULL) {
            outbox_send(self, OUTBOX, framed);
        }
        message_release(msg);
    }
}

const struct component_type framer_type = {
    .name = "Framer",
    .summary = "puts its length before each tagged message",
    .size = sizeof(struct framer),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .run = framer_run,
};
