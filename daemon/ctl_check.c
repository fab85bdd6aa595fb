/* axonctl check, axonctl reload: graph files in, problems and changes out. */
#include "daemon/ctl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool print_check(struct ctl *ctl, json_t *reply, void *data)
{
    if (ctl->json) {
        ctl_print_json(reply);
        return true;
    }
    ctl_print_problems(stderr, json_object_get(reply, "problems"));
    printf("sound: %lld components\n", ctl_int(reply, "components"));
    return true;
}

/* The daemon works in another folder, so it is told the whole path. */
enum ctl_status ctl_run_check(struct ctl *ctl)
{
    json_t *files;

    if (ctl->argument_count == 0) {
        return ctl_call(ctl, "Check", NULL, false, (struct ctl_reader){print_check, NULL});
    }
    files = json_array();
    for (int i = 0; i < ctl->argument_count; i++) {
        char *path = realpath(ctl->arguments[i], NULL);

        if (path == NULL || json_array_append_new(files, json_string(path)) == -1) {
            ctl_complain("%s: %s", ctl->arguments[i],
                         path == NULL ? strerror(errno) : "its name is not valid UTF-8");
            free(path);
            json_decref(files);
            return CTL_REFUSED;
        }
        free(path);
    }
    return ctl_call(ctl, "Check", json_pack("{s:o}", "files", files), false,
                    (struct ctl_reader){print_check, NULL});
}

static bool print_reload(struct ctl *ctl, json_t *reply, void *data)
{
    long long left =
        ctl_int(reply, "added") + ctl_int(reply, "removed") + ctl_int(reply, "changed");
    size_t i;
    json_t *change;

    if (ctl->json) {
        ctl_print_json(reply);
        return true;
    }
    ctl_print_problems(stderr, json_object_get(reply, "problems"));
    json_array_foreach(json_object_get(reply, "changes"), i, change)
    {
        const char *kind = ctl_string(change, "change");

        printf("%c %s\n",
               kind[0] == 'a'   ? '+'
               : kind[0] == 'r' ? '-'
                                : '~',
               ctl_string(change, "path"));
        left--;
    }
    if (left > 0) {
        printf("and %lld more\n", left);
    }
    printf("%s%lld: %lld added, %lld removed, %lld changed, %lld unchanged\n",
           ctl_value(ctl, "dry-run") != NULL ? "still generation " : "generation ",
           ctl_int(reply, "generation"), ctl_int(reply, "added"), ctl_int(reply, "removed"),
           ctl_int(reply, "changed"), ctl_int(reply, "unchanged"));
    return true;
}

enum ctl_status ctl_run_reload(struct ctl *ctl)
{
    json_t *parameters = NULL;

    if (ctl_value(ctl, "dry-run") != NULL) {
        parameters = json_pack("{s:b}", "dry_run", 1);
    }
    return ctl_call(ctl, "Reload", parameters, false, (struct ctl_reader){print_reload, NULL});
}
