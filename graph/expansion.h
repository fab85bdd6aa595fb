/* Expanding the ${...} of one text; internal to interpolation, interpolate.h is what others use.
 *
 *     interpolate.c      the tree: which nodes change, and the new ones
 *     expansion.c        one text: finding each ${...}, putting the new text together
 *     expansion_names.c  what stands for a name: variables, credentials, parameters
 *
 * The text between the braces is passed as [text, end), always a part of the node's text, so that a
 * mistake can be reported where it is. */
#ifndef AXOND_GRAPH_EXPANSION_H
#define AXOND_GRAPH_EXPANSION_H

#include "graph/interpolate.h"

/* One walk over a tree. */
struct interpolator {
    struct arena *arena;
    const struct interpolation *lookups;
    struct errors *errors;
    size_t made; /* bytes of new text; expansion.c limits them */
};

/* A scalar on its way to its new text. */
struct expansion {
    struct interpolator *interpolator;
    const struct node *node;
    char *text; /* on the heap, size bytes of room; it may hold a secret */
    size_t size;
    size_t room;
    bool secret;
    bool broken;
    bool later;
    const struct secret *secrets; /* that are in the text */
};

/* Reports a mistake in the size bytes at `at`, which are part of the node's text.  Where the text
 * stands in the file as it is, the caret is set to them, else to the whole scalar. */
void expansion_fail(struct expansion *expansion, const char *at, size_t size, const char *format,
                    ...) PRINTF_LIKE(4, 5);

/* Appends to the new text, or reports that there is too much of it. */
void expansion_append(struct expansion *expansion, const char *text, size_t size);

/* Appends a text with every ${...} in it replaced.  depth: of defaults in defaults. */
void expansion_expand(struct expansion *expansion, const char *text, const char *end,
                      unsigned depth);

/* If the whole text is one ${param:NAME}, returns where NAME begins; it ends before the last
 * character.  Else NULL. */
const char *expansion_sole_parameter(const char *text, const char *end);

/* Returns the node of the parameter, or NULL after a report. */
const struct node *expansion_find_parameter(struct expansion *expansion, const char *text,
                                            const char *end);

/* Append what ${NAME}, ${NAME:-default} or ${NAME:?text}, ${credential:NAME} and ${param:NAME},
 * inside a longer text, stand for. */
void expansion_add_variable(struct expansion *expansion, const char *text, const char *end,
                            unsigned depth);
void expansion_add_credential(struct expansion *expansion, const char *text, const char *end);
void expansion_add_parameter(struct expansion *expansion, const char *text, const char *end);

#endif
