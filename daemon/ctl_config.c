/* axonctl config: the graph as it runs. */
#include "daemon/ctl.h"
#include "daemon/ctl_diff.h"

#include <stdlib.h>

static bool print_part(struct ctl *ctl, json_t *reply, void *data)
{
    json_t *parts = data;

    if (ctl->json) {
        json_array_append(parts, json_object_get(reply, "text"));
    } else {
        fputs(ctl_string(reply, "text"), stdout);
    }
    return true;
}

/* As if it had come at once; to be freed. */
static char *join(const json_t *parts)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    json_t *part;
    size_t i;

    if (out == NULL) {
        abort();
    }
    json_array_foreach(parts, i, part)
    {
        fputs(json_string_value(part), out);
    }
    fclose(out);
    return text;
}

static void print_whole(const json_t *parts)
{
    char *text = join(parts);
    json_t *whole = json_pack("{s:s}", "text", text);

    ctl_print_json(whole);
    json_decref(whole);
    free(text);
}

static bool keep_part(struct ctl *ctl, json_t *reply, void *data)
{
    json_array_append(data, json_object_get(reply, "text"));
    return true;
}

/* The graph as the files have it, and as it runs. */
static enum ctl_status print_difference(struct ctl *ctl)
{
    json_t *files = json_array();
    json_t *now = json_array();
    enum ctl_status status = ctl_call(ctl, "Config", json_pack("{s:b}", "files", 1), true,
                                      (struct ctl_reader){keep_part, files});

    if (status == CTL_DONE) {
        status = ctl_call(ctl, "Config", NULL, true, (struct ctl_reader){keep_part, now});
    }
    if (status == CTL_DONE) {
        char *before = join(files);
        char *after = join(now);

        ctl_print_diff(before, after);
        free(before);
        free(after);
    }
    json_decref(files);
    json_decref(now);
    return status;
}

enum ctl_status ctl_run_config(struct ctl *ctl)
{
    json_t *parts;
    json_t *parameters = NULL;
    enum ctl_status status;

    if (ctl_value(ctl, "diff") != NULL) {
        return print_difference(ctl);
    }
    if (ctl_value(ctl, "origin") != NULL) {
        parameters = json_pack("{s:b}", "origins", 1);
    }
    parts = json_array();
    status = ctl_call(ctl, "Config", parameters, true, (struct ctl_reader){print_part, parts});
    if (status == CTL_DONE && ctl->json) {
        print_whole(parts);
    }
    json_decref(parts);
    return status;
}
