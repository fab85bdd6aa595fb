#include "graph/plan_compare.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/document.h"
#include "graph/hash.h"
#include "graph/plan.h"

static bool texts_are_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool nodes_are_same(const struct node *a, const struct node *b)
{
    if (a == b) {
        return true;
    }
    if (a == NULL || b == NULL || a->kind != b->kind || a->size != b->size ||
        a->later != b->later) {
        return false;
    }
    for (size_t i = 0; a->kind == NODE_SEQUENCE && i < a->size; i++) {
        if (!nodes_are_same(a->items[i], b->items[i])) {
            return false;
        }
    }
    for (size_t i = 0; a->kind == NODE_MAPPING && i < a->size; i++) {
        if (!nodes_are_same(a->pairs[i].key, b->pairs[i].key) ||
            !nodes_are_same(a->pairs[i].value, b->pairs[i].value)) {
            return false;
        }
    }
    return a->kind != NODE_SCALAR || memcmp(a->text, b->text, a->size) == 0;
}

static bool lists_are_same(const struct texts *a, const struct texts *b)
{
    for (size_t i = 0; a->count == b->count && i < a->count; i++) {
        if (!texts_are_same(a->items[i], b->items[i])) {
            return false;
        }
    }
    return a->count == b->count;
}

/* Left out, or written as the default is. */
static bool is_default(const struct param_spec *spec, const struct node *node)
{
    return node == NULL || (spec->fallback != NULL && node_is(node, spec->fallback));
}

static bool graphs_are_same(const struct plan *a, const struct plan *b);

static bool all_graphs_are_same(const struct plans *a, const struct plans *b)
{
    for (size_t i = 0; a->count == b->count && i < a->count; i++) {
        if (!graphs_are_same(a->items[i], b->items[i])) {
            return false;
        }
    }
    return a->count == b->count;
}

/* What a field was made of where its struct can't be compared. */
struct made_of {
    const struct node *a, *b; /* mappings */
};

static bool fields_are_same(const struct param_spec *table, const void *a, const void *b,
                            const struct made_of *nodes);

/* What was written alike may have been made of files that differ; what was left out may be the
 * same as what was written. */
static bool custom_is_same(const struct param_spec *spec, const void *a, const void *b,
                           const struct node *from_a, const struct node *from_b)
{
    if (!nodes_are_same(from_a, from_b) &&
        !(is_default(spec, from_a) && is_default(spec, from_b)) &&
        !(spec->is_same != NULL && (from_a == NULL || from_b == NULL))) {
        return false;
    }
    return spec->is_same == NULL || spec->is_same(a, b);
}

static bool field_is_same(const struct param_spec *spec, const void *a, const void *b,
                          const struct made_of *nodes)
{
    const struct node *from_a = node_get(nodes->a, spec->name);
    const struct node *from_b = node_get(nodes->b, spec->name);

    if ((from_a != NULL && from_a->later) || (from_b != NULL && from_b->later)) {
        return nodes_are_same(from_a, from_b); /* nothing has been made of it yet */
    }
    switch (spec->kind) {
    case PARAM_KIND_BOOL:
    case PARAM_KIND_INT:
    case PARAM_KIND_SIZE:
    case PARAM_KIND_DURATION:
    case PARAM_KIND_CHOICE:
        return memcmp(a, b, spec->width) == 0;
    case PARAM_KIND_TEXT:
        return texts_are_same(*(const char *const *)a, *(const char *const *)b);
    case PARAM_KIND_TEXTS:
        return lists_are_same(a, b);
    case PARAM_KIND_GRAPH:
        return graphs_are_same(*(struct plan *const *)a, *(struct plan *const *)b);
    case PARAM_KIND_GRAPHS:
        return all_graphs_are_same(a, b);
    case PARAM_KIND_CUSTOM:
        return custom_is_same(spec, a, b, from_a, from_b);
    case PARAM_KIND_SECTION:
        return fields_are_same(spec->section, a, b, &(struct made_of){from_a, from_b});
    case PARAM_KIND_CHILDREN:
    case PARAM_KIND_LINKAGES:
        return true; /* compared as components and linkages of their own */
    }
    return false;
}

static bool fields_are_same(const struct param_spec *table, const void *a, const void *b,
                            const struct made_of *nodes)
{
    for (const struct param_spec *spec = table; spec != NULL && spec->name != NULL; spec++) {
        if (!field_is_same(spec, (const char *)a + spec->offset, (const char *)b + spec->offset,
                           nodes)) {
            return false;
        }
    }
    return true;
}

static bool boxes_are_same(const struct plan_box *a, const struct plan_box *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(a[i].spec->name, b[i].spec->name) != 0 || a[i].limit != b[i].limit ||
            a[i].flags != b[i].flags) {
            return false;
        }
    }
    return true;
}

/* NULL is "never". */
static bool restarts_are_same(const struct restart *a, const struct restart *b)
{
    return a == b || (a != NULL && b != NULL &&
                      fields_are_same(restart_options, a, b, &(struct made_of){NULL, NULL}));
}

/* But for linkages. */
static bool components_are_same(const struct plan_component *a, const struct plan_component *b)
{
    return a->type == b->type && texts_are_same(a->type_name, b->type_name) &&
           restarts_are_same(a->restart, b->restart) && a->inboxes == b->inboxes &&
           a->outboxes == b->outboxes && boxes_are_same(a->in, b->in, a->inboxes) &&
           boxes_are_same(a->out, b->out, a->outboxes) &&
           fields_are_same(a->type->parameters, a->state, b->state,
                           &(struct made_of){a->mapping, b->mapping});
}

static bool ends_are_same(const struct plan_end *a, const struct plan_end *b)
{
    return a->kind == b->kind && a->is_inbox == b->is_inbox && texts_are_same(a->box, b->box) &&
           (a->component == NULL) == (b->component == NULL) &&
           (a->component == NULL || strcmp(a->component->path, b->component->path) == 0);
}

/* Graphs that are parameters: the same in the same order. */
static bool graphs_are_same(const struct plan *a, const struct plan *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    if (a->component_count != b->component_count || a->linkage_count != b->linkage_count) {
        return false;
    }
    for (size_t i = 0; i < a->component_count; i++) {
        if (strcmp(a->components[i].path, b->components[i].path) != 0 ||
            !components_are_same(&a->components[i], &b->components[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < a->linkage_count; i++) {
        if (!ends_are_same(&a->linkages[i].from, &b->linkages[i].from) ||
            !ends_are_same(&a->linkages[i].to, &b->linkages[i].to)) {
            return false;
        }
    }
    return true;
}

/* ---- root plans ---- */

static const char *linkage_name(struct arena *arena, const struct plan_linkage *linkage)
{
    const struct plan_end *from = &linkage->from;
    const struct plan_end *to = &linkage->to;

    return arena_printf(arena, "%s.%s>%s.%s", from->component != NULL ? from->component->path : "",
                        from->box, to->component != NULL ? to->component->path : "", to->box);
}

/* Marks the components of "fresh" that a linkage leads from which the other plan does not have. */
static void mark_linkages(struct arena *arena, const struct plan *of, const struct plan *other,
                          const struct plan *fresh, bool *is_changed)
{
    struct hash known;

    hash_init(&known, arena, other->linkage_count);
    for (size_t i = 0; i < other->linkage_count; i++) {
        (void)hash_put(&known, linkage_name(arena, &other->linkages[i]), &other->linkages[i]);
    }
    for (size_t i = 0; i < of->linkage_count; i++) {
        const struct plan_end *from = &of->linkages[i].from;
        const struct plan_component *component =
            from->component != NULL ? plan_find(fresh, from->component->path) : NULL;

        if (component != NULL && hash_get(&known, linkage_name(arena, &of->linkages[i])) == NULL) {
            is_changed[component->index] = true;
        }
    }
}

struct plan_difference
plan_compare(const struct plan *old, const struct plan *fresh,
             void (*tell)(void *arg, const char *path, enum plan_change change), void *arg)
{
    static const struct plan nothing = {0};
    struct plan_difference difference = {0};
    struct arena *arena = arena_create();
    bool *is_changed = arena_alloc_array(arena, fresh->component_count + 1, sizeof(bool));

    old = old != NULL ? old : &nothing;
    mark_linkages(arena, old, fresh, fresh, is_changed);
    mark_linkages(arena, fresh, old, fresh, is_changed);
    for (size_t i = 0; i < fresh->component_count; i++) {
        const struct plan_component *component = &fresh->components[i];
        const struct plan_component *before = plan_find(old, component->path);

        if (before == NULL) {
            difference.added++;
            tell(arg, component->path, PLAN_ADDED);
        } else if (is_changed[i] || !components_are_same(before, component)) {
            difference.changed++;
            tell(arg, component->path, PLAN_CHANGED);
        } else {
            difference.unchanged++;
        }
    }
    for (size_t i = 0; i < old->component_count; i++) {
        if (plan_find(fresh, old->components[i].path) == NULL) {
            difference.removed++;
            tell(arg, old->components[i].path, PLAN_REMOVED);
        }
    }
    arena_destroy(arena);
    return difference;
}
