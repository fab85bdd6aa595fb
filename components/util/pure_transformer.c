/* PureTransformer: changes each message by one function that knows no other message.
 *
 *     "hello" --> [inbox] PureTransformer {function: upper} [outbox] --> "HELLO"
 *
 * A message that the function leaves as it is moves on itself; else its bytes are written once, to
 * where the next message is made.  On a stream message boundaries mean nothing: put a LineFramer
 * before whatever should see whole lines. */
#include <string.h>

#include "components/util/text.h"
#include "graph/error.h"

enum function { UPPER, LOWER, PREFIX, SUFFIX, REPLACE };

static const char *const functions[] = {"upper", "lower", "prefix", "suffix", "replace", NULL};

struct pure_transformer {
    int function;     /* parameter, enum function */
    const char *text; /* parameters */
    const char *from;
    const char *to;
    size_t max_size;
    uint64_t dropped; /* statistic */
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "what is to be changed"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "change the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "the same, changed"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct param_spec parameters[] = {
    {PARAM_CHOICE(struct pure_transformer, function), .changeable = true, .choices = functions,
     .required = true,
     .doc = "upper, lower: of the letters A to Z; prefix, suffix: puts text before or after each "
            "message (a suffix before its newline); replace: puts to wherever from stands"},
    {PARAM_TEXT(struct pure_transformer, text), .changeable = true, .doc = "for prefix and suffix"},
    {PARAM_TEXT(struct pure_transformer, from), .changeable = true, .doc = "for replace"},
    {PARAM_TEXT(struct pure_transformer, to), .changeable = true,
     .doc = "for replace; nothing unless given"},
    {PARAM_SIZE(struct pure_transformer, max_size), .changeable = true, .fallback = "1MiB",
     .min = 1, .max = 64U << 20,
     .doc = "a message that would become longer is dropped and counted"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct pure_transformer, dropped), .unit = "messages",
     .doc = "would have become longer than max_size"},
    {0},
};

static bool pure_transformer_check(const void *state, const struct node *at, struct error *err)
{
    const struct pure_transformer *transformer = state;

    switch ((enum function)transformer->function) {
    case UPPER:
    case LOWER:
        if (transformer->text != NULL || transformer->from != NULL || transformer->to != NULL) {
            return error_set(err, at, "PureTransformer: function %s takes no text, from or to",
                             functions[transformer->function]);
        }
        return true;
    case PREFIX:
    case SUFFIX:
        if (transformer->text == NULL || transformer->from != NULL || transformer->to != NULL) {
            return error_set(err, at, "PureTransformer: function %s takes text, and no from or to",
                             functions[transformer->function]);
        }
        return true;
    case REPLACE:
        if (transformer->text != NULL || transformer->from == NULL ||
            transformer->from[0] == '\0') {
            return error_set(err, at,
                             "PureTransformer: function replace takes from, which may not be "
                             "empty, and to, but no text");
        }
        return true;
    }
    return true;
}

/* The bytes in the other case: those from "first" on, 26 of them, change. */
static struct message *change_case(struct component *self, struct message *msg, unsigned char first)
{
    const size_t size = message_size(msg);
    struct message *changed;
    unsigned char *to;
    size_t same = 0;
    size_t room;

    while (same < size && (unsigned char)(msg->data[same] - first) >= 26) {
        same++;
    }
    if (same == size) {
        return msg;
    }
    to = message_reserve(component_pool(self), size, &room);
    memcpy(to, msg->data, same);
    for (size_t i = same; i < size; i++) {
        const unsigned char byte = msg->data[i];

        to[i] = (unsigned char)(byte - first) < 26 ? byte ^ ('a' - 'A') : byte;
    }
    changed = message_commit(component_pool(self), size);
    message_release(msg);
    return changed;
}

static struct message *drop(struct pure_transformer *transformer, struct message *msg)
{
    transformer->dropped++;
    message_release(msg);
    return NULL;
}

static struct message *insert(struct component *self, struct message *msg, size_t offset)
{
    struct pure_transformer *transformer = component_state(self);
    const size_t length = strlen(transformer->text);
    const size_t size = message_size(msg) + length;
    struct message *longer;
    unsigned char *to;
    size_t room;

    if (size > transformer->max_size) {
        return drop(transformer, msg);
    }
    to = message_reserve(component_pool(self), size, &room);
    memcpy(to, msg->data, offset);
    memcpy(to + offset, transformer->text, length);
    memcpy(to + offset + length, msg->data + offset, message_size(msg) - offset);
    longer = message_commit(component_pool(self), size);
    message_release(msg);
    return longer;
}

static size_t count(const struct message *msg, const char *from, size_t length)
{
    const unsigned char *at = msg->data;
    const unsigned char *end = at + message_size(msg);
    size_t found = 0;

    while ((at = memmem(at, (size_t)(end - at), from, length)) != NULL) {
        found++;
        at += length;
    }
    return found;
}

static struct message *replace(struct component *self, struct message *msg)
{
    struct pure_transformer *transformer = component_state(self);
    const char *new = transformer->to != NULL ? transformer->to : "";
    const size_t from_length = strlen(transformer->from);
    const size_t new_length = strlen(new);
    const size_t found = count(msg, transformer->from, from_length);
    const size_t size = message_size(msg) - found * from_length + found * new_length;
    const unsigned char *at = msg->data;
    const unsigned char *end = at + message_size(msg);
    struct message *replaced;
    unsigned char *to;
    size_t room;

    if (found == 0) {
        return msg;
    }
    if (size > transformer->max_size) {
        return drop(transformer, msg);
    }
    to = message_reserve(component_pool(self), size, &room);
    for (size_t i = 0; i < found; i++) {
        const unsigned char *next = memmem(at, (size_t)(end - at), transformer->from, from_length);

        to = mempcpy(to, at, (size_t)(next - at));
        to = mempcpy(to, new, new_length);
        at = next + from_length;
    }
    memcpy(to, at, (size_t)(end - at));
    replaced = message_commit(component_pool(self), size);
    message_release(msg);
    return replaced;
}

/* Gives up the message for the changed one, which may be the same; NULL: dropped. */
static struct message *transform(struct component *self, struct message *msg)
{
    const struct pure_transformer *transformer = component_state(self);

    if (msg->kind != DATA) {
        return msg;
    }
    switch ((enum function)transformer->function) {
    case UPPER:
        return change_case(self, msg, 'a');
    case LOWER:
        return change_case(self, msg, 'A');
    case PREFIX:
        return insert(self, msg, 0);
    case SUFFIX:
        return insert(self, msg, text_line_size(msg));
    case REPLACE:
        return replace(self, msg);
    }
    return msg;
}

static void pure_transformer_run(struct component *self)
{
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && (msg = inbox_take(self, INBOX)) != NULL) {
        msg = transform(self, msg);
        if (msg != NULL) {
            outbox_send(self, OUTBOX, msg);
        }
    }
}

const struct component_type pure_transformer_type = {
    .name = "PureTransformer",
    .summary = "changes each message by a function: upper, lower, prefix, suffix, replace",
    .size = sizeof(struct pure_transformer),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .check = pure_transformer_check,
    .stateless = true,
    .run = pure_transformer_run,
};
