/* axond's command line. */
#ifndef AXOND_DAEMON_OPTIONS_H
#define AXOND_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/log.h"

/* What axond's exit statuses mean; the last three are those of sysexits.h. */
enum {
    EXIT_FAILED = 1,     /* all components have ended, and one had failed */
    EXIT_USAGE = 64,     /* wrong usage */
    EXIT_NO_START = 71,  /* could not start: port in use, no permission, … */
    EXIT_BAD_GRAPH = 78, /* the graph file has mistakes */
};

#define DEFAULT_GRAPH   "/etc/axond/axond.yaml"
#define DEFAULT_CONTROL "/run/axond/control.sock"

struct options {
    char *const *arguments; /* the command line, as it was */
    const char *graph;      /* path; DEFAULT_GRAPH if not given */
    const char *const
        *graphs; /* all that were given, graph first: at least 1, more to be checked */
    int graph_count;
    const char *control; /* path of the control socket; NULL: the file says */
    bool check;
    bool schema;    /* print it, and nothing else */
    bool has_level; /* of the log; else the file says */
    enum log_level level;
    enum log_target target;
    bool has_workers; /* else the file says */
    int64_t workers;  /* as in settings.h */
};

/* An option, for the parser, help, completion and the manual. */
struct option_spec {
    char letter;
    const char *name;
    const char *argument; /* NULL: takes none */
    const char *help;
};

/* Ends with {0}. */
extern const struct option_spec option_specs[];

/* Prints what may follow these words, the last of which is unfinished.  See complete.h. */
void options_complete(int count, char **words);

/* Reads the command line; texts are borrowed from it.
 * Returns true, or false with the status to exit with: help was asked for, or the usage was wrong,
 * and what there is to say has been printed. */
bool options_read(struct options *options, int argc, char **argv, int *status);

#endif
