#include "graph/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/plan.h"

struct service {
    struct list link; /* in the loop's services */
    const char *name;
    struct component *component;
    struct inbox *inbox;
    struct graph *graph; /* of a service made here; else NULL */
};

static struct service *find(struct loop *loop, const char *name)
{
    struct list *at;

    list_for_each (at, &loop->services) {
        struct service *service = container_of(at, struct service, link);

        if (service->name == name || strcmp(service->name, name) == 0) {
            return service;
        }
    }
    return NULL;
}

int service_register(struct loop *loop, const char *name, struct component *component,
                     struct inbox *inbox)
{
    struct service *service = find(loop, name);

    if (service != NULL) { /* its own: it has kept the name over a restart */
        return service->component == component && service->inbox == inbox ? 0 : -EEXIST;
    }
    service = mem_alloc(sizeof(*service));
    service->name = name;
    service->component = component;
    service->inbox = inbox;
    component->serves = true;
    list_append(&loop->services, &service->link);
    return 0;
}

static void forget(struct service *service)
{
    list_remove(&service->link);
    free(service);
}

int service_deregister(struct loop *loop, const char *name)
{
    struct service *service = find(loop, name);

    if (service == NULL) {
        return -ENOENT;
    }
    forget(service);
    return 0;
}

/* Makes the component of a type that is a service. */
static __attribute__((cold, noinline)) struct service *make(struct loop *loop, const char *name)
{
    const struct component_type *const *type = loop->types;
    struct service *service;
    char text[256];
    struct graph *graph;

    while (*type != NULL && ((*type)->service == NULL || strcmp((*type)->service, name) != 0)) {
        type++;
    }
    if (*type == NULL) {
        return NULL;
    }
    graph = graph_start_service(loop, plan_single(*type), text, sizeof(text));
    if (graph == NULL) {
        loop_log(loop, LOG_LEVEL_ERROR, NULL, "service %s: %s", name, text);
        return NULL;
    }
    REQUIRE(service_register(loop, (*type)->service, graph_component(graph, 0),
                             component_inbox(graph_component(graph, 0), 0)) == 0);
    service = find(loop, name);
    REQUIRE(service != NULL);
    service->graph = graph;
    return service;
}

/* Not inline: most rare outboxes lead to no service, and need not pay for the search. */
__attribute__((noinline)) struct inbox *service_find(struct loop *loop, const char *name)
{
    struct service *service = find(loop, name);

    if (service == NULL) {
        service = make(loop, name);
    }
    return service != NULL ? service->inbox : NULL;
}

void *service_state(struct loop *loop, const char *name)
{
    struct inbox *in = service_find(loop, name);

    REQUIRE(in != NULL);
    return component_state(box_owner(&in->box));
}

void service_forget(struct loop *loop, const struct component *component)
{
    struct list *at;
    struct list *after;

    list_for_each_safe (at, after, &loop->services) {
        struct service *service = container_of(at, struct service, link);

        if (service->component == component) {
            forget(service);
        }
    }
}

void services_destroy(struct loop *loop)
{
    while (!list_is_empty(&loop->services)) {
        struct service *service = container_of(loop->services.next, struct service, link);

        if (service->graph != NULL) {
            graph_destroy(service->graph); /* its component ends, which takes the name back */
        } else {
            forget(service);
        }
    }
}
