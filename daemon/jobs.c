#include "daemon/jobs.h"

#include <ev.h>
#include <pthread.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "graph/mem.h"
#include "graph/thread.h"

/* What loop and thread share.  It goes with whichever of the two is the last. */
struct task {
    struct job *job;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    /* under the lock */
    bool is_finished;
    struct jobs *jobs; /* who hears of it; NULL: nobody any more */
};

struct jobs {
    struct ev_loop *ev;
    ev_async has_moved; /* a job has finished, or there is a new one */
    struct list line;
    struct task *task; /* NULL: none is under way */
};

static void task_destroy(struct task *task)
{
    (void)pthread_mutex_destroy(&task->lock);
    free(task);
}

static void *run(void *arg)
{
    struct task *task = arg;
    bool is_abandoned;

    task->job->work(task->job);
    (void)pthread_mutex_lock(&task->lock);
    task->is_finished = true;
    is_abandoned = task->jobs == NULL;
    if (!is_abandoned) {
        ev_async_send(task->jobs->ev, &task->jobs->has_moved);
    }
    (void)pthread_mutex_unlock(&task->lock);
    if (is_abandoned) {
        task->job->destroy(task->job);
        task_destroy(task);
    }
    return NULL;
}

static void task_begin(struct jobs *jobs, struct job *job)
{
    struct task *task = mem_alloc(sizeof(*task));
    int result;

    task->job = job;
    task->jobs = jobs;
    REQUIRE(pthread_mutex_init(&task->lock, NULL) == 0);
    jobs->task = task;
    result = thread_create(&task->thread, run, task);
    task->has_thread = result == 0;
    if (result < 0) {
        log_event_limited(LOG_LEVEL_WARNING, &(struct log_fields){.error = result},
                          "could not have a thread load the graph: all else waits for it");
        (void)run(task);
    }
}

/* Begins the next jobs, up to one that there is work for. */
static void go_on(struct jobs *jobs)
{
    while (jobs->task == NULL && !list_is_empty(&jobs->line)) {
        struct job *job = container_of(jobs->line.next, struct job, link);

        list_remove(&job->link);
        if (job->begin == NULL || job->begin(job)) {
            task_begin(jobs, job);
        } else {
            job->done(job);
        }
    }
}

static bool is_finished(struct task *task)
{
    bool result;

    (void)pthread_mutex_lock(&task->lock);
    result = task->is_finished;
    (void)pthread_mutex_unlock(&task->lock);
    return result;
}

/* The thread of a finished task has nothing left to do: it is over at once. */
static void finish(struct jobs *jobs)
{
    struct task *task = jobs->task;
    struct job *job = task->job;

    if (task->has_thread) {
        (void)pthread_join(task->thread, NULL);
    }
    jobs->task = NULL;
    task_destroy(task);
    job->done(job);
}

static void on_moved(struct ev_loop *ev, ev_async *watcher, int revents)
{
    struct jobs *jobs = watcher->data;

    if (jobs->task != NULL && is_finished(jobs->task)) {
        finish(jobs);
    }
    go_on(jobs);
}

struct jobs *jobs_create(struct ev_loop *ev)
{
    struct jobs *jobs = mem_alloc(sizeof(*jobs));

    jobs->ev = ev;
    list_init(&jobs->line);
    ev_async_init(&jobs->has_moved, on_moved);
    jobs->has_moved.data = jobs;
    ev_async_start(ev, &jobs->has_moved);
    ev_unref(ev);
    return jobs;
}

/* Leaves the task to its thread, unless that has just finished. */
static void abandon(struct task *task)
{
    bool was_finished;

    (void)pthread_mutex_lock(&task->lock);
    was_finished = task->is_finished;
    task->jobs = NULL;
    if (!was_finished) {
        (void)pthread_detach(task->thread);
    }
    (void)pthread_mutex_unlock(&task->lock);
    if (was_finished) {
        if (task->has_thread) {
            (void)pthread_join(task->thread, NULL);
        }
        task->job->destroy(task->job);
        task_destroy(task);
    }
}

void jobs_destroy(struct jobs *jobs)
{
    if (jobs == NULL) {
        return;
    }
    if (jobs->task != NULL) {
        abandon(jobs->task);
    }
    while (!list_is_empty(&jobs->line)) {
        struct job *job = container_of(jobs->line.next, struct job, link);

        list_remove(&job->link);
        job->destroy(job);
    }
    ev_ref(jobs->ev);
    ev_async_stop(jobs->ev, &jobs->has_moved);
    free(jobs);
}

void jobs_add(struct jobs *jobs, struct job *job)
{
    list_append(&jobs->line, &job->link);
    ev_async_send(jobs->ev, &jobs->has_moved);
}

bool jobs_remove(struct job *job)
{
    const bool is_in_line = !list_is_empty(&job->link);

    list_remove(&job->link);
    return is_in_line;
}
