/* Cells: the memory of one component, made from its plan.
 *
 *     struct component | inboxes… | outboxes… | the component's struct */
#ifndef AXOND_GRAPH_CELL_H
#define AXOND_GRAPH_CELL_H

#include <stddef.h>

struct component;
struct graph;
struct box;
struct plan_component;
struct plan_end;
struct plan_linkage;

enum { CELL_ALIGN = 16 };

/* Bytes that the cell of a component takes, a multiple of CELL_ALIGN. */
size_t cell_size(const struct plan_component *plan);

/* Makes a component in that memory, created, its boxes without linkages. */
void cell_init(struct component *cell, const struct plan_component *plan, struct graph *graph);

/* The component's own struct as it was made: zeroes and parameters. */
void cell_reset(struct component *cell);

/* Makes a component that has ended as it was created, without linkages; what lies apart stays. */
void cell_renew(struct component *cell);

/* The box of a component that an end of a linkage names, made if it is a rare one. */
struct box *cell_box(struct component *component, const struct plan_end *end);

/* Links two components of one graph as planned; the plan was checked, so it can't fail. */
void cell_link(struct component *from, struct component *to, const struct plan_linkage *linkage);

#endif
