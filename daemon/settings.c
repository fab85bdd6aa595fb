#include "daemon/settings.h"

#include <stdlib.h>
#include <string.h>

#include "graph/document.h"
#include "graph/error.h"
#include "graph/workers.h"

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

const char settings_workers_accepted[] = "a number from 1 to 64, or auto: one per core";
_Static_assert(WORKERS_MOST == 64, "as the text says");

bool settings_parse_workers(const char *text, int64_t *workers)
{
    char *end;

    if (strcmp(text, "auto") == 0) {
        *workers = 0;
        return true;
    }
    *workers = strtol(text, &end, 10);
    return text[0] >= '1' && text[0] <= '9' && *end == '\0' && *workers <= WORKERS_MOST;
}

static bool parse_workers(const struct node *node, void *field, struct arena *arena,
                          struct error *err)
{
    return node->kind == NODE_SCALAR && settings_parse_workers(node->text, field);
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
     .accepts = settings_workers_accepted, .doc = "event-loop threads; auto: one per core"},
    {PARAM_DURATION(struct settings, drain_timeout), .fallback = "10s", .min = 0, .max = 86400,
     .doc = "how long connections may go on once the daemon was told to stop"},
    {PARAM_CHOICE(struct settings, log_level), .choices = log_level_names, .fallback = "info",
     .doc = "how much is logged"},
    {PARAM_SECTION(struct settings, limits), .section = limits_table,
     .doc = "what all components together may use"},
    {0},
};
