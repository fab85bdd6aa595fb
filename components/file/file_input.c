#include "components/file/file_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "components/file/file_thread.h"
#include "components/file/files.h"
#include "graph/component.h"

/* Bytes on their way from the disk. */
struct read_job {
    struct file_job job;
    struct file_input *input; /* NULL: nobody waits for it any more, and fd is ours to close */
    int fd;
    off_t offset;
    size_t size;
    bool is_done;
    ssize_t result; /* as of file_input_read() */
    size_t taken;   /* bytes of it that the owner has had */
    unsigned char bytes[];
};

static void read_in_thread(struct file_job *job)
{
    struct read_job *read = (struct read_job *)(void *)job;

    do {
        read->result = pread(read->fd, read->bytes, read->size, read->offset);
    } while (read->result == -1 && errno == EINTR);
    if (read->result == -1) {
        read->result = -errno;
    }
}

static void on_read(struct file_job *job)
{
    struct read_job *read = (struct read_job *)(void *)job;

    read->is_done = true;
    if (read->input != NULL) {
        component_wake(read->input->owner);
    } else {
        close(read->fd);
        free(read);
    }
}

static ssize_t read_later(struct file_input *input, size_t size)
{
    struct read_job *read = mem_alloc(sizeof(*read) + size);

    read->job.work = read_in_thread;
    read->job.done = on_read;
    read->input = input;
    read->fd = input->fd;
    read->offset = (off_t)input->offset;
    read->size = size;
    input->job = read;
    file_thread_do(files_of(input->owner)->thread, &read->job);
    return -EAGAIN;
}

/* What a job has brought, as much as fits. */
static ssize_t take_from_job(struct file_input *input, unsigned char *to, size_t size)
{
    struct read_job *read = input->job;
    ssize_t result = read->result;

    if (!read->is_done) {
        return -EAGAIN;
    }
    if (result > 0) {
        const size_t left = (size_t)result - read->taken;
        const size_t taken = left < size ? left : size;

        memcpy(to, read->bytes + read->taken, taken);
        read->taken += taken;
        input->offset += taken;
        if (taken < left) {
            return (ssize_t)taken;
        }
        result = (ssize_t)taken;
    }
    input->job = NULL;
    free(read);
    return result;
}

static ssize_t read_regular(struct file_input *input, unsigned char *to, size_t size)
{
    struct iovec part = {.iov_base = to, .iov_len = size};
    ssize_t got;

    if (input->job != NULL) {
        return take_from_job(input, to, size);
    }
    if (input->needs_thread) {
        return read_later(input, size);
    }
    do {
        got = preadv2(input->fd, &part, 1, (off_t)input->offset, RWF_NOWAIT);
    } while (got == -1 && errno == EINTR);
    if (got >= 0) {
        input->offset += (size_t)got;
        return got;
    }
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL) {
        input->needs_thread = true;
        return read_later(input, size);
    }
    return errno == EAGAIN ? read_later(input, size) : -errno;
}

static void await(struct file_input *input)
{
    input->awaits = true;
    ev_io_start(component_ev(input->owner), &input->readable);
}

static void on_readable(struct ev_loop *ev, ev_io *watcher, int revents)
{
    struct file_input *input = watcher->data;

    ev_io_stop(ev, watcher);
    input->awaits = false;
    component_wake(input->owner);
}

static ssize_t read_stream(struct file_input *input, unsigned char *to, size_t size)
{
    ssize_t got;

    if (input->awaits) {
        return -EAGAIN;
    }
    do {
        got = read(input->fd, to, size);
    } while (got == -1 && errno == EINTR);
    if (got == -1 && errno == EAGAIN) {
        await(input);
    }
    return got == -1 ? -errno : got;
}

ssize_t file_input_read(struct file_input *input, unsigned char *to, size_t size)
{
    return input->is_stream ? read_stream(input, to, size) : read_regular(input, to, size);
}

int file_input_open(struct file_input *input, struct component *owner, const char *path,
                    bool endless, struct stat *about)
{
    int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int error;
    int fd;

    if (endless && stat(path, about) == 0 && S_ISFIFO(about->st_mode)) {
        flags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC; /* we are a writer ourselves */
    }
    do {
        fd = open(path, flags);
    } while (fd == -1 && errno == EINTR);
    if (fd == -1) {
        return -errno;
    }
    error = fstat(fd, about) == -1 ? errno : 0;
    if (error == 0 && S_ISDIR(about->st_mode)) {
        error = EISDIR;
    }
    if (error != 0) {
        close(fd);
        return -error;
    }
    *input = (struct file_input){.owner = owner, .is_open = true, .fd = fd};
    input->is_stream = !S_ISREG(about->st_mode) && !S_ISBLK(about->st_mode);
    ev_io_init(&input->readable, on_readable, fd, EV_READ);
    input->readable.data = input;
    if (S_ISFIFO(about->st_mode)) {
        await(input); /* before the first writer has come, a read would find the end */
    }
    return 0;
}

void file_input_seek(struct file_input *input, uint64_t offset)
{
    REQUIRE(input->job == NULL);
    input->offset = offset;
}

void file_input_close(struct file_input *input)
{
    struct read_job *read = input->job;

    if (!input->is_open) {
        return;
    }
    input->is_open = false;
    ev_io_stop(component_ev(input->owner), &input->readable);
    if (read != NULL && !read->is_done) {
        read->input = NULL; /* it closes the descriptor in its time */
    } else {
        free(read);
        close(input->fd);
    }
    input->job = NULL;
}
