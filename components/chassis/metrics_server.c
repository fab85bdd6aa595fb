/* MetricsServer: what goes on, for Prometheus to scrape.
 *
 *     GET http://127.0.0.1:9464/metrics       server ═══> handler (MetricsProtocol)
 *
 * It is a graph, written below, as ServerCore is.  Metrics tell much and ask no password: unless
 * the file says otherwise, they are for this machine only.  From its start on, what connections
 * have counted by their end is kept (ledger.h). */
#include "components/chassis/server_core.h"
#include "components/internet/tcp_server.h"
#include "graph/ledger.h"
#include "graph/loop.h"
#include "graph/workers.h"

static const char definition[] = "components:\n"
                                 "  server:\n"
                                 "    type: TCPServer\n"
                                 "    restart: never\n" /* the policy of the whole counts */
                                 "    listenport: ${param:port}\n"
                                 "    host: ${param:host}\n"
                                 "    max_connections: ${param:max_connections}\n"
                                 "    idle_timeout: ${param:idle_timeout}\n"
                                 "  handler:\n"
                                 "    type: ProtocolHandler\n"
                                 "    protocol: MetricsProtocol\n"
                                 "linkages:\n"
                                 "  - server -> handler\n"
                                 "  - self.control -> server.control\n"
                                 "  - handler.signal -> self.signal\n";

static const struct param_spec parameters[] = {
    {PARAM_INT(struct server_core, port), .fallback = "9464", .min = 0, .max = 65535,
     .doc = "port to listen on; 0: a free one"},
    {PARAM_TEXT(struct server_core, host), .fallback = "127.0.0.1",
     .doc = "address or name to listen on, unix:PATH, unix:@NAME or systemd:NAME"},
    {PARAM_INT(struct server_core, max_connections), .fallback = "32", .min = 1, .max = 1 << 16,
     .unit = "connections", .doc = "connections at a time; more wait in the backlog"},
    {PARAM_DURATION(struct server_core, idle_timeout), .fallback = "2min", .min = 0,
     .max = 31536000,
     .doc = "a connection on which nothing comes or goes for so long is closed; 0: never"},
    {0},
};

static bool metrics_server_check(const void *state, const struct node *at, struct error *err)
{
    const struct server_core *core = state;
    const struct tcp_server_request request = {
        .port_name = "port", .host = core->host, .port = core->port};

    return tcp_server_fits(&request, at, err);
}

static int metrics_server_start(struct component *self)
{
    struct loop *loop = component_loop(self);

    workers_halt(loop->workers);
    for (unsigned i = 0; i < worker_count(loop); i++) {
        (void)ledger_of(worker_loop(loop, i));
    }
    workers_release(loop->workers);
    return server_core_start(self);
}

const struct component_type metrics_server_type = {
    .name = "MetricsServer",
    .on_main_thread = true,
    .summary = "what goes on, for Prometheus to scrape over HTTP",
    .size = sizeof(struct server_core),
    .inboxes = server_core_inboxes,
    .outboxes = server_core_outboxes,
    .parameters = parameters,
    .chassis = CHASSIS_GRAPH,
    .definition = definition,
    .lasts = true,
    .heeds_control = true,
    .check = metrics_server_check,
    .start = metrics_server_start,
    .run = server_core_run,
    .child_ended = server_core_child_ended,
};
