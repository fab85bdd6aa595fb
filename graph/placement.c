#include "graph/placement.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "graph/component.h"
#include "graph/mem.h"
#include "graph/plan.h"

/* Components that stay together: a tree of positions in the plan, the root of which stands for the
 * group. */
struct groups {
    size_t *above;
    size_t count;
};

static size_t position_of(const struct plan *plan, const struct plan_component *component)
{
    return (size_t)(component - plan->components);
}

static size_t group_of(const struct groups *groups, size_t index)
{
    while (groups->above[index] != index) {
        groups->above[index] = groups->above[groups->above[index]];
        index = groups->above[index];
    }
    return index;
}

/* The lower index stands for both: groups are in the order of the file. */
static void join(const struct groups *groups, size_t a, size_t b)
{
    a = group_of(groups, a);
    b = group_of(groups, b);
    if (a < b) {
        groups->above[b] = a;
    } else {
        groups->above[a] = b;
    }
}

static bool is_between_components(const struct plan_linkage *linkage)
{
    return linkage->from.kind == END_COMPONENT && linkage->to.kind == END_COMPONENT;
}

/* What a linkage carries, as its sender declares it. */
static enum carries carried(const struct plan_linkage *linkage)
{
    const struct plan_component *from = linkage->from.component;

    return linkage->from.is_inbox ? from->in[linkage->from.index].spec->carries
                                  : from->out[linkage->from.index].spec->carries;
}

/* A chassis and what it holds, and those between whom connections go. */
static void join_inseparable(const struct plan *plan, const struct groups *groups)
{
    for (size_t i = 0; i < plan->component_count; i++) {
        if (plan->components[i].parent != NULL) {
            join(groups, i, position_of(plan, plan->components[i].parent));
        }
    }
    for (size_t i = 0; i < plan->linkage_count; i++) {
        const struct plan_linkage *linkage = &plan->linkages[i];

        if (is_between_components(linkage) && carried(linkage) == CONNECTIONS) {
            join(groups, position_of(plan, linkage->from.component),
                 position_of(plan, linkage->to.component));
        }
    }
}

/* Something that there is one of leads to what there would be several of. */
static bool is_led_to_by_one(const struct plan *plan, const struct plan_linkage *linkage,
                             const struct groups *groups, const bool *is_single)
{
    return is_between_components(linkage) && !linkage->to.component->type->has_relay &&
           is_single[group_of(groups, position_of(plan, linkage->from.component))] &&
           !is_single[group_of(groups, position_of(plan, linkage->to.component))];
}

static bool plan_needs_main(const struct plan *plan);

static bool any_needs_main(const struct plans *plans)
{
    for (size_t i = 0; i < plans->count; i++) {
        if (plan_needs_main(plans->items[i])) {
            return true;
        }
    }
    return false;
}

/* True if it, or what it makes of a graph that is a parameter, needs the main thread. */
static bool needs_main(const struct plan_component *component)
{
    const struct param_spec *spec = component->type->parameters;

    for (; spec != NULL && spec->name != NULL; spec++) {
        const void *field = (const char *)component->state + spec->offset;

        if (spec->kind == PARAM_KIND_GRAPH && plan_needs_main(*(struct plan *const *)field)) {
            return true;
        }
        if (spec->kind == PARAM_KIND_GRAPHS && any_needs_main(field)) {
            return true;
        }
    }
    return component->type->on_main_thread;
}

static bool plan_needs_main(const struct plan *plan)
{
    for (size_t i = 0; plan != NULL && i < plan->component_count; i++) {
        if (needs_main(&plan->components[i])) {
            return true;
        }
    }
    return false;
}

/* For the component that stands for each group: true if it lives on one worker. */
static bool *find_singles(const struct plan *plan, const struct groups *groups)
{
    bool *is_single = mem_alloc_array(plan->component_count + 1, sizeof(bool));
    bool has_changed = true;

    for (size_t i = 0; i < plan->component_count; i++) {
        if (!plan->components[i].type->on_each_worker || needs_main(&plan->components[i])) {
            is_single[group_of(groups, i)] = true;
        }
    }
    while (has_changed) {
        has_changed = false;
        for (size_t i = 0; i < plan->linkage_count; i++) {
            if (is_led_to_by_one(plan, &plan->linkages[i], groups, is_single)) {
                is_single[group_of(groups, position_of(plan, plan->linkages[i].to.component))] =
                    true;
                has_changed = true;
            }
        }
    }
    return is_single;
}

/* Those that live on one worker live on the same if they are linked. */
static void join_linked_singles(const struct plan *plan, const struct groups *groups,
                                bool *is_single)
{
    for (size_t i = 0; i < plan->linkage_count; i++) {
        const struct plan_linkage *linkage = &plan->linkages[i];

        if (is_between_components(linkage)) {
            const size_t from = position_of(plan, linkage->from.component);
            const size_t to = position_of(plan, linkage->to.component);

            if (is_single[group_of(groups, from)] && is_single[group_of(groups, to)]) {
                join(groups, from, to);
                is_single[group_of(groups, from)] = true;
            }
        }
    }
}

/* Where a group was before: where the first of it was, of those that lived on one worker. */
static void find_before(const struct plan *plan, const struct groups *groups, const uint8_t *before,
                        size_t places, uint8_t *homes)
{
    memset(homes, NOWHERE, plan->component_count);
    for (size_t i = 0; i < plan->component_count; i++) {
        const size_t place = plan->components[i].index;
        uint8_t *home = &homes[group_of(groups, i)];

        if (*home == NOWHERE && place < places && before[place] != EVERY_WORKER) {
            *home = before[place];
        }
    }
}

uint8_t *placement_create(const struct plan *plan, unsigned workers)
{
    return placement_after(plan, workers, NULL, 0);
}

uint8_t *placement_after(const struct plan *plan, unsigned workers, const uint8_t *before,
                         size_t places)
{
    const size_t count = plan->component_count;
    const struct groups groups = {.above = mem_alloc_array(count + 1, sizeof(size_t)),
                                  .count = count};
    uint8_t *homes = mem_alloc_array(plan->places + 1, sizeof(uint8_t));
    uint8_t *former = mem_alloc_array(count + 1, sizeof(uint8_t));
    bool *is_main = mem_alloc_array(count + 1, sizeof(bool));
    bool *is_single;
    unsigned next = 0;

    memset(homes, NOWHERE, plan->places);
    for (size_t i = 0; i < count; i++) {
        groups.above[i] = i;
    }
    join_inseparable(plan, &groups);
    is_single = find_singles(plan, &groups);
    join_linked_singles(plan, &groups, is_single);
    find_before(plan, &groups, before, places, former);
    for (size_t i = 0; i < count; i++) {
        is_main[group_of(&groups, i)] |= needs_main(&plan->components[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const size_t group = group_of(&groups, i);
        uint8_t *home = &homes[plan->components[i].index];

        if (!is_single[group]) {
            *home = EVERY_WORKER;
        } else if (group != i) {
            *home = homes[plan->components[group].index]; /* it stands before us */
        } else if (is_main[group]) {
            *home = 0;
        } else {
            *home = (uint8_t)(former[i] != NOWHERE ? former[i] : next % workers);
            next++;
        }
    }
    free(is_single);
    free(is_main);
    free(former);
    free(groups.above);
    return homes;
}
