/* What several methods answer with. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/control_private.h"
#include "graph/error.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/supervise.h"

json_t *control_text(const char *text)
{
    json_t *string;
    char *clean;

    if (text == NULL) {
        return json_null();
    }
    string = json_string(text);
    if (string != NULL) {
        return string;
    }
    clean = mem_strdup(text);
    for (char *c = clean; *c != '\0'; c++) {
        *c = (unsigned char)*c < 0x80 ? *c : '?';
    }
    string = json_string(clean);
    free(clean);
    return string;
}

json_t *control_path_of(const struct component *component)
{
    char path[PATH_SIZE];

    return component != NULL ? control_text(component_path(component, path, sizeof(path)))
                             : json_null();
}

json_t *control_path_of_box(const struct box *box)
{
    char path[BOX_PATH_SIZE];

    return box != NULL ? control_text(box_full_path(box, path, sizeof(path))) : json_null();
}

const char *control_type_name(const struct component *component)
{
    return component->plan->type_name != NULL ? component->plan->type_name : component->type->name;
}

json_t *control_next_restart(const struct component *component)
{
    const double next = component_next_restart(component);

    return next > 0 ? json_real(next) : json_null();
}

json_t *control_bound(bool is_bound, uint32_t limit)
{
    return is_bound ? json_integer(limit) : json_null();
}

const char *control_unit(unsigned box_flags)
{
    return (box_flags & BOX_BOUND_BYTES) != 0 ? "bytes" : "messages";
}

bool control_is_bounded(unsigned box_flags)
{
    return (box_flags & (BOX_PASSES | BOX_CONTROL | BOX_RECEIVES)) == 0;
}

/* ---- errors ---- */

static void no_such(struct varlink_call *call, const char *error, const char *path)
{
    char meant[BOX_PATH_SIZE];
    const bool has_meant = place_suggest(control_loop(call), path, meant, sizeof(meant));

    varlink_error(call, error,
                  json_pack("{s:s, s:o}", "path", path, "suggestion",
                            control_text(has_meant ? meant : NULL)));
}

void control_no_component(struct varlink_call *call, const char *path)
{
    no_such(call, "io.axond.NoSuchComponent", path);
}

void control_no_box(struct varlink_call *call, const char *path)
{
    no_such(call, "io.axond.NoSuchBox", path);
}

bool control_find_path(struct varlink_call *call, const char *path, struct place *place)
{
    switch (place_find(control_loop(call), path, place)) {
    case PLACE_FOUND:
        return true;
    case PLACE_NO_COMPONENT:
        control_no_component(call, path);
        return false;
    case PLACE_NO_BOX:
        control_no_box(call, path);
        return false;
    }
    return false;
}

bool control_find(struct varlink_call *call, struct place *place)
{
    return control_find_path(call, varlink_string(call, "path"), place);
}

bool control_find_component(struct varlink_call *call, struct place *place)
{
    const char *path = varlink_string(call, "path");

    if (!control_find(call, place)) {
        return false;
    }
    if (place->component == NULL) {
        control_no_component(call, path);
        return false;
    }
    return true;
}

void control_invalid_state(struct varlink_call *call, const char *path, const char *state,
                           const char *format, ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    varlink_error(call, "io.axond.InvalidState",
                  json_pack("{s:o, s:s, s:o}", "path", control_text(path), "state", state, "text",
                            control_text(text)));
}

/* ---- problems of graph files ---- */

static json_t *problem(const char *severity, const struct error *error,
                       const struct excerpt *excerpt)
{
    const bool has_text = excerpt->text != NULL;

    return json_pack("{s:s, s:o, s:i, s:i, s:i, s:o, s:o, s:i}", "severity", severity, "file",
                     control_text(error->file != NULL ? error->file : ""), "line", (int)error->line,
                     "column", (int)error->column, "width",
                     (int)(has_text ? excerpt->width : error->width), "text",
                     control_text(error->text), "source", control_text(excerpt->text), "caret",
                     (int)(has_text ? excerpt->caret : 0));
}

json_t *control_problems(struct errors *errors)
{
    json_t *problems = json_array();
    const struct report *report;

    for (size_t i = 0; (report = errors_at(errors, i)) != NULL; i++) {
        json_array_append_new(problems,
                              problem(report->severity == SEVERITY_ERROR ? "error" : "warning",
                                      &report->error, &report->excerpt));
        for (unsigned j = 0; j < report->note_count; j++) {
            json_array_append_new(
                problems, problem("note", &report->notes[j].error, &report->notes[j].excerpt));
        }
    }
    return problems;
}

/* ---- calls that wait ---- */

void control_wait_begin(struct control_wait *wait, struct varlink_call *call,
                        void (*answer)(struct control_wait *wait))
{
    wait->call = call;
    wait->answer = answer;
    list_append(&control_of(call)->waiting, &wait->link);
}

void control_wait_end(struct control_wait *wait)
{
    list_remove(&wait->link);
}

/* ---- patterns ---- */

bool control_pattern_matches(const char *pattern, const char *path)
{
    const char *star = NULL; /* after the last *, and where what it stands for ends so far */
    const char *star_end = NULL;
    const char *stars = NULL; /* the same for ** */
    const char *stars_end = NULL;

    while (*path != '\0' || *pattern != '\0') {
        if (pattern[0] == '*' && pattern[1] == '*') {
            pattern += 2;
            stars = pattern;
            stars_end = path;
            star = NULL;
        } else if (*pattern == '*') {
            star = ++pattern;
            star_end = path;
        } else if (*path != '\0' && (*pattern == *path || *pattern == '?')) {
            pattern++;
            path++;
        } else if (star != NULL && *star_end != '\0' && *star_end != '/') {
            pattern = star;
            path = ++star_end;
        } else if (stars != NULL && *stars_end != '\0') {
            pattern = stars;
            path = ++stars_end;
            star = NULL;
        } else {
            return false;
        }
    }
    return true;
}
