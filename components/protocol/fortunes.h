/* Fortunes: texts from a file in the format of fortune(6), as a parameter.
 *
 *     A text of one line or several.
 *     %                                       a line of its own between two texts
 *     Another.
 *
 * The file is read when the graph is, so that a mistake in it is one of the graph's, and kept with
 * the plan: whatever is made of it shares the texts. */
#ifndef AXOND_COMPONENTS_PROTOCOL_FORTUNES_H
#define AXOND_COMPONENTS_PROTOCOL_FORTUNES_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct error;
struct node;

struct fortune {
    const char *text; /* size bytes, with the newline of its last line */
    size_t size;
};

struct fortunes {
    const struct fortune *items; /* at least one; of the plan's arena */
    size_t count;
};

enum { FORTUNES_LARGEST = 4 << 20 }; /* bytes of a file */

/* What .accepts says of such a parameter. */
#define FORTUNES_ACCEPTED "the path of a file of fortunes"
#define FORTUNES_SCHEMA   "{'type': ['string', 'number'], 'minLength': 1}"

/* Reads the parameter's node, a path relative to the file that it stands in; for
 * param_spec.parse. */
bool fortunes_parse(const struct node *node, void *field, struct arena *arena, struct error *err);

/* True if the texts are the same; for param_spec.is_same. */
bool fortunes_are_same(const void *a, const void *b);

#endif
