/* FortuneCookieProtocol: tells a fortune, as if somebody typed it, and closes the connection.
 *
 *     self <-- [outbox] FortuneCookieProtocol     "N" "e" "v" "e" "r" …, then producerFinished
 *
 * Each connection gets one of the texts at random.  It is told to its end even if the client has
 * finished sending.  What the client says is not read. */
#include <stdlib.h>

#include "components/protocol/fortunes.h"
#include "components/util/alarm.h"
#include "components/util/token_bucket.h"
#include "graph/component.h"

enum { SLICES_PER_SECOND = 50 }; /* at most */

struct fortune_cookie_protocol {
    struct fortunes fortunes; /* parameters */
    int64_t rate;
    struct message *rest; /* what is not told yet; NULL: it is over */
    struct token_bucket bucket;
    struct alarm alarm;
};

enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    {.name = "control", .carries = NOTICES, .doc = "tell the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "the fortune, bit by bit"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "producerFinished after it"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_CUSTOM(struct fortune_cookie_protocol, fortunes), .parse = fortunes_parse,
     .is_same = fortunes_are_same, .required = true, .accepts = FORTUNES_ACCEPTED,
     .schema = FORTUNES_SCHEMA,
     .doc = "texts with lines of % between them; relative to the graph's file, read with it"},
    {PARAM_INT(struct fortune_cookie_protocol, rate), .fallback = "40", .min = 1, .max = 1000000,
     .unit = "characters", .doc = "told in a second"},
    {0},
};

static int fortune_cookie_protocol_start(struct component *self)
{
    struct fortune_cookie_protocol *cookie = component_state(self);
    const struct fortune *fortune =
        &cookie->fortunes.items[arc4random_uniform((uint32_t)cookie->fortunes.count)];
    const int64_t slice = cookie->rate / SLICES_PER_SECOND;

    cookie->rest = message_copy(component_pool(self), fortune->text, fortune->size);
    message_compact(cookie->rest);
    bucket_init(&cookie->bucket, (double)cookie->rate, slice > 0 ? (double)slice : 1.0,
                steady_now());
    component_wake(self);
    return 0;
}

/* Tells as much as may be told. */
static void tell(struct component *self, size_t size)
{
    struct fortune_cookie_protocol *cookie = component_state(self);
    struct message *msg = cookie->rest;

    bucket_take(&cookie->bucket, size);
    cookie->rest = NULL;
    if (size < message_size(msg)) {
        struct pool *pool = component_pool(self);
        struct message *slice = message_slice(pool, msg, 0, size);

        cookie->rest = message_slice(pool, msg, size, message_size(msg) - size);
        message_release(msg);
        msg = slice;
    }
    outbox_send(self, OUTBOX, msg);
}

static void fortune_cookie_protocol_run(struct component *self)
{
    struct fortune_cookie_protocol *cookie = component_state(self);

    if (cookie->rest == NULL || !outbox_has_room(self, OUTBOX)) {
        return;
    }
    bucket_refill(&cookie->bucket, steady_now());
    if (bucket_allowance(&cookie->bucket) > 0) {
        const size_t allowance = bucket_allowance(&cookie->bucket);
        const size_t size = message_size(cookie->rest);

        tell(self, allowance < size ? allowance : size);
    }
    if (cookie->rest == NULL) {
        component_finish(self);
    } else {
        alarm_set(self, &cookie->alarm,
                  bucket_wait(&cookie->bucket, (uint64_t)cookie->bucket.burst));
    }
}

static bool fortune_cookie_protocol_flush(struct component *self)
{
    const struct fortune_cookie_protocol *cookie = component_state(self);

    return cookie->rest == NULL;
}

static void fortune_cookie_protocol_stop(struct component *self)
{
    struct fortune_cookie_protocol *cookie = component_state(self);

    alarm_stop(self, &cookie->alarm);
    if (cookie->rest != NULL) {
        message_release(cookie->rest);
        cookie->rest = NULL;
    }
}

const struct component_type fortune_cookie_protocol_type = {
    .name = "FortuneCookieProtocol",
    .summary = "tells a fortune, and closes the connection",
    .size = sizeof(struct fortune_cookie_protocol),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .start = fortune_cookie_protocol_start,
    .run = fortune_cookie_protocol_run,
    .flush = fortune_cookie_protocol_flush,
    .stop = fortune_cookie_protocol_stop,
};
