/* DataSource: sends the messages that it is given, then finishes.
 *
 *     DataSource {messages: [a, b]} [outbox] --> "a" "b" producerFinished
 *
 * It has no inbox, since it would never look at it. */
#include "components/util/text.h"

enum { MESSAGES_A_TURN = 64 };

struct data_source {
    struct texts messages; /* parameter */
    size_t next;           /* the message to be sent next */
};

enum { CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "send the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "the messages, in order"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "producerFinished after the last"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_TEXTS(struct data_source, messages), .required = true,
     .doc = "what to send, a message for each text"},
    {0},
};

static int data_source_start(struct component *self)
{
    component_wake(self);
    return 0;
}

static void data_source_run(struct component *self)
{
    struct data_source *source = component_state(self);
    int sent = 0;

    while (source->next < source->messages.count && outbox_has_room(self, OUTBOX)) {
        if (sent++ == MESSAGES_A_TURN) {
            component_wake(self);
            return;
        }
        text_send(self, OUTBOX, source->messages.items[source->next++]);
    }
    if (source->next == source->messages.count) {
        component_finish(self);
    }
}

/* True once all has been sent. */
static bool data_source_flush(struct component *self)
{
    const struct data_source *source = component_state(self);

    return source->next == source->messages.count;
}

const struct component_type data_source_type = {
    .name = "DataSource",
    .summary = "sends the messages that it is given, then finishes",
    .size = sizeof(struct data_source),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .start = data_source_start,
    .run = data_source_run,
    .flush = data_source_flush,
};
