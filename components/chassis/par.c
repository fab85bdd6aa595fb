/* PAR: components side by side, as one.
 *
 *                 ┌─> a ─┐
 *     [inbox] ────┼─> b ─┼──> [outbox]       [control] --> all of them
 *                 └─> c ─┘                   all have ended --> [signal]
 *
 * What comes to inbox goes, as copies, to each that takes something (the loader puts a Fanout
 * there: all go on at the pace of the slowest), and what any of them makes goes out by outbox,
 * message by message.  No message is seen here.
 *
 * 1. It ends when all in it have, and only then says so on signal.  Who ends before the others does
 *    not hold them up.
 * 2. producerFinished on control reaches each behind its last copy, and those without an inbox at
 *    once; shutdownMicroprocess reaches all at once.  (The original did not wait for anybody then,
 *    threw away what came to inbox, and said the end of all when the first had ended.) */
#include "components/chassis/children.h"
#include "graph/plan.h"

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "copied to each that has an inbox"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "given to all"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "what any of them makes"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the end, once all have ended"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_CHILDREN("components"), .required = true,
     .doc = "a list of mappings with type: and parameters"},
    {0},
};

static void par_run(struct component *self)
{
    struct message *msg;

    if (component_is_told_to_stop(self)) {
        children_tell(self, SHUTDOWN_MICROPROCESS, 0);
    }
    while ((msg = inbox_take(self, CONTROL)) != NULL) {
        if (msg->kind != SHUTDOWN_MICROPROCESS) {
            (void)children_tell_unlinked(self, (enum message_kind)msg->kind, msg->error);
        }
        message_release(msg);
    }
    inbox_discard(self, INBOX); /* nobody takes anything, or no longer */
}

/* The Fanout that the loader has put before them: the file has nothing about it. */
static bool is_copier(const struct component *child)
{
    return child->type->is_fanout && child->plan->mapping == NULL;
}

static void par_child_ended(struct component *self, struct component *ended)
{
    struct component *copier = NULL;
    struct component *child = NULL;

    while ((child = component_next_child(self, child)) != NULL) {
        if (is_copier(child)) {
            copier = child;
        } else if (!component_is_over(child)) {
            return;
        }
    }
    if (copier != NULL && !component_is_over(copier)) {
        component_tell(copier, SHUTDOWN_MICROPROCESS, NULL, 0); /* nobody is left to copy for */
        return;
    }
    if (component_is_told_to_stop(self)) {
        outbox_notify(self, SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    }
    component_finish(self);
}

const struct component_type par_type = {
    .name = "PAR",
    .summary = "components side by side, as one",
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .chassis = CHASSIS_PARALLEL,
    .heeds_control = true,
    .run = par_run,
    .child_ended = par_child_ended,
};
