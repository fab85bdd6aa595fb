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

static void init_boxes(struct component *cell)
{
    for (unsigned i = 0; i < cell->inboxes; i++) {
        struct inbox *in = component_common_inbox(cell, i);

        inbox_init(in, cell->plan->in[i].flags, cell->plan->in[i].limit);
        in->box.offset = (uint16_t)((char *)in - (char *)cell);
    }
    for (unsigned i = 0; i < cell->outboxes; i++) {
        struct outbox *out = component_common_outbox(cell, i);

        outbox_init(out);
        out->box.offset = (uint16_t)((char *)out - (char *)cell);
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
    init_boxes(cell);
    cell_reset(cell);
}

/* Its memory is laid out by the plan that it was made from, which may have had other rare boxes
 * linked than the one it has now. */
void cell_renew(struct component *cell)
{
    const struct component before = *cell;

    *cell = (struct component){
        .type = before.type,
        .plan = before.plan,
        .graph = before.graph,
        .extra = before.extra,
        .next_runnable = before.next_runnable,
        .refs = before.refs,
        .state_offset = before.state_offset,
        .inboxes = before.inboxes,
        .outboxes = before.outboxes,
        .flags = before.flags & COMPONENT_QUEUED,
        .control = before.control,
        .signal = before.signal,
    };
    init_boxes(cell);
    cell_reset(cell);
}

struct box *cell_box(struct component *component, const struct plan_end *end)
{
    return end->is_inbox ? &component_need_inbox(component, end->index)->box
                         : &component_need_outbox(component, end->index)->box;
}

void cell_link(struct component *from, struct component *to, const struct plan_linkage *linkage)
{
    REQUIRE(box_link(cell_box(from, &linkage->from), cell_box(to, &linkage->to)) == 0);
}
