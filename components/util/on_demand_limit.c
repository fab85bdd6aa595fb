/* OnDemandLimit: hands on one message for each "NEXT".
 *
 *     someone --> [inbox]        OnDemandLimit [outbox] --> one message for each NEXT
 *      "NEXT" --> [slidecontrol]
 *
 * A NEXT that finds no message stands until one comes.  What nobody has asked for waits in the
 * inbox, and then with its senders; after producerFinished, too: the last message goes with the
 * last NEXT that is needed. */
#include "components/util/text.h"
#include "graph/component.h"

struct on_demand_limit {
    uint64_t demand;  /* statistic: NEXT that found no message yet */
    uint64_t refused; /* statistic */
};

enum { INBOX, SLIDECONTROL, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "what waits to be asked for"},
    [SLIDECONTROL] = {.name = "slidecontrol",
                      .carries = BYTES,
                      .required = true,
                      .doc = "NEXT, alone in a message, for each message that is wanted"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "finish when the last message has been asked for"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "what was asked for, in order"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct on_demand_limit, demand), .unit = "messages", .is_gauge = true,
     .doc = "asked for that have not come yet"},
    {STAT(struct on_demand_limit, refused), .unit = "messages", .is_worrying = true,
     .doc = "on slidecontrol that were not NEXT"},
    {0},
};

static void on_demand_limit_run(struct component *self)
{
    struct on_demand_limit *limit = component_state(self);
    struct message *msg;

    while ((msg = inbox_take(self, SLIDECONTROL)) != NULL) {
        if (text_says(msg, "NEXT")) {
            limit->demand++;
        } else {
            limit->refused++;
        }
        message_release(msg);
    }
    while (limit->demand > 0 && outbox_has_room(self, OUTBOX) &&
           (msg = inbox_take(self, INBOX)) != NULL) {
        limit->demand--;
        outbox_send(self, OUTBOX, msg);
    }
}

const struct component_type on_demand_limit_type = {
    .name = "OnDemandLimit",
    .summary = "hands on one message for each NEXT",
    .size = sizeof(struct on_demand_limit),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .statistics = statistics,
    .run = on_demand_limit_run,
};
