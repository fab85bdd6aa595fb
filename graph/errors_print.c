/* The list of errors as text, as a compiler prints it. */
#include "graph/error.h"

#include <string.h>

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

static void print_rest(FILE *out, const char *kind, size_t rest)
{
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
    size_t printed[2] = {0}; /* by severity */
    size_t i;

    for (i = 0; (report = errors_at(errors, i)) != NULL; i++) {
        printed[report->severity]++;
        print_one(out, palette, &report->error, kinds[report->severity],
                  palette->severity[report->severity], &report->excerpt);
        for (unsigned j = 0; j < report->note_count; j++) {
            print_one(out, palette, &report->notes[j].error, "note", palette->note,
                      &report->notes[j].excerpt);
        }
    }
    print_rest(out, kinds[SEVERITY_ERROR], errors_count(errors) - printed[SEVERITY_ERROR]);
    print_rest(out, kinds[SEVERITY_WARNING],
               errors_warning_count(errors) - printed[SEVERITY_WARNING]);
}
