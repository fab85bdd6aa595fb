/* PromptedFileReader: sends as much of a file as it is asked for.
 *
 *     "3" --> [inbox] PromptedFileReader [outbox]   --> three bytes, or three lines
 *                                        [overlong] --> lines longer than max_line
 *
 * Linked behind a ByteRate_RequestControl it reads at that one's rate.  Bytes come in one message
 * for each number, or in several of up to 64 KiB, lines in a message each.  At the end of the file
 * it finishes; producerFinished on control has it finish once it has sent what it was asked for. */
#include <errno.h>

#include "components/file/file_source.h"
#include "components/util/text.h"
#include "graph/component.h"
#include "graph/error.h"
#include "graph/value.h"

enum {
    MOST_AT_ONCE = 64 * 1024,
    STEPS_A_TURN = 256,
};

enum readmode { READ_BYTES, READ_LINES };

struct prompted_file_reader {
    const char *filename; /* parameters */
    int readmode;
    struct file_source source; /* two parameters in it */
    uint64_t wanted;           /* bytes or lines, of what was asked for */
    uint64_t refused;          /* statistic */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL, OVERLONG };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox",
               .carries = BYTES,
               .doc = "how many bytes or lines to send, as a decimal number in each message"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "send what was asked for, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "what was asked for"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "producerFinished at the end of the file"},
    [OVERLONG] = LINE_SPLITTER_OVERLONG_BOX,
    {0},
};
static const char *const readmodes[] = {[READ_BYTES] = "bytes", [READ_LINES] = "lines", NULL};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct prompted_file_reader, filename), .required = true,
     .doc = "the file; relative to axond's working directory unless it begins with /"},
    {PARAM_CHOICE(struct prompted_file_reader, readmode), .choices = readmodes, .fallback = "bytes",
     .doc = "what the numbers count"},
    LINE_SPLITTER_PARAMETERS(struct prompted_file_reader, source.splitter),
    {0},
};
static const struct stat_spec statistics[] = {
    {.name = "bytes",
     .offset = offsetof(struct prompted_file_reader, source.bytes),
     .unit = "bytes",
     .doc = "read"},
    {STAT(struct prompted_file_reader, refused), .unit = "messages", .is_worrying = true,
     .doc = "were no number from 1 to 1000000000000"},
    LINE_SPLITTER_STATISTICS(struct prompted_file_reader, source.splitter),
    {0},
};

static int prompted_file_reader_start(struct component *self)
{
    struct prompted_file_reader *reader = component_state(self);
    struct stat about;
    const int result =
        file_input_open(&reader->source.input, self, reader->filename, false, &about);

    reader->source.makes_lines = reader->readmode == READ_LINES;
    return result < 0 ? component_fail(self, -result, "could not open %s", reader->filename) : 0;
}

/* Reads a number; 0: it is none. */
static uint64_t parse(const struct message *msg)
{
    const int64_t most = 1000000000000;
    struct accepted accepted;
    char text[16];
    int64_t number;

    return text_copy(msg, text, sizeof(text)) && value_integer(text, 1, most, &number, &accepted)
               ? (uint64_t)number
               : 0;
}

/* Takes the next number.  False: nobody asks for anything. */
static bool take_wish(struct component *self)
{
    struct prompted_file_reader *reader = component_state(self);
    struct message *msg = inbox_take(self, INBOX);

    if (msg == NULL) {
        return false;
    }
    reader->wanted = parse(msg);
    if (reader->wanted == 0) {
        reader->refused++;
    }
    message_release(msg);
    return true;
}

static void finish(struct component *self)
{
    struct prompted_file_reader *reader = component_state(self);
    struct message *rest = file_source_take_rest(&reader->source, self);

    if (rest != NULL) {
        outbox_send(self, OUTBOX, rest);
    }
    component_finish(self);
}

/* Counts what was sent; was_overlong: it is a piece of a line. */
static void count(struct prompted_file_reader *reader, const struct message *msg, bool was_overlong)
{
    if (reader->readmode == READ_BYTES) {
        reader->wanted -= message_size(msg);
    } else if (!was_overlong || !reader->source.splitter.is_overlong) {
        reader->wanted--;
    }
}

/* Does one step.  False: nothing more can be done now. */
static bool step(struct component *self, unsigned outbox)
{
    struct prompted_file_reader *reader = component_state(self);
    const bool is_limited = reader->readmode == READ_BYTES && reader->wanted < MOST_AT_ONCE;
    struct message *msg;
    int result;

    if (reader->wanted == 0) {
        return take_wish(self);
    }
    result = file_source_step(&reader->source, self,
                              is_limited ? (size_t)reader->wanted : MOST_AT_ONCE, &msg);
    if (msg != NULL) {
        count(reader, msg, outbox == OVERLONG);
        outbox_send(self, outbox, msg);
    }
    if (result == 0) {
        finish(self);
    } else if (result < 0 && result != -EAGAIN) {
        (void)component_fail(self, -result, "could not read %s", reader->filename);
    }
    return result > 0;
}

static void prompted_file_reader_run(struct component *self)
{
    struct prompted_file_reader *reader = component_state(self);
    int steps = 0;

    for (;;) {
        const unsigned outbox = reader->source.splitter.is_overlong ? OVERLONG : OUTBOX;

        if (!outbox_has_room(self, outbox)) {
            return;
        }
        if (steps++ == STEPS_A_TURN) {
            component_wake(self);
            return;
        }
        if (!step(self, outbox)) {
            return;
        }
    }
}

/* True once all that was asked for has been sent. */
static bool prompted_file_reader_flush(struct component *self)
{
    const struct prompted_file_reader *reader = component_state(self);

    return reader->wanted == 0;
}

static void prompted_file_reader_stop(struct component *self)
{
    struct prompted_file_reader *reader = component_state(self);

    file_source_close(&reader->source);
}

const struct component_type prompted_file_reader_type = {
    .name = "PromptedFileReader",
    .summary = "sends as much of a file as it is asked for",
    .size = sizeof(struct prompted_file_reader),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .start = prompted_file_reader_start,
    .run = prompted_file_reader_run,
    .flush = prompted_file_reader_flush,
    .stop = prompted_file_reader_stop,
};
