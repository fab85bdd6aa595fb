/* A source: the text of one file, checked, with a way to its lines.
 *
 * A source is UTF-8 without a byte order mark, without NUL and without control characters other
 * than tab and the ends of lines, so nothing behind it meets any of these.  Lines end as YAML's do:
 * at LF, CR LF, CR, NEL, LS or PS.  Lines and columns count from 1, columns in characters. */
#ifndef AXOND_GRAPH_SOURCE_H
#define AXOND_GRAPH_SOURCE_H

#include "graph/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;

enum { SOURCE_LARGEST = 64U << 20 }; /* bytes */

/* A part of a source that no excerpt shows. */
struct source_span {
    unsigned line, last_line;
    unsigned column, width; /* on a line of its own; else to the end of each line */
    const struct source_span *next;
};

struct source {
    const char *name; /* the path as the user would write it */
    const char *text; /* size bytes and a NUL */
    size_t size;
    unsigned number;       /* from 0, in the order of loading */
    unsigned line_count;   /* a last line without an end counts */
    unsigned last_column;  /* behind the last character of the last line */
    const uint32_t *marks; /* where lines 1, 257, 513, ... start */
    uint64_t device;       /* which file it was; 0 and 0: none */
    uint64_t inode;
    const struct source_span *hidden;
};

/* Reads a file.  Only regular files are read: a FIFO or a device is refused without being opened.
 *
 * Returns NULL with the reason in err: at its place in the file if its content is refused, else
 * with line 0.  The arena owns the source. */
MUST_CHECK struct source *source_read(struct arena *arena, const char *path, struct error *err);

/* Makes a source of a copy of a text.  Returns NULL with the reason in err. */
MUST_CHECK struct source *source_create(struct arena *arena, const char *name, const char *text,
                                        size_t size, struct error *err);

/* Returns where a line starts, and its length in bytes without its end; NULL if there is no such
 * line. */
const char *source_line(const struct source *source, unsigned line, size_t *length);

#endif
