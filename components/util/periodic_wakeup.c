/* PeriodicWakeup: Ticker by the name that it has where it wakes something up now and then. */
#include "components/util/ticker.h"

static const struct param_spec parameters[] = {
    TICKER_PARAMETERS(.fallback = "5min"),
    {0},
};

const struct component_type periodic_wakeup_type = {
    .name = "PeriodicWakeup",
    .summary = "sends a message every five minutes, or at another interval, as Ticker",
    .parameters = parameters,
    TICKER,
};
