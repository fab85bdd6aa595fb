/* axonctl: an ordinary client of the interface io.axond.
 *
 * A command is a row of the table in axonctl.c and a function in a ctl_*.c file.  The function
 * calls a method and prints the reply, for people or, with --json, as it came.  It returns what
 * axonctl exits with. */
#ifndef DAEMON_CTL_H
#define DAEMON_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum ctl_status {
    CTL_DONE = 0,
    CTL_REFUSED = 1, /* the reason is on stderr */
    CTL_USAGE = 64,
    CTL_NO_DAEMON = 69,
};

struct ctl;

enum { CTL_MAX_OPTIONS = 8, CTL_MANY = 1000 };

/* An option of one command; those that all commands have are in ctl_options.c. */
struct ctl_option {
    const char *name;     /* without the dashes */
    const char *argument; /* what help calls it; NULL: it takes none */
    const char *doc;
    const char *const *choices; /* the words accepted, then NULL; NULL: any */
};

struct ctl_command {
    const char *name;
    const char *arguments; /* for help; completion knows PATH, TYPE and others by name */
    int least;             /* how many there are */
    int most;
    const char *summary;
    enum ctl_status (*run)(struct ctl *ctl);
    struct ctl_option options[CTL_MAX_OPTIONS];
};

/* Who has taken the terminal over. */
struct ctl_terminal {
    /* Something was typed, or the terminal has another size.  Returns whether replies are wanted.
     */
    bool (*input)(void *data);
    /* Gives it back, since something is to be said on stderr. */
    void (*leave)(void *data);
    void *data;
};

struct ctl {
    const struct ctl_command *command;
    const char *socket;
    bool json;
    bool no_daemon; /* what can be, is answered without one */
    bool help;
    bool version;
    int argument_count;
    char **arguments;                    /* then NULL */
    const char *values[CTL_MAX_OPTIONS]; /* of the command's options; NULL: not given */
    int fd;                              /* -1: not connected */
    const struct ctl_terminal *terminal; /* NULL: it is as it was */
};

/* An option that all commands have. */
struct ctl_common_option {
    struct ctl_option option;
    char letter; /* of its short form; NUL: it has none */
};

/* Each ends with {0}. */
extern const struct ctl_command ctl_commands[];
extern const struct ctl_common_option ctl_common_options[];

/* The command or the option of that name (of size bytes), or NULL.  An option is one of the
 * command's, which may be NULL, or of all. */
const struct ctl_command *ctl_find_command(const char *name);
const struct ctl_option *ctl_find_option(const struct ctl_command *command, const char *name,
                                         size_t size);

/* What the tables say, on stdout. */
void ctl_print_help(void);
void ctl_print_command_help(const struct ctl_command *command);

/* Where the control socket is, unless an option says it. */
const char *ctl_default_socket(void);

/* Fills in ctl from the command line.  argv is rearranged.  On CTL_USAGE it has said what is wrong.
 */
enum ctl_status ctl_parse(struct ctl *ctl, int argc, char **argv);

/* Prints what may follow these words, the last of which is unfinished: for the shells.  See
 * complete.h. */
void ctl_complete(struct ctl *ctl, int count, char **words);

/* What was given for an option of the command ("" when it takes no argument), or NULL. */
const char *ctl_value(const struct ctl *ctl, const char *name);

/* Tells the user, on stderr, with the program's name before it. */
__attribute__((format(printf, 1, 2))) void ctl_complain(const char *format, ...);

/* ---- calls */

/* What a reply is given to.  Returns whether more replies are wanted. */
struct ctl_reader {
    bool (*read)(struct ctl *ctl, json_t *reply, void *data);
    void *data;
};

/* Connects to the daemon, unless that is done.  Calling does so by itself. */
enum ctl_status ctl_connect(struct ctl *ctl);

/* Calls a method of io.axond and has each reply read; a refusal is told on stderr.  Takes over
 * parameters, which may be NULL.  more: asks for several replies. */
enum ctl_status ctl_call(struct ctl *ctl, const char *method, json_t *parameters, bool more,
                         struct ctl_reader reader);

/* Calls a method that replies once, with nothing to be told to people. */
enum ctl_status ctl_do(struct ctl *ctl, const char *method, json_t *parameters);

/* Calls a method whose replies hold batches of a list, and has each item read.  With --json, all of
 * them are printed as one object. */
enum ctl_status ctl_list(struct ctl *ctl, const char *method, json_t *parameters, const char *list,
                         struct ctl_reader reader);

/* Explains an error of the daemon's. */
void ctl_explain(struct ctl *ctl, const char *error, json_t *parameters);

/* Calls a method whose replies hold parts of a text, and prints it; with --json, as one object. */
enum ctl_status ctl_in_parts(struct ctl *ctl, const char *method, json_t *parameters);

/* ---- members of replies; what is missing is "", 0 or false, and NULL for an array */

const char *ctl_string(const json_t *object, const char *name);
long long ctl_int(const json_t *object, const char *name);
double ctl_real(const json_t *object, const char *name);
bool ctl_has(const json_t *object, const char *name);

/* ---- output */

/* A short text, for use within one expression: printf("%s", ctl_size(n).text). */
struct ctl_text {
    char text[48];
};

struct ctl_text ctl_count(long long n);       /* 1234567 */
struct ctl_text ctl_size(double bytes);       /* 1.5 KiB */
struct ctl_text ctl_duration(double seconds); /* 3 min 20 s */
struct ctl_text ctl_rate(double per_second);  /* 12.5 */
struct ctl_text ctl_time(double seconds);     /* 2026-08-01 12:00:00, local */
struct ctl_text ctl_clock(double seconds);    /* 12:00:00.125, local */

/* One JSON value on a line of its own. */
void ctl_print_json(const json_t *value);

/* Text of any origin, with what a terminal would obey written as \n, \x1b. */
void ctl_print_escaped(FILE *file, const char *bytes, size_t size);

/* The members data, encoding and size of a message: its size, and its bytes on the same line, or,
 * in hex, on lines of their own. */
void ctl_print_data(const json_t *message, bool hex);

/* What a compiler would say about a graph file: place, text, line, caret. */
void ctl_print_problem(FILE *file, const json_t *problem);
void ctl_print_problems(FILE *file, const json_t *problems);

/* What a change of the graph does, or would do: the reply of Reload, and of those that edit. */
void ctl_print_changes(struct ctl *ctl, const json_t *reply);

/* Rows of cells, printed in aligned columns. */
struct ctl_table {
    const char *const *titles; /* then NULL; one that begins with > is aligned to the right */
    size_t columns;            /* at most 16 */
    size_t count;              /* of cells, row by row */
    size_t capacity;
    char **cells;
};

void ctl_table_init(struct ctl_table *table, const char *const *titles);
void ctl_table_add(struct ctl_table *table, const char *cell); /* the next cell, copied */
void ctl_table_print(struct ctl_table *table);                 /* and empty it */

/* Whether stdout is a terminal that takes colours. */
bool ctl_has_colours(void);

/* ---- commands */

enum ctl_status ctl_run_status(struct ctl *ctl);
enum ctl_status ctl_run_list(struct ctl *ctl);
enum ctl_status ctl_run_show(struct ctl *ctl);
enum ctl_status ctl_run_linkages(struct ctl *ctl);
enum ctl_status ctl_run_types(struct ctl *ctl);
enum ctl_status ctl_run_describe(struct ctl *ctl);
enum ctl_status ctl_run_graph(struct ctl *ctl);
enum ctl_status ctl_run_config(struct ctl *ctl);
enum ctl_status ctl_run_check(struct ctl *ctl);
enum ctl_status ctl_run_reload(struct ctl *ctl);
enum ctl_status ctl_run_add(struct ctl *ctl);
enum ctl_status ctl_run_link(struct ctl *ctl);
enum ctl_status ctl_run_unlink(struct ctl *ctl);
enum ctl_status ctl_run_set(struct ctl *ctl);
enum ctl_status ctl_run_tap(struct ctl *ctl);
enum ctl_status ctl_run_trace(struct ctl *ctl);
enum ctl_status ctl_run_top(struct ctl *ctl);
enum ctl_status ctl_run_send(struct ctl *ctl);
enum ctl_status ctl_run_stop(struct ctl *ctl);
enum ctl_status ctl_run_kill(struct ctl *ctl);
enum ctl_status ctl_run_restart(struct ctl *ctl);
enum ctl_status ctl_run_drain(struct ctl *ctl);
enum ctl_status ctl_run_events(struct ctl *ctl);
enum ctl_status ctl_run_metrics(struct ctl *ctl);
enum ctl_status ctl_run_log_level(struct ctl *ctl);

extern const char *const ctl_graph_formats[];
extern const char *const ctl_metrics_formats[];
extern const char *const ctl_tap_formats[];
extern const char *const top_column_names[]; /* top_view.h */
extern const char *const ctl_notices[];

#endif
