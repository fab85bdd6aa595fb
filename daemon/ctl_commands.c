/* The commands of axonctl, and the help that follows from them. */
#include "daemon/ctl.h"

#include <stdio.h>

/* All that axonctl can do, in the order of help: what one looks at first, first. */
const struct ctl_command ctl_commands[] = {
    {"status", "", 0, 0, "one screen about the daemon", ctl_run_status, {{0}}},
    {"list", "[PATTERN]", 0, 1, "components: type, state, since when", ctl_run_list, {{0}}},
    {"show", "PATH", 1, 1, "one component, or a connection, in full", ctl_run_show, {{0}}},
    {"linkages",
     "[PATTERN]",
     0,
     1,
     "linkages: messages, bytes, drops, time blocked",
     ctl_run_linkages,
     {{0}}},
    {"graph",
     "",
     0,
     0,
     "the running graph as a picture",
     ctl_run_graph,
     {{"format", "FORMAT", "dot (for graphviz), mermaid or json", ctl_graph_formats},
      {"connections", NULL, "also what runs for each connection", NULL}}},
    {"tap",
     "PATH",
     1,
     1,
     "messages as they pass a box, or a linkage: \"FROM -> TO\"",
     ctl_run_tap,
     {{"count", "N", "end after N messages", NULL},
      {"match", "REGEX", "only data that matches", NULL},
      {"format", "FORMAT", "text, hex or json", ctl_tap_formats}}},
    {"trace",
     "PATH",
     1,
     1,
     "the next message's way through the graph, with times",
     ctl_run_trace,
     {{"patience", "TIME", "how long nothing must have happened, to end (500ms)", NULL}}},
    {"top",
     "[PATTERN]",
     0,
     1,
     "the busiest linkages and who holds them up, again and again",
     ctl_run_top,
     {{"interval", "TIME", "between two looks, such as 250ms, 5s (1s)", NULL},
      {"sort", "COLUMN", "from, to, messages, bytes, queued, full, blocked or dropped",
       top_column_names},
      {"count", "N", "end after N looks", NULL}}},
    {"events", "", 0, 0, "what happens, as it happens", ctl_run_events, {{0}}},
    {"metrics",
     "",
     0,
     0,
     "what Prometheus would scrape",
     ctl_run_metrics,
     {{"format", "FORMAT", "text (Prometheus' own) or openmetrics", ctl_metrics_formats}}},
    {"types", "", 0, 0, "the component types", ctl_run_types, {{0}}},
    {"describe", "TYPE", 1, 1, "a type's boxes and parameters", ctl_run_describe, {{0}}},
    {"config",
     "",
     0,
     0,
     "the graph as it runs, as a file that would load again",
     ctl_run_config,
     {{"origin", NULL, "after each value, the file and line that it came from", NULL},
      {"diff", NULL, "how it differs from the files: the edits made since", NULL}}},
    {"check",
     "[FILE|FOLDER...]",
     0,
     1000,
     "what a reload would say, of these files, or of the daemon's own",
     ctl_run_check,
     {{0}}},
    {"reload",
     "",
     0,
     0,
     "load the graph again: all of the change, or nothing",
     ctl_run_reload,
     {{"dry-run", NULL, "only say what would change", NULL}}},
    {"send",
     "PATH.INBOX [DATA]",
     1,
     2,
     "put a message into an inbox",
     ctl_run_send,
     {{"notice", "NOTICE", "a notice instead of data, such as producerFinished", ctl_notices}}},
    {"stop", "PATH", 1, 1, "stop a component, or end a connection", ctl_run_stop, {{0}}},
    {"kill", "PATH", 1, 1, "close a connection at once", ctl_run_kill, {{0}}},
    {"add",
     "NAME TYPE [PARAM=VALUE...]",
     2,
     CTL_MANY,
     "add a component to the running graph, until the next reload",
     ctl_run_add,
     {{0}}},
    {"link", "FROM TO", 2, 2, "link two components, until the next reload", ctl_run_link, {{0}}},
    {"unlink",
     "FROM",
     1,
     1,
     "remove the linkage from a component or an outbox, until the next reload",
     ctl_run_unlink,
     {{0}}},
    {"set",
     "PATH PARAM=VALUE...",
     2,
     CTL_MANY,
     "change parameters of a component, until the next reload",
     ctl_run_set,
     {{0}}},
    {"restart", "PATH", 1, 1, "start a component again, in place", ctl_run_restart, {{0}}},
    {"drain",
     "[PATH]",
     0,
     1,
     "stop accepting, let connections end; of all: then end the daemon",
     ctl_run_drain,
     {{"wait", NULL, "until no connection is left", NULL}}},
    {"log-level", "[LEVEL]", 0, 1, "show or set how much is logged", ctl_run_log_level, {{0}}},
    {0},
};

void ctl_print_command_help(const struct ctl_command *command)
{
    printf("usage: axonctl [-s SOCKET] [--json] %s%s%s%s\n\n%s\n", command->name,
           command->options[0].name != NULL ? " [OPTION...]" : "",
           command->arguments[0] != '\0' ? " " : "", command->arguments, command->summary);
    if (command->options[0].name != NULL) {
        printf("\n");
    }
    for (const struct ctl_option *o = command->options; o->name != NULL; o++) {
        char left[64];

        snprintf(left, sizeof(left), "--%s%s%s", o->name, o->argument != NULL ? " " : "",
                 o->argument != NULL ? o->argument : "");
        printf("  %-20s %s\n", left, o->doc);
    }
}

void ctl_print_help(void)
{
    printf("usage: axonctl [OPTION...] COMMAND [ARGUMENT...]\n\n"
           "Shows what happens inside axond, and changes it.\n\n");
    for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
        char left[64];

        snprintf(left, sizeof(left), "%s %s", c->name, c->arguments);
        printf("  %-24s %s\n", left, c->summary);
    }
    printf("\n");
    for (const struct ctl_common_option *o = ctl_common_options; o->option.name != NULL; o++) {
        const char letter[] = {'-', o->letter, ',', '\0'};
        char left[64];

        snprintf(left, sizeof(left), "%3s --%s%s%s", o->letter != '\0' ? letter : "",
                 o->option.name, o->option.argument != NULL ? " " : "",
                 o->option.argument != NULL ? o->option.argument : "");
        printf("  %-24s %s\n", left, o->option.doc);
    }
    printf("\nExit status: 0 done, 1 refused, 64 wrong usage, 69 no daemon there.\n");
}
