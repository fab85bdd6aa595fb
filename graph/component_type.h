/* What a component type says of itself, once: boxes, parameters, statistics, functions.  The checks
 * of the loader, "axonctl describe", the reference and the runtime all read these tables. */
#ifndef AXOND_GRAPH_COMPONENT_TYPE_H
#define AXOND_GRAPH_COMPONENT_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct component;
struct connection_ends;
struct error;
struct graph;
struct message;
struct node;
struct parcel;
struct plan;
struct address;

/* What a box carries; linking an outbox to an inbox that takes something else is an error at load.
 */
enum carries {
    BYTES = 1,   /* a stream: message boundaries mean nothing */
    LINES,       /* bytes, one line in each message: may go where BYTES may */
    CONNECTIONS, /* newCSA and shutdownCSA */
    NOTICES,     /* producerFinished and its like */
    READINESS,   /* of descriptors: no messages, a bit (see readiness.h) */
    ANYTHING,
};

struct box_spec {
    const char *name;
    enum carries carries;
    const char *doc;
    bool main; /* what "a -> b" means; none marked: the first box, if it is no control or signal */
    bool rare; /* seldom linked: takes no memory until it is.  Rare boxes come last in a table */
    bool required;   /* it gets a warning if nothing leads to it, or if it leads nowhere */
    bool may_remain; /* an inbox: what waits in it does not hold up the end */
    uint32_t
        size; /* default bound: bytes where bytes or lines come, else messages; 0: usual ones */
    /* Outboxes without a linkage, and without memory for one: rare, and always linked by the
     * runtime. To the service of this name; or to the inbox .from_made of the component that made
     * ours.  One with a service that is not rare is linked by the service, as it sees fit. */
    const char *service;
    bool to_maker;
    bool from_made;    /* an inbox: see to_maker */
    bool takes_pipes;  /* an inbox: bytes may come in a pipe (pipe.h) */
    uint8_t when_full; /* enum when_full: default policy of an inbox */
    /* An inbox to which others link themselves while they run: a component with it takes part
     * though no linkage of the file reaches it, and is no source where none leads to it. */
    bool by_name;
    /* Inboxes of services: handles a message in its sender's turn, and takes it over. */
    void (*receive)(struct component *self, struct message *msg);
};

enum param_kind {
    PARAM_KIND_BOOL = 1, /* bool */
    PARAM_KIND_INT,      /* int64_t or int, min..max */
    PARAM_KIND_SIZE,     /* size_t, bytes, min..max */
    PARAM_KIND_DURATION, /* double, seconds, min..max */
    PARAM_KIND_TEXT,     /* const char *; NULL where left out */
    PARAM_KIND_CHOICE,   /* int: index into .choices */
    PARAM_KIND_TEXTS,    /* struct texts: a list of strings, or one */
    PARAM_KIND_GRAPH,    /* struct plan *: a type's name, a graph's name, or a mapping with type: */
    PARAM_KIND_GRAPHS,   /* struct plans: a list of them */
    PARAM_KIND_CUSTOM,   /* what .parse makes of the node */
    PARAM_KIND_SECTION,  /* a struct: a mapping, read by the table .section */
    PARAM_KIND_CHILDREN, /* components: of a chassis; read by the loader, no field */
    PARAM_KIND_LINKAGES, /* linkages: of a chassis; likewise */
};

struct texts {
    const char *const *items;
    size_t count;
};

struct plans {
    struct plan *const *items;
    size_t count;
};

struct param_spec {
    const char *name;
    enum param_kind kind;
    size_t offset;              /* of the field in the component's struct */
    size_t width;               /* of the field, bytes */
    const char *fallback;       /* as a user would write it; NULL: zero, NULL or none */
    double min, max;            /* inclusive; both 0: any that the field can hold; max 0: no end */
    const char *const *choices; /* NULL-ended */
    /* CUSTOM: reads the node into the field.  What it allocates is the plan's (arena).  Returns
     * false with err set; without, for a message from .accepts. */
    bool (*parse)(const struct node *node, void *field, struct arena *arena, struct error *err);
    /* CUSTOM, made of more than its node, such as a file: true if both fields are the same.  NULL:
     * they are if their nodes are. */
    bool (*is_same)(const void *a, const void *b);
    const struct param_spec *section; /* SECTION: its entries, offsets from the field */
    enum carries carries;             /* GRAPH: what passes its edge; 0: anything */
    /* GRAPH: the entry of the same table whose text names a parameter of the graph that is given at
     * run time, by plan_with_argument(). */
    const char *argument;
    const char *accepts; /* CUSTOM: "a list of [LEVEL, OPTION, VALUE]" */
    const char *schema;  /* CUSTOM: the same as JSON Schema, with ' for "; NULL: any value */
    const char *unit;    /* for INT: "connections"; else NULL */
    const char *doc;
    bool required;
    bool secret; /* shown as *** */
    /* May be given another value while the component runs: where it is read each time it is needed,
     * or .changed sees to the rest.  The component itself never writes to the field. */
    bool changeable;
};

#define PARAM_FIELD_(type, field, kind_)                                                           \
    .name = #field, .kind = (kind_), .offset = offsetof(type, field),                              \
    .width = sizeof(((type *)0)->field)
/* A field of the wrong C type does not compile: no case of _Generic fits it. */
#define PARAM_TYPED_(type, field, kind_, ctype)                                                    \
    .name = #field, .kind = (kind_), .offset = offsetof(type, field),                              \
    .width = _Generic(((type *)0)->field, ctype                                                    \
                      : sizeof(ctype))
#define PARAM_BOOL(type, field)     PARAM_TYPED_(type, field, PARAM_KIND_BOOL, bool)
#define PARAM_INT(type, field)      PARAM_TYPED_(type, field, PARAM_KIND_INT, int64_t)
#define PARAM_SIZE(type, field)     PARAM_TYPED_(type, field, PARAM_KIND_SIZE, size_t)
#define PARAM_DURATION(type, field) PARAM_TYPED_(type, field, PARAM_KIND_DURATION, double)
#define PARAM_TEXT(type, field)     PARAM_TYPED_(type, field, PARAM_KIND_TEXT, const char *)
#define PARAM_CHOICE(type, field)   PARAM_TYPED_(type, field, PARAM_KIND_CHOICE, int)
#define PARAM_TEXTS(type, field)    PARAM_TYPED_(type, field, PARAM_KIND_TEXTS, struct texts)
#define PARAM_GRAPH(type, field)    PARAM_TYPED_(type, field, PARAM_KIND_GRAPH, struct plan *)
#define PARAM_GRAPHS(type, field)   PARAM_TYPED_(type, field, PARAM_KIND_GRAPHS, struct plans)
#define PARAM_CUSTOM(type, field)   PARAM_FIELD_(type, field, PARAM_KIND_CUSTOM)
#define PARAM_SECTION(type, field)  PARAM_FIELD_(type, field, PARAM_KIND_SECTION)
/* What the loader reads of a chassis; there is no field. */
#define PARAM_CHILDREN(key) .name = (key), .kind = PARAM_KIND_CHILDREN
#define PARAM_LINKAGES(key) .name = (key), .kind = PARAM_KIND_LINKAGES

/* A counter (uint64_t) of a component, shown by "axonctl show". */
struct stat_spec {
    const char *name;
    size_t offset;
    const char *unit;
    const char *doc;
    bool is_gauge;    /* goes up and down */
    bool is_worrying; /* "axonctl status" warns of it unless it is 0 */
};
#define STAT(type, field)                                                                          \
    .name = #field, .offset = _Generic(((type *)0)->field, uint64_t : offsetof(type, field))

/* What a component waits for outside the graph. */
enum waits {
    WAITS_NOT = 0,
    WAITS_IN,  /* for something to come: it has nothing to do */
    WAITS_OUT, /* for somebody to take what it has, so that its senders wait in the end */
};

/* What the loader does with "components:" and "linkages:" of a type. */
enum chassis {
    NOT_A_CHASSIS = 0,
    CHASSIS_PIPELINE, /* components: is a list, linked in a chain from self to self */
    CHASSIS_PARALLEL, /* components: is a list; each gets what comes to self, and all make what goes
                         out by self */
    CHASSIS_GRAPH,    /* components: is a mapping; linkages: join them and self */
};

struct component_type {
    const char *name;               /* in YAML: EchoProtocol */
    const char *summary;            /* one line */
    size_t size;                    /* of the component's struct, bytes */
    const struct box_spec *inboxes; /* each table ends with an entry without a name */
    const struct box_spec *outboxes;
    const struct param_spec *parameters; /* or NULL */
    const struct stat_spec *statistics;  /* or NULL */
    enum chassis chassis;
    /* Of a type made of others: components: and linkages: in YAML, ${param:NAME} standing for its
     * parameters.  It is the chassis that holds them. */
    const char *definition;
    const char *service; /* a component of this type is the service of this name, one per loop */
    /* The type that "a -> [b, c]" puts between: its parameter "boxnames" names its outboxes. */
    bool is_fanout;
    /* Named graphs used as a type: are components of this one. */
    bool is_named_graph;
    /* Meant to last: "restart: on-failure" unless the file says otherwise; else never. */
    bool lasts;
    /* The component reads its control itself.  Otherwise the runtime does: it ends the component at
     * once on shutdownMicroprocess, and on producerFinished when its inboxes are empty. */
    bool heeds_control;
    /* With several workers there is one on each, see placement.h.  has_relay: whatever there is one
     * of may be linked to it, as it sees to it that all of them get what is for all. */
    bool on_each_worker;
    bool has_relay;
    bool on_main_thread; /* it looks at what runs, or reads the terminal */
    /* Its struct holds parameters and statistics, and what start() makes anew: see handover.h. */
    bool stateless;
    size_t children; /* offset of a struct list of graphs that it made (struct graph.sibling); 0:
                        none */

    /* All may be NULL.  Only run is called while messages pass. */

    /* A check of parameters together, at load.  Returns false with err set. */
    bool (*check)(const void *state, const struct node *at, struct error *err);
    /* Likewise, once the graphs among the parameters are whole. */
    bool (*check_graphs)(const void *state, const struct node *at, struct error *err);
    /* Boxes that depend on parameters: for each name two outboxes after those of the table, NAME
     * for anything and NAME_signal for notices.  The names live as long as state. */
    const struct texts *(*more_outboxes)(const void *state);
    /* Opens what it needs.  0, or -errno after component_fail(). */
    int (*start)(struct component *self);
    /* An inbox has messages, a full outbox has room again, or a descriptor is ready.  Does what it
     * can without waiting, and returns. */
    void (*run)(struct component *self);
    /* producerFinished has come and all inboxes are empty: sends what is left.  Returns false if
     * there was no room for it: it is called again.  Then the runtime passes the notice on. */
    bool (*flush)(struct component *self);
    /* Stop taking in from outside; let what is under way end, then finish. */
    void (*drain)(struct component *self);
    /* Parameters that are .changeable have been given other values, in place; or what this chassis
     * holds has become another.  It can't be refused: the values were checked.  run() follows. */
    void (*changed)(struct component *self);
    /* The graph was changed, and this one stays: it looks anew at what it has from outside, such as
     * a file that may have been moved.  Likewise; called at every reload, so it should be quick. */
    void (*reloaded)(struct component *self);
    /* A component inside this chassis has ended. */
    void (*child_ended)(struct component *self, struct component *child);
    /* All components of a graph that it made have ended; the graph goes by itself. */
    void (*graph_ended)(struct component *self, struct graph *graph);
    /* Handover to another process, see handover.h.  save: puts in what its struct holds beyond
     * parameters and statistics; false: it can't now.  restore: gets it, before start; false: it
     * makes no sense.  Whatever comes of it, stop() frees what it got. */
    bool (*save)(struct component *self, struct parcel *to);
    bool (*restore)(struct component *self, struct parcel *from);
    /* Of a server: a component for a socket that is handed over, not started.  Of a handler: the
     * plan of the connections that may be, NULL: none; and an instance for one, linked to its
     * socket, not started. */
    struct component *(*adopt)(struct component *self);
    const struct plan *(*handed_over)(struct component *self);
    struct graph *(*take_over)(struct component *self, struct component *socket);
    /* Frees what it acquired in start and run; zeroes are a valid state. */
    void (*stop)(struct component *self);
    /* The peer of a connection that it stands for, as text; false: none. */
    bool (*describe_peer)(struct component *self, char *text, size_t size);
    /* Both ends of that connection (connection.h); false: it is closed. */
    bool (*connection_ends)(struct component *self, struct connection_ends *ends);
    /* A line for status and log: "listening on ADDRESS", "connected to ADDRESS" or "running WHAT";
     * anything else is shown as a warning ("no longer listening").  False: nothing to say. */
    bool (*describe)(struct component *self, char *text, size_t size);
    /* How many senders it stands for in the line before a full inbox (waiting.h). */
    unsigned (*stands_for)(const struct component *self);
    /* There are more or fewer in such a line before one of its inboxes. */
    void (*awaited)(struct component *self);
    /* What a component that runs waits for: "the peer to read".  WAITS_NOT: text says nothing. */
    enum waits (*waits_for)(struct component *self, char *text, size_t size);
};

/* What is done when a parameter has another value after a reload. */
enum param_change {
    CHANGE_REPLACES, /* another component takes its place */
    CHANGE_IN_PLACE, /* it runs on with the new value */
    CHANGE_PARTS,    /* it runs on; what it is made of, or holds, is seen to by itself */
};

enum param_change param_change(const struct component_type *type, const struct param_spec *spec);

/* "replaces", "in place", "parts". */
const char *param_change_name(enum param_change change);

/* How the kind is called in messages and reference: "size", "duration", … */
const char *param_kind_name(enum param_kind kind);
const char *carries_name(enum carries carries);

/* True if what one box carries may go into the other. */
bool carries_fits(enum carries from, enum carries to);

#endif
