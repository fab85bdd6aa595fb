/* Root graphs, from inside: a file's graph is one, or has a part on each worker (placement.h).
 *
 *     plan ─► part on worker 0:  server  echo  audit        all made from one plan
 *             part on worker 1:  server  echo  (stand-in)
 *
 * A part is a root graph of its loop.  Where others speak of the graph they mean the part on worker
 * 0, and what is done to it by graph.h is done to all; graph_ended is told once all have ended. */
#ifndef AXOND_GRAPH_ROOT_H
#define AXOND_GRAPH_ROOT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "graph/graph.h"
#include "graph/mailbox.h"
#include "graph/workers.h"

/* What the parts of one root graph share. */
struct parts {
    unsigned count;
    struct loop *main;                /* of worker 0 */
    struct graph *part[WORKERS_MOST]; /* by worker */
    uint8_t *places;                  /* see placement.h */
    _Atomic unsigned refs;            /* the maker's, a part's each, and a letter's under way */
    _Atomic unsigned living;          /* parts with something alive in them */
    _Atomic unsigned busy;            /* draining parts with something that takes in from outside */
    bool is_destroyed;                /* set by the main thread, while it has halted the others */
    struct letter ended;              /* to the main thread, as the next */
    struct letter quiet;
    pthread_mutex_t lock;  /* of the two below */
    struct list crossings; /* see crossing.c */
    struct shared *shared; /* see share.c; likewise locked */
};

/* What only root graphs have. */
struct root {
    struct component **components; /* by index of the plan; NULL: it lives on another worker */
    struct parts *parts;           /* NULL: the graph is in one piece */
    struct list ends;              /* of crossings, that lie in this part */
};

/* NULL: the graph is in one piece, or an instance. */
static inline struct parts *parts_of(const struct graph *graph)
{
    return graph->holder == NULL ? graph->root->parts : NULL;
}

/* The caller has a reference. */
struct parts *parts_create(struct loop *loop, const struct plan *plan);
void parts_unref(struct parts *parts);

/* Posts a letter to a worker; who opens it gives a reference back. */
void parts_post(struct parts *parts, unsigned worker, struct letter *letter);

/* All components of a part have ended: if it is the last, the owner of the loops is told. */
void part_ended(struct graph *part);

/* Makes a graph, or one part of it (parts is not NULL), without linkages.  Takes over one reference
 * of the plan. */
struct graph *root_create(struct loop *loop, struct plan *plan, struct parts *parts);

/* Makes the linkages, once all parts are there. */
void root_link(struct graph *part);

/* A component by index of the plan, or what stands for it here. */
struct component *root_reach(struct graph *part, size_t index);

/* Frees it, with its plan's reference. */
void root_free(struct graph *graph);

#endif
