#include "daemon/settings.h"

#include <string.h>

#include "graph/document.h"
#include "graph/error.h"

const char *const log_level_names[] = {"error", "warning", "notice", "info", "debug", NULL};

static bool parse_mode(const struct node *node, void *field, struct arena *arena, struct error *err)
{
    const char **mode = field;

    if (node->kind != NODE_SCALAR || node->size == 0 || node->size > 4 ||
        strspn(node->text, "01234567") != node->size) {
        return error_set(err, node, "mode must be octal digits, such as \"0660\"; got \"%s\"",
                         node_shown(node).text);
    }
    *mode = node->text;
    return true;
}

static bool parse_workers(const struct node *node, void *field, struct arena *arena,
                          struct error *err)
{
    const char **workers = field;

    if (!node_is(node, "1")) {
        return error_set(err, node, "workers must be 1; more come with a later version");
    }
    *workers = node->text;
    return true;
}

static const struct param_spec control_table[] = {
    {PARAM_TEXT(struct control_settings, path), .doc = "the control socket"},
    {PARAM_CUSTOM(struct control_settings, mode), .parse = parse_mode, .fallback = "0660",
     .accepts = "octal digits, such as \"0660\"",
     .schema = "{'type': ['string', 'integer'], 'pattern': '^[0-7]{1,4}$', 'minimum': 0,"
               " 'maximum': 7777}",
     .doc = "permissions of the control socket"},
    {PARAM_TEXT(struct control_settings, group),
     .doc = "group of the control socket; left out: the daemon's own"},
    {0},
};

static const struct param_spec limits_table[] = {
    {PARAM_INT(struct limit_settings, connections), .fallback = "0", .min = 0, .max = 1 << 24,
     .unit = "connections",
     .doc = "connections of all servers together; 0: as many as there are descriptors"},
    {PARAM_SIZE(struct limit_settings, buffer_memory), .fallback = "1GiB", .min = 1 << 20,
     .max = 1e15,
     .doc = "memory for data that is under way; while it is all used, nothing more is read"},
    {0},
};

const struct param_spec settings_table[] = {
    {PARAM_SECTION(struct settings, control), .section = control_table,
     .doc = "the control socket"},
    {PARAM_CUSTOM(struct settings, workers), .parse = parse_workers, .fallback = "1",
     .accepts = "1", .doc = "event-loop threads"},
    {PARAM_DURATION(struct settings, drain_timeout), .fallback = "10s", .min = 0, .max = 86400,
     .doc = "how long connections may go on once the daemon was told to stop"},
    {PARAM_CHOICE(struct settings, log_level), .choices = log_level_names, .fallback = "info",
     .doc = "how much is logged"},
    {PARAM_SECTION(struct settings, limits), .section = limits_table,
     .doc = "what all components together may use"},
    {0},
};
