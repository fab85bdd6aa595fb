/* What libyaml finds wrong, in words for the person who wrote the file. */
#include "graph/syntax.h"

#include "graph/document.h"
#include "graph/error.h"
#include "graph/mem.h"
#include "graph/source.h"
#include "graph/utf8.h"

#include <stdint.h>
#include <string.h>

#include <yaml.h>

/* libyaml has up to two places: the problem's, and the context's, where the thing that it was
 * reading had started. */
struct wording {
    const char *context;      /* how libyaml's context ends; NULL: any */
    const char *problem;      /* libyaml's problem */
    const char *text;         /* ours, for people */
    bool at_context;          /* the mistake is more likely where the thing started */
    const char *note;         /* to say at the context; NULL: nothing */
    const char *interpolated; /* the text if it is about an unquoted ${...}; NULL: the same */
};

static const char tab[] = "a tab cannot indent YAML; use spaces";
static const char no_value[] = "expected a value here";
static const char escape[] =
    "not an escape of YAML; write \\\\ for a backslash, or put the text in single quotes";

static const struct wording wordings[] = {
    {.problem = "mapping values are not allowed in this context",
     .text = "\": \" cannot stand here; is the indentation right, and does the value need quotes?"},
    {.problem = "block sequence entries are not allowed in this context",
     .text = "\"- \" cannot stand here; start the list on a line of its own"},
    {.problem = "mapping keys are not allowed in this context",
     .text = "\"? \" cannot stand here; a text that starts with it needs quotes"},
    {.context = "a simple key",
     .problem = "could not find expected ':'",
     .text = "this key has no \":\" after it",
     .at_context = true},
    {.context = "a block mapping",
     .problem = "did not find expected key",
     .text = "expected a key of the same indentation here; does the value before it need quotes?",
     .note = "the mapping starts here"},
    {.problem = "did not find expected '-' indicator",
     .text = "expected \"- \" here, as before the other entries of this list",
     .note = "the list starts here"},
    {.problem = "did not find expected ',' or ']'",
     .text = "expected \",\" or \"]\" here",
     .note = "opened here",
     .interpolated = "a text with \"${...}\" needs quotes between [ and ]"},
    {.problem = "did not find expected ',' or '}'",
     .text = "expected \",\" or \"}\" here",
     .note = "opened here",
     .interpolated = "a text with \"${...}\" needs quotes between { and }"},
    {.context = "a quoted scalar",
     .problem = "found unexpected end of stream",
     .text = "this quote is never closed",
     .at_context = true},
    {.context = "a quoted scalar",
     .problem = "found unexpected document indicator",
     .text = "a line of \"---\" or \"...\" ends the document; is this quote closed?",
     .at_context = true},
    {.problem = "found unknown escape character", .text = escape},
    {.problem = "did not find expected hexdecimal number", .text = escape},
    {.problem = "found invalid Unicode character escape code",
     .text = "there is no such Unicode character"},
    {.context = "an alias",
     .problem = "did not find expected alphabetic or numeric character",
     .text = "\"*\" starts an alias; put a text that starts with it in quotes",
     .at_context = true},
    {.context = "an anchor",
     .problem = "did not find expected alphabetic or numeric character",
     .text = "\"&\" starts an anchor; put a text that starts with it in quotes",
     .at_context = true},
    {.problem = "did not find expected node content", .text = no_value},
    {.problem = "found a tab character where an indentation space is expected", .text = tab},
    {.problem = "found a tab character that violates indentation", .text = tab},
    {.problem = "found an indentation indicator equal to 0",
     .text = "the indentation of a block of text is 1 to 9"},
    {.problem = "did not find expected comment or line break",
     .text = "expected the end of the line here, or a comment"},
    {.problem = "did not find expected <document start>",
     .text = "the document has ended before this; is the indentation right?"},
    {.problem = "found unexpected ':'", .text = "a text with \":\" needs quotes here"},
    {.problem = "found undefined tag handle",
     .text = "no tag is known by this name; put a text that starts with \"!\" in quotes",
     .at_context = true},
    {.problem = "found incompatible YAML document", .text = "only YAML 1.1 and 1.2 are known here"},
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static const struct wording *find_wording(const char *context, const char *problem)
{
    size_t i;

    for (i = 0; i < sizeof(wordings) / sizeof(wordings[0]); i++) {
        if (strcmp(wordings[i].problem, problem) == 0 &&
            (wordings[i].context == NULL || ends_with(context, wordings[i].context))) {
            return &wordings[i];
        }
    }
    return NULL;
}

/* Returns the character at a place, if it is ASCII; 0 otherwise, and at the end of the line. */
static char character_at(const struct source *source, const yaml_mark_t *mark)
{
    size_t length;
    const char *at = source_line(source, (unsigned)mark->line + 1, &length);
    size_t column;

    for (column = 0; at != NULL && length > 0; column++) {
        uint32_t character;
        size_t size = utf8_decode(at, length, &character);

        if (column == mark->column) {
            if (size == 1) {
                return *at;
            }
            break;
        }
        REQUIRE(size > 0); /* a source is UTF-8 */
        at += size;
        length -= size;
    }
    return '\0';
}

void syntax_place(const struct source *source, const struct yaml_mark_s *mark, unsigned *line,
                  unsigned *column)
{
    *line = (unsigned)mark->line + 1;
    *column = (unsigned)mark->column + 1;
    if (*line > source->line_count) {
        *line = source->line_count;
        *column = source->last_column;
    }
}

static bool set_at(struct error *err, const struct source *source, const yaml_mark_t *mark,
                   const char *format, ...) PRINTF_LIKE(4, 5);

static bool set_at(struct error *err, const struct source *source, const yaml_mark_t *mark,
                   const char *format, ...)
{
    va_list arguments;
    struct node place = {.source = source, .width = 1};

    syntax_place(source, mark, &place.line, &place.column);
    va_start(arguments, format);
    error_vset(err, &place, format, arguments);
    va_end(arguments);
    return false;
}

/* "Found character that cannot start any token". */
static bool report_character(const yaml_parser_t *parser, const struct source *source,
                             struct errors *errors)
{
    const yaml_mark_t *mark = &parser->problem_mark;
    char character = character_at(source, mark);
    struct error err;

    if (character == '\t') {
        set_at(&err, source, mark, "%s", tab);
    } else {
        set_at(&err, source, mark, "a text that starts with \"%c\" needs quotes", character);
    }
    return errors_add(errors, &err);
}

/* {port: ${PORT}} is easily written, and to YAML a mapping after "$". */
static bool is_interpolation(const struct source *source, const yaml_mark_t *mark)
{
    yaml_mark_t before = *mark;

    if (mark->column == 0 || character_at(source, mark) != '{') {
        return false;
    }
    before.column--;
    return character_at(source, &before) == '$';
}

bool syntax_report(const struct yaml_parser_s *parser, const struct source *source,
                   struct errors *errors)
{
    const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
    const char *context = parser->context != NULL ? parser->context : "";
    const struct wording *wording = find_wording(context, problem);
    struct error err;
    struct error note;

    REQUIRE(parser->error != YAML_MEMORY_ERROR);
    if (strcmp(problem, "found character that cannot start any token") == 0) {
        return report_character(parser, source, errors);
    }
    if (parser->error == YAML_READER_ERROR) { /* a source has been checked: not to be expected */
        error_set_at(&err, source, 0, 0, 0, "not YAML: %s", problem);
        return errors_add(errors, &err);
    }
    if (wording == NULL) {
        set_at(&err, source, &parser->problem_mark, "not YAML: %s%s%s", problem,
               context[0] != '\0' ? " " : "", context);
        return errors_add(errors, &err);
    }
    if (wording->interpolated != NULL && is_interpolation(source, &parser->problem_mark)) {
        set_at(&err, source, &parser->problem_mark, "%s", wording->interpolated);
        err.column--; /* to the "$" */
        err.width = 2;
        return errors_add(errors, &err);
    }
    if (wording->at_context) {
        set_at(&err, source, &parser->context_mark, "%s", wording->text);
        return errors_add(errors, &err);
    }
    set_at(&err, source, &parser->problem_mark, "%s", wording->text);
    if (wording->note == NULL) {
        return errors_add(errors, &err);
    }
    set_at(&note, source, &parser->context_mark, "%s", wording->note);
    return errors_add_note(errors, &err, &note);
}
