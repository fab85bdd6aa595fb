/* A text that the daemon sends in parts. */
#include "daemon/ctl.h"

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

/* One object, as if it had come at once. */
static void print_whole(const json_t *parts)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    json_t *whole;
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
    whole = json_pack("{s:s}", "text", text);
    ctl_print_json(whole);
    json_decref(whole);
    free(text);
}

enum ctl_status ctl_in_parts(struct ctl *ctl, const char *method, json_t *parameters)
{
    json_t *parts = json_array();
    enum ctl_status status =
        ctl_call(ctl, method, parameters, true, (struct ctl_reader){print_part, parts});

    if (status == CTL_DONE && ctl->json) {
        print_whole(parts);
    }
    json_decref(parts);
    return status;
}
