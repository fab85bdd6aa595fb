/* Messages as texts: what is said in them, where the original passed strings, numbers and tuples.
 *
 *     "NEXT\n"     a command, with or without a newline
 *     "17 data"    a tagged item: a number, one space, the item
 *
 * A notice among data is a text without bytes. */
#ifndef AXOND_COMPONENTS_UTIL_TEXT_H
#define AXOND_COMPONENTS_UTIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/component.h"

/* Sends a text on an outbox that has room. */
void text_send(struct component *self, unsigned outbox, const char *text);

/* Bytes before the newline, or carriage return and newline, at the end of a message. */
size_t text_line_size(const struct message *msg);

/* True if a message says just this, with or without a newline. */
bool text_says(const struct message *msg, const char *text);

/* Copies what a message says, without the end of its line, to a text of "size" bytes with its NUL.
 * False: it does not fit. */
MUST_CHECK bool text_copy(const struct message *msg, char *text, size_t size);

/* The whole number that a message begins with, up to a space or the end of its line.  False: there
 * is none, or it goes beyond 64 bits. */
bool text_number(const struct message *msg, int64_t *number);

/* The beginning of a message for the log: whatever is not plain ASCII becomes a question mark. */
struct text_shown {
    char text[48];
};
struct text_shown text_shown(const struct message *msg);

#endif
