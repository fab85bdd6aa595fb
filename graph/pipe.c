#include "graph/pipe.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "graph/component.h"
#include "graph/message.h"

enum { CACHED_PIPES = 64 };

static void pipe_destroy(struct pipe *pipe)
{
    (void)close(pipe->out);
    (void)close(pipe->in);
    free(pipe);
}

void pipes_use(struct pool *pool)
{
    pool->pipe_users++;
}

void pipes_leave(struct pool *pool)
{
    if (--pool->pipe_users == 0) {
        pipes_trim(pool);
    }
}

struct pipe *pipe_acquire(struct pool *pool)
{
    struct pipe *pipe = pool->free_pipes;
    int ends[2];

    if (pipe != NULL) {
        pool->free_pipes = pipe->next;
        pool->cached_pipes--;
        return pipe;
    }
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) == -1) {
        return NULL;
    }
    (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE); /* beyond a user's share it stays as it is */
    pipe = mem_alloc(sizeof(*pipe));
    pipe->out = ends[0];
    pipe->in = ends[1];
    return pipe;
}

void pipe_release(struct pool *pool, struct pipe *pipe, bool is_empty)
{
    if (!is_empty || pool->cached_pipes >= CACHED_PIPES || pool->pipe_users == 0) {
        pipe_destroy(pipe);
        return;
    }
    pipe->next = pool->free_pipes;
    pool->free_pipes = pipe;
    pool->cached_pipes++;
}

void pipes_trim(struct pool *pool)
{
    while (pool->free_pipes != NULL) {
        struct pipe *pipe = pool->free_pipes;

        pool->free_pipes = pipe->next;
        pipe_destroy(pipe);
    }
    pool->cached_pipes = 0;
}

bool outbox_takes_pipes(struct component *self, unsigned index)
{
    const struct outbox *out = component_outbox(self, index);

    return out != NULL && out->sink != NULL && (out->sink->box.flags & BOX_TAKES_PIPES) != 0 &&
           ((out->box.flags | out->sink->box.flags) & (BOX_SPECIAL | BOX_PASSES)) == 0;
}

bool outbox_has_room_for_pipe(struct component *self, unsigned index)
{
    struct outbox *out = component_outbox(self, index);

    return out == NULL || out->sink == NULL || out->sink->box.last == NULL ||
           outbox_wait_for_room(self, out);
}
