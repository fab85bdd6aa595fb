/* Status: one screen about the whole daemon.
 *
 * Everything that runs is looked at for warnings, a slice in each turn of the loop.  Rates are
 * those since an earlier call, if there was one of late; else the call waits for a moment, and they
 * are those of that moment.  Nobody samples while nobody asks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control_private.h"
#include "daemon/plural.h"
#include "graph/document.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/source.h"
#include "graph/supervise.h"
#include "graph/workers.h"

#define SAMPLE_SHORTEST 0.2  /* seconds that rates are over */
#define SAMPLE_LONGEST  10.0 /* older ones are not used */
#define SAMPLE_FRESH    1.0  /* an older one is replaced */
#define BLOCKED         1.0  /* seconds of waiting that are worth a warning */

struct status {
    struct varlink_call *call;
    struct walk walk;
    unsigned counts[FAILED + 1]; /* by enum component_state */
    json_t *listeners;
    json_t *warnings;
    size_t earlier; /* connections of earlier graphs */
    size_t listener_count;
    size_t warning_count;
    double messages_per_second;
    double bytes_per_second;
    ev_timer sampling;
};

/* ---- warnings ---- */

/* Takes over path. */
__attribute__((format(printf, 3, 4))) static void warn(struct status *status, json_t *path,
                                                       const char *format, ...)
{
    char text[PATH_SIZE + 640];
    va_list args;

    if (status->warning_count++ >= CONTROL_FIRST) {
        json_decref(path);
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_array_append_new(status->warnings,
                          json_pack("{s:o, s:o}", "path", path, "text", control_text(text)));
}

static void look_at_inboxes(struct status *status, const struct component *component)
{
    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX;) {
        const struct inbox *in = component_have_inbox(component, i);

        if (in != NULL && in->box.dropped > 0) {
            warn(status, control_path_of_box(&in->box), "has dropped %u messages", in->box.dropped);
        }
    }
}

/* Bytes that go nowhere, not just an end that nobody wants to hear of. */
static bool is_discarding(const struct component *component, const struct outbox *out, unsigned i)
{
    return component->graph->holder == NULL && out->sink == NULL && out->box.dropped > 0 &&
           component_outbox_plan(component, i)->spec->carries != NOTICES;
}

static void look_at_outboxes(struct status *status, const struct component *component)
{
    for (unsigned i = NO_BOX; (i = component_next_outbox(component, i)) != NO_BOX;) {
        const struct outbox *out = component_have_outbox(component, i);
        char to[BOX_PATH_SIZE];

        if (out == NULL) {
            continue;
        }
        if (out->sink != NULL && outbox_waiting(out) >= BLOCKED) {
            warn(status, control_path_of_box(&out->box), "blocked for %.0f s: %s is full",
                 outbox_waiting(out), box_full_path(&out->sink->box, to, sizeof(to)));
        }
        if (is_discarding(component, out, i)) {
            warn(status, control_path_of_box(&out->box),
                 "is linked nowhere and has discarded %u messages", out->box.dropped);
        }
    }
    if (component->discarded > 0 && component->graph->holder == NULL) {
        warn(status, control_path_of(component),
             "has discarded %u messages for outboxes that are linked nowhere",
             component->discarded);
    }
}

/* Counts that a type's table calls worrying. */
static void look_at_statistics(struct status *status, const struct component *component)
{
    const struct stat_spec *spec = component->type->statistics;

    for (; spec != NULL && spec->name != NULL; spec++) {
        const uint64_t value = spec->is_worrying ? component_statistic(component, spec->name) : 0;

        if (value > 0) {
            warn(status, control_path_of(component), "%s: %llu %s %s", spec->name,
                 (unsigned long long)value, spec->unit != NULL ? spec->unit : "", spec->doc);
        }
    }
}

/* Failures and restarts, and how it held up the others. */
static void look_at_trouble(struct status *status, const struct component *component)
{
    double longest;
    const unsigned held = component_held(component, &longest);
    char text[640];

    if (component_describe_trouble(component, text, sizeof(text))) {
        warn(status, control_path_of(component), "%s", text);
    }
    if (held > 0) {
        warn(status, control_path_of(component),
             "has held the loop for more than %.0f ms %u time%s, for up to %.0f ms",
             HELD_LIMIT * 1000, held, PLURAL(held), longest * 1000);
    }
}

/* ---- one component after another ---- */

/* What a component with sockets has to say: it listens, it is connected, or all is not well. */
static void look_at_listener(struct status *status, struct component *component)
{
    char address[400];

    if (component->type->describe == NULL || component->state != RUNNING) {
        return;
    }
    if (!component_listens(component, address, sizeof(address))) {
        if (component->graph->is_draining) {
            return; /* what is to end no longer listens */
        }
        if (component_describe(component, address, sizeof(address)) &&
            strncmp(address, "connected to ", 13) != 0 && strncmp(address, "running ", 8) != 0) {
            warn(status, control_path_of(component), "%s", address);
        }
        return;
    }
    if (status->listener_count++ >= CONTROL_FIRST) {
        return;
    }
    json_array_append_new(status->listeners,
                          json_pack("{s:o, s:o, s:I}", "path", control_path_of(component),
                                    "address", control_text(address), "connections",
                                    (json_int_t)component_statistic(component, "connections")));
}

/* Each connection has two graphs, and one of them may be as the file has it now. */
static bool is_earlier_connection(const struct component *component)
{
    const struct graph *graph = component->graph;

    return graph->number != 0 && component->plan->index == 0 && component_is_earlier(component) &&
           (component->type->describe_peer != NULL || graph->peer == NULL ||
            !component_is_earlier(graph_component(graph->peer, 0)));
}

static void look_at(struct status *status, struct component *component)
{
    const bool is_of_file = component->graph->holder == NULL;
    const bool is_current = is_of_file && !component->is_leaving;

    if (is_of_file && is_current) {
        const bool is_stopping = strcmp(component_condition(component), "stopping") == 0;

        status->counts[is_stopping ? STOPPING : component->state]++;
    }
    status->earlier += is_earlier_connection(component);
    look_at_trouble(status, component);
    if (component_is_over(component)) {
        return;
    }
    if (is_of_file && is_current) {
        look_at_listener(status, component); /* of an earlier graph nobody listens any more */
    }
    if (is_of_file) {
        look_at_statistics(status, component);
    }
    look_at_inboxes(status, component);
    look_at_outboxes(status, component);
}

static void warn_of_earlier(struct status *status)
{
    if (status->earlier > 0) {
        warn(status, json_null(), "%zu connection%s of earlier graphs %s still open",
             status->earlier, PLURAL(status->earlier), status->earlier == 1 ? "is" : "are");
    }
}

/* ---- rates ---- */

static struct traffic_sample take_sample(struct loop *loop)
{
    const struct totals totals = loop_totals(loop);

    return (struct traffic_sample){
        .time = ev_now(loop->ev), .messages = totals.messages, .bytes = totals.bytes};
}

/* Works the rates out, if there is an earlier sample that will do.  Else returns how long to wait
 * for one. */
static double work_out_rates(struct status *status)
{
    struct control *control = control_of(status->call);
    struct traffic_sample *old = &control->sample;
    const struct traffic_sample now = take_sample(control->daemon->loop);
    const double age = now.time - old->time;

    if (old->time > 0 && age >= 0 && age < SAMPLE_SHORTEST) {
        return SAMPLE_SHORTEST - age;
    }
    if (old->time <= 0 || age < 0 || age > SAMPLE_LONGEST) {
        *old = now;
        return SAMPLE_SHORTEST;
    }
    status->messages_per_second = (double)(now.messages - old->messages) / age;
    status->bytes_per_second = (double)(now.bytes - old->bytes) / age;
    if (age >= SAMPLE_FRESH) {
        *old = now;
    }
    return 0;
}

/* ---- the reply ---- */

static const char *daemon_state_name(enum daemon_state state)
{
    switch (state) {
    case DAEMON_STARTING:
        return "starting";
    case DAEMON_RUNNING:
        return "running";
    case DAEMON_DRAINING:
        return "draining";
    case DAEMON_STOPPING:
        return "stopping";
    }
    return "?";
}

static json_t *files_of(const struct daemon *daemon)
{
    const struct graph *graph = daemon->graph;
    json_t *files = json_array();
    const struct source *source;

    for (size_t i = 0; graph != NULL && graph->plan->root->document != NULL &&
                       (source = document_source(graph->plan->root->document, i)) != NULL;
         i++) {
        json_array_append_new(files, control_text(source->name));
    }
    if (json_array_size(files) == 0) {
        json_array_append_new(files, control_text(daemon->options.graph));
    }
    return files;
}

static json_t *last_reload_of(const struct daemon *daemon)
{
    const struct reload_result *last = &daemon->last_reload;

    if (last->time <= 0) {
        return json_null();
    }
    return json_pack("{s:f, s:b, s:o}", "time", last->time, "done", last->done, "text",
                     control_text(last->text));
}

static json_t *make_reply(struct status *status)
{
    const struct daemon *daemon = control_of(status->call)->daemon;
    const struct loop *loop = daemon->loop;
    const struct totals totals = loop_totals(daemon->loop);
    json_t *components =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "starting", (int)status->counts[CREATED],
                  "running", (int)status->counts[RUNNING], "restarting",
                  (int)status->counts[RESTARTING], "stopping", (int)status->counts[STOPPING],
                  "stopped", (int)status->counts[STOPPED], "failed", (int)status->counts[FAILED]);
    json_t *connections = json_pack(
        "{s:I, s:I, s:I}", "now", (json_int_t)loop->connections->places.taken, "total",
        (json_int_t)loop->connections->in_all, "refused", (json_int_t)loop->connections->refused);
    json_t *traffic =
        json_pack("{s:I, s:I, s:f, s:f}", "messages", (json_int_t)totals.messages, "bytes",
                  (json_int_t)totals.bytes, "messages_per_second", status->messages_per_second,
                  "bytes_per_second", status->bytes_per_second);
    json_t *held = json_pack("{s:f, s:I, s:f}", "limit", HELD_LIMIT, "times",
                             (json_int_t)totals.held, "longest", totals.held_longest);

    return json_pack(
        "{s:s, s:i, s:s, s:f, s:f, s:i, s:o, s:i, s:o, s:O, s:I, s:o, s:o, s:o, s:o, s:O, s:I}",
        "version", AXOND_VERSION, "pid", (int)getpid(), "state", daemon_state_name(daemon->state),
        "started", daemon->started, "uptime", ev_now(loop->ev) - daemon->started, "workers",
        (int)worker_count(loop), "files", files_of(daemon), "generation", (int)daemon->generation,
        "components", components, "listeners", status->listeners, "listeners_total",
        (json_int_t)status->listener_count, "connections", connections, "traffic", traffic, "held",
        held, "last_reload", last_reload_of(daemon), "warnings", status->warnings, "warnings_total",
        (json_int_t)status->warning_count);
}

static void reply_or_wait(struct status *status)
{
    const double wait = work_out_rates(status);

    if (wait > 0) {
        ev_timer_set(&status->sampling, wait, 0.0);
        ev_timer_start(control_loop(status->call)->ev, &status->sampling);
    } else {
        varlink_reply(status->call, make_reply(status));
    }
}

static void on_sampled(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    struct status *status = watcher->data;
    struct workers *workers = control_loop(status->call)->workers;

    workers_halt(workers);
    reply_or_wait(status);
    workers_release(workers);
}

static void produce(struct varlink_call *call)
{
    struct status *status = call->data;

    for (int i = 0; i < CONTROL_STEPS; i++) {
        struct component *component = walk_next(&status->walk);

        if (component == NULL) {
            call->produce = NULL;
            warn_of_earlier(status);
            reply_or_wait(status);
            return;
        }
        look_at(status, component);
    }
}

static void on_end(struct varlink_call *call)
{
    struct status *status = call->data;

    walk_end(&status->walk);
    ev_timer_stop(control_loop(call)->ev, &status->sampling);
    json_decref(status->listeners);
    json_decref(status->warnings);
    free(status);
}

void control_on_status(struct varlink_call *call)
{
    struct status *status = mem_alloc(sizeof(*status));

    status->call = call;
    status->listeners = json_array();
    status->warnings = json_array();
    ev_init(&status->sampling, on_sampled);
    status->sampling.data = status;
    walk_begin(&status->walk, control_loop(call), true);
    call->data = status;
    call->produce = produce;
    call->on_end = on_end;
}
