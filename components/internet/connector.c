#include "components/internet/connector.h"

#include "components/internet/connected_socket_adapter.h"
#include "components/internet/resolver.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/service.h"

enum { CONTROL };

struct connector *connector_of(struct component *self)
{
    return service_state(component_loop(self), "connector");
}

static int connector_start(struct component *self)
{
    struct connector *connector = component_state(self);
    struct plan *plan = plan_single(&connected_socket_adapter_type);

    plan->name = "csa";
    connector->csa = blueprint_create(component_loop(self), plan);
    plan_release(plan); /* the blueprint keeps it */
    connector->resolver = resolver_create(component_ev(self));
    return 0;
}

static void connector_stop(struct component *self)
{
    struct connector *connector = component_state(self);

    blueprint_release(connector->csa);
    resolver_destroy(connector->resolver);
}

static const struct box_spec inboxes[] = {
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "ends with its loop, not before"},
    {0},
};
static const struct box_spec outboxes[] = {
    {0},
};

const struct component_type connector_type = {
    .name = "Connector",
    .summary = "what the TCPClients of a loop share: the resolver of names (a service)",
    .size = sizeof(struct connector),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .service = "connector",
    .lasts = true,
    .heeds_control = true,
    .start = connector_start,
    .stop = connector_stop,
};
