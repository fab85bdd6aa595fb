/* A component's boxes: by index, by name, and the rare ones, which are made when they are needed;
 * component_added.c has those that come and go. */
#include "graph/component.h"

#include <stdlib.h>
#include <string.h>

#include "graph/component_extra.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/tap.h"

struct component_extra *component_need_extra(struct component *component)
{
    if (component->extra == NULL) {
        component->extra = mem_alloc(sizeof(*component->extra));
        list_init(&component->extra->rare);
    }
    return component->extra;
}

static struct rare_box *find_rare(const struct component *component, bool is_inbox, unsigned index)
{
    struct list *at;

    if (index >= ADDED_BOX) {
        return added_box(component, is_inbox, index);
    }
    list_for_each (at, &component->extra->rare) {
        struct rare_box *rare = container_of(at, struct rare_box, link);

        if (rare->is_inbox == is_inbox && rare->index == index) {
            return rare;
        }
    }
    return NULL;
}

static inline struct rare_box *have_rare(const struct component *component, bool is_inbox,
                                         unsigned index)
{
    return component->extra != NULL ? find_rare(component, is_inbox, index) : NULL;
}

struct inbox *component_have_inbox(const struct component *component, unsigned index)
{
    struct rare_box *rare;

    if (index < component->inboxes) {
        return component_common_inbox((struct component *)(uintptr_t)component, index);
    }
    rare = have_rare(component, true, index);
    return rare != NULL ? &rare->in : NULL;
}

struct outbox *component_have_outbox(const struct component *component, unsigned index)
{
    struct rare_box *rare;

    if (index < component->outboxes) {
        return component_common_outbox((struct component *)(uintptr_t)component, index);
    }
    rare = have_rare(component, false, index);
    return rare != NULL ? &rare->out : NULL;
}

static struct rare_box *make_rare(struct component *component, bool is_inbox, unsigned index)
{
    struct rare_box *rare = mem_alloc(sizeof(*rare));

    rare->owner = component;
    rare->index = index;
    rare->is_inbox = is_inbox;
    list_append(&component_need_extra(component)->rare, &rare->link);
    return rare;
}

struct inbox *component_need_rare_inbox(struct component *component, unsigned index)
{
    struct inbox *in = component_have_inbox(component, index);

    if (in == NULL) {
        REQUIRE(index < component->plan->inboxes);
        in = &make_rare(component, true, index)->in;
        inbox_init(in, (uint16_t)(component->plan->in[index].flags | BOX_APART),
                   component->plan->in[index].limit);
    }
    return in;
}

struct outbox *component_need_rare_outbox(struct component *component, unsigned index)
{
    struct outbox *out = component_have_outbox(component, index);

    if (out == NULL) {
        REQUIRE(index < component->plan->outboxes);
        out = &make_rare(component, false, index)->out;
        outbox_init(out);
        out->box.flags |= BOX_APART;
    }
    return out;
}

static struct rare_box *rare_box_of(struct box *box)
{
    return box_is_inbox(box) ? container_of(box, struct rare_box, in.box)
                             : container_of(box, struct rare_box, out.box);
}

struct component *component_of_rare_box(const struct box *box)
{
    return rare_box_of((struct box *)(uintptr_t)box)->owner;
}

uint32_t component_bound(const struct component *component, const struct inbox *in)
{
    return component_inbox_plan(component, box_index(&in->box))->limit;
}

unsigned box_index(const struct box *box)
{
    struct component *owner = box_owner(box);
    struct box *mutable = (struct box *)(uintptr_t)box;

    if ((box->flags & BOX_APART) != 0) {
        return rare_box_of(mutable)->index;
    }
    return (unsigned)(box_is_inbox(box)
                          ? box_as_inbox(mutable) - component_common_inbox(owner, 0)
                          : box_as_outbox(mutable) - component_common_outbox(owner, 0));
}

unsigned component_find_inbox(const struct component *component, const char *name)
{
    unsigned i = NO_BOX;

    while ((i = component_next_inbox(component, i)) != NO_BOX) {
        if (strcmp(component_inbox_plan(component, i)->spec->name, name) == 0) {
            break;
        }
    }
    return i;
}

unsigned component_find_outbox(const struct component *component, const char *name)
{
    unsigned i = NO_BOX;

    while ((i = component_next_outbox(component, i)) != NO_BOX) {
        if (strcmp(component_outbox_plan(component, i)->spec->name, name) == 0) {
            break;
        }
    }
    return i;
}

void rare_box_deinit(struct rare_box *rare)
{
    struct loop *loop = component_loop(rare->owner);

    if (rare->is_inbox) {
        taps_forget(loop, &rare->in.box);
        inbox_deinit(&rare->in);
    } else {
        taps_forget(loop, &rare->out.box);
        outbox_deinit(&rare->out);
    }
}

void component_deinit_boxes(struct component *component)
{
    struct loop *loop = component->graph->loop;

    for (unsigned i = 0; i < component->inboxes; i++) {
        taps_forget(loop, &component_common_inbox(component, i)->box);
        inbox_deinit(component_common_inbox(component, i));
    }
    for (unsigned i = 0; i < component->outboxes; i++) {
        taps_forget(loop, &component_common_outbox(component, i)->box);
        outbox_deinit(component_common_outbox(component, i));
    }
    if (component->extra == NULL) {
        return;
    }
    while (!list_is_empty(&component->extra->rare)) {
        struct rare_box *rare = container_of(component->extra->rare.next, struct rare_box, link);

        rare_box_deinit(rare);
        list_remove(&rare->link);
        free(rare);
    }
    added_boxes_free(component);
}
