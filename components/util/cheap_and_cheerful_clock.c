/* CheapAndCheerfulClock: Ticker by the name that it has in Kamaelia. */
#include "components/util/ticker.h"

static const struct param_spec parameters[] = {
    TICKER_PARAMETERS(.required = true),
    {0},
};

const struct component_type cheap_and_cheerful_clock_type = {
    .name = "CheapAndCheerfulClock",
    .summary = "sends a message at every interval, as Ticker",
    .parameters = parameters,
    TICKER,
};
