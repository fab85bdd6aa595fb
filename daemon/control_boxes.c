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

static void add_component(struct control_boxes *boxes, const struct component *component)
{
    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX;) {
        struct inbox *in = component_have_inbox(component, i);

        if (in != NULL && component_inbox_plan(component, i)->spec->carries != READINESS) {
            add_box(boxes, &in->box);
        }
    }
    for (unsigned i = NO_BOX; (i = component_next_outbox(component, i)) != NO_BOX;) {
        struct outbox *out = component_have_outbox(component, i);

        if (out != NULL) {
            add_box(boxes, &out->box);
        }
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
        add_box(boxes, &component_need_inbox(component, place->box)->box);
    } else {
        add_box(boxes, &component_need_outbox(component, place->box)->box);
    }
    return true;
}

/* ---- a linkage: "FROM -> TO" ---- */

/* True if what an outbox sends comes through the box, the component or the graph of a place. */
static bool leads_to(const struct outbox *out, const struct place *to)
{
    const struct box *at = &out->box;

    while ((at = box_next(at)) != NULL) {
        const struct component *owner = box_owner(at);

        if (to->component == NULL ? owner->graph == to->graph
                                  : owner == to->component &&
                                        (to->box == NO_BOX || (box_is_inbox(at) == to->is_inbox &&
                                                               box_index(at) == to->box))) {
            return true;
        }
    }
    return false;
}

/* The outboxes of a component, or the one that a place names. */
static void add_leading(struct control_boxes *boxes, const struct component *from, unsigned only,
                        const struct place *to)
{
    for (unsigned i = NO_BOX; (i = component_next_outbox(from, i)) != NO_BOX;) {
        struct outbox *out = component_have_outbox(from, i);

        if (out != NULL && (only == NO_BOX || only == i) && leads_to(out, to)) {
            add_box(boxes, &out->box);
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
