#include "graph/unfed.h"

#include "graph/component_extra.h"
#include "graph/crossing.h"
#include "graph/loop.h"
#include "graph/placement.h"
#include "graph/plan.h"
#include "graph/root.h"

static bool is_alive(const struct component *component)
{
    return component != NULL && (component->state == RUNNING || component->state == RESTARTING);
}

/* True for one of the file that is there on each worker. */
static bool is_everywhere(const struct component *component)
{
    const struct parts *parts = parts_of(component->graph);

    return parts != NULL && !component->is_leaving &&
           parts->homes[component->plan->index] == EVERY_WORKER;
}

/* True for what hands on what comes in here to its like on the first worker, and hears from that
 * when to finish. */
static bool is_relay(const struct component *component)
{
    return component->type->has_relay && component->graph->loop->worker > 0 &&
           is_everywhere(component);
}

static bool is_fed_here(struct component *component)
{
    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX;) {
        struct inbox *in = component_have_inbox(component, i);
        struct outbox *out = NULL;

        while (in != NULL && component_inbox_plan(component, i)->spec->carries != NOTICES &&
               (out = box_next_sender(&in->box, out)) != NULL) {
            const struct component *sender = box_owner(&out->box);

            if (sender != component && !crossing_is_end(sender)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_fed_across(const struct component *component)
{
    return component->hears_across && crossing_feeds(component);
}

/* Looks at one, or at one on each worker. */
static bool is_fed(struct component *component, struct unfed *look)
{
    const struct parts *parts = parts_of(component->graph);
    bool is_any_fed = false;

    if (!is_everywhere(component)) {
        return is_fed_here(component) || is_fed_across(component);
    }
    for (unsigned i = 0; i < parts->count; i++) {
        struct component *one = graph_component(parts->part[i], component->plan->index);

        if (!is_alive(one)) {
            continue;
        }
        is_any_fed = is_any_fed || is_fed_here(one) || is_fed_across(one);
        if (is_relay(one) && !component_is_drained(one)) {
            look->is_any_relaying = true;
            is_any_fed = true;
        }
    }
    return is_any_fed;
}

/* What other workers have sent on its way comes first. */
static void tell(struct component *component)
{
    if (!component->hears_across || !crossing_finish(component)) {
        component_tell(component, PRODUCER_FINISHED, NULL, 0);
    }
}

void unfed_tell(struct component *component, struct unfed *look)
{
    if (!is_alive(component)) {
        return;
    }
    if (component->was_told) {
        look->is_any_told = true;
    } else if (!is_relay(component) && !is_fed(component, look)) {
        look->is_any_told = true;
        tell(component);
    }
}

void unfed_tell_anyway(struct component *component)
{
    if (is_alive(component)) {
        tell(component);
    }
}
