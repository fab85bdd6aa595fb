/* "Did you mean ...?" */
#ifndef AXOND_GRAPH_SUGGEST_H
#define AXOND_GRAPH_SUGGEST_H

#include <stddef.h>

/* Returns the index-th candidate, NULL past the last. */
typedef const char *suggest_candidate(void *context, size_t index);

/* Returns the candidate that the user most likely meant, or NULL if none is near.
 *
 * One that differs only in case wins; then the one with the fewest slips (a letter wrong, missing,
 * too many, or two swapped), at most one for three letters and three in all; then the only one that
 * the name is the beginning of.  Among equals the first wins. */
const char *suggest(const char *name, suggest_candidate *candidate, void *context);

/* The same for an array of names that ends with NULL. */
const char *suggest_from(const char *name, const char *const *names);

/* The words to append to a message: "; did you mean \"X\"?", or nothing. */
struct suggestion {
    char text[96];
};
struct suggestion suggest_words(const char *meant);

#endif
