/* Which graphs there are to check: files, and all those in a folder that no other one includes.
 *
 *     site/   a.yaml  ── include: [parts.yaml]     a graph
 *             b.yaml                               a graph
 *             parts.yaml                           a part of a.yaml: checked with it
 *
 * A file that is named is a graph in any case.  Of a folder these are the files NAME.yaml, sorted,
 * without hidden ones and without those in folders below. */
#ifndef AXOND_DAEMON_GRAPH_FILES_H
#define AXOND_DAEMON_GRAPH_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/mem.h"

struct graph_file {
    char *path;
    const char *part_of; /* the path of a graph that includes it; NULL: it is one itself */
    bool is_named;
};

/* Zeroes are an empty list. */
struct graph_files {
    struct graph_file *files;
    size_t count;
};

/* Adds a file, or what is in a folder.  Returns how many; -errno: the folder cannot be read. */
MUST_CHECK int graph_files_add(struct graph_files *list, const char *path);

/* Finds out, by reading them, which are but parts of others. */
void graph_files_sort_out(struct graph_files *list);

void graph_files_deinit(struct graph_files *list);

#endif
