/* Mistakes in graph files, as compilers show them. */
#include "daemon/ctl.h"

#include <string.h>

/* The line, and under it a caret and tildes. */
static void print_source(FILE *file, const json_t *problem, const char *source)
{
    long long width = ctl_int(problem, "width");

    fprintf(file, "%5lld | ", ctl_int(problem, "line"));
    ctl_print_escaped(file, source, strlen(source));
    fprintf(file, "\n      | %*s^", (int)(ctl_int(problem, "caret") % 1000), "");
    for (long long i = 1; i < width && i < 200; i++) {
        putc('~', file);
    }
    putc('\n', file);
}

void ctl_print_problem(FILE *file, const json_t *problem)
{
    const char *name = ctl_string(problem, "file");
    const char *text = ctl_string(problem, "text");
    const char *source = ctl_string(problem, "source");

    ctl_print_escaped(file, name, strlen(name));
    if (ctl_int(problem, "line") > 0) {
        fprintf(file, ":%lld:%lld", ctl_int(problem, "line"), ctl_int(problem, "column"));
    }
    fprintf(file, "%s%s: ", name[0] != '\0' ? ": " : "", ctl_string(problem, "severity"));
    ctl_print_escaped(file, text, strlen(text));
    putc('\n', file);
    if (source[0] != '\0') {
        print_source(file, problem, source);
    }
}

void ctl_print_problems(FILE *file, const json_t *problems)
{
    size_t i;
    json_t *problem;

    fflush(stdout);
    json_array_foreach(problems, i, problem)
    {
        ctl_print_problem(file, problem);
    }
}
