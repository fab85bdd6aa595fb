/* UnixProcess: a program that runs beside us, its standard streams as boxes.
 *
 *     someone --> [inbox]   ──stdin──►  program ──stdout──► [outbox] --> someone
 *     someone --> [control]                └──────stderr──► [error]  --> someone, or the log
 *
 * One for all where it is a component of the file; one for each connection, as inetd has it, where
 * it is a protocol.
 *
 * 1. While the program does not read, inbox fills and its sender waits; while our reader is slow,
 *    nothing is read, and the program waits.  Nothing is dropped.
 * 2. producerFinished on control: what waits is written and stdin closed.  A program that nothing
 *    leads to, and that was never sent anything, would not notice: it gets SIGTERM.
 *    shutdownMicroprocess: the program and all of its process group get SIGTERM at once, SIGKILL
 *    after kill_timeout; nobody waits for that (reaper.h).
 * 3. It is over when the program has exited and all of its output is read.  Processes that it
 * leaves behind may keep the output open for kill_timeout; then they are ended, and what is in the
 * pipes by then is the rest.  An exit status that is no success, or a signal, is a failure.
 * 4. A program that closes its stdin early has read enough: what still comes is discarded and
 *    counted.
 * 5. A peer that closes cannot be told from one that has ended sending and waits for the answer,
 *    until something is written to it: the program sees the end of its stdin, and may go on.  With
 *    answer_timeout it is ended once nothing has come of it for so long; as long as somebody is
 *    slow to take what has come, nothing is expected. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "components/file/process_environment.h"
#include "components/file/process_parameters.h"
#include "components/file/reaper.h"
#include "components/util/alarm.h"
#include "graph/component.h"
#include "graph/graph.h"
#include "graph/message.h"
#include "graph/value.h"

enum {
    GATHERED = 64, /* messages in one write */
    LONGEST = 400, /* bytes of stderr in one line of the log */
    NO_LIMIT = -1,
};

/* Our end of one of the program's descriptors. */
struct stream {
    ev_io io;
    bool is_open;
    bool is_ready; /* told so, and not used since */
    int rest;      /* bytes that are still read of it; NO_LIMIT */
};

struct unix_process {
    struct process_command command;
    struct process_variables environment;
    bool clear_environment;
    const char *directory;
    size_t buffersize;
    double kill_timeout;
    double answer_timeout;
    struct process_success success;

    struct child *child;
    struct stream streams[3]; /* by the program's descriptors */
    ev_timer grace;           /* active: for those that it left behind */
    bool had_grace;
    bool was_asked;     /* to end: how it does is no failure */
    bool has_all_input; /* its stdin was closed, as nothing more comes */
    double quiet_since; /* of the loop's clock; 0: nothing is expected of it */
    struct alarm alarm; /* set: until it may have been quiet for too long */
    char *line;         /* of stderr, for the log: LONGEST bytes, used of them are there */
    size_t used;

    uint64_t exit_status;
    uint64_t unread;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL, ERROR };

static bool is_of_connection(const struct component *self)
{
    return self->graph->holder != NULL;
}

/* ---- streams ---- */

static void on_ready(struct ev_loop *ev, ev_io *io, int revents)
{
    struct stream *stream = container_of(io, struct stream, io);

    stream->is_ready = true;
    component_wake(io->data);
}

static void open_stream(struct component *self, struct stream *stream, int fd, int events)
{
    ev_io_init(&stream->io, on_ready, fd, events);
    stream->io.data = self;
    stream->is_open = true;
    stream->rest = NO_LIMIT;
}

static void set_watching(struct component *self, struct stream *stream, bool watching)
{
    if (watching) {
        ev_io_start(component_ev(self), &stream->io);
    } else {
        ev_io_stop(component_ev(self), &stream->io);
    }
}

static void close_stream(struct component *self, struct stream *stream)
{
    if (stream->is_open) {
        set_watching(self, stream, false);
        (void)close(stream->io.fd);
        stream->is_open = false;
    }
}

/* ---- to the program ---- */

/* What comes when it reads no more. */
static void discard_input(struct component *self)
{
    struct unix_process *process = component_state(self);
    struct message *msg;

    while ((msg = inbox_take(self, INBOX)) != NULL) {
        process->unread += message_size(msg);
        message_release(msg);
    }
}

/* Writes what waits, as far as the pipe takes it. */
static void write_input(struct component *self, struct stream *input)
{
    struct iovec parts[GATHERED];
    size_t size;
    ssize_t written;
    int count;

    while (!inbox_is_empty(self, INBOX)) {
        count = inbox_gather(self, INBOX, parts, GATHERED, &size);
        do {
            written = writev(input->io.fd, parts, count);
        } while (written == -1 && errno == EINTR);
        if (written == -1 && errno != EAGAIN) {
            if (errno != EPIPE) {
                component_log(self, LOG_LEVEL_WARNING, "could not write to stdin: %s",
                              strerror(errno));
            }
            close_stream(self, input);
            return;
        }
        if (written >= 0) {
            inbox_consume(self, INBOX, (size_t)written);
        }
        if (written != (ssize_t)size) {
            inbox_compact(self, INBOX);
            set_watching(self, input, true);
            return;
        }
    }
}

static void attend_input(struct component *self)
{
    struct unix_process *process = component_state(self);
    struct stream *input = &process->streams[STDIN_FILENO];

    if (input->is_open && input->is_ready) {
        input->is_ready = false;
        set_watching(self, input, false);
    }
    if (input->is_open && !ev_is_active(&input->io)) {
        write_input(self, input);
    }
    if (!input->is_open) {
        discard_input(self);
    }
}

/* ---- from the program ---- */

static void log_line(struct component *self)
{
    struct unix_process *process = component_state(self);

    if (process->used > 0) {
        component_log(self, LOG_LEVEL_NOTICE, "%.*s", (int)process->used, process->line);
        process->used = 0;
    }
}

static void log_bytes(struct component *self, const unsigned char *bytes, size_t size)
{
    struct unix_process *process = component_state(self);

    if (process->line == NULL) {
        process->line = mem_alloc(LONGEST);
    }
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n' || process->used == LONGEST) {
            log_line(self);
        }
        if (bytes[i] != '\n') {
            process->line[process->used++] = (char)(bytes[i] != '\0' ? bytes[i] : ' ');
        }
    }
}

/* Reads once; libev says so if there is more.  A message if it is to go somewhere, else a line. */
static void read_output(struct component *self, struct stream *stream, unsigned outbox,
                        bool is_logged)
{
    struct unix_process *process = component_state(self);
    struct pool *pool = component_pool(self);
    unsigned char text[2 * LONGEST];
    unsigned char *bytes = text;
    size_t room = sizeof(text);
    ssize_t got;

    if (!is_logged) {
        bytes = message_reserve(pool, 1, &room);
        room = room < process->buffersize ? room : process->buffersize;
    }
    if (stream->rest != NO_LIMIT && (size_t)stream->rest < room) {
        room = (size_t)stream->rest;
    }
    do {
        got = read(stream->io.fd, bytes, room);
    } while (got == -1 && errno == EINTR);
    if (got > 0 && is_logged) {
        log_bytes(self, text, (size_t)got);
    } else if (got > 0) {
        outbox_send(self, outbox, message_commit(pool, (size_t)got));
    } else if (got == 0) {
        close_stream(self, stream);
    } else if (errno != EAGAIN) {
        component_log(self, LOG_LEVEL_WARNING, "could not read its output: %s", strerror(errno));
        close_stream(self, stream);
    }
    if (got > 0) {
        process->quiet_since = component_now(self);
    }
    if (got > 0 && stream->rest != NO_LIMIT) {
        stream->rest -= (int)got;
    }
}

static void attend_output(struct component *self, int fd, unsigned outbox)
{
    struct unix_process *process = component_state(self);
    struct stream *stream = &process->streams[fd];
    const bool is_logged = fd == STDERR_FILENO && !outbox_is_linked(self, outbox);

    if (!stream->is_open) {
        return;
    }
    if (!is_logged && !outbox_has_room(self, outbox)) {
        set_watching(self, stream, false);
        return;
    }
    if (!is_logged && pool_is_short(component_pool(self))) {
        set_watching(self, stream, false);
        component_wait_for_memory(self);
        return;
    }
    if (stream->is_ready) {
        stream->is_ready = false;
        read_output(self, stream, outbox, is_logged);
    }
    if (stream->rest == 0) {
        close_stream(self, stream);
    }
    if (stream->is_open) {
        set_watching(self, stream, true);
    }
}

/* ---- its end ---- */

static const char *how_it_ended(const struct unix_process *process, char *text, size_t size)
{
    const int number = child_exit_signal(process->child);
    const char *name = sigabbrev_np(number);

    if (number == 0) {
        (void)snprintf(text, size, "exited with status %d", child_exit_status(process->child));
    } else if (name != NULL) {
        (void)snprintf(text, size, "killed by SIG%s", name);
    } else {
        (void)snprintf(text, size, "killed by signal %d", number);
    }
    return text;
}

static void conclude(struct component *self)
{
    struct unix_process *process = component_state(self);
    const int status = child_exit_status(process->child);
    const int number = child_exit_signal(process->child);
    char how[64];

    process->exit_status = (uint64_t)(number != 0 ? 128 + number : status);
    (void)how_it_ended(process, how, sizeof(how));
    log_line(self);
    if (!process->was_asked && (number != 0 || !process_is_success(&process->success, status))) {
        (void)component_fail(self, 0, "%s", how);
        return;
    }
    if (!is_of_connection(self)) {
        component_log(self, LOG_LEVEL_INFO, "%s", how);
    }
    component_finish(self);
}

/* Those whom the program left behind have had their time. */
static void on_grace_over(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct component *self = timer->data;
    struct unix_process *process = component_state(self);

    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        struct stream *stream = &process->streams[fd];

        if (stream->is_open && ioctl(stream->io.fd, FIONREAD, &stream->rest) == -1) {
            stream->rest = 0;
        }
    }
    close_stream(self, &process->streams[STDIN_FILENO]);
    child_end(process->child);
    component_wake(self);
}

static bool is_output_open(const struct unix_process *process)
{
    return process->streams[STDOUT_FILENO].is_open || process->streams[STDERR_FILENO].is_open;
}

static void attend_exit(struct component *self)
{
    struct unix_process *process = component_state(self);

    if (!child_has_exited(process->child)) {
        return;
    }
    if (!is_output_open(process)) {
        conclude(self);
    } else if (!process->had_grace) {
        process->had_grace = true;
        ev_timer_set(&process->grace, process->kill_timeout, 0.0);
        ev_timer_start(component_ev(self), &process->grace);
    }
}

/* Nothing more comes: closes stdin, or asks one that never had any use for it to end. */
static void finish_input(struct component *self)
{
    struct unix_process *process = component_state(self);
    struct inbox *inbox = component_common_inbox(self, INBOX);

    close_stream(self, &process->streams[STDIN_FILENO]);
    process->has_all_input = true;
    process->quiet_since = component_now(self);
    if (inbox_next_sender(inbox, NULL) == NULL && inbox->messages == 0) {
        process->was_asked = true;
        child_end(process->child);
    }
}

static void heed_control(struct component *self)
{
    struct message *msg;

    while (inbox_is_empty(self, INBOX) && (msg = inbox_take(self, CONTROL)) != NULL) {
        if (msg->kind == PRODUCER_FINISHED) {
            finish_input(self);
        }
        message_release(msg);
    }
}

/* Has all it can get, and gives nothing: that may be for ever. */
static void attend_quiet(struct component *self)
{
    struct unix_process *process = component_state(self);
    struct stream *output = &process->streams[STDOUT_FILENO];
    const double now = component_now(self);

    if (!process->has_all_input || process->was_asked || process->answer_timeout <= 0 ||
        child_has_exited(process->child)) {
        return;
    }
    if (output->is_open && !ev_is_active(&output->io)) { /* it may have, and we take nothing */
        process->quiet_since = 0;
        return;
    }
    if (process->quiet_since <= 0) {
        process->quiet_since = now;
    }
    if (now - process->quiet_since >= process->answer_timeout) {
        component_log(self, LOG_LEVEL_INFO,
                      "ending it: nothing has come of it for %s since the end of its input",
                      value_show_duration(process->answer_timeout).text);
        process->was_asked = true;
        child_end(process->child);
    } else {
        alarm_hasten(self, &process->alarm, process->quiet_since + process->answer_timeout - now);
    }
}

/* ---- life ---- */

static void unix_process_run(struct component *self)
{
    if (component_is_told_to_stop(self)) {
        outbox_notify(self, SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
        component_finish(self);
        return;
    }
    attend_input(self);
    heed_control(self);
    attend_output(self, STDOUT_FILENO, OUTBOX);
    attend_output(self, STDERR_FILENO, ERROR);
    attend_quiet(self);
    attend_exit(self);
}

static bool unix_process_describe(struct component *self, char *text, size_t size)
{
    const struct unix_process *process = component_state(self);
    char how[64];

    if (child_has_exited(process->child)) {
        (void)snprintf(text, size, "%s, but its output is still open",
                       how_it_ended(process, how, sizeof(how)));
    } else {
        (void)snprintf(text, size, "running %.200s, pid %d", process->command.shown,
                       (int)child_pid(process->child));
    }
    return true;
}

static enum waits unix_process_waits_for(struct component *self, char *text, size_t size)
{
    const struct unix_process *process = component_state(self);
    const struct stream *input = &process->streams[STDIN_FILENO];
    const bool is_reading = !input->is_open || !ev_is_active(&input->io);

    (void)snprintf(text, size, "the program%s", is_reading ? "" : " to read its stdin");
    return is_reading ? WAITS_IN : WAITS_OUT;
}

static int unix_process_start(struct component *self)
{
    struct unix_process *process = component_state(self);
    struct process_environment environment;
    struct spawn_request request = {.arguments = process->command.arguments,
                                    .directory = process->directory};
    int pipes[3];
    char text[400];
    int result;

    process_environment_init(&environment, self, &process->environment, process->clear_environment);
    request.environment = environment.items;
    result = child_start(self, &request, process->kill_timeout, &process->child, pipes, text,
                         sizeof(text));
    process_environment_deinit(&environment);
    if (result < 0) {
        (void)component_fail(self, 0, "%s", text);
        return result;
    }
    ev_init(&process->grace, on_grace_over);
    process->grace.data = self;
    open_stream(self, &process->streams[STDIN_FILENO], pipes[STDIN_FILENO], EV_WRITE);
    open_stream(self, &process->streams[STDOUT_FILENO], pipes[STDOUT_FILENO], EV_READ);
    open_stream(self, &process->streams[STDERR_FILENO], pipes[STDERR_FILENO], EV_READ);
    component_wake(self);
    if (!is_of_connection(self)) {
        (void)unix_process_describe(self, text, sizeof(text));
        component_log(self, LOG_LEVEL_INFO, "%s", text);
    }
    return 0;
}

/* answer_timeout may be over by now: run() looks. */
static void unix_process_changed(struct component *self)
{
}

static void unix_process_stop(struct component *self)
{
    struct unix_process *process = component_state(self);

    for (int fd = 0; fd < 3; fd++) {
        close_stream(self, &process->streams[fd]);
    }
    ev_timer_stop(component_ev(self), &process->grace);
    alarm_stop(self, &process->alarm);
    child_release(process->child);
    process->child = NULL;
    free(process->line);
    process->line = NULL;
}

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "goes to its stdin"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "producerFinished: close its stdin; shutdownMicroprocess: end it"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "came from its stdout"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "producerFinished: it has exited, and all of its output is here"},
    [ERROR] = {.name = "error",
               .carries = BYTES,
               .rare = true,
               .doc = "came from its stderr; if it leads nowhere its lines go to the log, which "
                      "takes 10 in 10 seconds from all connections together"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_CUSTOM(struct unix_process, command), .required = true, .parse = process_command_parse,
     .accepts = PROCESS_COMMAND_ACCEPTED, .schema = PROCESS_COMMAND_SCHEMA,
     .doc = "what to run: [program, argument, …], or a text that is left to /bin/sh -c"},
    {PARAM_CUSTOM(struct unix_process, environment), .parse = process_variables_parse,
     .accepts = PROCESS_VARIABLES_ACCEPTED, .schema = PROCESS_VARIABLES_SCHEMA,
     .doc = "variables to set; on a connection there are also REMOTE_ADDR, REMOTE_PORT, "
            "LOCAL_ADDR and LOCAL_PORT, unless it is a Unix socket's"},
    {PARAM_BOOL(struct unix_process, clear_environment), .fallback = "false",
     .doc = "leave out axond's own variables, PATH among them"},
    {PARAM_TEXT(struct unix_process, directory),
     .doc = "where to run it; left out: where axond is"},
    {PARAM_CUSTOM(struct unix_process, success), .changeable = true, .fallback = "[0]",
     .parse = process_success_parse, .is_same = process_success_is_same,
     .accepts = PROCESS_SUCCESS_ACCEPTED, .schema = PROCESS_SUCCESS_SCHEMA,
     .doc = "exit statuses that are no failure"},
    {PARAM_DURATION(struct unix_process, kill_timeout), .fallback = "5s", .min = 0.01, .max = 3600,
     .doc = "from SIGTERM to SIGKILL, and for processes that keep its output open after its end"},
    {PARAM_DURATION(struct unix_process, answer_timeout), .changeable = true, .fallback = "0",
     .min = 0, .max = 365.0 * 86400,
     .doc = "how long nothing may come of it after the end of its input, as when a client has "
            "closed; then it is ended.  0: as long as it likes"},
    {PARAM_SIZE(struct unix_process, buffersize), .fallback = "32KiB", .min = 1, .max = BLOCK_SIZE,
     .doc = "the most that is read of its output at once"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct unix_process, exit_status), .unit = "status", .is_gauge = true,
     .doc = "of the program, once it has ended; 128 and the number of the signal that killed it"},
    {STAT(struct unix_process, unread), .unit = "bytes",
     .doc = "that came after it had closed its stdin"},
    {0},
};

const struct component_type unix_process_type = {
    .name = "UnixProcess",
    .summary = "runs a program, with its stdin, stdout and stderr as boxes",
    .size = sizeof(struct unix_process),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .heeds_control = true,
    .start = unix_process_start,
    .run = unix_process_run,
    .changed = unix_process_changed,
    .stop = unix_process_stop,
    .describe = unix_process_describe,
    .waits_for = unix_process_waits_for,
};
