/* Socket options as parameters: socketOptions: [[SOL_SOCKET, SO_REUSEADDR, 1], …]. */
#ifndef AXOND_COMPONENTS_INTERNET_SOCKET_OPTIONS_H
#define AXOND_COMPONENTS_INTERNET_SOCKET_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/mem.h"

struct arena;
struct error;
struct node;

struct socket_option {
    const char *name; /* SO_REUSEADDR */
    int level;
    int option;
    int value;
};

struct socket_options {
    const struct socket_option *items; /* of the plan's arena */
    size_t count;
};

/* What .accepts says of such a parameter. */
#define SOCKET_OPTIONS_ACCEPTED "a list of options such as [SOL_SOCKET, SO_KEEPALIVE, 1]"
#define SOCKET_OPTIONS_SCHEMA                                                                      \
    "{'type': 'array', 'items': {'type': ['array', 'string'], 'pattern': '[$][{]',"                \
    " 'minItems': 3, 'maxItems': 3, 'items': {'$ref': '#/definitions/text'}}}"

/* Reads the parameter's node; for param_spec.parse. */
bool socket_options_parse(const struct node *node, void *field, struct arena *arena,
                          struct error *err);

/* Sets all on a socket.  Returns 0, or -errno with *failed pointing to the one that was refused. */
MUST_CHECK int socket_options_set(const struct socket_options *options, int fd,
                                  const struct socket_option **failed);

#endif
