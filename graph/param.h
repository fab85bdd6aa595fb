/* Parameters: a YAML mapping read into a C struct, as a table says.
 *
 *     {max_size: 1KiB}  ──► struct param_spec[] ──►  struct echo_protocol { .max_size = 1024 }
 *
 * The struct is first given its defaults, then what the mapping has.  A default is a text that goes
 * through the same parser.  Every mistake is reported, not only the first. */
#ifndef AXOND_GRAPH_PARAM_H
#define AXOND_GRAPH_PARAM_H

#include <stdbool.h>

#include "graph/component_type.h"
#include "graph/mem.h"
#include "graph/value.h"

struct arena;
struct errors;
struct node;
struct plan;

/* For whom parameters are read, and where to. */
struct param_reader {
    const char *owner;           /* in messages: "EchoProtocol" */
    const char *noun;            /* what one is called there; NULL: "parameter" */
    const char *const *reserved; /* keys that others read, NULL-ended; or NULL */
    const struct node *left_out; /* a value that means that there is none; or NULL */
    struct arena *arena;         /* texts live here */
    struct errors *errors;
    /* Reads a PARAM_GRAPH, or one of a PARAM_GRAPHS; NULL after a report.  mapping: what it stands
     * in; NULL for a default.  May be NULL where no table has one. */
    struct plan *(*read_graph)(void *context, const struct param_spec *spec,
                               const struct node *node, const struct node *mapping);
    void *context;              /* given to it */
    const struct node *mapping; /* set by params_read() */
};

/* Sets every field to its fallback.  What has none is left as it is. */
bool params_set_defaults(const struct param_reader *reader, const struct param_spec *table,
                         void *state);

/* Sets the fields that the mapping has; table and mapping may be NULL.
 *
 * at: where to report that a required one is missing.
 * Returns false after a report. */
bool params_read(const struct param_reader *reader, const struct param_spec *table,
                 const struct node *mapping, const struct node *at, void *state);

/* One value: read by its entry, into the struct that state is.  Returns false after a report. */
bool param_read(const struct param_reader *reader, const struct param_spec *spec,
                const struct node *node, void *state);

/* Report that a key is neither in the table nor reserved, and that a required one is missing. */
bool param_check_key(const struct param_reader *reader, const struct param_spec *table,
                     const struct node *key);
bool param_report_missing(const struct param_reader *reader, const struct param_spec *spec,
                          const struct node *at);

/* The node of a default, made in the reader's arena.  spec->fallback must not be NULL. */
const struct node *param_fallback(const struct param_reader *reader, const struct param_spec *spec);

/* What an entry takes, in words that complete "must be": "a size from 1 to 16777216 bytes, such as
 * 64KiB". */
struct accepted param_accepts(const struct param_spec *spec);

/* The entry of a name, or NULL. */
const struct param_spec *param_find(const struct param_spec *table, const char *name);

/* The nearest name in the table, or NULL. */
const char *param_suggest(const struct param_reader *reader, const struct param_spec *table,
                          const char *name);

/* The value of a field, as a user would write it; secrets as ***.  NULL: it has none.  To be freed.
 *
 * mapping: what it was read from, or NULL; what a PARAM_CUSTOM was made of is shown from there. */
MUST_CHECK char *param_show(const struct param_spec *spec, const void *state,
                            const struct node *mapping);

/* A node as it would be written in one line; secrets as ***.  To be freed. */
MUST_CHECK char *param_show_node(const struct node *node);

#endif
