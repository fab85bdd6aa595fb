/* What axonctl can tell without a daemon (--no-daemon): the component types it was built with. */
#ifndef DAEMON_CTL_LOCAL_H
#define DAEMON_CTL_LOCAL_H

#include <jansson.h>

/* The replies of Types and of Describe; NULL: there is no type so named. */
json_t *ctl_local_types(void);
json_t *ctl_local_describe(const char *name);

/* The name of the type that may have been meant, or NULL. */
const char *ctl_local_suggest(const char *name);

#endif
