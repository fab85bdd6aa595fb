/* Ticker: sends a message at every interval.
 *
 *     Ticker {interval: 1s} [outbox] --> "tick" "tick" "tick" …
 *
 * The n-th tick is due n intervals after the start, however late those before it were: nothing adds
 * up.  A reader who has not taken the last one gets no other until he has; what he misses by that,
 * and what a held up loop is too late for, is counted and not made up for. */
#include "components/util/ticker.h"

#include <string.h>

enum { OUTBOX, SIGNAL };

const struct box_spec ticker_inboxes[] = {
    {.name = "control", .carries = NOTICES, .doc = "finish"},
    {0},
};
const struct box_spec ticker_outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = LINES, .doc = "message, at every interval"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
const struct stat_spec ticker_statistics[] = {
    {STAT(struct ticker, sent), .unit = "messages", .doc = "ticks in all"},
    {STAT(struct ticker, missed), .unit = "messages",
     .doc = "ticks not sent, as the reader had not taken the last one or the time was over"},
    {0},
};
static const struct param_spec parameters[] = {
    TICKER_PARAMETERS(.fallback = "1s"),
    {0},
};

static void wait_for_next(struct component *self, double now)
{
    struct ticker *ticker = component_state(self);

    alarm_set(self, &ticker->alarm,
              ticker->began + (double)(ticker->due + 1) * ticker->interval - now);
}

static void make_tick(struct component *self)
{
    struct ticker *ticker = component_state(self);

    ticker->tick = message_copy(component_pool(self), ticker->message, strlen(ticker->message));
    message_compact(ticker->tick);
}

int ticker_start(struct component *self)
{
    struct ticker *ticker = component_state(self);

    make_tick(self);
    ticker->began = steady_now();
    ticker->paced = ticker->interval;
    wait_for_next(self, ticker->began);
    return 0;
}

/* Another interval counts from the last tick on. */
void ticker_changed(struct component *self)
{
    struct ticker *ticker = component_state(self);

    message_release(ticker->tick);
    make_tick(self);
    if (ticker->paced < ticker->interval || ticker->paced > ticker->interval) {
        ticker->began += (double)ticker->due * ticker->paced;
        ticker->due = 0;
        ticker->paced = ticker->interval;
    }
}

/* True if the reader is ready for another.  Where messages are read in order, counting is enough.
 */
static bool is_wanted(struct component *self)
{
    const struct ticker *ticker = component_state(self);
    const struct inbox *sink = component_common_outbox(self, OUTBOX)->sink;

    return sink != NULL && !inbox_is_full(sink) &&
           (sink->box.queued == 0 || inbox_taken(sink) >= ticker->read);
}

static void send_tick(struct component *self)
{
    struct ticker *ticker = component_state(self);
    const struct inbox *sink = component_common_outbox(self, OUTBOX)->sink;

    ticker->sent++;
    ticker->read = inbox_taken(sink) + sink->box.queued + 1;
    outbox_send(self, OUTBOX, message_share(component_pool(self), ticker->tick));
}

void ticker_run(struct component *self)
{
    struct ticker *ticker = component_state(self);
    const double now = steady_now();
    const uint64_t due = (uint64_t)((now - ticker->began) / ticker->interval);

    if (due > ticker->due) {
        ticker->missed += due - ticker->due - 1;
        ticker->due = due;
        if (is_wanted(self)) {
            send_tick(self);
        } else {
            ticker->missed++;
        }
    }
    wait_for_next(self, now);
}

void ticker_stop(struct component *self)
{
    struct ticker *ticker = component_state(self);

    alarm_stop(self, &ticker->alarm);
    if (ticker->tick != NULL) {
        message_release(ticker->tick);
        ticker->tick = NULL;
    }
}

const struct component_type ticker_type = {
    .name = "Ticker",
    .summary = "sends a message at every interval",
    .parameters = parameters,
    TICKER,
};
