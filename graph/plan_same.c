/* Whether two parts of plans are the same. */
#include "graph/plan_same.h"

#include <stdlib.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/component.h"
#include "graph/document.h"
#include "graph/param.h"
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

static bool all_graphs_are_same(const struct plans *a, const struct plans *b)
{
    for (size_t i = 0; a->count == b->count && i < a->count; i++) {
        if (!plan_graph_is_same(a->items[i], b->items[i])) {
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
        return plan_graph_is_same(*(struct plan *const *)a, *(struct plan *const *)b);
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

/* ---- boxes ---- */

/* The same boxes, whatever their bounds. */
static bool boxes_are_alike(const struct plan_box *a, const struct plan_box *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(a[i].spec->name, b[i].spec->name) != 0 || a[i].flags != b[i].flags) {
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

/* ---- components ---- */

/* What is found to differ. */
struct finding {
    struct arena *arena; /* NULL: nobody wants to know what */
    const char *why;     /* NULL: nothing so far */
    enum plan_likeness likeness;
};

static bool note(struct finding *finding, enum plan_likeness likeness, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Returns whether to go on. */
static bool note(struct finding *finding, enum plan_likeness likeness, const char *format, ...)
{
    va_list args;
    const char *text;

    finding->likeness = likeness > finding->likeness ? likeness : finding->likeness;
    if (finding->arena == NULL) {
        return finding->likeness != PLAN_OTHER;
    }
    va_start(args, format);
    text = arena_vprintf(finding->arena, format, args);
    va_end(args);
    finding->why =
        finding->why != NULL ? arena_printf(finding->arena, "%s; %s", finding->why, text) : text;
    return true;
}

static void note_parameter(struct finding *finding, const struct param_spec *spec,
                           const struct plan_component *old, const struct plan_component *fresh)
{
    const enum plan_likeness likeness =
        param_change(old->type, spec) == CHANGE_REPLACES ? PLAN_OTHER : PLAN_CHANGEABLE;
    char *was = NULL;
    char *is = NULL;

    if (finding->arena != NULL) {
        was = param_show(spec, old->state, old->mapping);
        is = param_show(spec, fresh->state, fresh->mapping);
    }
    if (was != NULL && is != NULL && strcmp(was, is) == 0) {
        (void)note(finding, likeness, "%s: %s has changed", spec->name, is);
    } else {
        (void)note(finding, likeness, "%s: %s -> %s", spec->name, was != NULL ? was : "(none)",
                   is != NULL ? is : "(none)");
    }
    free(was);
    free(is);
}

static void compare_parameters(struct finding *finding, const struct plan_component *old,
                               const struct plan_component *fresh)
{
    const struct made_of nodes = {old->mapping, fresh->mapping};
    const struct param_spec *spec = old->type->parameters;

    for (; spec != NULL && spec->name != NULL; spec++) {
        if (!field_is_same(spec, (const char *)old->state + spec->offset,
                           (const char *)fresh->state + spec->offset, &nodes)) {
            note_parameter(finding, spec, old, fresh);
        }
    }
}

static void compare_boxes(struct finding *finding, const struct plan_component *old,
                          const struct plan_component *fresh)
{
    if (old->inboxes != fresh->inboxes || old->outboxes != fresh->outboxes ||
        !boxes_are_alike(old->in, fresh->in, old->inboxes) ||
        !boxes_are_alike(old->out, fresh->out, old->outboxes)) {
        (void)note(finding, PLAN_OTHER, "other boxes");
        return;
    }
    for (unsigned i = 0; i < old->inboxes; i++) {
        if (old->in[i].limit != fresh->in[i].limit) {
            (void)note(finding, PLAN_CHANGEABLE, "bound of %s: %u -> %u", old->in[i].spec->name,
                       old->in[i].limit, fresh->in[i].limit);
        }
    }
}

static const char *type_name(const struct plan_component *component)
{
    return component->type_name != NULL ? component->type_name : component->type->name;
}

static void compare(struct finding *finding, const struct plan_component *old,
                    const struct plan_component *fresh)
{
    if (old->type != fresh->type || !texts_are_same(old->type_name, fresh->type_name)) {
        (void)note(finding, PLAN_OTHER, "type: %s -> %s", type_name(old), type_name(fresh));
        return;
    }
    compare_parameters(finding, old, fresh);
    compare_boxes(finding, old, fresh);
    if (!restarts_are_same(old->restart, fresh->restart)) {
        (void)note(finding, PLAN_CHANGEABLE, "restart: %s -> %s", restart_policy_name(old->restart),
                   restart_policy_name(fresh->restart));
    }
}

enum plan_likeness plan_component_compare(const struct plan_component *old,
                                          const struct plan_component *fresh, struct arena *arena,
                                          const char **why)
{
    struct finding finding = {.arena = arena, .likeness = PLAN_SAME};

    compare(&finding, old, fresh);
    *why = finding.why;
    return finding.likeness;
}

static bool components_are_same(const struct plan_component *a, const struct plan_component *b)
{
    struct finding finding = {.likeness = PLAN_SAME};

    compare(&finding, a, b);
    return finding.likeness == PLAN_SAME;
}

/* ---- linkages, and graphs that are parameters ---- */

static bool ends_are_same(const struct plan_end *a, const struct plan_end *b)
{
    return a->kind == b->kind && a->is_inbox == b->is_inbox && texts_are_same(a->box, b->box) &&
           (a->component == NULL) == (b->component == NULL) &&
           (a->component == NULL || strcmp(a->component->path, b->component->path) == 0);
}

bool plan_linkage_is_same(const struct plan_linkage *a, const struct plan_linkage *b)
{
    return ends_are_same(&a->from, &b->from) && ends_are_same(&a->to, &b->to);
}

/* The same in the same order. */
bool plan_graph_is_same(const struct plan *a, const struct plan *b)
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
        if (!plan_linkage_is_same(&a->linkages[i], &b->linkages[i])) {
            return false;
        }
    }
    return true;
}
