/* Blueprints, from inside: how an instance lies in memory.  graph.h is what others use.
 *
 *     struct graph | cell | cell | …          the prototype, and each instance
 *        ▲   slots: the places in it that point into itself */
#ifndef AXOND_GRAPH_BLUEPRINT_H
#define AXOND_GRAPH_BLUEPRINT_H

#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"

/* A box at the edge: which one of which component. */
struct edge_box {
    uint32_t component; /* offset of its cell, bytes */
    uint8_t index;
    bool is_inbox;
};

/* A linkage from inside to a component of the root graph. */
struct outer_linkage {
    uint32_t component; /* offset of its cell, bytes */
    uint8_t outbox;
    uint8_t inbox;
    size_t to; /* index in the root's plan */
};

struct blueprint {
    const struct plan *plan;
    struct loop *loop;
    struct graph *prototype;
    size_t size;       /* bytes of an instance */
    uint32_t *offsets; /* of the cells, by the plan's index */
    uint32_t *slots;   /* offsets of pointers to be moved along */
    size_t slot_count;
    struct edge_box *edges[EDGES];
    size_t edge_counts[EDGES];
    struct outer_linkage *outer;
    size_t outer_count;
    struct sheet *sheet; /* see ledger.c; NULL: none yet */
    size_t instances;
    struct graph *spare; /* memory of an instance that has ended, for the next one; or NULL */
    bool is_released;
    bool is_replaced; /* by one of another definition, for what is made from now on */
};

static inline struct component *blueprint_component(const struct graph *graph, size_t index)
{
    return (struct component *)(void *)((char *)(uintptr_t)graph +
                                        graph->blueprint->offsets[index]);
}

/* Frees an instance's memory. */
void blueprint_free_instance(struct graph *graph);

#endif
