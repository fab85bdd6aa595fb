#include "graph/component.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/service.h"
#include "graph/tap.h"

/* A box that its component has no place for: linked at run time, though its table calls it rare. */
struct rare_box {
    struct list link; /* in component_extra.rare */
    struct component *owner;
    unsigned index;
    bool is_inbox;
    union {
        struct inbox in;
        struct outbox out;
    };
};

struct component_extra {
    struct list rare;
    char *reason;
};

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

static uint32_t now_s(const struct component *component)
{
    return (uint32_t)(component_now(component) - component->graph->loop->born);
}

static struct component_extra *need_extra(struct component *component)
{
    if (component->extra == NULL) {
        component->extra = mem_alloc(sizeof(*component->extra));
        list_init(&component->extra->rare);
    }
    return component->extra;
}

/* ---- boxes ---- */

static struct rare_box *have_rare(const struct component *component, bool is_inbox, unsigned index)
{
    struct list *at;

    if (component->extra == NULL) {
        return NULL;
    }
    list_for_each (at, &component->extra->rare) {
        struct rare_box *rare = container_of(at, struct rare_box, link);

        if (rare->is_inbox == is_inbox && rare->index == index) {
            return rare;
        }
    }
    return NULL;
}

struct inbox *component_have_inbox(const struct component *component, unsigned index)
{
    struct rare_box *rare;

    if (index < component->inboxes) {
        return component_common_inbox((struct component *)(uintptr_t)component, index);
    }
    rare = have_rare(component, true, index);
    return rare != NULL ? &rare->in : NULL;
}

struct outbox *component_have_outbox(const struct component *component, unsigned index)
{
    struct rare_box *rare;

    if (index < component->outboxes) {
        return component_common_outbox((struct component *)(uintptr_t)component, index);
    }
    rare = have_rare(component, false, index);
    return rare != NULL ? &rare->out : NULL;
}

static struct rare_box *make_rare(struct component *component, bool is_inbox, unsigned index)
{
    struct rare_box *rare = mem_alloc(sizeof(*rare));

    rare->owner = component;
    rare->index = index;
    rare->is_inbox = is_inbox;
    list_append(&need_extra(component)->rare, &rare->link);
    return rare;
}

struct inbox *component_need_inbox(struct component *component, unsigned index)
{
    struct inbox *in = component_have_inbox(component, index);

    REQUIRE(index < component->plan->inboxes);
    if (in == NULL) {
        in = &make_rare(component, true, index)->in;
        inbox_init(in, (uint16_t)(component->plan->in[index].flags | BOX_APART),
                   component->plan->in[index].limit);
    }
    return in;
}

struct outbox *component_need_outbox(struct component *component, unsigned index)
{
    struct outbox *out = component_have_outbox(component, index);

    REQUIRE(index < component->plan->outboxes);
    if (out == NULL) {
        out = &make_rare(component, false, index)->out;
        outbox_init(out);
        out->box.flags |= BOX_APART;
    }
    return out;
}

struct component *component_of_rare_box(const struct box *box)
{
    struct box *mutable = (struct box *)(uintptr_t)box;

    return (box->flags & BOX_IS_INBOX) != 0
               ? container_of(mutable, struct rare_box, in.box)->owner
               : container_of(mutable, struct rare_box, out.box)->owner;
}

uint32_t component_bound(const struct component *component, const struct inbox *in)
{
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        if (component_have_inbox(component, i) == in) {
            return component->plan->in[i].limit;
        }
    }
    return 1;
}

unsigned component_find_inbox(const struct component *component, const char *name)
{
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        if (strcmp(component->plan->in[i].spec->name, name) == 0) {
            return i;
        }
    }
    return NO_BOX;
}

unsigned component_find_outbox(const struct component *component, const char *name)
{
    for (unsigned i = 0; i < component->plan->outboxes; i++) {
        if (strcmp(component->plan->out[i].spec->name, name) == 0) {
            return i;
        }
    }
    return NO_BOX;
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

void outbox_notify(struct component *self, unsigned index, enum message_kind kind,
                   struct component *about, int error)
{
    outbox_send(self, index, message_notice(component_pool(self), kind, about, error));
}

struct inbox *component_standing_sink(struct component *self, unsigned index)
{
    const struct box_spec *spec = self->plan->out[index].spec;
    struct component *maker = self->graph->holder;

    if (spec->service != NULL) {
        return service_find(self->graph->loop, spec->service);
    }
    if (!spec->to_maker || maker == NULL || component_is_over(maker)) {
        return NULL;
    }
    for (unsigned i = 0; i < maker->plan->inboxes; i++) {
        if (maker->plan->in[i].spec->from_made) {
            return component_have_inbox(maker, i);
        }
    }
    return NULL;
}

void component_tell(struct component *component, enum message_kind kind, struct component *about,
                    int error)
{
    if (component->control != NO_BOX && !component_is_over(component)) {
        inbox_deliver(inbox_sink(component_inbox(component, component->control)),
                      message_notice(component_pool(component), kind, about, error), NULL);
    }
}

static bool is_inside(const struct plan_component *plan, const struct plan_component *parent)
{
    while (plan != NULL && plan != parent) {
        plan = plan->parent;
    }
    return plan == parent;
}

/* What a chassis holds follows it in the plan, children of children included. */
struct component *component_next_child(const struct component *parent,
                                       const struct component *after)
{
    const struct graph *graph = parent->graph;
    size_t index = (after != NULL ? after : parent)->plan->index + 1;

    for (; index < graph_size(graph); index++) {
        struct component *component = graph_component(graph, index);

        if (component->plan->parent == parent->plan) {
            return component;
        }
        if (!is_inside(component->plan, parent->plan)) {
            break;
        }
    }
    return NULL;
}

/* ---- life ---- */

struct component *component_ref(struct component *component)
{
    component->graph->refs++;
    return component;
}

void component_unref(struct component *component)
{
    graph_unref(component->graph);
}

void component_wake(struct component *self)
{
    if ((self->flags & COMPONENT_QUEUED) == 0 && self->state == RUNNING) {
        loop_enqueue(self->graph->loop, self);
    }
}

void component_wait_for_memory(struct component *self)
{
    loop_wait_for_memory(self->graph->loop, self);
}

static void announce(struct component *component)
{
    struct loop *loop = component->graph->loop;

    if (component->graph->holder == NULL && loop->hooks.changed != NULL) {
        loop->hooks.changed(loop->hooks.arg, component);
    }
}

static void end_as_asked(struct component *component)
{
    component_end(component, (component->flags & COMPONENT_FAILING) != 0 ? FAILED : STOPPED);
}

int component_start(struct component *component)
{
    int result = 0;

    component->state = RUNNING;
    component->since = now_s(component);
    component->graph->living++;
    if (component->type->start != NULL) {
        component->flags |= COMPONENT_RUNNING;
        result = component->type->start(component);
        component->flags = (uint8_t)(component->flags & ~COMPONENT_RUNNING);
    }
    if (result < 0 && (component->flags & COMPONENT_ENDING) == 0) {
        (void)component_fail(component, -result, "could not start");
    }
    if ((component->flags & COMPONENT_ENDING) != 0) {
        end_as_asked(component);
        return result;
    }
    announce(component);
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        if (!inbox_is_empty(component, i)) {
            component_wake(component);
        }
    }
    return 0;
}

static void deinit_boxes(struct component *component)
{
    struct loop *loop = component->graph->loop;

    for (unsigned i = 0; i < component->inboxes; i++) {
        taps_forget(loop, &component_common_inbox(component, i)->box);
        inbox_deinit(component_common_inbox(component, i));
    }
    for (unsigned i = 0; i < component->outboxes; i++) {
        taps_forget(loop, &component_common_outbox(component, i)->box);
        outbox_deinit(component_common_outbox(component, i));
    }
    if (component->extra == NULL) {
        return;
    }
    while (!list_is_empty(&component->extra->rare)) {
        struct rare_box *rare = container_of(component->extra->rare.next, struct rare_box, link);

        if (rare->is_inbox) {
            taps_forget(loop, &rare->in.box);
            inbox_deinit(&rare->in);
        } else {
            taps_forget(loop, &rare->out.box);
            outbox_deinit(&rare->out);
        }
        list_remove(&rare->link);
        free(rare);
    }
}

/* Ends what the component made: nobody is left to look after it. */
static void destroy_graphs(struct component *component)
{
    struct list *head;

    if (component->type->children == 0) {
        return;
    }
    head = (struct list *)(void *)((char *)component_state(component) + component->type->children);
    if (head->next == NULL) {
        return; /* never started */
    }
    while (!list_is_empty(head)) { /* the end of one may be the end of others */
        struct list *first = head->next;

        list_remove(first);
        graph_destroy(container_of(first, struct graph, sibling));
    }
}

void component_end(struct component *component, enum component_state state)
{
    struct graph *graph = component->graph;
    struct component *parent;

    if (component_is_over(component)) {
        return;
    }
    if (component->state == CREATED) { /* it was never started: nobody waits for its end */
        component->state = (uint8_t)state;
        deinit_boxes(component);
        return;
    }
    component->state = STOPPING;
    if (component->signal != NO_BOX && (component->flags & COMPONENT_SIGNALLED) == 0) {
        outbox_notify(component, component->signal, PRODUCER_FINISHED, NULL, 0);
    }
    destroy_graphs(component);
    if (component->type->stop != NULL) {
        component->type->stop(component);
    }
    deinit_boxes(component);
    service_forget(graph->loop, component);
    component->state = (uint8_t)state;
    component->since = now_s(component);
    announce(component);
    parent = component->plan->parent != NULL
                 ? graph_component(graph, component->plan->parent->index)
                 : NULL;
    if (parent != NULL && parent->state == RUNNING && parent->type->child_ended != NULL) {
        parent->type->child_ended(parent, component);
    }
    graph_one_ended(graph);
}

void component_finish(struct component *self)
{
    self->flags |= COMPONENT_ENDING;
    if ((self->flags & COMPONENT_RUNNING) == 0) {
        component_end(self, STOPPED);
    }
}

/* The peer of the connection that a component belongs to; false: of none. */
static bool peer_of(struct component *self, char *text, size_t size)
{
    const struct graph *graph = self->graph;

    if (self->type->describe_peer == NULL && graph->blueprint != NULL && graph->peer != NULL) {
        self = graph_component(graph->peer, 0);
    }
    return self->type->describe_peer != NULL && self->type->describe_peer(self, text, size);
}

/* Logs a line with the component's path, and with its peer. */
static void say(struct component *self, enum log_level level, const char *text)
{
    struct loop *loop = self->graph->loop;
    char path[PATH_SIZE];
    char peer[128];

    if (self->graph->holder == NULL || loop_lets_talk(loop, level)) {
        loop_say(loop, level, component_path(self, path, sizeof(path)),
                 peer_of(self, peer, sizeof(peer)) ? peer : NULL, text);
    }
}

int component_fail(struct component *self, int error, const char *format, ...)
{
    char text[512];
    size_t used;
    va_list args;

    if (self->state >= STOPPING) {
        return error > 0 ? -error : -EIO;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    used = strlen(text);
    if (error > 0) {
        (void)snprintf(text + used, sizeof(text) - used, ": %s", strerror(error));
    }
    free(need_extra(self)->reason);
    self->extra->reason = mem_strdup(text);
    say(self, self->graph->holder != NULL ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, text);
    self->flags |= COMPONENT_ENDING | COMPONENT_FAILING;
    if ((self->flags & COMPONENT_RUNNING) == 0) {
        component_end(self, FAILED);
    }
    return error > 0 ? -error : -EIO;
}

void component_disconnect(struct component *component, int error)
{
    struct graph *graph = component->graph;

    if (graph->holder != NULL) {
        graph_tell(graph, SHUTDOWN_MICROPROCESS, error);
    } else {
        component_tell(component, SHUTDOWN_MICROPROCESS, NULL, error);
    }
}

void component_receive(struct component *component, struct inbox *in, struct message *msg)
{
    const bool nested = (component->flags & COMPONENT_RUNNING) != 0;
    const unsigned index = /* services have no rare inboxes */
        (unsigned)(in - (struct inbox *)(void *)(component + 1));

    component->flags |= COMPONENT_RUNNING;
    component->plan->in[index].spec->receive(component, msg);
    if (nested) {
        return;
    }
    component->flags = (uint8_t)(component->flags & ~COMPONENT_RUNNING);
    if ((component->flags & COMPONENT_ENDING) != 0) {
        end_as_asked(component);
    }
}

/* True if nothing waits in any inbox but those that carry notices. */
static bool is_drained(struct component *component)
{
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        if (component->plan->in[i].spec->carries != NOTICES && !inbox_is_empty(component, i)) {
            return false;
        }
    }
    return true;
}

/* The errno of the notice that asks a component to stop: it may stand behind others. */
static int stop_reason(struct component *component)
{
    const struct message *last = component_inbox(component, component->control)->box.last;
    const struct message *msg = last;

    do {
        msg = msg->next;
        if (msg->kind == SHUTDOWN_MICROPROCESS || msg->kind == SOCKET_SHUTDOWN) {
            return msg->error;
        }
    } while (msg != last);
    return 0;
}

/* What every component does about its control, unless its type heeds it itself. */
static void heed_control(struct component *component)
{
    const struct message *first = inbox_peek(component, component->control);
    struct message *msg;

    if (first == NULL) {
        component->flags = (uint8_t)(component->flags & ~COMPONENT_TOLD);
        return;
    }
    if ((component->flags & COMPONENT_STOP_ASKED) == 0) {
        if (first->kind == PRODUCER_FINISHED) {
            if (!is_drained(component) ||
                (component->type->flush != NULL && !component->type->flush(component))) {
                return; /* run again when there is room */
            }
        }
        component->turn = 1;
        msg = inbox_take(component, component->control);
        REQUIRE(msg != NULL);
        if (msg->kind != PRODUCER_FINISHED) { /* means nothing to a plain component */
            message_release(msg);
            component_wake(component);
            return;
        }
    } else {
        msg = message_notice(component_pool(component), SHUTDOWN_MICROPROCESS, NULL,
                             stop_reason(component));
    }
    if (component->signal != NO_BOX) {
        outbox_send(component, component->signal, msg);
    } else {
        message_release(msg);
    }
    component->flags |= COMPONENT_ENDING;
}

/* After a turn that leaves something to do: control to be heeded, another turn, the end. */
static void after_turn(struct component *component)
{
    if ((component->flags & (COMPONENT_TOLD | COMPONENT_ENDING)) == COMPONENT_TOLD &&
        !component->type->heeds_control) {
        heed_control(component);
    }
    component->flags = (uint8_t)(component->flags & ~COMPONENT_RUNNING);
    if ((component->flags & COMPONENT_ENDING) != 0) {
        end_as_asked(component);
    } else if ((component->flags & COMPONENT_AGAIN) != 0) {
        component_wake(component);
    }
}

void component_run(struct component *component)
{
    const struct component_type *type = component->type;
    unsigned flags = component->flags & ~(unsigned)(COMPONENT_QUEUED | COMPONENT_AGAIN);

    if (UNLIKELY(component->state != RUNNING)) {
        component->flags = (uint8_t)flags;
        return;
    }
    component->flags = (uint8_t)(flags | COMPONENT_RUNNING);
    component->turn = TURN;
    if (LIKELY((flags & COMPONENT_STOP_ASKED) == 0 || type->heeds_control) &&
        LIKELY(type->run != NULL)) {
        type->run(component);
    }
    flags = component->flags;
    if (LIKELY((flags & (COMPONENT_ENDING | COMPONENT_AGAIN | COMPONENT_TOLD)) == 0)) {
        component->flags = (uint8_t)(flags & ~(unsigned)COMPONENT_RUNNING);
    } else {
        after_turn(component);
    }
}

/* ---- what is said of it ---- */

void component_log(struct component *self, enum log_level level, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    say(self, level, text);
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

const char *component_reason(const struct component *component)
{
    return component->extra != NULL ? component->extra->reason : NULL;
}

void component_free_extra(struct component *component)
{
    if (component->extra != NULL) {
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
    case STOPPING:
        return "stopping";
    case STOPPED:
        return "stopped";
    case FAILED:
        return "failed";
    }
    return "?";
}
