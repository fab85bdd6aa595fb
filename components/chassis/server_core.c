/* ServerCore: TCPServer and ProtocolHandler in one, for a service that is nothing else.
 *
 *     self.control --> server.control       server ═══> handler       handler.signal -->
 * self.signal
 *
 * It is a graph, written below, so all that is said of the two parts holds: serverShutdown and
 * producerFinished on control stop listening, the connections go on, and signal says
 * producerFinished after the last of them; shutdownMicroprocess ends all at once.  Its parameters
 * are those of its parts, but for the port, which has the original's default.
 *
 * When the handler ends before the server, the server stops listening: nobody is left to look after
 * connections. */
#include "components/chassis/server_core.h"

#include "components/chassis/children.h"
#include "components/chassis/protocol_handler.h"
#include "components/internet/tcp_server.h"

enum { CONTROL };
enum { SIGNAL };

const char server_core_definition[] = SERVER_CORE_LISTENS "  handler:\n"
                                                          "    type: ProtocolHandler\n"
                                                          "    protocol: ${param:protocol}\n"
                                                          "    handover: ${param:handover}\n"
                                                          "linkages:\n"
                                                          "  - server -> handler\n"
                                                          "  - self.control -> server.control\n"
                                                          "  - handler.signal -> self.signal\n";

const struct box_spec server_core_inboxes[] = {
    [CONTROL] = {.name = "control",
                 .carries = NOTICES,
                 .doc = "serverShutdown: stop listening; shutdownMicroprocess: stop at once"},
    {0},
};
const struct box_spec server_core_outboxes[] = {
    [SIGNAL] = {.name = "signal",
                .carries = NOTICES,
                .doc = "producerFinished once it listens no more and all connections are over"},
    {0},
};
const struct param_spec server_core_parameters[] = {
    SERVER_CORE_PORT(struct server_core),
    PROTOCOL_HANDLER_PARAMETERS(struct server_core),
    TCP_SERVER_PARAMETERS(struct server_core),
    {0},
};

bool server_core_check(const void *state, const struct node *at, struct error *err)
{
    const struct server_core *core = state;
    const struct tcp_server_request request = {.port_name = "port",
                                               .host = core->host,
                                               .port = core->port,
                                               .minrange = core->minrange,
                                               .maxrange = core->maxrange};

    return tcp_server_fits(&request, at, err);
}

int server_core_start(struct component *self)
{
    struct server_core *core = component_state(self);

    core->living = children_count(self);
    return 0;
}

void server_core_changed(struct component *self)
{
    struct server_core *core = component_state(self);

    core->living = children_count(self);
}

/* Something came to control after the server had ended: it is of no use any more. */
void server_core_run(struct component *self)
{
    inbox_discard(self, CONTROL);
    if (component_is_told_to_stop(self)) {
        children_tell(self, SHUTDOWN_MICROPROCESS, 0);
    }
}

void server_core_child_ended(struct component *self, struct component *child)
{
    struct server_core *core = component_state(self);

    if (--core->living == 0) {
        component_finish(self);
    } else {
        children_tell(self, SERVER_SHUTDOWN, 0);
    }
}

const struct component_type server_core_type = {
    .name = "ServerCore",
    .summary = "a TCPServer and a ProtocolHandler in one",
    SERVER_CORE,
};
