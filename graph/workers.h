/* Workers: several loops, each with a thread of its own, that run one graph together.
 *
 *     main thread ─► loops[0]     signals, control socket, and components
 *     thread 1    ─► loops[1]     components
 *     …
 *
 * Nothing that a loop has is touched by another thread, with one exception: the main thread may
 * halt the others between two iterations of theirs, and then look at everything and change it as if
 * it were alone.  That is how a graph is started, reloaded, inspected and ended.  While the graph
 * runs, workers send each other letters (mailbox.h) and messages (crossing.h).
 *
 * A loop that is alone has no workers: all functions here take NULL for that, and do nothing. */
#ifndef AXOND_GRAPH_WORKERS_H
#define AXOND_GRAPH_WORKERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "graph/mailbox.h"
#include "graph/mem.h"

struct component_type;
struct loop;
struct loop_hooks;

enum { WORKERS_MOST = 64 };

struct worker {
    struct workers *workers;
    struct loop *loop;
    pthread_t thread; /* [0]: the main one */
    bool has_thread;  /* of its own */
    struct letter halt;
    struct letter stop;
    struct letter changed; /* to the main thread, which has watches */
};

struct workers {
    unsigned count;
    struct worker *worker; /* [0] is the main thread's */
    unsigned depth;        /* of workers_halt(); the main thread's */
    pthread_mutex_t lock;  /* of the two below */
    pthread_cond_t turned;
    unsigned halted; /* threads that stand still */
    unsigned epoch;  /* counts the times that they were let go */
};

/* Makes count - 1 loops beside the first, which is the caller's and stays so.  Their listeners, and
 * the counts of connections, are those of the first.  hooks are called in the thread of each loop,
 * but for graph_ended, which is called in the main thread.
 * count: 2 .. WORKERS_MOST.  Returns NULL with errno set if a loop could not be made. */
struct workers *workers_create(struct loop *first, unsigned count,
                               const struct component_type *const *types,
                               const struct loop_hooks *hooks);

/* Starts the threads, which take no signals.  Returns 0 or -errno: then none runs. */
MUST_CHECK int workers_start(struct workers *workers);

/* Ends the threads, once they have come to the end of their iterations. */
void workers_stop(struct workers *workers);

/* Destroys the loops and what is in them, but for the first loop.  The threads must have ended, and
 * no graph may be left. */
void workers_destroy(struct workers *workers);

/* Halts all threads but the caller's, which is the main thread, and lets them go.  Calls nest. */
void workers_halt(struct workers *workers);
void workers_release(struct workers *workers);

/* True in the main thread. */
bool workers_is_main(const struct workers *workers);

/* The loop of a worker; loop: any of them. */
struct loop *worker_loop(struct loop *loop, unsigned index);

/* How many loops there are beside this one, with it. */
unsigned worker_count(const struct loop *loop);

/* For loop.c: another worker's loop than the main thread's has changed. */
void workers_tell_main(struct loop *loop);

#endif
