#include "graph/cell.h"

#include <string.h>

#include "graph/component.h"
#include "graph/graph.h"
#include "graph/plan.h"

static size_t boxes_size(const struct plan_component *plan)
{
    return sizeof(struct component) + plan->common_inboxes * sizeof(struct inbox) +
           plan->common_outboxes * sizeof(struct outbox);
}

size_t cell_size(const struct plan_component *plan)
{
    const size_t size = boxes_size(plan) + plan->type->size;

    return (size + CELL_ALIGN - 1) & ~(size_t)(CELL_ALIGN - 1);
}

void cell_reset(struct component *cell)
{
    if (cell->type->size > 0) {
        memcpy(component_state(cell), cell->plan->state, cell->type->size);
    }
}

void cell_init(struct component *cell, const struct plan_component *plan, struct graph *graph)
{
    *cell = (struct component){
        .type = plan->type,
        .plan = plan,
        .graph = graph,
        .state_offset = (uint16_t)boxes_size(plan),
        .inboxes = plan->common_inboxes,
        .outboxes = plan->common_outboxes,
        .control = plan->control,
        .signal = plan->signal,
    };
    for (unsigned i = 0; i < plan->common_inboxes; i++) {
        struct inbox *in = component_common_inbox(cell, i);

        inbox_init(in, plan->in[i].flags, plan->in[i].limit);
        in->box.offset = (uint16_t)((char *)in - (char *)cell);
    }
    for (unsigned i = 0; i < plan->common_outboxes; i++) {
        struct outbox *out = component_common_outbox(cell, i);

        outbox_init(out);
        out->box.offset = (uint16_t)((char *)out - (char *)cell);
    }
    cell_reset(cell);
}

void cell_renew(struct component *cell)
{
    struct component_extra *extra = cell->extra;
    struct component *next_runnable = cell->next_runnable;
    const uint8_t queued = cell->flags & COMPONENT_QUEUED;

    cell_init(cell, cell->plan, cell->graph);
    cell->extra = extra;
    cell->next_runnable = next_runnable;
    cell->flags = queued;
}

static struct box *box_of(struct component *component, const struct plan_end *end)
{
    return end->is_inbox ? &component_need_inbox(component, end->index)->box
                         : &component_need_outbox(component, end->index)->box;
}

void cell_link(struct component *from, struct component *to, const struct plan_linkage *linkage)
{
    REQUIRE(box_link(box_of(from, &linkage->from), box_of(to, &linkage->to)) == 0);
}
