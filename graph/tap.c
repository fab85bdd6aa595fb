#include "graph/tap.h"

#include <stdlib.h>

#include "graph/component.h"
#include "graph/loop.h"

struct tap {
    struct list link; /* in the loop's taps */
    struct box *box;
    tap_fn see; /* NULL: removed while taps were busy */
    void *arg;
    tap_took_fn took; /* NULL: what leaves the inbox is of no interest */
};

/* Sets the flag of a box to whether a tap looks at it. */
static void flag(struct loop *loop, struct box *box)
{
    struct list *at;
    unsigned is_tapped = 0;

    list_for_each (at, &loop->taps) {
        const struct tap *tap = container_of(at, struct tap, link);

        if (tap->box == box && tap->see != NULL) {
            is_tapped = BOX_TAPPED;
        }
    }
    if ((box->flags & BOX_TAPPED) != is_tapped) {
        box->flags = (uint16_t)(box->flags ^ BOX_TAPPED);
        box_show(box);
    }
}

bool taps_hear_takes(struct loop *loop, const struct inbox *in)
{
    struct list *at;

    list_for_each (at, &loop->taps) {
        const struct tap *tap = container_of(at, struct tap, link);

        if (tap->box == &in->box && tap->see != NULL && tap->took != NULL) {
            return true;
        }
    }
    return false;
}

/* The flag that has taking look for who waits for room, or taps. */
static void flag_takes(struct loop *loop, struct box *box)
{
    if (!box_is_inbox(box) || box_as_inbox(box)->waiting != NULL) {
        return;
    }
    box->flags = (uint16_t)(box->flags & ~BOX_AWAITED);
    if (taps_hear_takes(loop, box_as_inbox(box))) {
        box->flags |= BOX_AWAITED;
    }
}

struct tap *tap_add(struct loop *loop, struct box *box, tap_fn see, void *arg)
{
    struct tap *tap = mem_alloc(sizeof(*tap));

    tap->box = box;
    tap->see = see;
    tap->arg = arg;
    list_append(&loop->taps, &tap->link);
    flag(loop, box);
    return tap;
}

/* Taps may be called, and removed by them, until the end(). */
static void begin(struct loop *loop)
{
    loop->taps_busy++;
}

/* Frees those that were removed meanwhile. */
static void end(struct loop *loop)
{
    struct list *at;
    struct list *after;

    if (--loop->taps_busy > 0 || !loop->has_gone_taps) {
        return;
    }
    loop->has_gone_taps = false;
    list_for_each_safe (at, after, &loop->taps) {
        struct tap *tap = container_of(at, struct tap, link);

        if (tap->see == NULL) {
            list_remove(&tap->link);
            free(tap);
        }
    }
}

static void let_go(struct loop *loop, struct tap *tap)
{
    tap->see = NULL;
    loop->has_gone_taps = true;
}

void tap_remove(struct tap *tap)
{
    struct box *box = tap->box;
    struct loop *loop = component_loop(box_owner(box));

    begin(loop);
    let_go(loop, tap);
    flag(loop, box);
    flag_takes(loop, box);
    end(loop);
}

void tap_hear_takes(struct tap *tap, tap_took_fn took)
{
    tap->took = took;
    flag_takes(component_loop(box_owner(tap->box)), tap->box);
}

void taps_take(struct loop *loop, struct inbox *in)
{
    struct list *at;

    begin(loop);
    list_for_each (at, &loop->taps) {
        struct tap *tap = container_of(at, struct tap, link);

        if (tap->box == &in->box && tap->see != NULL && tap->took != NULL) {
            tap->took(tap->arg, in);
        }
    }
    end(loop);
}

void taps_see(struct loop *loop, struct box *box, const struct message *msg)
{
    struct list *at;

    if (msg->kind == PIPED) {
        return; /* was on its way before the tap, and is moved on */
    }
    begin(loop);
    list_for_each (at, &loop->taps) {
        struct tap *tap = container_of(at, struct tap, link);

        if (tap->box == box && tap->see != NULL) {
            tap->see(tap->arg, box, msg);
        }
    }
    end(loop);
}

void taps_forget(struct loop *loop, struct box *box)
{
    struct list *at;

    if ((box->flags & BOX_TAPPED) == 0) {
        return;
    }
    begin(loop);
    list_for_each (at, &loop->taps) {
        struct tap *tap = container_of(at, struct tap, link);
        const tap_fn see = tap->see;

        if (tap->box == box && see != NULL) {
            let_go(loop, tap);
            see(tap->arg, box, NULL);
        }
    }
    flag(loop, box);
    flag_takes(loop, box);
    end(loop);
}
