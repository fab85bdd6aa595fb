/* The difference of two plans: what a reload would change. */
#ifndef AXOND_GRAPH_PLAN_COMPARE_H
#define AXOND_GRAPH_PLAN_COMPARE_H

#include <stddef.h>

struct plan;

enum plan_change { PLAN_ADDED, PLAN_REMOVED, PLAN_CHANGED };

struct plan_difference {
    size_t added, removed, changed, unchanged; /* components */
};

/* Compares the components of two root plans by path.  One is changed if its type, a parameter, the
 * bound of a box, its restart policy or a linkage that leads from it is another.
 *
 * old: NULL: there is none, so that all is new.
 * tell: called for each that is not the same: first those of "fresh" in its order, then those that
 * are gone.  path is borrowed from a plan. */
struct plan_difference
plan_compare(const struct plan *old, const struct plan *fresh,
             void (*tell)(void *arg, const char *path, enum plan_change change), void *arg);

#endif
