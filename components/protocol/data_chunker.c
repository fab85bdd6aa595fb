/* DataChunker: marks where each message begins, so that it can be found again in a stream that
 * loses bytes, or that a reader joins late.
 *
 *     "hello" "aXb" --> [inbox] DataChunker [outbox] --> "XX…Xhello" "XX…Xa%58b"
 *
 * DataDeChunker does the reverse.  It knows that a chunk is whole when the next one begins, so the
 * last is read only at the end of the stream. */
#include <string.h>

#include "components/protocol/chunk.h"
#include "graph/component.h"

struct data_chunker {
    const char *syncmessage; /* parameters */
    size_t max_chunk;
    struct chunk_specials specials;
    uint64_t too_long; /* statistic */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "messages"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "mark the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "chunks, one in each message"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct data_chunker, syncmessage), .fallback = CHUNK_SYNC, .doc = CHUNK_SYNC_DOC},
    {PARAM_SIZE(struct data_chunker, max_chunk), .changeable = true, .fallback = "1MiB", .min = 1,
     .max = 512U << 20,
     .doc = "messages that take more, their escapes counted, are dropped and counted"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct data_chunker, too_long), .unit = "messages",
     .doc = "dropped, as longer than max_chunk"},
    {0},
};

static bool data_chunker_check(const void *state, const struct node *at, struct error *err)
{
    const struct data_chunker *chunker = state;

    return chunk_check_sync("DataChunker", chunker->syncmessage, at, err);
}

static int data_chunker_start(struct component *self)
{
    struct data_chunker *chunker = component_state(self);

    chunk_specials_init(&chunker->specials, chunker->syncmessage);
    return 0;
}

/* The chunk of a message, or NULL for one that is dropped. */
static struct message *make_chunk(struct component *self, const struct message *msg)
{
    struct data_chunker *chunker = component_state(self);
    const size_t sync_size = strlen(chunker->syncmessage);
    const size_t size = chunk_escaped_size(&chunker->specials, msg->data, message_size(msg));
    unsigned char *to;
    size_t room;

    if (size > chunker->max_chunk) {
        chunker->too_long++;
        return NULL;
    }
    to = message_reserve(component_pool(self), sync_size + size, &room);
    memcpy(to, chunker->syncmessage, sync_size);
    chunk_escape(&chunker->specials, msg->data, message_size(msg), to + sync_size);
    return message_commit(component_pool(self), sync_size + size);
}

static void data_chunker_run(struct component *self)
{
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && (msg = inbox_take(self, INBOX)) != NULL) {
        struct message *chunk = make_chunk(self, msg);

        if (chunk != NULL) {
            outbox_send(self, OUTBOX, chunk);
        }
        message_release(msg);
    }
}

const struct component_type data_chunker_type = {
    .name = "DataChunker",
    .summary = "marks where each message begins, for a stream that may lose bytes",
    .size = sizeof(struct data_chunker),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .check = data_chunker_check,
    .start = data_chunker_start,
    .run = data_chunker_run,
};
