#include "tests/pliant.h"

#include "graph/root.h"
#include "tests/faulty.h"
#include "tests/unit.h"

static const struct box_spec inboxes[] = {
    {.name = "inbox", .carries = ANYTHING, .main = true, .doc = "in"},
    {.name = "control", .carries = NOTICES, .doc = "control"},
    {0},
};
static const struct box_spec outboxes[] = {
    {.name = "outbox", .carries = ANYTHING, .main = true, .doc = "out"},
    {.name = "signal", .carries = NOTICES, .doc = "signal"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct pliant, word), .fallback = "a", .changeable = true, .doc = "any"},
    {PARAM_TEXT(struct pliant, fixed), .fallback = "a", .doc = "any"},
    {0},
};

struct pliant_record pliants;

static int pliant_start(struct component *self)
{
    struct pliant *pliant = component_state(self);

    pliant->starts++;
    return pliants.bad_start > 0 && pliants.bad_start-- == 1 ? component_fail(self, 0, "not now")
                                                             : 0;
}

static void pliant_changed(struct component *self)
{
    struct pliant *pliant = component_state(self);

    pliant->changes++;
}

static void pliant_stop(struct component *self)
{
    pliants.stops++;
}

static const struct component_type pliant_type = {
    .name = "Pliant",
    .summary = "keeps what comes",
    .size = sizeof(struct pliant),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .start = pliant_start,
    .changed = pliant_changed,
    .stop = pliant_stop,
};

const struct component_type *const pliant_types[] = {&pliant_type, &faulty_type, NULL};

int pliant_reset(void **context)
{
    pliants = (struct pliant_record){0};
    return 0;
}

struct pliant *pliant(struct scene *scene, const char *path)
{
    return component_state(scene_find(scene, path));
}

uint32_t queued(struct scene *scene, const char *path)
{
    return component_inbox(scene_find(scene, path), 0)->box.queued;
}

size_t leavers(const struct scene *scene)
{
    return root_of(scene->graph)->leaver_count;
}

const char *pliant_text(const char *keys)
{
    return scene_text(
        "components:\n  from: {type: Probe}\n  it: {type: Pliant%s}\n  to: {type: Probe}\n"
        "linkages: [from.out0 -> it.inbox, it.outbox -> to.in0, it.signal -> to.control]\n",
        keys);
}
