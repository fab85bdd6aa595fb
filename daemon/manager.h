/* manager: what systemd, as the manager of the service that we are, knows of it.
 *
 *     manager_ask() ──the system bus──► org.freedesktop.systemd1: our unit, its job, its store
 *
 * A process that is to end is not told whether it will be started again, but the job is: "restart"
 * until the stop half of it is over, else "stop". */
#ifndef AXOND_DAEMON_MANAGER_H
#define AXOND_DAEMON_MANAGER_H

#include <stdbool.h>

#include "graph/mem.h"

struct manager_answer {
    bool is_restart; /* our unit is stopped in order to be started again */
    bool has_room;   /* for one more descriptor in the store (FileDescriptorStoreMax=) */
};

/* Asks, which takes a millisecond, or for as long as the bus has not come up; not for the loop's
 * thread.  Returns 0, or -errno: there is no bus, or no systemd that we belong to. */
MUST_CHECK int manager_ask(struct manager_answer *answer);

#endif
