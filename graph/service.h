/* Services: components found by name rather than by linkage (Axon's CoordinatingAssistantTracker).
 *
 * A type that says .service = "selector" is a service: one component of it per loop, made when it
 * is first asked for.  An outbox whose table says .service = "selector" leads there, without a
 * linkage. Other components may register an inbox of theirs under a name; the name goes when they
 * end. */
#ifndef AXOND_GRAPH_SERVICE_H
#define AXOND_GRAPH_SERVICE_H

#include "graph/mem.h"

struct component;
struct inbox;
struct loop;

/* Registers an inbox.  name: borrowed, as long as the component lives.
 * Returns 0, also if it has the name already; -EEXIST if another has it. */
MUST_CHECK int service_register(struct loop *loop, const char *name, struct component *component,
                                struct inbox *inbox);

/* Takes the name back.  Returns 0, or -ENOENT. */
int service_deregister(struct loop *loop, const char *name);

/* The inbox of that name.  A service that is a type of its own is made when it is missing.  NULL:
 * there is none. */
struct inbox *service_find(struct loop *loop, const char *name);

/* The struct of the component that is the service of that name, made when it is missing: for those
 * who share more than messages.  Aborts if it can't be made. */
void *service_state(struct loop *loop, const char *name);

/* Ends the services that were made here; for loop_destroy(). */
void services_destroy(struct loop *loop);

/* Takes back all names of a component that ends. */
void service_forget(struct loop *loop, const struct component *component);

#endif
