/* Includes: one graph out of several files.
 *
 *     include: [conf.d/NN-*.yaml]   relative to the file it stands in; files sorted by name
 *
 * components:, graphs: and daemon: are joined key by key, and linkages: one after the other, in the
 * order main file, its first include, that one's includes, ...  A name that is defined twice is an
 * error that names both places.  A file is read once, however many patterns match it. */
#ifndef AXOND_GRAPH_INCLUDE_H
#define AXOND_GRAPH_INCLUDE_H

#include "graph/document.h"

struct interpolation;

enum { INCLUDE_DEEPEST = 20 }; /* files including each other in a row */

/* Loads a graph file and all that it includes.  The document's root is a mapping that has only
 * known keys: components, graphs, daemon (mappings), linkages (a sequence), each only if some file
 * has it; version and include are done with.
 *
 * lookups: for ${...} in the patterns; NULL: the process's environment.
 * Returns NULL if the main file has no tree or is no mapping; look at errors_count() as well. */
MUST_CHECK struct document *include_load(const char *path, const struct interpolation *lookups,
                                         struct errors *errors);

/* Does the same to a document that has been parsed already.  Returns false if its root is no
 * mapping. */
bool include_resolve(struct document *document, const struct interpolation *lookups,
                     struct errors *errors);

#endif
