/* FileWriter: writes what arrives to a file.
 *
 *     many --> [inbox] FileWriter [outbox] --> someone else, with forwarder: true
 *                          |
 *                        path
 *
 * 1. What waits goes out in one write, whole messages one after another: lines that come from many
 *    are neither torn nor mixed.  It goes to the kernel's memory, which takes no disk's time;
 *    fsync(2), for those who want it, is done by a thread.
 * 2. A file that was moved away (logrotate) or removed is noticed within a second of writing, and
 *    made anew; at a reload at once, though nothing is written.  A message never lies in two files.
 * 3. When it can't be written (no space, quota, a missing directory, …) a warning says so, once.
 *    Nothing is lost: what was taken is kept, the inbox fills, and its policy decides; it is tried
 *    again after a pause that grows.  A message that was written in part is continued where it
 *    stands or, if the file is left, taken back.  A notice says when all is well again.
 * 4. Everything that waits is written before it finishes.  shutdownMicroprocess does not wait for
 * it; what was not written is then counted in a warning. */
#include "components/file/file_writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "graph/document.h"
#include "graph/error.h"

#define LOOK_INTERVAL 1.0 /* seconds between two looks at the path, at least, while writing */

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };
enum fsync_rule { FSYNC_NEVER, FSYNC_INTERVAL, FSYNC_ALWAYS };

const struct box_spec file_writer_inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "what is to be written"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "write the rest, then finish"},
    {0},
};
const struct box_spec file_writer_outboxes[] = {
    [OUTBOX] = {.name = "outbox",
                .carries = BYTES,
                .doc = "the same, once written, with forwarder: true"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
const struct stat_spec file_writer_statistics[] = {
    {STAT(struct file_writer, messages), .unit = "messages", .doc = "written"},
    {STAT(struct file_writer, bytes), .unit = "bytes", .doc = "written"},
    {STAT(struct file_writer, reopened), .unit = "times",
     .doc = "another file was opened, since the first had been moved or removed"},
    {STAT(struct file_writer, errors), .unit = "tries", .doc = "to open or to write that failed"},
    {0},
};

static bool parse_mode(const struct node *node, void *field, struct arena *arena, struct error *err)
{
    mode_t *mode = field;

    if (node->kind != NODE_SCALAR || node->size < 3 || node->size > 4 ||
        strspn(node->text, "01234567") != node->size) {
        return false;
    }
    *mode = 0;
    for (size_t i = 0; i < node->size; i++) {
        *mode = *mode << 3 | (mode_t)(node->text[i] - '0');
    }
    return *mode <= 0777;
}

static const char *const fsync_rules[] = {
    [FSYNC_NEVER] = "never", [FSYNC_INTERVAL] = "interval", [FSYNC_ALWAYS] = "always", NULL};
static const struct param_spec parameters[] = {
    FILE_WRITER_PATH("path"),
    {PARAM_BOOL(struct file_writer, append), .fallback = "true",
     .doc = "false: what the file holds at the start is discarded, at a reload as well"},
    {PARAM_CUSTOM(struct file_writer, mode), .parse = parse_mode, .fallback = "0640",
     .accepts = "octal digits up to 0777, such as \"0640\"",
     .schema = "{'type': ['string', 'integer'], 'pattern': '^0?[0-7]{3}$', 'minimum': 0,"
               " 'maximum': 777}",
     .doc = "permissions of a file that is made, less the umask"},
    {PARAM_BOOL(struct file_writer, directories), .fallback = "false",
     .doc = "make the directories of path that are missing"},
    {PARAM_BOOL(struct file_writer, end_lines), .changeable = true, .fallback = "false",
     .doc = "a message that does not end with a newline gets one"},
    {PARAM_BOOL(struct file_writer, forwarder), .fallback = "false",
     .doc = "hand on what was written"},
    {PARAM_BOOL(struct file_writer, hold_open), .fallback = "true",
     .doc = "false: the file is opened for each write, and closed after it"},
    {PARAM_DURATION(struct file_writer, flush_interval), .changeable = true, .fallback = "0",
     .min = 0, .max = 3600,
     .doc = "gather messages for so long, up to 64, to write less often; 0: write at once"},
    {PARAM_CHOICE(struct file_writer, fsync), .choices = fsync_rules, .fallback = "never",
     .doc = "bring it to the disk: never leaves that to the kernel; interval: each "
            "fsync_interval, and at the end; always: each write, before the next and before "
            "anything is handed on"},
    {PARAM_DURATION(struct file_writer, fsync_interval), .changeable = true, .fallback = "1s",
     .min = 0.001, .max = 3600,
     .doc = "at most so long from a write to its fsync, with fsync: interval"},
    {0},
};

bool file_writer_check(const void *state, const struct node *at, struct error *err)
{
    const struct file_writer *writer = state;
    const size_t size = strlen(writer->path);

    if (size == 0 || writer->path[size - 1] == '/') {
        return error_set(err, at, "the path of a file must not be empty or end in /; got \"%s\"",
                         shown(writer->path).text);
    }
    return true;
}

/* ---- trouble ---- */

static uint32_t dropped(struct component *self)
{
    return component_common_inbox(self, INBOX)->box.dropped;
}

/* Something could not be done: it is tried again in a while. */
static void note_trouble(struct component *self, int error, const char *deed)
{
    struct file_writer *writer = component_state(self);

    writer->errors++;
    batch_compact(&writer->batch); /* what has to wait keeps no more memory than its bytes */
    trouble_note(&writer->trouble, self, writer->path, deed, error, dropped(self));
}

static void note_success(struct component *self)
{
    struct file_writer *writer = component_state(self);

    trouble_end(&writer->trouble, self, writer->path, dropped(self));
}

/* ---- the file ---- */

static void on_writable(struct ev_loop *ev, ev_io *watcher, int revents)
{
    ev_io_stop(ev, watcher);
    component_wake(watcher->data);
}

/* Takes leave of the file that is open; it keeps no message that it has not got whole. */
static void leave_file(struct component *self)
{
    struct file_writer *writer = component_state(self);
    const bool syncs = writer->is_dirty && writer->fsync != FSYNC_NEVER;

    if (!writer->output.is_open) {
        return;
    }
    if (writer->batch.partial > 0) {
        file_output_take_back(&writer->output, writer->batch.partial);
        writer->bytes -= writer->batch.partial;
        writer->batch.partial = 0;
    }
    ev_io_stop(component_ev(self), &writer->writable);
    writer->output.is_open = false;
    writer->is_dirty = false;
    writer->sync_at = 0;
    file_sync_close(&writer->sync, self, writer->output.fd, syncs);
}

static int open_file(struct component *self)
{
    struct file_writer *writer = component_state(self);
    const int result =
        file_output_open(&writer->output, writer->path, writer->mode, writer->directories);

    if (result < 0) {
        return result;
    }
    ev_io_init(&writer->writable, on_writable, writer->output.fd, EV_WRITE);
    writer->writable.data = self;
    writer->looked_at = steady_now();
    if (writer->has_moved) {
        writer->has_moved = false;
        writer->reopened++;
        component_log(self, LOG_LEVEL_INFO, "writes to a new file at %s", writer->path);
    }
    return 0;
}

/* Takes leave of a file that is not at the path any more. */
static void look_at_path(struct component *self)
{
    struct file_writer *writer = component_state(self);

    if (writer->output.is_open && writer->output.is_regular) {
        writer->looked_at = steady_now();
        if (file_output_has_moved(&writer->output, writer->path)) {
            leave_file(self);
            writer->has_moved = true;
        }
    }
}

/* Has the file open that is at the path.  False: there is trouble. */
static bool ready_file(struct component *self)
{
    struct file_writer *writer = component_state(self);
    int result = 0;

    if (steady_now() - writer->looked_at >= LOOK_INTERVAL) {
        look_at_path(self);
    }
    if (!writer->output.is_open) {
        result = open_file(self);
    }
    if (result < 0) {
        note_trouble(self, -result, "open");
        return false;
    }
    if (writer->must_empty) {
        result = file_output_empty(&writer->output);
    }
    if (result < 0) {
        note_trouble(self, -result, "empty");
        return false;
    }
    writer->must_empty = false;
    return true;
}

/* Troubles that may pass by themselves: axond starts all the same. */
static bool may_pass(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EMFILE || error == ENFILE;
}

int file_writer_start(struct component *self)
{
    struct file_writer *writer = component_state(self);
    const int result = open_file(self);

    writer->must_empty = !writer->append;
    if (result < 0 && !may_pass(-result)) {
        return component_fail(self, -result, "could not open %s", writer->path);
    }
    if (result < 0) {
        note_trouble(self, -result, "open");
    }
    /* The file is made empty when we are run: all have started then.  A reload may be refused. */
    component_wake(self);
    return 0;
}

/* ---- writing ---- */

/* The message with a newline at its end, in the place of one without. */
static struct message *end_line(struct component *self, struct message *msg)
{
    const size_t size = message_size(msg);
    struct message *line;
    unsigned char *to;
    size_t room;

    if (size > 0 && msg->data[size - 1] == '\n') {
        return msg;
    }
    to = message_reserve(component_pool(self), size + 1, &room);
    memcpy(to, msg->data, size);
    to[size] = '\n';
    line = message_commit(component_pool(self), size + 1);
    message_release(msg);
    return line;
}

/* Takes what waits, as much as goes into one write. */
static void take_batch(struct component *self)
{
    struct file_writer *writer = component_state(self);
    struct message *msg;

    while (!batch_is_full(&writer->batch) && (msg = inbox_take(self, INBOX)) != NULL) {
        batch_add(&writer->batch, writer->end_lines ? end_line(self, msg) : msg);
    }
}

/* Writing has failed, or a FIFO is full. */
static void handle_error(struct component *self, int error)
{
    struct file_writer *writer = component_state(self);

    if (error == EAGAIN) {
        batch_compact(&writer->batch);
        ev_io_start(component_ev(self), &writer->writable);
        return;
    }
    note_trouble(self, error, "write to");
    if (!writer->output.is_regular) {
        leave_file(self); /* its reader has gone: the next gets whole messages */
    }
}

/* Writes the batch.  False: not all of it could be written now. */
static bool write_batch(struct component *self)
{
    struct file_writer *writer = component_state(self);
    struct iovec parts[BATCH_MOST];

    if (!ready_file(self)) {
        return false;
    }
    while (!batch_is_written(&writer->batch)) {
        const unsigned before = writer->batch.written;
        const int count = batch_gather(&writer->batch, parts);
        const ssize_t written = file_output_write(&writer->output, parts, count);

        if (written < 0) {
            handle_error(self, (int)-written);
            return false;
        }
        writer->is_dirty = true;
        writer->bytes += (size_t)written;
        batch_advance(&writer->batch, (size_t)written);
        writer->messages += writer->batch.written - before;
        if (written == 0 && writer->batch.written == before) {
            handle_error(self, EIO); /* no file does that */
            return false;
        }
    }
    note_success(self);
    return true;
}

/* Gives what was written away, once it is as safe as it should be.  False: not yet. */
static bool hand_on(struct component *self)
{
    struct file_writer *writer = component_state(self);
    const bool forwards = writer->forwarder && outbox_is_linked(self, OUTBOX);

    if (writer->fsync == FSYNC_ALWAYS && file_sync_is_busy(&writer->sync)) {
        return false;
    }
    while (batch_has_written(&writer->batch)) {
        if (!forwards) {
            message_release(batch_take(&writer->batch));
        } else if (outbox_has_room(self, OUTBOX)) {
            outbox_send(self, OUTBOX, batch_take(&writer->batch));
        } else {
            return false;
        }
    }
    writer->is_flushing = writer->is_flushing && !batch_is_empty(&writer->batch);
    return true;
}

/* ---- when ---- */

/* True if what was taken is to be written now, not only gathered. */
static bool is_due(struct component *self)
{
    struct file_writer *writer = component_state(self);

    if (writer->is_flushing) {
        return true;
    }
    if (writer->flush_at <= 0) {
        writer->flush_at = steady_now() + writer->flush_interval;
    }
    writer->is_flushing = writer->flush_interval <= 0 || batch_is_full(&writer->batch) ||
                          !inbox_is_empty(self, CONTROL) || steady_now() >= writer->flush_at;
    if (writer->is_flushing) {
        writer->flush_at = 0;
    }
    return writer->is_flushing;
}

/* For the end of a pause, or for room in a FIFO. */
static bool is_waiting(struct file_writer *writer)
{
    if (writer->trouble.retry_at > 0 && steady_now() >= writer->trouble.retry_at) {
        writer->trouble.retry_at = 0;
    }
    return ev_is_active(&writer->writable) || writer->trouble.retry_at > 0;
}

static void begin_sync(struct component *self)
{
    struct file_writer *writer = component_state(self);

    writer->is_dirty = false;
    writer->sync_at = 0;
    file_sync_begin(&writer->sync, self, writer->output.fd);
}

/* Looks at how the last fsync(2) has ended, and begins the next if it is due. */
static void attend_sync(struct component *self)
{
    struct file_writer *writer = component_state(self);

    if (writer->sync.error != 0) {
        writer->errors++;
        component_log(self, LOG_LEVEL_WARNING,
                      "could not bring %s to the disk: %s; what was written since the last time "
                      "may be lost",
                      writer->path, strerror(writer->sync.error));
        writer->sync.error = 0;
    }
    if (!writer->is_dirty || !writer->output.is_open || file_sync_is_busy(&writer->sync)) {
        return;
    }
    if (writer->fsync == FSYNC_ALWAYS) {
        begin_sync(self);
    } else if (writer->fsync == FSYNC_INTERVAL) {
        if (writer->sync_at <= 0) {
            writer->sync_at = steady_now() + writer->fsync_interval;
        }
        if (steady_now() >= writer->sync_at) {
            begin_sync(self);
        }
    }
}

/* Is run again when the next thing is due. */
static void set_alarm(struct component *self)
{
    struct file_writer *writer = component_state(self);
    const double times[] = {writer->flush_at, writer->sync_at, writer->trouble.retry_at};
    double next = 0;

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        if (times[i] > 0 && (next <= 0 || times[i] < next)) {
            next = times[i];
        }
    }
    if (next > 0) {
        alarm_set(self, &writer->alarm, next - steady_now());
    }
}

/* Writes what is due.  True: there may be more to do at once. */
static bool attend_writing(struct component *self)
{
    struct file_writer *writer = component_state(self);
    const bool waits = is_waiting(writer);

    if (!hand_on(self) || waits) {
        return false;
    }
    if ((writer->must_empty || writer->trouble.error != 0) && !ready_file(self)) {
        return false;
    }
    if (batch_is_empty(&writer->batch)) {
        note_success(self); /* what there was to write is written, or there was none yet */
    }
    take_batch(self);
    return !batch_is_empty(&writer->batch) && is_due(self) && write_batch(self);
}

void file_writer_run(struct component *self)
{
    struct file_writer *writer = component_state(self);
    bool goes_on;

    do {
        goes_on = attend_writing(self);
        attend_sync(self);
    } while (goes_on);
    if (!writer->hold_open && batch_is_empty(&writer->batch)) {
        leave_file(self);
    }
    set_alarm(self);
}

/* Who has moved the file away may go on with it from here: nothing more is written there.  What
 * could not be done is tried again. */
void file_writer_reloaded(struct component *self)
{
    struct file_writer *writer = component_state(self);

    writer->trouble.retry_at = 0;
    look_at_path(self);
    if (writer->has_moved) {
        (void)ready_file(self);
    }
}

/* True once everything is written, and on the disk if that is wanted. */
bool file_writer_flush(struct component *self)
{
    struct file_writer *writer = component_state(self);

    if (!batch_is_empty(&writer->batch) || file_sync_is_busy(&writer->sync)) {
        return false;
    }
    if (writer->fsync != FSYNC_NEVER && writer->is_dirty && writer->output.is_open) {
        begin_sync(self);
        return false;
    }
    return true;
}

void file_writer_stop(struct component *self)
{
    struct file_writer *writer = component_state(self);
    const uint32_t waiting = component_common_inbox(self, INBOX)->box.queued + writer->batch.taken -
                             writer->batch.written;
    struct message *msg;

    alarm_stop(self, &writer->alarm);
    leave_file(self);
    if (component_is_kept(self)) {
        while ((msg = batch_take_unwritten(&writer->batch)) != NULL) {
            inbox_give_back(self, INBOX, msg);
        }
    } else if (waiting > 0) {
        component_log(self, LOG_LEVEL_WARNING, "has to stop: %u messages were not written to %s",
                      waiting, writer->path);
    }
    while ((msg = batch_take(&writer->batch)) != NULL) {
        message_release(msg);
    }
}

bool file_writer_describe(struct component *self, char *text, size_t size)
{
    const struct file_writer *writer = component_state(self);

    if (writer->trouble.error == 0) {
        return false;
    }
    (void)snprintf(text, size, "not able to %s %s for %.0f s: %s", writer->trouble.deed,
                   writer->path, steady_now() - writer->trouble.since,
                   strerror(writer->trouble.error));
    return true;
}

const struct component_type file_writer_type = {
    .name = "FileWriter",
    .summary = "writes what arrives to a file",
    FILE_WRITER,
    .parameters = parameters,
    .start = file_writer_start,
};
