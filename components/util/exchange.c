#include "components/util/exchange.h"

#include "graph/component.h"
#include "graph/service.h"

enum { CONTROL };

struct exchange *exchange_of(struct component *self)
{
    return service_state(component_loop(self), "exchange");
}

static int exchange_start(struct component *self)
{
    struct exchange *exchange = component_state(self);

    list_init(&exchange->buses);
    return 0;
}

static const struct box_spec inboxes[] = {
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "ends with its loop, not before"},
    {0},
};
static const struct box_spec outboxes[] = {
    {0},
};

const struct component_type exchange_type = {
    .name = "Exchange",
    .summary = "the names of a loop's Backplanes and PlugSplitters (a service)",
    .size = sizeof(struct exchange),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .service = "exchange",
    .heeds_control = true,
    .start = exchange_start,
};
