/* Add, Link, Unlink, Set: edits of the running graph.
 *
 * What comes of an edit goes the way of a reload (reloading.h), from the files as they were loaded
 * and the edits since: with the same checks, all or nothing.  The next reload goes back to the
 * files. */
#include "daemon/control_private.h"
#include "daemon/log.h"
#include "graph/plan_edit.h"

static void begin(struct varlink_call *call, struct plan_edit *edit, const char *verb)
{
    json_t *settings = varlink_value(call, "settings");
    json_t *setting;
    size_t i;

    json_array_foreach(settings, i, setting)
    {
        plan_edit_set(edit, json_string_value(setting));
    }
    log_event(LOG_LEVEL_NOTICE, NULL, "editing the graph, as uid %u asks: %s %s%s%s",
              (unsigned)call->peer.uid, verb, edit->path, edit->value != NULL ? " " : "",
              edit->value != NULL ? edit->value : "");
    control_begin_change(call, edit);
}

void control_on_add(struct varlink_call *call)
{
    begin(call,
          plan_edit_create(EDIT_ADD, varlink_string(call, "name"), varlink_string(call, "type")),
          "add");
}

void control_on_link(struct varlink_call *call)
{
    begin(call,
          plan_edit_create(EDIT_LINK, varlink_string(call, "from"), varlink_string(call, "to")),
          "link");
}

void control_on_unlink(struct varlink_call *call)
{
    begin(call, plan_edit_create(EDIT_UNLINK, varlink_string(call, "from"), NULL), "unlink");
}

void control_on_set(struct varlink_call *call)
{
    begin(call, plan_edit_create(EDIT_SET, varlink_string(call, "path"), NULL), "set");
}
