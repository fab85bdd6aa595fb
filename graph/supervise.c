#include "graph/supervise.h"

#include <errno.h>
#include <ev.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/backoff.h"
#include "graph/cell.h"
#include "graph/chassis.h"
#include "graph/component_extra.h"
#include "graph/graph.h"
#include "graph/ledger.h"
#include "graph/loop.h"

/* Times are of the loop's clock. */
struct supervision {
    struct component *component;
    ev_timer timer;    /* active: it waits to be started again */
    double next;       /* when it will be */
    double began;      /* when it was last; 0: never */
    double delay;      /* the last pause, before it was cut, s; 0: the next one is the first */
    double window;     /* when counting began */
    uint32_t counted;  /* restarts since then */
    uint32_t restarts; /* in all */
    bool has_given_up;
};

static struct supervision *find(const struct component *component)
{
    return component->extra != NULL ? component->extra->supervision : NULL;
}

static void on_time(struct ev_loop *ev, ev_timer *timer, int revents);

static struct supervision *need(struct component *component)
{
    struct component_extra *extra = component_need_extra(component);

    if (extra->supervision == NULL) {
        extra->supervision = mem_alloc(sizeof(*extra->supervision));
        extra->supervision->component = component;
        ev_init(&extra->supervision->timer, on_time);
        extra->supervision->timer.data = extra->supervision;
    }
    return extra->supervision;
}

/* ---- in words ---- */

struct span {
    char text[48];
};

static struct span span(double seconds)
{
    struct span span;

    if (seconds < 0.9995) {
        (void)snprintf(span.text, sizeof(span.text), "%.0f ms", seconds > 0 ? seconds * 1000 : 0);
    } else {
        const double tenths = seconds < 9.95 ? floor(seconds * 10 + 0.5) / 10 : seconds;

        (void)snprintf(span.text, sizeof(span.text), seconds < 9.95 ? "%g s" : "%.0f s", tenths);
    }
    return span;
}

static const char *reason_of(const struct component *component)
{
    const char *reason = component_reason(component);

    return reason != NULL ? reason : "no reason is known";
}

/* "restart 2 of 5". */
static struct span ordinal(const struct component *component, const struct supervision *supervision)
{
    const struct restart *policy = component->plan->restart;
    struct span text;

    if (policy != NULL && policy->limit > 0) {
        (void)snprintf(text.text, sizeof(text.text), "restart %u of %lld", supervision->counted,
                       (long long)policy->limit);
    } else {
        (void)snprintf(text.text, sizeof(text.text), "restart %u", supervision->restarts + 1);
    }
    return text;
}

bool component_describe_trouble(const struct component *component, char *text, size_t size)
{
    const struct supervision *supervision = find(component);
    const struct restart *policy = component->plan->restart;
    const double now = component_now(component);

    text[0] = '\0';
    if (component->state != RUNNING && supervision != NULL && supervision->has_given_up) {
        (void)snprintf(text, size, "gave up after %lld restart%s in %s: %s",
                       (long long)policy->limit, policy->limit == 1 ? "" : "s",
                       span(policy->within).text, reason_of(component));
    } else if (component->state == FAILED) {
        (void)snprintf(text, size, "failed: %s", reason_of(component));
    } else if (component->state == RESTARTING && supervision != NULL) {
        const bool has_failed = component_reason(component) != NULL;

        (void)snprintf(text, size, "%s%s; %s in %s", has_failed ? "failed: " : "ended",
                       has_failed ? reason_of(component) : "", ordinal(component, supervision).text,
                       span(supervision->next - now).text);
    } else if (component->state == RUNNING && supervision != NULL && supervision->restarts > 0) {
        const char *reason = component_reason(component);

        (void)snprintf(text, size, "restarted %u time%s, the last %s ago%s%s",
                       supervision->restarts, supervision->restarts == 1 ? "" : "s",
                       span(now - supervision->began).text, reason != NULL ? ": " : "",
                       reason != NULL ? reason : "");
    }
    return text[0] != '\0';
}

static void say(struct component *component, enum log_level level, const char *text)
{
    if (level == LOG_LEVEL_ERROR && component->graph->holder != NULL) {
        level = LOG_LEVEL_WARNING; /* one connection's trouble is not the daemon's */
    }
    component_say(component, level, text);
}

static void say_trouble(struct component *component, enum log_level level)
{
    char text[640];

    if (component_describe_trouble(component, text, sizeof(text))) {
        say(component, level, text);
    }
}

unsigned component_restarts(const struct component *component)
{
    const struct supervision *supervision = find(component);

    return supervision != NULL ? supervision->restarts : 0;
}

double component_next_restart(const struct component *component)
{
    const struct supervision *supervision = find(component);

    return supervision != NULL && ev_is_active(&supervision->timer) ? supervision->next : 0;
}

bool component_has_given_up(const struct component *component)
{
    const struct supervision *supervision = find(component);

    return component->state == FAILED && supervision != NULL && supervision->has_given_up;
}

/* ---- what is to be done ---- */

/* True if it was told to end and has not got to that yet: the notice still waits. */
static bool has_end_before_it(struct component *component)
{
    return component->control != NO_BOX &&
           inbox_sink(component_inbox(component, component->control))->box.last != NULL;
}

static bool wants_restart(struct component *component, enum component_state how)
{
    const struct restart *policy = component->plan->restart;

    return policy != NULL && component->state == RUNNING && !component->graph->is_destroyed &&
           (how == FAILED ? !component->graph->is_held : policy->policy == RESTART_ALWAYS) &&
           (component->flags & (COMPONENT_SIGNALLED | COMPONENT_STOP_ASKED)) == 0 &&
           (!component->was_told || (how == FAILED && has_end_before_it(component)));
}

bool supervise_restarts_after(const struct component *component, const struct message *notice)
{
    return (notice->kind == PRODUCER_FINISHED || notice->kind == SHUTDOWN_MICROPROCESS) &&
           wants_restart((struct component *)(uintptr_t)component,
                         notice->error != 0 ? FAILED : STOPPED);
}

/* True if one that waits has nothing to be started for: what its control holds is its end. */
static bool is_done(struct component *component)
{
    const struct message *last = component->control != NO_BOX
                                     ? component_inbox(component, component->control)->box.last
                                     : NULL;
    const struct message *msg = last;

    if (last == NULL) {
        return false;
    }
    do {
        msg = msg->next;
        if (message_kind_ends((enum message_kind)msg->kind) &&
            (msg->kind != PRODUCER_FINISHED || component_is_drained(component))) {
            return true;
        }
    } while (msg != last);
    return false;
}

static void end_waiting(struct component *component, enum component_state state)
{
    if (component->signal != NO_BOX && (component->flags & COMPONENT_STOP_ASKED) != 0) {
        outbox_notify(component, component->signal, SHUTDOWN_MICROPROCESS, NULL, 0);
    }
    component_end(component, state);
}

void supervise_wake(struct component *component)
{
    if (component->state == RESTARTING && (component->flags & COMPONENT_TOLD) != 0) {
        run_queue_add(&component_loop(component)->queue, component);
    }
}

void supervise_told(struct component *component)
{
    if (component->state == RESTARTING && is_done(component)) {
        end_waiting(component, STOPPED);
    }
}

void supervise_forget(struct component *component)
{
    struct supervision *supervision = find(component);

    if (supervision != NULL) {
        ev_timer_stop(component_ev(component), &supervision->timer);
    }
}

void supervise_renew(struct component *component)
{
    struct supervision *supervision = find(component);

    if (supervision != NULL) {
        supervision->counted = 0;
        supervision->delay = 0;
        supervision->has_given_up = false;
    }
}

void supervise_free(struct supervision *supervision)
{
    REQUIRE(supervision == NULL || !ev_is_active(&supervision->timer));
    free(supervision);
}

/* ---- stopping, and starting again ---- */

/* What control holds stays, and the place in the run queue. */
static void reset_flags(struct component *component)
{
    unsigned kept = COMPONENT_QUEUED | COMPONENT_STOP_ASKED;

    if (component->control != NO_BOX && !inbox_is_empty(component, component->control)) {
        kept |= COMPONENT_TOLD;
    }
    component->flags = (uint8_t)(component->flags & kept);
    component->ready = 0;
}

static void suspend(struct component *component)
{
    component->state = STOPPING;
    chassis_dismantle(component);
    component_dismantle(component);
    if (component->graph->loop->ledger != NULL) {
        ledger_close_state(component->graph->loop->ledger, component);
    }
    component_enter(component, RESTARTING);
    reset_flags(component);
}

/* What came to the inboxes of a service meanwhile. */
static void receive_waiting(struct component *component)
{
    for (unsigned i = 0; i < component->inboxes; i++) {
        struct inbox *in = component_common_inbox(component, i);

        while ((in->box.flags & BOX_RECEIVES) != 0 && in->box.last != NULL &&
               component->state == RUNNING) {
            component_receive(component, in, inbox_pop(in));
        }
    }
}

static int start_again(struct component *component)
{
    struct supervision *supervision = need(component);
    int result;

    ev_timer_stop(component_ev(component), &supervision->timer);
    supervision->restarts++;
    supervision->began = component_now(component);
    chassis_remake(component);
    cell_reset(component);
    reset_flags(component);
    component->graph->living--; /* which counts it once more */
    result = component_start(component);
    receive_waiting(component);
    if (component->state == RUNNING) {
        chassis_begin(component);
    }
    if (component->state == RUNNING) {
        say(component, LOG_LEVEL_NOTICE, "restarted");
    }
    return result;
}

static void on_time(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct supervision *supervision = timer->data;
    struct component *component = supervision->component;
    struct loop *loop = component_loop(component);

    held_end(&loop->held, loop, NULL); /* what other watchers did before is not its doing */
    (void)start_again(component);
    held_end(&loop->held, loop, component);
}

int component_restart(struct component *component)
{
    if ((component->flags & COMPONENT_RUNNING) != 0 || chassis_is_busy(component)) {
        return -EBUSY;
    }
    if (component->state == RUNNING) {
        component->is_kept = true;
        suspend(component);
        component->is_kept = false;
    }
    return component->state == RESTARTING ? start_again(component) : -ESRCH;
}

/* ---- when it has failed, or ended ---- */

/* Counts one more restart.  Returns false if that is too many. */
static bool count(struct component *component)
{
    const struct restart *policy = component->plan->restart;
    struct supervision *supervision = need(component);
    const double now = component_now(component);

    if (supervision->began <= 0 || now - supervision->began >= policy->within) {
        supervision->delay = 0; /* it was well for long enough */
    }
    if (supervision->counted == 0 || now - supervision->window >= policy->within) {
        supervision->window = now;
        supervision->counted = 0;
    }
    if (policy->limit > 0 && supervision->counted >= policy->limit) {
        supervision->has_given_up = true;
        return false;
    }
    supervision->counted++;
    supervision->delay = backoff_next(supervision->delay, policy->delay, policy->max_delay);
    return true;
}

static void wait_for_restart(struct component *component)
{
    struct supervision *supervision = need(component);
    const double pause = backoff_jitter(supervision->delay);

    supervision->next = component_now(component) + pause;
    ev_timer_set(&supervision->timer, pause, 0.0);
    ev_timer_start(component_ev(component), &supervision->timer);
    say_trouble(component,
                component_reason(component) != NULL ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE);
    component_announce(component);
}

/* The chassis around that fails along: the nearest with a policy; or, where a policy of its own has
 * been of no avail, the one that holds it. */
static struct component *who_fails_along(const struct component *component, bool has_given_up)
{
    const struct plan_component *plan = component->plan->parent;
    struct component *chassis;

    for (; plan != NULL; plan = plan->parent) {
        chassis = graph_relative(component, plan);
        if (chassis != NULL && wants_restart(chassis, FAILED)) {
            return chassis;
        }
    }
    plan = component->plan->parent;
    chassis = plan != NULL ? graph_relative(component, plan) : NULL;
    return has_given_up && chassis != NULL && chassis->state == RUNNING ? chassis : NULL;
}

/* Nothing more is done for it.  Returns true if it has gone along with a chassis; else it is to be
 * ended, and nothing is left of what it held. */
static bool fail_for_good(struct component *component)
{
    const struct graph *graph = component->graph;
    const bool has_given_up = find(component) != NULL && find(component)->has_given_up;
    struct component *chassis;
    char text[640];

    component->flags |= COMPONENT_FAILING;
    if (!has_given_up || !component_describe_trouble(component, text, sizeof(text))) {
        (void)snprintf(text, sizeof(text), "%s", reason_of(component));
    }
    say(component, LOG_LEVEL_ERROR, text);
    if (graph->is_destroyed || graph->is_held) {
        return false; /* it could not start, and all of the graph goes */
    }
    chassis = who_fails_along(component, has_given_up);
    if (chassis != NULL) {
        if (component->state == RUNNING) {
            suspend(component);
            component->flags |= COMPONENT_FAILING;
        }
        (void)component_fail(chassis, 0, "%s: %s", component->plan->name, text);
        return true;
    }
    if (component->state == RUNNING) {
        component->state = STOPPING;
        chassis_dismantle(component);
    }
    if (has_given_up && graph->holder != NULL) {
        component_disconnect(component, 0);
    }
    return false;
}

bool supervise(struct component *component, enum component_state how)
{
    const bool again = wants_restart(component, how);

    if (component->state == STOPPING) {
        return true; /* it is on its way, and so is what it made */
    }
    if (component->state == CREATED && how == FAILED) {
        say(component, LOG_LEVEL_ERROR, reason_of(component));
    }
    if (component->state != RUNNING || (how == STOPPED && !again)) {
        return false;
    }
    if (chassis_is_busy(component)) {
        component_wake(component); /* in a turn of its own nobody else is busy */
        return true;
    }
    if (again) {
        if (how == STOPPED) {
            component_set_reason(component, NULL);
        }
        suspend(component);
        if (is_done(component)) {
            if (how == FAILED) {
                say(component, LOG_LEVEL_ERROR, reason_of(component));
            }
            end_waiting(component, how);
            return true;
        }
        if (count(component)) {
            wait_for_restart(component);
            return true;
        }
        if (how == STOPPED) {
            component_set_reason(component, "it ended each time");
        }
    }
    return fail_for_good(component);
}
