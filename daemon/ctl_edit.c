/* axonctl add, link, unlink, set: edits of the running graph. */
#include "daemon/ctl.h"

#include <string.h>

static bool print_edit(struct ctl *ctl, json_t *reply, void *data)
{
    if (ctl->json) {
        ctl_print_json(reply);
    } else {
        ctl_print_changes(ctl, reply);
    }
    return true;
}

static enum ctl_status edit(struct ctl *ctl, const char *method, json_t *parameters)
{
    return ctl_call(ctl, method, parameters, false, (struct ctl_reader){print_edit, NULL});
}

/* The arguments from one on.  NULL after a complaint. */
static json_t *settings(struct ctl *ctl, int first)
{
    json_t *list = json_array();

    for (int i = first; i < ctl->argument_count; i++) {
        if (strchr(ctl->arguments[i], '=') == NULL ||
            json_array_append_new(list, json_string(ctl->arguments[i])) == -1) {
            ctl_complain("\"%s\" is not PARAMETER=VALUE", ctl->arguments[i]);
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

enum ctl_status ctl_run_add(struct ctl *ctl)
{
    json_t *list = settings(ctl, 2);

    return list == NULL ? CTL_USAGE
                        : edit(ctl, "Add",
                               json_pack("{s:s, s:s, s:o}", "name", ctl->arguments[0], "type",
                                         ctl->arguments[1], "settings", list));
}

enum ctl_status ctl_run_set(struct ctl *ctl)
{
    json_t *list = settings(ctl, 1);

    return list == NULL
               ? CTL_USAGE
               : edit(ctl, "Set",
                      json_pack("{s:s, s:o}", "path", ctl->arguments[0], "settings", list));
}

enum ctl_status ctl_run_link(struct ctl *ctl)
{
    return edit(ctl, "Link",
                json_pack("{s:s, s:s}", "from", ctl->arguments[0], "to", ctl->arguments[1]));
}

enum ctl_status ctl_run_unlink(struct ctl *ctl)
{
    return edit(ctl, "Unlink", json_pack("{s:s}", "from", ctl->arguments[0]));
}
