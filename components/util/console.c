#include "components/util/console.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int console_open(struct console *console, int standard)
{
    const int direction = standard == STDIN_FILENO ? O_RDONLY : O_WRONLY;
    struct stat about;
    char path[32];

    if (fstat(standard, &about) == -1) {
        return -errno;
    }
    *console = (struct console){.fd = standard, .is_open = true};
    if (S_ISSOCK(about.st_mode)) {
        console->way = CONSOLE_AS_SOCKET;
    } else if (S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode)) {
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", standard);
        console->fd = open(path, direction | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        console->is_ours = console->fd != -1;
        if (!console->is_ours) {
            console->fd = standard;
            console->way = CONSOLE_CAREFULLY;
        }
    }
    return 0;
}

void console_close(struct console *console)
{
    if (console->is_open && console->is_ours) {
        close(console->fd);
    }
    console->is_open = false;
}

size_t console_most(const struct console *console)
{
    return console->way == CONSOLE_CAREFULLY ? PIPE_BUF : SSIZE_MAX;
}

static bool is_ready(const struct console *console, short event)
{
    struct pollfd at = {.fd = console->fd, .events = event};

    return console->way != CONSOLE_CAREFULLY || poll(&at, 1, 0) == 1;
}

ssize_t console_read(const struct console *console, void *to, size_t size)
{
    ssize_t got;

    if (!is_ready(console, POLLIN)) {
        return -EAGAIN;
    }
    got = console->way == CONSOLE_AS_SOCKET ? recv(console->fd, to, size, MSG_DONTWAIT)
                                            : read(console->fd, to, size);
    return got == -1 ? -errno : got;
}

ssize_t console_write(const struct console *console, const struct iovec *parts, int count)
{
    const struct msghdr packet = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                                  .msg_iovlen = (size_t)count};
    ssize_t written;

    if (!is_ready(console, POLLOUT)) {
        return -EAGAIN;
    }
    written = console->way == CONSOLE_AS_SOCKET
                  ? sendmsg(console->fd, &packet, MSG_DONTWAIT | MSG_NOSIGNAL)
                  : writev(console->fd, parts, count);
    return written == -1 ? -errno : written;
}
