/* Interpolation: ${...} in values, replaced after parsing, so that a value never changes the file's
 * structure.  Keys stay as they are.
 *
 *     ${NAME}             the environment; an error if unset
 *     ${NAME:-default}    the default if unset or empty; it may hold ${...} itself
 *     ${NAME:?text}       an error with this text if unset or empty
 *     ${credential:NAME}  the file NAME in $CREDENTIALS_DIRECTORY, less one final newline; secret
 *     ${param:NAME}       a parameter of the graph that this stands in
 *     $${                 a literal ${
 *
 * A scalar that is exactly ${param:NAME} becomes the parameter's node, which may be a mapping. What
 * a replacement brings in is not interpolated again. */
#ifndef AXOND_GRAPH_INTERPOLATE_H
#define AXOND_GRAPH_INTERPOLATE_H

#include "graph/document.h"

/* Where names are looked up.  Zeroes, and NULL for the whole, are the process's environment and no
 * graph around. */
struct interpolation {
    /* Returns the variable's value, or NULL if it is unset.  NULL: getenv(). */
    const char *(*environment)(void *context, const char *name);
    /* Returns the parameter's node, or NULL if the graph has no such parameter.  NULL: no graph. */
    const struct node *(*parameter)(void *context, const char *name);
    /* Returns the index-th parameter's name, NULL past the last, for suggestions.  May be NULL. */
    const char *(*parameter_name)(void *context, size_t index);
    void *context; /* given to all three */
    /* For a text that is to be loaded again: ${param:NAME} and $${ stay as they are, what is put in
     * is escaped, and a credential is not read, its text being secret already. */
    bool keeps;
};

/* Returns the tree with everything replaced: the same nodes where there was nothing to replace, new
 * ones in the arena above and at a replacement.
 *
 * Mistakes are added to errors; the scalar that has one stays as it is but `broken`, so that its
 * reader adds nothing to it. */
MUST_CHECK const struct node *interpolate(struct arena *arena, const struct node *node,
                                          const struct interpolation *lookups,
                                          struct errors *errors);

#endif
