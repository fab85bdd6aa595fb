/* Tap: messages as they pass, told as they come.
 *
 *     box ──► see() ──► does it match? ──► room in the client's buffer? ──► a reply
 *                                             └─ no: counted as lost
 *
 * see() is called in the middle of a component's turn, where a tap may not be removed: a call that
 * has told enough is ended from the loop, by produce(). */
#include <stdlib.h>

#include "daemon/base64.h"
#include "daemon/control_private.h"
#include "daemon/tap_filter.h"
#include "graph/connection.h"
#include "graph/tap.h"
#include "graph/utf8.h"

enum {
    USUAL_LIMIT = 4096,       /* bytes of a message that are told */
    HIGHEST_LIMIT = 64 << 10, /* a reply has to go out in one piece */
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
    json_t *peer;     /* when it began: the connection may be over when its last words are told */
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

void control_add_data(json_t *reply, const struct message *msg, size_t limit)
{
    const char *bytes = (const char *)msg->data;
    const size_t size = cut(bytes, msg->size, limit);
    const bool is_text = utf8_is_text(bytes, size);
    char *encoded = is_text ? NULL : base64_encode(bytes, size);

    json_object_set_new(reply, "data",
                        is_text ? json_stringn(bytes, size)
                                : json_string(encoded != NULL ? encoded : ""));
    json_object_set_new(reply, "encoding", json_string(is_text ? "text" : "base64"));
    json_object_set_new(reply, "size", json_integer(msg->size));
    free(encoded);
}

json_t *control_peer_of(struct component *component)
{
    struct component *socket = connection_of(component);
    char peer[200];

    return socket != NULL && component_describe_peer(socket, peer, sizeof(peer))
               ? control_text(peer)
               : json_null();
}

/* As long as there is one: a client may make several connections, one after another. */
static json_t *peer_of(const struct tapped *tapped, struct component *owner)
{
    json_t *peer = control_peer_of(owner);

    if (!json_is_null(peer)) {
        return peer;
    }
    json_decref(peer);
    return json_incref(tapped->peer);
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
    json_object_set_new(reply, "peer", peer_of(tapped, owner));
    if (msg->kind == DATA) {
        control_add_data(reply, msg, tapping->limit);
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
    tapping->lost += tap_lost(tapped->tap);
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

/* ---- the call ---- */

static void start(struct tapping *tapping, const struct control_boxes *boxes)
{
    tapping->boxes = mem_alloc_array(boxes->count, sizeof(*tapping->boxes));
    tapping->count = boxes->count;
    tapping->living = boxes->count;
    for (size_t i = 0; i < boxes->count; i++) {
        struct tapped *tapped = &tapping->boxes[i];

        *tapped = (struct tapped){.tapping = tapping,
                                  .box = boxes->boxes[i],
                                  .name = box_name(boxes->boxes[i]),
                                  .peer = control_peer_of(box_owner(boxes->boxes[i]))};
        tapped->tap = tap_add(tapped->box, see, tapped);
    }
}

static void on_end(struct varlink_call *call)
{
    struct tapping *tapping = call->data;

    for (size_t i = 0; i < tapping->count; i++) {
        if (tapping->boxes[i].tap != NULL) {
            tap_remove(tapping->boxes[i].tap);
        }
        json_decref(tapping->boxes[i].peer);
    }
    tap_filter_destroy(tapping->filter);
    free(tapping->boxes);
    free(tapping);
}

/* Makes what "match" asks for, if anything.  Returns false after answering what is wrong with it.
 */
static bool make_filter(struct varlink_call *call, struct tap_filter **made)
{
    const char *regex = varlink_string(call, "match");
    struct tap_filter_error err;

    *made = regex != NULL ? tap_filter_create(regex, &err) : NULL;
    if (regex == NULL || *made != NULL) {
        return true;
    }
    varlink_error(call, "io.axond.BadRegex",
                  json_pack("{s:s, s:I, s:s}", "regex", regex, "offset", (json_int_t)err.offset,
                            "text", err.text));
    return false;
}

void control_on_tap(struct varlink_call *call)
{
    const json_int_t count = varlink_int(call, "count", -1);
    const json_int_t limit = varlink_int(call, "limit", USUAL_LIMIT);
    struct control_boxes boxes;
    struct tap_filter *wanted;
    struct tapping *tapping;

    if (varlink_value(call, "count") != NULL && count < 1) {
        varlink_invalid_parameter(call, "count");
        return;
    }
    if (limit < 0 || limit > HIGHEST_LIMIT) {
        varlink_invalid_parameter(call, "limit");
        return;
    }
    if (!control_find_boxes(call, &boxes)) {
        return;
    }
    if (!make_filter(call, &wanted)) {
        free(boxes.boxes);
        return;
    }
    tapping = mem_alloc(sizeof(*tapping));
    tapping->call = call;
    tapping->left = count;
    tapping->limit = (size_t)limit;
    tapping->filter = wanted;
    call->data = tapping;
    call->on_end = on_end;
    start(tapping, &boxes);
    free(boxes.boxes);
    (void)varlink_reply_continues(
        call, make_reply(tapping, "started", json_string(varlink_string(call, "path"))));
    if (tapping->count == 0) {
        end(call);
    }
}
