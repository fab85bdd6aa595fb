/* Secrets: texts that are not to be shown, alone or inside others.
 *
 * What the loader puts together of credentials and secret parameters remembers them; a component
 * that was given some has them taken out of whatever it says. */
#ifndef AXOND_GRAPH_SECRET_H
#define AXOND_GRAPH_SECRET_H

#include <stddef.h>

#include "graph/mem.h"

struct arena;
struct node;

struct secret {
    const char *text;
    size_t size; /* at least 1 */
    const struct secret *next;
};

/* A list with another text before the rest of it: with what of the text there is between control
 * characters, since one of several lines is seldom shown as it is. */
MUST_CHECK const struct secret *secret_add(struct arena *arena, const struct secret *others,
                                           const char *text, size_t size);

/* The same with all that is secret in a node. */
MUST_CHECK const struct secret *secret_add_node(struct arena *arena, const struct secret *others,
                                                const struct node *node);

/* Puts *** for each secret in a text that has room for size bytes; what does not fit any more is
 * cut.  A long secret that was cut itself is known by its first characters. */
void secret_hide(const struct secret *secrets, char *text, size_t size);

#endif
