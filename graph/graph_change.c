#include "graph/graph_change.h"

#include <stdio.h>
#include <stdlib.h>

#include "graph/change.h"
#include "graph/crossing.h"
#include "graph/loop.h"
#include "graph/share.h"
#include "graph/workers.h"

static struct workers *workers_of(const struct graph_change *change)
{
    return change->part[0].root->graph.loop->workers;
}

struct graph_change *graph_change_create(struct graph *graph,
                                         const struct plan_difference *difference,
                                         struct nursery *nursery)
{
    const unsigned count = graph_parts(graph);
    struct graph_change *change = mem_alloc(sizeof(*change) + count * sizeof(struct part_change));

    REQUIRE(graph->plan == difference->old);
    change->difference = difference;
    change->parts = parts_of(graph);
    change->count = count;
    for (unsigned i = 0; i < count; i++) {
        change->part[i] = (struct part_change){
            .whole = change, .root = root_of(graph_part(graph, i)), .difference = difference};
    }
    change->nursery = nursery;
    change->homes = nursery_take_homes(nursery);
    REQUIRE((change->homes != NULL) == (change->parts != NULL));
    workers_halt(workers_of(change));
    change_find_made(change);
    workers_release(workers_of(change));
    return change;
}

const struct plan_component *graph_change_revived(const struct graph_change *change,
                                                  size_t *position)
{
    while (*position < change->made_count) {
        const size_t at = (*position)++;

        if (change->is_revived[at]) {
            return change->made[at];
        }
    }
    return NULL;
}

static void change_free(struct graph_change *change)
{
    for (unsigned i = 0; i < change->count; i++) {
        free(change->part[i].newcomers);
        free(change->part[i].removed);
        free(change->part[i].unsettled);
    }
    free(change->made);
    free(change->is_revived);
    free(change->linkages);
    free(change->homes);
    free(change->retired);
    free(change);
}

/* The new plan's, or the old one's again. */
static void switch_homes(struct graph_change *change)
{
    if (change->parts != NULL) {
        uint8_t *homes = change->parts->homes;

        change->parts->homes = change->homes;
        change->homes = homes;
    }
}

static void retire_shares(struct graph_change *change)
{
    change->retired = mem_alloc_array(change->made_count + 1, sizeof(*change->retired));
    for (size_t i = 0; i < change->made_count && change->parts != NULL; i++) {
        change->retired[i] = share_retire(change->parts, change->made[i]->index);
    }
}

static void reinstate_shares(const struct graph_change *change)
{
    for (size_t i = 0; i < change->made_count && change->parts != NULL; i++) {
        share_reinstate(change->parts, change->made[i]->index, change->retired[i]);
    }
}

static void end_crossings_to_newcomers(const struct graph_change *change)
{
    for (unsigned i = 0; i < change->count && change->parts != NULL; i++) {
        for (size_t k = 0; k < change->part[i].newcomer_count; k++) {
            crossings_end_to(change->parts, change->part[i].newcomers[k].component);
        }
    }
}

void graph_change_cancel(struct graph_change *change)
{
    struct workers *workers = workers_of(change);

    if (!change->is_prepared) {
        workers_halt(workers); /* as they are from the first phase on */
    } else {
        switch_homes(change);
        reinstate_shares(change);
        end_crossings_to_newcomers(change);
        for (unsigned i = 0; i < change->count; i++) {
            change_take_back(&change->part[i]);
        }
    }
    change_free(change);
    workers_release(workers);
}

/* Returns NULL, or who could not start. */
static const struct newcomer *start_all(const struct graph_change *change)
{
    const struct newcomer *failed = NULL;

    for (unsigned i = 0; i < change->count; i++) {
        change_link_newcomers(&change->part[i]);
    }
    for (unsigned i = 0; i < change->count && failed == NULL; i++) {
        failed = change_start_newcomers(&change->part[i]);
    }
    return failed;
}

const struct plan_component *graph_change_prepare(struct graph_change *change, char *reason,
                                                  size_t size)
{
    struct workers *workers = workers_of(change);
    const struct newcomer *failed;
    const struct plan_component *plan = NULL;

    workers_halt(workers); /* until the other phase is over */
    for (unsigned i = 0; i < change->count; i++) {
        change_prepare(&change->part[i]);
    }
    change->is_prepared = true;
    retire_shares(change);
    switch_homes(change);
    failed = start_all(change);
    if (failed != NULL) {
        const char *why = component_reason(failed->component);

        (void)snprintf(reason, size, "%s", why != NULL ? why : "could not start");
        plan = failed->plan;
        graph_change_cancel(change);
    }
    return plan;
}

void graph_change_commit(struct graph_change *change)
{
    struct workers *workers = workers_of(change);

    change_replace(change);
    for (unsigned i = 0; i < change->count; i++) {
        change_cut_linkages(&change->part[i]);
    }
    for (unsigned i = 0; i < change->count; i++) {
        change_make_linkages(&change->part[i]);
    }
    for (unsigned i = 0; i < change->count; i++) {
        change_commit(&change->part[i]);
    }
    if (change->parts != NULL) {
        change->parts->is_present_over = false;
    }
    for (unsigned i = 0; i < change->count; i++) {
        change_let_go(&change->part[i]);
    }
    change_free(change);
    workers_release(workers);
}
