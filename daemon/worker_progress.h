/* The loops of workers, among those that are asked whether they turn (progress.h). */
#ifndef AXOND_DAEMON_WORKER_PROGRESS_H
#define AXOND_DAEMON_WORKER_PROGRESS_H

struct progress;
struct worker_progress;
struct workers;

/* All but the main thread's, which asks; before their threads are started.  NULL if there are none
 * (workers may be NULL). */
struct worker_progress *worker_progress_create(struct progress *progress,
                                               const struct workers *workers);

/* Once the threads have ended, before the loops are destroyed.  NULL is fine. */
void worker_progress_destroy(struct worker_progress *workers);

#endif
