/* The messages that a tap is about: those whose bytes match a regular expression (PCRE2).
 *
 * Whoever opens the control socket chooses the expression, and it runs in the loop.  So the work on
 * a message is bounded, and so is the share of time that all of a filter's work may take: a message
 * for which there is none is not looked at. */
#ifndef AXOND_DAEMON_TAP_FILTER_H
#define AXOND_DAEMON_TAP_FILTER_H

#include <stddef.h>

struct tap_filter;

/* What is wrong with an expression. */
struct tap_filter_error {
    size_t offset; /* bytes before the place */
    char text[160];
};

enum tap_filtered {
    TAP_MATCHES,
    TAP_DIFFERS,
    TAP_UNKNOWN, /* it would have taken too long */
};

enum { TAP_FILTER_LONGEST = 1000 }; /* bytes of an expression */

/* Returns NULL after filling in err. */
struct tap_filter *tap_filter_create(const char *regex, struct tap_filter_error *err);

/* NULL is fine. */
void tap_filter_destroy(struct tap_filter *filter);

enum tap_filtered tap_filter_look(struct tap_filter *filter, const void *bytes, size_t size);

#endif
