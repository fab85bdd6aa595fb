/* Boxes that come and go while their component runs (component.h).
 *
 *     index ADDED_BOX + n ──► slot n: the box, or a link in the chain of free slots
 *
 * A component that adds none pays nothing; one that does finds each by its index at once. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/component_extra.h"
#include "graph/plan.h"

struct added {
    struct rare_box rare;
    struct plan_box plan;
    struct box_spec spec;
    void *resource;
    char name[];
};

struct slot {
    struct added *box;  /* NULL: free */
    unsigned next_free; /* of a free one: the next + 1, or 0 */
};

struct slots {
    struct slot *items;
    unsigned count;
    unsigned first_free; /* + 1; 0: none */
};

/* A name that was asked for, and how often: names are not used again. */
struct base {
    struct list link;
    uint64_t uses;
    char name[];
};

struct added_boxes {
    struct slots in, out;
    struct list bases;
};

static struct slots *slots_of(const struct component *component, bool is_inbox)
{
    struct added_boxes *added = component->extra != NULL ? component->extra->added : NULL;

    if (added == NULL) {
        return NULL;
    }
    return is_inbox ? &added->in : &added->out;
}

static struct added *find(const struct component *component, bool is_inbox, unsigned index)
{
    const struct slots *slots = slots_of(component, is_inbox);

    return slots != NULL && index >= ADDED_BOX && index - ADDED_BOX < slots->count
               ? slots->items[index - ADDED_BOX].box
               : NULL;
}

/* The same, of one that is there. */
static struct added *get(const struct component *component, bool is_inbox, unsigned index)
{
    struct added *added = find(component, is_inbox, index);

    REQUIRE(added != NULL);
    return added;
}

struct rare_box *added_box(const struct component *component, bool is_inbox, unsigned index)
{
    struct added *added = find(component, is_inbox, index);

    return added != NULL ? &added->rare : NULL;
}

/* ---- all boxes of a component ---- */

const struct plan_box *component_inbox_plan(const struct component *component, unsigned index)
{
    return index < ADDED_BOX ? &component->plan->in[index] : &get(component, true, index)->plan;
}

const struct plan_box *component_outbox_plan(const struct component *component, unsigned index)
{
    return index < ADDED_BOX ? &component->plan->out[index] : &get(component, false, index)->plan;
}

static unsigned next_box(const struct component *component, bool is_inbox, unsigned planned,
                         unsigned after)
{
    const struct slots *slots = slots_of(component, is_inbox);
    unsigned index = after == NO_BOX ? 0 : after + 1;

    if (index < planned) {
        return index;
    }
    for (index = index > ADDED_BOX ? index : ADDED_BOX;
         slots != NULL && index - ADDED_BOX < slots->count; index++) {
        if (slots->items[index - ADDED_BOX].box != NULL) {
            return index;
        }
    }
    return NO_BOX;
}

unsigned component_next_inbox(const struct component *component, unsigned after)
{
    return next_box(component, true, component->plan->inboxes, after);
}

unsigned component_next_outbox(const struct component *component, unsigned after)
{
    return next_box(component, false, component->plan->outboxes, after);
}

/* ---- coming ---- */

static struct added_boxes *need(struct component *component)
{
    struct component_extra *extra = component_need_extra(component);

    if (extra->added == NULL) {
        extra->added = mem_alloc(sizeof(*extra->added));
        list_init(&extra->added->bases);
    }
    return extra->added;
}

static bool is_in_table(const struct component *component, const char *name)
{
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        if (strcmp(component->plan->in[i].spec->name, name) == 0) {
            return true;
        }
    }
    for (unsigned i = 0; i < component->plan->outboxes; i++) {
        if (strcmp(component->plan->out[i].spec->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* How often a name has been used, now included. */
static uint64_t use_name(const struct component *component, const char *name)
{
    struct added_boxes *added = component->extra->added;
    struct base *base;
    struct list *at;

    list_for_each (at, &added->bases) {
        base = container_of(at, struct base, link);
        if (strcmp(base->name, name) == 0) {
            return ++base->uses;
        }
    }
    base = mem_alloc(sizeof(*base) + strlen(name) + 1);
    memcpy(base->name, name, strlen(name) + 1);
    base->uses = is_in_table(component, name) ? 2 : 1;
    list_append(&added->bases, &base->link);
    return base->uses;
}

static unsigned put_into_slot(struct slots *slots, struct added *box)
{
    unsigned n = slots->first_free;

    if (n > 0) {
        slots->first_free = slots->items[--n].next_free;
    } else {
        n = slots->count++;
        if ((n & (n - 1)) == 0) { /* a power of two: there are no more */
            slots->items = mem_resize_array(slots->items, n > 0 ? 2 * n : 1, sizeof(*slots->items));
        }
    }
    slots->items[n] = (struct slot){.box = box};
    return ADDED_BOX + n;
}

static unsigned add(struct component *self, bool is_inbox, const struct box_spec *like,
                    void *resource)
{
    struct added_boxes *boxes = need(self);
    const uint64_t uses = use_name(self, like->name);
    const size_t name_size = strlen(like->name) + 24;
    struct added *added = mem_alloc(sizeof(*added) + name_size);

    if (uses > 1) {
        (void)snprintf(added->name, name_size, "%s#%llu", like->name, (unsigned long long)uses);
    } else {
        (void)snprintf(added->name, name_size, "%s", like->name);
    }
    added->spec = *like;
    added->spec.name = added->name;
    added->spec.rare = false;
    added->plan = is_inbox ? plan_box_inbox(&added->spec) : (struct plan_box){.spec = &added->spec};
    added->resource = resource;
    added->rare.owner = self;
    added->rare.is_inbox = is_inbox;
    added->rare.index = put_into_slot(is_inbox ? &boxes->in : &boxes->out, added);
    if (is_inbox) {
        inbox_init(&added->rare.in, (uint16_t)(added->plan.flags | BOX_APART), added->plan.limit);
    } else {
        outbox_init(&added->rare.out);
        added->rare.out.box.flags |= BOX_APART;
    }
    return added->rare.index;
}

unsigned component_add_inbox(struct component *self, const struct box_spec *like, void *resource)
{
    return add(self, true, like, resource);
}

unsigned component_add_outbox(struct component *self, const struct box_spec *like, void *resource)
{
    return add(self, false, like, resource);
}

/* ---- there ---- */

void *component_inbox_resource(const struct component *self, unsigned index)
{
    return get(self, true, index)->resource;
}

void *component_outbox_resource(const struct component *self, unsigned index)
{
    return get(self, false, index)->resource;
}

/* ---- going ---- */

static void remove_from(struct slots *slots, unsigned n)
{
    struct added *added = slots->items[n].box;

    rare_box_deinit(&added->rare);
    slots->items[n] = (struct slot){.next_free = slots->first_free};
    slots->first_free = n + 1;
    free(added);
}

static int remove_box(struct component *self, bool is_inbox, unsigned index)
{
    struct slots *slots = slots_of(self, is_inbox);

    if (slots == NULL || find(self, is_inbox, index) == NULL) {
        return index < (is_inbox ? self->plan->inboxes : self->plan->outboxes) ? -EINVAL : -ENOENT;
    }
    remove_from(slots, index - ADDED_BOX);
    return 0;
}

int component_remove_inbox(struct component *self, unsigned index)
{
    return remove_box(self, true, index);
}

int component_remove_outbox(struct component *self, unsigned index)
{
    return remove_box(self, false, index);
}

static void free_slots(struct slots *slots)
{
    for (unsigned n = 0; n < slots->count; n++) {
        if (slots->items[n].box != NULL) {
            remove_from(slots, n);
        }
    }
    free(slots->items);
}

void added_boxes_free(struct component *component)
{
    struct added_boxes *added = component->extra->added;

    if (added == NULL) {
        return;
    }
    free_slots(&added->in);
    free_slots(&added->out);
    while (!list_is_empty(&added->bases)) {
        struct base *base = container_of(added->bases.next, struct base, link);

        list_remove(&base->link);
        free(base);
    }
    component->extra->added = NULL;
    free(added);
}
