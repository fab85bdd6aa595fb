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

/* What a kind of change is called here, and how its lines begin. */
static const struct {
    const char *kind; /* in the reply, and its count there */
    char sign;
    const char *word;
    bool is_always_counted;
} kinds[] = {
    {"added", '+', "added", true},         {"removed", '-', "removed", true},
    {"replaced", '~', "replaced", false},  {"changed", '~', "changed", true},
    {"relinked", '~', "re-linked", false}, {"restarted", '~', "started again", false},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* "~ echo (changed): protocol: EchoProtocol -> shout" */
static void print_change(const json_t *change)
{
    const char *why = ctl_string(change, "why");
    size_t i = 0;

    while (i < KINDS - 1 && strcmp(kinds[i].kind, ctl_string(change, "change")) != 0) {
        i++;
    }
    printf("%c %s", kinds[i].sign, ctl_string(change, "path"));
    if (kinds[i].sign == '~') {
        printf(" (%s)", kinds[i].word);
    }
    printf("%s%s\n", why[0] != '\0' ? ": " : "", why);
}

void ctl_print_changes(struct ctl *ctl, const json_t *reply)
{
    long long left = 0;
    size_t i;
    json_t *change;

    ctl_print_problems(stderr, json_object_get(reply, "problems"));
    for (i = 0; i < KINDS; i++) {
        left += ctl_int(reply, kinds[i].kind);
    }
    json_array_foreach(json_object_get(reply, "changes"), i, change)
    {
        print_change(change);
        left--;
    }
    if (left > 0) {
        printf("and %lld more\n", left);
    }
    printf("%s%lld: ", ctl_value(ctl, "dry-run") != NULL ? "still generation " : "generation ",
           ctl_int(reply, "generation"));
    for (i = 0; i < KINDS; i++) {
        const long long count = ctl_int(reply, kinds[i].kind);

        if (count > 0 || kinds[i].is_always_counted) {
            printf("%lld %s, ", count, kinds[i].word);
        }
    }
    printf("%lld unchanged\n", ctl_int(reply, "unchanged"));
}

static bool print_reload(struct ctl *ctl, json_t *reply, void *data)
{
    if (ctl->json) {
        ctl_print_json(reply);
    } else {
        ctl_print_changes(ctl, reply);
    }
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
