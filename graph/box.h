/* Boxes and linkages, after Axon's Box and Postoffice.
 *
 *     outbox ──► inbox                        a linkage: one destination for each outbox,
 *     outbox ──┘                              many sources for each inbox
 *
 *     outbox ──► outbox ──► inbox ──► inbox   passthrough: a chassis shows its child's outbox as
 *        └───────── sink ──────────────┘      its own, and hands its inbox on to a child
 *
 * 1. A linkage is known by its source box: each box leads to at most one other.
 * 2. "sink" of an outbox is the inbox at the end of its chain, kept right whenever a linkage
 *    anywhere in the chain is made or removed; sending goes straight there.
 * 3. Only the sink's bound counts.  What waited in a box whose chain is extended moves on.
 * 4. An outbox whose chain ends at an outbox, or that is not linked, discards and counts.
 * 5. An inbox is a FIFO threaded through its messages: an empty one costs no memory.  A sender asks
 *    outbox_has_room() before it sends; when told no, it is run again once there is room.
 *
 * A box is at most one cache line, since every connection has a handful: fields that only a passing
 * box needs share their place with fields that it does not. */
#ifndef AXOND_GRAPH_BOX_H
#define AXOND_GRAPH_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/list.h"
#include "graph/message.h"

struct waiting;

enum when_full {
    BLOCK = 0,   /* the sender waits */
    DROP_NEWEST, /* what arrives is dropped */
    DROP_OLDEST, /* what waits longest is dropped */
    DISCONNECT,  /* the connection that the inbox belongs to is ended */
};

/* As in YAML; ends with NULL. */
extern const char *const when_full_names[];

enum {
    BOX_TAPPED = 1 << 0,      /* somebody looks at what passes */
    BOX_PASSES = 1 << 1,      /* inbox: hands on to .next, keeps nothing; outbox: has .sources */
    BOX_BOUND_BYTES = 1 << 2, /* inbox: limit counts bytes, else messages */
    BOX_AWAITED = 1 << 3,     /* inbox: senders wait for room (waiting.h), or taps for taking */
    BOX_WAITING = 1 << 4,     /* outbox: it has a place in the line before the sink */
    BOX_FINISHED = 1 << 5,    /* outbox: producerFinished has been sent */
    BOX_FINISH_HELD = 1 << 6, /* inbox: producerFinished of some senders came, others go on */
    BOX_RECEIVES = 1 << 7,    /* inbox: of a service, handled in the sender's turn */
    BOX_POLICY_SHIFT = 8,     /* inbox: enum when_full, two bits */
    BOX_CONTROL = 1 << 10,    /* inbox: carries notices, so it is never full */
    BOX_APART = 1 << 11,      /* the box lies outside its component (rare boxes) */
    BOX_IS_INBOX = 1 << 12,
    BOX_STARVED = 1 << 13,     /* outbox: a warning that it discards was given */
    BOX_SEEN = 1 << 14,        /* outbox: a passing box on its way is tapped */
    BOX_TIMED = BOX_SEEN,      /* inbox: how long messages wait is counted, see ledger.h */
    BOX_TAKES_PIPES = 1 << 15, /* inbox: its component understands PIPED messages */
    /* What takes sending off the shortest way. */
    BOX_POLICY = 3 << BOX_POLICY_SHIFT,
    BOX_SPECIAL = BOX_TAPPED | BOX_SEEN | BOX_TIMED | BOX_RECEIVES | BOX_CONTROL | BOX_POLICY,
};

/* What inboxes and outboxes have in common. */
struct box {
    uint16_t offset;  /* bytes from the start of its component; BOX_APART: see box_owner() */
    uint16_t flags;   /* BOX_… */
    uint32_t dropped; /* messages: by an inbox's policy or end, or discarded by an outbox */
    union {
        struct list link; /* among .sources of where it leads; an outbox's, or a passing inbox's */
        struct {          /* an inbox that keeps its messages */
            struct message *last; /* NULL: empty; last->next is the first */
            uint32_t queued;      /* messages */
            uint32_t queued_cost; /* bytes, and MESSAGE_COST for each message */
        };
    };
};

struct inbox {
    struct box box;
    struct list *sources;    /* a ring of .box.link: what leads here; NULL: nothing */
    struct waiting *waiting; /* senders that wait for room; NULL: none */
    union {
        struct inbox *next; /* BOX_PASSES: the inbox that this one hands on to */
        struct {
            uint32_t limit;      /* messages, or cost with BOX_BOUND_BYTES; 0: see waiting.h */
            uint32_t high_water; /* the most there was, in the unit of limit */
        };
    };
    uint64_t messages; /* that came in */
    uint64_t bytes;
};

struct outbox {
    struct box box;
    struct inbox *sink; /* at the end of the chain; NULL: what is sent is discarded */
    struct box *next;   /* where it leads; NULL: nowhere */
    union {
        struct {
            uint64_t messages; /* that were sent while linked */
            uint64_t bytes;
        };
        struct list *sources; /* BOX_PASSES; as an inbox's */
    };
    uint32_t place;  /* in the line before the sink; BOX_WAITING */
    uint32_t waited; /* ms, up to the last time that it had to wait */
};

_Static_assert(sizeof(struct inbox) == 64, "an inbox is one cache line");
_Static_assert(sizeof(struct outbox) <= 64, "an outbox is at most one cache line");

static inline bool box_is_inbox(const struct box *box)
{
    return (box->flags & BOX_IS_INBOX) != 0;
}

/* The inbox, or the outbox, that a box is; box_is_inbox() says which. */
static inline struct inbox *box_as_inbox(struct box *box)
{
    return container_of(box, struct inbox, box);
}

static inline struct outbox *box_as_outbox(struct box *box)
{
    return container_of(box, struct outbox, box);
}

/* True if something leads to an inbox. */
static inline bool inbox_is_fed(const struct inbox *in)
{
    return in->sources != NULL;
}

/* The component that a box belongs to. */
struct component *box_owner(const struct box *box);

/* Makes boxes as they are before any linkage.  limit: at least 1, see struct inbox. */
void inbox_init(struct inbox *in, uint16_t flags, uint32_t limit);
void outbox_init(struct outbox *out);

/* Links a box to the next: outbox to inbox, outbox to outbox (passthrough), inbox to inbox
 * (passthrough).  Messages that wait in "from" move on, in order.
 * Returns 0; -EEXIST if "from" leads somewhere already; -ELOOP if "to" leads back to "from";
 * -EINVAL for inbox to outbox.  Nothing has changed on error. */
MUST_CHECK int box_link(struct box *from, struct box *to);

/* Undoes box_link(from, …); without a linkage it does nothing.  Delivered messages stay. */
void box_unlink(struct box *from);

/* The same while linkages are changed, several at a time: an inbox of notices whose other senders
 * have all finished is not told so before inbox_settle(), as it may be given new ones. */
void box_cut(struct box *from);
void inbox_settle(struct inbox *in);

/* Where the box leads: NULL: nowhere. */
struct box *box_next(const struct box *box);

/* Has those who send through a passing box know whether it is tapped; for tap.c. */
void box_show(struct box *box);

/* Unlinks a box from both sides and releases what waits in it.  Senders that waited are run. */
void inbox_deinit(struct inbox *in);
void outbox_deinit(struct outbox *out);

/* The outboxes whose messages end in this inbox, one after another: start with NULL, ends with
 * NULL.  The linkages must stay as they are meanwhile. */
struct outbox *inbox_next_sender(struct inbox *in, const struct outbox *after);

/* The same for any box: the outboxes that lead to it, by whatever way. */
struct outbox *box_next_sender(struct box *box, const struct outbox *after);

/* Puts a message into an inbox that does not pass on, whatever its bound, and wakes its owner if
 * the inbox was empty. */
void inbox_put(struct inbox *in, struct message *msg);

/* Takes the oldest message out of an inbox that has one. */
static inline struct message *inbox_pop(struct inbox *in)
{
    struct message *msg = in->box.last->next;

    if (msg == in->box.last) {
        in->box.last = NULL;
    } else {
        in->box.last->next = msg->next;
    }
    in->box.queued--;
    in->box.queued_cost -= msg->size + MESSAGE_COST;
    return msg;
}

/* Delivers by the inbox's policy, taps and all.  from: the sender's outbox, or NULL. */
void inbox_deliver(struct inbox *in, struct message *msg, struct outbox *from);

/* Sends a message on behalf of two at once: by "out" to the inbox that it leads to, and on by
 * "onward", an outbox of that inbox's component, which would only pass it on.  That saves the
 * component its turn; all boxes on the way count the message.
 *
 * Returns false, and nothing has happened, unless it is as if the component had had its turn at
 * once: it runs and was not told to end, nothing waits in the inbox, nobody looks at the boxes, and
 * "onward" leads straight to an inbox that has room. */
MUST_CHECK bool outbox_send_through(struct outbox *out, struct outbox *onward, struct message *msg);

/* The inbox that messages for this one end in. */
struct inbox *inbox_sink(struct inbox *in);

/* True if some sender of a control has not said producerFinished yet. */
bool inbox_has_unfinished_sender(struct inbox *in);

/* Ends an outbox's waiting for room, if it has a place in a line, and wakes its owner. */
void outbox_stop_waiting(struct outbox *out);

/* The bound's unit and policy. */
static inline enum when_full inbox_policy(const struct inbox *in)
{
    return (enum when_full)((in->box.flags >> BOX_POLICY_SHIFT) & 3);
}

static inline uint32_t inbox_fill(const struct inbox *in)
{
    return (in->box.flags & BOX_BOUND_BYTES) != 0 ? in->box.queued_cost : in->box.queued;
}

/* How many messages have left it, in order of their coming.  What comes next leaves as number
 * inbox_taken() + queued + 1. */
static inline uint64_t inbox_taken(const struct inbox *in)
{
    return in->messages - in->box.queued;
}

static inline bool inbox_is_full(const struct inbox *in)
{
    return inbox_fill(in) >= in->limit;
}

#endif
