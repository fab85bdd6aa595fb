/* Fanout: gives each of several a copy of whatever arrives.
 *
 *                              [a]          --> "x"
 *     "x" --> [inbox] Fanout   [a_signal]   --> the notice that ended us
 *                              [b]          --> "x"
 *                              [b_signal]   --> likewise
 *
 * The copies share their bytes.  All go on at the pace of the slowest: a message is taken only once
 * every outbox has room for it; give a slow one's inbox "when_full: drop_oldest" to change that.
 * Who has gone holds nobody up.  The original also sent data to outbox and signal; we don't. */
#include "graph/component.h"

struct fanout {
    struct texts boxnames; /* parameter */
};

enum { INBOX, CONTROL };
/* After signal come NAME and NAME_signal for each name. */
enum { SIGNAL, FIRST_NAME, FIRST_SIGNAL, STEP = FIRST_SIGNAL - SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "what all are to get"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "pass on the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "the notice that ended us, also on each NAME_signal"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXTS(struct fanout, boxnames), .required = true,
     .doc = "names of the outboxes; NAME gets the data, NAME_signal the notices"},
    {0},
};

static const struct texts *fanout_more_outboxes(const void *state)
{
    const struct fanout *fanout = state;

    return &fanout->boxnames;
}

static bool all_have_room(struct component *self)
{
    const struct fanout *fanout = component_state(self);
    unsigned outbox = FIRST_NAME;

    for (size_t i = 0; i < fanout->boxnames.count; i++, outbox += STEP) {
        if (!outbox_has_room(self, outbox)) {
            return false; /* when there is room we look at the rest */
        }
    }
    return true;
}

static void fanout_run(struct component *self)
{
    const struct fanout *fanout = component_state(self);
    struct message *msg;

    while (all_have_room(self) && (msg = inbox_take(self, INBOX)) != NULL) {
        unsigned outbox = FIRST_NAME;

        for (size_t i = 1; i < fanout->boxnames.count; i++, outbox += STEP) {
            outbox_send(self, outbox, message_share(component_pool(self), msg));
        }
        outbox_send(self, outbox, msg);
    }
}

/* Whatever ended us, all are told; unless another goes on in our place. */
static void fanout_stop(struct component *self)
{
    const struct fanout *fanout = component_state(self);
    const enum message_kind kind =
        component_is_told_to_stop(self) ? SHUTDOWN_MICROPROCESS : PRODUCER_FINISHED;
    unsigned outbox = FIRST_SIGNAL;

    for (size_t i = 0; i < fanout->boxnames.count && !component_is_kept(self);
         i++, outbox += STEP) {
        outbox_notify(self, outbox, kind, NULL, 0);
    }
}

const struct component_type fanout_type = {
    .name = "Fanout",
    .on_each_worker = true,
    .summary = "gives each of several a copy of whatever arrives",
    .size = sizeof(struct fanout),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .is_fanout = true,
    .more_outboxes = fanout_more_outboxes,
    .stateless = true,
    .run = fanout_run,
    .stop = fanout_stop,
};
