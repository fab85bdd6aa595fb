/* A line of the log while it is put together, on the stack; internal to the log. */
#ifndef AXOND_DAEMON_LOG_LINE_H
#define AXOND_DAEMON_LOG_LINE_H

#include <stddef.h>

#include "daemon/log.h"

/* What does not fit is cut. */
struct log_line {
    size_t size; /* of the bytes in use, at most sizeof(bytes) */
    char bytes[LOG_TEXT_SIZE + 1024];
};

void log_line_add(struct log_line *line, const void *bytes, size_t size);
void log_line_add_string(struct log_line *line, const char *string);

/* Adds a string with what is not text escaped, up to a size; more than that ends in "…". */
void log_line_add_text(struct log_line *line, const char *string, size_t limit);

#endif
