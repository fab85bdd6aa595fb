/* What the daemon's errors mean, in sentences. */
#include "daemon/ctl.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void explain_missing(const char *what, const char *name, const json_t *parameters)
{
    const char *meant = ctl_string(parameters, "suggestion");

    if (meant[0] != '\0') {
        ctl_complain("there is no %s \"%s\"; did you mean \"%s\"?", what, name, meant);
    } else {
        ctl_complain("there is no %s \"%s\"", what, name);
    }
}

static void explain_no_component(struct ctl *ctl, json_t *parameters)
{
    explain_missing("component", ctl_string(parameters, "path"), parameters);
}

static void explain_no_box(struct ctl *ctl, json_t *parameters)
{
    explain_missing("box", ctl_string(parameters, "path"), parameters);
}

static void explain_no_type(struct ctl *ctl, json_t *parameters)
{
    explain_missing("component type", ctl_string(parameters, "type"), parameters);
}

static void explain_no_linkage(struct ctl *ctl, json_t *parameters)
{
    ctl_complain("no outbox of %s leads to %s", ctl_string(parameters, "from"),
                 ctl_string(parameters, "to"));
}

static void explain_regex(struct ctl *ctl, json_t *parameters)
{
    ctl_complain("--match: %s\n    %s\n    %*s^", ctl_string(parameters, "text"),
                 ctl_string(parameters, "regex"), (int)ctl_int(parameters, "offset"), "");
}

static void explain_bad_graph(struct ctl *ctl, json_t *parameters)
{
    ctl_print_problems(stderr, json_object_get(parameters, "problems"));
    if (strcmp(ctl->command->name, "check") != 0) {
        ctl_complain("%s refused; the graph runs on as it was", ctl->command->name);
    }
}

static void explain_cannot_start(struct ctl *ctl, json_t *parameters)
{
    const char *place = ctl_string(parameters, "place");

    ctl_complain("%s%s%s could not start: %s; everything is as it was", place,
                 place[0] != '\0' ? ": " : "", ctl_string(parameters, "path"),
                 ctl_string(parameters, "reason"));
}

static void explain_invalid_state(struct ctl *ctl, json_t *parameters)
{
    ctl_complain("%s", ctl_string(parameters, "text"));
}

static void explain_not_carried(struct ctl *ctl, json_t *parameters)
{
    ctl_complain("%s takes %s", ctl_string(parameters, "path"), ctl_string(parameters, "carries"));
}

static void explain_box_full(struct ctl *ctl, json_t *parameters)
{
    ctl_complain("%s is full: %lld %s are waiting in it", ctl_string(parameters, "path"),
                 ctl_int(parameters, "bound"), ctl_string(parameters, "unit"));
}

static void explain_too_many_clients(struct ctl *ctl, json_t *parameters)
{
    ctl_complain("the daemon serves %lld clients of its control socket already, and no more",
                 ctl_int(parameters, "limit"));
}

/* The socket tells who listens on it. */
static void explain_permission(struct ctl *ctl, json_t *parameters)
{
    struct ucred cred;
    socklen_t size = sizeof(cred);
    const struct passwd *user = NULL;

    if (getsockopt(ctl->fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0 && cred.uid != 0) {
        user = getpwuid(cred.uid);
    }
    if (user != NULL) {
        ctl_complain("%s: no permission; this takes root or the user \"%s\"", ctl->command->name,
                     user->pw_name);
    } else {
        ctl_complain("%s: no permission; this takes root or the daemon's own user",
                     ctl->command->name);
    }
}

static void explain_parameter(struct ctl *ctl, json_t *parameters)
{
    ctl_complain("%s: the daemon does not accept this %s", ctl->command->name,
                 ctl_string(parameters, "parameter"));
}

static void explain_not_there(struct ctl *ctl, json_t *parameters)
{
    ctl_complain("the daemon does not know the command \"%s\"; axonctl is of another version",
                 ctl->command->name);
}

static const struct {
    const char *name;
    void (*explain)(struct ctl *ctl, json_t *parameters);
} errors[] = {
    {"io.axond.NoSuchComponent", explain_no_component},
    {"io.axond.NoSuchBox", explain_no_box},
    {"io.axond.NoSuchLinkage", explain_no_linkage},
    {"io.axond.NoSuchType", explain_no_type},
    {"io.axond.BadRegex", explain_regex},
    {"io.axond.BadGraph", explain_bad_graph},
    {"io.axond.CannotStart", explain_cannot_start},
    {"io.axond.InvalidState", explain_invalid_state},
    {"io.axond.NotCarried", explain_not_carried},
    {"io.axond.BoxFull", explain_box_full},
    {"io.axond.TooManyClients", explain_too_many_clients},
    {"org.varlink.service.PermissionDenied", explain_permission},
    {"org.varlink.service.InvalidParameter", explain_parameter},
    {"org.varlink.service.InterfaceNotFound", explain_not_there},
    {"org.varlink.service.MethodNotFound", explain_not_there},
    {"org.varlink.service.MethodNotImplemented", explain_not_there},
};

void ctl_explain(struct ctl *ctl, const char *error, json_t *parameters)
{
    char *text;

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (strcmp(errors[i].name, error) == 0) {
            errors[i].explain(ctl, parameters);
            return;
        }
    }
    text = json_dumps(parameters, JSON_COMPACT);
    ctl_complain("%s: refused: %s %s", ctl->command->name, error, text != NULL ? text : "");
    free(text);
}
