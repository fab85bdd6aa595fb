/* What a component's functions may call: messages, names, words (component.h). */
#include "graph/component.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/component_extra.h"
#include "graph/connection.h"
#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/secret.h"
#include "graph/service.h"
#include "graph/supervise.h"

struct ev_loop *component_ev(const struct component *self)
{
    return self->graph->loop->ev;
}

struct pool *component_pool(const struct component *self)
{
    return &self->graph->loop->pool;
}

struct loop *component_loop(const struct component *self)
{
    return self->graph->loop;
}

double component_now(const struct component *self)
{
    return ev_now(self->graph->loop->ev);
}

int component_link(struct component *from, unsigned outbox, struct component *to, unsigned inbox)
{
    return box_link(&component_need_outbox(from, outbox)->box,
                    &component_need_inbox(to, inbox)->box);
}

bool outbox_is_linked(struct component *self, unsigned index)
{
    struct outbox *out = component_outbox(self, index);

    return (out != NULL ? out->sink : component_standing_sink(self, index)) != NULL;
}

bool outbox_is_full(struct component *self, unsigned index)
{
    const struct outbox *out = component_outbox(self, index);

    return out != NULL && out->sink != NULL && inbox_is_full(out->sink) &&
           inbox_policy(out->sink) == BLOCK && (out->sink->box.flags & BOX_CONTROL) == 0;
}

void outbox_notify(struct component *self, unsigned index, enum message_kind kind,
                   struct component *about, int error)
{
    outbox_send(self, index, message_notice(component_pool(self), kind, about, error));
}

struct inbox *component_standing_sink(struct component *self, unsigned index)
{
    const struct box_spec *spec = index < self->plan->outboxes ? self->plan->out[index].spec : NULL;
    struct component *maker = self->graph->holder;

    if (spec == NULL) {
        return NULL; /* a box that was removed */
    }
    if (spec->service != NULL) {
        return service_find(self->graph->loop, spec->service);
    }
    if (!spec->to_maker || maker == NULL || component_is_over(maker) ||
        maker->plan->from_made == NO_BOX) {
        return NULL;
    }
    return component_inbox(maker, maker->plan->from_made);
}

void component_tell(struct component *component, enum message_kind kind, struct component *about,
                    int error)
{
    if (component->control != NO_BOX && !component_is_over(component)) {
        struct inbox *control = component_inbox(component, component->control);
        struct inbox *sink = inbox_sink(control);

        if (sink != control && message_kind_ends(kind)) {
            box_note_told(&control->box, &sink->box);
        }
        inbox_deliver(sink, message_notice(component_pool(component), kind, about, error), NULL);
    }
}

bool component_control_is_fed(const struct component *component)
{
    const struct inbox *control =
        component->control != NO_BOX ? component_have_inbox(component, component->control) : NULL;

    return control != NULL && inbox_is_fed(control);
}

/* Components of one graph are told apart by their places in it, since two that run beside each
 * other may be of different plans for a while (graph_change.h); those that leave it by their plans.
 */
static bool is_of_plan(const struct component *component, const struct plan_component *plan)
{
    return component->is_leaving ? component->plan == plan : component->plan->index == plan->index;
}

bool component_is_inside(const struct component *component, const struct component *chassis)
{
    const struct plan_component *plan = component->plan;

    if (component->is_leaving != chassis->is_leaving) {
        return false;
    }
    while (plan != NULL && !is_of_plan(chassis, plan)) {
        plan = plan->parent;
    }
    return plan != NULL;
}

/* Where a child stands in the plan of its parent: its own may be another's for a while. */
static const struct plan_component *find_child(const struct component *parent,
                                               const struct component *child)
{
    const struct plan_component *first = parent->plan + 1;
    const struct plan_component *end = first + parent->plan->within;

    if (child->plan >= first && child->plan < end) {
        return child->plan;
    }
    while (first < end && !is_of_plan(child, first)) {
        first += first->within + 1;
    }
    return first;
}

/* What a chassis holds follows it in the plan, children of children included. */
struct component *component_next_child(const struct component *parent,
                                       const struct component *after)
{
    const struct plan_component *plan = parent->plan + 1;
    const struct plan_component *end = plan + parent->plan->within;
    struct component *child = NULL;

    if (after != NULL) {
        plan = find_child(parent, after);
        plan += plan < end ? plan->within + 1 : 0;
    }
    for (; plan < end && child == NULL; plan += plan->within + 1) {
        child = graph_relative(parent, plan);
    }
    return child;
}

struct component *component_ref(struct component *component)
{
    component->refs++;
    component->graph->refs++;
    return component;
}

void component_unref(struct component *component)
{
    component->refs--;
    graph_unref(component->graph);
}

const struct component *component_outermost(const struct component *component)
{
    while (component->graph->holder != NULL) {
        component = component->graph->holder;
    }
    return component;
}

bool component_is_earlier(const struct component *component)
{
    for (; component != NULL; component = component->graph->holder) {
        if (component->is_leaving || graph_is_earlier(component->graph)) {
            return true;
        }
    }
    return false;
}

void component_wake(struct component *self)
{
    if ((self->flags & (COMPONENT_QUEUED | COMPONENT_RUNNING)) == 0) {
        if (LIKELY(self->state == RUNNING)) {
            run_queue_add(&self->graph->loop->queue, self);
        } else {
            supervise_wake(self);
        }
    } else if ((self->flags & COMPONENT_QUEUED) == 0) {
        self->flags |= COMPONENT_AGAIN; /* once its function has returned */
    }
}

void component_wait_for_memory(struct component *self)
{
    loop_wait_for_memory(self->graph->loop, self);
}

const char *component_path(const struct component *component, char *text, size_t size)
{
    const struct graph *graph = component->graph;
    size_t used = 0;

    text[0] = '\0';
    if (graph->holder != NULL) {
        (void)component_path(graph->holder, text, size);
        used = strlen(text);
        if (graph->number != 0) {
            (void)snprintf(text + used, size - used, "/%llu", (unsigned long long)graph->number);
        } else {
            (void)snprintf(text + used, size - used, "/%s", graph->plan->name);
        }
        used = strlen(text);
    }
    if (component->plan->path[0] != '\0') {
        (void)snprintf(text + used, size - used, "%s%s", used > 0 ? "/" : "",
                       component->plan->path);
    }
    return text;
}

/* The peer of the connection that a component belongs to; false: of none. */
static bool peer_of(struct component *self, char *text, size_t size)
{
    struct component *socket = connection_of(self);

    if (socket == NULL || !socket->type->describe_peer(socket, text, size)) {
        return false;
    }
    component_hide(self, text, size);
    return true;
}

void component_hide(const struct component *self, char *text, size_t size)
{
    for (; self != NULL; self = self->graph->holder) {
        secret_hide(self->plan->secrets, text, size);
    }
}

void component_say(struct component *self, enum log_level level, const char *text)
{
    struct loop *loop = self->graph->loop;
    char path[PATH_SIZE];
    char peer[128];

    if (component_may_say(self, level)) {
        loop_say(loop, level, component_path(self, path, sizeof(path)),
                 peer_of(self, peer, sizeof(peer)) ? peer : NULL, text);
    }
}

void component_log(struct component *self, enum log_level level, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    component_hide(self, text, sizeof(text));
    component_say(self, level, text);
}

const char *component_reason(const struct component *component)
{
    return component->extra != NULL ? component->extra->reason : NULL;
}

void component_set_reason(struct component *component, const char *text)
{
    struct component_extra *extra = component_need_extra(component);

    free(extra->reason);
    extra->reason = text != NULL ? mem_strdup(text) : NULL;
}

void component_free_extra(struct component *component)
{
    if (component->extra != NULL) {
        supervise_free(component->extra->supervision);
        talk_free(component->extra->talks);
        free(component->extra->reason);
        free(component->extra);
        component->extra = NULL;
    }
}

const char *component_state_name(enum component_state state)
{
    switch (state) {
    case CREATED:
        return "created";
    case RUNNING:
        return "running";
    case RESTARTING:
        return "restarting";
    case STOPPING:
        return "stopping";
    case STOPPED:
        return "stopped";
    case FAILED:
        return "failed";
    }
    return "?";
}
