/* MessageRateLimit: hands on so many messages a second, and no more.
 *
 *     someone --> [inbox] MessageRateLimit [outbox] --> someone else, at his pace or slower
 *
 * Nothing is dropped: what may not pass yet waits in the inbox, and once that is full its senders
 * wait, too.  (The original's hardlimit is the bound of the inbox: boxes: {inbox: {size: 10}}.)  A
 * timer runs only while a message waits for its time.
 *
 * With a buffer the first message is held back until so many have come, or no more will come: they
 * wait here, beside those in the inbox. */
#include <stdlib.h>
#include <string.h>

#include "components/util/alarm.h"
#include "components/util/token_bucket.h"
#include "graph/component.h"
#include "graph/document.h"

struct message_rate_limit {
    double messages_per_second; /* parameters */
    int64_t burst;
    int64_t buffer;
    bool is_flowing;          /* the buffer has been filled */
    struct message *buffered; /* oldest first, by .next */
    struct message **end;     /* where the next one goes */
    int64_t count;            /* of them */
    struct token_bucket bucket;
    struct alarm alarm;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = ANYTHING, .doc = "what waits for its time"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "hand on the rest at the same pace, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = ANYTHING, .doc = "the same, in the same order"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};

/* A decimal number; .accepts says which. */
static bool parse_rate(const struct node *node, void *field, struct arena *arena, struct error *err)
{
    static const char digits[] = "0123456789.";
    double rate;
    char *end;

    if (node->kind != NODE_SCALAR || node->text[0] == '\0' ||
        node->text[strspn(node->text, digits)] != '\0') {
        return false;
    }
    rate = strtod(node->text, &end);
    if (*end != '\0' || rate < 0.001 || rate > 1e6) {
        return false;
    }
    *(double *)field = rate;
    return true;
}

static const struct param_spec parameters[] = {
    {PARAM_CUSTOM(struct message_rate_limit, messages_per_second), .changeable = true,
     .parse = parse_rate, .required = true,
     .accepts = "a number from 0.001 to 1000000, such as 10 or 0.5",
     .schema = "{'type': ['number', 'string'], 'minimum': 0.001, 'maximum': 1000000,"
               " 'pattern': '^[0-9.]+$'}",
     .doc = "how many may pass in a second, evenly spaced"},
    {PARAM_INT(struct message_rate_limit, burst), .changeable = true, .fallback = "1", .min = 1,
     .max = 1000000, .unit = "messages", .doc = "how many may pass at once after a silence"},
    {PARAM_INT(struct message_rate_limit, buffer), .fallback = "0", .max = 10000,
     .unit = "messages", .doc = "how many have to come before the first one passes"},
    {0},
};

static int message_rate_limit_start(struct component *self)
{
    struct message_rate_limit *limit = component_state(self);

    limit->end = &limit->buffered;
    bucket_init(&limit->bucket, limit->messages_per_second, (double)limit->burst, steady_now());
    return 0;
}

static void message_rate_limit_changed(struct component *self)
{
    struct message_rate_limit *limit = component_state(self);

    bucket_change(&limit->bucket, limit->messages_per_second, (double)limit->burst, steady_now());
}

/* Takes what comes into the buffer.  True once the messages may go on. */
static bool fill_buffer(struct component *self)
{
    struct message_rate_limit *limit = component_state(self);
    struct message *msg;

    while (limit->count < limit->buffer && (msg = inbox_take(self, INBOX)) != NULL) {
        msg->next = NULL;
        *limit->end = msg;
        limit->end = &msg->next;
        limit->count++;
    }
    limit->is_flowing = limit->count == limit->buffer ||
                        (inbox_is_empty(self, INBOX) && !inbox_is_empty(self, CONTROL));
    return limit->is_flowing;
}

/* The oldest message, or NULL: there is none, or the turn is over. */
static struct message *next_message(struct component *self)
{
    struct message_rate_limit *limit = component_state(self);
    struct message *msg = limit->buffered;

    if (msg == NULL) {
        return inbox_take(self, INBOX);
    }
    limit->buffered = msg->next;
    return msg;
}

static bool has_message(struct component *self)
{
    const struct message_rate_limit *limit = component_state(self);

    return limit->buffered != NULL || !inbox_is_empty(self, INBOX);
}

static void message_rate_limit_run(struct component *self)
{
    struct message_rate_limit *limit = component_state(self);
    struct message *msg;

    if ((!limit->is_flowing && !fill_buffer(self)) || !has_message(self)) {
        return;
    }
    bucket_refill(&limit->bucket, steady_now());
    alarm_stop(self, &limit->alarm);
    while (outbox_has_room(self, OUTBOX) && has_message(self)) {
        if (bucket_allowance(&limit->bucket) == 0) {
            alarm_set(self, &limit->alarm, bucket_wait(&limit->bucket, 1));
            return;
        }
        msg = next_message(self);
        if (msg == NULL) {
            return;
        }
        bucket_take(&limit->bucket, 1);
        outbox_send(self, OUTBOX, msg);
    }
}

/* True once what was buffered has had its time. */
static bool message_rate_limit_flush(struct component *self)
{
    return !has_message(self);
}

static void message_rate_limit_stop(struct component *self)
{
    struct message_rate_limit *limit = component_state(self);
    struct message *msg;

    alarm_stop(self, &limit->alarm);
    while ((msg = limit->buffered) != NULL) {
        limit->buffered = msg->next;
        message_release(msg);
    }
}

const struct component_type message_rate_limit_type = {
    .name = "MessageRateLimit",
    .summary = "hands on so many messages a second, and no more",
    .size = sizeof(struct message_rate_limit),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .start = message_rate_limit_start,
    .run = message_rate_limit_run,
    .changed = message_rate_limit_changed,
    .flush = message_rate_limit_flush,
    .stop = message_rate_limit_stop,
};
