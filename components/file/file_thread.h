/* A thread for what may take long and cannot be waited for in the loop: fsync(2), and reads of
 * files that are not in memory.  One for each loop, begun by its first job; jobs are done one by
 * one.
 *
 *     loop:    file_thread_do(job) ──► [todo]                       job->done(job)
 *     thread:                             └──► job->work(job) ──► [finished] ──┘ by ev_async
 *
 * A job is a piece of memory of its own, never part of a component: between the two calls it is the
 * thread's, and who has asked for it may end meanwhile. */
#ifndef AXOND_COMPONENTS_FILE_FILE_THREAD_H
#define AXOND_COMPONENTS_FILE_FILE_THREAD_H

struct ev_loop;

struct file_job {
    struct file_job *next;
    void (*work)(struct file_job *job); /* in the thread; touches nothing but the job */
    void (*done)(struct file_job *job); /* in the loop, afterwards; frees the job */
};

struct file_thread;

struct file_thread *file_thread_create(struct ev_loop *ev);

/* Waits for all jobs. */
void file_thread_destroy(struct file_thread *thread);

/* Has the job done.  Where no thread can be had the loop waits for it. */
void file_thread_do(struct file_thread *thread, struct file_job *job);

#endif
