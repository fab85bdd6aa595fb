/* Messages: what travels along linkages.
 *
 *     struct message ──► struct block (counted)
 *      data, size ─────────►[......the slice......            ]
 *
 * A message is data (a slice of a reference-counted block of bytes, read-only once sent) or a
 * notice (Kamaelia's Axon.Ipc and ConnectedSocketAdapter's messages, one kind for each).
 *
 * 1. Whoever holds a message passes it on or releases it; there is one holder at a time.
 * 2. Several messages may share a block (fan-out, framing, taps); bytes are never copied for it.
 * 3. Messages and blocks come from the free lists of a pool, one pool for each loop: in steady
 *    state no message costs a malloc.  The list of messages is as long as use has shown that it
 *    must be: each malloc that a message freed before would have saved makes it longer by one.
 * 4. New bytes are written where message_reserve() says and become a message by message_commit().
 *    Small reads share one block, and when all of them are gone it is used again from its start:
 *    a ping-pong runs in the same few cache lines for ever. */
#ifndef AXOND_GRAPH_MESSAGE_H
#define AXOND_GRAPH_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/mem.h"

struct component;
struct pipe;
struct readiness;

enum message_kind {
    DATA = 0,
    PIPED,                 /* data that stays in the kernel: .size bytes in .pipe (pipe.h) */
    PRODUCER_FINISHED,     /* "no more from me": finish what is queued, pass it on, end */
    SHUTDOWN_MICROPROCESS, /* "stop now": drop what is queued, pass it on, end */
    SERVER_SHUTDOWN,       /* to a server: stop listening, let connections end */
    SOCKET_SHUTDOWN,       /* the connection in .about is over; .error says why (0: in order) */
    NEW_CSA,               /* .about is a new ConnectedSocketAdapter, to be linked and started */
    SHUTDOWN_CSA,          /* .about has ended: unlink and forget it */
    NEW_READER,            /* to the Selector: tell .about when .readiness can be read */
    NEW_WRITER,
    NEW_EXCEPTIONAL,
    REMOVE_READER, /* to the Selector: no longer */
    REMOVE_WRITER,
    REMOVE_EXCEPTIONAL,
    MESSAGE_KINDS,
};

/* Each message's bytes begin on a cache line of their own. */
enum { MESSAGE_LINE = 64 };

/* Bytes that a block of the free list holds; longer reservations get a block of their own. */
enum { BLOCK_SIZE = 64 * 1024 };

/* A reservation gets at least this much, or a fresh block: bulk is not read in crumbs. */
enum { LEAST_ROOM = 16 * 1024 };

/* What a message costs an inbox whose bound is in bytes, beside its bytes: its header. */
enum { MESSAGE_COST = 64 };

struct block {
    struct pool *pool;
    struct block *next; /* in the free list */
    uint32_t refs;
    uint32_t capacity; /* bytes; of one that is filled, a multiple of MESSAGE_LINE */
    unsigned char bytes[];
};

struct message {
    struct message *next; /* in an inbox or in the free list */
    struct pool *pool;    /* where it goes back to */
    uint32_t size;        /* bytes of data, piped or not; 0 in a notice */
    uint8_t kind;         /* enum message_kind */
    int error;            /* of a notice: an errno, why; 0: in order */
    union {
        struct { /* DATA */
            const unsigned char *data;
            struct block *block; /* one reference is ours */
        };
        struct {                         /* notices */
            struct component *about;     /* or NULL; kept allocated while the notice lives */
            struct readiness *readiness; /* for the Selector's; borrowed */
        };
        struct pipe *pipe; /* PIPED: ours */
    };
};

/* The free lists of one loop, and the block that is being filled. */
struct pool {
    struct pipe *free_pipes; /* see pipe.h */
    uint32_t cached_pipes;
    uint32_t pipe_users;
    struct message *free_messages;
    struct block *free_blocks;
    struct block *filling; /* the pool has a reference of its own; NULL: none yet */
    uint32_t filled;       /* bytes of it handed out */
    uint32_t cached_messages;
    uint32_t kept_messages;  /* as many are cached at most */
    uint32_t freed_messages; /* that were too many, and not yet missed */
    uint32_t cached_blocks;
    size_t memory;       /* bytes in blocks now, in use or cached */
    size_t memory_limit; /* bytes; message_memory_is_short() once reached.  0: none */
    uint64_t messages;   /* data messages made */
    uint64_t bytes;      /* in them */
    uint64_t mallocs;    /* calls of the allocator, for tests and benchmarks */
};

void pool_init(struct pool *pool);

/* Frees what is cached.  Messages that are still held must be released before. */
void pool_deinit(struct pool *pool);

/* Gives back to the system what is cached beyond a working set. */
void pool_trim(struct pool *pool);

/* True when blocks take the memory_limit: who reads from outside waits until it is over. */
bool pool_is_short(const struct pool *pool);

/* Where the next bytes go: at least "least" bytes (1 .. UINT32_MAX/2), *room says how many.  The
 * reservation ends with the next call on the pool; to give it up costs nothing. */
static inline unsigned char *message_reserve(struct pool *pool, size_t least, size_t *room);

/* Makes a message of the first "used" bytes that were reserved (0 is fine). */
struct message *message_commit(struct pool *pool, size_t used);

/* A message with a copy of these bytes. */
struct message *message_copy(struct pool *pool, const void *bytes, size_t size);

/* A message of the bytes that were moved into a pipe, which it takes over.  Only for an inbox with
 * BOX_TAKES_PIPES. */
struct message *message_piped(struct pool *pool, struct pipe *pipe, size_t size);

/* Reads what a message has in its pipe: it is like any other then.  What can't be read, which
 * there is no reason for, is zeroes. */
void message_unpipe(struct message *msg);

/* Another message with the same bytes, or with a part of them (offset + size <= msg->size).  A
 * notice is copied whole.  The block is shared. */
struct message *message_share(struct pool *pool, const struct message *msg);
struct message *message_slice(struct pool *pool, const struct message *msg, size_t offset,
                              size_t size);

/* If the slice is small and its block large: moves the bytes to memory of their size, so that a
 * message which may wait long does not keep a block alive. */
void message_compact(struct message *msg);

/* A notice.  about: a component or NULL; the notice keeps its memory (not its life). */
struct message *message_notice(struct pool *pool, enum message_kind kind, struct component *about,
                               int error);

/* Ends a message.  A newCSA whose component nobody has started ends that as well: a connection that
 * is dropped on the way is closed, not forgotten. */
void message_release(struct message *msg);

/* Has the pool fill another block, with room for "least" bytes. */
void pool_fill_another(struct pool *pool, size_t least);

static inline unsigned char *message_reserve(struct pool *pool, size_t least, size_t *room)
{
    if (LIKELY(pool->filling != NULL) && pool->filling->refs == 1) {
        pool->filled = 0; /* nobody holds a slice of it any more */
    }
    if (UNLIKELY(pool->filling == NULL) || UNLIKELY(pool->filling->capacity - pool->filled <
                                                    (least > LEAST_ROOM ? least : LEAST_ROOM))) {
        pool_fill_another(pool, least);
    }
    *room = pool->filling->capacity - pool->filled;
    return pool->filling->bytes + pool->filled;
}

static inline size_t message_size(const struct message *msg)
{
    return msg->size;
}

/* True for the notices that ask who gets them in its control to come to an end. */
static inline bool message_kind_ends(enum message_kind kind)
{
    return kind >= PRODUCER_FINISHED && kind <= SOCKET_SHUTDOWN;
}

/* The kind as Kamaelia writes it: "producerFinished"; "data" for data. */
const char *message_kind_name(enum message_kind kind);

/* The kind of that name, or MESSAGE_KINDS. */
enum message_kind message_kind_by_name(const char *name);

#endif
