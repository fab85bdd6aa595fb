#include "daemon/worker_progress.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/progress.h"
#include "graph/loop.h"
#include "graph/mem.h"
#include "graph/workers.h"

struct worker_progress {
    unsigned count;
    struct {
        struct progress_loop loop;
        char name[24]; /* its number is also that in the thread's name */
    } worker[];
};

struct worker_progress *worker_progress_create(struct progress *progress,
                                               const struct workers *workers)
{
    struct worker_progress *asked;

    if (workers == NULL) {
        return NULL;
    }
    asked = mem_alloc(sizeof(*asked) + (workers->count - 1) * sizeof(asked->worker[0]));
    asked->count = workers->count - 1;
    for (unsigned i = 0; i < asked->count; i++) {
        (void)snprintf(asked->worker[i].name, sizeof(asked->worker[i].name), "worker %u", i + 1);
        progress_add(progress, &asked->worker[i].loop, workers->worker[i + 1].loop->ev,
                     asked->worker[i].name);
    }
    return asked;
}

void worker_progress_destroy(struct worker_progress *workers)
{
    for (unsigned i = 0; workers != NULL && i < workers->count; i++) {
        progress_remove(&workers->worker[i].loop);
    }
    free(workers);
}
