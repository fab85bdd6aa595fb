/* Plug: a component, plugged into a PlugSplitter.
 *
 *     PlugSplitter --> plug: SubscribeTo --> component --> self
 *                                            ▲ self.inbox, if anything is linked there
 *
 * It is a graph, written below.  The splitter waits for it when it is full, as the original's does.
 * It pulls out when it is told to finish, and ends when the component has, or the splitter. */
#include "graph/component.h"
#include "graph/plan.h"

struct plug {
    const char *splitter;
    struct plan *component;
    size_t living; /* of the two */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const char definition[] = "components:\n"
                                 "  plug:\n"
                                 "    type: SubscribeTo\n"
                                 "    source: ${param:splitter}\n"
                                 "    boxes: {inbox: {when_full: block}}\n"
                                 "  component: ${param:component}\n"
                                 "linkages:\n"
                                 "  - plug -> component -> self\n"
                                 "  - self.inbox -> component.inbox\n"
                                 "  - self.control -> plug.control\n";

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "for the component, besides"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "pull out, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "what comes out of the component"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "its end"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXT(struct plug, splitter), .required = true,
     .doc = "name of the PlugSplitter, or of a Backplane"},
    {PARAM_GRAPH(struct plug, component), .required = true,
     .doc = "what to plug in: a type, a graph, or a mapping with type:"},
    {0},
};

static int plug_start(struct component *self)
{
    struct plug *plug = component_state(self);
    const struct component *child = NULL;

    while ((child = component_next_child(self, child)) != NULL) {
        plug->living++;
    }
    return 0;
}

static void plug_child_ended(struct component *self, struct component *child)
{
    struct plug *plug = component_state(self);
    struct component *other = NULL;

    if (--plug->living == 0) {
        component_finish(self);
        return;
    }
    while ((other = component_next_child(self, other)) != NULL) {
        component_tell(other, PRODUCER_FINISHED, NULL, 0); /* nothing more to do for it */
    }
}

const struct component_type plug_type = {
    .name = "Plug",
    .summary = "a component, plugged into a PlugSplitter",
    .size = sizeof(struct plug),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .definition = definition,
    .heeds_control = true,
    .start = plug_start,
    .child_ended = plug_child_ended,
};
