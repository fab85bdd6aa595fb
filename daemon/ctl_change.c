/* axonctl send, stop, kill, restart, drain, log-level: what changes something, in a word. */
#include "daemon/ctl.h"

#include "daemon/base64.h"
#include "daemon/plural.h"

#include <stdlib.h>
#include <string.h>

const char *const ctl_notices[] = {"producerFinished", "shutdownMicroprocess", "serverShutdown",
                                   "socketShutdown", NULL};

/* Data that is not UTF-8 cannot be a string of JSON. */
static json_t *message_parameters(const char *path, const char *data)
{
    json_t *parameters = json_pack("{s:s, s:s}", "path", path, "data", data);
    char *encoded;

    if (parameters != NULL) {
        return parameters;
    }
    encoded = base64_encode(data, strlen(data));
    if (encoded != NULL) {
        parameters =
            json_pack("{s:s, s:s, s:s}", "path", path, "data", encoded, "encoding", "base64");
    }
    free(encoded);
    return parameters;
}

enum ctl_status ctl_run_send(struct ctl *ctl)
{
    const char *path = ctl->arguments[0];
    const char *data = ctl->arguments[1];
    const char *notice = ctl_value(ctl, "notice");
    json_t *parameters;

    if ((data == NULL) == (notice == NULL)) {
        ctl_complain("send takes either data or --notice");
        return CTL_USAGE;
    }
    if (notice != NULL) {
        parameters = json_pack("{s:s, s:s}", "path", path, "notice", notice);
    } else {
        parameters = message_parameters(path, data);
    }
    return ctl_do(ctl, "Send", parameters);
}

enum ctl_status ctl_run_stop(struct ctl *ctl)
{
    return ctl_do(ctl, "Stop", json_pack("{s:s}", "path", ctl->arguments[0]));
}

enum ctl_status ctl_run_kill(struct ctl *ctl)
{
    return ctl_do(ctl, "Kill", json_pack("{s:s}", "path", ctl->arguments[0]));
}

enum ctl_status ctl_run_restart(struct ctl *ctl)
{
    return ctl_do(ctl, "Restart", json_pack("{s:s}", "path", ctl->arguments[0]));
}

static bool print_drain(struct ctl *ctl, json_t *reply, void *data)
{
    if (ctl->json) {
        ctl_print_json(reply);
    } else {
        long long left = ctl_int(reply, "connections");

        printf("draining: %lld connection%s left%s\n", left, PLURAL(left),
               ctl->argument_count == 0 ? "; the daemon ends with the last component" : "");
    }
    return true;
}

enum ctl_status ctl_run_drain(struct ctl *ctl)
{
    json_t *parameters = NULL;

    if (ctl->argument_count > 0) {
        parameters = json_pack("{s:s}", "path", ctl->arguments[0]);
    }
    return ctl_call(ctl, "Drain", parameters, ctl_value(ctl, "wait") != NULL,
                    (struct ctl_reader){print_drain, NULL});
}

static bool print_level(struct ctl *ctl, json_t *reply, void *data)
{
    if (ctl->json) {
        ctl_print_json(reply);
    } else {
        printf("%s\n", ctl_string(reply, "level"));
    }
    return true;
}

enum ctl_status ctl_run_log_level(struct ctl *ctl)
{
    static const char *const levels[] = {"error", "warning", "notice", "info", "debug", NULL};
    const char *level = ctl->arguments[0];
    json_t *parameters = NULL;

    for (size_t i = 0; level != NULL && strcmp(levels[i], level) != 0; i++) {
        if (levels[i + 1] == NULL) {
            ctl_complain("a level is error, warning, notice, info or debug, not \"%s\"", level);
            return CTL_USAGE;
        }
    }
    if (level != NULL) {
        parameters = json_pack("{s:s}", "level", level);
    }
    return ctl_call(ctl, "LogLevel", parameters, false, (struct ctl_reader){print_level, NULL});
}
