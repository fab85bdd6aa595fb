/* Chunkifier: makes blocks of one size out of a stream.
 *
 *     "ab" "cdefg" "h" --> [inbox] Chunkifier {chunksize: 3} [outbox] --> "abc" "def" "gh"
 *
 * What is left at the end is a shorter block.  With nodelay, nothing is kept to wait for more: when
 * all that has come is sent, so is the rest of it.
 *
 * A block within one message shares its bytes; one that spans several is put together by copying,
 * and no more than chunksize bytes wait for it. */
#include "components/util/gathering.h"
#include "graph/component.h"

enum { CHUNKS_A_TURN = 256 }; /* one message may hold thousands */

struct chunkifier {
    size_t chunksize; /* parameters; bytes */
    bool nodelay;
    struct gathering begun; /* the block so far; size < chunksize */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "the stream"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "send the last block, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "the blocks, one in each message"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_SIZE(struct chunkifier, chunksize), .fallback = "1MiB", .min = 1, .max = 64U << 20,
     .doc = "of each block but the last"},
    {PARAM_BOOL(struct chunkifier, nodelay), .fallback = "false",
     .doc = "send a shorter block rather than wait for more"},
    {0},
};

static void send_begun(struct component *self, const void *rest, size_t size)
{
    struct chunkifier *chunkifier = component_state(self);

    outbox_send(self, OUTBOX, gathering_take(&chunkifier->begun, component_pool(self), rest, size));
}

/* Does the next step with what waits: sends a block, or keeps the beginning of one. */
static void chunkify(struct component *self, const struct message *first)
{
    struct chunkifier *chunkifier = component_state(self);
    const size_t missing = chunkifier->chunksize - chunkifier->begun.size;
    const size_t size = message_size(first) < missing ? message_size(first) : missing;

    if (size < missing) {
        gathering_add(&chunkifier->begun, first->data, size);
    } else if (chunkifier->begun.size > 0) {
        send_begun(self, first->data, size);
    } else {
        outbox_send(self, OUTBOX, message_slice(component_pool(self), first, 0, size));
    }
    inbox_consume(self, INBOX, size);
}

static void chunkifier_run(struct component *self)
{
    struct chunkifier *chunkifier = component_state(self);
    const struct message *first;
    int steps = 0;

    while (outbox_has_room(self, OUTBOX)) {
        first = inbox_peek(self, INBOX);
        if (first == NULL) {
            if (chunkifier->nodelay && chunkifier->begun.size > 0) {
                send_begun(self, NULL, 0);
            }
            return;
        }
        if (steps++ == CHUNKS_A_TURN) {
            component_wake(self);
            return;
        }
        chunkify(self, first);
    }
}

static bool chunkifier_flush(struct component *self)
{
    const struct chunkifier *chunkifier = component_state(self);

    if (chunkifier->begun.size == 0) {
        return true;
    }
    if (!outbox_has_room(self, OUTBOX)) {
        return false;
    }
    send_begun(self, NULL, 0);
    return true;
}

static void chunkifier_stop(struct component *self)
{
    struct chunkifier *chunkifier = component_state(self);

    gathering_deinit(&chunkifier->begun);
}

const struct component_type chunkifier_type = {
    .name = "Chunkifier",
    .summary = "makes blocks of one size out of a stream",
    .size = sizeof(struct chunkifier),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .run = chunkifier_run,
    .flush = chunkifier_flush,
    .stop = chunkifier_stop,
};
