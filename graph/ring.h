/* Rings: a bounded queue of records from one thread to one other, without a lock.
 *
 *     ring_put() ─► [ head, bytes | head, bytes | … ] ─► ring_peek(), ring_drop()
 *       one thread         RING_SIZE bytes                 another
 *
 * What is put is seen by the other side once it is published, many records at a time. */
#ifndef AXOND_GRAPH_RING_H
#define AXOND_GRAPH_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RING_SIZE = 64 * 1024,        /* bytes, a power of two */
    RING_LONGEST = RING_SIZE / 8, /* bytes of one record that lie in the ring */
};

/* What lies before the bytes of a record. */
struct ring_head {
    uint32_t size; /* of the bytes */
    uint16_t tag;  /* these three are the user's */
    uint16_t kind;
    int32_t error;
    uint32_t skip; /* 1: nothing is here but the way to the ring's start */
};

struct ring {
    /* the writer's */
    uint32_t written;   /* bytes since ever, wraps: also what is not published yet */
    uint32_t seen_read; /* .read, as last looked at */
    _Atomic uint32_t published;
    char apart[64]; /* the two sides' cache lines */
    /* the reader's */
    uint32_t taken;
    uint32_t seen_published;
    _Atomic uint32_t read;
    char apart_too[64];
    unsigned char *bytes; /* NULL until the first record is put */
};

/* Frees what it has; zeroes are an empty ring. */
void ring_deinit(struct ring *ring);

/* ---- the writer's side ---- */

/* Puts a record of at most RING_LONGEST bytes.  Returns false if there is no room for it. */
bool ring_put(struct ring *ring, const struct ring_head *head, const void *bytes);

/* Shows the reader what was put.  Returns false if there is nothing new. */
bool ring_publish(struct ring *ring);

/* ---- the reader's side ---- */

/* The oldest record, which stays until ring_drop(); its bytes follow it.  NULL: there is none. */
const struct ring_head *ring_peek(struct ring *ring);
void ring_drop(struct ring *ring);

/* Lets the writer have the room of what was dropped. */
void ring_give_back(struct ring *ring);

#endif
