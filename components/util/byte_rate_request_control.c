/* ByteRate_RequestControl: asks for data at a rate, a chunk at a time.
 *
 *     {rate: 100, chunkrate: 3} [outbox] --> "33" "33" "34" "33" …       three in a second
 *
 * Each message is a number of bytes, for a source that sends as much as it is asked for.  The sum
 * is exact over any time (request_pace.h): what was late, or had no room, is asked for afterwards,
 * in one number with allowchunkaggregation, else in as many as were missed. */
#include "components/util/byte_rate_request_control.h"

#include <inttypes.h>
#include <stdio.h>

#include "graph/error.h"

enum {
    REQUESTS_A_TURN = 64,
    USUAL_CHUNKRATE = 10,
};

enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    {.name = "control", .carries = NOTICES, .doc = "finish"},
    {0},
};
const struct box_spec request_control_outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = LINES, .doc = "how many bytes to send now, in digits"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
const struct param_spec request_control_parameters[] = {
    {PARAM_SIZE(struct byte_rate_request_control, rate), .fallback = "100000", .min = 1,
     .max = REQUEST_CONTROL_MOST, .doc = "bytes to ask for in a second"},
    {PARAM_SIZE(struct byte_rate_request_control, chunksize), .fallback = "0",
     .max = REQUEST_CONTROL_MOST, .doc = "bytes to ask for at a time; 0: as chunkrate says"},
    {PARAM_INT(struct byte_rate_request_control, chunkrate), .fallback = "0", .max = 10000,
     .unit = "requests", .doc = "how often to ask in a second; 0: 10, or as chunksize says"},
    {PARAM_BOOL(struct byte_rate_request_control, allowchunkaggregation), .fallback = "false",
     .doc = "after a delay, ask for all that was missed at once"},
    {0},
};

static int64_t chunkrate_of(const struct byte_rate_request_control *control)
{
    return control->chunkrate > 0 ? control->chunkrate : USUAL_CHUNKRATE;
}

bool request_control_check(const void *state, const struct node *at, struct error *err)
{
    const struct byte_rate_request_control *control = state;

    if (control->chunksize > 0 && control->chunkrate > 0) {
        return error_set(err, at, "chunksize and chunkrate: give one of them, not both");
    }
    if (control->chunksize == 0 && control->rate < (size_t)chunkrate_of(control)) {
        return error_set(err, at,
                         "a rate of %zu in %" PRId64
                         " requests a second makes less than a byte for each; give a smaller "
                         "chunkrate, or a chunksize",
                         control->rate, chunkrate_of(control));
    }
    return true;
}

int request_control_start(struct component *self)
{
    struct byte_rate_request_control *control = component_state(self);
    const double chunk = control->chunksize > 0
                             ? (double)control->chunksize
                             : (double)control->rate / (double)chunkrate_of(control);

    pace_init(&control->pace, (double)control->rate, chunk, steady_now());
    component_wake(self);
    return 0;
}

static uint64_t take(struct byte_rate_request_control *control, double now)
{
    return control->allowchunkaggregation ? pace_take_all(&control->pace, now)
                                          : pace_take(&control->pace, now);
}

void request_control_run(struct component *self)
{
    struct byte_rate_request_control *control = component_state(self);
    const double now = steady_now();
    char digits[24];
    int sent = 0;

    alarm_stop(self, &control->alarm);
    while (outbox_has_room(self, OUTBOX)) {
        uint64_t bytes;

        if (sent++ == REQUESTS_A_TURN) {
            component_wake(self);
            return;
        }
        bytes = take(control, now);
        if (bytes == 0) {
            alarm_set(self, &control->alarm, pace_wait(&control->pace, now));
            return;
        }
        outbox_send(self, OUTBOX,
                    message_copy(component_pool(self), digits,
                                 (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, bytes)));
    }
}

void request_control_stop(struct component *self)
{
    struct byte_rate_request_control *control = component_state(self);

    alarm_stop(self, &control->alarm);
}

const struct component_type byte_rate_request_control_type = {
    .name = "ByteRate_RequestControl",
    .summary = "asks for data at a rate, a chunk at a time",
    .size = sizeof(struct byte_rate_request_control),
    .inboxes = inboxes,
    .outboxes = request_control_outboxes,
    .parameters = request_control_parameters,
    .check = request_control_check,
    .start = request_control_start,
    .run = request_control_run,
    .stop = request_control_stop,
};
