/* LineFramer: makes lines of a stream, one in each message.
 *
 *     "ab\nc" "d\n" --> [inbox] LineFramer [outbox]   --> "ab\n" "cd\n"
 *                                          [overlong] --> what is longer than max_line
 *
 * A line that lies within one message is a slice of it: its bytes are not copied.  Only what a
 * message ends with before its newline has come is kept apart, in a buffer of our own, so that no
 * more than max_line bytes wait however slowly a peer sends, and joined with the rest by copying.
 *
 * A line longer than max_line goes out by overlong, whole but in pieces as they come; its newline
 * is the end of the last piece.  Where overlong is not linked the pieces are discarded and counted
 * there.  What follows the last newline is sent at the end as the last line. */
#include <stdlib.h>
#include <string.h>

#include "graph/component.h"

enum {
    LINES_A_TURN = 256, /* one message may hold thousands of lines */
    LEAST_BUFFER = 256, /* bytes */
    KEPT_BUFFER = 1024, /* a buffer up to this size stays when it is empty */
};

struct line_framer {
    size_t max_line;         /* parameter, bytes */
    bool strip_newline;      /* parameter */
    bool is_overlong;        /* inside a line that is too long */
    uint64_t overlong_lines; /* statistic */
    unsigned char *buffer;   /* the line so far: used bytes of what came in earlier messages */
    uint32_t used;           /* <= max_line */
    uint32_t capacity;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL, OVERLONG };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "the stream"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "send the last line, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = LINES, .doc = "the lines"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    [OVERLONG] = {.name = "overlong",
                  .carries = BYTES,
                  .doc = "lines longer than max_line, in pieces as they come",
                  .rare = true},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_SIZE(struct line_framer, max_line), .fallback = "64KiB", .min = 1, .max = 16U << 20,
     .doc = "longer lines, their newline not counted, go out by overlong"},
    {PARAM_BOOL(struct line_framer, strip_newline), .fallback = "false",
     .doc = "lines go out without their newline, and without a carriage return before it"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct line_framer, overlong_lines), .unit = "lines", .doc = "longer than max_line"},
    {0},
};

/* Keeps the beginning of a line; fits within max_line. */
static void keep(struct line_framer *framer, const struct message *msg)
{
    const size_t needed = framer->used + message_size(msg);

    if (needed > framer->capacity) {
        size_t capacity = framer->capacity > 0 ? framer->capacity : LEAST_BUFFER;

        while (capacity < needed) {
            capacity *= 2;
        }
        framer->buffer = mem_resize_array(framer->buffer, capacity, 1);
        framer->capacity = (uint32_t)capacity;
    }
    memcpy(framer->buffer + framer->used, msg->data, message_size(msg));
    framer->used = (uint32_t)needed;
}

static void empty_buffer(struct line_framer *framer)
{
    framer->used = 0;
    if (framer->capacity > KEPT_BUFFER) {
        free(framer->buffer);
        framer->buffer = NULL;
        framer->capacity = 0;
    }
}

/* What was kept and the first "size" bytes of a message (or NULL), in one message. */
static struct message *join(struct component *self, const struct message *msg, size_t size)
{
    struct line_framer *framer = component_state(self);
    struct message *line;
    size_t room;
    unsigned char *to = message_reserve(component_pool(self), framer->used + size, &room);

    memcpy(to, framer->buffer, framer->used);
    if (size > 0) {
        memcpy(to + framer->used, msg->data, size);
    }
    line = message_commit(component_pool(self), framer->used + size);
    empty_buffer(framer);
    return line;
}

/* The line without its end; the message is given up. */
static struct message *strip(struct component *self, struct message *line)
{
    size_t size = message_size(line) - 1;
    struct message *stripped;

    if (size > 0 && line->data[size - 1] == '\r') {
        size--;
    }
    stripped = message_slice(component_pool(self), line, 0, size);
    message_release(line);
    return stripped;
}

/* Sends the first "size" bytes of what waits, and what was kept of the same line before. */
static void send_line(struct component *self, const struct message *first, size_t size)
{
    struct line_framer *framer = component_state(self);
    struct message *line;

    if (framer->used > 0) {
        line = join(self, first, size);
    } else {
        line = message_slice(component_pool(self), first, 0, size);
    }
    inbox_consume(self, INBOX, size);
    outbox_send(self, OUTBOX, framer->strip_newline ? strip(self, line) : line);
}

/* Sends the next piece of a line that is too long. */
static void send_overlong(struct component *self, const struct message *first, size_t size,
                          bool is_last)
{
    struct line_framer *framer = component_state(self);

    if (framer->used > 0) {
        outbox_send(self, OVERLONG, join(self, NULL, 0));
    }
    outbox_send(self, OVERLONG, message_slice(component_pool(self), first, 0, size));
    inbox_consume(self, INBOX, size);
    framer->is_overlong = !is_last;
}

/* Does the next step with what waits, which is not empty. */
static void frame(struct component *self, const struct message *first)
{
    struct line_framer *framer = component_state(self);
    const unsigned char *newline = memchr(first->data, '\n', message_size(first));
    const size_t length = newline != NULL ? (size_t)(newline - first->data) : message_size(first);
    const size_t size = newline != NULL ? length + 1 : length;

    if (framer->is_overlong) {
        send_overlong(self, first, size, newline != NULL);
    } else if (length > framer->max_line - framer->used) {
        framer->is_overlong = true; /* the next step asks overlong for room */
        framer->overlong_lines++;
    } else if (newline != NULL) {
        send_line(self, first, size);
    } else {
        keep(framer, first);
        inbox_consume(self, INBOX, size);
    }
}

static void line_framer_run(struct component *self)
{
    struct line_framer *framer = component_state(self);
    const struct message *first;
    int steps = 0;

    while (outbox_has_room(self, framer->is_overlong ? OVERLONG : OUTBOX) &&
           (first = inbox_peek(self, INBOX)) != NULL) {
        if (steps++ == LINES_A_TURN) {
            component_wake(self);
            return;
        }
        if (message_size(first) > 0) {
            frame(self, first);
        } else {
            struct message *nothing = inbox_take(self, INBOX);

            if (nothing == NULL) {
                return;
            }
            message_release(nothing);
        }
    }
}

static bool line_framer_flush(struct component *self)
{
    struct line_framer *framer = component_state(self);

    if (framer->used == 0) {
        return true;
    }
    if (!outbox_has_room(self, OUTBOX)) {
        return false;
    }
    outbox_send(self, OUTBOX, join(self, NULL, 0));
    return true;
}

static void line_framer_stop(struct component *self)
{
    struct line_framer *framer = component_state(self);

    free(framer->buffer);
    framer->buffer = NULL;
}

const struct component_type line_framer_type = {
    .name = "LineFramer",
    .summary = "makes lines of a stream, one in each message",
    .size = sizeof(struct line_framer),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .run = line_framer_run,
    .flush = line_framer_flush,
    .stop = line_framer_stop,
};
