/* The environment of a process that a component starts.
 *
 *     axond's own, unless it is to be cleared, less what concerns axond alone
 *     what the graph says
 *     REMOTE_ADDR, REMOTE_PORT, LOCAL_ADDR, LOCAL_PORT   on a connection
 *
 * Later ones replace earlier ones of the same name.  The last four are as in systemd's services
 * with Accept=yes, and are never inherited: where the connection is a Unix socket's, or there is
 * none, they are not set.  They are numbers; nothing else that a peer has a say in gets in here. */
#ifndef AXOND_COMPONENTS_FILE_PROCESS_ENVIRONMENT_H
#define AXOND_COMPONENTS_FILE_PROCESS_ENVIRONMENT_H

#include <stdbool.h>

#include "graph/mem.h"

struct component;
struct process_variables;

struct process_environment {
    const char **items; /* "NAME=value", NULL-ended */
    char ends[4][96];   /* what is not borrowed of it */
};

/* Texts are borrowed from axond's environment and from variables. */
void process_environment_init(struct process_environment *environment, struct component *self,
                              const struct process_variables *variables, bool clear);
void process_environment_deinit(struct process_environment *environment);

#endif
