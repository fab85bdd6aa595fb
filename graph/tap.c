#include "graph/tap.h"

#include <stdlib.h>
#include <string.h>

#include "graph/component.h"
#include "graph/loop.h"
#include "graph/workers.h"

/* Bytes that may be on their way to a tap of the main thread's at a time. */
enum { FAR_MOST = 1024 * 1024 };

struct tap {
    struct list link; /* in the loop's taps */
    struct box *box;
    tap_fn see; /* NULL: removed while taps were busy, or its box has gone */
    void *arg;
    tap_took_fn took; /* NULL: what leaves the inbox is of no interest */
    /* Where the box is another worker's than the main thread's, whose tap it is: */
    struct far *far; /* NULL: it is not so */
};

/* What lies between a tap and its box on another worker; both have it, and all that is under way.
 */
struct far {
    struct tap *tap;         /* goes along */
    struct component *owner; /* of the box; its memory is kept while there is somebody to see it */
    bool is_apart;           /* the box has memory of its own, which is not */
    struct loop *main;
    tap_fn see;
    void *arg;
    bool is_removed; /* set by the main thread, while it has halted the others */
    bool has_gone;   /* its box has ended */
    _Atomic unsigned refs;
    _Atomic size_t under_way; /* bytes */
    _Atomic unsigned lost;    /* messages, since it was last asked */
};

/* A message on its way from a box to a tap in the main thread. */
struct sighting {
    struct letter letter;
    struct far *far;
    struct box *box;
    enum message_kind kind; /* MESSAGE_KINDS: the box has ended */
    int error;
    size_t size; /* of the bytes */
    unsigned char bytes[];
};

static void far_unref(struct far *far)
{
    if (atomic_fetch_sub_explicit(&far->refs, 1, memory_order_acq_rel) == 1) {
        free(far->tap);
        free(far);
    }
}

/* ---- from another worker to the main thread ---- */

/* Nobody looks any more.  In the main thread, while it has halted the others. */
static void let_far_go(struct far *far)
{
    far->is_removed = true;
    component_unref(far->owner);
    far_unref(far);
}

/* What it takes while it is under way. */
static size_t cost_of(const struct sighting *sighting)
{
    return sizeof(*sighting) + sighting->size;
}

static struct message *message_of(const struct sighting *sighting)
{
    struct pool *pool = &sighting->far->main->pool;

    return sighting->kind == DATA ? message_copy(pool, sighting->bytes, sighting->size)
                                  : message_notice(pool, sighting->kind, NULL, sighting->error);
}

/* In the main thread. */
static void on_sighting(struct letter *letter)
{
    struct sighting *sighting = container_of(letter, struct sighting, letter);
    struct far *far = sighting->far;

    workers_halt(far->main->workers);
    if (!far->is_removed && sighting->kind == MESSAGE_KINDS) {
        far->see(far->arg, sighting->box, NULL);
        let_far_go(far);
    } else if (!far->is_removed && !(far->has_gone && far->is_apart)) {
        struct message *msg = message_of(sighting);

        far->see(far->arg, sighting->box, msg);
        message_release(msg);
    }
    workers_release(far->main->workers);
    (void)atomic_fetch_sub_explicit(&far->under_way, cost_of(sighting), memory_order_relaxed);
    far_unref(far);
    free(sighting);
}

/* In the box's thread; msg: NULL: the box ends. */
static void send_far(void *arg, struct box *box, const struct message *msg)
{
    struct far *far = arg;
    const size_t size = msg != NULL && msg->kind == DATA ? msg->size : 0;
    struct sighting *sighting;

    if (msg != NULL && atomic_load_explicit(&far->under_way, memory_order_relaxed) > FAR_MOST) {
        (void)atomic_fetch_add_explicit(&far->lost, 1, memory_order_relaxed);
        return;
    }
    sighting = mem_alloc(sizeof(*sighting) + size);
    sighting->letter.open = on_sighting;
    sighting->far = far;
    sighting->box = box;
    sighting->kind = msg != NULL ? (enum message_kind)msg->kind : MESSAGE_KINDS;
    sighting->size = size;
    sighting->error = msg != NULL ? msg->error : 0;
    if (size > 0) {
        memcpy(sighting->bytes, msg->data, size);
    }
    far->has_gone = msg == NULL;
    (void)atomic_fetch_add_explicit(&far->refs, 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&far->under_way, cost_of(sighting), memory_order_relaxed);
    (void)mailbox_post(&far->main->mailbox, &sighting->letter);
}

/* Has a tap look from afar. */
static void send_away(struct tap *tap, struct loop *main)
{
    struct far *far = mem_alloc(sizeof(*far));

    far->tap = tap;
    far->owner = component_ref(box_owner(tap->box));
    far->is_apart = (tap->box->flags & BOX_APART) != 0;
    far->main = main;
    far->see = tap->see;
    far->arg = tap->arg;
    atomic_init(&far->refs, 2); /* of the loop's list, and of whose tap it is */
    tap->far = far;
    tap->see = send_far;
    tap->arg = far;
}

unsigned tap_lost(struct tap *tap)
{
    return tap->far != NULL ? atomic_exchange_explicit(&tap->far->lost, 0, memory_order_relaxed)
                            : 0;
}

/* ---- taps ---- */

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

static struct tap *add(struct box *box, tap_fn see, void *arg, bool is_here)
{
    struct loop *loop = component_loop(box_owner(box));
    struct tap *tap = mem_alloc(sizeof(*tap));

    tap->box = box;
    tap->see = see;
    tap->arg = arg;
    if (!is_here && loop->worker > 0) {
        send_away(tap, worker_loop(loop, 0));
    }
    list_append(&loop->taps, &tap->link);
    flag(loop, box);
    return tap;
}

struct tap *tap_add(struct box *box, tap_fn see, void *arg)
{
    return add(box, see, arg, false);
}

struct tap *tap_add_here(struct box *box, tap_fn see, void *arg)
{
    return add(box, see, arg, true);
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
            if (tap->far != NULL) {
                far_unref(tap->far);
            } else {
                free(tap);
            }
        }
    }
}

static void let_go(struct loop *loop, struct tap *tap)
{
    tap->see = NULL;
    loop->has_gone_taps = true;
}

static void remove_here(struct tap *tap)
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

void tap_remove(struct tap *tap)
{
    struct far *far = tap->far;

    if (far == NULL) {
        remove_here(tap);
        return;
    }
    if (!far->has_gone) {
        remove_here(tap);
    }
    let_far_go(far);
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
