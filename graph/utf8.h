/* UTF-8, as far as a loader needs it. */
#ifndef AXOND_GRAPH_UTF8_H
#define AXOND_GRAPH_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the character at text, of which size bytes are there, at least 1.  Returns the bytes that
 * it takes, from 1 to 4; or 0 if they are not UTF-8 (overlong forms and surrogates are not). */
size_t utf8_decode(const char *text, size_t size, uint32_t *character);

/* Counts the characters; a byte that is not UTF-8 counts as one. */
size_t utf8_count(const char *text, size_t size);

/* True if the text is UTF-8 and has no NUL. */
bool utf8_is_text(const char *text, size_t size);

/* True for what must not reach a terminal as it is: C0 and C1 controls, DEL, and the marks that
 * change the direction of writing. */
bool utf8_is_control(uint32_t character);

#endif
