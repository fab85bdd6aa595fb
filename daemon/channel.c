#include "daemon/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "graph/parcel.h"

/* Before the bytes of each; with it come the descriptors. */
struct head {
    uint64_t size;
};

union fd_space {
    struct cmsghdr header; /* for its alignment */
    char bytes[CMSG_SPACE(sizeof(int) * PARCEL_FDS)];
};

int channel_create(int ends[2])
{
    const struct timeval patience = {.tv_sec = CHANNEL_PATIENCE};

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1) {
        return -errno;
    }
    for (int i = 0; i < 2; i++) {
        (void)setsockopt(ends[i], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        (void)setsockopt(ends[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    }
    return 0;
}

static int send_head(int channel, const struct parcel *parcel)
{
    struct head head = {.size = parcel->size};
    struct iovec part = {.iov_base = &head, .iov_len = sizeof(head)};
    union fd_space space = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    const size_t size = sizeof(int) * parcel->fd_count;
    ssize_t sent;

    if (size > 0) {
        message.msg_control = space.bytes;
        message.msg_controllen = CMSG_SPACE(size);
        space.header.cmsg_level = SOL_SOCKET;
        space.header.cmsg_type = SCM_RIGHTS;
        space.header.cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(&space.header), parcel->fds, size);
    }
    do {
        sent = sendmsg(channel, &message, MSG_NOSIGNAL);
    } while (sent == -1 && errno == EINTR);
    return sent == (ssize_t)sizeof(head) ? 0 : sent == -1 ? -errno : -EPIPE;
}

int channel_send(int channel, const struct parcel *parcel)
{
    size_t done = 0;
    int result = send_head(channel, parcel);

    while (result == 0 && done < parcel->size) {
        const ssize_t sent = send(channel, parcel->bytes + done, parcel->size - done, MSG_NOSIGNAL);

        if (sent >= 0) {
            done += (size_t)sent;
        } else if (errno != EINTR) {
            result = -errno;
        }
    }
    return result;
}

static void take_fds(struct msghdr *message, struct parcel *parcel)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = CMSG_NXTHDR(message, at)) {
        if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_RIGHTS) {
            const size_t size = at->cmsg_len - CMSG_LEN(0);

            memcpy(parcel->fds, CMSG_DATA(at), size);
            parcel->fd_count = (unsigned)(size / sizeof(int));
        }
    }
}

int channel_adopt(int channel)
{
    const int flags = fcntl(channel, F_GETFL);

    return flags == -1 || fcntl(channel, F_SETFL, flags & ~O_NONBLOCK) == -1 ? -errno : 0;
}

int channel_poll(int channel)
{
    const int flags = fcntl(channel, F_GETFL);

    return flags == -1 || fcntl(channel, F_SETFL, flags | O_NONBLOCK) == -1 ? -errno : 0;
}

int channel_receive(int channel, struct parcel *parcel)
{
    struct head head = {0};
    struct iovec part = {.iov_base = &head, .iov_len = sizeof(head)};
    union fd_space space;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = space.bytes,
                             .msg_controllen = sizeof(space.bytes)};
    ssize_t got;

    do {
        got = recvmsg(channel, &message, MSG_WAITALL | MSG_CMSG_CLOEXEC);
    } while (got == -1 && errno == EINTR);
    if (got <= 0) {
        return got == 0 ? 0 : -errno;
    }
    take_fds(&message, parcel);
    if ((message.msg_flags & MSG_CTRUNC) != 0) {
        return -EMFILE; /* there was no room for the descriptors */
    }
    if (got != (ssize_t)sizeof(head)) {
        return -EPIPE;
    }
    if (head.size > PARCEL_SIZE) {
        return -EMSGSIZE;
    }
    while (parcel->size < head.size) {
        unsigned char bytes[16384];
        const size_t left = head.size - parcel->size;

        got = recv(channel, bytes, left < sizeof(bytes) ? left : sizeof(bytes), 0);
        if (got > 0) {
            parcel_put(parcel, bytes, (size_t)got);
        } else if (got == 0 || errno != EINTR) {
            return got == 0 ? -EPIPE : -errno;
        }
    }
    return 1;
}
