/* axonctl list, axonctl linkages: long tables. */
#include "daemon/ctl.h"

static json_t *pattern(const struct ctl *ctl)
{
    return ctl->argument_count > 0 ? json_pack("{s:s}", "pattern", ctl->arguments[0]) : NULL;
}

/* "3", "3, next at 14:03:22"; nothing if there was none and will be none. */
static void add_restarts(struct ctl_table *table, const json_t *component)
{
    const long long times = ctl_int(component, "restarts");
    char text[100] = "";

    if (ctl_has(component, "next_restart")) {
        snprintf(text, sizeof(text), "%lld, next at %s", times,
                 ctl_time(ctl_real(component, "next_restart")).text);
    } else if (times > 0) {
        snprintf(text, sizeof(text), "%lld", times);
    }
    ctl_table_add(table, text);
}

/* What a reload has left to come to its end is marked. */
static void add_state(struct ctl_table *table, const json_t *component)
{
    char text[60];

    snprintf(text, sizeof(text), "%s%s", ctl_string(component, "state"),
             json_is_true(json_object_get(component, "earlier")) ? ", earlier" : "");
    ctl_table_add(table, text);
}

static bool add_component(struct ctl *ctl, json_t *component, void *data)
{
    struct ctl_table *table = data;

    ctl_table_add(table, ctl_string(component, "path"));
    ctl_table_add(table, ctl_string(component, "type"));
    add_state(table, component);
    ctl_table_add(table, ctl_time(ctl_real(component, "since")).text);
    add_restarts(table, component);
    ctl_table_add(table, ctl_string(component, "reason"));
    return true;
}

enum ctl_status ctl_run_list(struct ctl *ctl)
{
    static const char *const titles[] = {"PATH",     "TYPE",   "STATE", "SINCE",
                                         "RESTARTS", "REASON", NULL};
    struct ctl_table table;
    enum ctl_status status;

    ctl_table_init(&table, titles);
    status = ctl_list(ctl, "List", pattern(ctl), "components",
                      (struct ctl_reader){add_component, &table});
    ctl_table_print(&table);
    return status;
}

static bool add_linkage(struct ctl *ctl, json_t *linkage, void *data)
{
    struct ctl_table *table = data;
    bool bytes = ctl_string(linkage, "unit")[0] == 'b';

    ctl_table_add(table, ctl_string(linkage, "from"));
    ctl_table_add(table, ctl_string(linkage, "to"));
    ctl_table_add(table, ctl_count(ctl_int(linkage, "messages")).text);
    ctl_table_add(table, ctl_size(ctl_real(linkage, "bytes")).text);
    ctl_table_add(table, ctl_count(ctl_int(linkage, "dropped")).text);
    ctl_table_add(table, ctl_duration(ctl_real(linkage, "blocked")).text);
    ctl_table_add(table, bytes ? ctl_size(ctl_real(linkage, "queued")).text
                               : ctl_count(ctl_int(linkage, "queued")).text);
    return true;
}

enum ctl_status ctl_run_linkages(struct ctl *ctl)
{
    static const char *const titles[] = {"FROM",     "TO",       ">MESSAGES", ">BYTES",
                                         ">DROPPED", ">BLOCKED", ">QUEUED",   NULL};
    struct ctl_table table;
    enum ctl_status status;

    ctl_table_init(&table, titles);
    status = ctl_list(ctl, "Linkages", pattern(ctl), "linkages",
                      (struct ctl_reader){add_linkage, &table});
    ctl_table_print(&table);
    return status;
}
