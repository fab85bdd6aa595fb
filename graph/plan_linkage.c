/* The linkages that a file has: chains, and those of lists: rows, and what runs in parallel. */
#include <stdlib.h>

#include "graph/arena.h"
#include "graph/planner.h"

/* ---- chains ---- */

/* Resolves the ends of one term, from *place on, which becomes that of the next term.  Returns how
 * many there are. */
static size_t resolve_term(struct linking *linking, const struct chain *chain, size_t *place,
                           bool is_source, struct end *ends)
{
    const unsigned term = chain->ends[*place].term;
    const bool is_inner = term > 0 && term + 1 < chain->terms;
    size_t count = 0;

    for (; *place < chain->count && chain->ends[*place].term == term; (*place)++) {
        count += end_resolve(linking, &chain->ends[*place], is_source, is_inner, &ends[count]);
    }
    return count;
}

static void link_step(struct linking *linking, const struct end *from, size_t from_count,
                      const struct end *to, size_t to_count)
{
    if (from_count > 0 && to_count > 1) {
        (void)linking_fan_out(linking, from, from_count, to, to_count);
        return;
    }
    for (size_t i = 0; i < from_count && to_count == 1; i++) {
        linking_join(linking, &from[i], to);
    }
}

static void link_chain(struct linking *linking, const struct chain *chain)
{
    struct end few[8];
    struct end *ends = few;

    if (2 * chain->count > sizeof(few) / sizeof(few[0])) {
        ends = mem_alloc_array(2 * chain->count, sizeof(*ends));
    }
    for (size_t place = 0; chain->ends[place].term + 1 < chain->terms;) {
        struct end *to = ends + chain->count;
        const size_t from_count = resolve_term(linking, chain, &place, true, ends);
        size_t after = place;
        const size_t to_count = resolve_term(linking, chain, &after, false, to);

        link_step(linking, ends, from_count, to, to_count);
    }
    if (ends != few) {
        free(ends);
    }
}

/* ---- scopes ---- */

static bool resolve_main(struct draft_component *component, bool is_inbox, struct end *end)
{
    *end = (struct end){.component = component, .is_inbox = is_inbox, .is_plain = true};
    if (component->made.type == NULL) {
        return false;
    }
    end->index = is_inbox ? component->made.main_in : component->made.main_out;
    return end->index != NO_BOX;
}

/* Links two neighbours of a pipeline, or the pipeline itself and one of its ends.  Without a main
 * box at the pipeline's own side only notices pass. */
static void link_neighbours(struct linking *linking, struct draft_component *a,
                            struct draft_component *b, bool is_first, bool is_last)
{
    struct end from;
    struct end to;
    const bool has_from = resolve_main(a, is_first, &from);
    const bool has_to = resolve_main(b, !is_last, &to);

    from.is_self = is_first;
    to.is_self = is_last;
    if (a->made.type == NULL || b->made.type == NULL) {
        return;
    }
    if (has_from && has_to) {
        linking_join(linking, &from, &to);
        return;
    }
    if (!is_first && !is_last) {
        errors_report(linking->planner->errors, linking->at,
                      has_from ? "%s has no main inbox, so it can only be the first of a %s"
                               : "nothing can follow %s in a %s: it has no main outbox",
                      has_from ? b->made.type_name : a->made.type_name,
                      linking->scope->self->made.type_name);
        return;
    }
    end_choose_notices(&from, true);
    linking_imply(linking, &from, to);
}

static void link_pipeline(struct linking *linking)
{
    struct scope *scope = linking->scope;
    struct draft_component *before = scope->self;

    for (size_t i = 0; i < scope->count; i++) {
        linking->at = scope->components[i]->made.at;
        link_neighbours(linking, before, scope->components[i], i == 0, false);
        before = scope->components[i];
    }
    if (scope->count > 0) {
        link_neighbours(linking, before, scope->self, false, true);
    }
}

/* Leads what comes to a chassis to all in it that take something. */
static void link_copies(struct linking *linking)
{
    const struct scope *scope = linking->scope;
    struct end *to = arena_alloc_array(linking->planner->arena, scope->count, sizeof(*to));
    struct draft_component *fanout;
    struct end self;
    size_t count = 0;

    if (!resolve_main(scope->self, true, &self)) {
        return;
    }
    self.is_self = true;
    for (size_t i = 0; i < scope->count; i++) {
        count += resolve_main(scope->components[i], true, &to[count]);
    }
    if (count == 1) {
        (void)scope_link_ends(linking->planner, linking->scope, &self, &to[0], linking->at, false);
    } else if (count > 1) {
        fanout = linking_fan_out(linking, &self, 1, to, count);
        if (fanout != NULL) {
            fanout->is_control_taken = true; /* the chassis tells it, and those without an inbox */
        }
    }
}

static void link_parallel(struct linking *linking)
{
    struct scope *scope = linking->scope;
    struct end self;
    struct end from;

    linking->at = scope->at;
    link_copies(linking);
    if (!resolve_main(scope->self, false, &self)) {
        return;
    }
    self.is_self = true;
    for (size_t i = 0; i < scope->count; i++) {
        if (resolve_main(scope->components[i], false, &from)) {
            (void)scope_link_ends(linking->planner, scope, &from, &self,
                                  scope->components[i]->made.at, false);
        }
    }
}

void scope_link(struct planner *planner, struct scope *scope)
{
    struct linking linking = {.planner = planner, .scope = scope};
    const struct node *linkages = scope->linkages;
    struct chain chain = {0};

    if (scope->is_list) {
        if (scope->self->made.type->chassis == CHASSIS_PIPELINE) {
            link_pipeline(&linking);
        } else {
            link_parallel(&linking);
        }
        return;
    }
    if (linkages == NULL || linkages == planner->left_out) {
        return;
    }
    if (report_later(planner, linkages, "a linkage") ||
        !planner_refuse_secret(planner, linkages, "a linkage")) {
        return;
    }
    if (linkages->kind != NODE_SEQUENCE) {
        errors_report(planner->errors, linkages,
                      "linkages must be a list, such as [a -> b]; got %s",
                      node_kind_name(linkages));
        return;
    }
    for (size_t i = 0; i < linkages->size; i++) {
        linking.at = linkages->items[i];
        if (!report_later(planner, linking.at, "a linkage") &&
            chain_read(&chain, linking.at, planner->errors) &&
            planner_charge(planner, chain.count, linking.at)) {
            link_chain(&linking, &chain);
        }
    }
    chain_deinit(&chain);
}
