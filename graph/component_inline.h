/* The bodies of the functions that component.h declares inline: the path every message takes. */
#ifndef AXOND_GRAPH_COMPONENT_INLINE_H
#define AXOND_GRAPH_COMPONENT_INLINE_H

#include "graph/component.h"

/* What is off the shortest way: room for waiting senders, policies, taps, notices, rare boxes. */
struct inbox *component_need_rare_inbox(struct component *component, unsigned index);
struct outbox *component_need_rare_outbox(struct component *component, unsigned index);
void inbox_announce_room(struct inbox *in);
__attribute__((cold)) void inbox_note_taken(struct inbox *in, struct message *msg);
bool outbox_wait_for_room(struct component *self, struct outbox *out);
void outbox_send_specially(struct component *self, unsigned index, struct message *msg);

static inline struct inbox *component_common_inbox(struct component *self, unsigned index)
{
    return (struct inbox *)(void *)(self + 1) + index;
}

static inline struct outbox *component_common_outbox(struct component *self, unsigned index)
{
    struct inbox *inboxes = (struct inbox *)(void *)(self + 1);

    return (struct outbox *)(void *)(inboxes + self->inboxes) + index;
}

static inline struct inbox *component_inbox(struct component *self, unsigned index)
{
    if (LIKELY(index < self->inboxes)) {
        return component_common_inbox(self, index);
    }
    return component_have_inbox(self, index);
}

static inline struct outbox *component_outbox(struct component *self, unsigned index)
{
    if (LIKELY(index < self->outboxes)) {
        return component_common_outbox(self, index);
    }
    return component_have_outbox(self, index);
}

static inline struct inbox *component_need_inbox(struct component *component, unsigned index)
{
    return LIKELY(index < component->inboxes) ? component_common_inbox(component, index)
                                              : component_need_rare_inbox(component, index);
}

static inline struct outbox *component_need_outbox(struct component *component, unsigned index)
{
    return LIKELY(index < component->outboxes) ? component_common_outbox(component, index)
                                               : component_need_rare_outbox(component, index);
}

static inline bool box_has_messages(const struct inbox *in)
{
    return in != NULL && (in->box.flags & BOX_PASSES) == 0 && in->box.last != NULL;
}

static inline bool inbox_is_empty(struct component *self, unsigned index)
{
    return !box_has_messages(component_inbox(self, index));
}

static inline const struct message *inbox_peek(struct component *self, unsigned index)
{
    const struct inbox *in = component_inbox(self, index);

    return box_has_messages(in) ? in->box.last->next : NULL;
}

static inline struct message *inbox_take(struct component *self, unsigned index)
{
    struct inbox *in = component_inbox(self, index);
    struct message *msg;

    if (!box_has_messages(in)) {
        return NULL;
    }
    if (UNLIKELY(self->turn == 0)) {
        self->flags |= COMPONENT_AGAIN;
        return NULL;
    }
    self->turn--;
    msg = inbox_pop(in);
    if (UNLIKELY((in->box.flags & (BOX_AWAITED | BOX_TIMED)) != 0)) {
        inbox_note_taken(in, msg);
    }
    return msg;
}

static inline bool outbox_has_room(struct component *self, unsigned index)
{
    struct outbox *out = component_outbox(self, index);

    return out == NULL || out->sink == NULL || LIKELY(!inbox_is_full(out->sink)) ||
           outbox_wait_for_room(self, out);
}

static inline void outbox_send(struct component *self, unsigned index, struct message *msg)
{
    struct outbox *out = component_outbox(self, index);

    if (LIKELY(out != NULL && out->sink != NULL) &&
        LIKELY(((out->box.flags | out->sink->box.flags) & (BOX_SPECIAL | BOX_PASSES)) == 0)) {
        out->messages++;
        out->bytes += msg->size;
        inbox_put(out->sink, msg);
    } else {
        outbox_send_specially(self, index, msg);
    }
}

#endif
