/* Threads for work that would hold the loop.
 *
 * Such a thread has memory of its own or what was handed to it, touches no loop but by
 * ev_async_send(), and says nothing in the log.  Signals are the loop's: in it, all are blocked. */
#ifndef AXOND_GRAPH_THREAD_H
#define AXOND_GRAPH_THREAD_H

#include <pthread.h>

#include "graph/mem.h"

/* Has a new thread call run(arg), with a stack that does for the loader's recursion.  *thread is to
 * be joined or detached.  Returns 0 or -errno: no thread can be had. */
MUST_CHECK int thread_create(pthread_t *thread, void *(*run)(void *arg), void *arg);

/* The same of a thread that nobody waits for.  Where none can be had, calls run(arg) at once. */
void thread_create_detached(void *(*run)(void *arg), void *arg);

#endif
