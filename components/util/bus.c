#include "components/util/bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/util/exchange.h"
#include "graph/graph.h"
#include "graph/inspect.h"

/* Messages given to subscribers in one turn of a hub; the last one is given to all. */
enum { GIVEN_A_TURN = 32768 };

struct bus {
    struct list link; /* in the Exchange */
    unsigned members; /* hubs, publishers and subscribers */
    struct list hubs;
    struct list publishers;
    struct list subscribers;
    uint64_t distributed; /* messages that all subscribers have been given, or that were lost */
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
    {0},
};
const struct box_spec hub_outboxes[] = {
    [HUB_OUTBOX] = {.name = "outbox",
                    .carries = ANYTHING,
                    .doc = "what is published, for whatever is linked here; it is waited for"},
    [HUB_SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};

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
    list_init(&hub->plugs);
    list_init(&hub->blocking);
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
    return outbox_has_room(hub->component, HUB_OUTBOX);
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

void hub_run(struct hub *hub)
{
    uint64_t given = 0;
    struct message *msg;

    if (has_other_generations(hub) && component_inbox(hub->component, HUB_INBOX)->box.queued > 0) {
        unplug_replaced(hub);
    }
    while (all_have_room(hub) && (msg = inbox_take(hub->component, HUB_INBOX)) != NULL) {
        give_all(hub, &hub->plugs, msg);
        give_all(hub, &hub->blocking, msg);
        if (outbox_is_linked(hub->component, HUB_OUTBOX)) {
            outbox_send(hub->component, HUB_OUTBOX, msg);
        } else {
            message_release(msg);
        }
        hub->published++;
        hub->delivered += hub->subscribers;
        hub->bus->distributed++;
        given += hub->subscribers;
        if (given >= GIVEN_A_TURN) {
            component_wake(hub->component); /* the others first */
            return;
        }
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
static void lose(struct bus *bus, uint32_t messages)
{
    struct list *at;

    bus->distributed += messages;
    list_for_each (at, &bus->subscribers) {
        component_wake(container_of(at, struct subscriber, link)->component);
    }
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
        lose(bus, component_inbox(hub->component, HUB_INBOX)->box.queued);
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
            const struct hub *hub = container_of(at, struct hub, link);

            subscriber->until += component_inbox(hub->component, HUB_INBOX)->box.queued;
        }
    }
    return bus->distributed >= subscriber->until;
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
