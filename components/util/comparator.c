/* Comparator: compares two streams, message by message.
 *
 *     "a" "b" "c" --> [inA] Comparator [outbox] --> "true" "true" "false"
 *     "a" "b" "x" --> [inB]
 *
 * A message waits until its counterpart has come.  Told to finish, by both sources if both signals
 * are linked to control, we compare the pairs that there are; a longer stream's rest is dropped,
 * and the log says so. */
#include <string.h>

#include "components/util/text.h"
#include "graph/loop.h"

struct comparator {
    uint64_t equal; /* statistics */
    uint64_t different;
};

enum { IN_A, IN_B, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [IN_A] = {.name = "inA", .carries = BYTES, .may_remain = true, .doc = "one stream"},
    [IN_B] = {.name = "inB", .carries = BYTES, .may_remain = true, .doc = "the other"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "compare what is there, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox",
                .carries = BYTES,
                .doc = "true or false for each pair: are they equal?"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct comparator, equal), .unit = "pairs", .doc = "that were equal"},
    {STAT(struct comparator, different), .unit = "pairs", .doc = "that were not"},
    {0},
};

static bool are_equal(const struct message *a, const struct message *b)
{
    return message_size(a) == message_size(b) &&
           (message_size(a) == 0 || memcmp(a->data, b->data, message_size(a)) == 0);
}

static bool has_pair(struct component *self)
{
    return !inbox_is_empty(self, IN_A) && !inbox_is_empty(self, IN_B);
}

_Static_assert(TURN % 2 == 0, "a turn is over between two pairs, never within one");

static void comparator_run(struct component *self)
{
    struct comparator *comparator = component_state(self);

    while (has_pair(self) && outbox_has_room(self, OUTBOX)) {
        struct message *a = inbox_take(self, IN_A);
        struct message *b;

        if (a == NULL) {
            return;
        }
        b = inbox_take(self, IN_B);
        REQUIRE(b != NULL);
        if (are_equal(a, b)) {
            comparator->equal++;
            text_send(self, OUTBOX, "true");
        } else {
            comparator->different++;
            text_send(self, OUTBOX, "false");
        }
        message_release(a);
        message_release(b);
    }
}

/* False while there are pairs, but no room for the answers. */
static bool comparator_flush(struct component *self)
{
    const char *longer = inbox_is_empty(self, IN_A) ? "inB" : "inA";
    const uint32_t left = component_common_inbox(self, IN_A)->box.queued +
                          component_common_inbox(self, IN_B)->box.queued;

    if (has_pair(self)) {
        return false;
    }
    if (left > 0) {
        component_log(self, LOG_LEVEL_WARNING, "%u %s of %s had no counterpart and %s dropped",
                      left, left == 1 ? "message" : "messages", longer, left == 1 ? "was" : "were");
    }
    return true;
}

const struct component_type comparator_type = {
    .name = "Comparator",
    .summary = "compares two streams, message by message",
    .size = sizeof(struct comparator),
    .inboxes = inboxes,
    .outboxes = outboxes,
    .statistics = statistics,
    .run = comparator_run,
    .flush = comparator_flush,
};
