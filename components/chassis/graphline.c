/* Graphline: components and the linkages between them, as one component.  A graph that the file
 * names under "graphs:" is one.
 *
 *     self.inbox --> a.inbox    a.outbox --> b.inbox    b.outbox --> self.outbox    ...
 *
 * The loader makes the linkages.  Self has the boxes that they name, and inbox, control, outbox and
 * signal; no message is seen here but where one of its inboxes is linked to nothing inside.
 *
 * 1. It ends when all in it have.
 * 2. Where self.control is not linked, each notice is given to every child whose own control
 *    nothing is linked to; the others hear of the end from their neighbours.  If there is none, as
 *    in a ring, all get shutdownMicroprocess.
 * 3. Where self.signal is not linked, the end of the last child is said there:
 *    shutdownMicroprocess if that had come, else producerFinished.
 * 4. What comes to an inbox that nothing inside is linked to, or no longer, is discarded. */
#include "components/chassis/children.h"
#include "graph/plan.h"

struct graphline {
    size_t living; /* children that have not ended */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "goes where self.inbox is linked to"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "likewise; else to every child without a linked control"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "what is linked to self.outbox"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "likewise; else how it ended, once all have"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_CHILDREN("components"), .required = true, .doc = "a mapping of names to components"},
    {PARAM_LINKAGES("linkages"), .doc = "between them, and to and from self"},
    {0},
};

static int graphline_start(struct component *self)
{
    struct graphline *graphline = component_state(self);

    graphline->living = children_count(self);
    return 0;
}

/* Some came, or went. */
static void graphline_changed(struct component *self)
{
    struct graphline *graphline = component_state(self);

    graphline->living = children_count(self);
}

static void graphline_run(struct component *self)
{
    struct message *msg;

    while ((msg = inbox_take(self, CONTROL)) != NULL) {
        const enum message_kind kind = (enum message_kind)msg->kind;

        if (children_tell_unlinked(self, kind, msg->error) == 0 && kind == SHUTDOWN_MICROPROCESS) {
            children_tell(self, kind, msg->error);
        }
        message_release(msg);
    }
    for (unsigned i = 0; i < self->plan->inboxes; i++) {
        inbox_discard(self, i);
    }
}

static void graphline_child_ended(struct component *self, struct component *child)
{
    struct graphline *graphline = component_state(self);

    if (--graphline->living > 0) {
        return;
    }
    if (component_is_told_to_stop(self) && (self->flags & COMPONENT_SIGNALLED) == 0) {
        outbox_notify(self, SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    }
    component_finish(self);
}

const struct component_type graphline_type = {
    .name = "Graphline",
    .on_each_worker = true,
    .summary = "components and the linkages between them, as one component",
    .size = sizeof(struct graphline),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .chassis = CHASSIS_GRAPH,
    .is_named_graph = true,
    .heeds_control = true,
    .stateless = true,
    .start = graphline_start,
    .changed = graphline_changed,
    .run = graphline_run,
    .child_ended = graphline_child_ended,
};
