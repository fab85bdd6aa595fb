/* RangeFilter: hands on the messages that begin with a number within one of several ranges.
 *
 *     "1 a" "6 b" "9 c" --> [inbox] RangeFilter {ranges: [[1, 5], [8, 9]]} [outbox] --> "1 a" "9 c"
 *
 * The number is a whole one, and a space or the message's end follows it, as TagWithSequenceNumber
 * writes it. */
#include "components/util/text.h"
#include "graph/arena.h"
#include "graph/document.h"
#include "graph/error.h"
#include "graph/value.h"

struct range {
    int64_t low, high; /* inclusive; low <= high */
};

struct ranges {
    const struct range *items; /* of the plan's arena */
    size_t count;
};

struct range_filter {
    struct ranges ranges;  /* parameter */
    uint64_t out_of_range; /* statistics */
    uint64_t without_number;
};

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "messages that begin with a number"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "filter the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "those within a range"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};

static bool parse_number(const struct node *node, int64_t *number)
{
    struct accepted accepted;

    return node->kind == NODE_SCALAR &&
           value_integer(node->text, INT64_MIN, INT64_MAX, number, &accepted);
}

static bool parse_range(const struct node *node, struct range *range, struct error *err)
{
    if (node->kind != NODE_SEQUENCE || node->size != 2 ||
        !parse_number(node->items[0], &range->low) || !parse_number(node->items[1], &range->high)) {
        return error_set(err, node,
                         "RangeFilter: a range must be two whole numbers, such as [1, 5]");
    }
    if (range->low > range->high) {
        return error_set(err, node, "RangeFilter: this range ends before it begins");
    }
    return true;
}

static bool parse_ranges(const struct node *node, void *field, struct arena *arena,
                         struct error *err)
{
    struct ranges *ranges = field;
    struct range *items;

    if (node->kind != NODE_SEQUENCE) {
        return false;
    }
    items = arena_alloc_array(arena, node->size, sizeof(*items));
    for (size_t i = 0; i < node->size; i++) {
        if (!parse_range(node->items[i], &items[i], err)) {
            return false;
        }
    }
    *ranges = (struct ranges){.items = items, .count = node->size};
    return true;
}

static const struct param_spec parameters[] = {
    {PARAM_CUSTOM(struct range_filter, ranges), .changeable = true, .parse = parse_ranges,
     .required = true, .accepts = "a list of ranges, such as [[1, 5], [8, 9]]",
     .schema = "{'type': 'array', 'items': {'type': ['array', 'string'], 'pattern': '[$][{]',"
               " 'minItems': 2, 'maxItems': 2, 'items': {'$ref': '#/definitions/integer'}}}",
     .doc = "[lowest, highest] of each range, both inclusive"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct range_filter, out_of_range), .unit = "messages", .doc = "that were in no range"},
    {STAT(struct range_filter, without_number), .unit = "messages",
     .doc = "that did not begin with a number"},
    {0},
};

static bool is_in_range(const struct ranges *ranges, int64_t number)
{
    for (size_t i = 0; i < ranges->count; i++) {
        if (number >= ranges->items[i].low && number <= ranges->items[i].high) {
            return true;
        }
    }
    return false;
}

/* True if the message may pass; counts it if not. */
static bool passes(struct range_filter *filter, const struct message *msg)
{
    int64_t number;

    if (!text_number(msg, &number)) {
        filter->without_number++;
        return false;
    }
    if (!is_in_range(&filter->ranges, number)) {
        filter->out_of_range++;
        return false;
    }
    return true;
}

static void range_filter_run(struct component *self)
{
    struct range_filter *filter = component_state(self);
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && (msg = inbox_take(self, INBOX)) != NULL) {
        if (passes(filter, msg)) {
            outbox_send(self, OUTBOX, msg);
        } else {
            message_release(msg);
        }
    }
}

const struct component_type range_filter_type = {
    .name = "RangeFilter",
    .summary = "hands on the messages that begin with a number within a range",
    .size = sizeof(struct range_filter),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .parameters = parameters,
    .statistics = statistics,
    .run = range_filter_run,
};
