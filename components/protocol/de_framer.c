/* DeFramer: takes frames apart that a Framer has made.
 *
 *     "1 5\nhel" "lo2 3\nyou" --> [inbox] DeFramer [outbox] --> "1 hello" "2 you"
 *
 * In a stream, frames follow each other wherever messages are cut, as a socket delivers them.  What
 * is no frame, or one longer than max_frame, can't be passed over, since nobody knows where the
 * next one begins: the component fails, and a connection that it belongs to ends.  A frame that the
 * stream's end cuts off is dropped.
 *
 * With "input: messages" each message is one frame, as behind a DataDeChunker.  One that is no
 * frame, too long or too short is dropped and counted; what stands behind the announced length is
 * cut off.
 *
 * A frame takes memory as its bytes come, whatever length it announces. */
#include <string.h>

#include "components/protocol/frame.h"
#include "components/util/gathering.h"
#include "graph/component.h"

enum { FRAMES_A_TURN = 256 }; /* one message may hold thousands */

enum input { STREAM, MESSAGES };

static const char *const inputs[] = {"stream", "messages", NULL};

struct de_framer {
    int input; /* parameters; enum input */
    size_t max_frame;
    struct gathering begun; /* of a header, or "TAG " and the data that has come */
    bool in_data;
    size_t missing;   /* in_data: bytes of data that are still to come */
    uint64_t dropped; /* statistic */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "frames"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "read the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "their messages: tag, space, data"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_CHOICE(struct de_framer, input), .choices = inputs, .fallback = "stream",
     .doc = "stream: frames follow each other, cut anywhere; messages: each message is one frame"},
    {PARAM_SIZE(struct de_framer, max_frame), .changeable = true, .fallback = "1MiB", .min = 1,
     .max = 512U << 20,
     .doc = "of the data; a longer frame is a failure in a stream, else it is dropped"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct de_framer, dropped), .unit = "frames",
     .doc = "that were none, too long, or cut short"},
    {0},
};

struct header {
    size_t tag_size; /* bytes; the space after it follows */
    size_t length;   /* of the data, bytes */
};

/* Reads "TAG LENGTH".  False: it is something else. */
static bool parse_header(const unsigned char *text, size_t size, struct header *header)
{
    size_t at;

    header->tag_size = frame_tag_size(text, size);
    header->length = 0;
    at = header->tag_size + 1;
    if (header->tag_size == 0 || at == size || size - at > FRAME_MOST_DIGITS) {
        return false;
    }
    for (; at < size; at++) {
        if (text[at] < '0' || text[at] > '9') {
            return false;
        }
        header->length = header->length * 10 + (size_t)(text[at] - '0');
    }
    return true;
}

/* ---- messages ---- */

/* The message of a frame, or NULL. */
static struct message *take_apart(struct component *self, const struct message *frame)
{
    struct de_framer *framer = component_state(self);
    const unsigned char *newline =
        message_size(frame) > 0 ? memchr(frame->data, '\n', message_size(frame)) : NULL;
    struct header header;
    size_t at;

    if (newline == NULL || !parse_header(frame->data, (size_t)(newline - frame->data), &header) ||
        header.length > framer->max_frame) {
        return NULL;
    }
    at = (size_t)(newline - frame->data) + 1;
    if (header.length > message_size(frame) - at) {
        return NULL;
    }
    gathering_add(&framer->begun, frame->data, header.tag_size + 1);
    return gathering_take(&framer->begun, component_pool(self), frame->data + at, header.length);
}

static void take_message(struct component *self)
{
    struct de_framer *framer = component_state(self);
    struct message *frame = inbox_take(self, INBOX);
    struct message *msg;

    if (frame == NULL) {
        return; /* the turn is over */
    }
    msg = take_apart(self, frame);
    if (msg != NULL) {
        outbox_send(self, OUTBOX, msg);
    } else {
        framer->dropped++;
    }
    message_release(frame);
}

/* ---- a stream ---- */

static bool fail_no_frame(struct component *self)
{
    (void)component_fail(self, 0, "no frame: a tag, a space, a length and a newline were expected");
    return false;
}

/* Takes data from what waits, and sends the message once it is whole. */
static void take_data(struct component *self, const struct message *first)
{
    struct de_framer *framer = component_state(self);

    if (message_size(first) < framer->missing) {
        framer->missing -= message_size(first);
        gathering_add(&framer->begun, first->data, message_size(first));
        inbox_consume(self, INBOX, message_size(first));
    } else {
        struct message *msg =
            gathering_take(&framer->begun, component_pool(self), first->data, framer->missing);

        inbox_consume(self, INBOX, framer->missing);
        framer->in_data = false;
        outbox_send(self, OUTBOX, msg);
    }
}

/* A header is there: keeps its tag, and sends the message if that is all there is.  Returns false
 * after a failure. */
static bool begin_data(struct component *self)
{
    struct de_framer *framer = component_state(self);
    struct header header;

    if (!parse_header(framer->begun.bytes, framer->begun.size, &header)) {
        return fail_no_frame(self);
    }
    if (header.length > framer->max_frame) {
        (void)component_fail(self, 0, "a frame of %zu bytes was announced, and max_frame is %zu",
                             header.length, framer->max_frame);
        return false;
    }
    framer->begun.size = (uint32_t)header.tag_size + 1;
    framer->missing = header.length;
    framer->in_data = header.length > 0;
    if (!framer->in_data) {
        outbox_send(self, OUTBOX, gathering_take(&framer->begun, component_pool(self), NULL, 0));
    }
    return true;
}

/* Takes what waits, up to a newline, for a header.  Returns false after a failure. */
static bool take_header(struct component *self, const struct message *first)
{
    struct de_framer *framer = component_state(self);
    const size_t available = message_size(first);
    const unsigned char *newline = available > 0 ? memchr(first->data, '\n', available) : NULL;
    const size_t size = newline != NULL ? (size_t)(newline - first->data) : available;

    if (size > FRAME_MOST_HEADER - framer->begun.size) {
        return fail_no_frame(self);
    }
    gathering_add(&framer->begun, first->data, size);
    inbox_consume(self, INBOX, newline != NULL ? size + 1 : size);
    return newline == NULL || begin_data(self);
}

static void de_framer_run(struct component *self)
{
    const struct de_framer *framer = component_state(self);
    const struct message *first;
    int steps = 0;

    while (outbox_has_room(self, OUTBOX) && (first = inbox_peek(self, INBOX)) != NULL) {
        if (steps++ == FRAMES_A_TURN) {
            component_wake(self);
            return;
        }
        if (framer->input == MESSAGES) {
            take_message(self);
        } else if (framer->in_data) {
            take_data(self, first);
        } else if (!take_header(self, first)) {
            return;
        }
    }
}

/* What is left is less than a frame. */
static bool de_framer_flush(struct component *self)
{
    struct de_framer *framer = component_state(self);

    if (framer->in_data || framer->begun.size > 0) {
        framer->dropped++;
        component_log(self, LOG_LEVEL_WARNING, "the stream ended within a frame, which is dropped");
    }
    return true;
}

static void de_framer_stop(struct component *self)
{
    struct de_framer *framer = component_state(self);

    gathering_deinit(&framer->begun);
}

const struct component_type de_framer_type = {
    .name = "DeFramer",
    .summary = "takes frames apart that a Framer has made",
    .size = sizeof(struct de_framer),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .run = de_framer_run,
    .flush = de_framer_flush,
    .stop = de_framer_stop,
};
