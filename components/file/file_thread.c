#include "components/file/file_thread.h"

#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "graph/mem.h"

/* FIFO: the first job, and where the next is to be hung. */
struct queue {
    struct file_job *first;
    struct file_job **end;
};

struct file_thread {
    struct ev_loop *ev;
    ev_async has_finished;
    bool is_running;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t has_more;
    /* under the lock */
    struct queue todo;
    struct queue finished;
    bool is_ending;
};

static void put(struct queue *queue, struct file_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

static struct file_job *take(struct queue *queue)
{
    struct file_job *job = queue->first;

    if (job != NULL) {
        queue->first = job->next;
        if (queue->first == NULL) {
            queue->end = &queue->first;
        }
    }
    return job;
}

static void *run(void *arg)
{
    struct file_thread *thread = arg;
    struct file_job *job;

    (void)pthread_mutex_lock(&thread->lock);
    for (;;) {
        job = take(&thread->todo);
        if (job != NULL) {
            (void)pthread_mutex_unlock(&thread->lock);
            job->work(job);
            (void)pthread_mutex_lock(&thread->lock);
            put(&thread->finished, job);
            ev_async_send(thread->ev, &thread->has_finished);
        } else if (!thread->is_ending) {
            (void)pthread_cond_wait(&thread->has_more, &thread->lock);
        } else {
            break;
        }
    }
    (void)pthread_mutex_unlock(&thread->lock);
    return NULL;
}

static void finish_all(struct file_thread *thread)
{
    struct file_job *job;

    do {
        (void)pthread_mutex_lock(&thread->lock);
        job = take(&thread->finished);
        (void)pthread_mutex_unlock(&thread->lock);
        if (job != NULL) {
            job->done(job);
        }
    } while (job != NULL);
}

static void on_finished(struct ev_loop *ev, ev_async *watcher, int revents)
{
    finish_all(watcher->data);
}

struct file_thread *file_thread_create(struct ev_loop *ev)
{
    struct file_thread *thread = mem_alloc(sizeof(*thread));

    thread->ev = ev;
    thread->todo.end = &thread->todo.first;
    thread->finished.end = &thread->finished.first;
    REQUIRE(pthread_mutex_init(&thread->lock, NULL) == 0);
    REQUIRE(pthread_cond_init(&thread->has_more, NULL) == 0);
    ev_async_init(&thread->has_finished, on_finished);
    thread->has_finished.data = thread;
    ev_async_start(ev, &thread->has_finished);
    return thread;
}

/* Signals are the loop's. */
static bool begin(struct file_thread *thread)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    thread->is_running = pthread_create(&thread->thread, NULL, run, thread) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return thread->is_running;
}

void file_thread_do(struct file_thread *thread, struct file_job *job)
{
    if (!thread->is_running && !begin(thread)) {
        job->work(job);
        (void)pthread_mutex_lock(&thread->lock);
        put(&thread->finished, job);
        (void)pthread_mutex_unlock(&thread->lock);
        ev_async_send(thread->ev, &thread->has_finished);
        return;
    }
    (void)pthread_mutex_lock(&thread->lock);
    put(&thread->todo, job);
    (void)pthread_cond_signal(&thread->has_more);
    (void)pthread_mutex_unlock(&thread->lock);
}

void file_thread_destroy(struct file_thread *thread)
{
    if (thread == NULL) {
        return;
    }
    if (thread->is_running) {
        (void)pthread_mutex_lock(&thread->lock);
        thread->is_ending = true;
        (void)pthread_cond_signal(&thread->has_more);
        (void)pthread_mutex_unlock(&thread->lock);
        (void)pthread_join(thread->thread, NULL);
    }
    finish_all(thread);
    ev_async_stop(thread->ev, &thread->has_finished);
    (void)pthread_cond_destroy(&thread->has_more);
    (void)pthread_mutex_destroy(&thread->lock);
    free(thread);
}
