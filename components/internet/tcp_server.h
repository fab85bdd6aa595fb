/* TCPServer's parameters, for its own table and for those of chassis that are made of one, so that
 * a parameter is written once. */
#ifndef AXOND_COMPONENTS_INTERNET_TCP_SERVER_H
#define AXOND_COMPONENTS_INTERNET_TCP_SERVER_H

#include "components/internet/socket_options.h"
#include "graph/component_type.h"

struct error;
struct node;

/* What has to be checked of parameters together. */
struct tcp_server_request {
    const char *port_name;
    const char *host;
    int64_t port;
    int64_t minrange;
    int64_t maxrange;
};

/* For component_type.check. */
bool tcp_server_fits(const struct tcp_server_request *request, const struct node *at,
                     struct error *err);

/* Entries of a table.  type: a struct that has a field of the same name and kind for each of them;
 * what does not fit does not compile.  The port is not among them: a chassis has a name and a
 * default of its own for it. */
#define TCP_SERVER_PARAMETERS(type)                                                                \
    {PARAM_TEXT(type, host),                                                                       \
     .doc =                                                                                        \
         "IPv4 or IPv6 address or name to listen on, unix:PATH, unix:@NAME or systemd:NAME; left " \
         "out: every address"},                                                                    \
        {PARAM_INT(type, minrange), .fallback = "2000", .min = 1, .max = 65535,                    \
         .doc = "lowest port to choose from"},                                                     \
        {PARAM_INT(type, maxrange), .fallback = "50000", .min = 1, .max = 65535,                   \
         .doc = "highest port to choose from"},                                                    \
        {PARAM_INT(type, maxlisten), .min = 0, .max = 1 << 20, .unit = "connections",              \
         .doc = "connections that may wait to be accepted; 0 or left out: as many as the system "  \
                "lets"},                                                                           \
        {PARAM_CUSTOM(type, socketOptions), .parse = socket_options_parse,                         \
         .accepts = SOCKET_OPTIONS_ACCEPTED, .schema = SOCKET_OPTIONS_SCHEMA,                      \
         .doc = "options of the listening sockets, which connections inherit"},                    \
        {PARAM_BOOL(type, reuseport), .fallback = "false",                                         \
         .doc =                                                                                    \
             "SO_REUSEPORT: several processes may listen on the port and share its connections"},  \
        {PARAM_BOOL(type, keepalive), .fallback = "true",                                          \
         .doc = "SO_KEEPALIVE: notice peers that are gone, by the system's times"},                \
        {PARAM_BOOL(type, nodelay), .fallback = "true",                                            \
         .doc = "TCP_NODELAY: send small messages at once"},                                       \
        {PARAM_INT(type, max_connections),                                                         \
         .changeable = true,                                                                       \
         .fallback = "0",                                                                          \
         .min = 0,                                                                                 \
         .max = 1 << 24,                                                                           \
         .unit = "connections",                                                                    \
         .doc = "connections at a time; more wait in the backlog.  0: as many as there are "       \
                "descriptors"},                                                                    \
    {                                                                                              \
        PARAM_DURATION(type, idle_timeout),                                                        \
            .changeable = true, .fallback = "0", .min = 0, .max = 31536000,                        \
            .doc = "a connection on which nothing comes or goes for so long is closed; 0: never"   \
    }

#endif
