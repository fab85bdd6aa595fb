/* Edits of a graph that runs: each is made to the document that its files came to, and what comes
 * of it is planned and checked like any file.
 *
 *     files ──► document ──► plan            edits ──► document ──► plan
 *                  └── with the edits made so far ────────┘
 *
 * The edited document shares the nodes of the other, which it keeps; a dump of the plan
 * (plan_dump.h) has the edits in it. */
#ifndef AXOND_GRAPH_PLAN_EDIT_H
#define AXOND_GRAPH_PLAN_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/mem.h"

struct errors;
struct plan;
struct plan_options;

/* ADD: a component that an earlier edit has added may be added again, as another. */
enum plan_edit_kind { EDIT_ADD, EDIT_LINK, EDIT_UNLINK, EDIT_SET };

/* Texts are on the heap. */
struct plan_edit {
    enum plan_edit_kind kind;
    char *path;  /* ADD: the name; LINK, UNLINK: from, "a", "a.outbox", for a branch "a-fanout.b";
                    SET: the  component */
    char *value; /* ADD: the type; LINK: to; else NULL */
    char **settings; /* ADD, SET: "PARAM=VALUE", a value being YAML */
    size_t setting_count;
    /* Filled in by plan_edit_resolve(). */
    char *box;    /* UNLINK: the outbox */
    bool is_main; /* UNLINK: it is the component's main one */
    /* UNLINK of a branch, as in "a-fanout.b": path and box are those of a, and this is b. */
    char *branch;         /* NULL: all that the box leads to */
    char *branch_box;     /* of it */
    bool is_branch_main;  /* that is its main inbox */
    size_t branch_number; /* among the branches that lead to the same box, from 0 */
    size_t *children;     /* SET: the way from the first name of the path, by numbers of children */
    size_t child_count;
};

struct plan_edit *plan_edit_create(enum plan_edit_kind kind, const char *path, const char *value);
void plan_edit_set(struct plan_edit *edit, const char *setting);
MUST_CHECK struct plan_edit *plan_edit_copy(const struct plan_edit *edit);
void plan_edit_destroy(struct plan_edit *edit);

/* Finds out what an edit means in the graph as it is now.  Returns false with a sentence in text:
 * it can't be made. */
bool plan_edit_resolve(struct plan_edit *edit, const struct plan *now, char *text, size_t size);

/* The plan of files, with edits made in their order.  Like plan_load(); files must come from a
 * document. */
struct plan *plan_load_edited(const struct plan *files, struct plan_edit *const *edits,
                              size_t count, const struct plan_options *options,
                              struct errors *errors);

#endif
