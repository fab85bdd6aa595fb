#include "graph/handover.h"

#include <string.h>

#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/parcel.h"
#include "graph/pipe.h"
#include "graph/plan.h"
#include "graph/workers.h"

enum { FORM = 1 }; /* of what is put into parcels */

/* ---- what can be handed over ---- */

const struct plan_component *handover_obstacle(const struct plan *plan)
{
    for (size_t i = 0; i < plan->component_count; i++) {
        const struct component_type *type = plan->components[i].type;

        if (!type->stateless && type->save == NULL) {
            return &plan->components[i];
        }
    }
    return NULL;
}

static uint64_t mix(uint64_t sum, const char *text)
{
    do {
        sum = (sum ^ (unsigned char)*text) * 1099511628211U; /* FNV-1a */
    } while (*text++ != '\0');
    return sum;
}

/* What two plans must have in common for a connection to change over: components and inboxes. */
static uint64_t form(const struct plan *plan)
{
    uint64_t sum = 14695981039346656037U + FORM;

    for (size_t i = 0; i < plan->component_count; i++) {
        const struct plan_component *component = &plan->components[i];

        sum = mix(mix(sum, component->path), component->type->name);
        for (unsigned j = 0; j < component->inboxes; j++) {
            sum = mix(sum, component->in[j].spec->name);
        }
    }
    return sum;
}

/* A component of a part that runs there, by its path; NULL: there is none. */
static struct component *find(const struct graph *part, const char *path)
{
    const struct plan_component *plan = plan_find(part->plan, path);
    struct component *component = plan != NULL ? graph_component(part, plan->index) : NULL;

    return component != NULL && component->state == RUNNING ? component : NULL;
}

/* The same in any part. */
static struct component *find_anywhere(struct graph *root, const char *path)
{
    struct component *found = NULL;

    for (unsigned i = 0; i < graph_parts(root) && found == NULL; i++) {
        found = find(graph_part(root, i), path);
    }
    return found;
}

/* The plan of the connections that a component would take over; NULL: it takes none. */
static const struct plan *protocol_of(struct component *component)
{
    return component != NULL && component->state == RUNNING && component->type->handed_over != NULL
               ? component->type->handed_over(component)
               : NULL;
}

/* ---- one component ---- */

static void save_message(struct message *msg, struct parcel *to)
{
    if (msg->kind == PIPED) {
        message_unpipe(msg);
    }
    parcel_put_number(to, msg->size);
    parcel_put(to, msg->data, msg->size);
}

/* What waits in an inbox; false: a notice does. */
static bool save_inbox(const struct inbox *in, struct parcel *to)
{
    const struct message *last =
        in != NULL && (in->box.flags & BOX_PASSES) == 0 ? in->box.last : NULL;
    const struct message *msg = last;

    parcel_put_number(to, last != NULL ? in->box.queued : 0);
    while (last != NULL) {
        msg = msg->next;
        if (msg->kind != DATA && msg->kind != PIPED) {
            return false;
        }
        save_message((struct message *)(uintptr_t)msg, to);
        if (msg == last) {
            break;
        }
    }
    return true;
}

static bool save_component(struct component *component, struct parcel *to)
{
    const unsigned ends = COMPONENT_TOLD | COMPONENT_STOP_ASKED | COMPONENT_ENDING;

    if (component->state != RUNNING || (component->flags & ends) != 0 ||
        (!component->type->stateless && component->type->save == NULL)) {
        return false;
    }
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        if (!save_inbox(component_have_inbox(component, i), to)) {
            return false;
        }
    }
    return component->type->save == NULL || component->type->save(component, to);
}

static bool restore_component(struct component *component, struct parcel *from)
{
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        for (uint64_t left = parcel_get_number(from); left > 0; left--) {
            const size_t size = parcel_get_number(from);
            const void *bytes = parcel_get(from, size);

            if (bytes == NULL) {
                return false;
            }
            inbox_put(component_need_inbox(component, i),
                      message_copy(component_pool(component), bytes, size));
        }
    }
    return !from->is_bad &&
           (component->type->restore == NULL || component->type->restore(component, from));
}

bool handover_save(struct graph *instance, struct parcel *to)
{
    for (size_t i = 0; i < graph_size(instance); i++) {
        if (!save_component(graph_component(instance, i), to)) {
            return false;
        }
    }
    return !to->is_bad;
}

bool handover_restore(struct graph *instance, struct parcel *from)
{
    for (size_t i = 0; i < graph_size(instance); i++) {
        if (!restore_component(graph_component(instance, i), from)) {
            return false;
        }
    }
    return true;
}

/* ---- there ---- */

void handover_offer(struct graph *root, struct parcel *to)
{
    char path[PATH_SIZE];

    for (size_t i = 0; i < root->plan->component_count; i++) {
        struct component *component = find_anywhere(root, root->plan->components[i].path);
        const struct plan *protocol = protocol_of(component);

        if (protocol != NULL || (component != NULL && component->type->adopt != NULL)) {
            parcel_put_text(to, component_path(component, path, sizeof(path)));
            parcel_put_number(to, protocol != NULL ? form(protocol) : 0);
        }
    }
}

/* One part after the other is given a connection, if it has that server and that handler. */
static bool choose(struct graph *root, const char *server, const char *handler,
                   struct component *found[2])
{
    const unsigned count = graph_parts(root);
    const unsigned first = (unsigned)(root->loop->connections->in_all % count);

    for (unsigned i = 0; i < count; i++) {
        const struct graph *part = graph_part(root, (first + i) % count);

        found[0] = find(part, server);
        found[1] = find(part, handler);
        if (found[0] != NULL && found[0]->type->adopt != NULL && protocol_of(found[1]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool unpack(struct graph *root, struct parcel *from)
{
    const char *server = parcel_get_text(from);
    const char *handler = parcel_get_text(from);
    struct component *found[2];
    struct component *socket;
    struct graph *instance;

    if (!choose(root, server, handler, found)) {
        return false;
    }
    socket = found[0]->type->adopt(found[0]);
    instance = found[1]->type->take_over(found[1], socket);
    if (!handover_restore(socket->graph, from) || !handover_restore(instance, from) ||
        graph_start_instance(instance) < 0 || graph_start_instance(socket->graph) < 0) {
        graph_destroy(socket->graph);
        graph_destroy(instance);
        return false;
    }
    return true;
}

bool handover_unpack(struct graph *root, struct parcel *from)
{
    struct workers *workers = root->loop->workers;
    bool is_unpacked;

    workers_halt(workers);
    is_unpacked = unpack(root, from);
    workers_release(workers);
    return is_unpacked;
}

/* ---- here ---- */

/* True if there is an offer for that path, of that form. */
static bool is_offered(struct parcel *offer, const struct component *component, uint64_t form)
{
    char path[PATH_SIZE];
    bool found = false;

    (void)component_path(component, path, sizeof(path));
    offer->read = 0;
    while (!found && !parcel_is_at_end(offer)) {
        const char *offered = parcel_get_text(offer);

        found = parcel_get_number(offer) == form && strcmp(offered, path) == 0;
    }
    return found;
}

/* Puts in one connection; false: it can't be handed over, or nobody wants it. */
static bool pack(struct graph *instance, struct parcel *offer, struct parcel *to)
{
    struct graph *socket = instance->peer;
    char path[PATH_SIZE];

    if (socket == NULL || !is_offered(offer, instance->holder, form(instance->plan)) ||
        !is_offered(offer, socket->holder, 0)) {
        return false;
    }
    parcel_put_text(to, component_path(socket->holder, path, sizeof(path)));
    parcel_put_text(to, component_path(instance->holder, path, sizeof(path)));
    return handover_save(socket, to) && handover_save(instance, to);
}

/* The other process has it: here its descriptors are closed, and nobody is told anything. */
static void let_go(struct graph *instance)
{
    graph_destroy(instance->peer);
    graph_destroy(instance);
}

/* What a handler has; false: one could not be sent. */
static bool pack_all(struct component *handler, const struct courier *courier, size_t *count)
{
    struct graph *instance = component_next_graph(handler, NULL);
    bool is_well = true;

    while (instance != NULL && is_well) {
        struct graph *next = component_next_graph(handler, instance);
        struct parcel parcel = {0};

        if (pack(instance, courier->offer, &parcel)) {
            is_well = courier->send(courier->arg, &parcel);
            if (is_well) {
                let_go(instance);
                (*count)++;
            }
        }
        parcel_deinit(&parcel, false);
        instance = next;
    }
    return is_well;
}

size_t handover_pack(struct graph *root, const struct courier *courier)
{
    struct workers *workers = root->loop->workers;
    size_t count = 0;
    bool is_well = true;

    workers_halt(workers);
    for (unsigned i = 0; i < graph_parts(root); i++) {
        const struct graph *part = graph_part(root, i);

        for (size_t j = 0; j < graph_size(part) && is_well; j++) {
            struct component *handler = graph_component(part, j);

            if (protocol_of(handler) != NULL) {
                is_well = pack_all(handler, courier, &count);
            }
        }
    }
    workers_release(workers);
    return count;
}
