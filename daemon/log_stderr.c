/* The log's target for people: a line on stderr, in colour on a terminal. */
#include "daemon/log_private.h"

#include "daemon/log_line.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    _Atomic bool colour;
    _Atomic bool stuck; /* stderr had no room: don't wait for it again until it has */
} target;

static const char *const colours[] = {
    [LOG_LEVEL_ERROR] = "\033[1;31m",  [LOG_LEVEL_WARNING] = "\033[1;33m",
    [LOG_LEVEL_NOTICE] = "\033[1;39m", [LOG_LEVEL_INFO] = "\033[32m",
    [LOG_LEVEL_DEBUG] = "\033[2m",
};

void log_stderr_open(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    target.colour = isatty(STDERR_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') &&
                    (term == NULL || strcmp(term, "dumb") != 0);
}

void log_stderr_close(void)
{
    target.stuck = false;
}

bool log_stderr_write(enum log_level level, const struct log_fields *fields, const char *text)
{
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    struct log_line line = {.size = 0};
    struct timespec now;
    struct tm local;
    char clock[24];
    int ready;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)localtime_r(&now.tv_sec, &local);
    (void)snprintf(clock, sizeof(clock), "%02d:%02d:%02d.%03d ", local.tm_hour % 100,
                   local.tm_min % 100, local.tm_sec % 100, (int)(now.tv_nsec / 1000000 % 1000));
    log_line_add_string(&line, clock);
    if (target.colour) {
        log_line_add_string(&line, colours[level]);
        log_line_add_string(&line, log_level_name(level));
        log_line_add_string(&line, "\033[0m");
    } else {
        log_line_add_string(&line, log_level_name(level));
    }
    if (fields->component != NULL) {
        log_line_add_string(&line, " ");
        log_line_add_text(&line, fields->component, 256);
    }
    if (fields->peer != NULL) {
        log_line_add_string(&line, " (");
        log_line_add_text(&line, fields->peer, 128);
        log_line_add_string(&line, ")");
    }
    log_line_add_string(&line, ": ");
    log_line_add_string(&line, text);
    log_line_add_string(&line, "\n");

    /* A writable pipe has room for PIPE_BUF bytes, so a line of at most that size does not block.
     */
    do {
        ready = poll(&room, 1, target.stuck ? 0 : LOG_PATIENCE);
    } while (ready == -1 && errno == EINTR);
    if (ready != 1) {
        target.stuck = true;
        return false;
    }
    target.stuck = false;
    return write(STDERR_FILENO, line.bytes, line.size) == (ssize_t)line.size;
}
