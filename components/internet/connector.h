/* Connector: what the TCPClients of a loop share, so that each costs little (a service). */
#ifndef AXOND_COMPONENTS_INTERNET_CONNECTOR_H
#define AXOND_COMPONENTS_INTERNET_CONNECTOR_H

struct blueprint;
struct component;
struct resolver;

struct connector {
    struct blueprint *csa; /* of a ConnectedSocketAdapter, compiled once */
    struct resolver *resolver;
};

/* The one of the component's loop, made by the first that asks; it lives as long as the loop. */
struct connector *connector_of(struct component *self);

#endif
