/* Delivery: how messages get from an outbox to the inbox at the end of its chain (box.h). */
#include "graph/box.h"

#include <errno.h>

#include "graph/component.h"
#include "graph/component_extra.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/queue_time.h"
#include "graph/supervise.h"
#include "graph/tap.h"

/* The first message has come to an empty inbox. */
static void wake_owner(struct inbox *in)
{
    struct component *owner = box_owner(&in->box);

    if ((in->box.flags & BOX_CONTROL) != 0 && owner->control != NO_BOX &&
        component_common_inbox(owner, owner->control) == in) { /* it is never a rare one */
        owner->flags |= COMPONENT_TOLD;
    }
    component_wake(owner);
}

/* Puts a message between the last one and the first. */
static inline void join_ring(struct inbox *in, struct message *msg)
{
    struct message *last = in->box.last;

    if (last != NULL) {
        msg->next = last->next;
        last->next = msg;
    } else {
        msg->next = msg;
    }
    in->box.queued++;
    in->box.queued_cost += msg->size + MESSAGE_COST;
}

void inbox_put(struct inbox *in, struct message *msg)
{
    const struct message *last = in->box.last;
    uint32_t fill;

    join_ring(in, msg);
    in->box.last = msg;
    in->messages++;
    in->bytes += msg->size;
    fill = inbox_fill(in);
    if (fill > in->high_water) {
        in->high_water = fill;
    }
    if (last == NULL) { /* at the end: to keep nothing over the call saves 4 of 36 instructions */
        wake_owner(in);
    }
}

/* ---- off the shortest way ---- */

void box_note_told(struct box *from, const struct box *to)
{
    for (; from != NULL && from != to; from = box_next(from)) {
        if (box_is_inbox(from)) {
            box_owner(from)->was_told = true;
        }
    }
}

/* True if an outbox is all that leads to an inbox, as in each connection. */
static bool is_only_source(const struct inbox *in, const struct outbox *out)
{
    return in->sources == &out->box.link && in->sources->next == in->sources &&
           (out->box.flags & BOX_PASSES) == 0;
}

static __attribute__((noinline)) void put_notice(struct inbox *in, struct message *msg,
                                                 struct outbox *from)
{
    struct component *owner = box_owner(&in->box);
    const bool is_control = component_inbox(owner, owner->control) == in;

    if (is_control && msg->kind == PRODUCER_FINISHED && from != NULL) {
        from->box.flags |= BOX_FINISHED;
        if (!is_only_source(in, from) && inbox_has_unfinished_sender(in)) {
            in->box.flags |= BOX_FINISH_HELD;
            message_release(msg);
            return;
        }
        in->box.flags = (uint16_t)(in->box.flags & ~BOX_FINISH_HELD);
    }
    if (is_control && (msg->kind == SHUTDOWN_MICROPROCESS || msg->kind == SOCKET_SHUTDOWN)) {
        owner->flags |= COMPONENT_STOP_ASKED;
    }
    if (is_control && message_kind_ends((enum message_kind)msg->kind)) {
        owner->was_told = true;
        if (from != NULL && from->next != &in->box) {
            box_note_told(from->next, &in->box);
        }
    }
    if (in->box.last != NULL) {
        component_wake(owner); /* it may have left what was there for later */
    }
    inbox_put(in, msg);
}

static void drop_oldest(struct inbox *in)
{
    message_release(inbox_pop(in));
    in->box.dropped++;
}

static void note_coming(struct inbox *in, struct message *msg)
{
    if ((in->box.flags & BOX_TAPPED) != 0) {
        taps_see(component_loop(box_owner(&in->box)), &in->box, msg);
    }
    if ((in->box.flags & BOX_TIMED) != 0) {
        queue_time_begin(msg);
    }
}

void inbox_note_taken(struct inbox *in, struct message *msg)
{
    if ((in->box.flags & BOX_TIMED) != 0) {
        queue_time_end(in, msg);
    }
    if ((in->box.flags & BOX_AWAITED) != 0) {
        inbox_announce_room(in);
    }
}

/* The inbox is full: its policy says what goes, the message that comes or those that wait. */
static __attribute__((noinline)) void put_by_policy(struct inbox *in, struct message *msg)
{
    switch (inbox_policy(in)) {
    case BLOCK:
        break; /* it was asked for room before; a notice among data always has some */
    case DROP_OLDEST:
        while (in->box.last != NULL && inbox_is_full(in)) {
            drop_oldest(in);
        }
        break;
    case DISCONNECT:
        component_disconnect(box_owner(&in->box), ENOBUFS);
        __attribute__((fallthrough));
    case DROP_NEWEST:
        in->box.dropped++;
        message_release(msg);
        return;
    }
    inbox_put(in, msg);
}

static inline void deliver(struct inbox *in, struct message *msg, struct outbox *from)
{
    if ((in->box.flags & BOX_RECEIVES) != 0) {
        in->messages++;
        component_receive(box_owner(&in->box), in, msg);
    } else if ((in->box.flags & BOX_CONTROL) != 0) {
        put_notice(in, msg, from);
    } else if (inbox_is_full(in)) {
        put_by_policy(in, msg);
    } else {
        inbox_put(in, msg);
    }
}

static __attribute__((noinline, cold)) void deliver_noted(struct inbox *in, struct message *msg,
                                                          struct outbox *from)
{
    note_coming(in, msg);
    deliver(in, msg, from);
}

void inbox_deliver(struct inbox *in, struct message *msg, struct outbox *from)
{
    if (UNLIKELY((in->box.flags & (BOX_TAPPED | BOX_TIMED)) != 0)) {
        deliver_noted(in, msg, from);
    } else {
        deliver(in, msg, from);
    }
}

/* A notice on signal: those whose own signal it passes through say it as well.  Returns false if it
 * goes no further, since one of them is not at its end. */
static bool note_signal(struct component *self, struct outbox *out, const struct message *msg)
{
    struct box *box = out != NULL ? out->next : NULL;

    if (supervise_holds_back(self, msg)) {
        return false;
    }
    self->flags |= COMPONENT_SIGNALLED;
    for (; box != NULL && !box_is_inbox(box); box = box_next(box)) {
        struct component *owner = box_owner(box);

        if (box_as_outbox(box) == component_have_outbox(owner, owner->signal)) {
            if (supervise_holds_back(owner, msg)) {
                return false;
            }
            owner->flags |= COMPONENT_SIGNALLED;
            if (msg->kind == PRODUCER_FINISHED) {
                box->flags |= BOX_FINISHED;
            }
        }
    }
    return true;
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

/* By a rare outbox that is not there: to a service, to its maker, or nowhere. */
static __attribute__((noinline)) void send_unlinked(struct component *self, unsigned index,
                                                    struct message *msg)
{
    struct inbox *in = component_standing_sink(self, index);

    if (in != NULL) {
        inbox_deliver(in, msg, NULL);
    } else {
        self->discarded++;
        message_release(msg);
    }
}

void outbox_send_specially(struct component *self, unsigned index, struct message *msg)
{
    struct outbox *out = component_outbox(self, index);

    if (index == self->signal && !note_signal(self, out, msg)) {
        message_release(msg);
        return;
    }
    if (out == NULL) {
        send_unlinked(self, index, msg);
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

void inbox_discard(struct component *self, unsigned index)
{
    struct message *msg;

    while ((msg = inbox_take(self, index)) != NULL) {
        message_release(msg);
    }
}

void inbox_give_back(struct component *self, unsigned index, struct message *msg)
{
    struct inbox *in = component_common_inbox(self, index);

    join_ring(in, msg);
    if (in->box.last == NULL) {
        in->box.last = msg;
    }
}

/* Whether there is nothing on the way that would do more than take a message and hand it on. */
static bool is_open(const struct outbox *out, const struct outbox *onward)
{
    const struct inbox *in = out->sink;
    const struct inbox *sink = onward->sink;
    const struct component *owner;

    if (in == NULL || sink == NULL || in->box.last != NULL || inbox_is_full(sink) ||
        ((out->box.flags | in->box.flags | onward->box.flags) &
         ((BOX_SPECIAL & ~BOX_POLICY) | BOX_PASSES)) != 0 ||
        (sink->box.flags & (BOX_SPECIAL | BOX_PASSES)) != 0) {
        return false;
    }
    owner = box_owner(&in->box);
    return owner->state == RUNNING &&
           (owner->flags & (COMPONENT_TOLD | COMPONENT_STOP_ASKED | COMPONENT_ENDING)) == 0;
}

bool outbox_send_through(struct outbox *out, struct outbox *onward, struct message *msg)
{
    if (!is_open(out, onward)) {
        return false;
    }
    out->messages++;
    out->bytes += msg->size;
    out->sink->messages++;
    out->sink->bytes += msg->size;
    onward->messages++;
    onward->bytes += msg->size;
    inbox_put(onward->sink, msg);
    return true;
}

static inline void consume(struct inbox *in, size_t size, bool is_timed)
{
    while (in->box.last != NULL) {
        struct message *msg = in->box.last->next;

        if (size < msg->size) {
            if (msg->kind == DATA) {
                msg->data += size;
            }
            msg->size -= (uint32_t)size;
            in->box.queued_cost -= (uint32_t)size;
            break;
        }
        size -= msg->size;
        inbox_pop(in);
        if (is_timed) {
            queue_time_end(in, msg);
        }
        msg->size = 0;
        message_release(msg);
    }
}

static __attribute__((noinline)) void consume_specially(struct inbox *in, size_t size)
{
    consume(in, size, (in->box.flags & BOX_TIMED) != 0);
    if ((in->box.flags & BOX_AWAITED) != 0) {
        inbox_announce_room(in);
    }
}

void inbox_consume(struct component *self, unsigned index, size_t size)
{
    struct inbox *in = component_common_inbox(self, index);

    if (UNLIKELY((in->box.flags & (BOX_AWAITED | BOX_TIMED)) != 0)) {
        consume_specially(in, size);
    } else {
        consume(in, size, false);
    }
}

int inbox_gather(struct component *self, unsigned index, struct iovec *parts, int most,
                 size_t *size)
{
    const struct message *last = component_common_inbox(self, index)->box.last;
    const struct message *msg = last;
    int count = 0;

    *size = 0;
    do {
        msg = msg->next;
        if (msg->kind == PIPED) {
            break;
        }
        parts[count].iov_base = (void *)(uintptr_t)msg->data;
        parts[count].iov_len = msg->size;
        *size += msg->size;
        count++;
    } while (msg != last && count < most);
    return count;
}

void inbox_compact(struct component *self, unsigned index)
{
    const struct message *last = component_common_inbox(self, index)->box.last;
    struct message *msg = last->next;

    message_compact(msg);
    while (msg != last) {
        msg = msg->next;
        message_compact(msg);
    }
}
