/* A source: the text of one file, checked, with a way to its lines. */
#include "graph/source.h"

#include "graph/arena.h"
#include "graph/error.h"
#include "graph/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STRIDE = 256 }; /* lines from mark to mark: a small table, and a short way to any line */

/* Returns the bytes of the line end at text, or 0. */
static size_t line_end_size(const char *text, const char *end)
{
    unsigned char first = (unsigned char)text[0];
    size_t left = (size_t)(end - text);

    if (first == '\n') {
        return 1;
    }
    if (first == '\r') {
        return left > 1 && text[1] == '\n' ? 2 : 1;
    }
    if (first == 0xC2U && left > 1 && text[1] == '\x85') { /* NEL */
        return 2;
    }
    if (first == 0xE2U && left > 2 && text[1] == '\x80' &&
        (text[2] == '\xA8' || text[2] == '\xA9')) { /* LS, PS */
        return 3;
    }
    return 0;
}

/* What YAML allows in a text, beyond what UTF-8 does.  A byte order mark is allowed only where
 * libyaml would skip it, and there we did already. */
static bool is_allowed(uint32_t character)
{
    return character == '\t' || (character >= 0x20U && character < 0x7FU) ||
           (character >= 0xA0U && character < 0xFFFEU && character != 0xFEFFU) ||
           character >= 0x10000U;
}

static bool refuse_character(const struct source *source, unsigned line, unsigned column,
                             const char *at, size_t size, uint32_t character, struct error *err)
{
    unsigned byte = (unsigned char)*at;

    if (size == 0) {
        return error_set_at(err, source, line, column, 1,
                            "byte 0x%02X is not UTF-8, which graph files are written in", byte);
    }
    if (character == 0) {
        return error_set_at(err, source, line, column, 1, "a NUL byte: this is not a text file");
    }
    if (character == 0xFEFFU) {
        return error_set_at(err, source, line, column, 1,
                            "a byte order mark (U+FEFF) may only start the file");
    }
    return error_set_at(err, source, line, column, 1,
                        "the character U+%04X may not stand in YAML as it is; write \"\\u%04X\" in "
                        "double quotes",
                        character, character);
}

/* Checks every character, counts lines, and sets marks. */
static bool scan(struct source *source, uint32_t *marks, struct error *err)
{
    const char *end = source->text + source->size;
    const char *at = source->text;
    const char *line_start = at;
    unsigned line = 1;

    marks[0] = 0;
    while (at < end) {
        uint32_t character = (unsigned char)*at;
        size_t size = 1;

        if (character >= 0x20U && character < 0x7FU) {
            at++;
            continue;
        }
        size = line_end_size(at, end);
        if (size > 0) {
            at += size;
            line_start = at;
            if (line++ % STRIDE == 0) {
                marks[line / STRIDE] = (uint32_t)(at - source->text);
            }
            continue;
        }
        size = utf8_decode(at, (size_t)(end - at), &character);
        if (size == 0 || !is_allowed(character)) {
            source->line_count = line;
            return refuse_character(source, line,
                                    (unsigned)utf8_count(line_start, (size_t)(at - line_start)) + 1,
                                    at, size, character, err);
        }
        at += size;
    }
    source->line_count = line;
    source->last_column = (unsigned)utf8_count(line_start, (size_t)(end - line_start)) + 1;
    return true;
}

/* Completes a source whose name and text are there.  A refused one is still whole enough to show
 * the line under the message. */
static bool finish(struct arena *arena, struct source *source, struct error *err)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    size_t lines = 1;
    size_t i;
    uint32_t *marks;

    if (source->size >= 2 &&
        (memcmp(source->text, "\xFF\xFE", 2) == 0 || memcmp(source->text, "\xFE\xFF", 2) == 0)) {
        return error_set_at(
            err, source, 0, 0, 0,
            "the file is UTF-16; save it as UTF-8, which graph files are written in");
    }
    if (source->size >= 3 && memcmp(source->text, byte_order_mark, 3) == 0) {
        source->text += 3;
        source->size -= 3;
    }
    for (i = 0; i < source->size; i++) { /* no line ends without one of these bytes */
        unsigned char byte = (unsigned char)source->text[i];

        if (byte < 0x20U || byte >= 0x7FU) {
            lines +=
                byte == '\n' || byte == '\r' || byte == 0x85U || byte == 0xA8U || byte == 0xA9U;
        }
    }
    marks = arena_alloc_array(arena, lines / STRIDE + 2, sizeof(*marks));
    source->marks = marks;
    return scan(source, marks, err);
}

struct source *source_create(struct arena *arena, const char *name, const char *text, size_t size,
                             struct error *err)
{
    struct source *source = arena_alloc(arena, sizeof(*source));

    source->name = arena_strdup(arena, name);
    if (size > SOURCE_LARGEST) {
        error_set_at(err, source, 0, 0, 0, "%zu bytes are too many: %d MiB at most", size,
                     SOURCE_LARGEST >> 20);
        return NULL;
    }
    source->text = arena_strndup(arena, text, size);
    source->size = size;
    return finish(arena, source, err) ? source : NULL;
}

static const char *file_kind(mode_t mode)
{
    if (S_ISDIR(mode)) {
        return "a directory";
    }
    if (S_ISFIFO(mode)) {
        return "a FIFO";
    }
    if (S_ISSOCK(mode)) {
        return "a socket";
    }
    return "a device";
}

static bool check_kind(const struct source *source, const struct stat *status, struct error *err)
{
    if (!S_ISREG(status->st_mode)) {
        return error_set_at(err, source, 0, 0, 0, "%s, where a file is needed",
                            file_kind(status->st_mode));
    }
    if (status->st_size > SOURCE_LARGEST) {
        return error_set_at(err, source, 0, 0, 0, "%lld bytes are too many: %d MiB at most",
                            (long long)status->st_size, SOURCE_LARGEST >> 20);
    }
    return true;
}

/* Reads to the end.  The size that the file system gives is a hint: it is 0 in /proc, and the file
 * may be growing. */
static bool read_text(struct arena *arena, struct source *source, int file, size_t expected,
                      struct error *err)
{
    size_t room = expected + 1;
    char *text = arena_alloc(arena, room + 1);
    size_t size = 0;

    for (;;) {
        ssize_t got = read(file, text + size, room - size);

        if (got == -1 && errno == EINTR) {
            continue;
        }
        if (got == -1) {
            return error_set_at(err, source, 0, 0, 0, "cannot be read: %s", strerror(errno));
        }
        if (got == 0) {
            break;
        }
        size += (size_t)got;
        if (size > SOURCE_LARGEST) {
            return error_set_at(err, source, 0, 0, 0, "too big: %d MiB at most",
                                SOURCE_LARGEST >> 20);
        }
        if (size == room) {
            char *bigger;

            room = room * 2 + 4096;
            bigger = arena_alloc(arena, room + 1);
            memcpy(bigger, text, size);
            text = bigger;
        }
    }
    text[size] = '\0';
    source->text = text;
    source->size = size;
    return true;
}

struct source *source_read(struct arena *arena, const char *path, struct error *err)
{
    struct source *source = arena_alloc(arena, sizeof(*source));
    struct source *result = NULL;
    struct stat status;
    int file = -1;

    source->name = arena_strdup(arena, path);
    if (stat(path, &status) == -1) { /* first: opening a device may do something */
        error_set_at(err, source, 0, 0, 0, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    if (!check_kind(source, &status, err)) {
        return NULL;
    }
    file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file == -1 || fstat(file, &status) == -1) {
        error_set_at(err, source, 0, 0, 0, "cannot be read: %s", strerror(errno));
        goto done;
    }
    if (!check_kind(source, &status, err) ||
        !read_text(arena, source, file, (size_t)status.st_size, err)) {
        goto done;
    }
    source->device = status.st_dev;
    source->inode = status.st_ino;
    if (finish(arena, source, err)) {
        result = source;
    }
done:
    if (file != -1) {
        close(file);
    }
    return result;
}

const char *source_line(const struct source *source, unsigned line, size_t *length)
{
    const char *end = source->text + source->size;
    const char *at;
    const char *stop;
    unsigned current;
    size_t size;

    if (line == 0 || line > source->line_count) {
        return NULL;
    }
    at = source->text + source->marks[(line - 1) / STRIDE];
    for (current = line - (line - 1) % STRIDE; current < line; current++) {
        while ((size = line_end_size(at, end)) == 0) {
            at++;
        }
        at += size;
    }
    stop = at;
    while (stop < end && line_end_size(stop, end) == 0) {
        stop++;
    }
    *length = (size_t)(stop - at);
    return at;
}
