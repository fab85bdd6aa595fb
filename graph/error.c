/* Mistakes in a graph file: where, what was found, what is accepted. */
#include "graph/error.h"

#include "graph/arena.h"
#include "graph/document.h"
#include "graph/source.h"
#include "graph/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    TAB_STOP = 8,
    WINDOW = 100,             /* columns of a source line that are shown */
    WINDOW_BEFORE = 40,       /* of these, columns before the caret once the line is cut */
    FARTHEST_COLUMN = 100000, /* beyond, finding the place would cost more than it shows */
};

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

static struct excerpt make_excerpt(struct arena *arena, const struct error *err)
{
    struct excerpt excerpt = {0};
    unsigned column = err->column > 0 ? err->column : 1;
    struct layout layout;
    size_t length;
    const char *line;
    unsigned start = 0;
    unsigned stop;

    if (err->source == NULL || err->line == 0 || column > FARTHEST_COLUMN) {
        return excerpt;
    }
    line = source_line(err->source, err->line, &length);
    if (line == NULL) {
        return excerpt;
    }
    layout = lay_out(line, length, column, err->width < WINDOW ? err->width : WINDOW);
    stop = layout.end;
    if (layout.end > WINDOW) {
        start = layout.caret > WINDOW - WINDOW_BEFORE ? layout.caret - WINDOW_BEFORE : 0;
        stop = layout.end < start + WINDOW ? layout.end : start + WINDOW;
    }
    excerpt.text =
        arena_printf(arena, "%s%s%s", start > 0 ? "..." : "",
                     print_cells(arena, line, length, start, stop), stop < layout.end ? "..." : "");
    excerpt.caret = layout.caret - start + (start > 0 ? 3 : 0);
    if (layout.stop > stop && layout.caret < stop) {
        layout.stop = stop;
    }
    excerpt.width = layout.stop - layout.caret;
    return excerpt;
}

/* reports holds kept[ERROR] + kept[WARNING] of them. */
struct errors {
    struct arena *arena;
    struct report *reports[2 * ERRORS_MOST];
    size_t kept[2];  /* by severity, at most ERRORS_MOST */
    size_t count[2]; /* by severity, those not kept included */
    bool sorted;
};

struct errors *errors_create(void)
{
    struct errors *errors = mem_alloc(sizeof(*errors));

    errors->arena = arena_create();
    return errors;
}

void errors_destroy(struct errors *errors)
{
    if (errors == NULL) {
        return;
    }
    arena_destroy(errors->arena);
    free(errors);
}

static size_t kept(const struct errors *errors)
{
    return errors->kept[SEVERITY_ERROR] + errors->kept[SEVERITY_WARNING];
}

static bool same_file(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* An anchor's content is checked wherever an alias brings it, so the same is said several times. */
static bool is_known(const struct errors *errors, enum severity severity, const struct error *err)
{
    size_t i;

    for (i = 0; i < kept(errors); i++) {
        const struct report *report = errors->reports[i];

        if (report->severity == severity && report->error.line == err->line &&
            report->error.column == err->column && strcmp(report->error.text, err->text) == 0 &&
            same_file(report->error.file, err->file)) {
            return true;
        }
    }
    return false;
}

static struct error copy_error(struct errors *errors, const struct error *err)
{
    struct error copy = *err;

    copy.source = NULL;
    copy.file = err->file != NULL ? arena_strdup(errors->arena, err->file) : NULL;
    return copy;
}

static void add(struct errors *errors, enum severity severity, const struct error *err,
                const struct error *note)
{
    struct report *report;

    if (err->silent) {
        return;
    }
    if (errors->kept[severity] == ERRORS_MOST) {
        errors->count[severity]++;
        return;
    }
    if (is_known(errors, severity, err)) {
        return;
    }
    errors->count[severity]++;
    report = arena_alloc(errors->arena, sizeof(*report));
    report->severity = severity;
    report->order = err->source != NULL ? err->source->number + 1 : 0;
    report->number = (unsigned)kept(errors);
    report->error = copy_error(errors, err);
    report->excerpt = make_excerpt(errors->arena, err);
    if (note != NULL) {
        report->note = copy_error(errors, note);
        report->note_excerpt = make_excerpt(errors->arena, note);
    }
    errors->reports[kept(errors)] = report;
    errors->kept[severity]++;
    errors->sorted = false;
}

bool errors_add(struct errors *errors, const struct error *err)
{
    add(errors, SEVERITY_ERROR, err, NULL);
    return false;
}

bool errors_add_note(struct errors *errors, const struct error *err, const struct error *note)
{
    add(errors, SEVERITY_ERROR, err, note);
    return false;
}

void errors_warn(struct errors *errors, const struct error *err)
{
    add(errors, SEVERITY_WARNING, err, NULL);
}

bool errors_report(struct errors *errors, const struct node *at, const char *format, ...)
{
    struct error err;
    va_list arguments;

    va_start(arguments, format);
    error_vset(&err, at, format, arguments);
    va_end(arguments);
    return errors_add(errors, &err);
}

bool errors_report_note(struct errors *errors, const struct node *at, const struct node *second,
                        const char *note, const char *format, ...)
{
    struct error err;
    struct error second_err;
    va_list arguments;

    va_start(arguments, format);
    error_vset(&err, at, format, arguments);
    va_end(arguments);
    error_set(&second_err, second, "%s", note);
    return errors_add_note(errors, &err, &second_err);
}

size_t errors_count(const struct errors *errors)
{
    return errors->count[SEVERITY_ERROR];
}

size_t errors_warning_count(const struct errors *errors)
{
    return errors->count[SEVERITY_WARNING];
}

bool errors_is_full(const struct errors *errors)
{
    return errors->kept[SEVERITY_ERROR] == ERRORS_MOST;
}

static int compare_numbers(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

static int compare_reports(const void *a, const void *b)
{
    const struct report *first = *(const struct report *const *)a;
    const struct report *second = *(const struct report *const *)b;
    int result = compare_numbers(first->order, second->order);

    if (result == 0) {
        result = compare_numbers(first->error.line, second->error.line);
    }
    if (result == 0) {
        result = compare_numbers(first->error.column, second->error.column);
    }
    if (result == 0) {
        result = compare_numbers(first->number, second->number);
    }
    return result;
}

const struct report *errors_at(struct errors *errors, size_t index)
{
    if (index >= kept(errors)) {
        return NULL;
    }
    if (!errors->sorted) {
        qsort(errors->reports, kept(errors), sizeof(struct report *), compare_reports);
        errors->sorted = true;
    }
    return errors->reports[index];
}

/* The escape sequences, or empty texts. */
struct palette {
    const char *place;
    const char *severity[2];
    const char *note;
    const char *caret;
    const char *end;
};

static void print_one(FILE *out, const struct palette *palette, const struct error *err,
                      const char *kind, const char *kind_colour, const struct excerpt *excerpt)
{
    char number[16];
    unsigned i;

    if (err->file != NULL && err->line > 0) {
        fprintf(out, "%s%s:%u:%u:%s ", palette->place, err->file, err->line, err->column,
                palette->end);
    } else if (err->file != NULL) {
        fprintf(out, "%s%s:%s ", palette->place, err->file, palette->end);
    }
    fprintf(out, "%s%s:%s %s\n", kind_colour, kind, palette->end, err->text);
    if (excerpt->text == NULL) {
        return;
    }
    snprintf(number, sizeof(number), "%5u", err->line);
    fprintf(out, "%s |%s%s\n", number, excerpt->text[0] != '\0' ? " " : "", excerpt->text);
    fprintf(out, "%*s | %*s%s^", (int)strlen(number), "", (int)excerpt->caret, "", palette->caret);
    for (i = 1; i < excerpt->width; i++) {
        fputc('~', out);
    }
    fprintf(out, "%s\n", palette->end);
}

static void print_rest(const struct errors *errors, FILE *out, enum severity severity,
                       const char *kind)
{
    size_t rest = errors->count[severity] - errors->kept[severity];

    if (rest > 0) {
        fprintf(out, "too many %ss: %zu more %s not shown\n", kind, rest, rest == 1 ? "is" : "are");
    }
}

void errors_print(struct errors *errors, FILE *out, bool colour)
{
    static const struct palette plain = {"", {"", ""}, "", "", ""};
    static const struct palette coloured = {
        .place = "\033[1m",
        .severity = {[SEVERITY_ERROR] = "\033[1;31m", [SEVERITY_WARNING] = "\033[1;35m"},
        .note = "\033[1;36m",
        .caret = "\033[1;32m",
        .end = "\033[0m",
    };
    static const char *const kinds[] = {
        [SEVERITY_ERROR] = "error",
        [SEVERITY_WARNING] = "warning",
    };
    const struct palette *palette = colour ? &coloured : &plain;
    const struct report *report;
    size_t i;

    for (i = 0; (report = errors_at(errors, i)) != NULL; i++) {
        print_one(out, palette, &report->error, kinds[report->severity],
                  palette->severity[report->severity], &report->excerpt);
        if (report->note.text[0] != '\0') {
            print_one(out, palette, &report->note, "note", palette->note, &report->note_excerpt);
        }
    }
    print_rest(errors, out, SEVERITY_ERROR, kinds[SEVERITY_ERROR]);
    print_rest(errors, out, SEVERITY_WARNING, kinds[SEVERITY_WARNING]);
}
