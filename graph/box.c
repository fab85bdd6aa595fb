/* Linkages: which box leads to which, and where chains of them end (box.h).
 *
 * Each connection makes and breaks four, all of them of the plainest kind: from an outbox straight
 * to an inbox.  What such a linkage does not need is kept out of its way (noinline): that saves 80
 * instructions for each connection. */
#include "graph/box.h"

#include <errno.h>

#include "graph/component.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/tap.h"

const char *const when_full_names[] = {
    [BLOCK] = "block",
    [DROP_NEWEST] = "drop_newest",
    [DROP_OLDEST] = "drop_oldest",
    [DISCONNECT] = "disconnect",
    NULL,
};

struct component *box_owner(const struct box *box)
{
    if ((box->flags & BOX_APART) != 0) {
        return component_of_rare_box(box);
    }
    return (struct component *)(void *)((char *)(uintptr_t)box - box->offset);
}

void inbox_init(struct inbox *in, uint16_t flags, uint32_t limit)
{
    *in = (struct inbox){.box = {.flags = (uint16_t)(flags | BOX_IS_INBOX)}, .limit = limit};
}

void outbox_init(struct outbox *out)
{
    *out = (struct outbox){0};
}

struct box *box_next(const struct box *box)
{
    struct box *mutable = (struct box *)(uintptr_t)box;

    if (box_is_inbox(box)) {
        return (box->flags & BOX_PASSES) != 0 ? &box_as_inbox(mutable)->next->box : NULL;
    }
    return box_as_outbox(mutable)->next;
}

struct inbox *inbox_sink(struct inbox *in)
{
    while ((in->box.flags & BOX_PASSES) != 0) {
        in = in->next;
    }
    return in;
}

/* The inbox at the end of the chain that goes through a box, or NULL. */
static struct inbox *sink_of(struct box *box)
{
    return box_is_inbox(box) ? inbox_sink(box_as_inbox(box)) : box_as_outbox(box)->sink;
}

/* The ring of what leads to a box; NULL: nothing does. */
static struct list *sources_of(const struct box *box)
{
    struct box *mutable = (struct box *)(uintptr_t)box;

    if (box_is_inbox(box)) {
        return box_as_inbox(mutable)->sources;
    }
    return (box->flags & BOX_PASSES) != 0 ? box_as_outbox(mutable)->sources : NULL;
}

static void add_source(struct box *box, struct list *link)
{
    struct list **ring;

    if (box_is_inbox(box)) {
        ring = &box_as_inbox(box)->sources;
    } else {
        ring = &box_as_outbox(box)->sources;
        if ((box->flags & BOX_PASSES) == 0) {
            box->flags |= BOX_PASSES;
            *ring = NULL; /* its place was used for counters */
        }
    }
    if (*ring == NULL) {
        list_init(link);
        *ring = link;
    } else {
        list_append(*ring, link); /* before the first is after the last */
    }
}

/* An outbox that nothing passes through any more counts again, from zero. */
static void remove_source(struct box *box, struct list *link)
{
    struct list **ring =
        box_is_inbox(box) ? &box_as_inbox(box)->sources : &box_as_outbox(box)->sources;

    if (*ring == link) {
        *ring = link->next != link ? link->next : NULL;
    }
    list_remove(link);
    if (!box_is_inbox(box) && *ring == NULL) {
        struct outbox *out = box_as_outbox(box);

        box->flags = (uint16_t)(box->flags & ~BOX_PASSES);
        out->messages = 0;
        out->bytes = 0;
        out->waited = 0;
    }
}

/* The box after "at" among all that lead to "root", depth first; each before what leads to it. */
static struct box *next_in_tree(struct box *root, struct box *at)
{
    struct list *sources = sources_of(at);

    if (sources != NULL) {
        return container_of(sources, struct box, link);
    }
    while (at != root) {
        struct box *parent = box_next(at);

        REQUIRE(parent != NULL);
        if (at->link.next != sources_of(parent)) {
            return container_of(at->link.next, struct box, link);
        }
        at = parent;
    }
    return NULL;
}

struct outbox *box_next_sender(struct box *box, const struct outbox *after)
{
    struct box *at = after != NULL ? (struct box *)(uintptr_t)&after->box : box;

    while ((at = next_in_tree(box, at)) != NULL) {
        if (!box_is_inbox(at)) {
            return box_as_outbox(at);
        }
    }
    return NULL;
}

struct outbox *inbox_next_sender(struct inbox *in, const struct outbox *after)
{
    return box_next_sender(&in->box, after);
}

/* Notes whether a passing box on an outbox's way is tapped; its sink says so itself. */
static void look_for_taps(struct outbox *out)
{
    const struct box *at = out->next;

    out->box.flags = (uint16_t)(out->box.flags & ~BOX_SEEN);
    for (; at != NULL && (at->flags & BOX_PASSES) != 0; at = box_next(at)) {
        if ((at->flags & BOX_TAPPED) != 0) {
            out->box.flags |= BOX_SEEN;
            return;
        }
    }
}

void box_show(struct box *box)
{
    struct outbox *out = NULL;

    while ((box->flags & BOX_PASSES) != 0 && (out = box_next_sender(box, out)) != NULL) {
        look_for_taps(out);
    }
}

/* An outbox that nothing passes through, that waits for nothing, and that leads to an inbox which
 * keeps what it gets, or nowhere. */
static inline bool leads_straight(const struct box *box)
{
    const struct box *next = box_next(box);

    return (box->flags & (BOX_IS_INBOX | BOX_PASSES | BOX_WAITING | BOX_SEEN)) == 0 &&
           (next == NULL || (next->flags & BOX_PASSES) == 0);
}

/* resolve(), where there may be more than one. */
static __attribute__((noinline)) void resolve_tree(struct box *root, struct inbox *sink)
{
    struct box *at = root;

    do {
        if (!box_is_inbox(at)) {
            box_as_outbox(at)->sink = sink;
            look_for_taps(box_as_outbox(at));
            /* it asks again, and then waits for the new sink */
            outbox_stop_waiting(box_as_outbox(at));
        }
    } while ((at = next_in_tree(root, at)) != NULL);
}

/* Has every outbox that leads to or through a box send to this sink from now on. */
static inline void resolve(struct box *root, struct inbox *sink)
{
    if (leads_straight(root)) { /* the commonest by far */
        box_as_outbox(root)->sink = sink;
    } else {
        resolve_tree(root, sink);
    }
}

bool inbox_has_unfinished_sender(struct inbox *in)
{
    struct outbox *out = NULL;

    while ((out = inbox_next_sender(in, out)) != NULL) {
        if ((out->box.flags & (BOX_FINISHED | BOX_PASSES)) == 0) {
            return true;
        }
    }
    return false;
}

/* What waited in a box moves on as if it were sent now.  producerFinished of all who lead to the
 * box is held like any other where there are more senders. */
static void move_queue(struct inbox *from, struct inbox *to)
{
    struct message *last = from->box.last;
    struct message *msg = last != NULL ? last->next : NULL;

    from->box.last = NULL;
    while (msg != NULL) {
        struct message *next = msg == last ? NULL : msg->next;

        if (msg->kind == PRODUCER_FINISHED && (to->box.flags & BOX_CONTROL) != 0 &&
            inbox_has_unfinished_sender(to)) {
            to->box.flags |= BOX_FINISH_HELD;
            message_release(msg);
        } else {
            inbox_deliver(to, msg, NULL);
        }
        msg = next;
    }
    to->box.flags = (uint16_t)(to->box.flags | (from->box.flags & BOX_FINISH_HELD));
    from->box.flags = (uint16_t)(from->box.flags & ~BOX_FINISH_HELD);
}

/* An inbox hands on what it has, and what will come, to the next. */
static __attribute__((noinline)) void start_passing(struct inbox *from, struct inbox *to)
{
    move_queue(from, inbox_sink(to));
    from->box.flags |= BOX_PASSES;
    from->next = to;
}

int box_link(struct box *from, struct box *to)
{
    if (box_is_inbox(from) && !box_is_inbox(to)) {
        return -EINVAL;
    }
    if (box_next(from) != NULL) {
        return -EEXIST;
    }
    for (const struct box *at = to; at != NULL; at = box_next(at)) {
        if (at == from) {
            return -ELOOP;
        }
    }
    if (box_is_inbox(from)) {
        start_passing(box_as_inbox(from), box_as_inbox(to));
    } else {
        box_as_outbox(from)->next = to;
    }
    add_source(to, &from->link);
    resolve(from, sink_of(to));
    return 0;
}

/* The senders that are left have all finished: says so, as it was held back for one that has gone.
 */
static __attribute__((noinline)) void release_held_finish(struct inbox *in)
{
    if (!inbox_has_unfinished_sender(in)) {
        in->box.flags = (uint16_t)(in->box.flags & ~BOX_FINISH_HELD);
        /* those who only hand their control on to here are told as well */
        for (struct box *at = next_in_tree(&in->box, &in->box); at != NULL;
             at = next_in_tree(&in->box, at)) {
            if (box_is_inbox(at)) {
                box_owner(at)->was_told = true;
            }
        }
        inbox_deliver(
            in, message_notice(component_pool(box_owner(&in->box)), PRODUCER_FINISHED, NULL, 0),
            NULL);
    }
}

/* An inbox that passed on keeps its messages again. */
static __attribute__((noinline)) void stop_passing(struct inbox *in)
{
    in->box.flags = (uint16_t)(in->box.flags & ~BOX_PASSES);
    in->box.last = NULL;
    in->box.queued = 0;
    in->box.queued_cost = 0;
    in->limit = component_bound(box_owner(&in->box), in);
    in->high_water = 0;
    resolve(&in->box, in);
}

/* Takes a box from among what leads to the next. */
static inline void part(struct box *from, struct box *to)
{
    remove_source(to, &from->link);
    if (box_is_inbox(from)) {
        stop_passing(box_as_inbox(from));
    } else {
        box_as_outbox(from)->next = NULL;
        resolve(from, NULL);
    }
}

/* Breaks the linkage from a box to the next. */
static void cut(struct box *from, struct box *to)
{
    struct inbox *sink = sink_of(to);

    part(from, to);
    if (sink != NULL && (sink->box.flags & BOX_FINISH_HELD) != 0) {
        release_held_finish(sink);
    }
}

void box_cut(struct box *from)
{
    struct box *to = box_next(from);

    if (to != NULL) {
        part(from, to);
    }
}

void inbox_settle(struct inbox *in)
{
    if ((in->box.flags & BOX_FINISH_HELD) != 0) {
        release_held_finish(in);
    }
}

void box_unlink(struct box *from)
{
    struct box *to = box_next(from);

    if (to != NULL) {
        cut(from, to);
    }
}

static void unlink_sources(struct box *box)
{
    struct list *sources;

    while ((sources = sources_of(box)) != NULL) {
        cut(container_of(sources, struct box, link), box);
    }
}

/* Releases what waits in an inbox. */
static void drop_queue(struct inbox *in)
{
    struct message *last = in->box.last;
    struct message *msg = last->next;

    in->box.last = NULL;
    in->box.queued = 0;
    in->box.queued_cost = 0;
    while (msg != NULL) {
        struct message *next = msg == last ? NULL : msg->next;

        in->box.dropped += msg->kind == DATA;
        message_release(msg);
        msg = next;
    }
}

void inbox_deinit(struct inbox *in)
{
    box_unlink(&in->box);
    unlink_sources(&in->box);
    in->box.flags = (uint16_t)(in->box.flags & ~BOX_FINISH_HELD);
    if (in->box.last != NULL) {
        drop_queue(in);
    }
}

void outbox_deinit(struct outbox *out)
{
    unlink_sources(&out->box);
    box_unlink(&out->box);
}
