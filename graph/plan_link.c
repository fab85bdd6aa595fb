/* Single linkages, and those that follow from them. */
#include <string.h>

#include "graph/arena.h"
#include "graph/planner.h"

static struct plan_end made_end(const struct end *end, const struct scope *scope,
                                const struct planner *planner)
{
    if (end->component == NULL) {
        return (struct plan_end){
            .kind = END_SELF, .box = end_box(end), .index = NO_BOX, .is_inbox = end->is_inbox};
    }
    return (struct plan_end){
        .kind = end->is_outer && scope->draft != planner->root ? END_OUTER : END_COMPONENT,
        .component = &end->component->made,
        .box = end_box(end),
        .index = (uint8_t)end->index,
        .is_inbox = end->is_inbox,
    };
}

/* Where it is kept what an end leads to. */
static struct draft_linkage **next_of(struct scope *scope, const struct end *end)
{
    if (end->component == NULL) {
        return &scope->edge_next[end->index];
    }
    return end->is_inbox ? &end->component->in_next[end->index]
                         : &end->component->out_next[end->index];
}

/* What can't be linked, whatever it carries. */
static bool may_link(const struct linking *linking, const struct end *from, const struct end *to)
{
    struct errors *errors = linking->planner->errors;

    if (from->component != NULL && end_spec(from)->service != NULL) {
        return errors_report(errors, linking->at,
                             "%s leads to the service \"%s\" by itself; it can't be linked",
                             end_shown(from).text, end_spec(from)->service);
    }
    if (to->component != NULL && end_spec(to)->carries == READINESS) {
        return errors_report(errors, linking->at,
                             "%s is for the readiness of descriptors; nothing can be linked to it",
                             end_shown(to).text);
    }
    if ((from->component != NULL && is_of_runtime(end_spec(from))) ||
        (to->component != NULL && is_of_runtime(end_spec(to)))) {
        const struct end *end =
            from->component != NULL && is_of_runtime(end_spec(from)) ? from : to;

        return errors_report(errors, linking->at, "%s is linked by the runtime, and only by it",
                             end_shown(end).text);
    }
    if (from->is_inbox && to->is_outer) {
        return errors_report(errors, linking->at,
                             "%s can't lead straight to the outer graph; a linkage there starts at "
                             "a component",
                             end_shown(from).text);
    }
    if (from->is_inbox && !to->is_inbox) {
        return errors_report(errors, linking->at,
                             "%s can't lead straight to %s: there must be a component between",
                             end_shown(from).text, end_shown(to).text);
    }
    return true;
}

static void mark(struct scope *scope, const struct end *from, const struct end *to, bool is_implied)
{
    if (from->component != NULL) {
        struct plan_component *made = &from->component->made;

        (from->is_inbox ? made->in : made->out)[from->index].is_linked = true;
        from->component->is_reached = from->component->is_reached || !is_implied;
    }
    if (to->component != NULL) {
        struct plan_component *made = &to->component->made;

        (to->is_inbox ? made->in : made->out)[to->index].is_linked = true;
        if (to->is_inbox) {
            to->component->in_fed[to->index] = true;
        }
        if (!is_implied) {
            to->component->is_reached = true;
            to->component->is_control_taken |= to->is_inbox && to->index == made->control;
            to->component->is_signal_taken |= !to->is_inbox && to->index == made->signal;
        }
    } else if (to->index == SELF_OUTBOX) {
        scope->is_outbox_fed = true;
    } else if (!is_implied) {
        scope->is_signal_taken = true;
    }
}

bool scope_link_ends(struct planner *planner, struct scope *scope, const struct end *from,
                     const struct end *to, const struct node *at, bool is_implied)
{
    const struct linking linking = {.planner = planner, .scope = scope, .at = at};
    struct draft_linkage **next = next_of(scope, from);
    struct draft_linkage *linkage;

    if (*next != NULL) {
        return !is_implied
                   ? errors_report_note(planner->errors, at, (*next)->made.at, "first linked here",
                                        "%s is linked already; an outbox leads to one inbox, or to "
                                        "several by a list: a -> [b, c]",
                                        end_shown(from).text)
                   : false;
    }
    if (!may_link(&linking, from, to)) {
        return false;
    }
    linkage = arena_alloc(planner->arena, sizeof(*linkage));
    linkage->made = (struct plan_linkage){.from = made_end(from, scope, planner),
                                          .to = made_end(to, scope, planner),
                                          .at = at,
                                          .is_implied = is_implied};
    linkage->way = scope->way;
    *next = linkage;
    *scope->draft->linkages_end = linkage;
    scope->draft->linkages_end = &linkage->next;
    mark(scope, from, to, is_implied);
    return true;
}

/* ---- and what follows ---- */

void end_choose_notices(struct end *end, bool is_source)
{
    if (end->component == NULL) {
        end->index = is_source ? SELF_CONTROL : SELF_SIGNAL;
    } else {
        end->index = end->is_inbox ? end->component->made.control : end->component->made.signal;
    }
}

void linking_imply(struct linking *linking, const struct end *from, struct end to)
{
    struct implied *implied;

    end_choose_notices(&to, false);
    if (from->index == NO_BOX || to.index == NO_BOX || to.is_outer) {
        return; /* a component outside is not to end with the first connection */
    }
    implied = arena_alloc(linking->planner->arena, sizeof(*implied));
    *implied =
        (struct implied){.scope = linking->scope, .from = *from, .to = to, .at = linking->at};
    *linking->planner->implied_end = implied;
    linking->planner->implied_end = &implied->next;
}

void linking_join(struct linking *linking, const struct end *from, const struct end *to)
{
    if (scope_link_ends(linking->planner, linking->scope, from, to, linking->at, false) &&
        from->is_plain && to->is_plain) {
        struct end notices = *from;

        end_choose_notices(&notices, true);
        linking_imply(linking, &notices, *to);
    }
}

static void link_implied(struct planner *planner, const struct implied *implied)
{
    const struct end *to = &implied->to;
    bool is_taken_otherwise = implied->scope->is_signal_taken;

    if (to->component != NULL) {
        is_taken_otherwise =
            to->is_inbox ? to->component->is_control_taken : to->component->is_signal_taken;
    }
    if (!is_taken_otherwise) {
        (void)scope_link_ends(planner, implied->scope, &implied->from, to, implied->at, true);
    }
}

/* What self.inbox leads to gets self.control, too. */
static void link_control(struct planner *planner, struct scope *scope)
{
    const struct draft_linkage *in = scope->edge_next[SELF_INBOX];
    const struct end from = {.index = SELF_CONTROL, .is_inbox = true, .is_self = true};
    struct end to = {.is_inbox = true};

    if (in == NULL) {
        return;
    }
    to.component = (struct draft_component *)(void *)in->made.to.component;
    to.index = to.component->made.control;
    if (to.index != NO_BOX && !to.component->is_control_taken) {
        (void)scope_link_ends(planner, scope, &from, &to, in->made.at, true);
    }
}

/* What leads to self.outbox says its end there as well. */
static void link_signals(struct planner *planner, struct scope *scope)
{
    const struct end to = {.index = SELF_SIGNAL, .is_self = true};

    for (struct draft_linkage *one = scope->draft->linkages; one != NULL; one = one->next) {
        struct end from = {0};

        if (one->made.to.kind != END_SELF || strcmp(one->made.to.box, "outbox") != 0) {
            continue;
        }
        from.component = (struct draft_component *)(void *)one->made.from.component;
        from.index = from.component->made.signal;
        if (from.index != NO_BOX && one->made.from.index == from.component->made.main_out) {
            (void)scope_link_ends(planner, scope, &from, &to, one->made.at, true);
        }
    }
}

void planner_link_implied(struct planner *planner, struct scope *first)
{
    for (const struct implied *one = planner->implied; one != NULL; one = one->next) {
        link_implied(planner, one);
    }
    for (struct scope *scope = first; scope != NULL; scope = scope->next) {
        if (scope->has_edge) {
            link_control(planner, scope);
            if (!scope->is_signal_taken) {
                link_signals(planner, scope);
            }
        }
    }
}
