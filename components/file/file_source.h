/* A file as messages, chunks or lines, step by step: what the readers of files share.
 *
 *     file_input ──► chunk ──► (line_splitter) ──► message
 */
#ifndef AXOND_COMPONENTS_FILE_FILE_SOURCE_H
#define AXOND_COMPONENTS_FILE_FILE_SOURCE_H

#include "components/file/file_input.h"
#include "components/protocol/line_splitter.h"

struct message;

struct file_source {
    struct file_input input;
    struct line_splitter splitter; /* its parameters are its owner's */
    bool makes_lines;
    struct message *chunk; /* of which lines are still to be made; else NULL */
    uint64_t bytes;        /* statistic: read in all */
};

/* True if the next step reads. */
static inline bool file_source_reads_next(const struct file_source *source)
{
    return source->chunk == NULL;
}

/* Makes a step: reads up to "most" bytes, or takes a line of what was read.  Returns 1: done, and
 * *msg is what came of it, or NULL; where splitter.is_overlong was set before, it is a piece of a
 * line that is too long.  0: the end of the file.  -EAGAIN: self is run when there is more.  Or
 * -errno. */
MUST_CHECK int file_source_step(struct file_source *source, struct component *self, size_t most,
                                struct message **msg);

/* At the end of a file: the line that has no newline, or NULL.  What is read next begins anew. */
struct message *file_source_take_rest(struct file_source *source, struct component *self);

void file_source_close(struct file_source *source);

#endif
