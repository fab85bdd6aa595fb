/* VariableByteRate_RequestControl: asks for data at a rate that messages change.
 *
 *     "200000" --> [inbox] VariableByteRate_RequestControl [outbox] --> "10000" "10000" …
 *
 * As ByteRate_RequestControl; the chunk stays as it is, and comes more often or less.  The old rate
 * holds until its message comes, to the byte, and the new one from then on: none is left out or
 * asked for twice. */
#include "components/util/byte_rate_request_control.h"
#include "components/util/text.h"
#include "graph/value.h"

enum { INBOX, CONTROL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox",
               .carries = BYTES,
               .doc = "the rate from now on, in bytes per second: 200000 or 1MiB"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "finish"},
    {0},
};
static const struct stat_spec statistics[] = {
    {STAT(struct byte_rate_request_control, refused), .unit = "messages", .is_worrying = true,
     .doc = "that were no rate"},
    {0},
};

static bool read_rate(const struct message *msg, size_t *rate)
{
    struct accepted accepted;
    char text[32];

    return text_copy(msg, text, sizeof(text)) &&
           value_size(text, 1, REQUEST_CONTROL_MOST, rate, &accepted);
}

static void variable_run(struct component *self)
{
    struct byte_rate_request_control *control = component_state(self);
    struct message *msg;
    size_t rate;

    while ((msg = inbox_take(self, INBOX)) != NULL) {
        if (msg->kind == DATA && read_rate(msg, &rate)) {
            pace_change(&control->pace, (double)rate, steady_now());
        } else {
            control->refused++;
        }
        message_release(msg);
    }
    request_control_run(self);
}

const struct component_type variable_byte_rate_request_control_type = {
    .name = "VariableByteRate_RequestControl",
    .summary = "asks for data at a rate that messages change",
    .size = sizeof(struct byte_rate_request_control),
    .inboxes = inboxes,
    .outboxes = request_control_outboxes,
    .parameters = request_control_parameters,
    .statistics = statistics,
    .check = request_control_check,
    .start = request_control_start,
    .run = variable_run,
    .stop = request_control_stop,
};
