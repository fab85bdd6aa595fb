/* PlugSplitter: gives what arrives to whatever is plugged in, while it runs.
 *
 *     someone --> [inbox]   PlugSplitter [outbox]  --> someone, and every Plug {splitter: NAME}
 *     someone --> [control]              [signal]
 *
 * It is a Backplane that is known by its place in the graph unless it is given a name, and that
 * most often has one source, linked to it.  A Fanout serves those who are known from the start. */
#include "components/util/bus.h"

struct plug_splitter {
    const char *name;
    struct hub hub;
};

static int plug_splitter_start(struct component *self)
{
    struct plug_splitter *splitter = component_state(self);
    char path[PATH_SIZE];

    return hub_open(&splitter->hub, self,
                    splitter->name != NULL ? splitter->name
                                           : component_path(self, path, sizeof(path)));
}

static void plug_splitter_run(struct component *self)
{
    struct plug_splitter *splitter = component_state(self);

    hub_run(&splitter->hub);
}

static bool plug_splitter_flush(struct component *self)
{
    struct plug_splitter *splitter = component_state(self);

    return hub_has_given_all(&splitter->hub);
}

static void plug_splitter_stop(struct component *self)
{
    struct plug_splitter *splitter = component_state(self);

    hub_close(&splitter->hub);
}

static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct plug_splitter, name),
     .doc = "by which a Plug finds it; left out: its path in the graph, such as \"split\""},
    {0},
};
static const struct stat_spec statistics[] = {
    HUB_STATISTICS(struct plug_splitter),
    {0},
};

const struct component_type plug_splitter_type = {
    .name = "PlugSplitter",
    .on_each_worker = true,
    .has_relay = true,
    .summary = "gives what arrives to whatever is plugged in",
    .size = sizeof(struct plug_splitter),
    .inboxes = hub_inboxes,
    .outboxes = hub_outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .start = plug_splitter_start,
    .run = plug_splitter_run,
    .flush = plug_splitter_flush,
    .stop = plug_splitter_stop,
};
