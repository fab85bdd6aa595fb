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

/* Nobody holds it any more. */
static void block_destroy(struct block *block)
{
    struct pool *pool = block->pool;

    if (block->capacity == BLOCK_SIZE && pool->cached_blocks < CACHED_BLOCKS) {
        block->next = pool->free_blocks;
        pool->free_blocks = block;
        pool->cached_blocks++;
    } else {
        pool->memory -= block->capacity;
        free(block);
    }
}

static inline void block_release(struct block *block)
{
    if (--block->refs == 0) {
        block_destroy(block);
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

/* A size in whole cache lines. */
static inline size_t in_lines(size_t size)
{
    return (size + MESSAGE_LINE - 1) & ~(size_t)(MESSAGE_LINE - 1);
}

void pool_fill_another(struct pool *pool, size_t least)
{
    struct block *block;

    stop_filling(pool);
    block = pool->free_blocks;
    if (least > BLOCK_SIZE) {
        block = block_create(pool, in_lines(least));
    } else if (block != NULL) {
        pool->free_blocks = block->next;
        pool->cached_blocks--;
        block->refs = 1;
    } else {
        block = block_create(pool, BLOCK_SIZE);
    }
    pool->filling = block;
    pool->filled = 0;
}

/* Puts a message into the free list. */
static inline void put_back(struct pool *pool, struct message *msg)
{
    msg->next = pool->free_messages;
    pool->free_messages = msg;
    pool->cached_messages++;
}

/* Off the way of all but the first messages: has one in the free list. */
static __attribute__((noinline, cold)) void message_allocate(struct pool *pool)
{
    struct message *msg = mem_alloc(sizeof(*msg));

    msg->pool = pool;
    pool->mallocs++;
    if (pool->freed_messages > 0) { /* one more should have been kept */
        pool->freed_messages--;
        pool->kept_messages += pool->kept_messages < MOST_KEPT_MESSAGES;
    }
    put_back(pool, msg);
}

static inline struct message *message_create(struct pool *pool)
{
    struct message *msg;

    if (UNLIKELY(pool->free_messages == NULL)) {
        message_allocate(pool);
    }
    msg = pool->free_messages;
    pool->free_messages = msg->next;
    pool->cached_messages--;
    return msg;
}

static inline struct message *data_create(struct pool *pool, struct block *block,
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

    pool->filled += (uint32_t)in_lines(used);
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

/* Whatever a message holds; and it may be one too many. */
static __attribute__((noinline)) void release_specially(struct message *msg)
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
        put_back(pool, msg);
    } else {
        free(msg);
        pool->freed_messages++;
    }
}

/* True if nothing else goes with a message: others hold its block, or a notice is about nobody. */
static inline bool is_all(const struct message *msg)
{
    return msg->kind == DATA ? msg->block->refs > 1 : msg->kind != PIPED && msg->about == NULL;
}

void message_release(struct message *msg)
{
    struct pool *pool = msg->pool;

    if (LIKELY(is_all(msg)) && LIKELY(pool->cached_messages < pool->kept_messages)) {
        if (msg->kind == DATA) {
            msg->block->refs--;
        }
        put_back(pool, msg);
    } else {
        release_specially(msg);
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
