/* A component's life: it starts, is run turn by turn, heeds its control, and ends (component.h). */
#include "graph/component.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/component_extra.h"
#include "graph/graph.h"
#include "graph/ledger.h"
#include "graph/loop.h"
#include "graph/plan.h"
#include "graph/root.h"
#include "graph/service.h"
#include "graph/supervise.h"

void component_enter(struct component *component, enum component_state state)
{
    component->state = (uint8_t)state;
    component->since = loop_seconds(component->graph->loop);
}

void component_announce(const struct component *component)
{
    struct loop *loop = component->graph->loop;

    if (component->graph->holder == NULL && !component->graph->is_service &&
        loop->hooks.changed != NULL) {
        loop->hooks.changed(loop->hooks.arg, component);
    }
    loop_changed(loop);
}

/* It asked for its end, or failed: ends it, unless its policy has it start again. */
static void end_as_asked(struct component *component)
{
    const bool has_failed = (component->flags & COMPONENT_FAILING) != 0;

    if ((has_failed || component->plan->restart != NULL) &&
        supervise(component, has_failed ? FAILED : STOPPED)) {
        return;
    }
    component_end(component, (component->flags & COMPONENT_FAILING) != 0 ? FAILED : STOPPED);
}

/* True if something waits in an inbox; a rare one is there only where .extra is. */
static bool has_messages(struct component *component)
{
    for (unsigned i = 0; i < component->inboxes; i++) {
        if (box_has_messages(component_common_inbox(component, i))) {
            return true;
        }
    }
    for (unsigned i = component->inboxes;
         UNLIKELY(component->extra != NULL) && i < component->plan->inboxes; i++) {
        if (!inbox_is_empty(component, i)) {
            return true;
        }
    }
    return false;
}

int component_start(struct component *component)
{
    int result = 0;

    component_enter(component, RUNNING);
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
    component_announce(component);
    if ((component->flags & COMPONENT_AGAIN) != 0) {
        component_wake(component);
    }
    if (has_messages(component)) {
        component_wake(component);
    }
    return 0;
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

void component_dismantle(struct component *component)
{
    destroy_graphs(component);
    if (component->type->stop != NULL) {
        component->type->stop(component);
    }
}

void component_end(struct component *component, enum component_state state)
{
    struct graph *graph = component->graph;
    const bool was_waiting = component->state == RESTARTING;
    struct component *parent;

    if (component_is_over(component)) {
        return;
    }
    if (component->state == CREATED) { /* it was never started: nobody waits for its end */
        if (component->type->restore != NULL) {
            component_dismantle(component); /* it may have been given something */
        }
        component->state = (uint8_t)state;
        component_deinit_boxes(component);
        return; /* only with its graph, or before it has become a part of that */
    }
    component->state = STOPPING;
    if (component->signal != NO_BOX && (component->flags & COMPONENT_SIGNALLED) == 0) {
        outbox_notify(component, component->signal, PRODUCER_FINISHED, NULL, 0);
    }
    if (was_waiting) {
        supervise_forget(component);
    } else {
        component_dismantle(component);
    }
    if (UNLIKELY(graph->loop->ledger != NULL)) {
        ledger_close(graph->loop->ledger, component, !was_waiting);
    }
    component_deinit_boxes(component);
    if (component->serves) {
        service_forget(graph->loop, component);
    }
    component_enter(component, state);
    component_announce(component);
    if (graph_is_root(graph)) {
        graph_place_is_over(component);
    }
    parent =
        component->plan->parent != NULL ? graph_relative(component, component->plan->parent) : NULL;
    if (parent != NULL && parent->state == RUNNING && parent->type->child_ended != NULL) {
        parent->type->child_ended(parent, component);
    }
    graph_one_ended(graph);
}

void component_finish(struct component *self)
{
    if (self->state >= STOPPING) {
        return; /* by the end of what it made, while it ends itself */
    }
    self->flags |= COMPONENT_ENDING;
    if ((self->flags & COMPONENT_RUNNING) == 0) {
        end_as_asked(self);
    }
}

int component_fail(struct component *self, int error, const char *format, ...)
{
    char text[512];
    size_t used;
    va_list args;

    if (self->state >= RESTARTING) {
        return error > 0 ? -error : -EIO;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    used = strlen(text);
    if (error > 0) {
        (void)snprintf(text + used, sizeof(text) - used, ": %s", strerror(error));
    }
    component_hide(self, text, sizeof(text));
    component_set_reason(self, text);
    self->flags |= COMPONENT_ENDING | COMPONENT_FAILING;
    if ((self->flags & COMPONENT_RUNNING) == 0) {
        end_as_asked(self);
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

void component_retire(struct component *component)
{
    if (component->state == RUNNING) {
        component->is_kept = true;
        component->state = STOPPING;
        if (component->graph->loop->ledger != NULL) {
            ledger_close_state(component->graph->loop->ledger, component);
        }
        component_dismantle(component);
        component->state = RESTARTING; /* stopped, its boxes stay; but it waits for nothing */
    }
}

/* Calls one of its functions by the way; run() follows. */
static void visit(struct component *component, void (*function)(struct component *self))
{
    if (component->state != RUNNING || function == NULL) {
        return; /* if it is started again, it begins with what there is then */
    }
    component->flags |= COMPONENT_RUNNING;
    function(component);
    component->flags = (uint8_t)(component->flags & ~COMPONENT_RUNNING);
    if ((component->flags & COMPONENT_ENDING) != 0) {
        end_as_asked(component);
    } else {
        component_wake(component);
    }
}

void component_note_change(struct component *component)
{
    visit(component, component->type->changed);
}

void component_note_reload(struct component *component)
{
    visit(component, component->type->reloaded);
}

void component_receive(struct component *component, struct inbox *in, struct message *msg)
{
    const bool nested = (component->flags & COMPONENT_RUNNING) != 0;
    const unsigned index = /* services have no rare inboxes */
        (unsigned)(in - (struct inbox *)(void *)(component + 1));

    if (component->state == RESTARTING) {
        inbox_put(in, msg); /* handled once it has been started again */
        return;
    }
    component->flags |= COMPONENT_RUNNING;
    component->plan->in[index].spec->receive(component, msg);
    if (nested) {
        return;
    }
    component->flags = (uint8_t)(component->flags & ~COMPONENT_RUNNING);
    if ((component->flags & COMPONENT_ENDING) != 0) {
        end_as_asked(component);
    } else if ((component->flags & COMPONENT_AGAIN) != 0) {
        component_wake(component);
    }
}

static bool holds_data(struct component *component, const struct plan_box *plan, unsigned index)
{
    return plan->spec->carries != NOTICES && !plan->spec->may_remain &&
           !inbox_is_empty(component, index);
}

bool component_is_drained(struct component *component)
{
    /* Each connection's end comes through here: the planned ones cost no call each. */
    for (unsigned i = 0; i < component->plan->inboxes; i++) {
        if (holds_data(component, &component->plan->in[i], i)) {
            return false;
        }
    }
    for (unsigned i = ADDED_BOX - 1;
         component->extra != NULL && (i = component_next_inbox(component, i)) != NO_BOX;) {
        if (holds_data(component, component_inbox_plan(component, i), i)) {
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
            if (!component_is_drained(component) ||
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
    } else if ((component->flags & (COMPONENT_AGAIN | COMPONENT_QUEUED)) == COMPONENT_AGAIN &&
               component->state == RUNNING) {
        struct loop *loop = component->graph->loop;

        /* what waits in inboxes has an end, other work may have none */
        run_queue_add(component->turn == 0 ? &loop->queue : &loop->more, component);
    }
}

void component_run(struct component *component)
{
    const struct component_type *type = component->type;
    unsigned flags = component->flags & ~(unsigned)(COMPONENT_QUEUED | COMPONENT_AGAIN);

    if (UNLIKELY(component->state != RUNNING)) {
        component->flags = (uint8_t)flags;
        supervise_told(component);
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
