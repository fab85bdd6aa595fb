#include "graph/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph/component.h"
#include "graph/graph.h"
#include "graph/pipe.h"

enum {
    KEPT_MESSAGES = 1024, /* as many as a busy iteration with a thousand connections needs */
    MOST_KEPT_MESSAGES = 64 * 1024, /* 4 MiB; a fan-out to thousands needs one for each of them */
    CACHED_BLOCKS = 8,
    TRIMMED_MESSAGES = 256, /* what pool_trim() leaves */
    TRIMMED_BLOCKS = 2,
    /* A read gets at least this much, or a fresh block: bulk is not read in crumbs. */
    LEAST_ROOM = 16 * 1024,
};

static const char *const kind_names[MESSAGE_KINDS] = {
    [DATA] = "data",
    [PIPED] = "data",
    [PRODUCER_FINISHED] = "producerFinished",
    [SHUTDOWN_MICROPROCESS] = "shutdownMicroprocess",
    [SERVER_SHUTDOWN] = "serverShutdown",
    [SOCKET_SHUTDOWN] = "socketShutdown",
    [NEW_CSA] = "newCSA",
    [SHUTDOWN_CSA] = "shutdownCSA",
    [NEW_READER] = "newReader",
    [NEW_WRITER] = "newWriter",
    [NEW_EXCEPTIONAL] = "newExceptional",
    [REMOVE_READER] = "removeReader",
    [REMOVE_WRITER] = "removeWriter",
    [REMOVE_EXCEPTIONAL] = "removeExceptional",
};

void pool_init(struct pool *pool)
{
    *pool = (struct pool){.kept_messages = KEPT_MESSAGES};
}

static void drop_cached(struct pool *pool, uint32_t messages, uint32_t blocks)
{
    while (pool->cached_messages > messages) {
        struct message *msg = pool->free_messages;

        pool->free_messages = msg->next;
        pool->cached_messages--;
        free(msg);
    }
    while (pool->cached_blocks > blocks) {
        struct block *block = pool->free_blocks;

        pool->free_blocks = block->next;
        pool->cached_blocks--;
        pool->memory -= block->capacity;
        free(block);
    }
}

static struct block *block_create(struct pool *pool, size_t capacity)
{
    /* not zeroed: pages that no read has reached cost nothing */
    struct block *block = mem_resize_array(NULL, 1, sizeof(*block) + capacity);

    block->pool = pool;
    block->refs = 1;
    block->capacity = (uint32_t)capacity;
    pool->memory += capacity;
    pool->mallocs++;
    return block;
}

static void block_release(struct block *block)
{
    struct pool *pool = block->pool;

    if (--block->refs > 0) {
        return;
    }
    if (block->capacity == BLOCK_SIZE && pool->cached_blocks < CACHED_BLOCKS) {
        block->next = pool->free_blocks;
        pool->free_blocks = block;
        pool->cached_blocks++;
    } else {
        pool->memory -= block->capacity;
        free(block);
    }
}

static void stop_filling(struct pool *pool)
{
    if (pool->filling != NULL) {
        block_release(pool->filling);
        pool->filling = NULL;
    }
}

void pool_deinit(struct pool *pool)
{
    stop_filling(pool);
    drop_cached(pool, 0, 0);
    pipes_trim(pool);
}

void pool_trim(struct pool *pool)
{
    drop_cached(pool, TRIMMED_MESSAGES, TRIMMED_BLOCKS);
    pool->kept_messages = KEPT_MESSAGES;
    pool->freed_messages = 0;
}

bool pool_is_short(const struct pool *pool)
{
    return pool->memory_limit != 0 && pool->memory >= pool->memory_limit &&
           pool->cached_blocks == 0;
}

unsigned char *message_reserve(struct pool *pool, size_t least, size_t *room)
{
    struct block *block = pool->filling;

    if (block != NULL && block->refs == 1) {
        pool->filled = 0; /* nobody holds a slice of it any more */
    }
    if (block == NULL ||
        block->capacity - pool->filled < (least > LEAST_ROOM ? least : LEAST_ROOM)) {
        stop_filling(pool);
        if (least > BLOCK_SIZE) {
            block = block_create(pool, least);
        } else if (pool->free_blocks != NULL) {
            block = pool->free_blocks;
            pool->free_blocks = block->next;
            pool->cached_blocks--;
            block->refs = 1;
        } else {
            block = block_create(pool, BLOCK_SIZE);
        }
        pool->filling = block;
        pool->filled = 0;
    }
    *room = block->capacity - pool->filled;
    return block->bytes + pool->filled;
}

/* Off the way of all but the first messages. */
__attribute__((noinline)) static struct message *message_allocate(struct pool *pool)
{
    struct message *msg = mem_alloc(sizeof(*msg));

    msg->pool = pool;
    pool->mallocs++;
    if (pool->freed_messages > 0) { /* one more should have been kept */
        pool->freed_messages--;
        pool->kept_messages += pool->kept_messages < MOST_KEPT_MESSAGES;
    }
    return msg;
}

static struct message *message_create(struct pool *pool)
{
    struct message *msg = pool->free_messages;

    if (msg == NULL) {
        return message_allocate(pool);
    }
    pool->free_messages = msg->next;
    pool->cached_messages--;
    return msg;
}

static struct message *data_create(struct pool *pool, struct block *block,
                                   const unsigned char *data, size_t size)
{
    struct message *msg = message_create(pool);

    msg->kind = DATA;
    msg->error = 0;
    msg->size = (uint32_t)size;
    msg->data = data;
    msg->block = block;
    block->refs++;
    pool->messages++;
    pool->bytes += size;
    return msg;
}

struct message *message_commit(struct pool *pool, size_t used)
{
    struct message *msg =
        data_create(pool, pool->filling, pool->filling->bytes + pool->filled, used);

    /* the next slice starts on a cache line of its own */
    pool->filled += (uint32_t)((used + 63) & ~(size_t)63);
    if (pool->filled > pool->filling->capacity) {
        pool->filled = pool->filling->capacity;
    }
    return msg;
}

struct message *message_copy(struct pool *pool, const void *bytes, size_t size)
{
    size_t room;
    unsigned char *to = message_reserve(pool, size, &room);

    if (size > 0) {
        memcpy(to, bytes, size);
    }
    return message_commit(pool, size);
}

struct message *message_piped(struct pool *pool, struct pipe *pipe, size_t size)
{
    struct message *msg = message_create(pool);

    msg->kind = PIPED;
    msg->error = 0;
    msg->size = (uint32_t)size;
    msg->pipe = pipe;
    pool->messages++;
    pool->bytes += size;
    return msg;
}

void message_unpipe(struct message *msg)
{
    struct block *block = block_create(msg->pool, msg->size > 0 ? msg->size : 1);
    uint32_t size = 0;

    while (size < msg->size) {
        const ssize_t got = read(msg->pipe->out, block->bytes + size, msg->size - size);

        if (got > 0) {
            size += (uint32_t)got;
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    pipe_release(msg->pool, msg->pipe, size == msg->size);
    msg->kind = DATA;
    msg->block = block;
    msg->data = block->bytes;
}

struct message *message_share(struct pool *pool, const struct message *msg)
{
    REQUIRE(msg->kind != PIPED);
    if (msg->kind != DATA) {
        struct message *notice =
            message_notice(pool, (enum message_kind)msg->kind, msg->about, msg->error);

        notice->readiness = msg->readiness;
        return notice;
    }
    return data_create(pool, msg->block, msg->data, msg->size);
}

struct message *message_slice(struct pool *pool, const struct message *msg, size_t offset,
                              size_t size)
{
    REQUIRE(msg->kind == DATA && offset <= msg->size && size <= msg->size - offset);
    return data_create(pool, msg->block, msg->data + offset, size);
}

void message_compact(struct message *msg)
{
    struct block *block;

    if (msg->kind != DATA || msg->size >= msg->block->capacity / 8) {
        return;
    }
    block = block_create(msg->pool, msg->size > 0 ? msg->size : 1);
    memcpy(block->bytes, msg->data, msg->size);
    block_release(msg->block);
    msg->block = block;
    msg->data = block->bytes;
}

struct message *message_notice(struct pool *pool, enum message_kind kind, struct component *about,
                               int error)
{
    struct message *msg = message_create(pool);

    msg->kind = (uint8_t)kind;
    msg->error = error;
    msg->size = 0;
    msg->about = about != NULL ? component_ref(about) : NULL;
    msg->readiness = NULL;
    return msg;
}

void message_release(struct message *msg)
{
    struct pool *pool = msg->pool;

    if (msg->kind == DATA) {
        block_release(msg->block);
    } else if (msg->kind == PIPED) {
        pipe_release(pool, msg->pipe, msg->size == 0);
    } else if (msg->about != NULL) {
        if (msg->kind == NEW_CSA && msg->about->state == CREATED) {
            graph_destroy(msg->about->graph); /* nobody took the connection: it is closed */
        }
        component_unref(msg->about);
    }
    if (pool->cached_messages < pool->kept_messages) {
        msg->next = pool->free_messages;
        pool->free_messages = msg;
        pool->cached_messages++;
    } else {
        free(msg);
        pool->freed_messages++;
    }
}

const char *message_kind_name(enum message_kind kind)
{
    return kind < MESSAGE_KINDS ? kind_names[kind] : "?";
}

enum message_kind message_kind_by_name(const char *name)
{
    enum message_kind kind = PRODUCER_FINISHED;

    while (kind < MESSAGE_KINDS && strcmp(name, kind_names[kind]) != 0) {
        kind++;
    }
    return kind;
}
