/* SingleServer: a server for one client at a time, whose stream is on the server's own boxes.
 *
 *     client ══> [outbox] --> what serves it --> [inbox] ══> client
 *
 * It is a graph, written below: a TCPServer and a SingleHandler, which closes further clients at
 * once.  (With max_connections: 1 they wait in the backlog instead, to be served one by one.)
 *
 * What is linked to it lives through many clients, one after the other: neither the beginning of
 * one nor its end is said on signal.  (The original said producerFinished whenever a client left,
 * so that a Pipeline behind it served one client only.)
 *
 * serverShutdown on control stops listening, and all ends when the client has left;
 * producerFinished besides closes the client, once what is in inbox has been written;
 * shutdownMicroprocess ends all at once.  Then signal says so. */
#include "components/chassis/single_server.h"

#include "components/chassis/children.h"
#include "components/internet/tcp_server.h"

enum { INBOX, CONTROL };
enum { OUTBOX, SIGNAL };

const char single_server_definition[] = SERVER_CORE_LISTENS "  client:\n"
                                                            "    type: SingleHandler\n"
                                                            "    linger: ${param:linger}\n"
                                                            "linkages:\n"
                                                            "  - server -> client.connections\n"
                                                            "  - server.signal -> client.control\n"
                                                            "  - self.inbox -> client.inbox\n"
                                                            "  - client.outbox -> self.outbox\n";

const struct box_spec single_server_inboxes[] = {
    [INBOX] = {.name = "inbox",
               .carries = BYTES,
               .doc = "goes to the client; waits for the next while there is none"},
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "serverShutdown: stop listening; producerFinished: close the client, too, "
                        "after the rest; shutdownMicroprocess: stop at once"},
    {0},
};
const struct box_spec single_server_outboxes[] = {
    [OUTBOX] = {.name = "outbox", .carries = BYTES, .doc = "came from the client"},
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "how the server has ended; a client's end is not said"},
    {0},
};
const struct param_spec single_server_parameters[] = {
    SERVER_CORE_PORT(struct server_core),
    TCP_SERVER_PARAMETERS(struct server_core),
    {PARAM_DURATION(struct server_core, linger), .fallback = "1s", .min = 0, .max = 86400,
     .doc = "how long a client that has finished sending may wait for more of its answer"},
    {0},
};

void single_server_run(struct component *self)
{
    struct message *msg;

    while ((msg = inbox_take(self, CONTROL)) != NULL) {
        children_tell(self, (enum message_kind)msg->kind, msg->error);
        message_release(msg);
    }
    inbox_discard(self, INBOX); /* the client's part has ended */
}

void single_server_child_ended(struct component *self, struct component *child)
{
    const struct server_core *core = component_state(self);

    if (core->living == 1 && component_is_told_to_stop(self)) {
        outbox_notify(self, SIGNAL, SHUTDOWN_MICROPROCESS, NULL, 0);
    }
    server_core_child_ended(self, child);
}

const struct component_type single_server_type = {
    .name = "SingleServer",
    .summary = "a server for one client at a time, whose stream is on its own boxes",
    SINGLE_SERVER,
};
