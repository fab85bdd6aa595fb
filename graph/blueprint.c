#include "graph/blueprint.h"

#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#include "graph/cell.h"
#include "graph/ledger.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/plan_same.h"
#include "graph/root.h"

static const char *const edge_names[EDGES] = {"inbox", "control", "outbox", "signal"};

static void lay_out(struct blueprint *blueprint)
{
    const struct plan *plan = blueprint->plan;
    size_t size = (sizeof(struct graph) + CELL_ALIGN - 1) & ~(size_t)(CELL_ALIGN - 1);

    blueprint->offsets = mem_alloc(sizeof(uint32_t) * (plan->component_count + 1));
    for (size_t i = 0; i < plan->component_count; i++) {
        blueprint->offsets[i] = (uint32_t)size;
        size += cell_size(&plan->components[i]);
    }
    blueprint->size = size;
}

static void note_edge(struct blueprint *blueprint, const struct plan_end *self,
                      const struct plan_end *inner)
{
    for (int edge = 0; edge < EDGES; edge++) {
        if (strcmp(self->box, edge_names[edge]) == 0) {
            const size_t n = blueprint->edge_counts[edge]++;

            blueprint->edges[edge] =
                mem_resize_array(blueprint->edges[edge], n + 1, sizeof(struct edge_box));
            blueprint->edges[edge][n] =
                (struct edge_box){.component = blueprint->offsets[inner->component->index],
                                  .index = inner->index,
                                  .is_inbox = inner->is_inbox};
        }
    }
}

static void note_outer(struct blueprint *blueprint, const struct plan_linkage *linkage)
{
    const size_t n = blueprint->outer_count++;

    blueprint->outer = mem_resize_array(blueprint->outer, n + 1, sizeof(struct outer_linkage));
    blueprint->outer[n] =
        (struct outer_linkage){.component = blueprint->offsets[linkage->from.component->index],
                               .outbox = linkage->from.index,
                               .inbox = linkage->to.index,
                               .to = linkage->to.component->index};
}

static void build_prototype(struct blueprint *blueprint)
{
    const struct plan *plan = blueprint->plan;
    struct graph *graph = mem_alloc(blueprint->size);

    blueprint->prototype = graph;
    graph->loop = blueprint->loop;
    graph->plan = plan;
    graph->blueprint = blueprint;
    for (size_t i = 0; i < plan->component_count; i++) {
        cell_init(blueprint_component(graph, i), &plan->components[i], graph);
    }
    for (size_t i = 0; i < plan->linkage_count; i++) {
        const struct plan_linkage *linkage = &plan->linkages[i];

        if (linkage->from.kind == END_SELF) {
            note_edge(blueprint, &linkage->from, &linkage->to);
        } else if (linkage->to.kind == END_SELF) {
            note_edge(blueprint, &linkage->to, &linkage->from);
        } else if (linkage->to.kind == END_OUTER) {
            note_outer(blueprint, linkage);
        } else {
            cell_link(blueprint_component(graph, linkage->from.component->index),
                      blueprint_component(graph, linkage->to.component->index), linkage);
        }
    }
}

/* Finds the words of a component and its boxes that point into the prototype.  The component's own
 * struct has none: it holds parameters and zeroes. */
static void find_slots(struct blueprint *blueprint)
{
    const uintptr_t base = (uintptr_t)blueprint->prototype;
    const char *bytes = (const char *)blueprint->prototype;

    for (size_t i = 0; i < blueprint->plan->component_count; i++) {
        const struct component *component = blueprint_component(blueprint->prototype, i);
        const size_t start = blueprint->offsets[i];

        for (size_t at = start; at < start + component->state_offset; at += sizeof(uintptr_t)) {
            uintptr_t value;

            memcpy(&value, bytes + at, sizeof(value));
            if (value - base < blueprint->size) {
                blueprint->slots =
                    mem_resize_array(blueprint->slots, blueprint->slot_count + 1, sizeof(uint32_t));
                blueprint->slots[blueprint->slot_count++] = (uint32_t)at;
            }
        }
    }
}

struct blueprint *blueprint_create(struct loop *loop, const struct plan *plan)
{
    struct blueprint *blueprint = mem_alloc(sizeof(*blueprint));

    blueprint->plan = plan_ref((struct plan *)(uintptr_t)plan);
    blueprint->loop = loop;
    lay_out(blueprint);
    build_prototype(blueprint);
    find_slots(blueprint);
    return blueprint;
}

static void blueprint_free(struct blueprint *blueprint)
{
    for (int edge = 0; edge < EDGES; edge++) {
        free(blueprint->edges[edge]);
    }
    ledger_drop_sheet(blueprint->loop->ledger, blueprint->sheet);
    free(blueprint->outer);
    free(blueprint->slots);
    free(blueprint->offsets);
    free(blueprint->prototype);
    free(blueprint->spare);
    plan_release((struct plan *)(uintptr_t)blueprint->plan);
    free(blueprint);
}

void blueprint_release(struct blueprint *blueprint)
{
    if (blueprint == NULL) {
        return;
    }
    blueprint->is_released = true;
    if (blueprint->instances == 0) {
        blueprint_free(blueprint);
    }
}

void blueprint_replace(struct blueprint *blueprint)
{
    blueprint->is_replaced = true;
    blueprint_release(blueprint);
}

bool blueprint_is_of(const struct blueprint *blueprint, const struct plan *plan)
{
    return plan_graph_is_same(blueprint->plan, plan);
}

static void link_outer(const struct blueprint *blueprint, struct graph *graph)
{
    struct graph *root = graph_root(graph);

    for (size_t i = 0; i < blueprint->outer_count; i++) {
        const struct outer_linkage *outer = &blueprint->outer[i];
        struct component *to = root_reach(root, outer->to);

        if (to != NULL && !component_is_over(to)) {
            REQUIRE(component_link((struct component *)(void *)((char *)graph + outer->component),
                                   outer->outbox, to, outer->inbox) == 0);
        }
    }
}

/* Memory for an instance.  The one that has ended last is used again: where connections come and go
 * one by one, the allocator is not asked, which takes 3% of a connection's instructions. */
static inline struct graph *take_memory(struct blueprint *blueprint)
{
    struct graph *graph = blueprint->spare;

    if (graph == NULL) {
        return mem_resize_array(NULL, blueprint->size, 1);
    }
    blueprint->spare = NULL;
    ASAN_UNPOISON_MEMORY_REGION(graph, blueprint->size);
    return graph;
}

static inline void give_memory_back(struct blueprint *blueprint, struct graph *graph)
{
    if (blueprint->spare == NULL) {
        blueprint->spare = graph;
        ASAN_POISON_MEMORY_REGION(graph, blueprint->size);
    } else {
        free(graph);
    }
}

struct graph *blueprint_instantiate(struct blueprint *blueprint, struct component *holder,
                                    uint64_t number)
{
    struct graph *graph = take_memory(blueprint);
    const uintptr_t moved = (uintptr_t)graph - (uintptr_t)blueprint->prototype;
    struct loop *loop = blueprint->loop;

    memcpy(graph, blueprint->prototype, blueprint->size);
    for (size_t i = 0; i < blueprint->slot_count; i++) {
        *(uintptr_t *)(void *)((char *)graph + blueprint->slots[i]) += moved;
    }
    graph->holder = holder;
    graph->number = number;
    list_append((struct list *)(void *)((char *)component_state(holder) + holder->type->children),
                &graph->sibling);
    (void)component_ref(holder);
    blueprint->instances++;
    if (++loop->graphs_alive > loop->graphs_peak) {
        loop->graphs_peak = loop->graphs_alive;
    }
    if (blueprint->outer_count > 0) {
        link_outer(blueprint, graph);
    }
    return graph;
}

/* Its last instance has gone. */
static __attribute__((cold, noinline)) void let_go(struct blueprint *blueprint,
                                                   const struct component *holder)
{
    if (blueprint->is_replaced && !component_is_over(holder)) {
        char path[PATH_SIZE];

        loop_log(blueprint->loop, LOG_LEVEL_INFO, component_path(holder, path, sizeof(path)),
                 "the last connection of an earlier graph has ended");
    }
    blueprint_free(blueprint);
}

void blueprint_free_instance(struct graph *graph)
{
    struct blueprint *blueprint = (struct blueprint *)(uintptr_t)graph->blueprint;
    struct component *holder = graph->holder;

    give_memory_back(blueprint, graph);
    if (--blueprint->instances == 0 && blueprint->is_released) {
        let_go(blueprint, holder);
    }
    component_unref(holder);
}

static struct component *edge_component(const struct graph *graph, const struct edge_box *box)
{
    return (struct component *)(void *)((char *)(uintptr_t)graph + box->component);
}

static int link_edge(struct graph *graph, enum edge edge, struct box *other)
{
    const size_t count = graph->blueprint->edge_counts[edge];
    const struct edge_box *box = graph->blueprint->edges[edge];

    for (const struct edge_box *end = box + count; box < end; box++) {
        struct component *inner = edge_component(graph, box);
        int result = box->is_inbox
                         ? box_link(other, &component_need_inbox(inner, box->index)->box)
                         : box_link(&component_need_outbox(inner, box->index)->box, other);

        if (result < 0) {
            return result;
        }
    }
    return count > 0 ? 0 : -ENOENT;
}

bool graph_has_edge(const struct graph *graph, enum edge edge)
{
    return graph->blueprint->edge_counts[edge] > 0;
}

int graph_link_into(struct graph *graph, enum edge edge, struct component *from, unsigned outbox)
{
    return link_edge(graph, edge, &component_need_outbox(from, outbox)->box);
}

int graph_link_out(struct graph *graph, enum edge edge, struct component *to, unsigned inbox)
{
    return link_edge(graph, edge, &component_need_inbox(to, inbox)->box);
}

int graph_pass_into(struct graph *graph, enum edge edge, struct component *holder, unsigned inbox)
{
    return link_edge(graph, edge, &component_need_inbox(holder, inbox)->box);
}

int graph_pass_out(struct graph *graph, enum edge edge, struct component *holder, unsigned outbox)
{
    return link_edge(graph, edge, &component_need_outbox(holder, outbox)->box);
}

/* Says producerFinished to what is linked to self.control: a control, or another inbox. */
static void finish_by(struct component *component, unsigned index)
{
    if (index == component->control) {
        component_tell(component, PRODUCER_FINISHED, NULL, 0);
    } else if (!component_is_over(component)) {
        inbox_deliver(inbox_sink(component_need_inbox(component, index)),
                      message_notice(component_pool(component), PRODUCER_FINISHED, NULL, 0), NULL);
    }
}

void graph_finish(struct graph *graph)
{
    const struct blueprint *blueprint = graph->blueprint;

    for (size_t i = 0; i < blueprint->edge_counts[EDGE_CONTROL]; i++) {
        const struct edge_box *box = &blueprint->edges[EDGE_CONTROL][i];

        finish_by(edge_component(graph, box), box->index);
    }
    for (size_t i = 0; !graph_has_edge(graph, EDGE_CONTROL) && i < graph_size(graph); i++) {
        struct component *component = graph_component(graph, i);

        if (!component_control_is_fed(component)) {
            component_tell(component, PRODUCER_FINISHED, NULL, 0);
        }
    }
}
