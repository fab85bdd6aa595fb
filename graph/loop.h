/* A loop: libev, the queue of components with work, the pool of messages, the services; all that
 * one thread needs, shared with no other.  See workers.h for several of them.
 *
 *     epoll ─► watchers ─► wake ─► [run queue: a, b, c] ─► run each for a turn ─► epoll
 *
 * The queue is FIFO and is run whenever libev has called the watchers that were due.  A component's
 * turn is bounded: who has taken TURN messages goes on behind the others, and who has other work
 * left goes on when sockets have been looked at.  So they are, however busy the graph is.  With
 * nothing to do the loop sleeps in epoll_wait: no timer, no wake-up of its own. */
#ifndef AXOND_GRAPH_LOOP_H
#define AXOND_GRAPH_LOOP_H

#include <ev.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "graph/component.h"
#include "graph/held.h"
#include "graph/list.h"
#include "graph/mailbox.h"
#include "graph/message.h"
#include "graph/places.h"
#include "graph/talk.h"

enum { TURN = 64 }; /* messages that a component may take in one turn */

#define LEAVE_TIMEOUT 10.0 /* s, unless the owner of the loop sets another */

struct component_type;
struct ledger;
struct listeners;
struct metrics;
struct metrics_writer;
struct workers;

/* What the owner of a loop wants to hear.  Any may be NULL. */
struct loop_hooks {
    void *arg;
    void (*log)(void *arg, enum log_level level, const char *path, const char *peer,
                const char *text);
    /* Whether a line of this level would be seen; NULL: any would. */
    bool (*wants)(void *arg, enum log_level level);
    /* A component began or ended (its state says which). */
    void (*changed)(void *arg, const struct component *component);
    /* All components of a root graph have ended but those that changes have taken out of it. */
    void (*present_ended)(void *arg, struct graph *graph);
    /* The last of those has ended, while others run. */
    void (*leavers_ended)(void *arg, struct graph *graph);
    /* All components of a root graph have ended; it may be destroyed from a later iteration on. */
    void (*graph_ended)(void *arg, struct graph *graph);
    /* Metrics are written: adds its own, by metrics_write(). */
    void (*metrics)(void *arg, struct metrics_writer *writer);
};

/* Somebody who is told when components come or go, or are linked in another way. */
struct loop_watch {
    struct list link; /* in the loop's watches */
    struct component *component;
    bool has_changed; /* set before the component is run; it takes it back when it looks */
};

/* Connections, of all workers together. */
struct connections {
    struct places places; /* taken by those that there are now */
    _Atomic uint64_t in_all;
    _Atomic uint64_t refused;
    uint64_t limit; /* 0: none; set while all workers are halted */
};

/* Components in the order in which they were woken, threaded through next_runnable. */
struct run_queue {
    struct component *first; /* NULL: none */
    struct component **end;  /* where the next one goes */
};

struct loop {
    struct ev_loop *ev;
    ev_idle idle; /* active while the queue is not empty after a pass: libev must not wait */
    int64_t ms;   /* loop_ms(), loop_seconds() */
    struct run_queue queue;  /* who has work */
    struct component **told; /* see loop_wake_told(); NULL while the queue is run */
    struct run_queue more;   /* who woke itself in this pass, and goes on in the next */
    struct pool pool;
    struct list graphs;          /* root graphs: the running one and those that drain */
    struct list services;        /* see service.h */
    struct list dead;            /* graphs with nothing alive in them, freed at the end of a pass */
    struct list drains;          /* see drain.h */
    struct list watches;         /* see loop_watch() */
    bool is_watched;             /* there are some, or the main thread has some */
    struct listeners *listeners; /* of all workers */
    struct waiting_table *waiting;             /* see waiting.h */
    struct list taps;                          /* see tap.h */
    unsigned taps_busy;                        /* calls of taps under way */
    bool has_gone_taps;                        /* some were removed meanwhile */
    const struct component_type *const *types; /* for services */
    struct loop_hooks hooks;
    struct talks talks;         /* how much is logged */
    struct held held;           /* turns that took too long */
    struct ledger *ledger;      /* NULL: nobody wants metrics */
    struct metrics *metrics;    /* likewise, see metrics.h */
    uint64_t held_back;         /* lines of the log, see talk.h */
    struct component **thirsty; /* wait for memory; each keeps its graph */
    size_t thirsty_count;
    struct workers *workers;         /* NULL: it is alone */
    unsigned worker;                 /* which one it is, from 0 */
    struct mailbox mailbox;          /* read where there are workers */
    struct connections *connections; /* of all workers */
    double born;                     /* ev_time() */
    uint64_t turns;                  /* component runs */
    double leave_timeout;            /* s that those without connections may take to end */
    size_t leavers;        /* components that changes of root graphs have taken out, see root.h */
    uint32_t graphs_alive; /* of connections and services */
    uint32_t graphs_peak;  /* since memory was last given back */
};

/* types: the registry, NULL-ended; borrowed.  Returns NULL with errno set if libev has no backend.
 */
struct loop *loop_create(const struct component_type *const *types, const struct loop_hooks *hooks);

/* Destroys graphs, services and all. */
void loop_destroy(struct loop *loop);

/* For workers.c: a loop becomes one of several, which share what the first has; or is alone again.
 */
void loop_join_workers(struct loop *loop, struct workers *workers, unsigned index);
void loop_leave_workers(struct loop *loop);

/* Runs until loop_stop().  May be called again. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* One iteration, for tests: wait says whether it may sleep. */
void loop_once(struct loop *loop, bool wait);

/* Runs components until none has work; for tests.  Returns the number of runs. */
unsigned loop_settle(struct loop *loop);

/* Puts a component that is in no queue at the end of this one. */
static inline void run_queue_add(struct run_queue *queue, struct component *component)
{
    component->flags |= COMPONENT_QUEUED;
    component->next_runnable = NULL;
    *queue->end = component;
    queue->end = &component->next_runnable;
}

/* As component_wake(), for whom a descriptor that is ready wakes.  libev invokes its watchers last
 * one first: each goes before those that this iteration's others have woken, so that they are run
 * in the order in which the kernel had them ready.  Else who was ready first would wait longest. */
void loop_wake_told(struct loop *loop, struct component *component);

/* Puts a component into the queue once the pool is no longer short. */
void loop_wait_for_memory(struct loop *loop, struct component *component);

/* Has a component run after each change of what there is, on whatever worker, until loop_unwatch().
 * Many changes at once are one.  The loop must be the main thread's. */
void loop_watch(struct loop *loop, struct loop_watch *watch, struct component *component);
void loop_unwatch(struct loop *loop, struct loop_watch *watch);

void loop_wake_watches(struct loop *loop);

/* Something has changed.  The runtime says so when a component starts or ends; whoever links or
 * unlinks those that run, and starts or ends none with it, says so himself. */
static inline void loop_changed(struct loop *loop)
{
    if (loop->is_watched) {
        loop_wake_watches(loop);
    }
}

/* ms since the loop was born, as of this iteration; wraps after 49 days: only differences count. */
static inline uint32_t loop_ms(const struct loop *loop)
{
    return (uint32_t)loop->ms;
}

/* s since the loop was born, as of this iteration. */
static inline uint32_t loop_seconds(const struct loop *loop)
{
    return (uint32_t)(loop->ms / 1000);
}

const struct component_type *loop_find_type(const struct loop *loop, const char *name);

__attribute__((format(printf, 4, 5))) void loop_log(struct loop *loop, enum log_level level,
                                                    const char *path, const char *format, ...);

/* The same, of a text; path and peer may be NULL. */
void loop_say(struct loop *loop, enum log_level level, const char *path, const char *peer,
              const char *text);

/* Called by graph.c when something was freed: gives memory back after a crowd has left. */
void loop_graph_freed(struct loop *loop);

#endif
