/* The log's target with fields: the journal.
 *
 * It is spoken to in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram an
 * entry.  sd_journal_sendv() would do the same over a blocking socket, and a journald that is stuck
 * would then hold the loop, and with it every connection. */
#include "daemon/log_private.h"

#include "daemon/log_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char journal_socket[] = "/run/systemd/journal/socket";

static struct {
    _Atomic int fd; /* a connected datagram socket; -1: none */
    const char *path;
} target = {.fd = -1, .path = journal_socket};

/* systemd says which device and inode it connected to the journal; we may have been redirected
 * since. */
bool log_journal_is_stderr(void)
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

    if (strlen(target.path) >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, target.path, strlen(target.path));
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

int log_journal_open(void)
{
    int fd = journal_connect();

    target.fd = fd < 0 ? -1 : fd;
    return fd < 0 ? fd : 0;
}

void log_journal_close(void)
{
    int fd = atomic_exchange(&target.fd, -1);

    if (fd != -1) {
        (void)close(fd);
    }
}

bool log_journal_is_open(void)
{
    return target.fd != -1;
}

void log_set_journal_path(const char *path)
{
    target.path = path == NULL ? journal_socket : path;
}

/* The form that takes any value: name, newline, size as 64 bits little-endian, value, newline. */
static void journal_field(struct log_line *entry, const char *name, const char *value)
{
    size_t size = strlen(value);
    unsigned char little[8];

    for (unsigned i = 0; i < sizeof(little); i++) {
        little[i] = (unsigned char)((uint64_t)size >> (8 * i));
    }
    log_line_add_string(entry, name);
    log_line_add_string(entry, "\n");
    log_line_add(entry, little, sizeof(little));
    log_line_add(entry, value, size);
    log_line_add_string(entry, "\n");
}

static void journal_number(struct log_line *entry, const char *name, int value)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%d", value);
    journal_field(entry, name, text);
}

static void journal_text(struct log_line *entry, const char *name, const char *value, size_t limit)
{
    struct log_line text = {.size = 0};

    if (value != NULL) {
        log_line_add_text(&text, value, limit);
        log_line_add(&text, "", 1);
        journal_field(entry, name, text.bytes);
    }
}

/* All of the path, and who of the file it begins with: "journalctl COMPONENT=echo" shows what all
 * connections of echo say, and COMPONENT=echo/17/lines one component of one of them. */
static void journal_component(struct log_line *entry, const char *path)
{
    char first[97];
    const size_t size = path != NULL ? strcspn(path, "/") : 0;

    journal_text(entry, "COMPONENT", path, 256);
    if (path != NULL && path[size] == '/' && size > 0 && size < sizeof(first)) {
        memcpy(first, path, size);
        first[size] = '\0';
        journal_text(entry, "COMPONENT", first, sizeof(first));
    }
}

static bool journal_send(int fd, const struct log_line *entry)
{
    return send(fd, entry->bytes, entry->size, MSG_NOSIGNAL) == (ssize_t)entry->size;
}

bool log_journal_write(const struct log_site *site, enum log_level level,
                       const struct log_fields *fields, const char *text)
{
    struct log_line entry = {.size = 0};
    int fd = target.fd;

    journal_field(&entry, "MESSAGE", text);
    journal_number(&entry, "PRIORITY", (int)level);
    journal_field(&entry, "SYSLOG_IDENTIFIER", "axond");
    journal_component(&entry, fields->component);
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
