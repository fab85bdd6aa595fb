#include "components/util/bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/util/exchange.h"
#include "graph/graph.h"
#include "graph/inspect.h"
#include "graph/loop.h"

/* Messages given to subscribers in one turn of a hub; the last one is given to all. */
enum { GIVEN_A_TURN = 32768 };

struct bus {
    struct list link; /* in the Exchange */
    unsigned members; /* hubs, publishers and subscribers */
    struct list hubs;
    struct list publishers;
    struct list subscribers;
    uint64_t distributed; /* messages that all subscribers have been given, or that were lost */
    uint64_t asked;       /* marks that were sent to the first worker's hub ... */
    uint64_t answered;    /* ... and that have come back, after all that was sent before them */
    bool was_missed;      /* that there is no hub has been logged */
    char name[];
};

/* A subscriber at a hub. */
struct plug {
    struct list of_hub; /* in .plugs or .blocking */
    struct list of_subscriber;
    struct hub *hub;
    struct subscriber *subscriber;
    const struct inbox *inbox; /* the subscriber's */
    struct outbox *onward;     /* likewise */
    unsigned outbox;           /* the hub's, added for this one */
    struct outbox *out;        /* the same */
};

/* A hub on another worker, at the one on the first. */
struct relay {
    struct list link; /* in .relays */
    unsigned worker;
    struct component *to; /* what stands for it here */
    unsigned outbox;      /* of ours, added for it */
};

/* ---- by name ---- */

static struct bus *bus_join(struct component *self, const char *name)
{
    struct exchange *exchange = exchange_of(self);
    struct bus *bus;
    struct list *at;

    list_for_each (at, &exchange->buses) {
        bus = container_of(at, struct bus, link);
        if (strcmp(bus->name, name) == 0) {
            bus->members++;
            return bus;
        }
    }
    bus = mem_alloc(sizeof(*bus) + strlen(name) + 1);
    memcpy(bus->name, name, strlen(name) + 1);
    bus->members = 1;
    list_init(&bus->hubs);
    list_init(&bus->publishers);
    list_init(&bus->subscribers);
    list_append(&exchange->buses, &bus->link);
    return bus;
}

static void bus_leave(struct bus *bus)
{
    if (--bus->members == 0) {
        list_remove(&bus->link);
        free(bus);
    }
}

bool bus_describe(const struct bus *bus, char *text, size_t size)
{
    if (bus == NULL || !list_is_empty(&bus->hubs)) {
        return false;
    }
    (void)snprintf(text, size, "waits for a Backplane or PlugSplitter \"%s\": there is none",
                   bus->name);
    return true;
}

/* ---- plugs ---- */

static void plug_in(struct hub *hub, struct subscriber *subscriber)
{
    static const struct box_spec like = {
        .name = "subscriber", .carries = ANYTHING, .doc = "what is published, for one subscriber"};
    struct plug *plug = mem_alloc(sizeof(*plug));

    plug->hub = hub;
    plug->subscriber = subscriber;
    plug->inbox = component_inbox(subscriber->component, subscriber->inbox);
    plug->onward = component_outbox(subscriber->component, subscriber->outbox);
    plug->outbox = component_add_outbox(hub->component, &like, plug);
    plug->out = component_outbox(hub->component, plug->outbox);
    REQUIRE(component_link(hub->component, plug->outbox, subscriber->component,
                           subscriber->inbox) == 0);
    list_append(inbox_policy(plug->inbox) == BLOCK ? &hub->blocking : &hub->plugs, &plug->of_hub);
    list_append(&subscriber->plugs, &plug->of_subscriber);
    hub->subscribers++;
    hub->waiting += subscriber->waiting;
}

static void unplug(struct plug *plug)
{
    struct hub *hub = plug->hub;

    (void)component_remove_outbox(hub->component, plug->outbox);
    list_remove(&plug->of_hub);
    list_remove(&plug->of_subscriber);
    hub->subscribers--;
    hub->waiting -= plug->subscriber->waiting;
    free(plug);
    component_wake(hub->component); /* it may have waited for this one */
}

/* Notes how many messages wait in a subscriber's inbox now, at all hubs. */
static void note_waiting(struct subscriber *subscriber, uint64_t waiting)
{
    struct list *at;

    list_for_each (at, &subscriber->plugs) {
        struct hub *hub = container_of(at, struct plug, of_subscriber)->hub;

        hub->waiting += waiting - subscriber->waiting;
    }
    subscriber->waiting = waiting;
}

/* ---- hubs ---- */

const struct box_spec hub_inboxes[] = {
    [HUB_INBOX] = {.name = "inbox",
                   .carries = ANYTHING,
                   .by_name = true,
                   .doc = "what is published, by PublishTo or whatever is linked here"},
    [HUB_CONTROL] = {.name = "control",
                     .carries = NOTICES,
                     .doc = "pass on the rest, then finish; the subscribers do so, too"},
    [HUB_RELAYED] = {.name = "_relayed",
                     .carries = ANYTHING,
                     .rare = true,
                     .doc = "with several workers: what the hub on the first gives to all"},
    {0},
};
const struct box_spec hub_outboxes[] = {
    [HUB_OUTBOX] = {.name = "outbox",
                    .carries = ANYTHING,
                    .doc = "what is published, for whatever is linked here; it is waited for"},
    [HUB_SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    [HUB_HOME] = {.name = "_home",
                  .carries = ANYTHING,
                  .rare = true,
                  .doc = "with several workers: what came in, to the hub on the first"},
    {0},
};

/* They may have heard all. */
static void wake_subscribers(const struct bus *bus)
{
    struct list *at;

    list_for_each (at, &bus->subscribers) {
        component_wake(container_of(at, struct subscriber, link)->component);
    }
}

/* ---- hubs on several workers ---- */

/* How much waits to be distributed here. */
static uint32_t count_waiting(const struct hub *hub)
{
    const struct inbox *in =
        component_have_inbox(hub->component, hub->is_away ? HUB_RELAYED : HUB_INBOX);

    return in != NULL ? in->box.queued : 0;
}

static void add_relay(struct hub *hub, unsigned worker, struct component *to)
{
    static const struct box_spec like = {
        .name = "relay", .carries = ANYTHING, .doc = "what is published, to another worker's hub"};
    struct relay *relay = mem_alloc(sizeof(*relay));

    relay->worker = worker;
    relay->to = to;
    relay->outbox = component_add_outbox(hub->component, &like, relay);
    REQUIRE(component_link(hub->component, relay->outbox, to, HUB_RELAYED) == 0);
    list_append(&hub->relays, &relay->link);
}

static void join_hubs(struct hub *hub)
{
    struct component *self = hub->component;
    struct component *other;

    hub->is_away = component_loop(self)->worker > 0 && component_replica(self, 0) != NULL;
    if (hub->is_away) {
        if (!outbox_is_linked(self, HUB_HOME)) { /* after a restart it is */
            REQUIRE(component_link(self, HUB_HOME, component_replica(self, 0), HUB_INBOX) == 0);
        }
        return;
    }
    for (unsigned i = 1; (other = component_replica(self, i)) != NULL; i++) {
        add_relay(hub, i, other);
    }
}

/* kind: what the other hubs are told. */
static void leave_hubs(struct hub *hub, enum message_kind kind)
{
    while (!list_is_empty(&hub->relays)) {
        struct relay *relay = container_of(hub->relays.next, struct relay, link);

        (void)component_remove_outbox(hub->component, relay->outbox);
        if (!component_is_kept(hub->component)) {
            component_tell(relay->to, kind, NULL, 0);
        }
        list_remove(&relay->link);
        free(relay);
    }
}

static bool relays_have_room(struct hub *hub)
{
    struct list *at;

    list_for_each (at, &hub->relays) {
        if (!outbox_has_room(hub->component, container_of(at, struct relay, link)->outbox)) {
            return false;
        }
    }
    return true;
}

static void relay_to_all(struct hub *hub, const struct message *msg)
{
    struct list *at;

    list_for_each (at, &hub->relays) {
        outbox_send(hub->component, container_of(at, struct relay, link)->outbox,
                    message_share(component_pool(hub->component), msg));
    }
}

/* A mark goes the way of what is published, to the first worker's hub and back.  It is a notice
 * that nobody sends to a hub. */
#define MARK REMOVE_EXCEPTIONAL

static bool is_mark(const struct message *msg)
{
    return msg->kind == MARK;
}

/* Has a mark come back once all that was published here by now has been. */
static void ask(struct hub *hub)
{
    struct component *self = hub->component;

    if (hub->is_away) {
        inbox_put(
            component_inbox(self, HUB_INBOX),
            message_notice(component_pool(self), MARK, NULL, (int)component_loop(self)->worker));
        hub->bus->asked++;
        hub->asked++;
    }
}

/* A mark has come, here or where it is to be sent back from. */
static void heed_mark(struct hub *hub, struct message *mark)
{
    struct list *at;

    if (!hub->is_away) {
        list_for_each (at, &hub->relays) {
            const struct relay *relay = container_of(at, struct relay, link);

            if (relay->worker == (unsigned)mark->error) {
                outbox_send(hub->component, relay->outbox, mark);
                return;
            }
        }
    } else if (hub->asked > 0) {
        hub->asked--;
        hub->bus->answered++;
        wake_subscribers(hub->bus);
    }
    message_release(mark);
}

static void send_home(struct hub *hub)
{
    struct message *msg;

    while (outbox_has_room(hub->component, HUB_HOME) &&
           (msg = inbox_take(hub->component, HUB_INBOX)) != NULL) {
        outbox_send(hub->component, HUB_HOME, msg);
    }
}

static void attach(struct publisher *publisher)
{
    struct list *hubs = &publisher->bus->hubs;

    if (publisher->hub != NULL || list_is_empty(hubs)) {
        return;
    }
    publisher->hub = container_of(hubs->prev, struct hub, link);
    REQUIRE(component_link(publisher->component, publisher->outbox, publisher->hub->component,
                           HUB_INBOX) == 0);
    component_wake(publisher->component);
}

static void detach(struct publisher *publisher)
{
    if (publisher->hub != NULL) {
        box_unlink(&component_outbox(publisher->component, publisher->outbox)->box);
        component_wake(publisher->hub->component); /* it may have waited for this one */
        publisher->hub = NULL;
    }
}

static struct hub *find_in_graph(const struct bus *bus, struct component *self)
{
    struct list *at;

    list_for_each (at, &bus->hubs) {
        struct hub *hub = container_of(at, struct hub, link);

        if (graph_root(hub->component->graph) == graph_root(self->graph) &&
            !component_is_earlier(hub->component)) {
            return hub;
        }
    }
    return NULL;
}

int hub_open(struct hub *hub, struct component *self, const char *name)
{
    struct bus *bus = bus_join(self, name);
    const struct hub *other = find_in_graph(bus, self);
    char path[PATH_SIZE];
    struct list *at;

    if (other != NULL) {
        (void)component_fail(self, 0, "the name \"%s\" is taken by %s", name,
                             component_path(other->component, path, sizeof(path)));
        bus_leave(bus);
        return -EEXIST;
    }
    bus->was_missed = false;
    hub->component = self;
    hub->bus = bus;
    list_init(&hub->relays);
    list_init(&hub->plugs);
    list_init(&hub->blocking);
    join_hubs(hub);
    list_append(&bus->hubs, &hub->link);
    list_for_each (at, &bus->subscribers) {
        plug_in(hub, container_of(at, struct subscriber, link));
    }
    list_for_each (at, &bus->publishers) {
        attach(container_of(at, struct publisher, link));
    }
    return 0;
}

/* A subscriber of a file that was loaded anew, not of a connection: the new file's are in its
 * place.
 */
static bool is_replaced(const struct hub *hub, const struct component *subscriber)
{
    const struct hub *newest = container_of(hub->bus->hubs.prev, struct hub, link);

    return component_is_earlier(subscriber) && !component_is_earlier(newest->component) &&
           component_connection(subscriber) == 0;
}

static void unplug_replaced(struct hub *hub)
{
    struct list *lists[] = {&hub->plugs, &hub->blocking};
    struct list *at;
    struct list *after;

    for (int i = 0; i < 2; i++) {
        list_for_each_safe (at, after, lists[i]) {
            struct plug *plug = container_of(at, struct plug, of_hub);

            if (is_replaced(hub, plug->subscriber->component)) {
                unplug(plug);
            }
        }
    }
}

static bool has_other_generations(const struct hub *hub)
{
    return hub->bus->hubs.next != hub->bus->hubs.prev;
}

static bool all_have_room(struct hub *hub)
{
    struct list *at;

    list_for_each (at, &hub->blocking) {
        if (!outbox_has_room(hub->component, container_of(at, struct plug, of_hub)->outbox)) {
            return false; /* when there is room we look at the rest */
        }
    }
    return relays_have_room(hub) && outbox_has_room(hub->component, HUB_OUTBOX);
}

/* Into the subscriber's inbox, by its policy. */
static void queue(struct hub *hub, struct plug *plug, struct message *msg)
{
    struct subscriber *subscriber = plug->subscriber;
    const uint32_t dropped = plug->inbox->box.dropped;

    outbox_send(hub->component, plug->outbox, msg);
    if (plug->inbox->box.dropped != dropped) {
        subscriber->dropped += plug->inbox->box.dropped - dropped;
        hub->dropped += plug->inbox->box.dropped - dropped;
    }
    if (plug->inbox->box.queued != subscriber->waiting) {
        note_waiting(subscriber, plug->inbox->box.queued);
    }
}

static void give_all(struct hub *hub, struct list *plugs, const struct message *msg)
{
    struct pool *pool = component_pool(hub->component);
    struct list *at;

    list_for_each (at, plugs) {
        struct plug *plug = container_of(at, struct plug, of_hub);
        struct message *copy = message_share(pool, msg);

        if (LIKELY(outbox_send_through(plug->out, plug->onward, copy))) {
            plug->subscriber->delivered++;
        } else {
            queue(hub, plug, copy);
        }
    }
}

/* Gives what waits in an inbox to all.  Returns false if that was enough for a turn. */
static bool distribute(struct hub *hub, unsigned inbox)
{
    uint64_t given = 0;
    struct message *msg;

    while (all_have_room(hub) && (msg = inbox_take(hub->component, inbox)) != NULL) {
        if (is_mark(msg)) {
            heed_mark(hub, msg);
            continue;
        }
        relay_to_all(hub, msg);
        give_all(hub, &hub->plugs, msg);
        give_all(hub, &hub->blocking, msg);
        if (outbox_is_linked(hub->component, HUB_OUTBOX)) {
            outbox_send(hub->component, HUB_OUTBOX, msg);
        } else {
            message_release(msg);
        }
        hub->published += inbox == HUB_INBOX;
        hub->delivered += hub->subscribers;
        hub->bus->distributed++;
        given += hub->subscribers;
        if (given >= GIVEN_A_TURN) {
            component_wake(hub->component); /* the others first */
            return false;
        }
    }
    return true;
}

void hub_run(struct hub *hub)
{
    if (has_other_generations(hub) && count_waiting(hub) > 0) {
        unplug_replaced(hub);
    }
    if (!inbox_is_empty(hub->component, HUB_RELAYED) && !distribute(hub, HUB_RELAYED)) {
        return;
    }
    if (hub->is_away) {
        send_home(hub);
    } else {
        (void)distribute(hub, HUB_INBOX);
    }
}

bool hub_has_given_all(struct hub *hub)
{
    bool has_all = true;
    struct list *at;

    list_for_each (at, &hub->bus->publishers) {
        struct publisher *publisher = container_of(at, struct publisher, link);
        const struct inbox *in = component_inbox(publisher->component, publisher->inbox);

        if (!hub->is_leaving) {
            publisher->until = in->messages;
        }
        if (publisher->hub == hub && inbox_taken(in) < publisher->until) {
            has_all = false;
        }
    }
    hub->is_leaving = true;
    return has_all;
}

/* Whoever is on its way out need not wait for what is lost with a hub. */
static void lose(struct hub *hub)
{
    hub->bus->distributed += count_waiting(hub);
    hub->bus->answered += hub->asked;
    hub->asked = 0;
    wake_subscribers(hub->bus);
}

void hub_close(struct hub *hub)
{
    struct bus *bus = hub->bus;
    struct list *lists[] = {&hub->plugs, &hub->blocking};
    struct list *at;

    if (bus == NULL) {
        return;
    }
    list_remove(&hub->link);
    leave_hubs(hub, component_is_told_to_stop(hub->component) ? SHUTDOWN_MICROPROCESS
                                                              : PRODUCER_FINISHED);
    for (int i = 0; i < 2; i++) {
        while (!list_is_empty(lists[i])) {
            unplug(container_of(lists[i]->next, struct plug, of_hub));
        }
    }
    list_for_each (at, &bus->publishers) {
        struct publisher *publisher = container_of(at, struct publisher, link);

        if (publisher->hub == hub) {
            detach(publisher);
            attach(publisher);
        }
    }
    if (!component_is_kept(hub->component)) {
        lose(hub);
    }
    if (list_is_empty(&bus->hubs) && !component_is_kept(hub->component)) {
        list_for_each (at, &bus->subscribers) {
            component_tell(container_of(at, struct subscriber, link)->component,
                           component_is_told_to_stop(hub->component) ? SHUTDOWN_MICROPROCESS
                                                                     : PRODUCER_FINISHED,
                           NULL, 0);
        }
    }
    hub->bus = NULL;
    bus_leave(bus);
}

/* ---- publishers ---- */

void publisher_join(struct publisher *publisher, struct component *self, const char *name,
                    unsigned inbox, unsigned outbox)
{
    publisher->component = self;
    publisher->inbox = inbox;
    publisher->outbox = outbox;
    publisher->bus = bus_join(self, name);
    list_append(&publisher->bus->publishers, &publisher->link);
    attach(publisher);
}

void publisher_leave(struct publisher *publisher)
{
    if (publisher->bus != NULL) {
        detach(publisher);
        list_remove(&publisher->link);
        bus_leave(publisher->bus);
        publisher->bus = NULL;
    }
}

bool publisher_has_hub(struct publisher *publisher)
{
    struct bus *bus = publisher->bus;
    char text[200];

    if (publisher->hub != NULL) {
        return true;
    }
    if (!bus->was_missed && bus_describe(bus, text, sizeof(text))) {
        bus->was_missed = true;
        component_log(publisher->component, LOG_LEVEL_WARNING, "%s", text);
    }
    return false;
}

/* ---- subscribers ---- */

void subscriber_join(struct subscriber *subscriber, struct component *self, const char *name,
                     unsigned inbox, unsigned outbox)
{
    struct list *at;

    subscriber->component = self;
    subscriber->inbox = inbox;
    subscriber->outbox = outbox;
    subscriber->bus = bus_join(self, name);
    list_init(&subscriber->plugs);
    list_append(&subscriber->bus->subscribers, &subscriber->link);
    list_for_each (at, &subscriber->bus->hubs) {
        plug_in(container_of(at, struct hub, link), subscriber);
    }
}

void subscriber_took(struct subscriber *subscriber)
{
    note_waiting(subscriber, component_inbox(subscriber->component, subscriber->inbox)->box.queued);
}

bool subscriber_has_heard_all(struct subscriber *subscriber)
{
    const struct bus *bus = subscriber->bus;
    struct list *at;

    if (!subscriber->is_leaving) {
        subscriber->is_leaving = true;
        subscriber->until = bus->distributed;
        list_for_each (at, &bus->hubs) {
            struct hub *hub = container_of(at, struct hub, link);

            subscriber->until += count_waiting(hub);
            ask(hub);
        }
        subscriber->until_answered = bus->asked;
    }
    return bus->distributed >= subscriber->until && bus->answered >= subscriber->until_answered;
}

void subscriber_leave(struct subscriber *subscriber)
{
    if (subscriber->bus == NULL) {
        return;
    }
    while (!list_is_empty(&subscriber->plugs)) {
        unplug(container_of(subscriber->plugs.next, struct plug, of_subscriber));
    }
    list_remove(&subscriber->link);
    bus_leave(subscriber->bus);
    subscriber->bus = NULL;
}
