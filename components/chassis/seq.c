/* Seq: components one after another, as one component.
 *
 *     [inbox] ══> first ══> [outbox]     then   [inbox] ══> second ══> [outbox]     then ...
 *
 * Each begins when the one before has ended, and has the boxes of Seq meanwhile.  What comes to
 * inbox while the present one has no inbox waits for one that has.
 *
 * 1. The end of one is not said on signal, so that whoever follows goes on; when the last has
 * ended, producerFinished is.
 * 2. One that fails, or can't start, ends all: what follows may have relied on it.  Seq then fails.
 * 3. producerFinished on control: nothing more comes in.  The present one is told so, and each that
 *    follows, once it has begun; all are carried out.  (The original heard nothing on control.)
 * 4. shutdownMicroprocess: the present one is told, none is begun any more, and Seq ends with it.
 */
#include "components/chassis/held_graph.h"
#include "graph/plan.h"

struct seq {
    struct plans components;

    struct list children;
    struct graph *child; /* NULL: none */
    bool is_finishing;   /* producerFinished has come */
    bool is_told;        /* and the present one knows */
    bool is_stopping;    /* shutdownMicroprocess has come */
    uint64_t begun;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "the present one's inbox"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "producerFinished: nothing more comes, carry out the rest; "
                        "shutdownMicroprocess: end the present one, begin no other"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "the present one's outbox"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "producerFinished after the last; the end of one is not said"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_GRAPHS(struct seq, components), .required = true,
     .doc = "a list of types, graphs or mappings with type:, first to last"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct seq, begun), .unit = "components", .is_gauge = true,
     .doc = "the place in the list of the present one, from 1"},
    {0},
};

static void fail(struct component *self, const struct graph *child)
{
    const struct seq *seq = component_state(self);
    char why[400] = "";

    (void)held_failure(child, why, sizeof(why));
    (void)component_fail(self, 0, "%s; %zu of %zu were still to come", why,
                         seq->components.count - (size_t)seq->begun, seq->components.count);
}

static void begin_next(struct component *self)
{
    struct seq *seq = component_state(self);
    struct plan *plan = seq->components.items[seq->begun++];
    struct blueprint *blueprint = blueprint_create(component_loop(self), plan);
    struct graph *child = blueprint_instantiate(blueprint, self, seq->begun);

    blueprint_release(blueprint); /* it goes with the child */
    seq->child = child;
    seq->is_told = false;
    held_pass_into(child, EDGE_INBOX, self, INBOX);
    held_pass_out(child, EDGE_OUTBOX, self, OUTBOX);
    if (graph_start_instance(child) < 0) {
        graph_destroy(child);
    }
}

static void seq_graph_ended(struct component *self, struct graph *child)
{
    struct seq *seq = component_state(self);

    seq->child = NULL;
    if (graph_failed(child) != NULL && !seq->is_stopping) {
        fail(self, child);
    } else {
        component_wake(self);
    }
}

static void heed_control(struct component *self)
{
    struct seq *seq = component_state(self);
    struct message *msg;

    if (component_is_told_to_stop(self) && !seq->is_stopping) {
        seq->is_stopping = true;
        if (seq->child != NULL) {
            graph_stop(seq->child);
        }
    }
    while ((msg = inbox_take(self, CONTROL)) != NULL) {
        seq->is_finishing |= msg->kind == PRODUCER_FINISHED;
        message_release(msg);
    }
}

static void seq_run(struct component *self)
{
    struct seq *seq = component_state(self);

    heed_control(self);
    if (seq->child == NULL && seq->is_stopping) {
        outbox_notify(self, SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
        component_finish(self);
        return;
    }
    if (seq->child == NULL && seq->begun < seq->components.count) {
        begin_next(self); /* if it has ended already, we are run again */
    }
    if (seq->child != NULL && seq->is_finishing && !seq->is_told) {
        seq->is_told = true;
        graph_finish(seq->child);
    }
    if (seq->child == NULL && seq->begun == seq->components.count) {
        component_finish(self);
    }
}

static int seq_start(struct component *self)
{
    struct seq *seq = component_state(self);

    list_init(&seq->children);
    component_wake(self);
    return 0;
}

const struct component_type seq_type = {
    .name = "Seq",
    .summary = "components one after another, as one component",
    .size = sizeof(struct seq),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .heeds_control = true,
    .children = offsetof(struct seq, children),
    .start = seq_start,
    .run = seq_run,
    .graph_ended = seq_graph_ended,
};
