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
    report->excerpt = excerpt_make(errors->arena, err);
    if (note != NULL) {
        report->note = copy_error(errors, note);
        report->note_excerpt = excerpt_make(errors->arena, note);
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
