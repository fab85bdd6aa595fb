/* RateChunker: cuts a stream into so many chunks for each second of it.
 *
 *     {datarate: 192000, quantasize: 4, chunkrate: 25} [outbox] --> chunks of 7680 bytes
 *
 * It is no clock: the stream is one of datarate bytes a second, such as sound, however fast it
 * comes, and a chunk is what belongs to a frame.  Each chunk is a whole number of quanta, so many
 * that the sum never strays by one quantum from the exact.
 *
 * A chunk that lies within one message is a slice of it; only one that begins in an earlier message
 * is copied.  What is left at the end goes out as the last chunk, short. */
#include <stdlib.h>
#include <string.h>

#include "graph/component.h"
#include "graph/error.h"

enum { CHUNKS_A_TURN = 64, LARGEST_CHUNK = 16 << 20 };

struct rate_chunker {
    size_t datarate; /* parameters */
    size_t quantasize;
    int64_t chunkrate;
    uint64_t rest;         /* of the division that gave the last chunk's quanta */
    size_t chunk;          /* bytes of the next one */
    size_t used;           /* bytes of it that came in earlier messages, < chunk */
    unsigned char *buffer; /* those; NULL: none came yet */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "the stream"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "send the last chunk, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "the chunks, one in each message"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_SIZE(struct rate_chunker, datarate), .required = true, .min = 1, .max = 1U << 30,
     .doc = "bytes that make a second of the stream"},
    {PARAM_SIZE(struct rate_chunker, quantasize), .fallback = "1", .min = 1, .max = LARGEST_CHUNK,
     .doc = "bytes that must not be torn apart, such as a sample"},
    {PARAM_INT(struct rate_chunker, chunkrate), .required = true, .min = 1, .max = 1000000,
     .unit = "chunks", .doc = "how many make a second of the stream"},
    {0},
};

static bool rate_chunker_check(const void *state, const struct node *at, struct error *err)
{
    const struct rate_chunker *chunker = state;
    const uint64_t quanta =
        chunker->datarate / ((uint64_t)chunker->chunkrate * chunker->quantasize);

    if (quanta == 0) {
        return error_set(err, at,
                         "RateChunker: datarate %zu in %lld chunks makes less than a quantum of "
                         "%zu byte%s for each",
                         chunker->datarate, (long long)chunker->chunkrate, chunker->quantasize,
                         chunker->quantasize == 1 ? "" : "s");
    }
    if ((quanta + 1) * chunker->quantasize > LARGEST_CHUNK) {
        return error_set(err, at, "RateChunker: chunks of %llu bytes; they may have up to %d",
                         (unsigned long long)quanta * chunker->quantasize, LARGEST_CHUNK);
    }
    return true;
}

/* Goes on to the next chunk: its size is exact in the long run, in whole numbers. */
static void next_chunk(struct rate_chunker *chunker)
{
    const uint64_t unit = (uint64_t)chunker->chunkrate * chunker->quantasize;
    const uint64_t sum = chunker->rest + chunker->datarate;

    chunker->chunk = (size_t)(sum / unit) * chunker->quantasize;
    chunker->rest = sum % unit;
    chunker->used = 0;
}

static int rate_chunker_start(struct component *self)
{
    next_chunk(component_state(self));
    return 0;
}

/* Keeps the beginning of a chunk. */
static void keep(struct rate_chunker *chunker, const struct message *msg)
{
    if (message_size(msg) == 0) {
        return;
    }
    if (chunker->buffer == NULL) { /* room for the longest: they differ by a quantum */
        chunker->buffer = mem_resize_array(NULL, chunker->chunk + chunker->quantasize, 1);
    }
    memcpy(chunker->buffer + chunker->used, msg->data, message_size(msg));
    chunker->used += message_size(msg);
}

/* What was kept and the first "size" bytes of a message. */
static struct message *join(struct component *self, const struct message *msg, size_t size)
{
    struct rate_chunker *chunker = component_state(self);
    size_t room;
    unsigned char *to = message_reserve(component_pool(self), chunker->used + size, &room);

    memcpy(to, chunker->buffer, chunker->used);
    if (size > 0) {
        memcpy(to + chunker->used, msg->data, size);
    }
    return message_commit(component_pool(self), chunker->used + size);
}

static void send_chunk(struct component *self, const struct message *first)
{
    struct rate_chunker *chunker = component_state(self);
    const size_t size = chunker->chunk - chunker->used;
    struct message *chunk = chunker->used > 0 ? join(self, first, size)
                                              : message_slice(component_pool(self), first, 0, size);

    inbox_consume(self, INBOX, size);
    outbox_send(self, OUTBOX, chunk);
    next_chunk(chunker);
}

static void rate_chunker_run(struct component *self)
{
    struct rate_chunker *chunker = component_state(self);
    const struct message *first;
    int chunks = 0;

    while (outbox_has_room(self, OUTBOX) && (first = inbox_peek(self, INBOX)) != NULL) {
        if (message_size(first) >= chunker->chunk - chunker->used) {
            if (chunks++ == CHUNKS_A_TURN) {
                component_wake(self);
                return;
            }
            send_chunk(self, first);
        } else {
            struct message *msg = inbox_take(self, INBOX);

            if (msg == NULL) {
                return;
            }
            keep(chunker, msg);
            message_release(msg);
        }
    }
}

static bool rate_chunker_flush(struct component *self)
{
    struct rate_chunker *chunker = component_state(self);

    if (chunker->used == 0) {
        return true;
    }
    if (!outbox_has_room(self, OUTBOX)) {
        return false;
    }
    outbox_send(self, OUTBOX, join(self, NULL, 0));
    return true;
}

static void rate_chunker_stop(struct component *self)
{
    struct rate_chunker *chunker = component_state(self);

    free(chunker->buffer);
    chunker->buffer = NULL;
}

const struct component_type rate_chunker_type = {
    .name = "RateChunker",
    .summary = "cuts a stream into so many chunks for each second of it",
    .size = sizeof(struct rate_chunker),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .check = rate_chunker_check,
    .start = rate_chunker_start,
    .run = rate_chunker_run,
    .flush = rate_chunker_flush,
    .stop = rate_chunker_stop,
};
