#include "components/internet/bulk.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "graph/component.h"
#include "graph/message.h"
#include "graph/pipe.h"

enum {
    BULK_READS = 4,       /* full, in a row, before bytes are moved by pipes */
    UNSENT = 1024 * 1024, /* bytes of bulk that a socket may hold and has not sent */
};

void bulk_stop(struct bulk *bulk, struct component *self)
{
    bulk->reads = 0;
    if (bulk->uses_pipes) {
        bulk->uses_pipes = false;
        pipes_leave(component_pool(self));
    }
}

void bulk_count(struct bulk *bulk, struct component *self, size_t received)
{
    if (received >= BULK_READ) {
        bulk->reads = (uint8_t)(bulk->reads < BULK_READS ? bulk->reads + 1 : BULK_READS);
    } else if (!bulk->uses_pipes || --bulk->reads == 0) {
        bulk_stop(bulk, self);
    }
}

bool bulk_turns_to_pipes(struct bulk *bulk, struct component *self, unsigned outbox)
{
    if (!outbox_takes_pipes(self, outbox)) {
        bulk_stop(bulk, self);
        return false;
    }
    if (!bulk->uses_pipes) {
        if (bulk->reads < BULK_READS) {
            return false;
        }
        bulk->uses_pipes = true;
        pipes_use(component_pool(self));
    }
    return true;
}

/* Kept out of the function of a component's turn, as limit_unsent() is: arrays and addresses of
 * variables give it a guard of the stack. */
__attribute__((noinline)) ssize_t bulk_receive(struct bulk *bulk, struct component *self,
                                               unsigned outbox, int fd)
{
    struct pool *pool = component_pool(self);
    struct pipe *pipe = pipe_acquire(pool);
    ssize_t received;

    if (pipe == NULL) {
        bulk_stop(bulk, self);
        errno = EAGAIN; /* comes again, and is copied */
        return -1;
    }
    do {
        received = splice(fd, NULL, pipe->in, NULL, PIPE_SIZE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    } while (received == -1 && errno == EINTR);
    if (received > 0) {
        bulk_count(bulk, self, (size_t)received);
        outbox_send(self, outbox, message_piped(pool, pipe, (size_t)received));
    } else {
        const int error = errno;

        pipe_release(pool, pipe, true);
        errno = error;
    }
    return received;
}

/* A send buffer grows to 4 MB (tcp_wmem), and a reader that is a little slower than the sender
 * never fills it: each piece is moved as soon as it comes.  With less, what waits does so with the
 * sender, and moves in fewer and larger pieces: 12% cheaper.  The kernel's ip-sysctl describes it
 * (tcp_notsent_lowat); who has set the option for a server or client knows better. */
static __attribute__((noinline)) void limit_unsent(int fd)
{
    int asked = 0;
    socklen_t size = sizeof(asked);

    if (getsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &asked, &size) == 0 && asked == 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){UNSENT}, sizeof(int));
    }
}

ssize_t bulk_send(struct bulk *bulk, const struct message *msg, int fd)
{
    if (!bulk->limits_unsent) {
        bulk->limits_unsent = true;
        limit_unsent(fd);
    }
    return splice(msg->pipe->out, NULL, fd, NULL, msg->size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}
