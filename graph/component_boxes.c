/* A component's boxes: by index, by name, and the rare ones, which are made when they are needed.
 */
#include "graph/component.h"

#include <stdlib.h>
#include <string.h>

#include "graph/component_extra.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/tap.h"

/* A box that its component has no place for: linked at run time, though its table calls it rare. */
struct rare_box {
    struct list link; /* in component_extra.rare */
    struct component *owner;
    unsigned index;
    bool is_inbox;
    union {
        struct inbox in;
        struct outbox out;
    };
};

struct component_extra *component_need_extra(struct component *component)
{
    if (component->extra == NULL) {
        component->extra = mem_alloc(sizeof(*component->extra));
        list_init(&component->extra->rare);
    }
    return component->extra;
}

static struct rare_box *have_rare(const struct component *component, bool is_inbox, unsigned index)
{
    struct list *at;

    if (component->extra == NULL) {
        return NULL;
    }
    list_for_each (at, &component->extra->rare) {
        struct rare_box *rare = container_of(at, struct rare_box, link);

        if (rare->is_inbox == is_inbox && rare->index == index) {
            return rare;
        }
    }
    return NULL;
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

struct inbox *component_need_inbox(struct component *component, unsigned index)
{
    struct inbox *in = component_have_inbox(component, index);

    REQUIRE(index < component->plan->inboxes);
    if (in == NULL) {
        in = &make_rare(component, true, index)->in;
        inbox_init(in, (uint16_t)(component->plan->in[index].flags | BOX_APART),
                   component->plan->in[index].limit);
    }
    return in;
}

struct outbox *component_need_outbox(struct component *component, unsigned index)
{
    struct outbox *out = component_have_outbox(component, index);

    REQUIRE(index < component->plan->outboxes);
    if (out == NULL) {
        out = &make_rare(component, false, index)->out;
        outbox_init(out);
        out->box.flags |= BOX_APART;
    }
    return out;
}

struct component *component_of_rare_box(const struct box *box)
{
    struct box *mutable = (struct box *)(uintptr_t)box;

    return (box->flags & BOX_IS_INBOX) != 0
               ? container_of(mutable, struct rare_box, in.box)->owner
               : container_of(mutable, struct rare_box, out.box)->owner;
}

uint32_t component_bound(const struct component *component, const struct inbox *in)
{
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        if (component_have_inbox(component, i) == in) {
            return component->plan->in[i].limit;
        }
    }
    return 1;
}

unsigned component_find_inbox(const struct component *component, const char *name)
{
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        if (strcmp(component->plan->in[i].spec->name, name) == 0) {
            return i;
        }
    }
    return NO_BOX;
}

unsigned component_find_outbox(const struct component *component, const char *name)
{
    for (unsigned i = 0; i < component->plan->outboxes; i++) {
        if (strcmp(component->plan->out[i].spec->name, name) == 0) {
            return i;
        }
    }
    return NO_BOX;
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

        if (rare->is_inbox) {
            taps_forget(loop, &rare->in.box);
            inbox_deinit(&rare->in);
        } else {
            taps_forget(loop, &rare->out.box);
            outbox_deinit(&rare->out);
        }
        list_remove(&rare->link);
        free(rare);
    }
}
