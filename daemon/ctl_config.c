/* axonctl config: the graph as it runs. */
#include "daemon/ctl.h"

enum ctl_status ctl_run_config(struct ctl *ctl)
{
    json_t *parameters = NULL;

    if (ctl_value(ctl, "origin") != NULL) {
        parameters = json_pack("{s:b}", "origins", 1);
    }
    return ctl_in_parts(ctl, "Config", parameters);
}
