#include "graph/nursery.h"

#include <stdlib.h>
#include <string.h>

#include "graph/cell.h"
#include "graph/component_extra.h"
#include "graph/placement.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "graph/root.h"
#include "graph/thread.h"

/* Components that a thread frees: to give their memory back takes a millisecond. */
enum { FREED_APART = 5000 };

struct nursery {
    /* Of a graph with parts. */
    unsigned parts;  /* 0: in one piece */
    uint8_t *before; /* where its components live, by place */
    size_t places;
    uint8_t *homes;
    /* Of a graph in one piece. */
    struct plan *plan;       /* kept; NULL: nothing is made */
    struct component **made; /* by position in the plan; NULL: not made here */
    bool *is_taken;          /* likewise */
    size_t left;             /* how many are not */
};

static size_t position_of(const struct nursery *nursery, const struct plan_component *plan)
{
    return (size_t)(plan - nursery->plan->components);
}

static void make(struct nursery *nursery, const struct plan_component *plan)
{
    struct component *component = mem_alloc(cell_size(plan));

    cell_init(component, plan, NULL);
    nursery->made[position_of(nursery, plan)] = component;
    nursery->left++;
}

struct nursery *nursery_create(struct graph *graph)
{
    struct nursery *nursery = mem_alloc(sizeof(*nursery));
    const struct parts *parts = graph != NULL ? parts_of(graph) : NULL;

    if (parts != NULL) {
        nursery->parts = parts->count;
        nursery->places = root_of(graph)->places;
        nursery->before = mem_alloc_array(nursery->places + 1, sizeof(*nursery->before));
        memcpy(nursery->before, parts->homes, nursery->places * sizeof(*nursery->before));
    }
    return nursery;
}

static void make_components(struct nursery *nursery, const struct plan_difference *difference)
{
    struct plan *plan = difference->fresh;

    nursery->plan = plan_ref(plan);
    nursery->made = mem_alloc_array(plan->component_count + 1, sizeof(struct component *));
    nursery->is_taken = mem_alloc_array(plan->component_count + 1, sizeof(bool));
    for (size_t i = 0; i < difference->count; i++) {
        const struct plan_change *change = &difference->changes[i];

        if (change->kind == PLAN_ADDED || change->kind == PLAN_REPLACED) {
            make(nursery, change->after);
        }
    }
    for (size_t i = 0; i < difference->made_count; i++) {
        const struct plan_linkage *linkage = difference->made[i];

        if (nursery_has(nursery, linkage->from.component) &&
            nursery_has(nursery, linkage->to.component)) {
            cell_link(nursery->made[position_of(nursery, linkage->from.component)],
                      nursery->made[position_of(nursery, linkage->to.component)], linkage);
        }
    }
}

void nursery_fill(struct nursery *nursery, const struct plan_difference *difference,
                  bool has_components)
{
    if (nursery->parts > 0) {
        nursery->homes =
            placement_after(difference->fresh, nursery->parts, nursery->before, nursery->places);
    } else if (has_components) {
        make_components(nursery, difference);
    }
}

/* Those who are linked with it go as well. */
static void component_free(struct component *component)
{
    struct component_extra *extra = component->extra;

    while (extra != NULL && !list_is_empty(&extra->rare)) {
        struct rare_box *rare = container_of(extra->rare.next, struct rare_box, link);

        list_remove(&rare->link);
        free(rare);
    }
    component_free_extra(component);
    free(component);
}

/* Of what has been made either all is taken or nothing. */
static void *nursery_free(void *arg)
{
    struct nursery *nursery = arg;

    for (size_t i = 0; nursery->left > 0; i++) {
        if (nursery->made[i] != NULL && !nursery->is_taken[i]) {
            component_free(nursery->made[i]);
            nursery->left--;
        }
    }
    free(nursery->made);
    free(nursery->is_taken);
    free(nursery->before);
    free(nursery->homes);
    plan_release(nursery->plan);
    free(nursery);
    return NULL;
}

void nursery_destroy(struct nursery *nursery)
{
    if (nursery != NULL && nursery->left >= FREED_APART) {
        thread_create_detached(nursery_free, nursery);
    } else if (nursery != NULL) {
        (void)nursery_free(nursery);
    }
}

bool nursery_has(const struct nursery *nursery, const struct plan_component *plan)
{
    return nursery != NULL && nursery->plan != NULL &&
           nursery->made[position_of(nursery, plan)] != NULL;
}

struct component *nursery_take(struct nursery *nursery, const struct plan_component *plan,
                               struct graph *graph)
{
    struct component *component;

    if (!nursery_has(nursery, plan)) {
        return NULL;
    }
    component = nursery->made[position_of(nursery, plan)];
    nursery->is_taken[position_of(nursery, plan)] = true;
    nursery->left--;
    component->graph = graph;
    return component;
}

uint8_t *nursery_take_homes(struct nursery *nursery)
{
    uint8_t *homes = nursery->homes;

    nursery->homes = NULL;
    return homes;
}
