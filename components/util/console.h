/* Standard input and output, for components: read and written without ever holding the loop up.
 *
 * Others may share them, so they must not be made non-blocking: a pipe or a terminal is opened once
 * more for us, a socket is used with MSG_DONTWAIT, a file never blocks.  Where opening is not
 * allowed, poll(2) is asked first, and no more is written than a pipe takes at once. */
#ifndef AXOND_COMPONENTS_UTIL_CONSOLE_H
#define AXOND_COMPONENTS_UTIL_CONSOLE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "graph/mem.h"

enum console_way { CONSOLE_FREELY, CONSOLE_AS_SOCKET, CONSOLE_CAREFULLY };

/* Zeroes are one that is not open. */
struct console {
    int fd;
    enum console_way way;
    bool is_open;
    bool is_ours; /* fd is */
};

/* standard: STDIN_FILENO or STDOUT_FILENO.  Returns 0 or -errno. */
MUST_CHECK int console_open(struct console *console, int standard);
void console_close(struct console *console);

/* The most that may be given to one console_write(), bytes. */
size_t console_most(const struct console *console);

/* Return how much was read (0: the end) or written, or -errno: -EAGAIN once nothing is there, or
 * there is no room, until an ev_io for .fd says so; after -EINTR it may be tried again at once. */
MUST_CHECK ssize_t console_read(const struct console *console, void *to, size_t size);
MUST_CHECK ssize_t console_write(const struct console *console, const struct iovec *parts,
                                 int count);

#endif
