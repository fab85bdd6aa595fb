/* ProtocolHandler's parameters, for its own table and for those of chassis that are made of one.
 * type: a struct with a field of the same name and kind for each of them. */
#ifndef AXOND_COMPONENTS_CHASSIS_PROTOCOL_HANDLER_H
#define AXOND_COMPONENTS_CHASSIS_PROTOCOL_HANDLER_H

#include "graph/component_type.h"

#define PROTOCOL_HANDLER_PARAMETERS(type)                                                          \
    {PARAM_GRAPH(type, protocol), .required = true, .changeable = true, .carries = BYTES,          \
     .doc = "what to run on each connection: a type, a graph, or a mapping with type:"},           \
    {                                                                                              \
        PARAM_BOOL(type, handover),                                                                \
            .fallback = "false", .changeable = true,                                               \
            .doc = "SIGUSR2, systemctl restart: connections go on in the new process"              \
    }

#endif
