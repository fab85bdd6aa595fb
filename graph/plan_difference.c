#include "graph/plan_difference.h"

#include <string.h>

#include "graph/arena.h"
#include "graph/plan.h"
#include "graph/plan_same.h"
#include "graph/thread.h"

/* Of one component of the new plan. */
struct verdict {
    const struct plan_component *before;
    enum plan_likeness likeness; /* PLAN_OTHER without .before: it is added */
    const char *why;
    const char *relinked; /* what of its linkages is another; NULL: nothing */
    bool is_holder;
};

struct comparison {
    struct plan_difference *difference;
    struct arena *arena;   /* the difference's */
    struct arena *scratch; /* of what is not needed any more once that is made */
    const struct plan *old, *fresh;
    struct verdict *verdicts;            /* by position in the new plan */
    const struct plan_component **after; /* by position in the old plan; NULL: it is removed */
};

const char *plan_change_name(enum plan_change_kind kind)
{
    switch (kind) {
    case PLAN_RELINKED:
        return "relinked";
    case PLAN_CHANGED:
        return "changed";
    case PLAN_REPLACED:
        return "replaced";
    case PLAN_ADDED:
        return "added";
    case PLAN_REMOVED:
        return "removed";
    }
    return "?";
}

/* ---- components ---- */

static struct verdict *verdict_of(const struct comparison *comparison,
                                  const struct plan_component *component)
{
    return &comparison->verdicts[component - comparison->fresh->components];
}

static bool stays(const struct verdict *verdict)
{
    return verdict->likeness != PLAN_OTHER;
}

/* The one of the new plan that has the path of one of the old plan, or NULL. */
static const struct plan_component *after_of(const struct comparison *comparison,
                                             const struct plan_component *before)
{
    return comparison->after[before - comparison->old->components];
}

static void judge(struct comparison *comparison, const struct plan_component *component)
{
    struct verdict *verdict = verdict_of(comparison, component);
    const struct plan_component *parent = component->parent;

    verdict->before = plan_find(comparison->old, component->path);
    verdict->likeness = PLAN_OTHER;
    if (verdict->before != NULL) {
        comparison->after[verdict->before - comparison->old->components] = component;
        verdict->likeness =
            plan_component_compare(verdict->before, component, comparison->arena, &verdict->why);
    }
    if (verdict->before != NULL && stays(verdict) && parent != NULL &&
        !stays(verdict_of(comparison, parent))) {
        verdict->likeness = PLAN_OTHER;
        verdict->why =
            arena_printf(comparison->arena, "%s, which holds it, is replaced", parent->path);
    }
    if (parent != NULL && !stays(verdict)) {
        verdict_of(comparison, parent)->is_holder = true;
    }
}

/* ---- places ---- */

/* Those of the old plan that nobody of the new one has.  Returns how many. */
static size_t find_free_places(const struct comparison *comparison, size_t *places)
{
    const struct plan *old = comparison->old;
    bool *is_taken = arena_alloc_array(comparison->scratch, old->places + 1, sizeof(*is_taken));
    size_t count = 0;

    for (size_t i = 0; i < old->component_count; i++) {
        if (comparison->after[i] != NULL) {
            is_taken[old->components[i].index] = true;
        }
    }
    for (size_t i = old->places; i-- > 0;) {
        if (!is_taken[i]) {
            places[count++] = i;
        }
    }
    return count;
}

static void give_places(const struct comparison *comparison)
{
    struct plan *fresh = comparison->difference->fresh;
    size_t *places =
        arena_alloc_array(comparison->scratch, comparison->old->places + 1, sizeof(*places));
    size_t free_count = find_free_places(comparison, places);

    fresh->places = comparison->old->places;
    for (size_t i = 0; i < fresh->component_count; i++) {
        const struct plan_component *before = comparison->verdicts[i].before;

        if (before != NULL) {
            fresh->components[i].index = before->index;
        } else if (free_count > 0) {
            fresh->components[i].index = places[--free_count];
        } else {
            fresh->components[i].index = fresh->places++;
        }
    }
}

/* ---- linkages ---- */

/* A linkage is known by where it leads from, since a box leads to one other: those of a component
 * hang together. */
struct index {
    const struct plan *plan;
    const struct plan_linkage **first; /* by the component's position */
    const struct plan_linkage **next;  /* by the linkage's */
};

static struct index index_linkages(struct arena *arena, const struct plan *plan)
{
    struct index index = {.plan = plan};

    index.first = arena_alloc_array(arena, plan->component_count + 1, sizeof(*index.first));
    index.next = arena_alloc_array(arena, plan->linkage_count + 1, sizeof(*index.next));
    for (size_t i = plan->linkage_count; i-- > 0;) {
        const size_t from = (size_t)(plan->linkages[i].from.component - plan->components);

        index.next[i] = index.first[from];
        index.first[from] = &plan->linkages[i];
    }
    return index;
}

/* The linkage of a component that leads from the box of the same name as this end; NULL: there is
 * none.  component: of the index's plan, or NULL. */
static const struct plan_linkage *find_linkage(const struct index *index,
                                               const struct plan_component *component,
                                               const struct plan_end *end)
{
    const struct plan_linkage *at =
        component != NULL ? index->first[component - index->plan->components] : NULL;

    while (at != NULL &&
           (at->from.is_inbox != end->is_inbox || strcmp(at->from.box, end->box) != 0)) {
        at = index->next[at - index->plan->linkages];
    }
    return at;
}

/* component: of the new plan, or NULL. */
static bool is_kept(const struct comparison *comparison, const struct plan_component *component)
{
    return component != NULL && stays(verdict_of(comparison, component));
}

/* Notes for those who ask that what leads from a component is another. */
static void note_relinked(const struct comparison *comparison, const struct plan_linkage *was,
                          const struct plan_linkage *is)
{
    const struct plan_end *from = is != NULL ? &is->from : &was->from;
    const struct plan_component *component =
        is != NULL ? from->component : after_of(comparison, from->component);
    struct verdict *verdict = component != NULL ? verdict_of(comparison, component) : NULL;
    const char *now =
        is != NULL ? arena_printf(comparison->arena, "%s.%s", is->to.component->path, is->to.box)
                   : "nowhere";
    const char *text;

    if (verdict == NULL || !stays(verdict)) {
        return; /* it is another anyway */
    }
    text = was != NULL ? arena_printf(comparison->arena, "%s leads to %s, not %s.%s", from->box,
                                      now, was->to.component->path, was->to.box)
                       : arena_printf(comparison->arena, "%s leads to %s", from->box, now);
    verdict->relinked = verdict->relinked != NULL
                            ? arena_printf(comparison->arena, "%s; %s", verdict->relinked, text)
                            : text;
}

static void compare_linkages(struct comparison *comparison)
{
    struct plan_difference *difference = comparison->difference;
    const struct plan *old = comparison->old;
    const struct plan *fresh = comparison->fresh;
    const struct index before = index_linkages(comparison->scratch, old);
    const struct index after = index_linkages(comparison->scratch, fresh);

    difference->cut =
        arena_alloc_array(comparison->arena, old->linkage_count + 1, sizeof(*difference->cut));
    difference->made =
        arena_alloc_array(comparison->arena, fresh->linkage_count + 1, sizeof(*difference->made));
    for (size_t i = 0; i < fresh->linkage_count; i++) {
        const struct plan_linkage *is = &fresh->linkages[i];
        const struct plan_linkage *was =
            find_linkage(&before, verdict_of(comparison, is->from.component)->before, &is->from);
        const bool is_same = was != NULL && plan_linkage_is_same(was, is);

        if (!is_same || !is_kept(comparison, is->from.component) ||
            !is_kept(comparison, is->to.component)) {
            difference->made[difference->made_count++] = is;
        }
        if (!is_same) {
            note_relinked(comparison, was, is);
        }
    }
    for (size_t i = 0; i < old->linkage_count; i++) {
        const struct plan_linkage *was = &old->linkages[i];
        const struct plan_component *from = after_of(comparison, was->from.component);
        const struct plan_linkage *is = find_linkage(&after, from, &was->from);

        if (is_kept(comparison, from) &&
            (is == NULL || !plan_linkage_is_same(was, is) ||
             !is_kept(comparison, after_of(comparison, was->to.component)))) {
            difference->cut[difference->cut_count++] = was;
        }
        if (is == NULL) {
            note_relinked(comparison, was, NULL);
        }
    }
}

/* ---- the sum ---- */

static void add(struct plan_difference *difference, struct plan_change change)
{
    difference->changes[difference->count++] = change;
    switch (change.kind) {
    case PLAN_RELINKED:
        difference->relinked++;
        return;
    case PLAN_CHANGED:
        difference->changed++;
        return;
    case PLAN_REPLACED:
        difference->replaced++;
        return;
    case PLAN_ADDED:
        difference->added++;
        return;
    case PLAN_REMOVED:
        difference->removed++;
        return;
    }
}

static const char *both(struct arena *arena, const char *a, const char *b)
{
    return a == NULL ? b : b == NULL ? a : arena_printf(arena, "%s; %s", a, b);
}

static void sum_up_one(struct comparison *comparison, size_t i)
{
    struct plan_difference *difference = comparison->difference;
    const struct verdict *verdict = &comparison->verdicts[i];
    struct plan_change change = {.before = verdict->before,
                                 .after = &comparison->fresh->components[i],
                                 .why = both(comparison->arena, verdict->why, verdict->relinked),
                                 .is_holder = verdict->is_holder};

    if (verdict->before == NULL) {
        change.kind = PLAN_ADDED;
    } else if (!stays(verdict)) {
        change.kind = PLAN_REPLACED;
    } else if (verdict->likeness == PLAN_CHANGEABLE) {
        change.kind = PLAN_CHANGED;
    } else if (verdict->relinked != NULL) {
        change.kind = PLAN_RELINKED;
    } else if (verdict->is_holder) {
        change.kind = PLAN_CHANGED;
        change.why = "what it holds";
    } else {
        difference->kept++;
        return;
    }
    add(difference, change);
}

struct plan_difference *plan_difference_create(struct plan *old, struct plan *fresh)
{
    static const struct plan nothing = {0};
    struct arena *arena = arena_create();
    struct plan_difference *difference = arena_alloc(arena, sizeof(*difference));
    struct comparison comparison = {.difference = difference,
                                    .arena = arena,
                                    .scratch = arena_create(),
                                    .old = old != NULL ? old : &nothing,
                                    .fresh = fresh};

    difference->arena = arena;
    difference->old = old != NULL ? plan_ref(old) : NULL;
    difference->fresh = plan_ref(fresh);
    comparison.verdicts = arena_alloc_array(comparison.scratch, fresh->component_count + 1,
                                            sizeof(*comparison.verdicts));
    comparison.after = arena_alloc_array(comparison.scratch, comparison.old->component_count + 1,
                                         sizeof(*comparison.after));
    for (size_t i = 0; i < fresh->component_count; i++) {
        judge(&comparison, &fresh->components[i]);
    }
    give_places(&comparison);
    for (size_t i = 0; i < comparison.old->component_count; i++) {
        const struct plan_component *before = &comparison.old->components[i];
        const struct plan_component *holder =
            before->parent != NULL ? after_of(&comparison, before->parent) : NULL;

        if (holder != NULL && comparison.after[i] == NULL) {
            verdict_of(&comparison, holder)->is_holder = true;
        }
    }
    compare_linkages(&comparison);
    difference->changes =
        arena_alloc_array(arena, fresh->component_count + comparison.old->component_count + 1,
                          sizeof(*difference->changes));
    for (size_t i = 0; i < fresh->component_count; i++) {
        sum_up_one(&comparison, i);
    }
    for (size_t i = 0; i < comparison.old->component_count; i++) {
        const struct plan_component *before = &comparison.old->components[i];

        if (comparison.after[i] == NULL) {
            add(difference, (struct plan_change){.kind = PLAN_REMOVED, .before = before});
        }
    }
    arena_destroy(comparison.scratch);
    return difference;
}

/* Any thread may do it. */
static void *difference_free(void *arg)
{
    const struct plan_difference *difference = arg;

    plan_release(difference->old);
    plan_release(difference->fresh);
    arena_destroy(difference->arena);
    return NULL;
}

void plan_difference_destroy(struct plan_difference *difference)
{
    if (difference != NULL && arena_is_large(difference->arena)) {
        thread_create_detached(difference_free, difference);
    } else if (difference != NULL) {
        (void)difference_free(difference);
    }
}

bool plan_difference_is_empty(const struct plan_difference *difference)
{
    return difference->count == 0;
}
