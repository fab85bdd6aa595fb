/* What ByteRate_RequestControl and VariableByteRate_RequestControl have in common. */
#ifndef AXOND_COMPONENTS_UTIL_BYTE_RATE_REQUEST_CONTROL_H
#define AXOND_COMPONENTS_UTIL_BYTE_RATE_REQUEST_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "components/util/alarm.h"
#include "components/util/request_pace.h"
#include "graph/component.h"

struct byte_rate_request_control {
    size_t rate; /* parameters */
    size_t chunksize;
    int64_t chunkrate;
    bool allowchunkaggregation;
    struct request_pace pace;
    struct alarm alarm;
    uint64_t refused; /* statistic */
};

enum { REQUEST_CONTROL_MOST = 1 << 30 }; /* bytes per second */

extern const struct box_spec request_control_outboxes[];
extern const struct param_spec request_control_parameters[];

bool request_control_check(const void *state, const struct node *at, struct error *err);
int request_control_start(struct component *self);

/* Sends what is due, as far as there is room, and sets the alarm for the next. */
void request_control_run(struct component *self);
void request_control_stop(struct component *self);

#endif
