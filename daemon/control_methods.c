/* The methods of io.axond, as io.axond.varlink declares them. */
#include "daemon/control_private.h"

static const char *const encodings[] = {"text", "base64", NULL};
static const char *const metrics_formats[] = {"text", "openmetrics", NULL};

static const struct varlink_parameter a_pattern[] = {
    {.name = "pattern", .kind = VARLINK_STRING},
    {0},
};
static const struct varlink_parameter a_path[] = {
    {.name = "path", .kind = VARLINK_STRING, .required = true},
    {0},
};
static const struct varlink_parameter a_path_or_none[] = {
    {.name = "path", .kind = VARLINK_STRING},
    {0},
};
static const struct varlink_parameter a_type[] = {
    {.name = "type", .kind = VARLINK_STRING, .required = true},
    {0},
};
static const struct varlink_parameter for_graph[] = {
    {.name = "connections", .kind = VARLINK_BOOL},
    {0},
};
static const struct varlink_parameter for_config[] = {
    {.name = "origins", .kind = VARLINK_BOOL},
    {.name = "files", .kind = VARLINK_BOOL},
    {0},
};
static const struct varlink_parameter for_check[] = {
    {.name = "files", .kind = VARLINK_STRINGS},
    {0},
};
static const struct varlink_parameter for_reload[] = {
    {.name = "dry_run", .kind = VARLINK_BOOL},
    {0},
};
static const struct varlink_parameter for_add[] = {
    {.name = "name", .kind = VARLINK_STRING, .required = true},
    {.name = "type", .kind = VARLINK_STRING, .required = true},
    {.name = "settings", .kind = VARLINK_STRINGS},
    {0},
};
static const struct varlink_parameter for_link[] = {
    {.name = "from", .kind = VARLINK_STRING, .required = true},
    {.name = "to", .kind = VARLINK_STRING, .required = true},
    {0},
};
static const struct varlink_parameter for_unlink[] = {
    {.name = "from", .kind = VARLINK_STRING, .required = true},
    {0},
};
static const struct varlink_parameter for_set[] = {
    {.name = "path", .kind = VARLINK_STRING, .required = true},
    {.name = "settings", .kind = VARLINK_STRINGS, .required = true},
    {0},
};
static const struct varlink_parameter for_tap[] = {
    {.name = "path", .kind = VARLINK_STRING, .required = true},
    {.name = "count", .kind = VARLINK_INT},
    {.name = "limit", .kind = VARLINK_INT},
    {.name = "match", .kind = VARLINK_STRING},
    {0},
};
static const struct varlink_parameter for_top[] = {
    {.name = "interval", .kind = VARLINK_FLOAT},
    {.name = "rows", .kind = VARLINK_INT},
    {.name = "pattern", .kind = VARLINK_STRING},
    {0},
};
static const struct varlink_parameter for_trace[] = {
    {.name = "path", .kind = VARLINK_STRING, .required = true},
    {.name = "patience", .kind = VARLINK_FLOAT},
    {0},
};
static const struct varlink_parameter for_send[] = {
    {.name = "path", .kind = VARLINK_STRING, .required = true},
    {.name = "data", .kind = VARLINK_STRING},
    {.name = "encoding", .kind = VARLINK_STRING, .choices = encodings},
    {.name = "notice", .kind = VARLINK_STRING},
    {0},
};
static const struct varlink_parameter for_metrics[] = {
    {.name = "format", .kind = VARLINK_STRING, .choices = metrics_formats},
    {0},
};
static const struct varlink_parameter for_log_level[] = {
    {.name = "level", .kind = VARLINK_STRING, .choices = log_level_names},
    {0},
};

const struct varlink_method control_methods[] = {
    {.name = "Status", .handle = control_on_status},
    {.name = "List",
     .parameters = a_pattern,
     .handle = control_on_list,
     .more = VARLINK_MAY_STREAM},
    {.name = "Show", .parameters = a_path, .handle = control_on_show},
    {.name = "Linkages",
     .parameters = a_pattern,
     .handle = control_on_linkages,
     .more = VARLINK_MAY_STREAM},
    {.name = "Types", .handle = control_on_types},
    {.name = "Describe", .parameters = a_type, .handle = control_on_describe},
    {.name = "Graph",
     .parameters = for_graph,
     .handle = control_on_graph,
     .more = VARLINK_MAY_STREAM},
    {.name = "Config",
     .parameters = for_config,
     .handle = control_on_config,
     .more = VARLINK_MAY_STREAM},
    {.name = "Check", .parameters = for_check, .handle = control_on_check},
    {.name = "Reload", .parameters = for_reload, .handle = control_on_reload, .privileged = true},
    {.name = "Add", .parameters = for_add, .handle = control_on_add, .privileged = true},
    {.name = "Link", .parameters = for_link, .handle = control_on_link, .privileged = true},
    {.name = "Unlink", .parameters = for_unlink, .handle = control_on_unlink, .privileged = true},
    {.name = "Set", .parameters = for_set, .handle = control_on_set, .privileged = true},
    {.name = "Tap", .parameters = for_tap, .handle = control_on_tap, .more = VARLINK_MUST_STREAM},
    {.name = "Top", .parameters = for_top, .handle = control_on_top, .more = VARLINK_MUST_STREAM},
    {.name = "Trace",
     .parameters = for_trace,
     .handle = control_on_trace,
     .more = VARLINK_MUST_STREAM},
    {.name = "Send", .parameters = for_send, .handle = control_on_send, .privileged = true},
    {.name = "Stop", .parameters = a_path, .handle = control_on_stop, .privileged = true},
    {.name = "Kill", .parameters = a_path, .handle = control_on_kill, .privileged = true},
    {.name = "Restart", .parameters = a_path, .handle = control_on_restart, .privileged = true},
    {.name = "Drain",
     .parameters = a_path_or_none,
     .handle = control_on_drain,
     .privileged = true,
     .more = VARLINK_MAY_STREAM},
    {.name = "Events", .handle = control_on_events, .more = VARLINK_MUST_STREAM},
    {.name = "Metrics",
     .parameters = for_metrics,
     .handle = control_on_metrics,
     .more = VARLINK_MAY_STREAM},
    {.name = "LogLevel", .parameters = for_log_level, .handle = control_on_log_level},
    {0},
};
