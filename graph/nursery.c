#include "graph/nursery.h"

#include <stdlib.h>

#include "graph/cell.h"
#include "graph/component_extra.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "graph/thread.h"

/* Components that a thread frees: to give their memory back takes a millisecond. */
enum { FREED_APART = 5000 };

struct nursery {
    struct plan *plan;       /* kept */
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

struct nursery *nursery_create(const struct plan_difference *difference)
{
    struct plan *plan = difference->fresh;
    struct nursery *nursery = mem_alloc(sizeof(*nursery));

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
    return nursery;
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
    return nursery != NULL && nursery->made[position_of(nursery, plan)] != NULL;
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
