#include "components/protocol/fortunes.h"

#include <string.h>

#include "graph/arena.h"
#include "graph/document.h"
#include "graph/error.h"
#include "graph/source.h"

/* The path as seen from the file that the node stands in. */
static const char *locate(const struct node *node, struct arena *arena)
{
    const char *slash = node->source != NULL ? strrchr(node->source->name, '/') : NULL;

    if (node->text[0] == '/' || slash == NULL) {
        return node->text;
    }
    return arena_printf(arena, "%.*s/%s", (int)(slash - node->source->name), node->source->name,
                        node->text);
}

/* Where the line ends: after its newline, or at the end of the text. */
static const char *end_of_line(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));

    return newline != NULL ? newline + 1 : end;
}

static bool is_separator(const char *line, const char *end)
{
    const size_t size = (size_t)(end - line);

    return (size == 1 && line[0] == '%') || (size == 2 && memcmp(line, "%\n", 2) == 0) ||
           (size == 3 && memcmp(line, "%\r\n", 3) == 0);
}

/* Finds the texts between separators; empty ones are none.  items: NULL to count only. */
static size_t split(const struct source *source, struct fortune *items)
{
    const char *end = source->text + source->size;
    const char *begin = source->text;
    const char *line = begin;
    size_t count = 0;

    while (line < end || begin < line) {
        const char *next = end_of_line(line, end);
        const bool is_end = line == end || is_separator(line, next);

        if (is_end && begin < line) {
            if (items != NULL) {
                items[count] = (struct fortune){.text = begin, .size = (size_t)(line - begin)};
            }
            count++;
        }
        if (is_end) {
            begin = next;
        }
        line = next;
    }
    return count;
}

bool fortunes_parse(const struct node *node, void *field, struct arena *arena, struct error *err)
{
    struct fortunes *fortunes = field;
    struct fortune *items;
    const char *path;
    const struct source *source;

    if (node->kind != NODE_SCALAR || node->text[0] == '\0') {
        return false;
    }
    path = locate(node, arena);
    source = source_read(arena, path, err);
    if (source == NULL) {
        const struct error reason = *err;

        return reason.line > 0 ? false
                               : error_set(err, node, "%s: %s", shown(path).text, reason.text);
    }
    if (source->size > FORTUNES_LARGEST) {
        return error_set(err, node, "%s: %zu bytes of fortunes are too many: %d MiB at most",
                         shown(path).text, source->size, FORTUNES_LARGEST >> 20);
    }
    fortunes->count = split(source, NULL);
    if (fortunes->count == 0) {
        return error_set(err, node, "%s: there is no fortune in it", shown(path).text);
    }
    items = arena_alloc_array(arena, fortunes->count, sizeof(*items));
    (void)split(source, items);
    fortunes->items = items;
    return true;
}

bool fortunes_are_same(const void *a, const void *b)
{
    const struct fortunes *one = a;
    const struct fortunes *other = b;

    if (one->count != other->count) {
        return false;
    }
    for (size_t i = 0; i < one->count; i++) {
        if (one->items[i].size != other->items[i].size ||
            memcmp(one->items[i].text, other->items[i].text, one->items[i].size) != 0) {
            return false;
        }
    }
    return true;
}
