/* SimpleServer: ServerCore by the name that it has where a protocol asks nothing of its connection.
 *
 * The original called its protocol without arguments; here a protocol is a graph, and has none. */
#include "components/chassis/server_core.h"

const struct component_type simple_server_type = {
    .name = "SimpleServer",
    .summary = "a TCPServer and a ProtocolHandler in one, as ServerCore",
    SERVER_CORE,
};
