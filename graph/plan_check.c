/* What can be said of a plan only once all is linked: what boxes carry, and what is left alone. */
#include <string.h>

#include "graph/planner.h"

/* ---- what boxes carry ---- */

static struct draft_component *component_at(const struct plan_end *end)
{
    return (struct draft_component *)(void *)end->component;
}

static const struct box_spec *spec_at(const struct plan_end *end)
{
    return end->is_inbox ? end->component->in[end->index].spec
                         : end->component->out[end->index].spec;
}

/* Where the box at an end leads in its turn: a chassis's. */
static const struct draft_linkage *next_at(const struct plan_end *end)
{
    return end->is_inbox ? component_at(end)->in_next[end->index]
                         : component_at(end)->out_next[end->index];
}

static enum carries edge_carries(const struct scope *scope, const char *box)
{
    if (strcmp(box, "control") == 0 || strcmp(box, "signal") == 0) {
        return NOTICES;
    }
    return scope->edge_carries != 0 ? scope->edge_carries : ANYTHING;
}

/* Follows a linkage through the chassis on its way, and checks each box that it comes to. */
static void follow(struct planner *planner, const struct scope *scope,
                   const struct draft_linkage *linkage, enum carries carried)
{
    const struct plan_end *from = &linkage->made.from;
    const struct draft_linkage *crossing = NULL; /* from an outbox to an inbox: where to report */
    unsigned steps = 0;

    while (linkage != NULL) {
        const struct plan_end *to = &linkage->made.to;
        const enum carries taken =
            to->kind == END_SELF ? edge_carries(scope, to->box) : spec_at(to)->carries;

        if (to->is_inbox != linkage->made.from.is_inbox) {
            crossing = linkage;
        }
        if (!carries_fits(carried, taken)) {
            const struct draft_linkage *at = crossing != NULL ? crossing : linkage;

            planner_set_way(planner, at->way);
            errors_report(planner->errors, at->made.at, "%s carries %s, but %s takes %s",
                          box_path(from->component, from->box).text, carries_name(carried),
                          box_path(to->component, to->box).text, carries_name(taken));
            return;
        }
        if (steps++ > 2 * PLAN_DEEPEST) {
            planner_set_way(planner, linkage->way);
            errors_report(planner->errors, linkage->made.at, "this linkage leads back to itself");
            return;
        }
        linkage = to->kind == END_SELF ? NULL : next_at(to);
    }
}

static void check_carries(struct planner *planner, const struct scope *scope)
{
    const struct draft_linkage *one = scope->draft->linkages;

    for (; one != NULL; one = one->next) {
        const struct plan_end *from = &one->made.from;

        if (from->kind == END_SELF) {
            follow(planner, scope, one, edge_carries(scope, from->box));
        } else if (!from->is_inbox) {
            follow(planner, scope, one, spec_at(from)->carries);
        }
    }
}

/* ---- what is left alone ---- */

static bool takes_part(const struct plan_component *made)
{
    for (unsigned i = 0; i < made->inboxes; i++) {
        const struct box_spec *spec = made->in[i].spec;

        if (i != made->control && !is_of_runtime(spec) && spec->receive == NULL) {
            return true;
        }
    }
    for (unsigned i = 0; i < made->outboxes; i++) {
        if (i != made->signal && !is_of_runtime(made->out[i].spec)) {
            return true;
        }
    }
    return false;
}

static bool is_found_by_name(const struct plan_component *made)
{
    for (unsigned i = 0; i < made->inboxes; i++) {
        if (made->in[i].spec->by_name) {
            return true;
        }
    }
    return false;
}

/* A box that a linkage inside has made by naming it, and that nothing outside is linked to: most
 * likely a slip.  A named graph may well have boxes that only some of its uses need. */
static void check_boxes_of_self(struct planner *planner, const struct draft_component *component)
{
    const struct plan_component *made = &component->made;
    const struct type_info *info = planner_type(planner, made->type->name);
    struct error err;

    if (made->type->chassis != CHASSIS_GRAPH || made->type_name != made->type->name) {
        return;
    }
    for (unsigned i = info->model.inboxes; i < made->inboxes; i++) {
        if (!component->in_fed[i]) {
            (void)error_set(&err, made->at,
                            "%s has an inbox \"%s\", but nothing outside leads there", made->name,
                            made->in[i].spec->name);
            errors_warn(planner->errors, &err);
        }
    }
    for (unsigned i = info->model.outboxes; i < made->outboxes; i++) {
        if (component->out_next[i] == NULL) {
            (void)error_set(&err, made->at, "%s has an outbox \"%s\", but it leads nowhere outside",
                            made->name, made->out[i].spec->name);
            errors_warn(planner->errors, &err);
        }
    }
}

static void check_component(struct planner *planner, const struct scope *scope,
                            const struct draft_component *component)
{
    const struct plan_component *made = &component->made;
    struct error err;

    if (made->type == NULL) {
        return;
    }
    if (!component->is_reached && scope->count > 1 && made->type->service == NULL &&
        takes_part(made) && !is_found_by_name(made)) {
        (void)error_set(&err, made->at, "no linkage reaches %s (%s)", made->name, made->type_name);
        errors_warn(planner->errors, &err);
        return;
    }
    for (unsigned i = 0; i < made->inboxes; i++) {
        if (made->in[i].spec->required && !component->in_fed[i]) {
            (void)error_set(&err, made->at, "nothing leads to %s.%s: %s", made->name,
                            made->in[i].spec->name, made->in[i].spec->doc);
            errors_warn(planner->errors, &err);
        }
    }
    for (unsigned i = 0; i < made->outboxes; i++) {
        if (made->out[i].spec->required && component->out_next[i] == NULL) {
            (void)error_set(&err, made->at, "%s.%s leads nowhere: %s", made->name,
                            made->out[i].spec->name, made->out[i].spec->doc);
            errors_warn(planner->errors, &err);
        }
    }
    check_boxes_of_self(planner, component);
}

/* A graph used as a parameter, of which nothing leads in or out. */
static void check_edge(struct planner *planner, const struct scope *scope)
{
    struct error err;

    planner_set_way(planner, scope->way != NULL ? scope->way->outer : NULL); /* it is at the use */
    if (scope->label != NULL && scope->edge_next[SELF_INBOX] == NULL && !scope->is_outbox_fed) {
        (void)error_set(&err, scope->at,
                        "in the graph \"%s\" nothing is linked to self: no data gets in or out",
                        shown(scope->label).text);
        errors_warn(planner->errors, &err);
    }
}

void planner_check(struct planner *planner, const struct scope *first)
{
    for (const struct scope *scope = first; scope != NULL; scope = scope->next) {
        if (scope->self == NULL) {
            check_carries(planner, scope); /* of all in its draft */
        }
    }
    if (errors_count(planner->errors) > planner->errors_before) {
        return; /* a linkage with a mistake may be what a warning would miss */
    }
    for (const struct scope *scope = first; scope != NULL; scope = scope->next) {
        check_edge(planner, scope);
        planner_set_way(planner, scope->way);
        for (size_t i = 0; i < scope->count; i++) {
            check_component(planner, scope, scope->components[i]);
        }
    }
    planner_set_way(planner, NULL);
}
