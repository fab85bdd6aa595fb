/* ConsoleEchoer: writes whatever arrives to standard output.
 *
 *     someone --> [inbox] ConsoleEchoer [outbox] --> someone else, with forwarder: true
 *                              |
 *                          stdout, each message after its tag
 *
 * Nothing is dropped, and the loop is never held up (console.h). */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "components/util/console.h"
#include "graph/component.h"

struct console_echoer {
    bool forwarder; /* parameters */
    const char *tag;
    struct console out;
    /* On its way out: taken from the inbox, whose policy might drop it half written.  Or NULL. */
    struct message *msg;
    size_t written; /* bytes of the tag and of msg that are out */
    ev_io writable; /* armed after EAGAIN */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "what is to be written"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "write the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox",
                .carries = BYTES,
                .doc = "the same, once written, with forwarder: true"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_BOOL(struct console_echoer, forwarder), .fallback = "false",
     .doc = "hand on what was written"},
    {PARAM_TEXT(struct console_echoer, tag), .fallback = "", .doc = "written before each message"},
    {0},
};

static void on_writable(struct ev_loop *ev, ev_io *watcher, int revents)
{
    ev_io_stop(ev, watcher);
    component_wake(watcher->data);
}

static int console_echoer_start(struct component *self)
{
    struct console_echoer *console = component_state(self);
    const int result = console_open(&console->out, STDOUT_FILENO);

    if (result < 0) {
        return component_fail(self, -result, "could not look at standard output");
    }
    ev_io_init(&console->writable, on_writable, console->out.fd, EV_WRITE);
    console->writable.data = self;
    return 0;
}

/* What is left of the tag and the message, at most "most" bytes. */
static int gather(const struct console_echoer *console, size_t most, struct iovec parts[2])
{
    const struct message *msg = console->msg;
    const size_t tag_size = strlen(console->tag);
    size_t done = console->written;
    int count = 0;

    if (done < tag_size) {
        parts[count].iov_base = (void *)(uintptr_t)(console->tag + done);
        parts[count].iov_len = tag_size - done < most ? tag_size - done : most;
        most -= parts[count++].iov_len;
        done = tag_size;
    }
    done -= tag_size;
    if (done < message_size(msg) && most > 0) {
        parts[count].iov_base = (void *)(uintptr_t)(msg->data + done);
        parts[count].iov_len = message_size(msg) - done < most ? message_size(msg) - done : most;
        count++;
    }
    return count;
}

/* Writes some more of the message.  Returns 1 once all of it is out, 0 if there is more to write,
 * or -errno: -EAGAIN to try again later. */
static int write_some(struct console_echoer *console)
{
    struct iovec parts[2];
    const int count = gather(console, console_most(&console->out), parts);
    ssize_t written;

    if (count == 0) {
        return 1;
    }
    written = console_write(&console->out, parts, count);
    if (written < 0) {
        return written == -EINTR ? 0 : (int)written;
    }
    console->written += (size_t)written;
    return 0;
}

static void hand_on(struct component *self)
{
    struct console_echoer *console = component_state(self);

    if (console->forwarder) {
        outbox_send(self, OUTBOX, console->msg);
    } else {
        message_release(console->msg);
    }
    console->msg = NULL;
    console->written = 0;
}

/* True if there is a message to write, and room for it afterwards. */
static bool has_more(struct component *self)
{
    struct console_echoer *console = component_state(self);

    if (!outbox_has_room(self, OUTBOX)) {
        return false;
    }
    if (console->msg == NULL) {
        console->msg = inbox_take(self, INBOX);
    }
    return console->msg != NULL;
}

static void console_echoer_run(struct component *self)
{
    struct console_echoer *console = component_state(self);

    while (has_more(self)) {
        const int result = write_some(console);

        if (result == -EAGAIN) {
            ev_io_start(component_ev(self), &console->writable);
            return;
        }
        if (result < 0) {
            (void)component_fail(self, -result, "could not write to standard output");
            return;
        }
        if (result == 1) {
            hand_on(self);
        }
    }
}

/* What was begun is written before the end; the component is run when it can be. */
static bool console_echoer_flush(struct component *self)
{
    const struct console_echoer *console = component_state(self);

    return console->msg == NULL;
}

static void console_echoer_stop(struct component *self)
{
    struct console_echoer *console = component_state(self);

    if (console->out.is_open) {
        ev_io_stop(component_ev(self), &console->writable);
        console_close(&console->out);
    }
    if (console->msg != NULL) {
        message_release(console->msg);
        console->msg = NULL;
    }
}

const struct component_type console_echoer_type = {
    .name = "ConsoleEchoer",
    .on_main_thread = true,
    .summary = "writes whatever arrives to standard output",
    .size = sizeof(struct console_echoer),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .start = console_echoer_start,
    .run = console_echoer_run,
    .flush = console_echoer_flush,
    .stop = console_echoer_stop,
};
