#include "components/protocol/line_splitter.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEAST_BUFFER = 256, /* bytes */
    KEPT_BUFFER = 1024, /* a buffer up to this size stays when it is empty */
};

/* Keeps the beginning of a line; fits within max_line. */
static void keep(struct line_splitter *splitter, const struct message *msg)
{
    const size_t needed = splitter->used + message_size(msg);

    if (needed > splitter->capacity) {
        size_t capacity = splitter->capacity > 0 ? splitter->capacity : LEAST_BUFFER;

        while (capacity < needed) {
            capacity *= 2;
        }
        splitter->buffer = mem_resize_array(splitter->buffer, capacity, 1);
        splitter->capacity = (uint32_t)capacity;
    }
    memcpy(splitter->buffer + splitter->used, msg->data, message_size(msg));
    splitter->used = (uint32_t)needed;
}

static void empty_buffer(struct line_splitter *splitter)
{
    splitter->used = 0;
    if (splitter->capacity > KEPT_BUFFER) {
        line_splitter_deinit(splitter);
    }
}

/* What was kept and the first "size" bytes of a message (or NULL), in one message. */
static struct message *join(struct line_splitter *splitter, struct pool *pool,
                            const struct message *msg, size_t size)
{
    struct message *line;
    size_t room;
    unsigned char *to = message_reserve(pool, splitter->used + size, &room);

    memcpy(to, splitter->buffer, splitter->used);
    if (size > 0) {
        memcpy(to + splitter->used, msg->data, size);
    }
    line = message_commit(pool, splitter->used + size);
    empty_buffer(splitter);
    return line;
}

/* The line without its end; the message is given up. */
static struct message *strip(struct pool *pool, struct message *line)
{
    size_t size = message_size(line) - 1;
    struct message *stripped;

    if (size > 0 && line->data[size - 1] == '\r') {
        size--;
    }
    stripped = message_slice(pool, line, 0, size);
    message_release(line);
    return stripped;
}

/* The line that ends with the first "size" bytes, and what was kept of it before. */
static struct message *take_line(struct line_splitter *splitter, struct pool *pool,
                                 const struct message *from, size_t size)
{
    struct message *line =
        splitter->used > 0 ? join(splitter, pool, from, size) : message_slice(pool, from, 0, size);

    return splitter->strip_newline ? strip(pool, line) : line;
}

struct message *line_splitter_take(struct line_splitter *splitter, struct pool *pool,
                                   const struct message *from, size_t *size)
{
    const unsigned char *newline = memchr(from->data, '\n', message_size(from));
    const size_t length = newline != NULL ? (size_t)(newline - from->data) : message_size(from);

    *size = newline != NULL ? length + 1 : length;
    if (splitter->is_overlong && splitter->used > 0) {
        *size = 0;
        return join(splitter, pool, NULL, 0); /* what was kept is the first piece */
    }
    if (splitter->is_overlong) {
        splitter->is_overlong = newline == NULL;
        return message_slice(pool, from, 0, *size);
    }
    if (length > splitter->max_line - splitter->used) {
        splitter->is_overlong = true;
        splitter->overlong_lines++;
        *size = 0;
        return NULL;
    }
    if (newline != NULL) {
        return take_line(splitter, pool, from, *size);
    }
    keep(splitter, from);
    return NULL;
}

struct message *line_splitter_take_rest(struct line_splitter *splitter, struct pool *pool)
{
    return join(splitter, pool, NULL, 0);
}

void line_splitter_deinit(struct line_splitter *splitter)
{
    free(splitter->buffer);
    splitter->buffer = NULL;
    splitter->used = 0;
    splitter->capacity = 0;
}
