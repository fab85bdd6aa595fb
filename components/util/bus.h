/* Buses: what is published under a name reaches all who have subscribed to it.
 *
 *     PublishTo [_outbox] ──► [inbox] Backplane [subscriber]   ──► [inbox] SubscribeTo
 *     PublishTo [_outbox] ──┘                   [subscriber#2] ──► [inbox] SubscribeTo
 *                   publishers      hub                              subscribers
 *
 * A bus is there as long as somebody names it; the Exchange, a service of the loop, knows them by
 * their names.  What moves messages is a hub: a Backplane or a PlugSplitter.
 *
 * 1. It does not matter who comes first.  Without a hub publishers keep what they have, so that
 *    their senders wait in the end, and subscribers hear nothing.
 * 2. A hub gives each message to all subscribers at once: all of them see one order, in which each
 *    publisher's messages are in its own.  The bytes are shared.
 * 3. A subscriber whose inbox blocks when it is full makes the hub wait, and so the publishers;
 *    with any other policy it holds nobody up.
 * 4. There is one hub of a name in a graph file.  After a reload the old file's hub goes on beside
 *    the new one's: both serve all subscribers, and publishers keep to the one they began with as
 *    long as it is there.  Of the old file's subscribers only those of connections go on: the
 *    others have the new file's in their place, and nothing is written or told twice.  When the
 *    last hub ends, so do the subscribers.
 * 5. Joining and leaving cost the same however many there are.
 * 6. With several workers each has a hub of the name.  Those on other workers than the first send
 *    what they get to the one there, which gives it to its own subscribers and to all other hubs at
 *    once, and these to theirs: so there is one order for the subscribers of all workers.
 * 7. What is published goes straight through a subscriber that has nothing waiting to the inbox
 *    that it is linked to, without a turn of the subscriber.  It takes half of the instructions:
 *    367 for a delivery to a socket instead of 733. */
#ifndef AXOND_COMPONENTS_UTIL_BUS_H
#define AXOND_COMPONENTS_UTIL_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "graph/component.h"
#include "graph/list.h"

struct bus;

/* ---- hubs ---- */

enum { HUB_INBOX, HUB_CONTROL, HUB_RELAYED };
enum { HUB_OUTBOX, HUB_SIGNAL, HUB_HOME };

extern const struct box_spec hub_inboxes[];
extern const struct box_spec hub_outboxes[];

/* Lives in the component's struct, like the two below; zeroes: it has not joined. */
struct hub {
    struct list link; /* in the bus's hubs, the newest last */
    struct component *component;
    struct bus *bus;
    bool is_away;         /* what comes in here is for the hub on the first worker to give to all */
    uint64_t asked;       /* marks that have not come back, see bus.c */
    struct list relays;   /* one for each other worker's hub; only on the first worker */
    struct list plugs;    /* one for each subscriber */
    struct list blocking; /* those of them that may have no room */
    bool is_leaving;
    /* Statistics; of all subscribers together. */
    uint64_t subscribers;
    uint64_t published;
    uint64_t delivered;
    uint64_t dropped;
    uint64_t waiting;
};

/* The lines of a table of statistics. */
#define HUB_STAT(type, field) .name = #field, .offset = offsetof(type, hub.field)
#define HUB_STATISTICS(type)                                                                       \
    {HUB_STAT(type, subscribers), .unit = "subscribers", .is_gauge = true, .doc = "now"},          \
        {HUB_STAT(type, published), .unit = "messages", .doc = "that came in"},                    \
        {HUB_STAT(type, delivered), .unit = "messages",                                            \
         .doc = "given to subscribers, counted for each of them"},                                 \
        {HUB_STAT(type, dropped), .unit = "messages",                                              \
         .doc = "that subscribers did not get, as they were too slow"},                            \
    {                                                                                              \
        HUB_STAT(type, waiting), .unit = "messages", .is_gauge = true,                             \
                                 .doc = "in the inboxes of subscribers now"                        \
    }

/* Opens the bus of that name.  Returns 0, or -EEXIST after component_fail(): the graph has a hub of
 * this name already. */
MUST_CHECK int hub_open(struct hub *hub, struct component *self, const char *name);

/* Moves what has come in; for run(). */
void hub_run(struct hub *hub);

/* True once what its publishers had when it was first asked has come and been given; its component
 * is run when that changes.  For flush(). */
bool hub_has_given_all(struct hub *hub);

/* Leaves the bus; if no hub is left its subscribers are told to end.  For stop(). */
void hub_close(struct hub *hub);

/* ---- publishers ---- */

struct publisher {
    struct list link; /* in the bus's publishers */
    struct component *component;
    struct bus *bus;
    struct hub *hub; /* that it is linked to; NULL: there is none, so it waits */
    unsigned inbox;  /* of the component, where what it publishes waits */
    unsigned outbox; /* likewise, to be linked to a hub */
    uint64_t until;  /* the hub is leaving: what it will have taken when that need wait no more */
};

void publisher_join(struct publisher *publisher, struct component *self, const char *name,
                    unsigned inbox, unsigned outbox);
void publisher_leave(struct publisher *publisher);

/* True if there is a hub to publish to.  If there is none that is logged, once for all who wait. */
bool publisher_has_hub(struct publisher *publisher);

/* ---- subscribers ---- */

struct subscriber {
    struct list link; /* in the bus's subscribers */
    struct component *component;
    struct bus *bus;
    struct list plugs; /* one for each hub */
    unsigned inbox;    /* of the component, that hubs are linked to */
    unsigned outbox;   /* by which it sends on what comes there, and does no more */
    bool is_leaving;
    uint64_t until; /* is_leaving: what the bus will have distributed when all is heard ... */
    uint64_t until_answered; /* ... and how many marks will have come back */
    /* Statistics, up to the last message that came. */
    uint64_t delivered; /* its component counts what passes through its hands */
    uint64_t dropped;
    uint64_t waiting;
};

void subscriber_join(struct subscriber *subscriber, struct component *self, const char *name,
                     unsigned inbox, unsigned outbox);

/* To be called when messages were taken from the inbox. */
void subscriber_took(struct subscriber *subscriber);

/* True once what had been published when it was first asked has come; its component is run when
 * that changes.  For flush(). */
bool subscriber_has_heard_all(struct subscriber *subscriber);
void subscriber_leave(struct subscriber *subscriber);

/* Writes that there is no hub on a bus, if so; for describe(). */
bool bus_describe(const struct bus *bus, char *text, size_t size);

#endif
