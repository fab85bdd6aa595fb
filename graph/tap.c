#include "graph/tap.h"

#include <stdlib.h>

#include "graph/component.h"
#include "graph/loop.h"

struct tap {
    struct list link; /* in the loop's taps */
    struct box *box;
    tap_fn see;
    void *arg;
};

struct tap *tap_add(struct loop *loop, struct box *box, tap_fn see, void *arg)
{
    struct tap *tap = mem_alloc(sizeof(*tap));

    tap->box = box;
    tap->see = see;
    tap->arg = arg;
    list_append(&loop->taps, &tap->link);
    box->flags |= BOX_TAPPED;
    return tap;
}

/* Takes the flag off a box that no tap looks at any more. */
static void untap(struct loop *loop, struct box *box)
{
    struct list *at;

    list_for_each (at, &loop->taps) {
        if (container_of(at, struct tap, link)->box == box) {
            return;
        }
    }
    box->flags = (uint16_t)(box->flags & ~BOX_TAPPED);
}

void tap_remove(struct tap *tap)
{
    struct box *box = tap->box;
    struct loop *loop = component_loop(box_owner(box));

    list_remove(&tap->link);
    free(tap);
    untap(loop, box);
}

void taps_see(struct loop *loop, struct box *box, const struct message *msg)
{
    struct list *at;
    struct list *after;

    list_for_each_safe (at, after, &loop->taps) {
        struct tap *tap = container_of(at, struct tap, link);

        if (tap->box == box) {
            tap->see(tap->arg, box, msg);
        }
    }
}

void taps_forget(struct loop *loop, struct box *box)
{
    struct list *at;
    struct list *after;

    if ((box->flags & BOX_TAPPED) == 0) {
        return;
    }
    list_for_each_safe (at, after, &loop->taps) {
        struct tap *tap = container_of(at, struct tap, link);

        if (tap->box == box) {
            list_remove(&tap->link);
            tap->see(tap->arg, box, NULL);
            free(tap);
        }
    }
    box->flags = (uint16_t)(box->flags & ~BOX_TAPPED);
}
