/* From a document to a plan, from inside; plan.h is what others use.
 *
 *     plan.c             the way through: sections, then passes, then the finished arrays
 *     plan_component.c   a component's mapping: its type and parameters
 *     plan_box.c         its boxes
 *     plan_restart.c     what is done when it fails
 *     plan_chassis.c     what a chassis holds
 *     plan_graph.c       graphs that are parameters, and those that leave one open
 *     plan_definition.c  named graphs, written out where they are used
 *     plan_parameter.c   what they take, and what they are given
 *     plan_secret.c      what of the file is not to be shown
 *     plan_chain.c       the grammar of "a.outbox -> [b, c]"
 *     plan_end.c         from an end of it to a box
 *     plan_linkage.c     what a chain joins
 *     plan_fanout.c      "-> [b, c]"
 *     plan_link.c        one linkage, and those that follow
 *     plan_check.c       what can be said only once all is linked
 *
 * A draft is a plan in the making: its components lie apart and keep their place while others are
 * added.  A scope is one level of names: the file's components, a chassis's, a graph's.  All
 * components are read before the first linkage, since a linkage may lead to any of the root's.
 *
 * A mistake is reported where it is found, and what it concerns is then left out without a word:
 * a component of an unknown type stays, so that nobody is told that its name is unknown, but has no
 * type, and linkages to it are skipped. */
#ifndef AXOND_GRAPH_PLANNER_H
#define AXOND_GRAPH_PLANNER_H

#include "graph/component.h"
#include "graph/document.h"
#include "graph/error.h"
#include "graph/hash.h"
#include "graph/param.h"
#include "graph/plan.h"
#include "graph/suggest.h"

enum {
    PLAN_MOST_BOXES = 254, /* inboxes or outboxes of one component */
    PLAN_LONGEST_NAME = 64,
    PLAN_DEEPEST = 100,        /* chassis and graphs in each other */
    PLAN_MOST_PARTS = 4000000, /* nodes that graphs may be written out to */
};

/* A component type, looked at once. */
struct type_info {
    const struct component_type *type;
    struct plan_component model; /* boxes, their indices, and the state; to be copied */
    bool has_defaults;           /* model.state is made */
};

struct draft_linkage {
    struct plan_linkage made;
    const struct error_way *way; /* of its scope */
    struct draft_linkage *next;
};

struct draft_component {
    struct plan_component made; /* the first, so that .parent leads to a draft_component, too */
    struct draft_component *next;
    struct draft *draft;
    /* By index of the box, where it leads, or NULL.  Only a chassis's inboxes lead anywhere. */
    struct draft_linkage **in_next, **out_next;
    bool *in_fed; /* by index of the inbox: something leads there */
    /* The file itself links something to its control; from inside, to its signal. */
    bool is_control_taken, is_signal_taken;
    bool is_reached; /* the file links one of its boxes */
    bool is_listed;  /* its name comes from its place in a list */
};

/* A plan in the making. */
struct draft {
    struct plan *plan;
    struct draft *next;
    struct draft_component *components, **components_end;
    struct draft_linkage *linkages, **linkages_end;
    bool is_dropped; /* made to be checked, not to be used */
};

/* The edge of a plan: the boxes of its "self".  In the order of enum edge. */
enum self_box { SELF_INBOX, SELF_CONTROL, SELF_OUTBOX, SELF_SIGNAL, SELF_BOXES };

/* A level of names. */
struct scope {
    struct scope *next;
    struct draft *draft;
    struct draft_component *self; /* the chassis around it; NULL: a plan's edge, if it has_edge */
    const char *label;            /* of a plan's own: whose it is, for messages */
    bool has_edge;
    bool has_any_edge; /* of a graph that nothing uses: any box may be meant */
    bool is_list;      /* its components have no names to be linked by: their chassis says how */
    enum carries edge_carries;
    struct draft_linkage *edge_next[SELF_BOXES]; /* where self.inbox and self.control lead */
    /* Something leads to self.outbox; the file itself leads something to self.signal. */
    bool is_outbox_fed, is_signal_taken;
    struct hash names;                   /* to struct draft_component */
    struct draft_component **components; /* in order, without fan-outs */
    size_t count;
    const struct node *linkages; /* a sequence, or NULL */
    const struct node *at;
    const struct error_way *way; /* the uses of graphs that it is in; NULL: none */
};

/* What a graph with a name takes. */
struct parameter {
    struct param_spec *spec;     /* in the definition's table */
    const struct node *at;       /* its name; NULL: a type's */
    const struct node *fallback; /* its default, or NULL */
    bool is_mentioned;           /* some ${param:NAME} is for it */
};

/* A graph with a name: of graphs:, or a type that is made of others. */
struct definition {
    const char *name;
    const struct node *at;
    const struct node *body;  /* a mapping with components and linkages */
    struct param_spec *table; /* what it takes, or NULL; by the same index: */
    struct parameter *parameters;
    size_t parameter_count;
    const struct component_type *type;  /* that is made of others; NULL: of graphs: */
    const struct component_type *shape; /* the chassis that stands for it; NULL: there is none */
    struct definition *opener;          /* the definition that it is used in while it is_open */
    struct definition *next;            /* in the order of the file */
    size_t parts;                       /* nodes to write it out */
    bool is_open, is_used, is_bad;
};

/* One end of a linkage, resolved. */
struct end {
    struct draft_component *component; /* NULL: the edge */
    unsigned index;                    /* of the box; at the edge enum self_box */
    bool is_inbox;
    bool is_plain; /* the file names no box */
    bool is_self;  /* of the graph around, seen from inside */
    bool is_outer;
};

/* A linkage that "a -> b" implies, unless the file has others instead. */
struct implied {
    struct scope *scope;
    struct end from, to;
    const struct node *at;
    struct implied *next;
};

struct planner {
    const struct plan_options *options;
    struct errors *errors;
    size_t errors_before; /* that were in the list when the loading began */
    struct arena *arena;
    struct draft *root, *drafts, **drafts_end;
    struct scope *root_scope, *scopes, **scopes_end;
    struct implied *implied, **implied_end;
    struct hash types;       /* to struct type_info, of those that were looked up */
    struct hash definitions; /* to struct definition */
    struct definition *first_definition, **definitions_end;
    struct definition *innermost; /* that is open */
    const struct node *graphs;    /* where definitions are looked up when needed; or NULL */
    const struct plan *outer;     /* the file's, where it is made already; or NULL */
    size_t type_count;
    const struct error_way *way; /* to it, from the file's own graph */
    const struct component_type *fanout, *named_graph;
    const struct node *left_out; /* stands for a parameter that was not given */
    const struct node *broken;   /* stands for one that has a mistake */
    size_t parts;                /* what has been made so far */
    size_t fanouts;
    size_t suggestible; /* names that may still be compared for "did you mean" */
    unsigned depth;
    bool is_too_deep; /* and that was reported */
    bool is_checking; /* a graph that nothing uses: what is made is dropped */
};

/* ---- plan.c ---- */

/* Plans a document, and takes it over.  name: of the file. */
struct plan *plan_from_document(struct document *document, const char *name,
                                const struct plan_options *options, struct errors *errors);

/* A planner with the draft of a root plan, which has the arena and one reference. */
void planner_init(struct planner *planner, struct arena *arena, const char *name,
                  struct errors *errors);

/* What it knows of types; NULL: there is no such type. */
void planner_know_types(struct planner *planner, const struct plan_options *options);
struct type_info *planner_type(struct planner *planner, const char *name);

/* Makes the linkages of all that was read, and checks it. */
void planner_link(struct planner *planner);

/* Makes the arrays of every draft; there must be no error. */
void planner_finish(struct planner *planner);

struct draft *draft_create(struct planner *planner, const char *name);

struct scope *scope_create(struct planner *planner, struct draft *draft,
                           struct draft_component *self, const struct node *at);

/* Makes room for so many components, once. */
void scope_reserve(struct planner *planner, struct scope *scope, size_t count);

/* Counts what the file is written out to.  False after a report: it is too much. */
bool planner_charge(struct planner *planner, size_t parts, const struct node *at);

/* A copy in lower case. */
const char *lower_case(struct arena *arena, const char *name);

/* As suggest(), of so many candidates; NULL once errors or candidates have been too many. */
const char *planner_suggest(struct planner *planner, const char *name, suggest_candidate *candidate,
                            void *context, size_t count);

/* Enters a chassis or a graph.  False after a report: it is too deep. */
bool planner_enter(struct planner *planner, const struct node *at);
void planner_leave(struct planner *planner);

/* ---- plan_box.c ---- */

struct type_info *type_info_create(struct arena *arena, const struct component_type *type);

/* True for a box that the runtime links, and nobody else. */
static inline bool is_of_runtime(const struct box_spec *spec)
{
    return spec->service != NULL || spec->to_maker || spec->carries == READINESS;
}

/* Gives a component boxes of its own, in place of those that it shares with its type. */
void component_own_boxes(struct planner *planner, struct draft_component *component);

/* Adds boxes after those of the type.  Returns false if that is too many. */
bool component_add_boxes(struct planner *planner, struct draft_component *component, bool is_inbox,
                         const struct box_spec *specs, size_t count);

/* Adds the outboxes that depend on its parameters. */
void component_add_more_outboxes(struct planner *planner, struct draft_component *component);

/* Reads "boxes:" of a component; NULL: it has none. */
void component_read_bounds(struct planner *planner, struct plan_component *made,
                           const struct node *boxes);

/* The index of a box, or NO_BOX. */
unsigned component_box(const struct plan_component *component, bool is_inbox, const char *name,
                       size_t size);

/* The box that a name is likely to mean, or NULL. */
const char *component_suggest_box(struct planner *planner, const struct plan_component *component,
                                  bool is_inbox, const char *name);

/* True if all of a name, and at least one, are letters, digits, _ and -. */
bool is_plain_name(const char *name);

/* ---- plan_restart.c ---- */

/* What holds for components of a type that say nothing of it; NULL: they are not restarted. */
const struct restart *restart_of_type(struct arena *arena, const struct component_type *type);

/* Reads "restart:" of a component; NULL: it has none. */
void component_read_restart(struct planner *planner, struct plan_component *made,
                            const struct node *value);

/* ---- plan_component.c ---- */

/* For the parameters of somebody: a type, or one of its boxes. */
struct param_reader planner_reader(struct planner *planner, const char *owner);

/* Adds a component that has what its type has; info NULL: of an unknown type. */
struct draft_component *component_add(struct planner *planner, struct scope *scope,
                                      const char *name, const struct node *at,
                                      struct type_info *info);

/* The same once all have been read: in its place, behind the chassis that holds it. */
struct draft_component *component_add_late(struct planner *planner, struct scope *scope,
                                           const char *name, const struct node *at,
                                           struct type_info *info);

/* Makes a component known by its name in its scope.  The caller has seen to the name. */
void scope_list(struct scope *scope, struct draft_component *component);

/* Reads a component and all that is in it; one that has a mistake is there as well.  at: its name.
 */
struct draft_component *component_plan(struct planner *planner, struct scope *scope,
                                       const char *name, const struct node *at,
                                       const struct node *value);

/* The keys that every component may have, NULL-ended; and those of one in a list. */
const char *const *component_keys(bool is_listed);

/* The node that names the type of a component, or NULL after a report. */
const struct node *component_type_node(struct planner *planner, const struct node *value);

/* True if a component may have this name, else reported. */
bool component_name_is_good(struct planner *planner, const char *name, const struct node *at);

/* ---- plan_chassis.c ---- */

/* Reads "components:", a mapping, into a scope. */
void components_read(struct planner *planner, struct scope *scope, const struct node *components);

/* Reads what a chassis holds, its type's .chassis being the rule. */
void chassis_read(struct planner *planner, struct draft_component *chassis,
                  const struct node *mapping, const struct node *at);

/* Reads what a chassis that stands for a graph holds. */
void chassis_write_out(struct planner *planner, struct draft_component *chassis,
                       struct definition *definition, const struct node *args,
                       const struct node *at);

/* ---- plan_graph.c ---- */

/* For struct param_reader; the context is the planner. */
struct plan *graph_parameter_read(void *context, const struct param_spec *spec,
                                  const struct node *node, const struct node *mapping);

/* The node that names the type in the value of such a parameter, or NULL after a report. */
const struct node *graph_parameter_type(struct planner *planner, const char *name,
                                        const struct node *node);

/* Links a draft's only component to the edge. */
void draft_link_only(struct planner *planner, struct scope *scope,
                     struct draft_component *component);

/* Reports what is to be known at load, and is given only at run time.  what: "a type".  Returns
 * whether it was so. */
bool report_later(struct planner *planner, const struct node *node, const char *what);

/* A component of the file's plan, where that is made already; or NULL. */
struct draft_component *planner_find_outer(struct planner *planner, const char *name, size_t size);

/* ---- plan_definition.c ---- */

/* Reads "graphs:", without looking into them yet. */
void graphs_define(struct planner *planner, const struct node *graphs);

/* Looks into those that nothing uses; all: into each by itself. */
void graphs_check(struct planner *planner, bool all);

/* Warns of what they could do without, once all else is well. */
void graphs_warn(struct planner *planner);

/* Sets the way that reports show. */
void planner_set_way(struct planner *planner, const struct error_way *way);

/* The graph or the type made of others that has this name; NULL: there is none. */
struct definition *definition_find(struct planner *planner, const char *name);

/* Writes a graph out into a scope, parameters replaced by what args (a mapping, or NULL) has. */
void definition_write_out(struct planner *planner, struct definition *definition,
                          struct scope *scope, const struct node *args, const struct node *at);

/* Reports a name that is neither a type's nor a graph's. */
void report_unknown_type(struct planner *planner, const struct node *name);

/* ---- plan_parameter.c ---- */

/* Reads what a graph takes; node: its "parameters:", or NULL.  Defaults are checked later: they may
 * name a graph that is still to come. */
void parameters_declare(struct planner *planner, struct definition *definition,
                        const struct node *node);
void parameters_check(struct planner *planner, const struct definition *definition);

/* Warns of those that the graph does not mention. */
void parameters_warn(struct planner *planner, const struct definition *definition);

/* The same from the table of a type. */
void parameters_of_type(struct planner *planner, struct definition *definition);

/* Looks one up; NULL: there is none. */
struct parameter *parameter_find(const struct definition *definition, const char *name,
                                 size_t size);

/* The name in the next ${param:NAME} of a text, or NULL. */
const char *parameter_mention(const char *from, const char *end, size_t *size);

/* What each parameter stands for in one use.  args: a mapping, or NULL; reserved: its other keys,
 * or NULL: args need no check. */
const struct node **parameters_give(struct planner *planner, const struct definition *definition,
                                    const struct node *args, const struct node *at,
                                    const char *const *reserved);

/* ---- plan_secret.c ---- */

/* Hides the values of secret parameters, and those that end up in one. */
void planner_hide_secrets(struct planner *planner, const struct node *root);

/* Refuses a secret where it would be shown.  what: "a component's name".  False after a report. */
bool planner_refuse_secret(struct planner *planner, const struct node *node, const char *what);

/* ---- plan_chain.c ---- */

/* An end as it is written: "a", "a.outbox", "/audit.inbox".  Its texts are not NUL-ended. */
struct chain_end {
    const char *name, *box; /* box NULL: left out */
    size_t name_size, box_size;
    bool is_outer;
    unsigned term; /* from 0; the ends of a list have the same */
    const struct node *node;
};

/* A linkage as it is written.  Zeroes are an empty one. */
struct chain {
    struct chain_end *ends; /* on the heap, by term */
    size_t count, room;
    unsigned terms; /* at least 2 once read, each with an end */
    const struct node *node;
};

/* Reads a linkage, over whatever the chain was.  errors NULL: nothing is reported.  Returns false
 * if it is no linkage. */
bool chain_read(struct chain *chain, const struct node *node, struct errors *errors);
void chain_deinit(struct chain *chain);

bool chain_end_is(const struct chain_end *end, const char *name);

/* A node to report a part of another's text at; to be used at once. */
struct node node_part(const struct node *node, const char *part, size_t size);

/* ---- plan_end.c ---- */

/* The linkages of one scope while they are made. */
struct linking {
    struct planner *planner;
    struct scope *scope;
    const struct node *at; /* the linkage */
};

/* Resolves an end.  is_inner: it is in the middle of a chain, so a box that it names may be meant
 * for the other side.  False, after a report or quietly: there is nothing to link. */
bool end_resolve(struct linking *linking, const struct chain_end *text, bool is_source,
                 bool is_inner, struct end *end);

/* Its box; only where it has a component. */
const struct box_spec *end_spec(const struct end *end);
const char *end_box(const struct end *end);

/* "server.outbox", for messages; component NULL: of self. */
struct box_path {
    char text[144];
};
struct box_path box_path(const struct plan_component *component, const char *box);
struct box_path end_shown(const struct end *end);

/* ---- plan_link.c ---- */

/* Makes a linkage.  Returns false if it can't be: after a report, or quietly if it is_implied. */
bool scope_link_ends(struct planner *planner, struct scope *scope, const struct end *from,
                     const struct end *to, const struct node *at, bool is_implied);

/* Makes one of a file's, and notes the signal that goes along if neither end names a box. */
void linking_join(struct linking *linking, const struct end *from, const struct end *to);

/* Notes that a signal goes along: from a box of notices, to the control of "to". */
void linking_imply(struct linking *linking, const struct end *from, struct end to);

/* Turns to the component's box of notices, as a linkage from or to one of its boxes sees it. */
void end_choose_notices(struct end *end, bool is_source);

/* Makes the linkages that follow, once all scopes from the first one on have theirs. */
void planner_link_implied(struct planner *planner, struct scope *first);

/* ---- plan_fanout.c ---- */

/* Joins sources (at least one) to several targets, by a component between, which is returned; NULL
 * after a report. */
struct draft_component *linking_fan_out(struct linking *linking, const struct end *from,
                                        size_t from_count, const struct end *to, size_t to_count);

/* ---- plan_linkage.c ---- */

/* Makes the linkages that a scope's file has. */
void scope_link(struct planner *planner, struct scope *scope);

/* ---- plan_check.c ---- */

/* Checks what boxes carry, and warns of what is not linked, in the scopes from one on. */
void planner_check(struct planner *planner, const struct scope *first);

#endif
