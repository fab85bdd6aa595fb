/* A file that is read without holding the loop.
 *
 *     a regular file:  preadv2(RWF_NOWAIT) ── not in memory ──► a job of the loop's file_thread
 *     FIFO, terminal:  read(2), as libev says
 *
 * Looking a path up and opening it is done in the loop: a file server that does not answer holds
 * it. */
#ifndef AXOND_COMPONENTS_FILE_FILE_INPUT_H
#define AXOND_COMPONENTS_FILE_FILE_INPUT_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "graph/mem.h"

struct component;
struct read_job;

/* Lies in its owner's struct; zeroes are one that was not begun. */
struct file_input {
    struct component *owner;
    bool is_open;
    bool is_stream;    /* it has no offset: read as it comes */
    bool awaits;       /* a stream with nothing to read: the watcher is active */
    bool needs_thread; /* its file system can't say what is in memory */
    int fd;
    uint64_t offset; /* of a regular file: what is read next */
    ev_io readable;
    struct read_job *job; /* under way, or done with bytes for us; else NULL */
};

/* Opens the file at a path; *about is what it is.  endless: a FIFO has no end when its last writer
 * leaves.  Returns 0 or -errno; -EISDIR for a directory. */
MUST_CHECK int file_input_open(struct file_input *input, struct component *owner, const char *path,
                               bool endless, struct stat *about);

/* Reads up to size bytes, at least 1.  Returns their number, 0 at the end of the file (there may be
 * more later), -EAGAIN: the owner is run when there is more, or -errno. */
MUST_CHECK ssize_t file_input_read(struct file_input *input, unsigned char *to, size_t size);

/* Moves in a regular file; between reads only: not after -EAGAIN. */
void file_input_seek(struct file_input *input, uint64_t offset);

void file_input_close(struct file_input *input);

#endif
