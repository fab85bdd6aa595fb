/* The list of errors: no more than are of use, none twice, in the order of the files. */
#include "graph/error.h"

#include "graph/arena.h"
#include "graph/excerpt.h"
#include "graph/source.h"

#include <stdlib.h>
#include <string.h>

/* reports holds kept[ERROR] + kept[WARNING] of them. */
struct errors {
    struct arena *arena;
    struct report *reports[2 * ERRORS_MOST];
    size_t kept[2];  /* by severity, at most ERRORS_MOST */
    size_t count[2]; /* by severity, those not kept included */
    bool sorted;
    bool is_closed;
    const struct error_way *way; /* of what is added now */
    size_t way_shown;            /* reports that show one */
};

enum { MOST_STEPS = 10 }; /* of a way that are shown: the innermost, and the outermost */

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
static struct report *find(const struct errors *errors, enum severity severity,
                           const struct error *err)
{
    size_t i;

    for (i = 0; i < kept(errors); i++) {
        struct report *report = errors->reports[i];

        if (report->severity == severity && report->error.line == err->line &&
            report->error.column == err->column && strcmp(report->error.text, err->text) == 0 &&
            same_file(report->error.file, err->file)) {
            return report;
        }
    }
    return NULL;
}

static struct error copy_error(struct errors *errors, const struct error *err)
{
    struct error copy = *err;

    copy.source = NULL;
    copy.via = NULL;
    copy.file = err->file != NULL ? arena_strdup(errors->arena, err->file) : NULL;
    return copy;
}

static void add_note(struct errors *errors, struct report *report, const struct error *note)
{
    report->notes[report->note_count++] =
        (struct report_note){copy_error(errors, note), excerpt_make(errors->arena, note)};
}

/* A note for each step, but for some in the middle of a long way. */
static void add_way(struct errors *errors, struct report *report)
{
    const struct error_way *step;
    unsigned count = 0;
    unsigned i = 0;

    for (step = errors->way; step != NULL; step = step->outer) {
        count++;
    }
    for (step = errors->way; step != NULL; step = step->outer, i++) {
        const bool is_last = i + 1 == count;
        struct error note;

        if (i + 1 >= MOST_STEPS && !is_last) {
            continue;
        }
        if (is_last && count > MOST_STEPS) {
            error_set(&note, step->at, "in the graph \"%s\", which is used here, %u steps further",
                      shown(step->name).text, count - MOST_STEPS + 1);
        } else {
            error_set(&note, step->at, "in the graph \"%s\", which is used here",
                      shown(step->name).text);
        }
        add_note(errors, report, &note);
        report->way_count++;
    }
    errors->way_shown += count > 0;
}

static void add_notes(struct errors *errors, struct report *report, const struct error *err,
                      const struct error *note)
{
    report->notes = arena_alloc_array(errors->arena, MOST_STEPS + 2, sizeof(*report->notes));
    if (note != NULL) {
        add_note(errors, report, note);
    }
    if (err->via != NULL) {
        struct error via;

        error_set(&via, err->via, "it is put in here");
        add_note(errors, report, &via);
    }
    add_way(errors, report);
}

/* The same mistake was found without the way. */
static void drop_way(struct errors *errors, struct report *report)
{
    errors->way_shown -= report->way_count > 0;
    report->note_count -= report->way_count;
    report->way_count = 0;
}

static void add(struct errors *errors, enum severity severity, const struct error *err,
                const struct error *note)
{
    struct report *report;

    if (err->silent) {
        return;
    }
    if (errors->kept[severity] == ERRORS_MOST && !errors->is_closed) {
        errors->count[severity]++;
        return;
    }
    report = find(errors, severity, err);
    if (report != NULL && errors->way == NULL) {
        drop_way(errors, report);
    }
    if (report != NULL || errors->is_closed) {
        return;
    }
    errors->count[severity]++;
    report = arena_alloc(errors->arena, sizeof(*report));
    report->severity = severity;
    report->order = err->source != NULL ? err->source->number + 1 : 0;
    report->number = (unsigned)kept(errors);
    report->error = copy_error(errors, err);
    report->excerpt = excerpt_make(errors->arena, err);
    add_notes(errors, report, err, note);
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

void errors_set_way(struct errors *errors, const struct error_way *way)
{
    errors->way = way;
}

bool errors_show_ways(const struct errors *errors)
{
    return errors->way_shown > 0;
}

void errors_only_drop_ways(struct errors *errors, bool on)
{
    errors->is_closed = on;
}

static void quote_again(struct errors *errors, const struct error *error, struct excerpt *excerpt,
                        const struct source *source)
{
    struct error err = *error;

    if (same_file(error->file, source->name)) {
        err.source = source;
        *excerpt = excerpt_make(errors->arena, &err);
    }
}

void errors_quote_again(struct errors *errors, const struct source *source)
{
    for (size_t i = 0; i < kept(errors); i++) {
        struct report *report = errors->reports[i];

        quote_again(errors, &report->error, &report->excerpt, source);
        for (unsigned j = 0; j < report->note_count; j++) {
            quote_again(errors, &report->notes[j].error, &report->notes[j].excerpt, source);
        }
    }
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
