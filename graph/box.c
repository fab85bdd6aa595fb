#include "graph/box.h"

#include <errno.h>

#include "graph/component.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/tap.h"

static bool is_inbox(const struct box *box)
{
    return (box->flags & BOX_IS_INBOX) != 0;
}

static struct inbox *as_inbox(struct box *box)
{
    return container_of(box, struct inbox, box);
}

static struct outbox *as_outbox(struct box *box)
{
    return container_of(box, struct outbox, box);
}

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
    list_init(&in->sources);
}

void outbox_init(struct outbox *out)
{
    *out = (struct outbox){0};
    list_init(&out->box.link);
}

struct box *box_next(const struct box *box)
{
    struct box *mutable = (struct box *)(uintptr_t)box;

    if (is_inbox(box)) {
        return (box->flags & BOX_PASSES) != 0 ? &as_inbox(mutable)->next->box : NULL;
    }
    return as_outbox(mutable)->next;
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
    return is_inbox(box) ? inbox_sink(as_inbox(box)) : as_outbox(box)->sink;
}

/* The list of what leads to a box; NULL: an outbox that nothing leads to. */
static struct list *sources_of(struct box *box)
{
    if (is_inbox(box)) {
        return &as_inbox(box)->sources;
    }
    return (box->flags & BOX_PASSES) != 0 ? &as_outbox(box)->sources : NULL;
}

static void stop_waiting(struct outbox *out)
{
    struct component *owner = box_owner(&out->box);

    if ((out->box.flags & BOX_WAITING) == 0) {
        return;
    }
    out->box.flags = (uint16_t)(out->box.flags & ~BOX_WAITING);
    if ((out->box.flags & BOX_PASSES) == 0) {
        out->waited += loop_ms(component_loop(owner)) - out->waiting_since;
    }
    component_wake(owner);
}

/* The box after "at" among all that lead to "root", depth first; each before what leads to it. */
static struct box *next_in_tree(struct box *root, struct box *at)
{
    struct list *sources = sources_of(at);

    if (sources != NULL && !list_is_empty(sources)) {
        return container_of(sources->next, struct box, link);
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
        if (!is_inbox(at)) {
            return as_outbox(at);
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

/* Has every outbox that leads to or through a box send to this sink from now on. */
static void resolve(struct box *root, struct inbox *sink)
{
    struct box *at = root;

    do {
        if (!is_inbox(at)) {
            as_outbox(at)->sink = sink;
            look_for_taps(as_outbox(at));
            stop_waiting(as_outbox(at)); /* it asks again, and then waits for the new sink */
        }
    } while ((at = next_in_tree(root, at)) != NULL);
}

static bool has_unfinished_sender(struct inbox *in)
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
            has_unfinished_sender(to)) {
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

/* The list of what leads to a box, made if it is an outbox that nothing led to. */
static struct list *need_sources(struct box *box)
{
    if (!is_inbox(box) && (box->flags & BOX_PASSES) == 0) {
        box->flags |= BOX_PASSES;
        list_init(&as_outbox(box)->sources);
    }
    return is_inbox(box) ? &as_inbox(box)->sources : &as_outbox(box)->sources;
}

int box_link(struct box *from, struct box *to)
{
    if (is_inbox(from) && !is_inbox(to)) {
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
    if (is_inbox(from)) {
        move_queue(as_inbox(from), sink_of(to));
        from->flags |= BOX_PASSES;
        as_inbox(from)->next = as_inbox(to);
    } else {
        as_outbox(from)->next = to;
    }
    list_append(need_sources(to), &from->link);
    resolve(from, sink_of(to));
    return 0;
}

/* The senders that are left have all finished: says so, if it was held back for one that has gone.
 */
static void release_held_finish(struct inbox *in)
{
    if ((in->box.flags & BOX_FINISH_HELD) != 0 && !has_unfinished_sender(in)) {
        in->box.flags = (uint16_t)(in->box.flags & ~BOX_FINISH_HELD);
        inbox_put(in,
                  message_notice(component_pool(box_owner(&in->box)), PRODUCER_FINISHED, NULL, 0));
    }
}

/* An inbox that passed on keeps its messages again. */
static void stop_passing(struct inbox *in)
{
    in->box.flags = (uint16_t)(in->box.flags & ~BOX_PASSES);
    in->box.last = NULL;
    in->box.queued = 0;
    in->box.queued_cost = 0;
    in->limit = component_bound(box_owner(&in->box), in);
    in->high_water = 0;
    resolve(&in->box, in);
}

void box_unlink(struct box *from)
{
    struct box *to = box_next(from);
    struct inbox *sink;

    if (to == NULL) {
        return;
    }
    sink = sink_of(to);
    list_remove(&from->link);
    if (is_inbox(from)) {
        stop_passing(as_inbox(from));
    } else {
        as_outbox(from)->next = NULL;
        resolve(from, NULL);
    }
    if (!is_inbox(to) && list_is_empty(&as_outbox(to)->sources)) {
        struct outbox *out = as_outbox(to);

        to->flags = (uint16_t)(to->flags & ~BOX_PASSES);
        out->messages = 0;
        out->bytes = 0;
        out->waited = 0;
    }
    if (sink != NULL) {
        release_held_finish(sink);
    }
}

static void unlink_sources(struct list *sources)
{
    while (!list_is_empty(sources)) {
        struct box *source = container_of(sources->next, struct box, link);
        const bool is_last = source->link.next == sources;

        box_unlink(source);
        if (is_last) {
            return; /* the list may be gone: its place is used for counters again */
        }
    }
}

void inbox_deinit(struct inbox *in)
{
    struct message *last;
    struct message *msg;

    box_unlink(&in->box);
    unlink_sources(&in->sources);
    in->box.flags = (uint16_t)(in->box.flags & ~(BOX_AWAITED | BOX_FINISH_HELD));
    last = in->box.last;
    msg = last != NULL ? last->next : NULL;
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

void outbox_deinit(struct outbox *out)
{
    if ((out->box.flags & BOX_PASSES) != 0) {
        unlink_sources(&out->sources);
    }
    box_unlink(&out->box);
}

void inbox_put(struct inbox *in, struct message *msg)
{
    struct message *last = in->box.last;
    uint32_t fill;

    if (last != NULL) {
        msg->next = last->next;
        last->next = msg;
    } else {
        struct component *owner = box_owner(&in->box);

        msg->next = msg;
        if ((in->box.flags & BOX_CONTROL) != 0 && component_inbox(owner, owner->control) == in) {
            owner->flags |= COMPONENT_TOLD;
        }
        component_wake(owner);
    }
    in->box.last = msg;
    in->box.queued++;
    in->box.queued_cost += msg->size + MESSAGE_COST;
    in->messages++;
    in->bytes += msg->size;
    fill = inbox_fill(in);
    if (fill > in->high_water) {
        in->high_water = fill;
    }
}

/* ---- off the shortest way ---- */

static void put_notice(struct inbox *in, struct message *msg, struct outbox *from)
{
    struct component *owner = box_owner(&in->box);
    const bool is_control = component_inbox(owner, owner->control) == in;

    if (is_control && msg->kind == PRODUCER_FINISHED && from != NULL) {
        from->box.flags |= BOX_FINISHED;
        if (has_unfinished_sender(in)) {
            in->box.flags |= BOX_FINISH_HELD;
            message_release(msg);
            return;
        }
        in->box.flags = (uint16_t)(in->box.flags & ~BOX_FINISH_HELD);
    }
    if (is_control && (msg->kind == SHUTDOWN_MICROPROCESS || msg->kind == SOCKET_SHUTDOWN)) {
        owner->flags |= COMPONENT_STOP_ASKED;
    }
    inbox_put(in, msg);
    component_wake(owner);
}

static void drop_oldest(struct inbox *in)
{
    message_release(inbox_pop(in));
    in->box.dropped++;
}

void inbox_deliver(struct inbox *in, struct message *msg, struct outbox *from)
{
    struct component *owner = box_owner(&in->box);

    if ((in->box.flags & BOX_TAPPED) != 0) {
        taps_see(component_loop(owner), &in->box, msg);
    }
    if ((in->box.flags & BOX_RECEIVES) != 0) {
        in->messages++;
        component_receive(owner, in, msg);
        return;
    }
    if ((in->box.flags & BOX_CONTROL) != 0) {
        put_notice(in, msg, from);
        return;
    }
    if (inbox_is_full(in)) {
        switch (inbox_policy(in)) {
        case BLOCK:
            break; /* it was asked for room before; a notice among data always has some */
        case DROP_OLDEST:
            while (in->box.last != NULL && inbox_is_full(in)) {
                drop_oldest(in);
            }
            break;
        case DISCONNECT:
            component_disconnect(owner, ENOBUFS);
            __attribute__((fallthrough));
        case DROP_NEWEST:
            in->box.dropped++;
            message_release(msg);
            return;
        }
    }
    inbox_put(in, msg);
}

/* A notice on signal: those whose own signal it passes through have said it as well. */
static void note_signal(struct component *self, struct outbox *out, const struct message *msg)
{
    struct box *box = out != NULL ? out->next : NULL;

    self->flags |= COMPONENT_SIGNALLED;
    for (; box != NULL && !is_inbox(box); box = box_next(box)) {
        struct component *owner = box_owner(box);

        if (as_outbox(box) == component_have_outbox(owner, owner->signal)) {
            owner->flags |= COMPONENT_SIGNALLED;
            if (msg->kind == PRODUCER_FINISHED) {
                box->flags |= BOX_FINISHED;
            }
        }
    }
}

/* Taps on an outbox and on the boxes that it sends through see the message. */
static void show_on_the_way(struct component *self, struct outbox *out, const struct message *msg)
{
    struct box *at = &out->box;

    do {
        if ((at->flags & BOX_TAPPED) != 0) {
            taps_see(component_loop(self), at, msg);
        }
        at = box_next(at);
    } while (at != NULL && (at->flags & BOX_PASSES) != 0);
}

void outbox_send_specially(struct component *self, unsigned index, struct message *msg)
{
    struct outbox *out = component_outbox(self, index);

    if (index == self->signal) {
        note_signal(self, out, msg);
    }
    if (out == NULL) {
        struct inbox *in = component_standing_sink(self, index);

        if (in != NULL) {
            inbox_deliver(in, msg, NULL);
        } else {
            self->discarded++;
            message_release(msg);
        }
        return;
    }
    if ((out->box.flags & (BOX_TAPPED | BOX_SEEN)) != 0) {
        show_on_the_way(self, out, msg);
    }
    if (out->sink == NULL) {
        out->box.dropped++;
        message_release(msg);
        return;
    }
    if ((out->box.flags & BOX_PASSES) == 0) {
        out->messages++;
        out->bytes += msg->size;
    }
    inbox_deliver(out->sink, msg, out);
}

void inbox_consume(struct component *self, unsigned index, size_t size)
{
    struct inbox *in = component_common_inbox(self, index);

    while (in->box.last != NULL) {
        struct message *msg = in->box.last->next;

        if (size < msg->size) {
            msg->data += size;
            msg->size -= (uint32_t)size;
            in->box.queued_cost -= (uint32_t)size;
            break;
        }
        size -= msg->size;
        message_release(inbox_pop(in));
    }
    if ((in->box.flags & BOX_AWAITED) != 0) {
        inbox_announce_room(in);
    }
}

bool outbox_wait_for_room(struct component *self, struct outbox *out)
{
    struct inbox *in = out->sink;

    if (inbox_policy(in) != BLOCK || (in->box.flags & BOX_CONTROL) != 0) {
        return true;
    }
    in->box.flags |= BOX_AWAITED;
    if ((out->box.flags & BOX_WAITING) == 0) {
        out->box.flags |= BOX_WAITING;
        if ((out->box.flags & BOX_PASSES) == 0) {
            out->waiting_since = loop_ms(component_loop(self));
        }
    }
    return false;
}

/* Room is announced when the inbox is half empty, so that sender and receiver work in batches, and
 * in a round: those who were woken first wait at the end of the list the next time. */
void inbox_announce_room(struct inbox *in)
{
    struct list *last;

    if (inbox_fill(in) > in->limit / 2) {
        return;
    }
    in->box.flags = (uint16_t)(in->box.flags & ~BOX_AWAITED);
    for (struct outbox *out = inbox_next_sender(in, NULL); out != NULL;
         out = inbox_next_sender(in, out)) {
        stop_waiting(out);
    }
    last = &in->sources;
    if (last->next != last->prev) { /* the first goes to the end */
        struct list *first = last->next;

        list_remove(first);
        list_append(last, first);
    }
}
