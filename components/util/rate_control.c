/* RateControl: lets so many bytes of a stream pass in a second, and no more.
 *
 *     someone --> [inbox] RateControl [outbox] --> someone else, at his pace or slower
 *
 * Nothing is dropped or copied: a message that is too long goes on in slices, and what may not pass
 * yet waits in the inbox, until its senders wait, too.  Behind a socket that is its peer:
 *
 *     self -> up -> server -> down -> self      up and down: RateControl; server: a TCPClient
 *
 * A timer runs only while bytes wait for their time.  It is worth so long that no more than
 * SLICES_PER_SECOND come of a stream. */
#include "components/util/alarm.h"
#include "components/util/token_bucket.h"
#include "graph/component.h"

#define MOST_BYTES 1099511627776.0 /* 1 TiB */

enum {
    SLICES_PER_SECOND = 50,
    BURSTS_PER_SECOND = 10, /* of the usual burst */
};

struct rate_control {
    size_t rate; /* parameters */
    size_t burst;
    struct token_bucket bucket;
    struct alarm alarm;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "what waits for its time"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "hand on the rest at the same pace, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "the same bytes"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_SIZE(struct rate_control, rate), .changeable = true, .required = true, .min = 1,
     .max = MOST_BYTES, .doc = "bytes that may pass in a second"},
    {PARAM_SIZE(struct rate_control, burst), .changeable = true, .fallback = "0", .max = MOST_BYTES,
     .doc = "bytes that may pass at once after a silence; 0: a tenth of rate"},
    {0},
};

static size_t at_least_one(size_t size)
{
    return size > 0 ? size : 1;
}

static double burst_of(const struct rate_control *control)
{
    return (double)(control->burst > 0 ? control->burst
                                       : at_least_one(control->rate / BURSTS_PER_SECOND));
}

static int rate_control_start(struct component *self)
{
    struct rate_control *control = component_state(self);

    bucket_init(&control->bucket, (double)control->rate, burst_of(control), steady_now());
    return 0;
}

static void rate_control_changed(struct component *self)
{
    struct rate_control *control = component_state(self);

    bucket_change(&control->bucket, (double)control->rate, burst_of(control), steady_now());
}

/* What is worth sending by itself: all of a short message, a slice of a long one. */
static size_t worth_sending(const struct rate_control *control, size_t size)
{
    const size_t slice = at_least_one(control->rate / SLICES_PER_SECOND);
    const size_t least =
        (double)slice < control->bucket.burst ? slice : (size_t)control->bucket.burst;

    return size < least ? size : least;
}

/* Sends the first message, or as much of it as may pass.  False: the turn is over. */
static bool send_some(struct component *self, const struct message *first)
{
    struct rate_control *control = component_state(self);
    const size_t most = bucket_allowance(&control->bucket);
    size_t size = message_size(first);
    struct message *msg;

    if (size <= most) {
        msg = inbox_take(self, INBOX);
    } else {
        size = most;
        msg = message_slice(component_pool(self), first, 0, size);
        inbox_consume(self, INBOX, size);
    }
    if (msg != NULL) {
        bucket_take(&control->bucket, size);
        outbox_send(self, OUTBOX, msg);
    }
    return msg != NULL;
}

static void rate_control_run(struct component *self)
{
    struct rate_control *control = component_state(self);
    const struct message *first;
    size_t wanted;

    if (inbox_is_empty(self, INBOX)) {
        return;
    }
    bucket_refill(&control->bucket, steady_now());
    alarm_stop(self, &control->alarm);
    while (outbox_has_room(self, OUTBOX) && (first = inbox_peek(self, INBOX)) != NULL) {
        wanted = worth_sending(control, message_size(first));
        if (bucket_allowance(&control->bucket) < wanted) {
            alarm_set(self, &control->alarm, bucket_wait(&control->bucket, wanted));
            return;
        }
        if (!send_some(self, first)) {
            return;
        }
    }
}

static void rate_control_stop(struct component *self)
{
    struct rate_control *control = component_state(self);

    alarm_stop(self, &control->alarm);
}

const struct component_type rate_control_type = {
    .name = "RateControl",
    .summary = "lets so many bytes of a stream pass in a second, and no more",
    .size = sizeof(struct rate_control),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .start = rate_control_start,
    .run = rate_control_run,
    .changed = rate_control_changed,
    .stop = rate_control_stop,
};
