#include "graph/chassis.h"

#include "graph/cell.h"
#include "graph/component.h"
#include "graph/component_extra.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/root.h"
#include "graph/supervise.h"

/* The next component inside a chassis, in the order of the plan; *at begins as 0. */
static struct component *next_inside(const struct component *chassis, size_t *at)
{
    struct component *inner = NULL;

    while (inner == NULL && *at < chassis->plan->within) {
        inner = graph_relative(chassis, &chassis->plan[++*at]);
    }
    return inner;
}

bool chassis_is_busy(const struct component *chassis)
{
    const struct component *inner;
    size_t at = 0;

    while ((inner = next_inside(chassis, &at)) != NULL) {
        if ((inner->flags & COMPONENT_RUNNING) != 0) {
            return true;
        }
    }
    return false;
}

/* ---- the end ---- */

static void take_back(struct component *chassis, unsigned index)
{
    struct inbox *in = component_have_inbox(chassis, index);
    struct inbox *sink;
    const struct component *owner;

    if (in == NULL || (in->box.flags & BOX_PASSES) == 0) {
        return;
    }
    sink = inbox_sink(in);
    owner = box_owner(&sink->box);
    if (!component_is_inside(owner, chassis)) {
        return; /* handed on to what the chassis made, which is gone with it */
    }
    box_unlink(&in->box);
    if (index == chassis->control && (owner->flags & COMPONENT_STOP_ASKED) != 0) {
        chassis->flags |= COMPONENT_STOP_ASKED;
    }
    while (sink->box.last != NULL) {
        inbox_put(in, inbox_pop(sink));
    }
}

void chassis_dismantle(struct component *chassis)
{
    struct component *inner;
    size_t at = 0;

    while ((inner = next_inside(chassis, &at)) != NULL) {
        if (!component_is_over(inner)) {
            inner->flags |= COMPONENT_SIGNALLED;
        }
    }
    for (unsigned i = 0; chassis->type->chassis != NOT_A_CHASSIS && i < chassis->plan->inboxes;
         i++) {
        take_back(chassis, i);
    }
    at = 0;
    while ((inner = next_inside(chassis, &at)) != NULL) {
        component_end(inner, (inner->flags & COMPONENT_FAILING) != 0 ? FAILED : STOPPED);
    }
}

/* ---- and the beginning ---- */

static bool is_inside(const struct plan_end *end, const struct component *chassis)
{
    const struct component *component = end->component != NULL && end->kind == END_COMPONENT
                                            ? graph_component(chassis->graph, end->component->index)
                                            : NULL;

    return component != NULL && component != chassis && component_is_inside(component, chassis);
}

static struct component *component_of(const struct plan_end *end, struct graph *graph)
{
    struct graph *where = end->kind == END_OUTER ? graph_root(graph) : graph;

    return where->holder == NULL ? root_reach(where, end->component->index)
                                 : graph_component(where, end->component->index);
}

/* Makes one linkage from or to what is inside; one to what has ended meanwhile is left out. */
static void link_again(const struct component *chassis, const struct plan_linkage *linkage)
{
    if (linkage->from.kind != END_SELF && linkage->to.kind != END_SELF &&
        (is_inside(&linkage->from, chassis) || is_inside(&linkage->to, chassis))) {
        struct component *from = component_of(&linkage->from, chassis->graph);
        struct component *to = component_of(&linkage->to, chassis->graph);

        if (!component_is_over(from) && !component_is_over(to)) {
            cell_link(from, to, linkage);
        }
    }
}

void chassis_remake(struct component *chassis)
{
    const struct plan *plan = chassis->graph->plan;
    struct component *inner;
    size_t at = 0;

    while ((inner = next_inside(chassis, &at)) != NULL) {
        if (graph_is_root(inner->graph)) {
            graph_place_is_back(inner);
        }
        cell_renew(inner);
        supervise_renew(inner);
    }
    for (size_t i = 0; chassis->type->chassis != NOT_A_CHASSIS && i < plan->linkage_count; i++) {
        link_again(chassis, &plan->linkages[i]);
    }
}

void chassis_begin(struct component *chassis)
{
    struct component *inner;
    size_t at = 0;

    while (chassis->state == RUNNING && (inner = next_inside(chassis, &at)) != NULL) {
        if (component_start(inner) < 0) {
            continue; /* its failure has been seen to, by its policy or by ours */
        }
    }
}
