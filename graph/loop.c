#include "graph/loop.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "graph/ledger.h"
#include "graph/listeners.h"
#include "graph/metrics.h"
#include "graph/root.h"
#include "graph/service.h"
#include "graph/waiting.h"
#include "graph/workers.h"

/* Turns in one pass of the queue at most, before sockets are looked at again: a bound for messages
 * that go round and round.  It is no question of time: what a look finds while others of the queue
 * wait for their turn is the sockets that they have not read yet. */
enum { PASS = 4096 };

/* When this many graphs of connections have come and three quarters have gone, memory goes back. */
enum { CROWD = 1024 };

static void run_queue_init(struct run_queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void queue_more(struct loop *loop)
{
    *loop->queue.end = loop->more.first;
    loop->queue.end = loop->more.end;
    run_queue_init(&loop->more);
}

/* A pass of the queue: runs components in the order in which they were woken, at most "most" of
 * them.  Each turn is timed, and the first begins with held_begin() or held_end().  Returns how
 * many there were. */
static unsigned run_pass(struct loop *loop, unsigned most)
{
    unsigned left = most;
    struct component *component;

    loop->told = NULL;
    while ((component = loop->queue.first) != NULL && left > 0) {
        loop->queue.first = component->next_runnable;
        if (loop->queue.first == NULL) {
            loop->queue.end = &loop->queue.first;
        }
        component_run(component);
        held_end(&loop->held, loop, component);
        left--;
    }
    if (UNLIKELY(loop->more.first != NULL)) {
        queue_more(loop);
    }
    loop->turns += most - left;
    return most - left;
}

/* Frees the dead.  A graph that goes may be the last that kept the one of its maker. */
static void bury(struct loop *loop)
{
    bool is_any = true;

    while (is_any && !list_is_empty(&loop->dead)) {
        struct list *at;
        struct list *after;

        is_any = false;
        list_for_each_safe (at, after, &loop->dead) {
            is_any = graph_free(container_of(at, struct graph, sibling)) || is_any;
        }
    }
    if (loop->leavers > 0) {
        leavers_look_all(loop); /* the last connection may have gone */
    }
}

void loop_wait_for_memory(struct loop *loop, struct component *component)
{
    loop->thirsty =
        mem_resize_array(loop->thirsty, loop->thirsty_count + 1, sizeof(*loop->thirsty));
    loop->thirsty[loop->thirsty_count++] = component_ref(component);
}

static void wake_thirsty(struct loop *loop)
{
    struct component **thirsty = loop->thirsty;
    const size_t count = loop->thirsty_count;

    loop->thirsty = NULL;
    loop->thirsty_count = 0;
    for (size_t i = 0; i < count; i++) {
        component_wake(thirsty[i]);
        component_unref(thirsty[i]);
    }
    free(thirsty);
}

/* Has all workers know whether there are any. */
static void note_watches(struct loop *loop)
{
    const bool is_watched = !list_is_empty(&loop->watches);

    if (is_watched == loop->is_watched) {
        return;
    }
    workers_halt(loop->workers);
    for (unsigned i = 0; i < worker_count(loop); i++) {
        worker_loop(loop, i)->is_watched = is_watched;
    }
    workers_release(loop->workers);
}

void loop_watch(struct loop *loop, struct loop_watch *watch, struct component *component)
{
    watch->component = component;
    watch->has_changed = true; /* it has seen nothing yet */
    list_append(&loop->watches, &watch->link);
    note_watches(loop);
    component_wake(component);
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
    if (watch->link.next != NULL) {
        list_remove(&watch->link);
        note_watches(loop);
    }
}

void loop_wake_watches(struct loop *loop)
{
    struct list *at;

    if (loop->worker > 0) {
        workers_tell_main(loop);
        return;
    }
    list_for_each (at, &loop->watches) {
        struct loop_watch *watch = container_of(at, struct loop_watch, link);

        if (!watch->has_changed) {
            watch->has_changed = true;
            component_wake(watch->component);
        }
    }
}

void loop_wake_told(struct loop *loop, struct component *component)
{
    struct component **at = loop->told;

    if (at == NULL || component->state != RUNNING ||
        (component->flags & (COMPONENT_QUEUED | COMPONENT_RUNNING)) != 0) {
        component_wake(component);
        return;
    }
    component->flags |= COMPONENT_QUEUED;
    component->next_runnable = *at;
    if (*at == NULL) {
        loop->queue.end = &component->next_runnable;
    }
    *at = component;
}

/* libev calls this in place of ev_invoke_pending(), once in each iteration: cheaper than a prepare
 * watcher by 150 instructions, a tenth of what a message costs. */
static void invoke_and_run(struct ev_loop *ev)
{
    struct loop *loop = ev_userdata(ev);

    held_begin(&loop->held);
    loop->ms = (int64_t)((ev_now(ev) - loop->born) * 1000.0);
    loop->told = loop->queue.end;
    ev_invoke_pending(ev);
    held_end(&loop->held, loop, NULL);
    (void)run_pass(loop, PASS);
    if (loop->thirsty_count > 0 && !pool_is_short(&loop->pool)) {
        wake_thirsty(loop);
    }
    if (!list_is_empty(&loop->dead)) {
        bury(loop);
    }
    if (loop->queue.first == NULL) {
        if (ev_is_active(&loop->idle)) {
            ev_idle_stop(ev, &loop->idle);
        }
    } else if (!ev_is_active(&loop->idle)) {
        ev_idle_start(ev, &loop->idle);
    }
}

static void on_idle(struct ev_loop *ev, ev_idle *watcher, int revents)
{
}

struct loop *loop_create(const struct component_type *const *types, const struct loop_hooks *hooks)
{
    struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO);
    struct loop *loop;

    if (ev == NULL) {
        return NULL;
    }
    loop = mem_alloc(sizeof(*loop));
    loop->ev = ev;
    loop->types = types;
    if (hooks != NULL) {
        loop->hooks = *hooks;
    }
    loop->born = ev_now(ev);
    loop->leave_timeout = LEAVE_TIMEOUT;
    run_queue_init(&loop->queue);
    run_queue_init(&loop->more);
    held_init(&loop->held);
    list_init(&loop->graphs);
    list_init(&loop->services);
    list_init(&loop->dead);
    list_init(&loop->drains);
    list_init(&loop->taps);
    list_init(&loop->watches);
    pool_init(&loop->pool);
    talks_init(loop);
    loop->listeners = listeners_create();
    loop->connections = mem_alloc(sizeof(*loop->connections));
    places_init(&loop->connections->places);
    loop->waiting = waiting_create(loop);
    ev_set_userdata(ev, loop);
    ev_set_invoke_pending_cb(ev, invoke_and_run);
    ev_idle_init(&loop->idle, on_idle);
    return loop;
}

/* What a loop has as long as it is not one of several. */
static void free_common(struct loop *loop)
{
    if (loop->worker == 0) {
        listeners_destroy(loop->listeners);
        places_deinit(&loop->connections->places);
        free(loop->connections);
    }
}

void loop_join_workers(struct loop *loop, struct workers *workers, unsigned index)
{
    const struct loop *first = workers->worker[0].loop;

    if (index > 0) {
        free_common(loop);
        loop->listeners = first->listeners;
        loop->connections = first->connections;
    }
    loop->workers = workers;
    loop->worker = index;
    mailbox_init(&loop->mailbox, loop->ev);
}

void loop_leave_workers(struct loop *loop)
{
    mailbox_deinit(&loop->mailbox);
    loop->workers = NULL;
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    metrics_destroy(loop->metrics);
    loop->metrics = NULL;
    if (loop->ledger != NULL) {
        ledger_stop(loop->ledger);
    }
    while (!list_is_empty(&loop->graphs)) {
        struct list *first = loop->graphs.next;

        list_remove(first);
        graph_destroy(container_of(first, struct graph, sibling));
    }
    wake_thirsty(loop);
    (void)loop_settle(loop);
    services_destroy(loop);
    (void)loop_settle(loop);
    REQUIRE(list_is_empty(&loop->dead) && list_is_empty(&loop->graphs));
    talks_deinit(loop);
    ledger_destroy(loop->ledger);
    waiting_destroy(loop->waiting);
    free_common(loop);
    pool_deinit(&loop->pool);
    ev_idle_stop(loop->ev, &loop->idle);
    ev_loop_destroy(loop->ev);
    free(loop);
}

void loop_run(struct loop *loop)
{
    (void)ev_run(loop->ev, 0);
}

void loop_stop(struct loop *loop)
{
    ev_break(loop->ev, EVBREAK_ALL);
}

void loop_once(struct loop *loop, bool wait)
{
    (void)ev_run(loop->ev, wait ? EVRUN_ONCE : EVRUN_NOWAIT);
}

unsigned loop_settle(struct loop *loop)
{
    unsigned runs = 0;

    held_begin(&loop->held);
    while (loop->queue.first != NULL) {
        runs += run_pass(loop, UINT32_MAX);
    }
    bury(loop);
    return runs;
}

const struct component_type *loop_find_type(const struct loop *loop, const char *name)
{
    for (const struct component_type *const *type = loop->types; *type != NULL; type++) {
        if (strcmp((*type)->name, name) == 0) {
            return *type;
        }
    }
    return NULL;
}

void loop_say(struct loop *loop, enum log_level level, const char *path, const char *peer,
              const char *text)
{
    if (loop->hooks.log != NULL) {
        loop->hooks.log(loop->hooks.arg, level, path, peer, text);
    }
}

void loop_log(struct loop *loop, enum log_level level, const char *path, const char *format, ...)
{
    char text[768];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    loop_say(loop, level, path, NULL, text);
}

void loop_graph_freed(struct loop *loop)
{
    loop->graphs_alive--;
    if (loop->graphs_peak >= CROWD && loop->graphs_alive <= loop->graphs_peak / 4) {
        loop->graphs_peak = loop->graphs_alive;
        pool_trim(&loop->pool);
        (void)malloc_trim(0);
    }
}
