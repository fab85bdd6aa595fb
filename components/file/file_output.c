#include "components/file/file_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Makes the directories before the last slash that are missing. */
static int make_directories(const char *path, mode_t mode)
{
    char dir[PATH_MAX];
    const size_t size = strlen(path);

    if (size >= sizeof(dir)) {
        return -ENAMETOOLONG;
    }
    memcpy(dir, path, size + 1);
    for (char *at = strchr(dir + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(dir, mode) == -1 && errno != EEXIST) {
            return -errno;
        }
        *at = '/';
    }
    return 0;
}

/* Who may read may also enter: 0640 makes directories of 0750. */
static mode_t directory_mode(mode_t mode)
{
    return mode | 0300 | (mode & 0444) >> 2;
}

static int open_it(const char *path, mode_t mode)
{
    const int flags = O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    struct stat about;
    int fd;

    do {
        fd = open(path, flags | O_WRONLY, mode);
    } while (fd == -1 && errno == EINTR);
    if (fd == -1 && errno == ENXIO && stat(path, &about) == 0 && S_ISFIFO(about.st_mode)) {
        fd = open(path, flags | O_RDWR, mode); /* nobody reads it yet: we keep it open ourselves */
    }
    return fd == -1 ? -errno : fd;
}

int file_output_open(struct file_output *output, const char *path, mode_t mode, bool directories)
{
    struct stat about;
    int fd = open_it(path, mode);

    if (fd == -ENOENT && directories) {
        fd = make_directories(path, directory_mode(mode));
        if (fd == 0) {
            fd = open_it(path, mode);
        }
    }
    if (fd < 0) {
        return fd;
    }
    if (fstat(fd, &about) == -1) {
        const int error = errno;

        close(fd);
        return -error;
    }
    *output = (struct file_output){.is_open = true,
                                   .is_regular = S_ISREG(about.st_mode),
                                   .fd = fd,
                                   .device = about.st_dev,
                                   .inode = about.st_ino};
    return 0;
}

bool file_output_has_moved(const struct file_output *output, const char *path)
{
    struct stat now;

    return stat(path, &now) == -1 || now.st_ino != output->inode || now.st_dev != output->device;
}

ssize_t file_output_write(struct file_output *output, const struct iovec *parts, int count)
{
    ssize_t written;

    do {
        written = writev(output->fd, parts, count);
    } while (written == -1 && errno == EINTR);
    return written == -1 ? -errno : written;
}

int file_output_empty(struct file_output *output)
{
    return output->is_regular && ftruncate(output->fd, 0) == -1 ? -errno : 0;
}

void file_output_take_back(struct file_output *output, size_t size)
{
    const off_t end = lseek(output->fd, 0, SEEK_CUR); /* where our last write has ended */
    struct stat about;

    if (output->is_regular && end >= (off_t)size && fstat(output->fd, &about) == 0 &&
        about.st_size == end && ftruncate(output->fd, end - (off_t)size) == -1) {
        return; /* it stays as it is */
    }
}
