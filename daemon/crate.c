#include "daemon/crate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/channel.h"

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* At the start of the memfd. */
struct head {
    char magic[8];
    uint64_t version;
    uint64_t count; /* of parcels */
    uint64_t fds;
    uint64_t size; /* bytes that follow */
    uint64_t sum;  /* of them */
};

#define MAGIC   "axond\r\n"
#define VERSION 1

static uint64_t sum_of(const unsigned char *bytes, size_t size)
{
    uint64_t sum = 14695981039346656037U;

    for (size_t i = 0; i < size; i++) {
        sum = (sum ^ bytes[i]) * 1099511628211U; /* FNV-1a */
    }
    return sum;
}

/* ---- who packs ---- */

int crate_add(struct crate *crate, const struct parcel *parcel)
{
    const size_t size = crate->bytes.size + 2 * sizeof(uint64_t) + parcel->size;

    if (parcel->size > CRATE_SIZE || size > CRATE_SIZE ||
        crate->fd_count + parcel->fd_count > CRATE_FDS) {
        return -ENOSPC;
    }
    if (crate->fds == NULL) {
        crate->fds = mem_alloc(CRATE_FDS * sizeof(crate->fds[0]));
    }
    memcpy(crate->fds + crate->fd_count, parcel->fds, parcel->fd_count * sizeof(crate->fds[0]));
    crate->fd_count += parcel->fd_count;
    parcel_put_number(&crate->bytes, parcel->fd_count);
    parcel_put_number(&crate->bytes, parcel->size);
    parcel_put(&crate->bytes, parcel->bytes, parcel->size);
    crate->count++;
    return 0;
}

static int write_all(int fd, const void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        const ssize_t written = write(fd, (const char *)bytes + done, size - done);

        if (written >= 0) {
            done += (size_t)written;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* The memfd, or -errno. */
static int write_bytes(const struct crate *crate)
{
    const struct parcel *bytes = &crate->bytes;
    const struct head head = {.magic = MAGIC,
                              .version = VERSION,
                              .count = crate->count,
                              .fds = crate->fd_count,
                              .size = bytes->size,
                              .sum = sum_of(bytes->bytes, bytes->size)};
    const int fd = memfd_create("axond connections", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int result;

    if (fd == -1) {
        return -errno;
    }
    result = write_all(fd, &head, sizeof(head));
    if (result == 0) {
        result = write_all(fd, bytes->bytes, bytes->size);
    }
    if (result == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == -1) {
        result = -errno;
    }
    if (result < 0) {
        (void)close(fd);
        return result;
    }
    return fd;
}

/* The memfd, then the descriptors, as many as go into a message. */
static int send_all(const struct crate *crate, int memfd, int channel)
{
    struct parcel message = {0};
    size_t sent = 0;
    int result;

    parcel_put_fd(&message, memfd);
    result = channel_send(channel, &message);
    while (result == 0 && sent < crate->fd_count) {
        message.fd_count = 0;
        while (sent < crate->fd_count && message.fd_count < PARCEL_FDS) {
            parcel_put_fd(&message, crate->fds[sent++]);
        }
        result = channel_send(channel, &message);
    }
    return result;
}

int crate_close(const struct crate *crate)
{
    const int memfd = write_bytes(crate);
    int ends[2];
    int result;

    if (memfd < 0) {
        return memfd;
    }
    result = channel_create(ends);
    if (result < 0) {
        (void)close(memfd);
        return result;
    }
    result = channel_poll(ends[0]); /* nobody reads: what does not fit now never will */
    if (result == 0) {
        result = send_all(crate, memfd, ends[0]);
    }
    (void)close(memfd);
    (void)close(ends[0]);
    if (result < 0) {
        (void)close(ends[1]);
        return result;
    }
    return ends[1];
}

/* ---- who unpacks ---- */

static int read_all(int fd, void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        const ssize_t got = pread(fd, (char *)bytes + done, size - done, (off_t)done);

        if (got > 0) {
            done += (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            return got == 0 ? -EBADMSG : -errno;
        }
    }
    return 0;
}

/* Checks all that can be checked before a parcel is looked into. */
static int check(const struct head *head, const unsigned char *bytes, size_t size)
{
    if (memcmp(head->magic, MAGIC, sizeof(head->magic)) != 0) {
        return -EBADMSG;
    }
    if (head->version != VERSION) {
        return -EPROTONOSUPPORT;
    }
    return head->size == size && head->sum == sum_of(bytes, size) && head->fds <= CRATE_FDS
               ? 0
               : -EBADMSG;
}

/* Reads the memfd.  Returns 0, or -errno; *fds: how many descriptors are to come. */
static int read_bytes(struct crate *crate, int memfd, size_t *fds)
{
    const int seals = fcntl(memfd, F_GET_SEALS);
    struct stat status;
    struct head head;
    unsigned char *all;
    int result;

    if (seals == -1 || (seals & SEALS) != SEALS || fstat(memfd, &status) == -1 ||
        status.st_size < (off_t)sizeof(head) || status.st_size > CRATE_SIZE + (off_t)sizeof(head)) {
        return -EBADMSG;
    }
    all = parcel_extend(&crate->bytes, (size_t)status.st_size);
    result = read_all(memfd, all, (size_t)status.st_size);
    if (result == 0) {
        memcpy(&head, all, sizeof(head));
        crate->bytes.read = sizeof(head);
        result = check(&head, all + sizeof(head), (size_t)status.st_size - sizeof(head));
    }
    if (result == 0) {
        crate->count = head.count;
        *fds = head.fds;
    }
    return result;
}

static void add_fds(struct crate *crate, struct parcel *message)
{
    int fd;

    while ((fd = parcel_get_fd(message)) != -1) {
        crate->fds[crate->fd_count++] = fd;
    }
}

/* Receives the descriptors.  Returns 0, or -errno. */
static int receive_fds(struct crate *crate, int channel, size_t fds)
{
    int result = 1;

    crate->fds = mem_alloc((fds + PARCEL_FDS) * sizeof(crate->fds[0]));
    while (result > 0 && crate->fd_count < fds) {
        struct parcel message = {0};

        result = channel_receive(channel, &message);
        if (result > 0) {
            add_fds(crate, &message);
        }
        parcel_deinit(&message, true);
    }
    return result < 0 ? result : crate->fd_count == fds ? 0 : -EBADMSG;
}

static int receive(struct crate *crate, int channel)
{
    struct parcel message = {0};
    int result = channel_poll(channel);
    size_t fds = 0;
    int memfd;

    if (result == 0) {
        result = channel_receive(channel, &message);
    }
    if (result > 0) {
        memfd = parcel_get_fd(&message);
        result = memfd == -1 ? -EBADMSG : read_bytes(crate, memfd, &fds);
        if (memfd != -1) {
            (void)close(memfd);
        }
        if (result == 0) {
            result = receive_fds(crate, channel, fds);
        }
    } else if (result == 0) {
        result = -EBADMSG;
    }
    parcel_deinit(&message, true);
    return result;
}

int crate_open(struct crate *crate, int socket)
{
    const int result = receive(crate, socket);

    (void)close(socket);
    if (result < 0) {
        crate_deinit(crate, true);
    }
    return result;
}

bool crate_take(struct crate *crate, struct parcel *parcel)
{
    const uint64_t fds = parcel_get_number(&crate->bytes);
    const uint64_t size = parcel_get_number(&crate->bytes);
    const void *bytes = parcel_get(&crate->bytes, size);

    if (bytes == NULL || crate->taken == crate->count || fds > PARCEL_FDS ||
        fds > crate->fd_count - crate->fds_taken) {
        return false;
    }
    crate->taken++;
    parcel_put(parcel, bytes, size);
    while (parcel->fd_count < fds) {
        parcel_put_fd(parcel, crate->fds[crate->fds_taken++]);
    }
    return true;
}

void crate_deinit(struct crate *crate, bool was_received)
{
    while (was_received && crate->fds_taken < crate->fd_count) {
        (void)close(crate->fds[crate->fds_taken++]);
    }
    parcel_deinit(&crate->bytes, false);
    free(crate->fds);
    *crate = (struct crate){0};
}
