/* Whether two parts of plans are the same, and if not, whether one can become the other while it
 * runs. */
#ifndef AXOND_GRAPH_PLAN_SAME_H
#define AXOND_GRAPH_PLAN_SAME_H

#include <stdbool.h>

struct arena;
struct plan;
struct plan_component;
struct plan_linkage;

enum plan_likeness {
    PLAN_SAME, /* however it is written */
    PLAN_CHANGEABLE /* but for what may be changed while it runs: parameters, bounds, restart: */,
    PLAN_OTHER,
};

/* Compares two components, but for linkages and what they hold.  Unless they are the same, *why is
 * what differs, in the arena: "rate: 10KiB -> 20KiB; burst: 0 -> 1KiB". */
enum plan_likeness plan_component_compare(const struct plan_component *old,
                                          const struct plan_component *fresh, struct arena *arena,
                                          const char **why);

/* True if two graphs that are parameters are the same; NULL is none. */
bool plan_graph_is_same(const struct plan *a, const struct plan *b);

/* True if both join boxes of the same names. */
bool plan_linkage_is_same(const struct plan_linkage *a, const struct plan_linkage *b);

#endif
