#include "graph/change.h"

#include <stdlib.h>
#include <string.h>

#include "graph/placement.h"

static void add_made(struct graph_change *change, const struct plan_component *plan,
                     bool is_revived)
{
    const size_t count = change->made_count++;

    change->made[count] = plan;
    change->is_revived[count] = is_revived;
}

/* Where each component of the new plan stands, by its position there. */
enum standing { STAYS, IS_OVER, IS_NEW, IS_REVIVED };

/* It is in the old plan as well, and is to live on another worker now. */
static bool is_moved(const struct graph_change *change, size_t place)
{
    return change->homes != NULL && place < root_of(change->parts->part[0])->places &&
           change->parts->homes[place] != NOWHERE &&
           change->parts->homes[place] != change->homes[place];
}

/* Of one that is on every worker any may have ended. */
static enum standing find_standing(const struct graph_change *change, size_t place)
{
    enum standing standing = is_moved(change, place) ? IS_REVIVED : STAYS;

    for (unsigned i = 0; i < change->count && standing != IS_REVIVED; i++) {
        const struct component *component = change->part[i].root->graph.components[place];

        if (component != NULL && component_is_over(component)) {
            standing = component->state == FAILED || component->is_halted ? IS_REVIVED : IS_OVER;
        }
    }
    return standing;
}

static void find_standings(const struct graph_change *change, enum standing *standings)
{
    const struct plan_difference *difference = change->difference;
    const struct plan *fresh = difference->fresh;

    for (size_t i = 0; i < difference->count; i++) {
        const struct plan_change *one = &difference->changes[i];

        if (one->kind == PLAN_ADDED || one->kind == PLAN_REPLACED) {
            standings[one->after - fresh->components] = IS_NEW;
        }
    }
    for (size_t i = 0; i < fresh->component_count; i++) {
        if (standings[i] == STAYS) {
            standings[i] = find_standing(change, fresh->components[i].index);
        }
    }
}

static bool is_started(enum standing standing)
{
    return standing == IS_NEW || standing == IS_REVIVED;
}

/* ---- who is started along with others ---- */

/* Whom the start of a component may concern: those that it is linked with, its chassis, and what it
 * holds.  By position in the plan: of component i, others[first[i] .. first[i + 1]]. */
struct neighbours {
    size_t *first;
    size_t *others;
};

static void note(struct neighbours *neighbours, const struct plan *plan,
                 const struct plan_component *a, const struct plan_component *b)
{
    const size_t of_a = (size_t)(a - plan->components);
    const size_t of_b = (size_t)(b - plan->components);

    if (neighbours->others == NULL) { /* they are only counted */
        neighbours->first[of_a]++;
        neighbours->first[of_b]++;
    } else { /* filled from its end on */
        neighbours->others[--neighbours->first[of_a]] = of_b;
        neighbours->others[--neighbours->first[of_b]] = of_a;
    }
}

static void note_all(struct neighbours *neighbours, const struct plan *plan)
{
    for (size_t i = 0; i < plan->linkage_count; i++) {
        note(neighbours, plan, plan->linkages[i].from.component, plan->linkages[i].to.component);
    }
    for (size_t i = 0; i < plan->component_count; i++) {
        if (plan->components[i].parent != NULL) {
            note(neighbours, plan, &plan->components[i], plan->components[i].parent);
        }
    }
}

static struct neighbours find_neighbours(const struct plan *plan)
{
    struct neighbours neighbours = {.first =
                                        mem_alloc_array(plan->component_count + 1, sizeof(size_t))};
    size_t count = 0;

    note_all(&neighbours, plan);
    for (size_t i = 0; i < plan->component_count; i++) {
        count += neighbours.first[i];
        neighbours.first[i] = count;
    }
    neighbours.first[plan->component_count] = count;
    neighbours.others = mem_alloc_array(count + 1, sizeof(size_t));
    note_all(&neighbours, plan);
    return neighbours;
}

/* What has done its work is started again along with what it is linked with, or inside of, or what
 * it holds; and what a chassis holds along with it in any case. */
static void spread(const struct plan *fresh, enum standing *standings)
{
    struct neighbours neighbours = find_neighbours(fresh);
    size_t *started = mem_alloc_array(fresh->component_count + 1, sizeof(*started));
    size_t count = 0;

    for (size_t i = 0; i < fresh->component_count; i++) {
        if (is_started(standings[i])) {
            started[count++] = i;
        }
    }
    while (count > 0) {
        const size_t at = started[--count];

        for (size_t i = neighbours.first[at]; i < neighbours.first[at + 1]; i++) {
            const size_t other = neighbours.others[i];
            const bool is_held = fresh->components[other].parent == &fresh->components[at];

            if (standings[other] == IS_OVER || (is_held && standings[other] == STAYS)) {
                standings[other] = IS_REVIVED;
                started[count++] = other;
            }
        }
    }
    free(started);
    free(neighbours.first);
    free(neighbours.others);
}

static void add_linkages_of_revived(struct graph_change *change, const enum standing *standings)
{
    const struct plan *fresh = change->difference->fresh;

    change->linkages = mem_resize_array(
        change->linkages, change->linkage_count + fresh->linkage_count, sizeof(*change->linkages));
    for (size_t i = 0; i < fresh->linkage_count; i++) {
        const struct plan_linkage *linkage = &fresh->linkages[i];

        if (standings[linkage->from.component - fresh->components] == IS_REVIVED ||
            standings[linkage->to.component - fresh->components] == IS_REVIVED) {
            change->linkages[change->linkage_count++] = linkage;
        }
    }
}

/* Something has ended, or moves: all are looked at. */
static void find_all_made(struct graph_change *change)
{
    const struct plan *fresh = change->difference->fresh;
    enum standing *standings = mem_alloc_array(fresh->component_count + 1, sizeof(*standings));

    find_standings(change, standings);
    spread(fresh, standings);
    for (size_t i = 0; i < fresh->component_count; i++) {
        if (is_started(standings[i])) {
            add_made(change, &fresh->components[i], standings[i] == IS_REVIVED);
        }
    }
    add_linkages_of_revived(change, standings);
    free(standings);
}

static bool is_any_to_be_looked_at(const struct graph_change *change)
{
    const struct plan *fresh = change->difference->fresh;

    for (unsigned i = 0; i < change->count; i++) {
        if (change->part[i].root->over > 0) {
            return true;
        }
    }
    for (size_t i = 0; change->homes != NULL && i < fresh->component_count; i++) {
        if (is_moved(change, fresh->components[i].index)) {
            return true;
        }
    }
    return false;
}

void change_find_made(struct graph_change *change)
{
    const struct plan_difference *difference = change->difference;
    const size_t most = difference->fresh->component_count;

    change->made = mem_alloc_array(most + 1, sizeof(*change->made));
    change->is_revived = mem_alloc_array(most + 1, sizeof(*change->is_revived));
    change->linkage_count = difference->made_count;
    change->linkages =
        mem_resize_array(NULL, difference->made_count + 1, sizeof(*change->linkages));
    memcpy(change->linkages, difference->made, difference->made_count * sizeof(*change->linkages));
    if (is_any_to_be_looked_at(change)) {
        find_all_made(change);
        return;
    }
    for (size_t i = 0; i < difference->count; i++) {
        const struct plan_change *one = &difference->changes[i];

        if (one->kind == PLAN_ADDED || one->kind == PLAN_REPLACED) {
            add_made(change, one->after, false);
        }
    }
}
