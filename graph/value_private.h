/* What the parsers of values share, from inside; value.h is what others use.
 *
 *     value.c          booleans, whole numbers, sizes, durations
 *     value_address.c  addresses and hosts */
#ifndef AXOND_GRAPH_VALUE_PRIVATE_H
#define AXOND_GRAPH_VALUE_PRIVATE_H

#include "graph/value.h"

/* Says what is accepted.  Returns false. */
bool value_reject(struct accepted *accepted, const char *format, ...) PRINTF_LIKE(2, 3);

/* Reads digits to the end of the text.  Returns false if there are none, others, or too many. */
bool value_read_digits(const char *text, unsigned base, uint64_t *value);

static inline bool value_is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

#endif
