/* Makes a manual page of a template: a line that is @NAME@ becomes what the tables have of that
 * name. Runs while axond is built.
 *
 *     axonctl.1.in ──┐
 *     tables ────────┴──► man_page ──► axonctl.1
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/component_types.h"
#include "daemon/ctl.h"
#include "daemon/describe_type.h"
#include "daemon/man_text.h"
#include "daemon/options.h"
#include "daemon/settings.h"
#include "graph/param.h"
#include "graph/plan.h"

static void begin_list(FILE *page)
{
    (void)fprintf(page, ".Bl -tag -width Ds\n");
}

static void end_list(FILE *page)
{
    (void)fprintf(page, ".El\n");
}

/* ---- options and commands ---- */

static void write_option(FILE *page, char letter, const char *name, const char *argument)
{
    (void)fprintf(page, letter != '\0' ? ".It Fl %c , " : ".It ", letter);
    (void)fprintf(page, "Fl -%s%s%s\n", name, argument != NULL ? " Ar " : "",
                  argument != NULL ? argument : "");
}

static void write_axond_options(FILE *page)
{
    begin_list(page);
    for (const struct option_spec *spec = option_specs; spec->name != NULL; spec++) {
        write_option(page, spec->letter, spec->name, spec->argument);
        man_text(page, "%s", spec->help);
    }
    end_list(page);
}

static void write_axonctl_options(FILE *page)
{
    begin_list(page);
    for (const struct ctl_common_option *o = ctl_common_options; o->option.name != NULL; o++) {
        write_option(page, o->letter, o->option.name, o->option.argument);
        man_text(page, "%s", o->option.doc);
    }
    end_list(page);
}

/* "PATH [DATA...]" as "Ar PATH Op Ar DATA ...". */
static void write_arguments(FILE *page, const char *arguments)
{
    while (*(arguments += strspn(arguments, " ")) != '\0') {
        const size_t size = strcspn(arguments, " ");
        const bool is_optional = arguments[0] == '[';
        const char *word = arguments + is_optional;
        const size_t width = strcspn(word, ".] ");
        const bool is_repeated = strncmp(word + width, "...", 3) == 0;

        (void)fprintf(page, "%s Ar %.*s%s", is_optional ? " Op" : "",
                      (int)(is_repeated ? width : strcspn(word, "] ")), word,
                      is_repeated ? " ..." : "");
        arguments += size;
    }
}

static void write_commands(FILE *page)
{
    begin_list(page);
    for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
        (void)fprintf(page, ".It Cm %s", c->name);
        write_arguments(page, c->arguments);
        (void)fputc('\n', page);
        man_text(page, "%s", c->summary);
        if (c->options[0].name != NULL) {
            (void)fprintf(page, ".Bl -tag -width Ds -compact\n");
            for (const struct ctl_option *o = c->options; o->name != NULL; o++) {
                write_option(page, '\0', o->name, o->argument);
                man_text(page, "%s", o->doc);
            }
            end_list(page);
        }
    }
    end_list(page);
}

/* ---- tables of parameters ---- */

/* What a reload does about it, unless it is what the page says of all. */
static void write_change(FILE *page, const struct component_type *type,
                         const struct param_spec *spec)
{
    switch (param_change(type, spec)) {
    case CHANGE_REPLACES:
        break;
    case CHANGE_IN_PLACE:
        man_text(page, "A reload changes it in place.");
        break;
    case CHANGE_PARTS:
        man_text(page, "A reload changes the parts that it is for.");
        break;
    }
}

/* type: NULL for what is no component's. */
static void write_parameters(FILE *page, const struct param_spec *table,
                             const struct component_type *type)
{
    begin_list(page);
    for (const struct param_spec *spec = table; spec->name != NULL; spec++) {
        (void)fprintf(page, ".It Cm %s\n", spec->name);
        man_text(page, "%s", spec->doc);
        if (spec->kind == PARAM_KIND_SECTION) {
            write_parameters(page, spec->section, NULL);
            continue;
        }
        man_text(page, "%s%s", spec->required ? "Required: " : "Must be ",
                 param_accepts(spec).text);
        if (spec->fallback != NULL) {
            man_text(page, "Default: %s.", spec->fallback[0] != '\0' ? spec->fallback : "\"\"");
        }
        if (type != NULL) {
            write_change(page, type, spec);
        }
    }
    end_list(page);
}

static void write_settings(FILE *page)
{
    write_parameters(page, settings_table, NULL);
}

static void write_bounds(FILE *page)
{
    write_parameters(page, box_options, NULL);
}

static void write_restarts(FILE *page)
{
    write_parameters(page, restart_options, NULL);
}

static void write_graph_parameters(FILE *page)
{
    write_parameters(page, graph_parameter_options, NULL);
}

/* ---- component types ---- */

static void begin_part(FILE *page, const char *heading)
{
    (void)fprintf(page, ".Pp\n%s\n.Bl -tag -width Ds -compact\n", heading);
}

static void write_boxes(FILE *page, const char *heading, const json_t *boxes)
{
    size_t i;
    json_t *box;

    if (json_array_size(boxes) == 0) {
        return;
    }
    begin_part(page, heading);
    json_array_foreach(boxes, i, box)
    {
        (void)fprintf(page, ".It Cm %s Pq %s%s%s\n", ctl_string(box, "name"),
                      ctl_string(box, "carries"),
                      json_is_true(json_object_get(box, "main")) ? " , main" : "",
                      json_is_true(json_object_get(box, "required")) ? " , wants a linkage" : "");
        man_text(page, "%s", ctl_string(box, "doc"));
    }
    end_list(page);
}

static void write_statistics(FILE *page, const struct stat_spec *table)
{
    begin_part(page, "Statistics:");
    for (const struct stat_spec *spec = table; spec->name != NULL; spec++) {
        (void)fprintf(page, ".It Cm %s%s%s\n", spec->name, spec->unit != NULL ? " Pq " : "",
                      spec->unit != NULL ? spec->unit : "");
        man_text(page, "%s", spec->doc);
    }
    end_list(page);
}

static void write_type(FILE *page, const struct component_type *type)
{
    json_t *described = describe_type(type);

    (void)fprintf(page, ".Ss %s\n", type->name);
    man_text(page, "%s", type->summary);
    if (type->lasts) {
        man_text(page, "It is restarted on failure, unless the file says otherwise.");
    }
    write_boxes(page, "Inboxes:", json_object_get(described, "inboxes"));
    write_boxes(page, "Outboxes:", json_object_get(described, "outboxes"));
    if (type->parameters != NULL && type->parameters->name != NULL) {
        (void)fprintf(page, ".Pp\nParameters:\n");
        write_parameters(page, type->parameters, type);
    }
    if (type->statistics != NULL && type->statistics->name != NULL) {
        write_statistics(page, type->statistics);
    }
    json_decref(described);
}

static void write_types(FILE *page)
{
    for (const struct component_type *const *type = component_types; *type != NULL; type++) {
        write_type(page, *type);
    }
}

/* ---- templates ---- */

static bool write_part(FILE *page, const char *name)
{
    static const struct {
        const char *name;
        void (*write)(FILE *page);
    } parts[] = {
        {"axonctl-commands", write_commands},
        {"axonctl-options", write_axonctl_options},
        {"axond-options", write_axond_options},
        {"bounds", write_bounds},
        {"graph-parameters", write_graph_parameters},
        {"restarts", write_restarts},
        {"settings", write_settings},
        {"types", write_types},
    };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strcmp(parts[i].name, name) == 0) {
            parts[i].write(page);
            return true;
        }
    }
    (void)fprintf(stderr, "man_page: there is nothing called @%s@\n", name);
    return false;
}

int main(int argc, char **argv)
{
    FILE *template = argc == 2 ? fopen(argv[1], "re") : NULL;
    char line[400];
    bool is_good = true;

    if (template == NULL) {
        (void)fprintf(stderr, "usage: man_page TEMPLATE > PAGE\n");
        return EXIT_USAGE;
    }
    while (is_good && fgets(line, sizeof(line), template) != NULL) {
        char name[100];

        if (sscanf(line, "@%99[^@\n]@", name) == 1) {
            is_good = write_part(stdout, name);
        } else {
            is_good = fputs(line, stdout) != EOF;
        }
    }
    (void)fclose(template);
    return is_good && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
