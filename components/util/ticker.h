/* What Ticker and its namesakes have in common: they differ in their names and their usual interval
 * only. */
#ifndef AXOND_COMPONENTS_UTIL_TICKER_H
#define AXOND_COMPONENTS_UTIL_TICKER_H

#include <stdint.h>

#include "components/util/alarm.h"
#include "graph/component.h"

struct ticker {
    double interval; /* parameters */
    const char *message;
    struct message *tick; /* what is shared with each reader */
    double began;
    double paced;  /* the interval that ticks have had since then */
    uint64_t due;  /* ticks that have been due */
    uint64_t read; /* inbox_taken() of the reader once he has taken the last one */
    struct alarm alarm;
    uint64_t sent; /* statistics */
    uint64_t missed;
};

extern const struct box_spec ticker_inboxes[];
extern const struct box_spec ticker_outboxes[];
extern const struct stat_spec ticker_statistics[];

int ticker_start(struct component *self);
void ticker_run(struct component *self);
void ticker_changed(struct component *self);
void ticker_stop(struct component *self);

/* clang-format off */
#define TICKER_PARAMETERS(more)                                                                    \
    {PARAM_DURATION(struct ticker, interval), more, .changeable = true, .min = 0.001,                                  \
     .doc = "from one tick to the next"},                                                          \
    {PARAM_TEXT(struct ticker, message), .fallback = "tick", .changeable = true, .doc = "what is sent"}
/* clang-format on */

/* All of a type but its name, summary and parameters. */
#define TICKER                                                                                     \
    .size = sizeof(struct ticker), .inboxes = ticker_inboxes, .outboxes = ticker_outboxes,         \
    .statistics = ticker_statistics, .start = ticker_start, .run = ticker_run,                     \
    .changed = ticker_changed, .stop = ticker_stop

#endif
