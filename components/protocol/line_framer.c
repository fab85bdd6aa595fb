/* LineFramer: makes lines of a stream, one in each message.
 *
 *     "ab\nc" "d\n" --> [inbox] LineFramer [outbox]   --> "ab\n" "cd\n"
 *                                          [overlong] --> what is longer than max_line
 *
 * A line longer than max_line goes out by overlong, whole but in pieces as they come; its newline
 * is the end of the last piece.  Where overlong is not linked the pieces are discarded and counted
 * there.  What follows the last newline is sent at the end as the last line.  How lines are found,
 * and what is kept meanwhile: line_splitter.h. */
#include "components/protocol/line_splitter.h"
#include "graph/component.h"
#include "graph/parcel.h"

enum { LINES_A_TURN = 256 }; /* one message may hold thousands of lines */

struct line_framer {
    struct line_splitter splitter;
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
    [OVERLONG] = LINE_SPLITTER_OVERLONG_BOX,
    {0},
};
static const struct param_spec parameters[] = {
    LINE_SPLITTER_PARAMETERS(struct line_framer, splitter),
    {0},
};
static const struct stat_spec statistics[] = {
    LINE_SPLITTER_STATISTICS(struct line_framer, splitter),
    {0},
};

/* Where what comes next goes. */
static unsigned next_outbox(const struct line_framer *framer)
{
    return framer->splitter.is_overlong ? OVERLONG : OUTBOX;
}

/* Does the next step with what waits, which is not empty. */
static void frame(struct component *self, const struct message *first)
{
    struct line_framer *framer = component_state(self);
    const unsigned outbox = next_outbox(framer);
    size_t size;
    struct message *line =
        line_splitter_take(&framer->splitter, component_pool(self), first, &size);

    if (size > 0) {
        inbox_consume(self, INBOX, size);
    }
    if (line != NULL) {
        outbox_send(self, outbox, line);
    }
}

static void line_framer_run(struct component *self)
{
    const struct line_framer *framer = component_state(self);
    const struct message *first;
    int steps = 0;

    while (outbox_has_room(self, next_outbox(framer)) &&
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

    if (!line_splitter_has_rest(&framer->splitter)) {
        return true;
    }
    if (!outbox_has_room(self, OUTBOX)) {
        return false;
    }
    outbox_send(self, OUTBOX, line_splitter_take_rest(&framer->splitter, component_pool(self)));
    return true;
}

/* The line so far. */
static bool line_framer_save(struct component *self, struct parcel *to)
{
    const struct line_framer *framer = component_state(self);

    parcel_put_number(to, framer->splitter.is_overlong);
    parcel_put_number(to, framer->splitter.begun.size);
    parcel_put(to, framer->splitter.begun.bytes, framer->splitter.begun.size);
    return true;
}

static bool line_framer_restore(struct component *self, struct parcel *from)
{
    struct line_framer *framer = component_state(self);
    const bool is_overlong = parcel_get_number(from) != 0;
    const size_t size = parcel_get_number(from);
    const void *bytes = parcel_get(from, size);

    if (bytes == NULL) {
        return false;
    }
    framer->splitter.is_overlong = is_overlong;
    gathering_add(&framer->splitter.begun, bytes, size);
    return true;
}

static void line_framer_stop(struct component *self)
{
    struct line_framer *framer = component_state(self);

    line_splitter_deinit(&framer->splitter);
}

const struct component_type line_framer_type = {
    .name = "LineFramer",
    .summary = "makes lines of a stream, one in each message",
    .size = sizeof(struct line_framer),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .save = line_framer_save,
    .restore = line_framer_restore,
    .run = line_framer_run,
    .flush = line_framer_flush,
    .stop = line_framer_stop,
};
