/* Messages on their way into a file, by one write(2) or as many as it takes.
 *
 *     [ handed on | written | in part | not yet ]        handed <= written <= taken
 *                             partial bytes
 *
 * They were taken out of the inbox, so that no policy of it can drop one that was begun. */
#ifndef AXOND_COMPONENTS_FILE_WRITE_BATCH_H
#define AXOND_COMPONENTS_FILE_WRITE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct message;

enum { BATCH_MOST = 64 }; /* messages: as many as a turn has */

/* Zeroes are an empty one. */
struct write_batch {
    struct message *messages[BATCH_MOST];
    unsigned taken;
    unsigned written;
    unsigned handed;
    size_t partial; /* bytes of the message at "written" that are in the file */
};

static inline bool batch_is_empty(const struct write_batch *batch)
{
    return batch->taken == 0;
}

static inline bool batch_is_full(const struct write_batch *batch)
{
    return batch->taken == BATCH_MOST;
}

static inline bool batch_is_written(const struct write_batch *batch)
{
    return batch->written == batch->taken;
}

/* Adds a message, which is no longer the caller's; the batch must not be full. */
void batch_add(struct write_batch *batch, struct message *msg);

/* What is not written yet.  Returns the number of parts. */
int batch_gather(const struct write_batch *batch, struct iovec parts[BATCH_MOST]);

/* So many bytes have been written. */
void batch_advance(struct write_batch *batch, size_t size);

/* Has the messages that are not written keep no more memory than their bytes. */
void batch_compact(struct write_batch *batch);

/* True if a message is written and not handed on. */
static inline bool batch_has_written(const struct write_batch *batch)
{
    return batch->handed < batch->written;
}

/* Gives up the last message that was not written, or only in part; NULL: there is none. */
struct message *batch_take_unwritten(struct write_batch *batch);

/* Gives up the next message, written or not; NULL: there is none, and the batch is empty. */
struct message *batch_take(struct write_batch *batch);

#endif
