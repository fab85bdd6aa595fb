#include "daemon/ctl_local.h"

#include "components/component_types.h"
#include "daemon/describe_type.h"

json_t *ctl_local_types(void)
{
    return describe_types(component_types);
}

json_t *ctl_local_describe(const char *name)
{
    const struct component_type *type = find_type(component_types, name);

    return type != NULL ? describe_type(type) : NULL;
}

const char *ctl_local_suggest(const char *name)
{
    return suggest_type(component_types, name);
}
