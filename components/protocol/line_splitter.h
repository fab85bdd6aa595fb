/* Lines out of a stream that comes in pieces: what LineFramer and the readers of files share.
 *
 *     "ab\nc" "d\n"  ──►  "ab\n" "cd\n"
 *
 * A line that lies within one message is a slice of it: its bytes are not copied.  Only what a
 * message ends with before its newline has come is kept apart (gathering.h), so that no more than
 * max_line bytes wait however slowly they come, and joined with the rest by copying.
 *
 * A line longer than max_line comes whole but in pieces; its newline is the end of the last one. */
#ifndef AXOND_COMPONENTS_PROTOCOL_LINE_SPLITTER_H
#define AXOND_COMPONENTS_PROTOCOL_LINE_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "components/util/gathering.h"
#include "graph/component_type.h"
#include "graph/message.h"

/* Zeroes, and the parameters, are a valid state. */
struct line_splitter {
    size_t max_line;         /* parameter, bytes */
    bool strip_newline;      /* parameter */
    bool is_overlong;        /* inside a line that is too long: what comes next is a piece of it */
    uint64_t overlong_lines; /* statistic */
    struct gathering begun;  /* the line so far, of earlier messages */
};

/* The lines of its owner's tables; field: the owner's struct line_splitter. */
#define LINE_SPLITTER_PARAMETERS(type, field)                                                      \
    {.name = "max_line",                                                                           \
     .kind = PARAM_KIND_SIZE,                                                                      \
     .offset = offsetof(type, field.max_line),                                                     \
     .width = sizeof(size_t),                                                                      \
     .fallback = "64KiB",                                                                          \
     .min = 1,                                                                                     \
     .max = 16U << 20,                                                                             \
     .changeable = true,                                                                           \
     .doc = "longer lines, their newline not counted, go out by overlong"},                        \
    {                                                                                              \
        .name = "strip_newline", .kind = PARAM_KIND_BOOL,                                          \
        .offset = offsetof(type, field.strip_newline), .width = sizeof(bool), .fallback = "false", \
        .changeable = true,                                                                        \
        .doc = "lines go out without their newline, and without a carriage return before it"       \
    }
#define LINE_SPLITTER_STATISTICS(type, field)                                                      \
    {                                                                                              \
        .name = "overlong_lines", .offset = offsetof(type, field.overlong_lines), .unit = "lines", \
        .doc = "longer than max_line"                                                              \
    }
#define LINE_SPLITTER_OVERLONG_BOX                                                                 \
    {                                                                                              \
        .name = "overlong", .carries = BYTES,                                                      \
        .doc = "lines longer than max_line, in pieces as they come", .rare = true                  \
    }

/* Does the next step with a message that is not empty, and uses its first *size bytes up.  Returns
 * a line or, where is_overlong was set before the call, a piece of one; NULL: no line is complete
 * yet, or one has turned out too long, which is_overlong then says. */
struct message *line_splitter_take(struct line_splitter *splitter, struct pool *pool,
                                   const struct message *from, size_t *size);

/* True if the stream so far ends within a line that nobody has seen anything of. */
static inline bool line_splitter_has_rest(const struct line_splitter *splitter)
{
    return splitter->begun.size > 0;
}

/* That line, as it is; there must be one.  What comes next begins a new one. */
struct message *line_splitter_take_rest(struct line_splitter *splitter, struct pool *pool);

void line_splitter_deinit(struct line_splitter *splitter);

#endif
