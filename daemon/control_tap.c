/* Tap: messages as they pass, told as they come.
 *
 *     box ──► see() ──► does it match? ──► room in the client's buffer? ──► a reply
 *                                             └─ no: counted as lost
 *
 * see() is called in the middle of a component's turn, where a tap may not be removed: a call that
 * has told enough is ended from the loop, by produce(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base64.h"
#include "daemon/control_private.h"
#include "daemon/tap_filter.h"
#include "graph/connection.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "graph/tap.h"
#include "graph/utf8.h"

enum {
    USUAL_LIMIT = 4096,       /* bytes of a message that are told */
    HIGHEST_LIMIT = 64 << 10, /* a reply has to go out in one piece */
    MOST_BOXES = 2000,
};

struct tapping {
    struct varlink_call *call;
    struct tapped *boxes;
    size_t count;
    size_t living;
    json_int_t left; /* messages to be told; -1: any number */
    size_t limit;
    struct tap_filter *filter; /* NULL: all messages are told */
    json_int_t lost;           /* since the last reply */
};

struct tapped {
    struct tapping *tapping;
    struct box *box;
    const char *name; /* of the box */
    struct tap *tap;  /* NULL: its component has ended */
};

/* ---- replies ---- */

static json_t *make_reply(struct tapping *tapping, const char *kind, json_t *path)
{
    json_t *reply = json_pack("{s:f, s:s, s:o, s:n, s:n, s:n, s:i, s:n, s:n, s:n, s:I}", "time",
                              ev_now(control_loop(tapping->call)->ev), "kind", kind, "path", path,
                              "box", "connection", "peer", "size", 0, "data", "encoding", "notice",
                              "lost", tapping->lost);

    tapping->lost = 0;
    return reply;
}

/* Cuts at the end of a character, should it be text. */
static size_t cut(const char *bytes, size_t size, size_t limit)
{
    size_t end = limit;

    if (size <= limit) {
        return size;
    }
    while (end > 0 && limit - end < 3 && ((unsigned char)bytes[end] & 0xc0) == 0x80) {
        end--;
    }
    return utf8_is_text(bytes, end) ? end : limit;
}

static void add_data(const struct tapping *tapping, json_t *reply, const struct message *msg)
{
    const char *bytes = (const char *)msg->data;
    const size_t size = cut(bytes, msg->size, tapping->limit);
    const bool is_text = utf8_is_text(bytes, size);
    char *encoded = is_text ? NULL : base64_encode(bytes, size);

    json_object_set_new(reply, "data",
                        is_text ? json_stringn(bytes, size)
                                : json_string(encoded != NULL ? encoded : ""));
    json_object_set_new(reply, "encoding", json_string(is_text ? "text" : "base64"));
    json_object_set_new(reply, "size", json_integer(msg->size));
    free(encoded);
}

static void add_peer(json_t *reply, struct component *owner)
{
    struct component *socket = connection_of(owner);
    char peer[200];

    if (socket != NULL && component_describe_peer(socket, peer, sizeof(peer))) {
        json_object_set_new(reply, "peer", control_text(peer));
    }
}

static void tell(struct tapping *tapping, const struct tapped *tapped, const struct box *box,
                 const struct message *msg)
{
    struct component *owner = box_owner(box);
    const uint64_t number = component_connection(owner);
    json_t *reply =
        make_reply(tapping, msg->kind == DATA ? "data" : "notice", control_path_of(owner));

    json_object_set_new(reply, "box", json_string(tapped->name));
    if (number != 0) {
        json_object_set_new(reply, "connection", json_integer((json_int_t)number));
    }
    add_peer(reply, owner);
    if (msg->kind == DATA) {
        add_data(tapping, reply, msg);
    } else {
        json_object_set_new(reply, "notice",
                            json_string(message_kind_name((enum message_kind)msg->kind)));
    }
    (void)varlink_reply_continues(tapping->call, reply);
}

static void end(struct varlink_call *call)
{
    struct tapping *tapping = call->data;

    varlink_reply(call, make_reply(tapping, "ended", json_string(varlink_string(call, "path"))));
}

/* An expression is about data: notices are not told then. */
static enum tap_filtered filter(const struct tapping *tapping, const struct message *msg)
{
    if (tapping->filter == NULL) {
        return TAP_MATCHES;
    }
    return msg->kind == DATA ? tap_filter_look(tapping->filter, msg->data, msg->size) : TAP_DIFFERS;
}

static void see(void *arg, struct box *box, const struct message *msg)
{
    struct tapped *tapped = arg;
    struct tapping *tapping = tapped->tapping;

    if (msg == NULL) {
        tapped->tap = NULL;
        if (--tapping->living == 0) {
            end(tapping->call); /* no tap is left to be removed */
        }
        return;
    }
    if (tapping->left == 0) {
        return;
    }
    switch (filter(tapping, msg)) {
    case TAP_MATCHES:
        break;
    case TAP_DIFFERS:
        return;
    case TAP_UNKNOWN:
        tapping->lost++;
        return;
    }
    if (!varlink_call_has_room(tapping->call)) {
        tapping->lost++;
        return;
    }
    tell(tapping, tapped, box, msg);
    if (tapping->left > 0 && --tapping->left == 0) {
        tapping->call->produce = end;
    }
}

/* ---- what is tapped ---- */

static void add_tap(struct tapping *tapping, struct box *box)
{
    for (size_t i = 0; i < tapping->count; i++) {
        if (tapping->boxes[i].box == box) {
            return; /* two of them may stand for the same */
        }
    }
    if (tapping->count < MOST_BOXES) {
        tapping->boxes =
            mem_resize_array(tapping->boxes, tapping->count + 1, sizeof(*tapping->boxes));
        tapping->boxes[tapping->count++] =
            (struct tapped){.tapping = tapping, .box = box, .name = box_name(box)};
    }
}

/* Where a box only passes on, those that it stands for. */
static void add_box(struct tapping *tapping, struct box *box)
{
    const bool passes = (box->flags & BOX_PASSES) != 0;
    struct outbox *out = NULL;

    if (!passes) {
        add_tap(tapping, box);
    } else if ((box->flags & BOX_IS_INBOX) != 0) {
        add_tap(tapping, &inbox_sink(container_of(box, struct inbox, box))->box);
    } else {
        while ((out = box_next_sender(box, out)) != NULL) {
            if ((out->box.flags & BOX_PASSES) == 0) {
                add_tap(tapping, &out->box);
            }
        }
    }
}

static void add_component(struct tapping *tapping, const struct component *component)
{
    for (unsigned i = NO_BOX; (i = component_next_inbox(component, i)) != NO_BOX;) {
        struct inbox *in = component_have_inbox(component, i);

        if (in != NULL && component_inbox_plan(component, i)->spec->carries != READINESS) {
            add_box(tapping, &in->box);
        }
    }
    for (unsigned i = NO_BOX; (i = component_next_outbox(component, i)) != NO_BOX;) {
        struct outbox *out = component_have_outbox(component, i);

        if (out != NULL) {
            add_box(tapping, &out->box);
        }
    }
}

static void add_graph(struct tapping *tapping, const struct graph *graph)
{
    for (size_t i = 0; i < graph_size(graph); i++) {
        if (!component_is_over(graph_component(graph, i))) {
            add_component(tapping, graph_component(graph, i));
        }
    }
}

/* Returns false after answering that nothing can be seen there. */
static bool add_place(struct tapping *tapping, const struct place *place)
{
    struct component *component = place->component;
    const char *path = varlink_string(tapping->call, "path");
    const struct box_spec *spec;

    if (component == NULL) {
        add_graph(tapping, place->graph);
        return true;
    }
    if (component_is_over(component)) {
        control_invalid_state(tapping->call, path, component_condition(component),
                              "%s is no longer running", path);
        return false;
    }
    if (place->box == NO_BOX) {
        add_component(tapping, component);
        return true;
    }
    spec = place->is_inbox ? component_inbox_plan(component, place->box)->spec
                           : component_outbox_plan(component, place->box)->spec;
    if (spec->carries == READINESS || (!place->is_inbox && spec->service != NULL)) {
        control_invalid_state(tapping->call, path, component_condition(component),
                              "%s is between the component and a service: it cannot be tapped",
                              path);
        return false;
    }
    if (place->is_inbox) {
        add_box(tapping, &component_need_inbox(component, place->box)->box);
    } else {
        add_box(tapping, &component_need_outbox(component, place->box)->box);
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
static void add_leading(struct tapping *tapping, const struct component *from, unsigned only,
                        const struct place *to)
{
    for (unsigned i = NO_BOX; (i = component_next_outbox(from, i)) != NO_BOX;) {
        struct outbox *out = component_have_outbox(from, i);

        if (out != NULL && (only == NO_BOX || only == i) && leads_to(out, to)) {
            add_box(tapping, &out->box);
        }
    }
}

static bool add_linkages(struct tapping *tapping, const char *from_path, const char *to_path)
{
    struct place from;
    struct place to;

    if (!control_find_path(tapping->call, from_path, &from) ||
        !control_find_path(tapping->call, to_path, &to)) {
        return false;
    }
    for (size_t i = 0; from.component == NULL && i < graph_size(from.graph); i++) {
        add_leading(tapping, graph_component(from.graph, i), NO_BOX, &to);
    }
    if (from.component != NULL && (from.box == NO_BOX || !from.is_inbox)) {
        add_leading(tapping, from.component, from.box, &to);
    }
    if (tapping->count == 0) {
        varlink_error(tapping->call, "io.axond.NoSuchLinkage",
                      json_pack("{s:s, s:s}", "from", from_path, "to", to_path));
        return false; /* which has freed tapping */
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

/* What the path says.  Returns false after an answer. */
static bool add_what_is_asked(struct tapping *tapping)
{
    const char *path = varlink_string(tapping->call, "path");
    const char *arrow = strstr(path, "->");
    char from[BOX_PATH_SIZE];
    char to[BOX_PATH_SIZE];
    struct place place;

    if (arrow != NULL) {
        return add_linkages(tapping, trim(path, arrow, from),
                            trim(arrow + 2, path + strlen(path), to));
    }
    return control_find(tapping->call, &place) && add_place(tapping, &place);
}

/* Once all are known: from now on the array stays where it is. */
static void start(struct tapping *tapping)
{
    tapping->living = tapping->count;
    for (size_t i = 0; i < tapping->count; i++) {
        struct tapped *tapped = &tapping->boxes[i];

        tapped->tap = tap_add(control_loop(tapping->call), tapped->box, see, tapped);
    }
}

static void on_end(struct varlink_call *call)
{
    struct tapping *tapping = call->data;

    for (size_t i = 0; i < tapping->count; i++) {
        if (tapping->boxes[i].tap != NULL) {
            tap_remove(tapping->boxes[i].tap);
        }
    }
    tap_filter_destroy(tapping->filter);
    free(tapping->boxes);
    free(tapping);
}

/* Returns false after answering what is wrong with the expression. */
static bool set_filter(struct tapping *tapping)
{
    const char *regex = varlink_string(tapping->call, "match");
    struct tap_filter_error err;

    if (regex == NULL) {
        return true;
    }
    tapping->filter = tap_filter_create(regex, &err);
    if (tapping->filter == NULL) {
        varlink_error(tapping->call, "io.axond.BadRegex",
                      json_pack("{s:s, s:I, s:s}", "regex", regex, "offset", (json_int_t)err.offset,
                                "text", err.text));
        return false; /* which has freed tapping */
    }
    return true;
}

void control_on_tap(struct varlink_call *call)
{
    const json_int_t count = varlink_int(call, "count", -1);
    const json_int_t limit = varlink_int(call, "limit", USUAL_LIMIT);
    struct tapping *tapping;

    if (varlink_value(call, "count") != NULL && count < 1) {
        varlink_invalid_parameter(call, "count");
        return;
    }
    if (limit < 0 || limit > HIGHEST_LIMIT) {
        varlink_invalid_parameter(call, "limit");
        return;
    }
    tapping = mem_alloc(sizeof(*tapping));
    tapping->call = call;
    tapping->left = count;
    tapping->limit = (size_t)limit;
    call->data = tapping;
    call->on_end = on_end;
    if (!set_filter(tapping) || !add_what_is_asked(tapping)) {
        return;
    }
    start(tapping);
    (void)varlink_reply_continues(
        call, make_reply(tapping, "started", json_string(varlink_string(call, "path"))));
    if (tapping->count == 0) {
        end(call);
    }
}
