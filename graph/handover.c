#include "graph/handover.h"

#include <string.h>

#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/parcel.h"
#include "graph/pipe.h"
#include "graph/plan.h"
#include "graph/workers.h"

enum { FORM = 2 }; /* of what is put into parcels */

/* What is told of a component itself. */
enum {
    HAS_SIGNALLED = 1 << 0, /* it said on signal that it has finished */
    WAS_TOLD = 1 << 1,
    FINISH_IS_HELD = 1 << 2, /* one of those who lead to control has finished, others have not */
};

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

/* The plan of the connections that a component would take over; NULL: it takes none, or there is no
 * component. */
static const struct plan *protocol_of(struct component *component)
{
    if (component == NULL || component->state != RUNNING || component->type->handed_over == NULL) {
        return NULL;
    }
    return component->type->handed_over(component);
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

/* What waits in an inbox; false: something that can't go along. */
static bool save_inbox(const struct inbox *in, struct parcel *to)
{
    const struct message *last =
        in != NULL && (in->box.flags & BOX_PASSES) == 0 ? in->box.last : NULL;
    const struct message *msg = last;

    parcel_put_number(to, last != NULL ? in->box.queued : 0);
    while (last != NULL) {
        msg = msg->next;
        if (msg->kind != DATA && msg->kind != PIPED && msg->kind != PRODUCER_FINISHED) {
            return false;
        }
        parcel_put_number(to, msg->kind == PRODUCER_FINISHED);
        if (msg->kind != PRODUCER_FINISHED) {
            save_message((struct message *)(uintptr_t)msg, to);
        }
        if (msg == last) {
            break;
        }
    }
    return true;
}

static struct inbox *control_of(const struct component *component)
{
    return component->control != NO_BOX ? component_have_inbox(component, component->control)
                                        : NULL;
}

static void save_flags(const struct component *component, struct parcel *to)
{
    const struct inbox *control = control_of(component);
    const bool is_held = control != NULL && (control->box.flags & BOX_FINISH_HELD) != 0;

    parcel_put_number(to, ((component->flags & COMPONENT_SIGNALLED) != 0 ? HAS_SIGNALLED : 0U) |
                              (component->was_told ? WAS_TOLD : 0U) |
                              (is_held ? FINISH_IS_HELD : 0U));
}

static const char *save_component(struct component *component, struct parcel *to)
{
    if (component->state != RUNNING) {
        return "a part of it has ended";
    }
    if ((component->flags & (COMPONENT_STOP_ASKED | COMPONENT_ENDING)) != 0) {
        return "it is about to end";
    }
    if (!component->type->stateless && component->type->save == NULL) {
        return "a part of it can't give its state";
    }
    save_flags(component, to);
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        if (!save_inbox(component_have_inbox(component, i), to)) {
            return "it is being told of an end";
        }
    }
    return component->type->save == NULL || component->type->save(component, to)
               ? NULL
               : "it is about to end";
}

/* One message for an inbox; false: there is none, or it has no place there. */
static bool restore_message(struct component *component, unsigned index, struct parcel *from)
{
    const enum carries carries = component->plan->in[index].spec->carries;
    const bool is_finish = parcel_get_number(from) != 0;
    struct inbox *in = component_need_inbox(component, index);
    struct pool *pool = component_pool(component);
    size_t size;
    const void *bytes;

    if (from->is_bad || (in->box.flags & BOX_PASSES) != 0) {
        return false;
    }
    if (is_finish) {
        if (index != component->control) {
            return false;
        }
        inbox_deliver(in, message_notice(pool, PRODUCER_FINISHED, NULL, 0), NULL);
        return true;
    }
    size = parcel_get_number(from);
    bytes = parcel_get(from, size);
    if (bytes == NULL || (carries != BYTES && carries != LINES && carries != ANYTHING)) {
        return false;
    }
    inbox_put(in, message_copy(pool, bytes, size));
    return true;
}

static void restore_flags(struct component *component, struct parcel *from)
{
    const uint64_t flags = parcel_get_number(from);
    struct inbox *control = control_of(component);
    struct outbox *signal =
        component->signal != NO_BOX ? component_have_outbox(component, component->signal) : NULL;

    component->was_told = (flags & WAS_TOLD) != 0;
    if ((flags & HAS_SIGNALLED) != 0) {
        component->flags |= COMPONENT_SIGNALLED;
    }
    if ((flags & HAS_SIGNALLED) != 0 && signal != NULL) {
        signal->box.flags |= BOX_FINISHED;
    }
    if ((flags & FINISH_IS_HELD) != 0 && control != NULL) {
        control->box.flags |= BOX_FINISH_HELD;
    }
}

static bool restore_component(struct component *component, struct parcel *from)
{
    restore_flags(component, from);
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        for (uint64_t left = parcel_get_number(from); left > 0; left--) {
            if (!restore_message(component, i, from)) {
                return false;
            }
        }
    }
    return !from->is_bad &&
           (component->type->restore == NULL || component->type->restore(component, from));
}

/* NULL, or why it can't be. */
static const char *save_instance(struct graph *instance, struct parcel *to)
{
    const char *why = NULL;

    for (size_t i = 0; i < graph_size(instance) && why == NULL; i++) {
        why = save_component(graph_component(instance, i), to);
    }
    return why == NULL && to->is_bad ? "it has too many descriptors" : why;
}

bool handover_save(struct graph *instance, struct parcel *to)
{
    return save_instance(instance, to) == NULL;
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

/* Who takes a connection, in one part. */
struct taker {
    struct component *server;
    struct component *handler;
    const struct plan *protocol;
};

/* One part after the other is given a connection, if it has that server and that handler. */
static bool choose(struct graph *root, const char *server, const char *handler, struct taker *taker)
{
    const unsigned count = graph_parts(root);
    const unsigned first = (unsigned)(root->loop->connections->in_all % count);

    for (unsigned i = 0; i < count; i++) {
        const struct graph *part = graph_part(root, (first + i) % count);

        taker->server = find(part, server);
        taker->handler = find(part, handler);
        taker->protocol = protocol_of(taker->handler);
        if (taker->server != NULL && taker->server->type->adopt != NULL &&
            taker->protocol != NULL) {
            return true;
        }
    }
    return false;
}

static const char *unpack(struct graph *root, struct parcel *from)
{
    const char *server = parcel_get_text(from);
    const char *handler = parcel_get_text(from);
    const uint64_t was = parcel_get_number(from);
    struct taker taker;
    struct component *socket;
    struct graph *instance;

    if (!choose(root, server, handler, &taker)) {
        return "its server or its handler is not here, or takes none";
    }
    if (was != form(taker.protocol)) {
        return "its protocol is another one here";
    }
    socket = taker.server->type->adopt(taker.server);
    instance = taker.handler->type->take_over(taker.handler, socket);
    if (!handover_restore(socket->graph, from) || !handover_restore(instance, from) ||
        graph_start_instance(instance) < 0 || graph_start_instance(socket->graph) < 0) {
        graph_destroy(socket->graph);
        graph_destroy(instance);
        return "it could not be made again";
    }
    return NULL;
}

const char *handover_unpack(struct graph *root, struct parcel *from)
{
    struct workers *workers = root->loop->workers;
    const char *why;

    workers_halt(workers);
    why = unpack(root, from);
    workers_release(workers);
    return why;
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

/* Puts in one connection.  Returns NULL, or why not. */
static const char *pack(struct graph *instance, struct parcel *offer, struct parcel *to)
{
    struct graph *socket = instance->peer;
    const uint64_t is = form(instance->plan);
    char path[PATH_SIZE];
    const char *why;

    if (socket == NULL) {
        return "it is about to end";
    }
    if (!is_offered(offer, instance->holder, is) || !is_offered(offer, socket->holder, 0)) {
        return "nobody takes it";
    }
    parcel_put_text(to, component_path(socket->holder, path, sizeof(path)));
    parcel_put_text(to, component_path(instance->holder, path, sizeof(path)));
    parcel_put_number(to, is);
    why = save_instance(socket, to);
    return why == NULL ? save_instance(instance, to) : why;
}

void handover_let_go(struct graph *connection)
{
    graph_destroy(connection->peer);
    graph_destroy(connection);
}

/* The connections of a component that hands over; NULL: it has none, or does not. */
static struct graph *first_connection(struct component *handler)
{
    return protocol_of(handler) != NULL ? component_next_graph(handler, NULL) : NULL;
}

size_t handover_count(struct graph *root)
{
    struct workers *workers = root->loop->workers;
    size_t count = 0;

    workers_halt(workers);
    for (unsigned i = 0; i < graph_parts(root); i++) {
        const struct graph *part = graph_part(root, i);

        for (size_t j = 0; j < graph_size(part); j++) {
            struct component *handler = graph_component(part, j);

            for (struct graph *at = first_connection(handler); at != NULL;
                 at = component_next_graph(handler, at)) {
                count++;
            }
        }
    }
    workers_release(workers);
    return count;
}

static void log_staying(const struct graph *instance, const char *why)
{
    const struct graph *named = instance->peer != NULL ? instance->peer : instance;

    component_log(graph_component(named, 0), LOG_LEVEL_DEBUG,
                  "this connection is not handed over: %s", why);
}

/* What a handler has; false: one was not taken. */
static bool pack_all(struct component *handler, const struct courier *courier)
{
    struct graph *instance = first_connection(handler);
    bool is_well = true;

    while (instance != NULL && is_well) {
        struct graph *next = component_next_graph(handler, instance);
        struct parcel parcel = {0};
        const char *why = pack(instance, courier->offer, &parcel);

        if (why == NULL) {
            is_well = courier->take(courier->arg, instance, &parcel);
        } else {
            log_staying(instance, why);
        }
        parcel_deinit(&parcel, false);
        instance = next;
    }
    return is_well;
}

void handover_pack(struct graph *root, const struct courier *courier)
{
    struct workers *workers = root->loop->workers;
    bool is_well = true;

    workers_halt(workers);
    for (unsigned i = 0; i < graph_parts(root); i++) {
        const struct graph *part = graph_part(root, i);

        for (size_t j = 0; j < graph_size(part) && is_well; j++) {
            is_well = pack_all(graph_component(part, j), courier);
        }
    }
    workers_release(workers);
}
