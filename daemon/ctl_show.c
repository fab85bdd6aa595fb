/* axonctl show: one component in full, and the connection that it belongs to. */
#include "daemon/ctl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const parameter_titles[] = {"PARAMETER", "VALUE", "FROM", NULL};
static const char *const statistic_titles[] = {"STATISTIC", ">VALUE", "UNIT", "", NULL};
static const char *const inbox_titles[] = {"INBOX",    ">QUEUED",     ">BOUND", "WHEN FULL",
                                           ">HIGHEST", ">MESSAGES",   ">BYTES", ">DROPPED",
                                           ">BLOCKED", "LINKED FROM", NULL};
static const char *const outbox_titles[] = {"OUTBOX",   ">MESSAGES", ">BYTES", ">DROPPED",
                                            ">BLOCKED", "LINKED TO", NULL};

static void add_parameter(struct ctl_table *table, const json_t *parameter)
{
    bool given = json_is_true(json_object_get(parameter, "given"));
    const char *value = ctl_string(parameter, "value");

    ctl_table_add(table, ctl_string(parameter, "name"));
    ctl_table_add(table, value[0] != '\0' ? value : "-");
    ctl_table_add(table, given ? ctl_string(parameter, "origin") : "default");
}

static void add_statistic(struct ctl_table *table, const json_t *statistic)
{
    char value[32];

    snprintf(value, sizeof(value), "%.15g", ctl_real(statistic, "value"));
    ctl_table_add(table, ctl_string(statistic, "name"));
    ctl_table_add(table, value);
    ctl_table_add(table, ctl_string(statistic, "unit"));
    ctl_table_add(table, ctl_string(statistic, "doc"));
}

/* A number of the unit that an inbox is bounded in. */
static struct ctl_text amount(const json_t *inbox, const char *name)
{
    if (!ctl_has(inbox, name)) {
        return (struct ctl_text){"-"};
    }
    if (ctl_string(inbox, "unit")[0] == 'b') {
        return ctl_size(ctl_real(inbox, name));
    }
    return ctl_count(ctl_int(inbox, name));
}

/* The first source, and how many more there are. */
static struct ctl_text more_sources(const json_t *inbox)
{
    long long total = ctl_int(inbox, "sources_total");
    struct ctl_text t = {""};

    if (total > 1) {
        snprintf(t.text, sizeof(t.text), " and %lld more", total - 1);
    }
    return t;
}

static void add_traffic(struct ctl_table *table, const json_t *box)
{
    ctl_table_add(table, ctl_count(ctl_int(box, "messages")).text);
    ctl_table_add(table, ctl_size(ctl_real(box, "bytes")).text);
    ctl_table_add(table, ctl_count(ctl_int(box, "dropped")).text);
    ctl_table_add(table, ctl_duration(ctl_real(box, "blocked")).text);
}

/* What only hands on has no numbers of its own. */
static void add_passing(struct ctl_table *table, size_t cells)
{
    while (cells-- > 0) {
        ctl_table_add(table, "-");
    }
}

static void add_inbox(struct ctl_table *table, const json_t *inbox)
{
    bool bytes = ctl_string(inbox, "unit")[0] == 'b';
    const char *first = json_string_value(json_array_get(json_object_get(inbox, "sources"), 0));
    char linked[512];

    ctl_table_add(table, ctl_string(inbox, "name"));
    if (ctl_has(inbox, "passes_to")) {
        snprintf(linked, sizeof(linked), "passes on to %s", ctl_string(inbox, "passes_to"));
        add_passing(table, 8);
        ctl_table_add(table, linked);
        return;
    }
    snprintf(linked, sizeof(linked), "%s%s", first != NULL ? first : "-", more_sources(inbox).text);
    ctl_table_add(table, amount(inbox, bytes ? "queued_bytes" : "queued").text);
    ctl_table_add(table, amount(inbox, "bound").text);
    ctl_table_add(table, ctl_has(inbox, "bound") ? ctl_string(inbox, "policy") : "-");
    ctl_table_add(table, amount(inbox, "high_water").text);
    add_traffic(table, inbox);
    ctl_table_add(table, linked);
}

static void add_outbox(struct ctl_table *table, const json_t *outbox)
{
    ctl_table_add(table, ctl_string(outbox, "name"));
    if (json_is_true(json_object_get(outbox, "passes"))) {
        add_passing(table, 4);
    } else {
        add_traffic(table, outbox);
    }
    ctl_table_add(table, ctl_has(outbox, "destination") ? ctl_string(outbox, "destination") : "-");
}

static void print_part(const json_t *reply, const char *name, const char *const *titles,
                       void (*add)(struct ctl_table *table, const json_t *item))
{
    const json_t *items = json_object_get(reply, name);
    struct ctl_table table;
    size_t i;
    json_t *item;

    if (json_array_size(items) == 0) {
        return;
    }
    ctl_table_init(&table, titles);
    json_array_foreach(items, i, item)
    {
        add(&table, item);
    }
    printf("\n");
    ctl_table_print(&table);
}

static const char *const part_titles[] = {"COMPONENT", "TYPE",      "STATE", ">QUEUED",
                                          ">BYTES",    "WAITS FOR", NULL};

static void add_connection_part(struct ctl_table *table, const json_t *part)
{
    ctl_table_add(table, ctl_string(part, "path"));
    ctl_table_add(table, ctl_string(part, "type"));
    ctl_table_add(table, ctl_string(part, "state"));
    ctl_table_add(table, ctl_count(ctl_int(part, "queued")).text);
    ctl_table_add(table, ctl_size(ctl_real(part, "queued_bytes")).text);
    ctl_table_add(table, ctl_string(part, "waits_for"));
}

/* Seconds that it has been open. */
static double age_of(const json_t *connection)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec - ctl_real(connection, "since");
}

static void print_connection(const json_t *connection)
{
    const json_t *traffic = json_object_get(connection, "traffic");
    const char *waits = ctl_string(connection, "waits_for");
    const char *local = ctl_string(connection, "local");

    printf("connection %s: %s%s%s, open for %s\n", ctl_string(connection, "path"),
           ctl_string(connection, "peer"), local[0] != '\0' ? " at " : "", local,
           ctl_duration(age_of(connection)).text);
    printf("  received: %s in %lld messages\n", ctl_size(ctl_real(traffic, "received_bytes")).text,
           ctl_int(traffic, "received_messages"));
    printf("  sent: %s in %lld messages\n", ctl_size(ctl_real(traffic, "sent_bytes")).text,
           ctl_int(traffic, "sent_messages"));
    printf("  queued: %s in %lld messages\n", ctl_size(ctl_real(connection, "queued_bytes")).text,
           ctl_int(connection, "queued"));
    printf("  waits for: %s\n", waits[0] != '\0' ? waits : "nothing");
    print_part(connection, "components", part_titles, add_connection_part);
    printf("\n");
}

static bool print_component(struct ctl *ctl, json_t *reply, void *data)
{
    const char *reason = ctl_string(reply, "reason");

    if (ctl->json) {
        ctl_print_json(reply);
        return true;
    }
    if (ctl_has(reply, "connection")) {
        print_connection(json_object_get(reply, "connection"));
    }
    printf("%s: %s, %s since %s\n", ctl_string(reply, "path"), ctl_string(reply, "type"),
           ctl_string(reply, "state"), ctl_time(ctl_real(reply, "since")).text);
    if (reason[0] != '\0') {
        printf("  reason: ");
        ctl_print_escaped(stdout, reason, strlen(reason));
        printf("\n");
    }
    if (ctl_has(reply, "waits_for")) {
        printf("  waits for: %s\n", ctl_string(reply, "waits_for"));
    }
    if (ctl_has(reply, "address")) {
        printf("  now: %s\n", ctl_string(reply, "address"));
    }
    if (ctl_has(reply, "parent")) {
        printf("  held by: %s\n", ctl_string(reply, "parent"));
    }
    if (ctl_int(reply, "children") > 0) {
        printf("  holds: %lld components\n", ctl_int(reply, "children"));
    }
    printf("  restart: %s\n", ctl_string(reply, "restart"));
    if (ctl_int(reply, "restarts") > 0) {
        printf("  restarts: %lld\n", ctl_int(reply, "restarts"));
    }
    if (ctl_has(reply, "next_restart")) {
        printf("  next restart: %s\n", ctl_time(ctl_real(reply, "next_restart")).text);
    }
    print_part(reply, "parameters", parameter_titles, add_parameter);
    print_part(reply, "inboxes", inbox_titles, add_inbox);
    print_part(reply, "outboxes", outbox_titles, add_outbox);
    print_part(reply, "statistics", statistic_titles, add_statistic);
    return true;
}

enum ctl_status ctl_run_show(struct ctl *ctl)
{
    return ctl_call(ctl, "Show", json_pack("{s:s}", "path", ctl->arguments[0]), false,
                    (struct ctl_reader){print_component, NULL});
}
