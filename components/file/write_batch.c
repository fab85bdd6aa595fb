#include "components/file/write_batch.h"

#include "graph/message.h"

void batch_add(struct write_batch *batch, struct message *msg)
{
    REQUIRE(!batch_is_full(batch));
    batch->messages[batch->taken++] = msg;
}

int batch_gather(const struct write_batch *batch, struct iovec parts[BATCH_MOST])
{
    size_t skipped = batch->partial;
    int count = 0;

    for (unsigned i = batch->written; i < batch->taken; i++) {
        parts[count].iov_base = (void *)(uintptr_t)(batch->messages[i]->data + skipped);
        parts[count].iov_len = message_size(batch->messages[i]) - skipped;
        skipped = 0;
        count++;
    }
    return count;
}

void batch_advance(struct write_batch *batch, size_t size)
{
    batch->partial += size;
    while (!batch_is_written(batch) &&
           batch->partial >= message_size(batch->messages[batch->written])) {
        batch->partial -= message_size(batch->messages[batch->written]);
        batch->written++;
    }
}

void batch_compact(struct write_batch *batch)
{
    for (unsigned i = batch->written; i < batch->taken; i++) {
        message_compact(batch->messages[i]);
    }
}

struct message *batch_take_unwritten(struct write_batch *batch)
{
    return batch->written < batch->taken ? batch->messages[--batch->taken] : NULL;
}

struct message *batch_take(struct write_batch *batch)
{
    struct message *msg = batch->handed < batch->taken ? batch->messages[batch->handed++] : NULL;

    if (batch->handed == batch->taken) {
        batch->taken = batch->written = batch->handed = 0;
        batch->partial = 0;
    }
    return msg;
}
