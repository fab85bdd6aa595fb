/* A line of the log while it is put together, and what peers sent made harmless in it. */
#include "daemon/log_line.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(((struct log_line *)0)->bytes) <= PIPE_BUF,
               "one write(2), never a part of it");

void log_line_add(struct log_line *line, const void *bytes, size_t size)
{
    size_t room = sizeof(line->bytes) - line->size;

    if (size > room) {
        size = room;
    }
    memcpy(line->bytes + line->size, bytes, size);
    line->size += size;
}

void log_line_add_string(struct log_line *line, const char *string)
{
    log_line_add(line, string, strlen(string));
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

void log_line_add_text(struct log_line *line, const char *string, size_t limit)
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
            log_line_add_string(line, "…");
            return;
        }
        log_line_add(line, piece, size);
        string += used;
    }
}
