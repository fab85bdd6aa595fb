#include "graph/workers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "graph/loop.h"

unsigned worker_count(const struct loop *loop)
{
    return loop->workers != NULL ? loop->workers->count : 1;
}

struct loop *worker_loop(struct loop *loop, unsigned index)
{
    return loop->workers != NULL ? loop->workers->worker[index].loop : loop;
}

bool workers_is_main(const struct workers *workers)
{
    return workers == NULL || pthread_equal(pthread_self(), workers->worker[0].thread) != 0;
}

/* ---- halting ---- */

/* In the thread that is halted. */
static void stand_still(struct letter *letter)
{
    struct worker *worker = container_of(letter, struct worker, halt);
    struct workers *workers = worker->workers;
    unsigned epoch;

    (void)pthread_mutex_lock(&workers->lock);
    epoch = workers->epoch;
    workers->halted++;
    (void)pthread_cond_broadcast(&workers->turned);
    while (workers->epoch == epoch) {
        (void)pthread_cond_wait(&workers->turned, &workers->lock);
    }
    (void)pthread_mutex_unlock(&workers->lock);
    held_begin(&worker->loop->held); /* it was not the loop that took the time */
}

void workers_halt(struct workers *workers)
{
    unsigned running = 0;

    if (workers == NULL || workers->depth++ > 0) {
        return;
    }
    for (unsigned i = 1; i < workers->count; i++) {
        if (workers->worker[i].has_thread) {
            running++;
            mailbox_post(&workers->worker[i].loop->mailbox, &workers->worker[i].halt);
        }
    }
    (void)pthread_mutex_lock(&workers->lock);
    while (workers->halted < running) {
        (void)pthread_cond_wait(&workers->turned, &workers->lock);
    }
    (void)pthread_mutex_unlock(&workers->lock);
}

void workers_release(struct workers *workers)
{
    if (workers == NULL || --workers->depth > 0) {
        return;
    }
    (void)pthread_mutex_lock(&workers->lock);
    workers->halted = 0;
    workers->epoch++;
    (void)pthread_cond_broadcast(&workers->turned);
    (void)pthread_mutex_unlock(&workers->lock);
}

/* ---- watches ---- */

static void pass_on_change(struct letter *letter)
{
    loop_wake_watches(worker_loop(container_of(letter, struct worker, changed)->loop, 0));
}

void workers_tell_main(struct loop *loop)
{
    (void)mailbox_post(&worker_loop(loop, 0)->mailbox,
                       &loop->workers->worker[loop->worker].changed);
}

/* ---- threads ---- */

static void leave_loop(struct letter *letter)
{
    loop_stop(container_of(letter, struct worker, stop)->loop);
}

static void *run(void *arg)
{
    const struct worker *worker = arg;

    loop_run(worker->loop);
    return NULL;
}

static int start_thread(struct workers *workers, unsigned index)
{
    struct worker *worker = &workers->worker[index];
    char name[32];
    int result = pthread_create(&worker->thread, NULL, run, worker);

    if (result != 0) {
        return -result;
    }
    worker->has_thread = true;
    (void)snprintf(name, sizeof(name), "axond/%u", index);
    (void)pthread_setname_np(worker->thread, name);
    return 0;
}

int workers_start(struct workers *workers)
{
    sigset_t all;
    sigset_t before;
    int result = 0;

    if (workers == NULL) {
        return 0;
    }
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 1; i < workers->count && result == 0; i++) {
        result = start_thread(workers, i);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result < 0) {
        workers_stop(workers);
    }
    return result;
}

void workers_stop(struct workers *workers)
{
    for (unsigned i = 1; workers != NULL && i < workers->count; i++) {
        struct worker *worker = &workers->worker[i];

        if (worker->has_thread) {
            mailbox_post(&worker->loop->mailbox, &worker->stop);
            (void)pthread_join(worker->thread, NULL);
            worker->has_thread = false;
        }
    }
}

/* ---- making and ending ---- */

static void set_up(struct workers *workers, unsigned index, struct loop *loop)
{
    struct worker *worker = &workers->worker[index];

    worker->workers = workers;
    worker->loop = loop;
    worker->halt.open = stand_still;
    worker->stop.open = leave_loop;
    worker->changed.open = pass_on_change;
}

struct workers *workers_create(struct loop *first, unsigned count,
                               const struct component_type *const *types,
                               const struct loop_hooks *hooks)
{
    struct workers *workers = mem_alloc(sizeof(*workers));

    REQUIRE(count >= 2 && count <= WORKERS_MOST);
    workers->worker = mem_alloc_array(count, sizeof(struct worker));
    (void)pthread_mutex_init(&workers->lock, NULL);
    (void)pthread_cond_init(&workers->turned, NULL);
    set_up(workers, 0, first);
    workers->worker[0].thread = pthread_self();
    for (workers->count = 1; workers->count < count; workers->count++) {
        struct loop *loop = loop_create(types, hooks);
        const int error = errno;

        if (loop == NULL) {
            workers_destroy(workers);
            errno = error;
            return NULL;
        }
        set_up(workers, workers->count, loop);
    }
    for (unsigned i = 0; i < count; i++) {
        loop_join_workers(workers->worker[i].loop, workers, i);
    }
    return workers;
}

void workers_destroy(struct workers *workers)
{
    if (workers == NULL) {
        return;
    }
    for (unsigned i = 1; i < workers->count; i++) {
        loop_destroy(workers->worker[i].loop);
    }
    loop_leave_workers(workers->worker[0].loop);
    (void)pthread_mutex_destroy(&workers->lock);
    (void)pthread_cond_destroy(&workers->turned);
    free(workers->worker);
    free(workers);
}
