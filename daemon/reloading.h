/* A reload, or a look at what one would do: asked for in the loop, loaded and compared by a thread,
 * switched to in the loop.
 *
 *     SIGHUP, Reload ──► [jobs] ──► files loaded, checked, compared ──► daemon_switch() ──► answer
 *                        (jobs.h)                (a thread)
 *
 * An edit of the running graph (graph/plan_edit.h) goes the same way, from the files as they were
 * loaded and the edits so far.
 *
 * Reloads that are asked for while another is under way follow it, in their order: each reads the
 * files after it was asked for.  One that has been asked for is made, also if nobody waits for the
 * answer any more; once the daemon is about to end, none is. */
#ifndef AXOND_DAEMON_RELOADING_H
#define AXOND_DAEMON_RELOADING_H

#include "daemon/daemon.h"
#include "daemon/jobs.h"
#include "graph/nursery.h"
#include "graph/plan_difference.h"

struct plan_component_list {
    const struct plan_component **items;
    size_t count;
};

struct reloading {
    /* Set by whoever asks. */
    bool is_dry_run;
    struct plan_edit *edit; /* not the files, but one edit more; taken over.  NULL: the files */
    void *arg;
    /* Called in the loop once it is over. */
    void (*answer)(struct reloading *reloading, enum reload_outcome outcome);
    /* Frees what this struct lies in; the last call, in whichever thread. */
    void (*free)(struct reloading *reloading);

    /* The result. */
    struct errors *errors;
    struct plan_difference *difference; /* NULL: errors say why */
    struct nursery *nursery;            /* of what it changes */
    struct reload_failure failure;      /* of RELOAD_CANNOT_START */
    struct plan_component_list
        revived; /* those that are started anew though nothing of them changes */

    /* private */
    struct job job;
    struct daemon *daemon;
    struct options options;
    struct settings settings;
    struct plan *old;         /* what ran when the files were read */
    struct plan *files;       /* EDIT: as they were loaded */
    struct plan_edit **edits; /* EDIT: copies of those that are in force, then this one */
    size_t edit_count;
};

/* Gets in line.  answer() and free() are called in any case, but where the daemon ends first only
 * free(). */
void reloading_begin(struct reloading *reloading, struct daemon *daemon);

/* Nobody waits for it any more: takes it out of the line, unless it has begun. */
void reloading_cancel(struct reloading *reloading);

/* As SIGHUP asks: the log and the manager are told how it ends.  Does nothing if such a reload has
 * been asked for already and has not begun. */
void reloading_by_signal(struct daemon *daemon);

#endif
