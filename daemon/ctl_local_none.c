/* An axonctl without component types. */
#include "daemon/ctl_local.h"

#include <stddef.h>

json_t *ctl_local_types(void)
{
    return NULL;
}

json_t *ctl_local_describe(const char *type)
{
    return NULL;
}
