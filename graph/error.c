/* One mistake in a graph file: where it is, and a sentence that is safe to print. */
#include "graph/error.h"

#include "graph/document.h"
#include "graph/source.h"
#include "graph/utf8.h"

#include <stdint.h>
#include <string.h>

/* Appends one character in a form that a terminal prints.  Returns the bytes that it would take;
 * writes nothing if there is no room for them. */
static size_t escape(char *out, size_t room, const char *text, size_t size, uint32_t character)
{
    char form[8];
    int length;

    if (size > 0 && !utf8_is_control(character)) {
        if (size <= room) {
            memcpy(out, text, size);
        }
        return size;
    }
    if (size == 0) {
        length = snprintf(form, sizeof(form), "\\x%02X", (unsigned)(unsigned char)*text);
    } else if (character == '\n' || character == '\t' || character == '\r') {
        length = snprintf(form, sizeof(form), "\\%c",
                          character == '\n' ? 'n' : (character == '\t' ? 't' : 'r'));
    } else if (character < 0x100U) {
        length = snprintf(form, sizeof(form), "\\x%02X", (unsigned)character);
    } else {
        length = snprintf(form, sizeof(form), "\\u%04X", (unsigned)character);
    }
    if ((size_t)length <= room) {
        memcpy(out, form, (size_t)length);
    }
    return (size_t)length;
}

/* Fills err->text with an escaped copy, cut to fit. */
static void set_text(struct error *err, const char *text)
{
    static const char dots[] = "...";
    size_t room = sizeof(err->text) - 1;
    size_t left = strlen(text);
    size_t used = 0;
    size_t cut = 0; /* where the dots would go */

    while (left > 0) {
        uint32_t character = 0;
        size_t size = utf8_decode(text, left, &character);
        size_t step = size > 0 ? size : 1;
        size_t needed = escape(err->text + used, room - used, text, size, character);

        if (needed > room - used) {
            memcpy(err->text + cut, dots, sizeof(dots));
            return;
        }
        used += needed;
        if (used <= room - strlen(dots)) {
            cut = used;
        }
        text += step;
        left -= step;
    }
    err->text[used] = '\0';
}

static void vset(struct error *err, const char *format, va_list arguments) PRINTF_LIKE(2, 0);

static void vset(struct error *err, const char *format, va_list arguments)
{
    char text[1024];

    vsnprintf(text, sizeof(text), format, arguments);
    set_text(err, text);
}

bool error_vset(struct error *err, const struct node *at, const char *format, va_list arguments)
{
    *err = (struct error){0};
    if (at != NULL) {
        err->source = at->source;
        err->file = at->source != NULL ? at->source->name : NULL;
        err->line = at->line;
        err->column = at->column;
        err->width = at->width;
        err->silent = at->broken;
        err->via = node_origin(at)->via;
    }
    vset(err, format, arguments);
    return false;
}

bool error_set(struct error *err, const struct node *at, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    error_vset(err, at, format, arguments);
    va_end(arguments);
    return false;
}

bool error_set_at(struct error *err, const struct source *source, unsigned line, unsigned column,
                  unsigned width, const char *format, ...)
{
    va_list arguments;

    *err = (struct error){.file = source->name, .line = line, .column = column, .width = width};
    err->source = source;
    va_start(arguments, format);
    vset(err, format, arguments);
    va_end(arguments);
    return false;
}

struct shown shown(const char *text)
{
    enum { MOST = sizeof(struct shown) - sizeof("...") };
    struct shown result = {0};
    size_t size = strnlen(text, sizeof(result.text));

    if (size < sizeof(result.text)) {
        memcpy(result.text, text, size);
        return result;
    }
    size = MOST;
    while (size > 0 && ((unsigned char)text[size] & 0xC0U) == 0x80U) {
        size--; /* not in the middle of a character */
    }
    memcpy(result.text, text, size);
    memcpy(result.text + size, "...", sizeof("..."));
    return result;
}
