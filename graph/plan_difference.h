/* The difference of two plans: what is to be done for a graph of the one to become one of the
 * other. Pure data, made of nothing but the plans, by any thread.
 *
 *     old plan ──┐                                 kept       it runs on as it is
 *                ├─► plan_difference_create() ─►   changed    in place: parameters, bounds,
 * restart: new plan ──┘                                 replaced   another in its place added,
 * removed
 *
 * Components are known by their paths.  What is inside a chassis that is replaced is replaced with
 * it.  Linkages that stay join components that stay; all others are to be cut, or made. */
#ifndef AXOND_GRAPH_PLAN_DIFFERENCE_H
#define AXOND_GRAPH_PLAN_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/mem.h"

struct arena;
struct plan;
struct plan_component;
struct plan_linkage;

enum plan_change_kind {
    PLAN_RELINKED, /* it runs on, with other linkages */
    PLAN_CHANGED,  /* it runs on, with other parameters; perhaps other linkages */
    PLAN_REPLACED,
    PLAN_ADDED,
    PLAN_REMOVED,
};

struct plan_change {
    enum plan_change_kind kind;
    const struct plan_component *before; /* NULL: added */
    const struct plan_component *after;  /* NULL: removed */
    const char *why;                     /* "rate: 1KiB -> 2KiB"; NULL: added, removed */
    bool is_holder;                      /* what this chassis holds is not the same */
};

struct plan_difference {
    struct arena *arena;
    struct plan *old, *fresh;    /* kept; old NULL: there is none, so that all is new */
    struct plan_change *changes; /* in the order of the new plan, then those that are removed */
    size_t count;
    const struct plan_linkage **cut;  /* of the old plan, from and to what stays or is replaced */
    const struct plan_linkage **made; /* of the new one */
    size_t cut_count, made_count;
    size_t kept, relinked, changed, replaced, added, removed; /* components */
};

/* Compares two root plans.  Gives each component of the new one its place (plan_component.index):
 * the one it has in the old plan, else one that is free.  So nothing may have been made from the
 * new plan yet.  Keeps a reference of both. */
MUST_CHECK struct plan_difference *plan_difference_create(struct plan *old, struct plan *fresh);
void plan_difference_destroy(struct plan_difference *difference); /* NULL is fine */

/* True if nothing is to be done. */
bool plan_difference_is_empty(const struct plan_difference *difference);

/* "kept", "re-linked", "changed", … */
const char *plan_change_name(enum plan_change_kind kind);

#endif
