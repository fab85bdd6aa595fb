/* The journal is spoken to in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): one
 * datagram an entry.  sd_journal_sendv() would do the same over a blocking socket, and a journald
 * that is stuck would then hold the loop, and with it every connection.
 *
 * A line is put together on the stack and goes out in one system call: lines of several threads
 * do not mix, and nothing is locked. */
#include "daemon/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char journal_socket[] = "/run/systemd/journal/socket";

static struct {
    _Atomic int level;
    _Atomic int journal; /* a connected datagram socket; -1: lines go to stderr */
    _Atomic bool colour;
    _Atomic bool stuck;    /* stderr had no room: don't wait for it again until it has */
    _Atomic unsigned lost; /* lines since the last one that got through */
    const char *journal_path;
} logger = {.level = LOG_LEVEL_INFO, .journal = -1, .journal_path = journal_socket};

/* Names */

static const struct {
    const char *name;
    const char *colour;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", "\033[1;31m"},   [LOG_LEVEL_WARNING] = {"warning", "\033[1;33m"},
    [LOG_LEVEL_NOTICE] = {"notice", "\033[1;39m"}, [LOG_LEVEL_INFO] = {"info", "\033[32m"},
    [LOG_LEVEL_DEBUG] = {"debug", "\033[2m"},
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
        if (strcmp(name, levels[l].name) == 0) {
            *level = l;
            return true;
        }
    }
    return false;
}

const char *log_level_name(enum log_level level)
{
    return levels[level].name;
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

/* A text being put together: what does not fit is cut. */
struct line {
    size_t size; /* of the bytes in use, at most sizeof(bytes) */
    char bytes[LOG_TEXT_SIZE + 1024];
};

_Static_assert(sizeof(((struct line *)0)->bytes) <= PIPE_BUF, "one write(2), never a part of it");

static void line_add(struct line *line, const void *bytes, size_t size)
{
    size_t room = sizeof(line->bytes) - line->size;

    if (size > room) {
        size = room;
    }
    memcpy(line->bytes + line->size, bytes, size);
    line->size += size;
}

static void line_add_string(struct line *line, const char *string)
{
    line_add(line, string, strlen(string));
}

/* The length of the UTF-8 character that a string begins with; 0 if it is none, or a control
 * character beyond ASCII (which a terminal may obey). */
static size_t utf8_length(const char *string)
{
    const unsigned char *s = (const unsigned char *)string;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

    if (s[0] < 0xc2 || s[0] > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xe0 && s[1] < 0xa0) ||
        (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f)) {
        return 0;
    }
    return length;
}

/* Adds a string with what is not text escaped, up to a size; more than that ends in "…". */
static void line_add_text(struct line *line, const char *string, size_t limit)
{
    size_t end = line->size + limit;

    while (*string != '\0') {
        char escaped[8];
        const char *piece = escaped;
        size_t used = 1;
        size_t size;

        if (*string >= ' ' && *string != 0x7f) {
            piece = string;
            size = 1;
        } else if ((size = utf8_length(string)) != 0) {
            piece = string;
            used = size;
        } else if (*string == '\n') {
            size = (size_t)sprintf(escaped, "\\n");
        } else {
            size = (size_t)sprintf(escaped, "\\x%02x", (unsigned)(unsigned char)*string);
        }
        if (line->size + size + strlen("…") > end) {
            line_add_string(line, "…");
            return;
        }
        line_add(line, piece, size);
        string += used;
    }
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

/* systemd says which device and inode it connected to the journal; we may have been redirected
 * since. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char now[64];
    struct stat st;

    if (stream == NULL || fstat(STDERR_FILENO, &st) == -1) {
        return false;
    }
    (void)snprintf(now, sizeof(now), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(stream, now) == 0;
}

/* Returns a connected socket, or -errno. */
static int journal_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int size = 1 << 20; /* what fits before a slow journald costs us lines */
    int result;
    int fd;

    if (strlen(logger.journal_path) >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, logger.journal_path, strlen(logger.journal_path));
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1) {
        return -errno;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == -1) {
        result = -errno;
        (void)close(fd);
        return result;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    return fd;
}

int log_open(enum log_target target)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    int fd = -1;

    fill_standard_descriptors();
    log_close();
    logger.colour = isatty(STDERR_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') &&
                    (term == NULL || strcmp(term, "dumb") != 0);
    if (target == LOG_TARGET_JOURNAL || (target == LOG_TARGET_AUTO && stderr_is_journal())) {
        fd = journal_connect();
    }
    logger.journal = fd < 0 ? -1 : fd;
    return target == LOG_TARGET_JOURNAL && fd < 0 ? fd : 0;
}

enum log_target log_target(void)
{
    return logger.journal == -1 ? LOG_TARGET_STDERR : LOG_TARGET_JOURNAL;
}

bool log_has_colour(void)
{
    return logger.colour;
}

void log_close(void)
{
    int fd = atomic_exchange(&logger.journal, -1);

    if (fd != -1) {
        (void)close(fd);
    }
    logger.stuck = false;
}

void log_set_journal_path(const char *path)
{
    logger.journal_path = path == NULL ? journal_socket : path;
}

/* Writing; each returns whether the line got through */

static bool stderr_write(enum log_level level, const struct log_fields *fields, const char *text)
{
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    struct line line = {.size = 0};
    struct timespec now;
    struct tm local;
    char clock[24];
    int ready;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)localtime_r(&now.tv_sec, &local);
    (void)snprintf(clock, sizeof(clock), "%02d:%02d:%02d.%03d ", local.tm_hour % 100,
                   local.tm_min % 100, local.tm_sec % 100, (int)(now.tv_nsec / 1000000 % 1000));
    line_add_string(&line, clock);
    if (logger.colour) {
        line_add_string(&line, levels[level].colour);
        line_add_string(&line, levels[level].name);
        line_add_string(&line, "\033[0m");
    } else {
        line_add_string(&line, levels[level].name);
    }
    if (fields->component != NULL) {
        line_add_string(&line, " ");
        line_add_text(&line, fields->component, 256);
    }
    if (fields->peer != NULL) {
        line_add_string(&line, " (");
        line_add_text(&line, fields->peer, 128);
        line_add_string(&line, ")");
    }
    line_add_string(&line, ": ");
    line_add_string(&line, text);
    line_add_string(&line, "\n");

    /* A writable pipe has room for PIPE_BUF bytes, so a line of at most that size does not block.
     */
    do {
        ready = poll(&room, 1, logger.stuck ? 0 : LOG_PATIENCE);
    } while (ready == -1 && errno == EINTR);
    if (ready != 1) {
        logger.stuck = true;
        return false;
    }
    logger.stuck = false;
    return write(STDERR_FILENO, line.bytes, line.size) == (ssize_t)line.size;
}

/* The form that takes any value: name, newline, size as 64 bits little-endian, value, newline. */
static void journal_field(struct line *entry, const char *name, const char *value)
{
    size_t size = strlen(value);
    unsigned char little[8];

    for (unsigned i = 0; i < sizeof(little); i++) {
        little[i] = (unsigned char)((uint64_t)size >> (8 * i));
    }
    line_add_string(entry, name);
    line_add_string(entry, "\n");
    line_add(entry, little, sizeof(little));
    line_add(entry, value, size);
    line_add_string(entry, "\n");
}

static void journal_number(struct line *entry, const char *name, int value)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%d", value);
    journal_field(entry, name, text);
}

static void journal_text(struct line *entry, const char *name, const char *value, size_t limit)
{
    struct line text = {.size = 0};

    if (value != NULL) {
        line_add_text(&text, value, limit);
        line_add(&text, "", 1);
        journal_field(entry, name, text.bytes);
    }
}

static bool journal_send(int fd, const struct line *entry)
{
    return send(fd, entry->bytes, entry->size, MSG_NOSIGNAL) == (ssize_t)entry->size;
}

static bool journal_write(const struct log_site *site, enum log_level level,
                          const struct log_fields *fields, const char *text)
{
    struct line entry = {.size = 0};
    int fd = logger.journal;

    journal_field(&entry, "MESSAGE", text);
    journal_number(&entry, "PRIORITY", (int)level);
    journal_field(&entry, "SYSLOG_IDENTIFIER", "axond");
    journal_text(&entry, "COMPONENT", fields->component, 256);
    journal_text(&entry, "PEER", fields->peer, 128);
    if (fields->error != 0) {
        journal_number(&entry, "ERRNO", abs(fields->error));
    }
    if (site != NULL && site->file != NULL) {
        journal_text(&entry, "CODE_FILE", site->file, 192);
        journal_number(&entry, "CODE_LINE", site->line);
        journal_text(&entry, "CODE_FUNC", site->function, 64);
    }
    if (journal_send(fd, &entry)) {
        return true;
    }
    /* A socket connected to a journald that has gone stays so: the new one has to be found by path.
     */
    if (errno == ECONNREFUSED || errno == ENOTCONN || errno == EPIPE) {
        int again = journal_connect();

        if (again >= 0) {
            bool sent = dup3(again, fd, O_CLOEXEC) == fd && journal_send(fd, &entry);

            (void)close(again);
            return sent;
        }
    }
    return false;
}

static bool write_line(const struct log_site *site, enum log_level level,
                       const struct log_fields *fields, const char *text)
{
    return logger.journal == -1 ? stderr_write(level, fields, text)
                                : journal_write(site, level, fields, text);
}

void log_write(const struct log_site *site, enum log_level level, const struct log_fields *fields,
               const char *format, ...)
{
    static const struct log_fields none = {.error = 0};
    int saved_errno = errno;
    char raw[LOG_TEXT_SIZE];
    struct line text = {.size = 0};
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
    line_add_text(&text, raw, LOG_TEXT_SIZE - 128);
    if (fields->error != 0) {
        line_add_string(&text, ": ");
        line_add_text(&text, strerror(abs(fields->error)), 120);
    }
    line_add(&text, "", 1);

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
