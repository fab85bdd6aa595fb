/* Pipes: bytes on their way from one descriptor to another that never leave the kernel (splice(2)).
 *
 *     socket ──splice──► pipe, in a PIPED message ──► inbox ──splice──► socket
 *
 * A message in a pipe is a message like others: it is counted, bounded, kept in order, and dropped
 * or moved with the rest.  Who sends one looks first that nothing but its end will see it:
 * outbox_takes_pipes().  Pipes are kept for the next one while somebody uses them. */
#ifndef AXOND_GRAPH_PIPE_H
#define AXOND_GRAPH_PIPE_H

#include <stdbool.h>
#include <stddef.h>

struct component;
struct pool;

struct pipe {
    struct pipe *next; /* among the free ones */
    int out, in;       /* read from out what was written to in */
};

enum { PIPE_SIZE = 256 * 1024 };

/* Counts those who send by pipes; with the last one, the pool's free ones are closed. */
void pipes_use(struct pool *pool);
void pipes_leave(struct pool *pool);

/* An empty pipe; NULL with errno set: there is none to be had. */
struct pipe *pipe_acquire(struct pool *pool);
void pipe_release(struct pool *pool, struct pipe *pipe, bool is_empty);

/* Closes the free ones. */
void pipes_trim(struct pool *pool);

/* True if what is sent on this outbox now goes straight to an inbox that takes pipes, and nobody
 * looks at it on the way. */
bool outbox_takes_pipes(struct component *self, unsigned index);

/* As outbox_has_room(), for a message in a pipe, which may have four times the bound of an inbox:
 * there is none as soon as anything waits there. */
bool outbox_has_room_for_pipe(struct component *self, unsigned index);

#endif
