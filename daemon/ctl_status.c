/* axonctl status: one screen about the daemon. */
#include "daemon/ctl.h"
#include "daemon/plural.h"

#include <string.h>

static void print_label(const char *label)
{
    printf("%-12s ", label);
}

static void print_graph(const json_t *reply)
{
    size_t i;
    json_t *file;

    print_label("graph");
    json_array_foreach(json_object_get(reply, "files"), i, file)
    {
        const char *name = json_string_value(file);

        fputs(i > 0 ? ", " : "", stdout);
        ctl_print_escaped(stdout, name != NULL ? name : "", name != NULL ? strlen(name) : 0);
    }
    printf(" (generation %lld)\n", ctl_int(reply, "generation"));
}

static void print_components(const json_t *reply)
{
    static const char *const states[] = {"running",  "starting", "restarting",
                                         "stopping", "stopped",  "failed"};
    const json_t *counts = json_object_get(reply, "components");
    const char *comma = "";

    print_label("components");
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        long long n = ctl_int(counts, states[i]);

        if (n > 0) {
            bool red = strcmp(states[i], "failed") == 0 && ctl_has_colours();
            printf("%s%s%lld %s%s", comma, red ? "\x1b[31m" : "", n, states[i],
                   red ? "\x1b[0m" : "");
            comma = ", ";
        }
    }
    printf("%s\n", comma[0] == '\0' ? "none" : "");
}

static void print_listeners(const json_t *reply)
{
    long long left = ctl_int(reply, "listeners_total");
    size_t i;
    json_t *listener;

    json_array_foreach(json_object_get(reply, "listeners"), i, listener)
    {
        print_label(i == 0 ? "listening" : "");
        printf("%s: %s, %lld connected\n", ctl_string(listener, "path"),
               ctl_string(listener, "address"), ctl_int(listener, "connections"));
        left--;
    }
    if (left > 0) {
        print_label("");
        printf("and %lld more\n", left);
    }
}

static void print_traffic(const json_t *reply)
{
    const json_t *connections = json_object_get(reply, "connections");
    const json_t *traffic = json_object_get(reply, "traffic");

    print_label("connections");
    printf("%lld now, %lld in all", ctl_int(connections, "now"), ctl_int(connections, "total"));
    if (ctl_int(connections, "refused") > 0) {
        printf(", %lld refused", ctl_int(connections, "refused"));
    }
    printf("\n");
    print_label("traffic");
    printf("%s messages/s, %s/s; %lld messages, %s in all\n",
           ctl_rate(ctl_real(traffic, "messages_per_second")).text,
           ctl_size(ctl_real(traffic, "bytes_per_second")).text, ctl_int(traffic, "messages"),
           ctl_size(ctl_real(traffic, "bytes")).text);
}

/* Only if it has ever happened. */
static void print_held(const json_t *reply)
{
    const json_t *held = json_object_get(reply, "held");
    const long long times = ctl_int(held, "times");

    if (times > 0) {
        print_label("loop");
        printf("held for more than %s %lld time%s", ctl_duration(ctl_real(held, "limit")).text,
               times, PLURAL(times));
        printf(", for up to %s\n", ctl_duration(ctl_real(held, "longest")).text);
    }
}

static void print_reload(const json_t *reply)
{
    const json_t *reload = json_object_get(reply, "last_reload");
    const char *text = ctl_string(reload, "text");

    if (!json_is_object(reload)) {
        return;
    }
    print_label("last reload");
    printf("%s, %s: ", ctl_time(ctl_real(reload, "time")).text,
           json_is_true(json_object_get(reload, "done")) ? "done" : "refused");
    ctl_print_escaped(stdout, text, strlen(text));
    printf("\n");
}

static void print_warnings(const json_t *reply)
{
    long long left = ctl_int(reply, "warnings_total");
    size_t i;
    json_t *warning;

    json_array_foreach(json_object_get(reply, "warnings"), i, warning)
    {
        const char *text = ctl_string(warning, "text");

        print_label(i == 0 ? "warnings" : "");
        if (ctl_has(warning, "path")) {
            printf("%s: ", ctl_string(warning, "path"));
        }
        ctl_print_escaped(stdout, text, strlen(text));
        printf("\n");
        left--;
    }
    if (left > 0) {
        print_label("");
        printf("and %lld more\n", left);
    }
}

static bool print_status(struct ctl *ctl, json_t *reply, void *data)
{
    if (ctl->json) {
        ctl_print_json(reply);
        return true;
    }
    printf("axond %s, pid %lld, %s for %s", ctl_string(reply, "version"), ctl_int(reply, "pid"),
           ctl_string(reply, "state"), ctl_duration(ctl_real(reply, "uptime")).text);
    if (ctl_int(reply, "workers") > 1) {
        printf(", %lld workers", ctl_int(reply, "workers"));
    }
    printf("\n");
    print_graph(reply);
    print_components(reply);
    print_listeners(reply);
    print_traffic(reply);
    print_held(reply);
    print_reload(reply);
    print_warnings(reply);
    return true;
}

enum ctl_status ctl_run_status(struct ctl *ctl)
{
    return ctl_call(ctl, "Status", NULL, false, (struct ctl_reader){print_status, NULL});
}
