/* Plans: what a graph file says, checked and pure data; nothing is opened yet.
 *
 *     document ──plan_load()──► plan ──graph_start()──► graph
 *
 * Components are flat: what a chassis holds follows it, with .parent pointing back, so a plan of
 * nested Pipelines is one array.  A graph that is a parameter (a ProtocolHandler's protocol) is a
 * plan of its own.  Every struct here lives in the arena of the root plan and goes with it.
 *
 * Such a graph may leave one parameter open, its argument: it is then checked at load but for that,
 * and planned anew, into an arena of its own, whenever there is a value (plan_with_argument()). */
#ifndef AXOND_GRAPH_PLAN_H
#define AXOND_GRAPH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/component_type.h"
#include "graph/mem.h"

struct arena;
struct document;
struct errors;
struct hash;
struct node;
struct plan_argument;
struct secret;

/* What is done when a component has failed or ended: "restart:" in the file. */
enum restart_policy { RESTART_NEVER = 0, RESTART_ON_FAILURE, RESTART_ALWAYS };

struct restart {
    int policy;       /* enum restart_policy */
    double delay;     /* before the first restart, s; it doubles with each */
    double max_delay; /* up to this, s */
    int64_t limit;    /* restarts that may be made ... 0: any number */
    double within; /* ... within so many seconds; after as long without one, delay counts again */
};

/* The options of "restart:", into struct restart. */
extern const struct param_spec restart_options[];

/* The options of an inbox under "boxes:", and of a parameter under "parameters:" of a graph: for
 * the reference; what they are read into is the planner's own. */
extern const struct param_spec box_options[];
extern const struct param_spec graph_parameter_options[];

/* "never", "on-failure", "always"; NULL is never. */
const char *restart_policy_name(const struct restart *restart);

/* A box of one component. */
struct plan_box {
    const struct box_spec *spec;
    uint32_t limit; /* inboxes: messages, or bytes with .flags & BOX_BOUND_BYTES */
    uint16_t flags; /* inboxes: BOX_… as the runtime wants them */
    bool is_linked; /* something leads here, or it leads somewhere */
};

struct plan_component {
    const char *name;      /* "lines"; "" where a graph is one component without a name */
    const char *path;      /* "pipe/lines" */
    const char *type_name; /* as the file has it: a type's, or a named graph's */
    const struct component_type *type;
    struct plan_component *parent; /* the chassis that holds it, or NULL */
    const struct node *at;         /* its name in the file; NULL where no file mentions it */
    const struct node *mapping;    /* its parameters as the file has them; NULL: none */
    const struct restart *restart; /* NULL: never */
    /* Its place in a graph.  As loaded it is the one in .components; a plan that takes over from
     * another gives each component the place that it has already (plan_difference.h). */
    size_t index;
    size_t within;                           /* what it holds, at whatever depth: those after it */
    const struct secret *secrets;            /* in its parameters: taken out of what it says */
    void *state;                             /* type->size bytes: zeroes, and the parameters */
    struct plan_box *in, *out;               /* the common ones, then the rare ones */
    uint8_t inboxes, outboxes;               /* in all */
    uint8_t common_inboxes, common_outboxes; /* that every instance has memory for */
    uint8_t control, signal;                 /* indices, NO_BOX: none */
    uint8_t main_in, main_out;               /* likewise */
    uint8_t from_made;                       /* likewise: see box_spec */
};

enum end_kind {
    END_COMPONENT, /* a box of a component of this plan */
    END_SELF,      /* the edge of this plan */
    END_OUTER,     /* a box of a component of the root plan: "/audit.inbox" */
};

struct plan_end {
    enum end_kind kind;
    struct plan_component *component; /* NULL for END_SELF */
    const char *box;                  /* its name */
    uint8_t index;                    /* of the box; END_SELF: none */
    bool is_inbox;
};

struct plan_linkage {
    struct plan_end from, to;
    const struct node *at;
    bool is_implied; /* a signal to a control that follows from "a -> b" */
};

/* A document besides the file's, that nodes of the plan lie in: a type's definition. */
struct plan_source {
    struct document *document;
    struct plan_source *next;
};

/* A graph with a name, as the file defines it. */
struct plan_graph {
    const char *name;
    const struct node *at;
    const struct param_spec *parameters; /* as a type's; NULL: none */
};

struct plan {
    struct plan *root; /* itself for the file's */
    const char *name;  /* the file's path, the graph's name, or the type's in lower case */
    struct plan_component *components;
    size_t component_count;
    size_t places; /* more than any .index of a component */
    struct plan_linkage *linkages;
    size_t linkage_count;
    struct hash *paths;                   /* of many components; see plan_find() */
    const struct plan_argument *argument; /* what is left open; NULL: nothing is */

    /* of the root only */
    struct arena *arena; /* the document's, if there is one */
    struct document *document;
    struct plan_source *sources;
    struct plan *basis; /* of one with an argument: what it was made of, which it keeps */
    const struct plan_graph *graphs; /* in the order of the file */
    size_t graph_count;
    unsigned refs; /* changed by any thread */
};

struct plan_options {
    const struct component_type *const *types; /* the registry, NULL-ended */
    /* The section "daemon:", read by the same tables as components' parameters into "settings". */
    const struct param_spec *settings_table;
    void *settings;
};

/* Reads a file and all it includes.  Notes every mistake in errors; returns NULL if one of them is
 * an error.  The caller has the only reference.  options is used during the call only; texts in
 * settings live as long as the plan. */
struct plan *plan_load(const char *path, const struct plan_options *options, struct errors *errors);

/* The same of text; name stands for the path in messages, includes are relative to it. */
struct plan *plan_parse(const char *name, const char *text, size_t size,
                        const struct plan_options *options, struct errors *errors);

/* A plan with one component of a type, its parameters at their defaults, and its main boxes,
 * control and signal at the edge.  For components that make others (a server its sockets).  In an
 * arena of its own; its name is the type's in lower case, unless the caller sets another. */
struct plan *plan_single(const struct component_type *type);

enum { PLAN_LONGEST_ARGUMENT = 64 * 1024 }; /* bytes */

/* The same graph, with this text for the parameter that its plan leaves open (.argument is not
 * NULL), as if the file had it there: it goes through the same checks, and ${...} in it means
 * nothing.  types: the registry, NULL-ended.
 *
 * Takes time and memory by the size of this graph, not of the file.  The caller has the only
 * reference.  Returns NULL if the text won't do; why, in one sentence, is in err (of size bytes).
 */
struct plan *plan_with_argument(const struct plan *plan, const struct component_type *const *types,
                                const void *value, size_t value_size, char *err, size_t size);

/* The plan of the file that a plan comes from. */
const struct plan *plan_outermost(const struct plan *plan);

struct plan *plan_ref(struct plan *plan);
void plan_release(struct plan *plan);

/* An inbox as its spec has it: the usual bound, unless that says otherwise. */
struct plan_box plan_box_inbox(const struct box_spec *spec);

/* The graph of a name; NULL: none. */
const struct plan_graph *plan_find_graph(const struct plan *plan, const char *name);

/* Looks a component up by path; NULL: none. */
struct plan_component *plan_find(const struct plan *plan, const char *path);

#endif
