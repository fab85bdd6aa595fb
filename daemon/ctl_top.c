/* axonctl top: the busiest linkages and the bottlenecks, on a screen (ctl_top_screen.c) or, where
 * there is none, as tables one after the other. */
#include "daemon/ctl_top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "graph/value.h"

static void print_lines(const struct top_view *view)
{
    char text[4096];

    top_view_headline(view, text, sizeof(text));
    printf("%s\n", text);
    for (size_t i = 0; i < top_view_bottlenecks(view); i++) {
        top_view_bottleneck(view, i, text, sizeof(text));
        ctl_print_escaped(stdout, text, strlen(text));
        top_view_way(view, i, text, sizeof(text));
        printf("\n%s\n", text);
    }
}

static void print_table(const struct top_view *view)
{
    const char *titles[TOP_COLUMNS + 1] = {NULL};
    struct ctl_table table;
    char text[1024];

    for (size_t c = 0; c < TOP_COLUMNS; c++) {
        titles[c] = top_columns[c].title;
    }
    ctl_table_init(&table, titles);
    for (size_t row = 0; row < view->count; row++) {
        for (size_t c = 0; c < TOP_COLUMNS; c++) {
            ctl_table_add(&table, top_view_cell(view, row, c, text, sizeof(text)));
        }
    }
    ctl_table_print(&table);
}

static void show(struct top_output *output, json_t *reply)
{
    top_view_set(&output->view, reply);
    if (output->screen != NULL) {
        ctl_top_screen_draw(output);
        return;
    }
    printf("%s", output->shown > 0 ? "\n" : "");
    print_lines(&output->view);
    print_table(&output->view);
}

static bool read_reply(struct ctl *ctl, json_t *reply, void *data)
{
    struct top_output *output = data;

    if (ctl->json) {
        ctl_print_json(reply);
    } else if (!ctl_top_screen_is_held(output)) {
        show(output, reply);
    }
    output->shown++;
    return !ferror(stdout) && output->shown != output->most;
}

/* Adds what the command line says to what is asked for.  Returns false after complaining. */
static bool read_options(struct ctl *ctl, json_t *parameters, struct top_output *output)
{
    const char *interval = ctl_value(ctl, "interval");
    const char *count = ctl_value(ctl, "count");
    struct accepted accepted;
    double seconds;
    char *end;

    if (ctl->argument_count > 0) {
        json_object_set_new(parameters, "pattern", json_string(ctl->arguments[0]));
    }
    if (interval != NULL) {
        if (!value_duration(interval, 0.1, 3600, &seconds, &accepted)) {
            ctl_complain("--interval takes %s, not \"%s\"", accepted.text, interval);
            return false;
        }
        json_object_set_new(parameters, "interval", json_real(seconds));
    }
    if (count != NULL) {
        errno = 0;
        output->most = strtoll(count, &end, 10);
        if (*end != '\0' || errno != 0 || output->most < 1) {
            ctl_complain("--count takes a number from 1, not \"%s\"", count);
            return false;
        }
    }
    return true;
}

enum ctl_status ctl_run_top(struct ctl *ctl)
{
    json_t *parameters = json_object();
    struct top_output output = {.most = -1};
    enum ctl_status status = CTL_DONE;

    top_view_init(&output.view, ctl_value(ctl, "sort"));
    if (!read_options(ctl, parameters, &output)) {
        json_decref(parameters);
        return CTL_USAGE;
    }
    if (!ctl->json && !ctl->no_daemon) {
        status = ctl_connect(ctl); /* before the screen is taken */
    }
    if (status != CTL_DONE) {
        json_decref(parameters);
        return status;
    }
    if (ctl->fd != -1) {
        ctl_top_screen_open(&output, ctl);
    }
    status = ctl_call(ctl, "Top", parameters, true, (struct ctl_reader){read_reply, &output});
    ctl_top_screen_close(&output);
    top_view_deinit(&output.view);
    return status;
}
