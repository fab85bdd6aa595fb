/* FastRestartSingleServer: SingleServer by the name that it has where a restart must not wait for
 * the system to forget old connections; see FastRestartServer. */
#include "components/chassis/single_server.h"

const struct component_type fast_restart_single_server_type = {
    .name = "FastRestartSingleServer",
    .summary = "SingleServer; restarts without delay",
    SINGLE_SERVER,
};
