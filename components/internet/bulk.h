/* Bulk: what comes from one socket and goes straight to another, read after full read, is moved by
 * pipes (graph/pipe.h); small messages are cheaper to copy.
 *
 * A connection has one of these for both its ways.  What comes is counted by bulk_note(); from the
 * fourth full read on bulk_goes_by_pipes() says so, until it is no bulk any more or somebody looks
 * at it on its way. */
#ifndef AXOND_COMPONENTS_INTERNET_BULK_H
#define AXOND_COMPONENTS_INTERNET_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct component;
struct message;

/* All zero at first. */
struct bulk {
    uint8_t reads; /* full ones, in a row; with pipes: how many that are not may still come */
    bool uses_pipes : 1;
    bool limits_unsent : 1; /* see bulk_send() */
};

enum { BULK_READ = 32 * 1024 }; /* bytes: a read of less is not full */

/* So many bytes were received; bulk_count() does what is to be done. */
void bulk_count(struct bulk *bulk, struct component *self, size_t received);
static inline void bulk_note(struct bulk *bulk, struct component *self, size_t received)
{
    if (received >= BULK_READ || bulk->reads > 0) {
        bulk_count(bulk, self, received);
    }
}

/* Whether what is received next for this outbox is to go by a pipe; bulk_turns_to_pipes() finds
 * out. */
bool bulk_turns_to_pipes(struct bulk *bulk, struct component *self, unsigned outbox);
static inline bool bulk_goes_by_pipes(struct bulk *bulk, struct component *self, unsigned outbox)
{
    return bulk->reads > 0 && bulk_turns_to_pipes(bulk, self, outbox);
}

/* As recv(2), into a pipe that goes on as a message on the outbox, which has room for one.  EAGAIN
 * as well if there is no pipe to be had: what comes next is to be copied. */
ssize_t bulk_receive(struct bulk *bulk, struct component *self, unsigned outbox, int fd);

/* As send(2), of a message that is a pipe. */
ssize_t bulk_send(struct bulk *bulk, const struct message *msg, int fd);

/* There is no bulk, or no more. */
void bulk_stop(struct bulk *bulk, struct component *self);

#endif
