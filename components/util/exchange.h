/* The Exchange: the buses of a loop, by name (a service). */
#ifndef AXOND_COMPONENTS_UTIL_EXCHANGE_H
#define AXOND_COMPONENTS_UTIL_EXCHANGE_H

#include "graph/list.h"

struct component;

struct exchange {
    struct list buses;
};

/* The one of the component's loop, made by the first that asks; it lives as long as the loop. */
struct exchange *exchange_of(struct component *self);

#endif
