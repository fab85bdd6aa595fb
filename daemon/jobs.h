/* Jobs: work that would hold the loop, such as loading a graph; each is done by a thread of its
 * own, one after another.
 *
 *     loop:    jobs_add() ──► [line] ──► begin(job)             done(job)
 *     thread:                                └──► work(job) ──────┘ by ev_async
 *
 * One at a time: two loads at once would take twice the memory and be over no sooner.  A job is a
 * piece of memory of its own: who has asked for it may be gone before it is done. */
#ifndef AXOND_DAEMON_JOBS_H
#define AXOND_DAEMON_JOBS_H

#include <stdbool.h>

#include "graph/list.h"
#include "graph/mem.h"

struct ev_loop;
struct jobs;

struct job {
    struct list link; /* in the line */

    /* In the loop, when its turn has come.  Returns false if nothing is to be worked on any more:
     * done() is called at once.  NULL: true. */
    bool (*begin)(struct job *job);

    /* In the thread; touches nothing but the job. */
    void (*work)(struct job *job);

    /* In the loop, afterwards; frees the job. */
    void (*done)(struct job *job);

    /* Instead of done(), where the loop ends first: only frees the job, in whichever thread. */
    void (*destroy)(struct job *job);
};

struct jobs *jobs_create(struct ev_loop *ev);

/* Does not wait for the job under way: its thread destroys it, if it comes to that.  NULL is fine.
 */
void jobs_destroy(struct jobs *jobs);

/* Puts a job at the end of the line.  done() is called later, never from here.  Where no thread can
 * be had the loop does the work. */
void jobs_add(struct jobs *jobs, struct job *job);

/* Takes a job that was added out of the line again; it is the caller's then.  Returns false if it
 * has begun. */
MUST_CHECK bool jobs_remove(struct job *job);

#endif
