#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/settings.h"

const struct option_spec option_specs[] = {
    {'t', "check", NULL,
     "check graph files, or all in a folder, and exit, without opening anything"},
    {'s', "control", "PATH", "control socket (default: the file's, or " DEFAULT_CONTROL ")"},
    {'w', "workers", "N", "event-loop threads, 1 to 64; auto: one per core"},
    {'l', "log-level", "LEVEL", "error, warning, notice, info or debug"},
    {'T', "log-target", "TARGET", "auto, stderr or journal"},
    {'S', "schema", NULL, "print the JSON Schema of graph files, for editors, and exit"},
    {'h', "help", NULL, "print this and exit"},
    {'V', "version", NULL, "print the version and exit"},
    {0},
};

enum { SPECS = sizeof(option_specs) / sizeof(option_specs[0]) - 1 };

static void print_help(void)
{
    (void)printf("usage: axond [OPTION…] [GRAPH.yaml]\n"
                 "       axond --check [GRAPH.yaml | FOLDER]…\n\n"
                 "Runs the graph of components in GRAPH.yaml (default: " DEFAULT_GRAPH ").\n\n");
    for (int i = 0; i < SPECS; i++) {
        char left[64];

        (void)snprintf(left, sizeof(left), "-%c, --%s%s%s", option_specs[i].letter,
                       option_specs[i].name, option_specs[i].argument != NULL ? " " : "",
                       option_specs[i].argument != NULL ? option_specs[i].argument : "");
        (void)printf("  %-26s %s\n", left, option_specs[i].help);
    }
    (void)printf(
        "\nExit status: 0 finished or stopped, %d all has ended and something had failed,\n"
        "%d wrong usage, %d could not start, %d bad graph.\n"
        "To look inside: axonctl status.\n",
        EXIT_FAILED, EXIT_USAGE, EXIT_NO_START, EXIT_BAD_GRAPH);
}

static bool refuse(int *status, const char *what, const char *value, const char *accepted)
{
    (void)fprintf(stderr, "axond: %s must be %s; got \"%s\"\naxond: see axond --help\n", what,
                  accepted, value);
    *status = EXIT_USAGE;
    return false;
}

/* Takes one option.  Returns false to exit. */
static bool take(struct options *options, int letter, const char *value, int *status)
{
    switch (letter) {
    case 't':
        options->check = true;
        return true;
    case 's':
        options->control = value;
        return true;
    case 'w':
        options->has_workers = true;
        if (!settings_parse_workers(value, &options->workers)) {
            return refuse(status, "--workers", value, settings_workers_accepted);
        }
        return true;
    case 'l':
        options->has_level = true;
        if (!log_level_parse(value, &options->level)) {
            return refuse(status, "--log-level", value, "error, warning, notice, info or debug");
        }
        return true;
    case 'T':
        if (!log_target_parse(value, &options->target)) {
            return refuse(status, "--log-target", value, "auto, stderr or journal");
        }
        return true;
    case 'S':
        options->schema = true;
        return true;
    case 'h':
        print_help();
        *status = EXIT_SUCCESS;
        return false;
    case 'V':
        (void)printf("axond " AXOND_VERSION "\n");
        *status = EXIT_SUCCESS;
        return false;
    default: /* getopt_long() has said what is wrong */
        (void)fprintf(stderr, "axond: see axond --help\n");
        *status = EXIT_USAGE;
        return false;
    }
}

bool options_read(struct options *options, int argc, char **argv, int *status)
{
    static const char *const default_graph = DEFAULT_GRAPH;
    struct option table[SPECS + 1] = {{0}};
    char letters[SPECS * 2 + 1] = "";
    int letter;

    if (argc > 1 && strcmp(argv[1], "--complete") == 0) { /* said by shells only */
        options_complete(argc - 2, argv + 2);
        *status = EXIT_SUCCESS;
        return false;
    }
    *options = (struct options){.arguments = argv, .target = LOG_TARGET_AUTO};
    for (int i = 0; i < SPECS; i++) {
        const int has_argument = option_specs[i].argument != NULL ? required_argument : no_argument;

        table[i] = (struct option){
            .name = option_specs[i].name, .has_arg = has_argument, .val = option_specs[i].letter};
        (void)snprintf(letters + strlen(letters), sizeof(letters) - strlen(letters), "%c%s",
                       option_specs[i].letter, has_argument == required_argument ? ":" : "");
    }
    while ((letter = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        if (!take(options, letter, optarg, status)) {
            return false;
        }
    }
    if (argc - optind > 1 && !options->check) {
        (void)fprintf(stderr,
                      "axond: one graph file, not %d, unless they are to be checked: see axond "
                      "--help\n",
                      argc - optind);
        *status = EXIT_USAGE;
        return false;
    }
    options->graphs = &default_graph;
    options->graph_count = 1;
    if (optind < argc) {
        options->graphs = (const char *const *)(argv + optind);
        options->graph_count = argc - optind;
    }
    options->graph = options->graphs[0];
    return true;
}
