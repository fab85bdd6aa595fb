/* A document: YAML text as a tree of nodes that know where they stand.
 *
 *     text ──► source (checked bytes) ──► libyaml's events ──► nodes
 *
 * Values have no types here: `no`, `8080` and `64KiB` are all texts, and whoever wants a boolean, a
 * number or a size converts (graph/value.h).  Aliases share the node of their anchor, so the tree
 * is really a graph without cycles; what it would be when written out is limited, and so is its
 * depth, which makes it safe to walk it as a tree.  Merge keys (<<) are resolved; the merged pairs
 * keep the place of their definition.
 *
 * Nodes are read-only once made.  The document owns nodes, texts and sources. */
#ifndef AXOND_GRAPH_DOCUMENT_H
#define AXOND_GRAPH_DOCUMENT_H

#include "graph/error.h"
#include "graph/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct hash;
struct secret;
struct source;

enum {
    NODE_MOST_FURTHER = 0xFFFF,
    DOCUMENT_DEEPEST = 100,          /* levels of nesting, aliases written out */
    DOCUMENT_MOST_NODES = 5000000,   /* in one file */
    DOCUMENT_MOST_ALIASED = 1000000, /* nodes that aliases may stand for, in one file */
};

/* NULL is what YAML writes as nothing, ~ or null. */
enum node_kind { NODE_NULL, NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

/* Where a scalar's text comes from, if not from its own place alone. */
struct node_origin {
    const struct node *via;       /* the scalar whose ${param:NAME} has put it in; or NULL */
    const struct secret *secrets; /* that are in the text (graph/secret.h) */
};

struct node_pair {
    const struct node *key; /* a scalar, unique in its mapping */
    const struct node *value;
};

struct node {
    const struct source *source; /* where it was written; NULL: nowhere */
    unsigned line;               /* from 1; 0: nowhere */
    unsigned column;             /* from 1, in characters */
    unsigned width;              /* columns to underline, at least 1 */
    enum node_kind kind : 8;
    bool quoted : 1; /* a scalar in quotes, or a block scalar */
    bool secret : 1; /* holds a credential or the like: never shown */
    bool broken : 1; /* its mistake has been reported: error_set() on it is silent */
    bool later : 1;  /* has a part that is given at run time, so there is nothing to read yet */
    /* Of a scalar: lines that it goes on for after its first.  Of a mapping: pairs behind the last,
     * whose keys were there already; of use only to those who look for secrets. */
    unsigned further : 16;
    const char *text; /* scalar: size bytes and a NUL, no other NUL; null: as written; else NULL */
    size_t size;      /* bytes of text, or number of items or pairs */
    union {
        const struct node *const *items;  /* of a sequence */
        const struct node_pair *pairs;    /* of a mapping, in the order of the file */
        const struct node_origin *origin; /* of a scalar; see node_origin() */
    };
    const char *tag;          /* as in "tag:yaml.org,2002:str"; NULL: none */
    const struct hash *index; /* of a mapping with many pairs */
};

struct document;

/* Reads and parses one file, without its includes (graph/include.h).
 *
 * Returns NULL if there is no tree: the file cannot be read, is empty, is not YAML, or goes beyond
 * a limit; or errors is full.  Other mistakes, such as a key that is there twice, leave a tree to
 * go on with; look at errors_count() as well. */
MUST_CHECK struct document *document_load(const char *path, struct errors *errors);

/* Parses a text; name stands for the file's in messages. */
MUST_CHECK struct document *document_parse(const char *name, const char *text, size_t size,
                                           struct errors *errors);

/* A document that begins with the root, the nodes and the sources of another (of the one that was
 * read, if that is derived itself), and keeps it. */
MUST_CHECK struct document *document_derive(struct document *base);

/* Frees the document and all its nodes.  NULL is fine. */
void document_destroy(struct document *document);

/* Reads one more file into the document and returns its root, or NULL.  Its root is a NODE_NULL if
 * there is nothing in it but comments.
 *
 * at: where to report that the file cannot be read; NULL: at the file itself.
 * source: receives the file's source if it could be read, unless NULL. */
MUST_CHECK const struct node *document_add(struct document *document, const char *path,
                                           const struct node *at, struct errors *errors,
                                           const struct source **source);

/* The same of a text; name stands for the file's in messages. */
MUST_CHECK const struct node *document_add_text(struct document *document, const char *name,
                                                const char *text, size_t size,
                                                struct errors *errors);

const struct node *document_root(const struct document *document);
void document_set_root(struct document *document, const struct node *root);

/* The arena that nodes made later (by interpolation, by merging) should live in. */
struct arena *document_arena(const struct document *document);

/* Returns the index-th file that was read; NULL past the last. */
const struct source *document_source(const struct document *document, size_t index);

/* Returns the value of a key; NULL if there is none, or if this is no mapping (or NULL).  Constant
 * time for big mappings. */
const struct node *node_get(const struct node *mapping, const char *key);

/* The same, with the key's node. */
const struct node_pair *node_find(const struct node *mapping, const char *key);

/* True for a scalar with exactly this text. */
bool node_is(const struct node *node, const char *text);

/* Returns what the node is, to be used in a sentence: "a mapping", "a list", "a text", "nothing".
 */
const char *node_kind_name(const struct node *node);

/* The node's text for a message or a dump: cut to fit, and *** if it is secret. */
struct shown node_shown(const struct node *node);

/* Never NULL; zeroes for what is no scalar. */
const struct node_origin *node_origin(const struct node *node);

/* A copy of which all is secret; the node itself if that is so already. */
MUST_CHECK const struct node *node_hidden(struct arena *arena, const struct node *node);

/* The first scalar in a node that is secret, or NULL. */
const struct node *node_find_secret(const struct node *node);

/* Makes a node secret where it stands, with all in it, and hides it from excerpts.  The only thing
 * about a node that changes once it is made: before anybody else looks at it. */
void document_hide(struct document *document, const struct node *node);

/* Make nodes in an arena, at the place of another; at: NULL for nowhere.  Texts are copied, items
 * and pairs are borrowed from the arena.  Keys must be scalars, and unique. */
MUST_CHECK struct node *node_create_scalar(struct arena *arena, const struct node *at,
                                           const char *text, size_t size);
MUST_CHECK struct node *node_create_sequence(struct arena *arena, const struct node *at,
                                             const struct node *const *items, size_t count);
MUST_CHECK struct node *node_create_mapping(struct arena *arena, const struct node *at,
                                            const struct node_pair *pairs, size_t count);

/* The same, with pairs whose keys were there already behind them. */
MUST_CHECK struct node *node_create_mapping_with(struct arena *arena, const struct node *at,
                                                 const struct node_pair *pairs, size_t count,
                                                 const struct node_pair *doubles,
                                                 size_t double_count);

#endif
