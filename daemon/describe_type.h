/* What the tables of a component type say, as JSON: the replies of Types and Describe, as the
 * daemon gives them and as "axonctl --no-daemon" makes them. */
#ifndef AXOND_DAEMON_DESCRIBE_TYPE_H
#define AXOND_DAEMON_DESCRIBE_TYPE_H

#include <jansson.h>

#include "graph/component_type.h"

/* types: NULL-ended. */
json_t *describe_types(const struct component_type *const *types);
json_t *describe_type(const struct component_type *type);

/* The type of that name, or NULL; the name of the one that may have been meant, or NULL. */
const struct component_type *find_type(const struct component_type *const *types, const char *name);
const char *suggest_type(const struct component_type *const *types, const char *name);

#endif
