/* Backplane: a bus with a name, from all who publish to it to all who subscribe.
 *
 *     PublishTo {destination: N} --> [inbox] Backplane {name: N} --> SubscribeTo {source: N}
 *     PublishTo {destination: N} -->                             --> SubscribeTo {source: N}
 *
 * Publishers and subscribers find it by its name, wherever in the graph they are, inside the graphs
 * of connections too, and no matter who starts first (bus.h).  Its end is the end of those who have
 * subscribed to it. */
#include "components/util/bus.h"

struct backplane {
    const char *name;
    struct hub hub;
};

static int backplane_start(struct component *self)
{
    struct backplane *backplane = component_state(self);

    return hub_open(&backplane->hub, self, backplane->name);
}

static void backplane_run(struct component *self)
{
    struct backplane *backplane = component_state(self);

    hub_run(&backplane->hub);
}

static bool backplane_flush(struct component *self)
{
    struct backplane *backplane = component_state(self);

    return hub_has_given_all(&backplane->hub);
}

static void backplane_stop(struct component *self)
{
    struct backplane *backplane = component_state(self);

    hub_close(&backplane->hub);
}

static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct backplane, name), .required = true,
     .doc = "by which PublishTo and SubscribeTo find it"},
    {0},
};
static const struct stat_spec statistics[] = {
    HUB_STATISTICS(struct backplane),
    {0},
};

const struct component_type backplane_type = {
    .name = "Backplane",
    .on_each_worker = true,
    .has_relay = true,
    .summary = "gives what is published under a name to all who have subscribed to it",
    .size = sizeof(struct backplane),
    .inboxes = hub_inboxes,
    .outboxes = hub_outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .start = backplane_start,
    .run = backplane_run,
    .flush = backplane_flush,
    .stop = backplane_stop,
};
