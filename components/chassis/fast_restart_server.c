/* FastRestartServer: ServerCore by the name that it has where a restart must not wait for the
 * system to forget old connections.
 *
 * The original set SO_REUSEADDR here and nowhere else; our TCPServer always does. */
#include "components/chassis/server_core.h"

const struct component_type fast_restart_server_type = {
    .name = "FastRestartServer",
    .summary = "a TCPServer and a ProtocolHandler in one, as ServerCore; restarts without delay",
    SERVER_CORE,
};
