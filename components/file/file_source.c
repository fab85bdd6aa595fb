#include "components/file/file_source.h"

#include <errno.h>

#include "graph/component.h"

static int read_chunk(struct file_source *source, struct component *self, size_t most,
                      struct message **chunk)
{
    struct pool *pool = component_pool(self);
    unsigned char *to;
    size_t room;
    ssize_t got;

    if (pool_is_short(pool)) {
        component_wait_for_memory(self);
        return -EAGAIN;
    }
    to = message_reserve(pool, most, &room);
    got = file_input_read(&source->input, to, most);
    if (got <= 0) {
        return (int)got;
    }
    source->bytes += (size_t)got;
    *chunk = message_commit(pool, (size_t)got);
    return 1;
}

/* Takes the next line out of the chunk, which goes once it is used up. */
static struct message *take_line(struct file_source *source, struct pool *pool)
{
    struct message *chunk = source->chunk;
    size_t size;
    struct message *line = line_splitter_take(&source->splitter, pool, chunk, &size);

    chunk->data += size;
    chunk->size -= (uint32_t)size;
    if (chunk->size == 0) {
        source->chunk = NULL;
        message_release(chunk);
    }
    return line;
}

int file_source_step(struct file_source *source, struct component *self, size_t most,
                     struct message **msg)
{
    *msg = NULL;
    if (!source->makes_lines) {
        return read_chunk(source, self, most, msg);
    }
    if (source->chunk == NULL) {
        return read_chunk(source, self, most, &source->chunk);
    }
    *msg = take_line(source, component_pool(self));
    return 1;
}

struct message *file_source_take_rest(struct file_source *source, struct component *self)
{
    source->splitter.is_overlong = false;
    return line_splitter_has_rest(&source->splitter)
               ? line_splitter_take_rest(&source->splitter, component_pool(self))
               : NULL;
}

void file_source_close(struct file_source *source)
{
    file_input_close(&source->input);
    line_splitter_deinit(&source->splitter);
    if (source->chunk != NULL) {
        message_release(source->chunk);
        source->chunk = NULL;
    }
}
