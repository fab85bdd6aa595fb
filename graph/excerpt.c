/* The excerpt under a message: a source line in the columns of a terminal, cut around the caret. */
#include "graph/excerpt.h"

#include "graph/arena.h"
#include "graph/source.h"
#include "graph/utf8.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

enum {
    TAB_STOP = 8,
    WINDOW = 100,             /* columns of a source line that are shown */
    WINDOW_BEFORE = 40,       /* of these, columns before the caret once the line is cut */
    FARTHEST_COLUMN = 100000, /* beyond, finding the place would cost more than it shows */
};

/* A line as it may be shown, and what is marked in it. */
struct line {
    const char *text;
    size_t size;
    unsigned column, width;
};

/* The last column of what is to be hidden from this column on, or 0. */
static unsigned hidden_to(const struct source *source, unsigned line, unsigned column)
{
    for (const struct source_span *span = source->hidden; span != NULL; span = span->next) {
        const unsigned from = line == span->line ? span->column : 1;

        if (line < span->line || line > span->last_line || column < from) {
            continue;
        }
        if (span->last_line > span->line) {
            return UINT_MAX;
        }
        if (column < from + span->width) {
            return from + span->width - 1;
        }
    }
    return 0;
}

static bool hides_any(const struct source *source, unsigned line)
{
    for (const struct source_span *span = source->hidden; span != NULL; span = span->next) {
        if (line >= span->line && line <= span->last_line) {
            return true;
        }
    }
    return false;
}

/* Puts *** in the place of what is secret.  A mark moves along, and covers what replaces it. */
static struct line hide(struct arena *arena, const struct source *source, unsigned number,
                        struct line line)
{
    static const char stars[] = "***";
    char *text = arena_alloc(arena, line.size * strlen(stars) + 1);
    struct line shown = {.text = text, .column = line.column, .width = line.width};
    unsigned column = 1;
    unsigned shown_column = 1;

    for (const char *at = line.text; at < line.text + line.size;) {
        const unsigned stop = hidden_to(source, number, column);
        const unsigned first = column;
        const unsigned shown_first = shown_column;
        uint32_t character;

        do {
            const size_t size = utf8_decode(at, (size_t)(line.text + line.size - at), &character);

            if (stop == 0) {
                memcpy(text + shown.size, at, size > 0 ? size : 1);
                shown.size += size > 0 ? size : 1;
            }
            at += size > 0 ? size : 1;
            column++;
        } while (column <= stop && at < line.text + line.size);
        if (stop > 0) {
            memcpy(text + shown.size, stars, strlen(stars));
            shown.size += strlen(stars);
        }
        shown_column += stop > 0 ? (unsigned)strlen(stars) : 1;
        if (line.column >= first && line.column < column) {
            shown.column = stop > 0 ? shown_first : line.column - first + shown_first;
            shown.width = stop > 0 ? (unsigned)strlen(stars) : line.width;
        }
    }
    return shown;
}

/* A walk along a source line, character by character, in columns of a terminal. */
struct walk {
    const char *at;
    size_t left;
    unsigned column; /* of the source, from 1 */
    unsigned cell;   /* of the terminal, from 0 */
};

/* Takes a step.  Returns the bytes of the character, the cells that it fills in *cells, and what to
 * print in them: one blank for each cell of a tab, else the character or a sign for it. */
static size_t walk_on(struct walk *walk, unsigned *cells, const char **print, size_t *print_size)
{
    static const char unprintable[] = "\xEF\xBF\xBD"; /* U+FFFD */
    uint32_t character = 0;
    size_t size = utf8_decode(walk->at, walk->left, &character);

    *cells = 1;
    *print = walk->at;
    *print_size = size;
    if (character == '\t') {
        *cells = TAB_STOP - walk->cell % TAB_STOP;
        *print = " ";
        *print_size = 1;
    } else if (size == 0 || utf8_is_control(character)) {
        *print = unprintable;
        *print_size = 3;
    }
    size = size > 0 ? size : 1;
    walk->at += size;
    walk->left -= size;
    walk->column++;
    walk->cell += *cells;
    return size;
}

/* Where the caret, the end of the underline and the end of the line are, in cells.  The last is
 * exact only as far as it matters: whether the line has to be cut. */
struct layout {
    unsigned caret;
    unsigned stop;
    unsigned end;
};

static struct layout lay_out(const char *line, size_t length, unsigned column, unsigned width)
{
    struct walk walk = {.at = line, .left = length, .column = 1};
    struct layout layout = {0};
    bool caret_seen = false;
    const char *print;
    size_t print_size;
    unsigned cells;

    while (walk.left > 0) {
        if (walk.column == column) {
            layout.caret = walk.cell;
            caret_seen = true;
        }
        if (walk.column < column + width) {
            layout.stop = walk.cell;
        } else if (walk.cell > layout.caret + WINDOW) {
            break;
        }
        walk_on(&walk, &cells, &print, &print_size);
        if (walk.column <= column + width) {
            layout.stop = walk.cell;
        }
    }
    layout.end = walk.cell;
    if (!caret_seen) {
        layout.caret = walk.cell;
    }
    if (layout.stop <= layout.caret) {
        layout.stop = layout.caret + 1;
    }
    return layout;
}

/* Prints the cells from start to stop of a line. */
static char *print_cells(struct arena *arena, const char *line, size_t length, unsigned start,
                         unsigned stop)
{
    struct walk walk = {.at = line, .left = length, .column = 1};
    char text[WINDOW * 4 + 1];
    size_t used = 0;

    while (walk.left > 0 && walk.cell < stop) {
        unsigned cell = walk.cell;
        const char *print;
        size_t print_size;
        unsigned cells;

        walk_on(&walk, &cells, &print, &print_size);
        for (; cells > 0; cells--, cell++) {
            if (cell >= start && cell < stop) {
                memcpy(text + used, print, print_size);
                used += print_size;
            }
        }
    }
    while (used > 0 && text[used - 1] == ' ') {
        used--;
    }
    return arena_strndup(arena, text, used);
}

struct excerpt excerpt_make(struct arena *arena, const struct error *err)
{
    struct excerpt excerpt = {0};
    unsigned column = err->column > 0 ? err->column : 1;
    struct line line = {.column = column, .width = err->width};
    struct layout layout;
    unsigned start = 0;
    unsigned stop;

    if (err->source == NULL || err->line == 0 || column > FARTHEST_COLUMN) {
        return excerpt;
    }
    line.text = source_line(err->source, err->line, &line.size);
    if (line.text == NULL) {
        return excerpt;
    }
    if (hides_any(err->source, err->line)) {
        line = hide(arena, err->source, err->line, line);
    }
    layout = lay_out(line.text, line.size, line.column, line.width < WINDOW ? line.width : WINDOW);
    stop = layout.end;
    if (layout.end > WINDOW) {
        start = layout.caret > WINDOW - WINDOW_BEFORE ? layout.caret - WINDOW_BEFORE : 0;
        stop = layout.end < start + WINDOW ? layout.end : start + WINDOW;
    }
    excerpt.text = arena_printf(arena, "%s%s%s", start > 0 ? "..." : "",
                                print_cells(arena, line.text, line.size, start, stop),
                                stop < layout.end ? "..." : "");
    excerpt.caret = layout.caret - start + (start > 0 ? 3 : 0);
    if (layout.stop > stop && layout.caret < stop) {
        layout.stop = stop;
    }
    excerpt.width = layout.stop - layout.caret;
    return excerpt;
}
