/* ConsoleReader: sends what is typed, or comes by standard input, line by line.
 *
 *              stdin
 *                |
 *     [control] ConsoleReader [outbox] --> "a line\n" "another\n", at the end producerFinished
 *
 * Whatever standard input is, the loop is never held up (console.h); it is read only while the way
 * is free.  The prompt is for people: it is written to standard output whenever a line is waited
 * for, if standard input is a terminal.
 *
 * A line longer than max_line goes out in pieces, of which only the last ends with eol.  One
 * ConsoleReader is enough for a graph: two would tear the lines apart, so a second does not start.
 * (After a reload the one before reads no more.) */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "components/util/console.h"
#include "graph/component.h"
#include "graph/graph.h"
#include "graph/inspect.h"

enum { LINES_A_TURN = 256, READS_A_TURN = 4 };

struct console_reader {
    const char *prompt; /* parameters */
    const char *eol;
    size_t max_line;
    struct console in;
    struct console out; /* open if there is somebody to prompt */
    ev_io readable;     /* armed after EAGAIN */
    unsigned char *buffer;
    size_t begin, end; /* of what was read and not sent, in a buffer of max_line + 1 bytes */
    bool is_over;      /* nothing more is read */
    bool is_prompted;  /* for this line */
};

enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    {.name = "control", .carries = NOTICES, .doc = "send what was read, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = LINES, .doc = "the lines, each with eol at its end"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "producerFinished after the last line, or the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct console_reader, prompt), .fallback = "\">>> \"",
     .doc = "shown on a terminal, before each line"},
    {PARAM_TEXT(struct console_reader, eol), .fallback = "\"\\n\"",
     .doc = "what ends each line that is sent"},
    {PARAM_SIZE(struct console_reader, max_line), .fallback = "64KiB", .min = 1, .max = 16U << 20,
     .doc = "longer lines are sent in pieces"},
    {0},
};

/* Another in the same graph, or NULL. */
static const struct component *find_rival(struct component *self)
{
    struct component *other;
    struct walk walk;

    walk_begin(&walk, component_loop(self), true);
    do {
        other = walk_next(&walk);
    } while (other != NULL &&
             (other == self || other->type != self->type || other->state != RUNNING ||
              graph_root(other->graph) != graph_root(self->graph) || component_is_earlier(other)));
    walk_end(&walk);
    return other;
}

static void on_readable(struct ev_loop *ev, ev_io *watcher, int revents)
{
    ev_io_stop(ev, watcher);
    component_wake(watcher->data);
}

static int console_reader_start(struct component *self)
{
    struct console_reader *reader = component_state(self);
    const struct component *rival = find_rival(self);
    char path[PATH_SIZE];
    int result;

    if (rival != NULL) {
        return component_fail(self, EBUSY, "%s reads standard input already",
                              component_path(rival, path, sizeof(path)));
    }
    result = console_open(&reader->in, STDIN_FILENO);
    if (result < 0) {
        return component_fail(self, -result, "could not look at standard input");
    }
    if (isatty(STDIN_FILENO) == 1) {
        result = console_open(&reader->out, STDOUT_FILENO);
        if (result < 0) {
            return component_fail(self, -result, "could not look at standard output");
        }
    }
    ev_io_init(&reader->readable, on_readable, reader->in.fd, EV_READ);
    reader->readable.data = self;
    reader->buffer = mem_resize_array(NULL, reader->max_line + 1, 1);
    component_wake(self);
    return 0;
}

static void prompt(struct console_reader *reader)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)reader->prompt,
                         .iov_len = strlen(reader->prompt)};

    if (reader->out.is_open && !reader->is_prompted) {
        reader->is_prompted = console_write(&reader->out, &part, 1) >= 0;
    }
}

/* Sends the first "size" bytes of what was read, and eol if they are the end of a line. */
static void send_bytes(struct component *self, size_t size, bool is_whole)
{
    struct console_reader *reader = component_state(self);
    const size_t eol_size = is_whole ? strlen(reader->eol) : 0;
    size_t room;
    unsigned char *to = message_reserve(component_pool(self), size + eol_size, &room);

    memcpy(to, reader->buffer + reader->begin, size);
    memcpy(to + size, reader->eol, eol_size);
    outbox_send(self, OUTBOX, message_commit(component_pool(self), size + eol_size));
    reader->begin += size;
}

/* Sends a line, or a piece of one, if there is any.  There is room for it. */
static bool send_line(struct component *self)
{
    struct console_reader *reader = component_state(self);
    const size_t size = reader->end - reader->begin;
    const unsigned char *from = reader->buffer + reader->begin;
    const unsigned char *newline = size > 0 ? memchr(from, '\n', size) : NULL;

    if (newline != NULL) {
        send_bytes(self, (size_t)(newline - from), true);
        reader->begin++;
        reader->is_prompted = false;
    } else if (size > reader->max_line) {
        send_bytes(self, reader->max_line, false);
    } else if (reader->is_over && size > 0) {
        send_bytes(self, size, true);
    } else {
        return false;
    }
    return true;
}

/* Reads some more.  Returns how much, 0 at the end, or -errno. */
static ssize_t read_some(struct console_reader *reader)
{
    ssize_t got;

    if (reader->begin > 0) {
        memmove(reader->buffer, reader->buffer + reader->begin, reader->end - reader->begin);
        reader->end -= reader->begin;
        reader->begin = 0;
    }
    got =
        console_read(&reader->in, reader->buffer + reader->end, reader->max_line + 1 - reader->end);
    reader->end += got > 0 ? (size_t)got : 0;
    return got;
}

/* Sends what lines there are.  False: not all, for want of room or as the turn is over. */
static bool send_lines(struct component *self)
{
    int lines = 0;

    while (outbox_has_room(self, OUTBOX)) {
        if (lines++ == LINES_A_TURN) {
            component_wake(self);
            return false;
        }
        if (!send_line(self)) {
            return true;
        }
    }
    return false;
}

static void console_reader_run(struct component *self)
{
    struct console_reader *reader = component_state(self);

    for (int reads = 0; send_lines(self); reads++) {
        ssize_t got;

        if (reader->is_over) {
            component_finish(self);
            return;
        }
        if (pool_is_short(component_pool(self))) {
            component_wait_for_memory(self);
            return;
        }
        if (reads == READS_A_TURN) {
            component_wake(self);
            return;
        }
        got = read_some(reader);
        if (got == -EAGAIN) {
            prompt(reader);
            ev_io_start(component_ev(self), &reader->readable);
            return;
        }
        if (got < 0 && got != -EINTR) {
            (void)component_fail(self, (int)-got, "could not read standard input");
            return;
        }
        reader->is_over = got == 0;
    }
}

/* What was read goes out; nothing more is read. */
static bool console_reader_flush(struct component *self)
{
    struct console_reader *reader = component_state(self);

    reader->is_over = true;
    return send_lines(self);
}

static void console_reader_stop(struct component *self)
{
    struct console_reader *reader = component_state(self);

    if (reader->buffer != NULL) {
        ev_io_stop(component_ev(self), &reader->readable);
    }
    console_close(&reader->in);
    console_close(&reader->out);
    free(reader->buffer);
    reader->buffer = NULL;
}

const struct component_type console_reader_type = {
    .name = "ConsoleReader",
    .on_main_thread = true,
    .summary = "sends what comes by standard input, line by line",
    .size = sizeof(struct console_reader),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .start = console_reader_start,
    .run = console_reader_run,
    .flush = console_reader_flush,
    .stop = console_reader_stop,
};
