/* List, Linkages, Graph: everything that runs, in batches.
 *
 * With "more" each batch is a reply, and the loop goes on between two of them.  Without, they are
 * put together, unless there are too many. */
#include <stdlib.h>

#include "daemon/control_private.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/supervise.h"
#include "graph/waiting.h"

enum { BATCH = 100 }; /* items, or a few more */

struct listing {
    struct walk walk;
    const char *pattern; /* borrowed from the call; NULL: all */
    const char *list;    /* the name of the list in replies */
    void (*add)(struct listing *listing, const struct component *component);
    json_t *items;            /* what is not sent yet */
    bool has_edges;           /* Graph: the nodes have been listed, now come the edges */
    const struct graph *only; /* Graph: of one root graph */
};

static bool fits(const struct listing *listing, const char *path)
{
    return listing->pattern == NULL || control_pattern_matches(listing->pattern, path);
}

/* ---- what is listed ---- */

static void add_component(struct listing *listing, const struct component *component)
{
    char path[PATH_SIZE];

    if (fits(listing, component_path(component, path, sizeof(path)))) {
        json_array_append_new(
            listing->items,
            json_pack("{s:o, s:o, s:s, s:b, s:f, s:o, s:i, s:o}", "path", control_text(path),
                      "type", control_text(control_type_name(component)), "state",
                      component_condition(component), "earlier", component_is_earlier(component),
                      "since", component_begun(component), "reason",
                      control_text(component_reason(component)), "restarts",
                      (int)component_restarts(component), "next_restart",
                      control_next_restart(component)));
    }
}

static void add_linkage(struct listing *listing, const struct linkage *linkage)
{
    const struct inbox *in = linkage->in;
    const bool is_bounded = control_is_bounded(in->box.flags);
    const bool in_bytes = (in->box.flags & BOX_BOUND_BYTES) != 0;
    char from[BOX_PATH_SIZE];
    char to[BOX_PATH_SIZE];

    (void)box_full_path(&linkage->out->box, from, sizeof(from));
    (void)box_full_path(&in->box, to, sizeof(to));
    if (!fits(listing, from) && !fits(listing, to)) {
        return;
    }
    json_array_append_new(
        listing->items,
        json_pack("{s:o, s:o, s:I, s:I, s:I, s:f, s:I, s:o, s:s}", "from", control_text(from), "to",
                  control_text(to), "messages", (json_int_t)linkage->messages, "bytes",
                  (json_int_t)linkage->bytes, "dropped", (json_int_t)linkage->dropped, "blocked",
                  linkage->waited, "queued",
                  (json_int_t)(in_bytes ? in->box.queued_cost : in->box.queued), "bound",
                  control_bound(is_bounded, waiting_bound(in)), "unit",
                  control_unit(in->box.flags)));
}

static void add_linkages(struct listing *listing, const struct component *component)
{
    struct linkage linkage = {0};

    while (component_next_linkage(component, &linkage)) {
        add_linkage(listing, &linkage);
    }
}

static void add_edges(struct listing *listing, const struct component *component)
{
    struct linkage linkage = {0};

    while (component_next_linkage(component, &linkage)) {
        json_array_append_new(listing->items,
                              json_pack("{s:o, s:s, s:o, s:s}", "from", control_path_of(component),
                                        "outbox", box_name(&linkage.out->box), "to",
                                        control_path_of(box_owner(&linkage.in->box)), "inbox",
                                        box_name(&linkage.in->box)));
    }
}

static void add_node(struct listing *listing, const struct component *component)
{
    json_array_append_new(listing->items,
                          json_pack("{s:o, s:o, s:s, s:o}", "path", control_path_of(component),
                                    "type", control_text(control_type_name(component)), "state",
                                    component_condition(component), "parent",
                                    control_path_of(component_holder(component))));
}

static void add_to_picture(struct listing *listing, const struct component *component)
{
    const struct component *outermost = component_outermost(component);

    if (graph_part(outermost->graph, 0) != listing->only || outermost->is_leaving) {
        return; /* a second component of the same path would only confuse */
    }
    if (listing->has_edges) {
        add_edges(listing, component);
    } else {
        add_node(listing, component);
    }
}

/* ---- the batches ---- */

/* One more batch.  Returns false at the end. */
static bool gather(struct listing *listing)
{
    const size_t enough = json_array_size(listing->items) + BATCH;

    for (int i = 0; i < CONTROL_STEPS && json_array_size(listing->items) < enough; i++) {
        const struct component *component = walk_next(&listing->walk);

        if (component == NULL) {
            return false;
        }
        listing->add(listing, component);
    }
    return true;
}

static json_t *take_items(struct listing *listing)
{
    json_t *items = listing->items;

    listing->items = json_array();
    return items;
}

static void produce(struct varlink_call *call)
{
    struct listing *listing = call->data;
    const bool goes_on = gather(listing);

    if (!call->more && json_array_size(listing->items) > CONTROL_MOST) {
        varlink_error(call, VARLINK_EXPECTED_MORE, NULL);
    } else if (!goes_on) {
        varlink_reply(call, json_pack("{s:o}", listing->list, take_items(listing)));
    } else if (call->more) {
        (void)varlink_reply_continues(call, json_pack("{s:o}", listing->list, take_items(listing)));
    }
}

static void on_end(struct varlink_call *call)
{
    struct listing *listing = call->data;

    walk_end(&listing->walk);
    json_decref(listing->items);
    free(listing);
}

static struct listing *begin(struct varlink_call *call, const char *list, bool is_deep)
{
    struct listing *listing = mem_alloc(sizeof(*listing));

    listing->list = list;
    listing->pattern = varlink_string(call, "pattern");
    listing->items = json_array();
    walk_begin(&listing->walk, control_loop(call), is_deep);
    call->data = listing;
    call->produce = produce;
    call->on_end = on_end;
    return listing;
}

void control_on_list(struct varlink_call *call)
{
    begin(call, "components", true)->add = add_component;
}

void control_on_linkages(struct varlink_call *call)
{
    begin(call, "linkages", true)->add = add_linkages;
}

/* ---- the picture: nodes first, then edges ---- */

static json_t *part(struct listing *listing)
{
    const bool has_edges = listing->has_edges;

    return json_pack("{s:o, s:o}", "nodes", has_edges ? json_array() : take_items(listing), "edges",
                     has_edges ? take_items(listing) : json_array());
}

static void produce_picture(struct varlink_call *call)
{
    struct listing *listing = call->data;
    const bool goes_on = gather(listing);

    if (!goes_on && listing->has_edges) {
        varlink_reply(call, part(listing));
        return;
    }
    (void)varlink_reply_continues(call, part(listing));
    if (!goes_on) {
        const bool is_deep = listing->walk.is_deep;

        listing->has_edges = true;
        walk_end(&listing->walk);
        walk_begin(&listing->walk, control_loop(call), is_deep);
    }
}

/* Without "more": the file's components, if they are few. */
static void picture_at_once(struct varlink_call *call)
{
    struct listing *listing = call->data;
    json_t *nodes;

    while (gather(listing) && json_array_size(listing->items) <= CONTROL_MOST) {
    }
    nodes = take_items(listing);
    listing->has_edges = true;
    walk_end(&listing->walk);
    walk_begin(&listing->walk, control_loop(call), listing->walk.is_deep);
    while (gather(listing) && json_array_size(listing->items) <= CONTROL_MOST) {
    }
    if (json_array_size(nodes) > CONTROL_MOST || json_array_size(listing->items) > CONTROL_MOST) {
        json_decref(nodes);
        varlink_error(call, VARLINK_EXPECTED_MORE, NULL);
    } else {
        varlink_reply(call, json_pack("{s:o, s:o}", "nodes", nodes, "edges", take_items(listing)));
    }
}

void control_on_graph(struct varlink_call *call)
{
    struct listing *listing = begin(call, "nodes", varlink_bool(call, "connections", false));

    listing->add = add_to_picture;
    listing->only = listing->walk.graph;
    call->produce = produce_picture;
    if (!call->more) {
        picture_at_once(call);
    }
}
