/* axonctl config: the graph as it runs. */
#include "daemon/ctl.h"
#include "daemon/ctl_diff.h"

#include <stdlib.h>

static bool keep_part(struct ctl *ctl, json_t *reply, void *data)
{
    fputs(ctl_string(reply, "text"), data);
    return true;
}

/* All of it, to be freed; NULL after it was explained why not. */
static char *fetch(struct ctl *ctl, json_t *parameters, enum ctl_status *status)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL) {
        abort();
    }
    *status = ctl_call(ctl, "Config", parameters, true, (struct ctl_reader){keep_part, out});
    fclose(out);
    if (*status != CTL_DONE) {
        free(text);
        text = NULL;
    }
    return text;
}

/* The graph as the files have it, and as it runs. */
static enum ctl_status print_difference(struct ctl *ctl)
{
    enum ctl_status status;
    char *files = fetch(ctl, json_pack("{s:b}", "files", 1), &status);
    char *now = status == CTL_DONE ? fetch(ctl, NULL, &status) : NULL;

    if (status == CTL_DONE) {
        ctl_print_diff(files, now);
    }
    free(files);
    free(now);
    return status;
}

enum ctl_status ctl_run_config(struct ctl *ctl)
{
    json_t *parameters = NULL;

    if (ctl_value(ctl, "diff") != NULL) {
        return print_difference(ctl);
    }
    if (ctl_value(ctl, "origin") != NULL) {
        parameters = json_pack("{s:b}", "origins", 1);
    }
    return ctl_in_parts(ctl, "Config", parameters);
}
