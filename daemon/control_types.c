/* Types, Describe: what graphs can be made of. */
#include "daemon/control_private.h"
#include "daemon/describe_type.h"

void control_on_types(struct varlink_call *call)
{
    varlink_reply(call, describe_types(control_loop(call)->types));
}

void control_on_describe(struct varlink_call *call)
{
    const struct component_type *const *types = control_loop(call)->types;
    const char *name = varlink_string(call, "type");
    const struct component_type *type = find_type(types, name);

    if (type != NULL) {
        varlink_reply(call, describe_type(type));
    } else {
        varlink_error(call, "io.axond.NoSuchType",
                      json_pack("{s:s, s:o}", "type", name, "suggestion",
                                control_text(suggest_type(types, name))));
    }
}
