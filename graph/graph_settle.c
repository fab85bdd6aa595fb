/* Settling: after a change, what stays is moved over to the new plan, so that the old one can go.
 *
 *     before   component ──► its entry in the old plan ──► names, parameters in the old arena
 *     after    component ──► its entry in the new plan ──► the same in the new arena
 *
 * It is done in slices (slices.h): a change costs what has changed, not what there is. */
#include <string.h>

#include "graph/component_extra.h"
#include "graph/loop.h"
#include "graph/root.h"

/* What points into a plan, or may. */
static bool has_pointers(const struct param_spec *spec)
{
    switch (spec->kind) {
    case PARAM_KIND_TEXT:
    case PARAM_KIND_TEXTS:
    case PARAM_KIND_GRAPH:
    case PARAM_KIND_GRAPHS:
    case PARAM_KIND_CUSTOM:
    case PARAM_KIND_SECTION:
        return true;
    case PARAM_KIND_BOOL:
    case PARAM_KIND_INT:
    case PARAM_KIND_SIZE:
    case PARAM_KIND_DURATION:
    case PARAM_KIND_CHOICE:
    case PARAM_KIND_CHILDREN:
    case PARAM_KIND_LINKAGES:
        return false;
    }
    return false;
}

void component_adopt(struct component *component, const struct plan_component *plan)
{
    const struct param_spec *spec = plan->type->parameters;
    char *state = component_state(component);

    component->plan = plan;
    for (; spec != NULL && spec->name != NULL; spec++) {
        if (has_pointers(spec) || spec->changeable) {
            memcpy(state + spec->offset, (const char *)plan->state + spec->offset, spec->width);
        }
    }
    component_note_reload(component);
}

/* Moves up to so many over.  Returns whether there are more. */
static bool move_over(struct root *root, size_t most)
{
    const struct plan *plan = root->graph.plan;
    const struct plan_component *first = plan->components;

    for (; root->settled < plan->component_count && most > 0; most--) {
        const struct plan_component *to = &plan->components[root->settled++];
        struct component *component = root->graph.components[to->index];

        if (component == NULL) {
            continue; /* another worker has it */
        }
        if (component->plan < first || component->plan >= first + plan->component_count) {
            component_adopt(component, to);
        }
    }
    return root->settled < plan->component_count;
}

static void finish(struct root *root)
{
    plan_release(root->earlier);
    root->earlier = NULL;
}

static bool go_on(struct slices *slices, size_t most)
{
    struct root *root = container_of(slices, struct root, settling);

    if (move_over(root, most)) {
        return true;
    }
    finish(root);
    return false;
}

void graph_settle_begin(struct root *root, struct plan *earlier)
{
    root->earlier = earlier;
    root->settled = 0;
    slices_begin(&root->settling, root->graph.loop->ev, go_on);
}

void graph_settle_now(struct root *root)
{
    if (root->earlier != NULL) {
        slices_stop(&root->settling);
        (void)move_over(root, SIZE_MAX);
        finish(root);
    }
}

void graph_settle_stop(struct root *root)
{
    if (root->earlier != NULL) {
        slices_stop(&root->settling);
        finish(root);
    }
}
