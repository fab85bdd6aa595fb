/* A plan written as YAML that would load again: what a file and all its includes come to.
 *
 *     document ──► includes merged, ${NAME} replaced, defaults filled in ──► text, part by part
 *
 * Named graphs stay graphs, with ${param:NAME} in them.  A secret is ***. */
#ifndef AXOND_GRAPH_PLAN_DUMP_H
#define AXOND_GRAPH_PLAN_DUMP_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/mem.h"

struct component_type;
struct param_spec;
struct plan;
struct plan_dump;

/* A setting that is not as the file has it. */
struct plan_override {
    const char *section; /* of daemon: it is in; NULL: none */
    const char *name;
    const char *value;
    const char *from; /* for its comment: "command line" */
};

struct plan_dump_options {
    const struct component_type *const *types; /* the registry, NULL-ended */
    const struct param_spec *settings_table;   /* of "daemon:"; NULL: it is left out */
    const struct plan_override *overrides;     /* ended by one without a name; or NULL */
    bool with_origins; /* a comment after each value: the file and line it came from */
};

/* The plan must come from a document; it is kept until the dump is destroyed.  options is borrowed
 * for as long. */
MUST_CHECK struct plan_dump *plan_dump_create(struct plan *plan,
                                              const struct plan_dump_options *options);

/* Writes up to so many values more, fewer once there are 64 KiB; the text is good until the next
 * call. Returns whether there is more to come. */
bool plan_dump_next(struct plan_dump *dump, size_t values, const char **text, size_t *size);

void plan_dump_destroy(struct plan_dump *dump);

#endif
