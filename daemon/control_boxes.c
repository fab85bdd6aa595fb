/* The boxes that a path names, for Tap and Trace: one, or those of a component or of a graph, or
 * the outboxes by which one leads to another: "FROM -> TO". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/control_private.h"
#include "graph/graph.h"
#include "graph/plan.h"

enum { MOST_BOXES = 2000 };

static void add(struct control_boxes *boxes, struct box *box)
{
    for (size_t i = 0; i < boxes->count; i++) {
        if (boxes->boxes[i] == box) {
            return; /* two of them may stand for the same */
        }
    }
    if (boxes->count < MOST_BOXES) {
        boxes->boxes = mem_resize_array(boxes->boxes, boxes->count + 1, sizeof(struct box *));
        boxes->boxes[boxes->count++] = box;
    }
}

/* Where a box only passes on, those that it stands for. */
static void add_box(struct control_boxes *boxes, struct box *box)
{
    const bool passes = (box->flags & BOX_PASSES) != 0;
    struct outbox *out = NULL;

    if (!passes) {
        add(boxes, box);
    } else if ((box->flags & BOX_IS_INBOX) != 0) {
        add(boxes, &inbox_sink(container_of(box, struct inbox, box))->box);
    } else {
        while ((out = box_next_sender(box, out)) != NULL) {
            if ((out->box.flags & BOX_PASSES) == 0) {
                add(boxes, &out->box);
            }
        }
    }
}

/* Those that stand for the same on other workers are added, too. */
static void add_inboxes(struct control_boxes *boxes, const struct component *component,
                        unsigned index)
{
    struct component *at = NULL;

    while ((at = component_next_alike(component, index, at)) != NULL) {
        add_box(boxes, &component_need_inbox(at, index)->box);
    }
}

static void add_outboxes(struct control_boxes *boxes, const struct component *component,
                         unsigned index)
{
    struct component *at = NULL;

    while ((at = component_next_alike(component, index, at)) != NULL) {
        add_box(boxes, &component_need_outbox(at, index)->box);
    }
}

/* The boxes that a component's table has are the same on all workers; those that were added are
 * not. */
static void add_boxes(struct control_boxes *boxes, const struct component *component,
                      const struct component *replica)
{
    const bool is_other = replica != component;

    for (unsigned i = NO_BOX; (i = component_next_inbox(replica, i)) != NO_BOX;) {
        if (component_have_inbox(replica, i) != NULL && (!is_other || i >= ADDED_BOX) &&
            component_inbox_plan(replica, i)->spec->carries != READINESS) {
            add_inboxes(boxes, replica, i);
        }
    }
    for (unsigned i = NO_BOX; (i = component_next_outbox(replica, i)) != NO_BOX;) {
        if (component_have_outbox(replica, i) != NULL && (!is_other || i >= ADDED_BOX)) {
            add_outboxes(boxes, replica, i);
        }
    }
}

static void add_component(struct control_boxes *boxes, const struct component *component)
{
    const struct component *replica = NULL;

    while ((replica = component_next_replica(component, replica)) != NULL) {
        add_boxes(boxes, component, replica);
    }
}

static void add_graph(struct control_boxes *boxes, const struct graph *graph)
{
    for (size_t i = 0; i < graph_size(graph); i++) {
        const struct component *component = graph_component(graph, i);

        if (component != NULL && !component_is_over(component)) {
            add_component(boxes, component);
        }
    }
}

/* Returns false after answering that nothing can be seen there. */
static bool add_place(struct varlink_call *call, struct control_boxes *boxes,
                      const struct place *place)
{
    struct component *component = place->component;
    const char *path = varlink_string(call, "path");
    const struct box_spec *spec;

    if (component == NULL) {
        add_graph(boxes, place->graph);
        return true;
    }
    if (component_is_over(component)) {
        control_invalid_state(call, path, component_condition(component), "%s is no longer running",
                              path);
        return false;
    }
    if (place->box == NO_BOX) {
        add_component(boxes, component);
        return true;
    }
    spec = place->is_inbox ? component_inbox_plan(component, place->box)->spec
                           : component_outbox_plan(component, place->box)->spec;
    if (spec->carries == READINESS || (!place->is_inbox && spec->service != NULL)) {
        control_invalid_state(call, path, component_condition(component),
                              "%s is between the component and a service: it cannot be tapped",
                              path);
        return false;
    }
    if (place->is_inbox) {
        add_inboxes(boxes, component, place->box);
    } else {
        add_outboxes(boxes, component, place->box);
    }
    return true;
}

/* ---- a linkage: "FROM -> TO" ---- */

static bool is_replica(const struct component *component, const struct component *of)
{
    const struct component *at = NULL;

    while ((at = component_next_replica(of, at)) != NULL) {
        if (at == component) {
            return true;
        }
    }
    return false;
}

/* True if a box is the one, or belongs to the component or the graph, that a place is. */
static bool is_at(const struct box *box, const struct place *place)
{
    const struct component *owner = box_owner(box);

    if (place->component == NULL) {
        return owner->graph == place->graph;
    }
    return is_replica(owner, place->component) &&
           (place->box == NO_BOX ||
            (box_is_inbox(box) == place->is_inbox && box_index(box) == place->box));
}

/* True if what an outbox sends comes through a place. */
static bool leads_to(const struct outbox *out, const struct place *to)
{
    const struct box *at = &out->box;

    while ((at = box_next_anywhere(at)) != NULL) {
        if (is_at(at, to)) {
            return true;
        }
    }
    return false;
}

/* The outboxes of a component, or the one that a place names, and of its replicas. */
static void add_leading(struct control_boxes *boxes, const struct component *from, unsigned only,
                        const struct place *to)
{
    const struct component *replica = NULL;

    while ((replica = component_next_replica(from, replica)) != NULL) {
        for (unsigned i = NO_BOX; (i = component_next_outbox(replica, i)) != NO_BOX;) {
            struct outbox *out = component_have_outbox(replica, i);

            if (out != NULL && (only == NO_BOX || only == i) && leads_to(out, to)) {
                add_box(boxes, &out->box);
            }
        }
    }
}

static bool add_linkages(struct varlink_call *call, struct control_boxes *boxes,
                         const char *from_path, const char *to_path)
{
    struct place from;
    struct place to;

    if (!control_find_path(call, from_path, &from) || !control_find_path(call, to_path, &to)) {
        return false;
    }
    for (size_t i = 0; from.component == NULL && i < graph_size(from.graph); i++) {
        add_leading(boxes, graph_component(from.graph, i), NO_BOX, &to);
    }
    if (from.component != NULL && (from.box == NO_BOX || !from.is_inbox)) {
        add_leading(boxes, from.component, from.box, &to);
    }
    if (boxes->count == 0) {
        varlink_error(call, "io.axond.NoSuchLinkage",
                      json_pack("{s:s, s:s}", "from", from_path, "to", to_path));
        return false;
    }
    return true;
}

/* The part of a path up to end, without the blanks around it. */
static const char *trim(const char *path, const char *end, char text[BOX_PATH_SIZE])
{
    path += strspn(path, " ");
    while (end > path && end[-1] == ' ') {
        end--;
    }
    (void)snprintf(text, BOX_PATH_SIZE, "%.*s", (int)(end - path), path);
    return text;
}

bool control_find_boxes(struct varlink_call *call, struct control_boxes *boxes)
{
    const char *path = varlink_string(call, "path");
    const char *arrow = strstr(path, "->");
    char from[BOX_PATH_SIZE];
    char to[BOX_PATH_SIZE];
    struct place place;
    bool is_found;

    *boxes = (struct control_boxes){0};
    if (arrow != NULL) {
        is_found = add_linkages(call, boxes, trim(path, arrow, from),
                                trim(arrow + 2, path + strlen(path), to));
    } else {
        is_found = control_find(call, &place) && add_place(call, boxes, &place);
    }
    if (!is_found) {
        free(boxes->boxes);
    }
    return is_found;
}
