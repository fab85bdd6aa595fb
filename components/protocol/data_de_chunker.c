/* DataDeChunker: finds the messages in a stream that a DataChunker has marked.
 *
 *     "XX…Xhel" "loXX…Xa%58b" --> [inbox] DataDeChunker [outbox] --> "hello" "aXb"
 *                        whatever --> [flush]
 *
 * A chunk is known to be whole when the next one begins, when the stream ends, or when something
 * comes to flush.  What stands before the first syncmessage is passed over, and so is, up to the
 * next, a chunk that is longer than max_chunk or not escaped as it should be: whatever a peer
 * sends, reading goes on, and no more than max_chunk bytes are kept. */
#include <string.h>

#include "components/protocol/chunk.h"
#include "components/util/gathering.h"
#include "graph/component.h"

enum { CHUNKS_A_TURN = 256 }; /* one message may hold thousands */

struct data_de_chunker {
    const char *syncmessage; /* parameters */
    size_t max_chunk;
    size_t sync_size;                  /* of syncmessage, bytes */
    size_t matched;                    /* bytes of it that were the last to come; <= sync_size */
    uint8_t fallback[CHUNK_MOST_SYNC]; /* see start */
    bool is_inside;                    /* a syncmessage has come: what follows is a chunk */
    struct gathering begun;            /* the chunk so far, escaped; size <= max_chunk */
    uint64_t dropped;                  /* statistics */
    uint64_t skipped;
};

enum { INBOX, FLUSH, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "the stream"},
    [FLUSH] = {.name = "flush",
               .carries = ANYTHING,
               .doc = "whatever comes says that the chunk which has come is whole"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "send the last chunk, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "the messages"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct data_de_chunker, syncmessage), .fallback = CHUNK_SYNC,
     .doc = CHUNK_SYNC_DOC},
    {PARAM_SIZE(struct data_de_chunker, max_chunk), .fallback = "1MiB", .min = 1, .max = 512U << 20,
     .doc = "longer chunks, their escapes counted, are dropped and counted"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct data_de_chunker, dropped), .unit = "chunks",
     .doc = "longer than max_chunk, or not escaped as they should be; the first is in the log"},
    {STAT(struct data_de_chunker, skipped), .unit = "bytes",
     .doc = "that were passed over: before the first chunk, or of dropped ones"},
    {0},
};

static bool data_de_chunker_check(const void *state, const struct node *at, struct error *err)
{
    const struct data_de_chunker *chunker = state;

    return chunk_check_sync("DataDeChunker", chunker->syncmessage, at, err);
}

/* fallback[n]: the longest beginning of the syncmessage that also ends its first n + 1 bytes, and
 * is shorter (Knuth, Morris and Pratt): what still matches where the next byte does not. */
static int data_de_chunker_start(struct component *self)
{
    struct data_de_chunker *chunker = component_state(self);
    const char *sync = chunker->syncmessage;
    uint8_t length = 0;

    chunker->sync_size = strlen(sync);
    for (size_t i = 1; i < chunker->sync_size; i++) {
        while (length > 0 && sync[i] != sync[length]) {
            length = chunker->fallback[length - 1];
        }
        length = (uint8_t)(length + (sync[i] == sync[length] ? 1 : 0));
        chunker->fallback[i] = length;
    }
    return 0;
}

/* The chunk that has begun is none; what follows is passed over up to the next. */
static void drop(struct component *self, const char *reason)
{
    struct data_de_chunker *chunker = component_state(self);

    if (chunker->dropped++ == 0) {
        component_log(self, LOG_LEVEL_WARNING,
                      "dropped a chunk that is %s (said once, counted from now on)", reason);
    }
    chunker->skipped += chunker->begun.size;
    gathering_clear(&chunker->begun);
    chunker->is_inside = false;
}

/* Bytes that belong to no syncmessage have come. */
static void keep(struct component *self, const void *bytes, size_t size)
{
    struct data_de_chunker *chunker = component_state(self);

    if (chunker->is_inside && size > chunker->max_chunk - chunker->begun.size) {
        drop(self, "longer than max_chunk");
    }
    if (chunker->is_inside) {
        gathering_add(&chunker->begun, bytes, size);
    } else {
        chunker->skipped += size;
    }
}

/* Reads on to the end of a syncmessage, or of what waits.  Returns how many bytes it has read. */
static size_t scan(struct component *self, const struct message *msg)
{
    struct data_de_chunker *chunker = component_state(self);
    const char *sync = chunker->syncmessage;
    const size_t size = message_size(msg);
    size_t at = 0;

    while (at < size && chunker->matched < chunker->sync_size) {
        if (chunker->matched == 0) {
            const unsigned char *next = memchr(msg->data + at, sync[0], size - at);
            const size_t stop = next != NULL ? (size_t)(next - msg->data) : size;

            keep(self, msg->data + at, stop - at);
            at = stop;
        } else if (msg->data[at] != (unsigned char)sync[chunker->matched]) {
            const size_t shorter = chunker->fallback[chunker->matched - 1];

            keep(self, sync, chunker->matched - shorter);
            chunker->matched = shorter;
            continue;
        }
        if (at < size) {
            chunker->matched++;
            at++;
        }
    }
    return at;
}

/* The chunk that has begun, if any, is whole: sends it. */
static void end_chunk(struct component *self)
{
    struct data_de_chunker *chunker = component_state(self);
    size_t room;
    size_t used;

    if (!chunker->is_inside) {
        return;
    }
    if (chunk_unescape(chunker->begun.bytes, chunker->begun.size,
                       message_reserve(component_pool(self), chunker->begun.size, &room), &used)) {
        outbox_send(self, OUTBOX, message_commit(component_pool(self), used));
        gathering_clear(&chunker->begun);
    } else {
        drop(self, "not escaped as it should be");
    }
}

/* Takes what waits, up to the end of a chunk. */
static void read_on(struct component *self, const struct message *first)
{
    struct data_de_chunker *chunker = component_state(self);

    inbox_consume(self, INBOX, scan(self, first));
    if (chunker->matched == chunker->sync_size) {
        end_chunk(self);
        chunker->matched = 0;
        chunker->is_inside = true;
    }
}

/* Nothing follows what has come; if that is the beginning of a syncmessage, it belongs to none. */
static void end_stream(struct component *self)
{
    struct data_de_chunker *chunker = component_state(self);

    end_chunk(self);
    chunker->skipped += chunker->matched;
    chunker->matched = 0;
    chunker->is_inside = false;
}

static void data_de_chunker_run(struct component *self)
{
    const struct message *first;
    struct message *order;
    int steps = 0;

    while (outbox_has_room(self, OUTBOX)) {
        first = inbox_peek(self, INBOX);
        if (first != NULL && steps++ < CHUNKS_A_TURN) {
            read_on(self, first);
        } else if (first != NULL) {
            component_wake(self);
            return;
        } else {
            order = inbox_take(self, FLUSH);
            if (order == NULL) {
                return;
            }
            message_release(order);
            end_stream(self);
        }
    }
}

static bool data_de_chunker_flush(struct component *self)
{
    if (!outbox_has_room(self, OUTBOX)) {
        return false;
    }
    end_stream(self);
    return true;
}

static void data_de_chunker_stop(struct component *self)
{
    struct data_de_chunker *chunker = component_state(self);

    gathering_deinit(&chunker->begun);
}

const struct component_type data_de_chunker_type = {
    .name = "DataDeChunker",
    .summary = "finds the messages in a stream that a DataChunker has marked",
    .size = sizeof(struct data_de_chunker),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .check = data_de_chunker_check,
    .start = data_de_chunker_start,
    .run = data_de_chunker_run,
    .flush = data_de_chunker_flush,
    .stop = data_de_chunker_stop,
};
