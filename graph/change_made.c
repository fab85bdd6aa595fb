#include "graph/change.h"

#include <stdlib.h>
#include <string.h>

#include "graph/placement.h"

static void add_made(struct graph_change *change, const struct plan_component *plan,
                     bool is_revived)
{
    const size_t count = change->made_count++;

    change->made = mem_resize_array(change->made, count + 1, sizeof(*change->made));
    change->is_revived = mem_resize_array(change->is_revived, count + 1, sizeof(bool));
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

/* What has done its work is started again along with what it is linked with, or inside of, or what
 * it holds.  Returns whether any was found. */
static bool spread(const struct plan *fresh, enum standing *standings)
{
    bool is_any = false;

    for (size_t i = 0; i < fresh->linkage_count; i++) {
        enum standing *from = &standings[fresh->linkages[i].from.component - fresh->components];
        enum standing *to = &standings[fresh->linkages[i].to.component - fresh->components];

        if ((is_started(*from) && *to == IS_OVER) || (is_started(*to) && *from == IS_OVER)) {
            *(*to == IS_OVER ? to : from) = IS_REVIVED;
            is_any = true;
        }
    }
    for (size_t i = 0; i < fresh->component_count; i++) {
        const struct plan_component *parent = fresh->components[i].parent;
        enum standing *holder = parent != NULL ? &standings[parent - fresh->components] : NULL;

        if (holder != NULL && is_started(standings[i]) && *holder == IS_OVER) {
            *holder = IS_REVIVED;
            is_any = true;
        } else if (holder != NULL && is_started(*holder) && !is_started(standings[i])) {
            standings[i] = IS_REVIVED;
            is_any = true;
        }
    }
    return is_any;
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
    while (spread(fresh, standings)) {
    }
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
