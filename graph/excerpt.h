/* Making the excerpt that is shown under a message; internal to the list of errors. */
#ifndef AXOND_GRAPH_EXCERPT_H
#define AXOND_GRAPH_EXCERPT_H

#include "graph/error.h"

struct arena;

/* Makes the excerpt of the line that an error is in, and where its caret goes; the text lives in
 * the arena.  An error without a source, or far beyond what a screen shows, has none. */
struct excerpt excerpt_make(struct arena *arena, const struct error *err);

#endif
