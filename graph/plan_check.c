/* What can be said of a plan only once all is linked: what boxes carry, and what is left alone. */
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

static bool check_end(struct planner *planner, const struct draft_linkage *linkage,
                      const struct plan_end *from, enum carries carried)
{
    const struct plan_end *to = &linkage->made.to;
    struct error err;

    if (carries_fits(carried, spec_at(to)->carries)) {
        return true;
    }
    (void)error_set(&err, linkage->made.at, "%s carries %s, but %s takes %s",
                    box_path(from->component, from->box).text, carries_name(carried),
                    box_path(to->component, to->box).text, carries_name(spec_at(to)->carries));
    return errors_add(planner->errors, &err);
}

/* Follows a linkage through the chassis on its way. */
static void follow(struct planner *planner, const struct draft_linkage *linkage,
                   enum carries carried)
{
    const struct plan_end *from = &linkage->made.from;
    unsigned steps = 0;

    while (linkage != NULL && linkage->made.to.kind != END_SELF) {
        if (!check_end(planner, linkage, from, carried)) {
            return;
        }
        if (steps++ > 2 * PLAN_DEEPEST) {
            errors_report(planner->errors, linkage->made.at, "this linkage leads back to itself");
            return;
        }
        linkage = next_at(&linkage->made.to);
    }
}

static void check_carries(struct planner *planner, const struct scope *scope)
{
    const struct draft_linkage *one = scope->draft->linkages;

    for (; one != NULL; one = one->next) {
        const struct plan_end *from = &one->made.from;

        if (from->kind == END_SELF) {
            const enum carries edge = scope->edge_carries != 0 ? scope->edge_carries : ANYTHING;

            follow(planner, one, from->box[0] == 'i' ? edge : NOTICES);
        } else if (!from->is_inbox) {
            follow(planner, one, spec_at(from)->carries);
        }
    }
}

/* ---- what is left alone ---- */

static void warn(struct planner *planner, const struct error *err)
{
    errors_warn(planner->errors, err);
}

static bool takes_part(const struct plan_component *made)
{
    for (unsigned i = 0; i < made->inboxes; i++) {
        const struct box_spec *spec = made->in[i].spec;

        if (i != made->control && spec->carries != READINESS && spec->receive == NULL) {
            return true;
        }
    }
    for (unsigned i = 0; i < made->outboxes; i++) {
        if (i != made->signal && made->out[i].spec->service == NULL) {
            return true;
        }
    }
    return false;
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
        takes_part(made)) {
        (void)error_set(&err, made->at, "no linkage reaches %s (%s)", made->name, made->type_name);
        warn(planner, &err);
        return;
    }
    for (unsigned i = 0; i < made->inboxes; i++) {
        if (made->in[i].spec->required && !component->in_fed[i]) {
            (void)error_set(&err, made->at, "nothing leads to %s.%s: %s", made->name,
                            made->in[i].spec->name, made->in[i].spec->doc);
            warn(planner, &err);
        }
    }
}

void planner_check(struct planner *planner)
{
    for (const struct scope *scope = planner->scopes; scope != NULL; scope = scope->next) {
        if (scope->self == NULL) {
            check_carries(planner, scope); /* of all in its draft */
        }
        for (size_t i = 0; i < scope->count; i++) {
            check_component(planner, scope, scope->components[i]);
        }
    }
}
