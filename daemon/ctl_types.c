/* axonctl types, axonctl describe: what graphs can be made of. */
#include "daemon/ctl.h"

#include "daemon/ctl_local.h"

static bool print_types(struct ctl *ctl, json_t *reply, void *data)
{
    static const char *const titles[] = {"TYPE", "", NULL};
    struct ctl_table table;
    size_t i;
    json_t *type;

    if (ctl->json) {
        ctl_print_json(reply);
        return true;
    }
    ctl_table_init(&table, titles);
    json_array_foreach(json_object_get(reply, "types"), i, type)
    {
        ctl_table_add(&table, ctl_string(type, "name"));
        ctl_table_add(&table, ctl_string(type, "summary"));
    }
    ctl_table_print(&table);
    return true;
}

static const char *const box_titles[][5] = {
    {"INBOX", "CARRIES", "", "", NULL},
    {"OUTBOX", "CARRIES", "", "", NULL},
};
static const char *const parameter_titles[] = {"PARAMETER", "KIND", "DEFAULT", "RANGE",
                                               "RELOAD",    "",     NULL};
static const char *const statistic_titles[] = {"STATISTIC", "UNIT", "", NULL};

static void print_boxes(const json_t *boxes, const char *const *titles)
{
    struct ctl_table table;
    size_t i;
    json_t *box;

    ctl_table_init(&table, titles);
    json_array_foreach(boxes, i, box)
    {
        bool main_box = json_is_true(json_object_get(box, "main"));
        bool required = json_is_true(json_object_get(box, "required"));

        ctl_table_add(&table, ctl_string(box, "name"));
        ctl_table_add(&table, ctl_string(box, "carries"));
        ctl_table_add(&table, main_box && required ? "main, required"
                              : main_box           ? "main"
                              : required           ? "required"
                                                   : "");
        ctl_table_add(&table, ctl_string(box, "doc"));
    }
    if (table.count > 0) {
        printf("\n");
    }
    ctl_table_print(&table);
}

/* "1 to 16MiB", "at least 1", "tcp, udp", or nothing. */
static void add_range(struct ctl_table *table, const json_t *parameter)
{
    const char *low = ctl_string(parameter, "minimum");
    const char *high = ctl_string(parameter, "maximum");
    char text[400] = "";
    size_t length = 0;
    size_t i;
    json_t *choice;

    if (ctl_has(parameter, "minimum") && ctl_has(parameter, "maximum")) {
        snprintf(text, sizeof(text), "%s to %s", low, high);
    } else if (ctl_has(parameter, "minimum")) {
        snprintf(text, sizeof(text), "at least %s", low);
    } else if (ctl_has(parameter, "maximum")) {
        snprintf(text, sizeof(text), "at most %s", high);
    }
    json_array_foreach(json_object_get(parameter, "choices"), i, choice)
    {
        const char *word = json_string_value(choice);

        if (word != NULL && length < sizeof(text)) {
            length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s",
                                       length > 0 ? ", " : "", word);
        }
    }
    ctl_table_add(table, text);
}

static void print_parameters(const json_t *parameters)
{
    struct ctl_table table;
    size_t i;
    json_t *parameter;

    ctl_table_init(&table, parameter_titles);
    json_array_foreach(parameters, i, parameter)
    {
        bool required = json_is_true(json_object_get(parameter, "required"));

        ctl_table_add(&table, ctl_string(parameter, "name"));
        ctl_table_add(&table, ctl_string(parameter, "kind"));
        ctl_table_add(&table, required                        ? "required"
                              : ctl_has(parameter, "default") ? ctl_string(parameter, "default")
                                                              : "-");
        add_range(&table, parameter);
        ctl_table_add(&table, ctl_string(parameter, "reload"));
        ctl_table_add(&table, ctl_string(parameter, "doc"));
    }
    if (table.count > 0) {
        printf("\n");
    }
    ctl_table_print(&table);
}

static void print_statistics(const json_t *statistics)
{
    struct ctl_table table;
    size_t i;
    json_t *statistic;

    ctl_table_init(&table, statistic_titles);
    json_array_foreach(statistics, i, statistic)
    {
        ctl_table_add(&table, ctl_string(statistic, "name"));
        ctl_table_add(&table, ctl_string(statistic, "unit"));
        ctl_table_add(&table, ctl_string(statistic, "doc"));
    }
    if (table.count > 0) {
        printf("\n");
    }
    ctl_table_print(&table);
}

static bool print_type(struct ctl *ctl, json_t *reply, void *data)
{
    if (ctl->json) {
        ctl_print_json(reply);
        return true;
    }
    printf("%s: %s\n", ctl_string(reply, "name"), ctl_string(reply, "summary"));
    if (ctl_has(reply, "doc")) {
        printf("\n%s\n", ctl_string(reply, "doc"));
    }
    printf("restart: %s, unless the file says otherwise\n", ctl_string(reply, "restart"));
    print_boxes(json_object_get(reply, "inboxes"), box_titles[0]);
    print_boxes(json_object_get(reply, "outboxes"), box_titles[1]);
    print_parameters(json_object_get(reply, "parameters"));
    print_statistics(json_object_get(reply, "statistics"));
    return true;
}

enum ctl_status ctl_run_types(struct ctl *ctl)
{
    json_t *reply;

    if (!ctl->no_daemon) {
        return ctl_call(ctl, "Types", NULL, false, (struct ctl_reader){print_types, NULL});
    }
    reply = ctl_local_types();
    print_types(ctl, reply, NULL);
    json_decref(reply);
    return CTL_DONE;
}

/* Complains as the daemon's NoSuchType does. */
static void complain_of_type(const char *name)
{
    const char *meant = ctl_local_suggest(name);

    if (meant != NULL) {
        ctl_complain("there is no component type \"%s\"; did you mean \"%s\"?", name, meant);
    } else {
        ctl_complain("there is no component type \"%s\"", name);
    }
}

enum ctl_status ctl_run_describe(struct ctl *ctl)
{
    json_t *reply;

    if (!ctl->no_daemon) {
        return ctl_call(ctl, "Describe", json_pack("{s:s}", "type", ctl->arguments[0]), false,
                        (struct ctl_reader){print_type, NULL});
    }
    reply = ctl_local_describe(ctl->arguments[0]);
    if (reply == NULL) {
        complain_of_type(ctl->arguments[0]);
        return CTL_REFUSED;
    }
    print_type(ctl, reply, NULL);
    json_decref(reply);
    return CTL_DONE;
}
