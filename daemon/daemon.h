/* The daemon: a loop with a graph in it, what replaces the graph, and how it all ends.
 *
 *     files ──daemon_load()──► plan ──daemon_start()───► graph
 *       └─────daemon_load()──► plan ──daemon_switch()──► changed, as far as the two differ
 *                                       (reloading.h, graph/graph_change.h)
 *
 * The control socket's methods (control.h) and the signals call what is here. */
#ifndef AXOND_DAEMON_DAEMON_H
#define AXOND_DAEMON_DAEMON_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/activation.h"
#include "daemon/lineage.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/settings.h"
#include "graph/component.h"

struct control;
struct errors;
struct graph;
struct jobs;
struct loop;
struct metrics_writer;
struct plan;
struct plan_edit;
struct reloading;
struct restart;
struct worker_progress;
struct workers;

/* Who could not start in a reload, and why. */
struct reload_failure {
    char path[PATH_SIZE];
    char place[PATH_SIZE]; /* "graph.yaml:3"; "": nowhere */
    char reason[400];
};

enum daemon_state { DAEMON_STARTING, DAEMON_RUNNING, DAEMON_DRAINING, DAEMON_STOPPING };

/* How the last reload ended. */
struct reload_result {
    double time; /* seconds since 1970; 0: there was none */
    bool done;
    char text[1000];
};

struct daemon {
    struct options options;
    struct settings settings; /* of the running graph */
    struct loop *loop;        /* the main thread's */
    struct workers *workers;  /* NULL: there is no other */
    struct worker_progress *worker_progress;
    struct graph *graph;      /* NULL: all of it has ended, and so do we */
    struct plan *files;       /* what the graph files said when they were last loaded; kept */
    struct plan_edit **edits; /* made to that since, in their order */
    size_t edit_count;
    struct notify notify;
    struct activation activation;
    struct lineage lineage;
    struct control *control;            /* NULL: no control socket */
    struct jobs *jobs;                  /* graph files that are being loaded */
    struct reloading *signalled_reload; /* by SIGHUP, not begun yet; NULL: none */
    struct restart *restart;            /* connections are to outlive us; NULL: they are not */
    enum daemon_state state;
    int status;            /* that the process is to exit with, once daemon_run() has returned */
    bool was_told_to_stop; /* the next time, it stops at once */
    bool is_reloading;     /* and has said so */
    bool has_come;         /* in the place of another process; upgrade.h */
    bool is_upgrading;     /* upgrade.h: a process is started that comes in our place */
    unsigned generation;   /* of the graph, from 1 */
    double started;        /* seconds since 1970 */
    struct reload_result last_reload;
    ev_signal on_term, on_int, on_hup, on_usr1, on_usr2;
    ev_io on_channel; /* from the process in whose place we come, until we do */
    ev_timer status_tick;
    uint64_t ticked_messages; /* pool.messages at the last tick */
};

/* Reads the graph file as the command line names it, into settings.  May be called by any thread.
 * NULL: errors say why. */
struct plan *daemon_load(const struct options *options, struct settings *settings,
                         struct errors *errors);

/* The same of files that were loaded before, with edits. */
struct plan *daemon_load_edited(const struct plan *files, struct plan_edit *const *edits,
                                size_t count, struct settings *settings, struct errors *errors);

/* Makes the loop, starts the plan's graph in it and opens the control socket.  Takes the plan over.
 * Returns false when it can't, after logging why. */
bool daemon_start(struct daemon *daemon, struct plan *plan);

/* Runs until everything has ended. */
void daemon_run(struct daemon *daemon);

/* Everything has started, and we are the service: tells the manager. */
void daemon_announce_start(struct daemon *daemon);

void daemon_finish(struct daemon *daemon);

enum reload_outcome {
    RELOAD_DONE,
    RELOAD_BAD_GRAPH,    /* errors say what is wrong */
    RELOAD_CANNOT_START, /* last_reload.text says which component, and why */
    RELOAD_REFUSED,      /* the daemon drains or stops */
};

/* Tells all who want to know that the files are now loaded again; daemon_switch() is to follow. */
void daemon_announce_reload(struct daemon *daemon);

/* Changes the graph as the difference says: all of it, or nothing (graph/graph_change.h).  Errors,
 * which are logged in any case, say why there is none.  A dry run only looks at what would be done.
 */
enum reload_outcome daemon_switch(struct daemon *daemon, struct reloading *reloading);

/* There will be no reload, as the daemon is about to end: tells all who wait for one. */
void daemon_refuse_reload(struct daemon *daemon);

/* New settings are in force; edits of the running graph are not any more. */
void daemon_apply_settings(struct daemon *daemon, const struct settings *settings);
void daemon_forget_edits(struct daemon *daemon);

/* Stops accepting and lets connections end, however long they take; then ends. */
void daemon_drain(struct daemon *daemon);

/* Drains, then ends; asked a second time, ends at once. */
void daemon_stop(struct daemon *daemon);

/* The hook of the loop for metrics: adds those of the process, and of reloads. */
void daemon_write_metrics(void *arg, struct metrics_writer *writer);

/* One line: "12 connections, 5 components, …". */
void daemon_status_line(const struct daemon *daemon, char *text, size_t size);

#endif
