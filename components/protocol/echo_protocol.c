/* EchoProtocol: sends back whatever arrives.
 *
 *     self --> [inbox] EchoProtocol [outbox] --> self        (self: the connection)
 *
 * Messages move from box to box and are never copied.  The runtime ends it once its inbox is empty,
 * so a client that has finished sending still gets the whole of its answer. */
#include "graph/component.h"

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

static const struct box_spec inboxes[] = {
    [INBOX] = {.name = "inbox", .carries = BYTES, .doc = "what the peer sent"},
    [CONTROL] = {.name = "control", .carries = NOTICES, .doc = "answer the rest, then finish"},
    {0},
};
static const struct box_spec outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "the same bytes"},
    [SIGNAL] = {.name = "signal", .carries = NOTICES, .doc = "the notice that ended us"},
    {0},
};

/* Moves what fits; run again when there is room, or on the next turn. */
static void echo_run(struct component *self)
{
    struct message *msg;

    while (outbox_has_room(self, OUTBOX) && (msg = inbox_take(self, INBOX)) != NULL) {
        outbox_send(self, OUTBOX, msg);
    }
}

const struct component_type echo_protocol_type = {
    .name = "EchoProtocol",
    .summary = "sends back whatever arrives",
    .inboxes = inboxes,
    .outboxes = outboxes,
    .stateless = true,
    .run = echo_run,
};
