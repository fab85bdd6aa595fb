/* Top: the busiest linkages, and who holds up the others, again and again.
 *
 *     look ──(interval)──► look ──► differences ──► rows, bottlenecks ──► a reply
 *       ▲                                                                   │
 *       └───────────────────────(interval)──────────────────────────────────┘
 *
 * Nobody counts anything for this that is not counted anyway.  A look goes through all components,
 * a slice in each turn of the loop. */
#include <stdlib.h>

#include "daemon/bottleneck.h"
#include "daemon/control_private.h"
#include "daemon/flow_table.h"
#include "daemon/top_rows.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/waiting.h"

#define USUAL_INTERVAL    1.0
#define SHORTEST_INTERVAL 0.1
#define LONGEST_INTERVAL  3600.0
#define FIRST_INTERVAL    0.3  /* seconds, at most, before the first reply */
#define STALLED           0.05 /* share of the time that makes a stall */

enum {
    USUAL_ROWS = 50,
    MOST_ROWS = 200,    /* by each measure: to write all of them takes a few milliseconds */
    MOST_STALLS = 5000, /* sorted and followed in one turn: a millisecond */
    MOST_BOTTLENECKS = 5,
    MOST_WAY = 10, /* components of a way that are told */
};

struct top {
    struct varlink_call *call;
    const char *pattern; /* borrowed from the call; NULL: all */
    double interval;
    size_t most;
    struct walk walk;
    struct flow_table before; /* the look before this one */
    struct flow_table now;
    struct top_rows rows;
    struct stall *stalls; /* of this look; both components are kept */
    size_t stall_count;
    size_t components;
    size_t linkages;
    struct traffic_sample sample; /* at the end of the look before */
    bool is_second;               /* there was one */
    ev_timer next;
};

/* A linkage as it was seen. */
struct flow {
    const struct linkage *linkage;
    double by[TOP_MEASURES];
};

/* ---- a row */

struct row {
    char from[BOX_PATH_SIZE];
    char to[BOX_PATH_SIZE];
    uint32_t queued;
    uint32_t bound;
    bool is_bounded;
    bool in_bytes;
};

static void *make_row(const void *arg)
{
    const struct flow *flow = arg;
    const struct inbox *in = flow->linkage->in;
    struct row *row = mem_alloc(sizeof(*row));

    (void)box_full_path(&flow->linkage->out->box, row->from, sizeof(row->from));
    (void)box_full_path(&in->box, row->to, sizeof(row->to));
    row->is_bounded = control_is_bounded(in->box.flags);
    row->in_bytes = (in->box.flags & BOX_BOUND_BYTES) != 0;
    row->queued = inbox_fill(in);
    row->bound = waiting_bound(in);
    return row;
}

static void add_row(void *arg, const struct top_row *kept)
{
    const struct row *row = kept->data;

    json_array_append_new(
        arg,
        json_pack("{s:o, s:o, s:f, s:f, s:I, s:o, s:s, s:f, s:f, s:f}", "from",
                  control_text(row->from), "to", control_text(row->to), "messages_per_second",
                  kept->by[TOP_MESSAGES], "bytes_per_second", kept->by[TOP_BYTES], "queued",
                  (json_int_t)row->queued, "bound", control_bound(row->is_bounded, row->bound),
                  "unit", row->in_bytes ? "bytes" : "messages", "full", kept->by[TOP_QUEUE],
                  "blocked", kept->by[TOP_BLOCKED], "dropped_per_second", kept->by[TOP_DROPPED]));
}

/* ---- looking ---- */

static double share(double part, double whole)
{
    const double ratio = whole > 0 ? part / whole : 0;

    return ratio < 0 ? 0 : ratio > 1 ? 1 : ratio;
}

/* What has happened since the look before; nothing, if it was not there then. */
static void compare(const struct flow_counts *now, const struct flow_counts *before,
                    double by[TOP_MEASURES])
{
    const double seconds = before != NULL ? (now->ms - before->ms) / 1000.0 : 0;

    if (seconds <= 0 || now->messages < before->messages || now->bytes < before->bytes) {
        return;
    }
    by[TOP_MESSAGES] = (double)(now->messages - before->messages) / seconds;
    by[TOP_BYTES] = (double)(now->bytes - before->bytes) / seconds;
    by[TOP_DROPPED] = (double)(now->dropped - before->dropped) / seconds;
    by[TOP_BLOCKED] = share(now->blocked - before->blocked, seconds);
}

static void note_stall(struct top *top, const struct flow *flow)
{
    struct component *to = box_owner(&flow->linkage->in->box);
    char text[200];

    if (top->stall_count == MOST_STALLS) {
        return;
    }
    if (top->stalls == NULL) {
        top->stalls = mem_alloc_array(MOST_STALLS, sizeof(*top->stalls));
    }
    top->stalls[top->stall_count++] =
        (struct stall){.from = component_ref(box_owner(&flow->linkage->out->box)),
                       .to = component_ref(to),
                       .share = flow->by[TOP_BLOCKED],
                       .is_end = component_waits_outside(to, text, sizeof(text)) == WAITS_OUT};
}

static bool fits(const struct top *top, const struct flow *flow)
{
    char path[BOX_PATH_SIZE];

    return top->pattern == NULL ||
           control_pattern_matches(top->pattern,
                                   box_full_path(&flow->linkage->out->box, path, sizeof(path))) ||
           control_pattern_matches(top->pattern,
                                   box_full_path(&flow->linkage->in->box, path, sizeof(path)));
}

static void look_at_linkage(struct top *top, const struct linkage *linkage)
{
    struct flow flow = {.linkage = linkage};
    const struct inbox *in = linkage->in;
    const struct flow_counts counts = {.out = linkage->out,
                                       .messages = linkage->messages,
                                       .bytes = linkage->bytes,
                                       .blocked = linkage->waited,
                                       .dropped = linkage->dropped,
                                       .ms = loop_ms(control_loop(top->call))};

    top->linkages++;
    flow_table_add(&top->now, &counts);
    compare(&counts, flow_table_find(&top->before, linkage->out), flow.by);
    if (control_is_bounded(in->box.flags)) {
        flow.by[TOP_QUEUE] = share(inbox_fill(in), waiting_bound(in));
    }
    if (flow.by[TOP_BLOCKED] >= STALLED) {
        note_stall(top, &flow);
    }
    if (fits(top, &flow)) {
        top_rows_offer(&top->rows, flow.by, make_row, &flow);
    }
}

static void look_at(struct top *top, const struct component *component)
{
    struct linkage linkage = {0};

    top->components++;
    while (component_next_linkage(component, &linkage)) {
        look_at_linkage(top, &linkage);
    }
}

static void forget_stalls(struct top *top)
{
    for (size_t i = 0; i < top->stall_count; i++) {
        component_unref((struct component *)(uintptr_t)top->stalls[i].from);
        component_unref((struct component *)(uintptr_t)top->stalls[i].to);
    }
    top->stall_count = 0;
}

/* ---- what is told ---- */

static json_t *path_of(const void *component)
{
    return control_path_of(component);
}

/* The one that waits furthest away, whom it waits for, and so on, up to the bottleneck. */
static json_t *way_of(const struct top *top, const struct bottleneck *found)
{
    json_t *way = json_array();
    size_t at = found->first;

    while (json_array_size(way) < MOST_WAY && top->stalls[at].last != at) {
        json_array_append_new(way, path_of(top->stalls[at].from));
        at = top->stalls[at].next;
    }
    json_array_append_new(way, path_of(top->stalls[at].from));
    json_array_append_new(way, path_of(top->stalls[at].to));
    return way;
}

static json_t *bottlenecks_of(struct top *top)
{
    struct bottleneck found[MOST_BOTTLENECKS];
    const size_t all = bottlenecks_find(top->stalls, top->stall_count, found, MOST_BOTTLENECKS);
    json_t *list = json_array();

    for (size_t i = 0; i < all && i < MOST_BOTTLENECKS; i++) {
        struct component *end = (struct component *)(uintptr_t)top->stalls[found[i].last].to;
        char text[400];

        json_array_append_new(
            list,
            json_pack("{s:o, s:o, s:I, s:f, s:o, s:o, s:b}", "path", path_of(end), "type",
                      control_text(control_type_name(end)), "stalls", (json_int_t)found[i].count,
                      "blocked", found[i].share, "waits_for",
                      control_text(component_waits_outside(end, text, sizeof(text)) == WAITS_OUT
                                       ? text
                                       : NULL),
                      "way", way_of(top, &found[i]), "circle", found[i].is_circle));
    }
    return list;
}

static json_t *make_reply(struct top *top, double seconds)
{
    struct loop *loop = control_loop(top->call);
    const struct totals totals = loop_totals(loop);
    json_t *rows = json_array();
    json_t *traffic =
        json_pack("{s:I, s:I, s:f, s:f}", "messages", (json_int_t)totals.messages, "bytes",
                  (json_int_t)totals.bytes, "messages_per_second",
                  (double)(totals.messages - top->sample.messages) / seconds, "bytes_per_second",
                  (double)(totals.bytes - top->sample.bytes) / seconds);

    top_rows_each(&top->rows, add_row, rows);
    return json_pack("{s:f, s:f, s:I, s:I, s:I, s:o, s:o, s:o}", "time", ev_now(loop->ev),
                     "seconds", seconds, "components", (json_int_t)top->components, "linkages",
                     (json_int_t)top->linkages, "connections",
                     (json_int_t)loop->connections->places.taken, "traffic", traffic, "rows", rows,
                     "bottlenecks", bottlenecks_of(top));
}

/* ---- again and again ---- */

static void take_sample(struct top *top)
{
    struct loop *loop = control_loop(top->call);
    const struct totals totals = loop_totals(loop);

    top->sample = (struct traffic_sample){
        .time = ev_now(loop->ev), .messages = totals.messages, .bytes = totals.bytes};
}

/* How many linkages there will be, more or less: data and an end for each component. */
static size_t expect_linkages(const struct top *top)
{
    const struct graph *newest = top->walk.graph;

    if (top->is_second) {
        return top->before.count;
    }
    return 2 * (newest != NULL ? graph_size(newest) : 0) +
           4 * (size_t)control_loop(top->call)->graphs_alive;
}

static void begin_look(struct top *top)
{
    top->components = 0;
    top->linkages = 0;
    top_rows_init(&top->rows, top->most);
    walk_begin(&top->walk, control_loop(top->call), true);
    flow_table_reserve(&top->now, expect_linkages(top));
}

static void end_look(struct top *top)
{
    struct loop *loop = control_loop(top->call);
    const double seconds = ev_now(loop->ev) - top->sample.time;
    double pause = top->interval;

    flow_table_deinit(&top->before);
    top->before = top->now;
    top->now = (struct flow_table){0};
    if (!top->is_second && pause > FIRST_INTERVAL) {
        pause = FIRST_INTERVAL;
    }
    if (top->is_second && seconds > 0) {
        (void)varlink_reply_continues(top->call, make_reply(top, seconds));
    }
    top_rows_deinit(&top->rows);
    forget_stalls(top);
    take_sample(top);
    top->is_second = true;
    top->call->produce = NULL;
    ev_timer_set(&top->next, pause, 0.0);
    ev_timer_start(loop->ev, &top->next);
}

static void look(struct varlink_call *call)
{
    struct top *top = call->data;

    for (int i = 0; i < CONTROL_STEPS; i++) {
        const struct component *component = walk_next(&top->walk);

        if (component == NULL) {
            end_look(top);
            return;
        }
        if (!component_is_over(component)) {
            look_at(top, component);
        }
    }
}

static void look_again(struct varlink_call *call)
{
    begin_look(call->data);
    call->produce = look;
    look(call);
}

/* The graph is looked at in the call's turns only. */
static void on_next(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    const struct top *top = watcher->data;

    varlink_call_produce(top->call, look_again);
}

static void on_end(struct varlink_call *call)
{
    struct top *top = call->data;

    ev_timer_stop(control_loop(call)->ev, &top->next);
    walk_end(&top->walk);
    forget_stalls(top);
    free(top->stalls);
    top_rows_deinit(&top->rows);
    flow_table_deinit(&top->before);
    flow_table_deinit(&top->now);
    free(top);
}

void control_on_top(struct varlink_call *call)
{
    const double interval = varlink_float(call, "interval", USUAL_INTERVAL);
    const json_int_t rows = varlink_int(call, "rows", USUAL_ROWS);
    struct top *top;

    if (interval < SHORTEST_INTERVAL || interval > LONGEST_INTERVAL) {
        varlink_invalid_parameter(call, "interval");
        return;
    }
    if (rows < 1 || rows > MOST_ROWS) {
        varlink_invalid_parameter(call, "rows");
        return;
    }
    top = mem_alloc(sizeof(*top));
    top->call = call;
    top->pattern = varlink_string(call, "pattern");
    top->interval = interval;
    top->most = (size_t)rows;
    ev_init(&top->next, on_next);
    top->next.data = top;
    call->data = top;
    call->on_end = on_end;
    call->produce = look_again;
}
