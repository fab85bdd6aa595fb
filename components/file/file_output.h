/* A file that is written to, by the name that it has at the time.
 *
 *     path ──► file_output ── write(2), into the kernel's memory ──► the file
 *
 * 1. Always at its end (O_APPEND): several may write to one file, and it may be cut by others.
 * 2. Writing to a regular file waits for no disk, unless the kernel has no memory left to keep what
 *    is written.  A FIFO or a terminal is written as it takes it.
 * 3. A FIFO that nobody reads takes what fits into it, and keeps that for its first reader. */
#ifndef AXOND_COMPONENTS_FILE_FILE_OUTPUT_H
#define AXOND_COMPONENTS_FILE_FILE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "graph/mem.h"

/* Lies in its owner's struct; zeroes are one that is not open. */
struct file_output {
    bool is_open;
    bool is_regular;
    int fd;
    dev_t device;
    ino_t inode;
};

/* Opens the file, or makes it with these permissions, less the umask.  directories: makes those
 * that are missing.  Returns 0 or -errno. */
MUST_CHECK int file_output_open(struct file_output *output, const char *path, mode_t mode,
                                bool directories);

/* True if another file, or none, is at the path now. */
bool file_output_has_moved(const struct file_output *output, const char *path);

/* Writes once.  Returns how many bytes were written, or -errno; -EAGAIN: a FIFO is full. */
MUST_CHECK ssize_t file_output_write(struct file_output *output, const struct iovec *parts,
                                     int count);

/* Makes a regular file empty.  Returns 0 or -errno. */
MUST_CHECK int file_output_empty(struct file_output *output);

/* Takes the last "size" bytes back that were written, unless others have written since or it can't
 * be done: then they stay. */
void file_output_take_back(struct file_output *output, size_t size);

#endif
