/* axonctl trace: the next message's way through the graph. */
#include "daemon/ctl.h"

#include <string.h>

#include "graph/value.h"

struct tracing {
    const char *path;
    bool has_begun; /* a message has come */
};

/* "+0.031 ms", since the first message was seen. */
static void print_after(const json_t *step)
{
    printf("%+11.3f ms  ", ctl_real(step, "after") * 1000);
}

static void print_arrival(const json_t *step)
{
    const long long before = ctl_int(step, "before");

    if (ctl_has(step, "from")) {
        printf("%s -> ", ctl_string(step, "from"));
    }
    printf("%s  ", ctl_has(step, "to") ? ctl_string(step, "to") : "nowhere");
    ctl_print_data(step, false);
    if (before > 0) {
        print_after(step);
        printf("  %lld wait%s there before it\n", before, before == 1 ? "s" : "");
    }
}

static void print_step(const json_t *step)
{
    const char *name = ctl_string(step, "step");

    print_after(step);
    if (strcmp(name, "taken") == 0) {
        printf("  taken from %s, after %.3f ms\n", ctl_string(step, "to"),
               ctl_real(step, "waited") * 1000);
    } else if (strcmp(name, "gone") == 0) {
        printf("  gone with %s, after %.3f ms\n", ctl_string(step, "to"),
               ctl_real(step, "waited") * 1000);
    } else {
        print_arrival(step);
    }
    if (strcmp(name, "dropped") == 0) {
        printf("                 dropped: %s is full\n", ctl_string(step, "to"));
    } else if (strcmp(name, "discarded") == 0) {
        printf("                 discarded: %s is linked nowhere\n", ctl_string(step, "from"));
    } else if (strcmp(name, "crossed") == 0) {
        printf("                 goes on to another worker, where it is not followed: trace %s\n",
               ctl_string(step, "to"));
    } else if (strcmp(name, "left") == 0) {
        printf("                 not followed, nor what comes after: that is enough\n");
    }
}

static void print_headline(const json_t *step)
{
    printf("%s%s%s\n", ctl_clock(ctl_real(step, "time")).text, ctl_has(step, "peer") ? "  " : "",
           ctl_string(step, "peer"));
}

static bool read_step(struct ctl *ctl, json_t *step, void *data)
{
    struct tracing *tracing = data;
    const char *name = ctl_string(step, "step");

    if (strcmp(name, "started") == 0) {
        ctl_complain("waiting for the next message at %s; Ctrl-C ends it", tracing->path);
        return true;
    }
    if (strcmp(name, "ended") == 0) {
        if (tracing->has_begun) {
            ctl_complain("nothing more has come of it");
        } else {
            ctl_complain("%s is gone, and no message has come", tracing->path);
        }
        return true;
    }
    if (ctl->json) {
        ctl_print_json(step);
    } else {
        if (!tracing->has_begun) {
            print_headline(step);
        }
        print_step(step);
    }
    tracing->has_begun = true;
    return !ferror(stdout);
}

enum ctl_status ctl_run_trace(struct ctl *ctl)
{
    const char *patience = ctl_value(ctl, "patience");
    struct tracing tracing = {.path = ctl->arguments[0]};
    json_t *parameters = json_pack("{s:s}", "path", tracing.path);
    struct accepted accepted;
    double seconds;

    if (patience != NULL) {
        if (!value_duration(patience, 0.001, 3600, &seconds, &accepted)) {
            ctl_complain("--patience takes %s, not \"%s\"", accepted.text, patience);
            json_decref(parameters);
            return CTL_USAGE;
        }
        json_object_set_new(parameters, "patience", json_real(seconds));
    }
    return ctl_call(ctl, "Trace", parameters, true, (struct ctl_reader){read_step, &tracing});
}
