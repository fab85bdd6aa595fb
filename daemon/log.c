/* The log: levels, opening and closing, texts, and limits on what a peer can make happen often.
 *
 * A line is put together on the stack and goes out in one system call: lines of several threads
 * do not mix, and nothing is locked. */
#include "daemon/log_private.h"

#include "daemon/log_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    _Atomic int level;
    _Atomic unsigned lost; /* lines since the last one that got through */
} logger = {.level = LOG_LEVEL_INFO};

/* Names */

static const char *const levels[] = {
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",
};

static const char *const targets[] = {
    [LOG_TARGET_AUTO] = "auto",
    [LOG_TARGET_STDERR] = "stderr",
    [LOG_TARGET_JOURNAL] = "journal",
};

bool log_level_parse(const char *name, enum log_level *level)
{
    if (strcmp(name, "warn") == 0) {
        name = "warning";
    }
    for (enum log_level l = LOG_LEVEL_ERROR; l <= LOG_LEVEL_DEBUG; l++) {
        if (strcmp(name, levels[l]) == 0) {
            *level = l;
            return true;
        }
    }
    return false;
}

const char *log_level_name(enum log_level level)
{
    return levels[level];
}

bool log_target_parse(const char *name, enum log_target *target)
{
    for (enum log_target t = LOG_TARGET_AUTO; t <= LOG_TARGET_JOURNAL; t++) {
        if (strcmp(name, targets[t]) == 0) {
            *target = t;
            return true;
        }
    }
    return false;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&logger.level, (int)level, memory_order_relaxed);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load_explicit(&logger.level, memory_order_relaxed);
}

bool log_wants(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&logger.level, memory_order_relaxed);
}

/* Opening */

/* Makes sure that a descriptor of ours is never handed out as standard input, output or error. */
static void fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
            int null = open("/dev/null", O_RDWR); /* the lowest number: this one */

            if (null > STDERR_FILENO) {
                (void)close(null);
            }
        }
    }
}

int log_open(enum log_target target)
{
    int result = 0;

    fill_standard_descriptors();
    log_close();
    log_stderr_open();
    if (target == LOG_TARGET_JOURNAL || (target == LOG_TARGET_AUTO && log_journal_is_stderr())) {
        result = log_journal_open();
    }
    return target == LOG_TARGET_JOURNAL ? result : 0;
}

enum log_target log_target(void)
{
    return log_journal_is_open() ? LOG_TARGET_JOURNAL : LOG_TARGET_STDERR;
}

void log_close(void)
{
    log_journal_close();
    log_stderr_close();
}

/* Writing */

/* Returns whether the line got through. */
static bool write_line(const struct log_site *site, enum log_level level,
                       const struct log_fields *fields, const char *text)
{
    return log_journal_is_open() ? log_journal_write(site, level, fields, text)
                                 : log_stderr_write(level, fields, text);
}

void log_write(const struct log_site *site, enum log_level level, const struct log_fields *fields,
               const char *format, ...)
{
    static const struct log_fields none = {.error = 0};
    int saved_errno = errno;
    char raw[LOG_TEXT_SIZE];
    struct log_line text = {.size = 0};
    unsigned lost;
    va_list arguments;

    if (fields == NULL) {
        fields = &none;
    }
    va_start(arguments, format);
    if (vsnprintf(raw, sizeof(raw), format, arguments) < 0) {
        (void)snprintf(raw, sizeof(raw), "(a text that can't be formatted: %s)", format);
    }
    va_end(arguments);
    log_line_add_text(&text, raw, LOG_TEXT_SIZE - 128);
    if (fields->error != 0) {
        log_line_add_string(&text, ": ");
        log_line_add_text(&text, strerror(abs(fields->error)), 120);
    }
    log_line_add(&text, "", 1);

    lost = atomic_exchange(&logger.lost, 0);
    if (lost > 0) {
        char note[64];

        (void)snprintf(note, sizeof(note), "lines of this log that were lost: %u", lost);
        if (!write_line(NULL, LOG_LEVEL_WARNING, &none, note)) {
            logger.lost += lost + 1;
            errno = saved_errno;
            return;
        }
    }
    if (!write_line(site, level, fields, text.bytes)) {
        logger.lost++;
    }
    errno = saved_errno;
}

void log_from_loop(void *arg, enum log_level level, const char *path, const char *peer,
                   const char *text)
{
    if (log_wants(level)) {
        log_write(NULL, level, &(struct log_fields){.component = path, .peer = peer}, "%s", text);
    }
}

/* Threads that pass at the change of an interval may let a line too many through; none waits. */
bool log_limit_pass(struct log_limit *limit, const struct log_site *site, enum log_level level)
{
    struct timespec now;
    long interval;
    unsigned held_back;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    interval = (long)now.tv_sec / LOG_INTERVAL + 1; /* never the 0 of a new limit */
    if (atomic_exchange(&limit->interval, interval) != interval) {
        limit->lines = 0;
        held_back = atomic_exchange(&limit->held_back, 0);
        if (held_back > 0) {
            log_write(site, level, NULL, "%u lines like the next were held back", held_back);
        }
    }
    if (limit->lines >= LOG_BURST) {
        limit->held_back++;
        return false;
    }
    limit->lines++;
    return true;
}
