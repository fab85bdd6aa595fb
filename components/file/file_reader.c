/* FileReader: sends what a file holds, and with follow: true what comes to it later.
 *
 *     path --> FileReader [outbox]   --> "first line\n" "second line\n" … producerFinished
 *                         [overlong] --> lines longer than max_line, with mode: lines
 *
 * 1. It reads as its reader takes, and at most rate bytes per second; no more than a chunk, or with
 *    mode: lines a chunk and a line, is held here.  A file that is not in memory is read by a
 *    thread: the loop does not wait for a disk.
 * 2. At the end of the file it finishes.  producerFinished on control changes nothing: the rest is
 *    sent, to the end that the file has then.
 * 3. follow: true is tail -F.  It waits for more, by inotify; for the file, if that is missing; and
 *    for another in its place: the old one is read until the new one has something in it.  A file
 *    that has become shorter than what was read is read from its start.  It finishes at the end of
 *    the file once control says producerFinished.  A FIFO does not end when its writers leave.
 * 4. With mode: lines the last line of a file may do without its newline; while a file is followed,
 *    it is sent once it is complete, or with the end of the file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/file/file_source.h"
#include "components/file/files.h"
#include "components/file/path_watch.h"
#include "components/util/alarm.h"
#include "components/util/token_bucket.h"
#include "graph/component.h"
#include "graph/error.h"

enum {
    STEPS_A_TURN = 256,
    READ_STEPS = 16, /* what a read costs of them */
    LEAST_WHOLE = 64 * 1024,
};

enum mode { MODE_CHUNKS, MODE_LINES, MODE_WHOLE };
enum from { FROM_START, FROM_END };

struct file_reader {
    const char *path; /* parameters */
    int mode;
    size_t chunk_size;
    size_t max_size;
    size_t rate; /* bytes per second; 0: as fast as it is taken */
    bool follow;
    int from;
    struct file_source source; /* two parameters in it */
    struct path_watch watch;   /* with follow */
    struct stat about;         /* the file that is open */
    int trouble;               /* why no file is open; an errno */
    bool is_at_end;            /* all is read that there is */
    bool is_replaced;          /* another file is at the path */
    bool is_last_look;         /* it has something in it: at the end of the old one it is next */
    struct token_bucket bucket;
    struct alarm alarm;
    unsigned char *whole; /* with mode: whole, what was read so far */
    size_t whole_size;
    size_t whole_capacity;
    uint64_t reopened; /* statistics */
    uint64_t truncated;
};

enum { CONTROL };
enum { OUTBOX, SIGNAL, OVERLONG };

static const struct box_spec inboxes[] = {
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "producerFinished: finish at the end of the file, also with follow: true"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "what the file holds"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "producerFinished at the end of the file"},
    [OVERLONG] = LINE_SPLITTER_OVERLONG_BOX,
    {0},
};
static const char *const modes[] = {
    [MODE_CHUNKS] = "chunks", [MODE_LINES] = "lines", [MODE_WHOLE] = "whole", NULL};
static const char *const froms[] = {[FROM_START] = "start", [FROM_END] = "end", NULL};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct file_reader, path), .required = true,
     .doc = "the file; relative to axond's working directory unless it begins with /"},
    {PARAM_CHOICE(struct file_reader, mode), .choices = modes, .fallback = "chunks",
     .doc = "what a message is: up to chunk_size bytes, a line, or the whole file"},
    {PARAM_SIZE(struct file_reader, chunk_size), .fallback = "32KiB", .min = 1, .max = 1U << 20,
     .doc = "the most that is read at once; with rate, it is a tenth of a second's worth or less"},
    {PARAM_SIZE(struct file_reader, max_size), .fallback = "1MiB", .min = 1, .max = 256U << 20,
     .doc = "with mode: whole, a file with more than this is a failure"},
    {PARAM_SIZE(struct file_reader, rate), .fallback = "0", .max = 1U << 30,
     .doc = "bytes per second; 0: as fast as they are taken"},
    {PARAM_BOOL(struct file_reader, follow), .fallback = "false",
     .doc = "go on when the file grows, is replaced or comes to be, as tail -F"},
    {PARAM_CHOICE(struct file_reader, from), .choices = froms, .fallback = "start",
     .doc = "where to begin in a file that is there at the start"},
    LINE_SPLITTER_PARAMETERS(struct file_reader, source.splitter),
    {0},
};
static const struct stat_spec statistics[] = {
    {.name = "bytes",
     .offset = offsetof(struct file_reader, source.bytes),
     .unit = "bytes",
     .doc = "read"},
    {STAT(struct file_reader, reopened), .unit = "files",
     .doc = "that came in the place of others"},
    {STAT(struct file_reader, truncated), .unit = "times", .doc = "the file had become shorter"},
    LINE_SPLITTER_STATISTICS(struct file_reader, source.splitter),
    {0},
};

static bool file_reader_check(const void *state, const struct node *at, struct error *err)
{
    const struct file_reader *reader = state;

    if (reader->path[0] == '\0') {
        return error_set(err, at, "FileReader: path must not be empty");
    }
    if (reader->follow && reader->mode == MODE_WHOLE) {
        return error_set(err, at,
                         "FileReader: follow goes with mode: lines or chunks; a file that is "
                         "followed is never whole");
    }
    return true;
}

/* ---- the file ---- */

/* Says why it can't be watched; returns -errno. */
static int fail_watching(struct component *self, int error)
{
    const struct file_reader *reader = component_state(self);

    if (error == ENOSPC) {
        (void)component_fail(self, 0,
                             "could not watch %s: all inotify watches are in use "
                             "(fs.inotify.max_user_watches)",
                             reader->path);
        return -ENOSPC;
    }
    return component_fail(self, error, "could not watch %s", reader->path);
}

static bool is_missing(int error)
{
    return error == ENOENT || error == ENOTDIR;
}

/* Opens what is at the path now.  Returns 0 or -errno. */
static int open_file(struct component *self)
{
    struct file_reader *reader = component_state(self);
    const int result =
        file_input_open(&reader->source.input, self, reader->path, reader->follow, &reader->about);

    reader->trouble = -result;
    reader->is_replaced = false;
    reader->is_last_look = false;
    return result;
}

static int file_reader_start(struct component *self)
{
    struct file_reader *reader = component_state(self);
    int result;

    reader->source.makes_lines = reader->mode == MODE_LINES;
    if (reader->rate > 0) {
        const double piece = (double)reader->rate / 10;

        reader->chunk_size = piece < 1                            ? 1
                             : piece < (double)reader->chunk_size ? (size_t)piece
                                                                  : reader->chunk_size;
        bucket_init(&reader->bucket, (double)reader->rate, (double)reader->chunk_size,
                    steady_now());
    }
    if (reader->follow) {
        reader->watch.watches = files_of(self)->watches;
        result = path_watch_begin(&reader->watch, self, reader->path);
        if (result < 0) {
            return fail_watching(self, -result);
        }
    }
    result = open_file(self);
    if (result < 0 && !(reader->follow && is_missing(-result))) {
        return component_fail(self, -result, "could not open %s", reader->path);
    }
    if (result < 0) {
        component_log(self, LOG_LEVEL_NOTICE, "waits for %s, which is not there", reader->path);
    } else if (reader->from == FROM_END && S_ISREG(reader->about.st_mode)) {
        file_input_seek(&reader->source.input, (uint64_t)reader->about.st_size);
    }
    component_wake(self);
    return 0;
}

/* While no file is open: opens the one that may have come.  False: there is none. */
static bool find_file(struct component *self)
{
    struct file_reader *reader = component_state(self);
    const int before = reader->trouble;
    int result;

    reader->is_at_end = true;
    if (!reader->watch.may_have_moved) {
        return false;
    }
    result = path_watch_renew(&reader->watch, false);
    if (result < 0) {
        (void)fail_watching(self, -result);
        return false;
    }
    result = open_file(self);
    if (result < 0) {
        if (-result != before && !is_missing(-result)) {
            component_log(self, LOG_LEVEL_WARNING, "could not open %s: %s; waiting for a change",
                          reader->path, strerror(-result));
        }
        return false;
    }
    reader->is_at_end = false;
    reader->reopened++;
    component_log(self, LOG_LEVEL_INFO, "reads the %s that is at %s now",
                  S_ISREG(reader->about.st_mode) ? "file" : "thing", reader->path);
    return true;
}

/* ---- its end ---- */

/* Sends the line that has no newline; there is room. */
static void send_rest(struct component *self)
{
    struct file_reader *reader = component_state(self);
    struct message *rest = file_source_take_rest(&reader->source, self);

    if (rest != NULL) {
        outbox_send(self, OUTBOX, rest);
    }
}

/* Looks at what the path leads to now. */
static void look_at_path(struct component *self)
{
    struct file_reader *reader = component_state(self);
    struct stat now;
    int result = 0;

    if (reader->watch.may_have_moved) {
        result = path_watch_renew(&reader->watch, true);
    }
    if (result < 0) {
        (void)fail_watching(self, -result);
        return;
    }
    reader->is_replaced = stat(reader->path, &now) == 0 && (now.st_ino != reader->about.st_ino ||
                                                            now.st_dev != reader->about.st_dev);
    reader->is_last_look = reader->is_replaced && (now.st_size > 0 || !S_ISREG(now.st_mode));
}

/* True if the open file has become shorter than what was read.  Files whose size is always 0, such
 * as those of procfs, have not. */
static bool was_cut(struct file_reader *reader)
{
    const off_t before = reader->about.st_size;
    struct stat now;

    if (fstat(reader->source.input.fd, &now) == -1) {
        return false;
    }
    reader->about.st_size = now.st_size;
    return (uint64_t)now.st_size < reader->source.input.offset && (now.st_size > 0 || before > 0);
}

/* The open file is at its end, and is followed.  True: there is more to read. */
static bool go_on(struct component *self)
{
    struct file_reader *reader = component_state(self);

    if (was_cut(reader)) {
        reader->truncated++;
        component_log(self, LOG_LEVEL_INFO, "%s has become shorter: reads it from its start",
                      reader->path);
        send_rest(self);
        file_input_seek(&reader->source.input, 0);
        return true;
    }
    if (reader->is_last_look) {
        send_rest(self);
        file_input_close(&reader->source.input);
        reader->watch.may_have_moved = true;
        return true;
    }
    if (reader->watch.may_have_moved || reader->is_replaced) {
        look_at_path(self);
    }
    reader->is_at_end = !reader->is_last_look;
    return reader->is_last_look;
}

static bool handle_end(struct component *self)
{
    const struct file_reader *reader = component_state(self);

    if (reader->follow && !reader->source.input.is_stream) {
        return go_on(self);
    }
    send_rest(self);
    component_finish(self);
    return false;
}

/* ---- reading ---- */

/* How much may be read now; 0: nothing yet, we are run in time. */
static size_t allowance(struct component *self)
{
    struct file_reader *reader = component_state(self);

    if (reader->rate == 0) {
        return reader->chunk_size;
    }
    bucket_refill(&reader->bucket, steady_now());
    if (bucket_allowance(&reader->bucket) < reader->chunk_size) {
        alarm_set(self, &reader->alarm, bucket_wait(&reader->bucket, reader->chunk_size));
        return 0;
    }
    return reader->chunk_size;
}

/* Reads more of the whole; at its end it is *msg. */
static int read_whole(struct component *self, size_t most, struct message **msg)
{
    struct file_reader *reader = component_state(self);
    size_t room;
    ssize_t got;

    *msg = NULL;
    if (reader->whole_size == reader->whole_capacity) {
        reader->whole_capacity =
            reader->whole_capacity > 0 ? reader->whole_capacity * 2 : LEAST_WHOLE;
        reader->whole = mem_resize_array(reader->whole, reader->whole_capacity, 1);
    }
    room = reader->whole_capacity - reader->whole_size;
    got = file_input_read(&reader->source.input, reader->whole + reader->whole_size,
                          room < most ? room : most);
    if (got > 0) {
        reader->source.bytes += (size_t)got;
        reader->whole_size += (size_t)got;
    }
    if (reader->whole_size > reader->max_size) {
        (void)component_fail(self, 0, "%s has more than max_size, %zu bytes", reader->path,
                             reader->max_size);
        return -EAGAIN;
    }
    if (got == 0) {
        *msg = message_copy(component_pool(self), reader->whole, reader->whole_size);
    }
    return got > 0 ? 1 : (int)got;
}

/* Does one step.  False: nothing more can be done now. */
static bool step(struct component *self, unsigned outbox)
{
    struct file_reader *reader = component_state(self);
    const uint64_t before = reader->source.bytes;
    struct message *msg = NULL;
    size_t most = 0;
    int result;

    if (!reader->source.input.is_open && !find_file(self)) {
        return false;
    }
    if (file_source_reads_next(&reader->source)) {
        most = allowance(self);
        if (most == 0) {
            return false;
        }
    }
    result = reader->mode == MODE_WHOLE ? read_whole(self, most, &msg)
                                        : file_source_step(&reader->source, self, most, &msg);
    if (reader->rate > 0) {
        bucket_take(&reader->bucket, reader->source.bytes - before);
    }
    if (msg != NULL) {
        outbox_send(self, outbox, msg);
    }
    if (result < 0 && result != -EAGAIN) {
        (void)component_fail(self, -result, "could not read %s", reader->path);
    }
    return result > 0 || (result == 0 && handle_end(self));
}

static void file_reader_run(struct component *self)
{
    struct file_reader *reader = component_state(self);
    int steps = 0;

    reader->is_at_end = false;
    for (;;) {
        const unsigned outbox = reader->source.splitter.is_overlong ? OVERLONG : OUTBOX;

        if (!outbox_has_room(self, outbox)) {
            return;
        }
        if (steps >= STEPS_A_TURN) {
            component_wake(self);
            return;
        }
        steps += file_source_reads_next(&reader->source) ? READ_STEPS : 1;
        if (!step(self, outbox)) {
            return;
        }
    }
}

/* producerFinished: a file that is followed has an end after all.  Others find it themselves. */
static bool file_reader_flush(struct component *self)
{
    const struct file_reader *reader = component_state(self);

    if (!reader->is_at_end || !outbox_has_room(self, OUTBOX)) {
        return false;
    }
    send_rest(self);
    return true;
}

static void file_reader_stop(struct component *self)
{
    struct file_reader *reader = component_state(self);

    alarm_stop(self, &reader->alarm);
    path_watch_end(&reader->watch);
    file_source_close(&reader->source);
    free(reader->whole);
    reader->whole = NULL;
}

static bool file_reader_describe(struct component *self, char *text, size_t size)
{
    const struct file_reader *reader = component_state(self);

    if (reader->source.input.is_open) {
        return false;
    }
    (void)snprintf(text, size, "waits for %s: %s", reader->path, strerror(reader->trouble));
    return true;
}

const struct component_type file_reader_type = {
    .name = "FileReader",
    .summary = "sends what a file holds, and with follow: true what comes to it later",
    .size = sizeof(struct file_reader),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .check = file_reader_check,
    .start = file_reader_start,
    .run = file_reader_run,
    .flush = file_reader_flush,
    .stop = file_reader_stop,
    .describe = file_reader_describe,
};
