/* The control socket: opened, closed, and told what happens. */
#include "daemon/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control_private.h"
#include "daemon/io_axond.h"
#include "daemon/log.h"
#include "daemon/plural.h"
#include "graph/graph.h"
#include "graph/supervise.h"
#include "graph/workers.h"

static void note(void *context, const char *text)
{
    log_event_limited(LOG_LEVEL_WARNING, NULL, "control socket: %s", text);
}

/* A call may look at all that runs, and change it. */
static void enter(void *context)
{
    const struct control *control = context;

    workers_halt(control->daemon->workers);
}

static void leave(void *context)
{
    const struct control *control = context;

    workers_release(control->daemon->workers);
}

static const struct varlink_interface interfaces[] = {
    {.name = "io.axond", .description = io_axond_description, .methods = control_methods},
    {0},
};

static const struct varlink_service service = {
    .vendor = "axond",
    .product = "axond",
    .version = AXOND_VERSION,
    .url = "https://github.com/axond/axond",
    .interfaces = interfaces,
    .too_many_clients = "io.axond.TooManyClients",
    .enter = enter,
    .leave = leave,
    .note = note,
};

static char *copy(const char *text)
{
    return text != NULL ? mem_strdup(text) : NULL;
}

/* Listens on the socket, which another process may have passed. */
static int listen_at(struct control *control, const char *path, char *why, size_t size)
{
    const struct control_settings *settings = &control->settings;
    struct activation *activation = &control->daemon->activation;
    const mode_t mode = (mode_t)strtoul(settings->mode != NULL ? settings->mode : "0660", NULL, 8);
    const int passed = activation->control;
    bool is_ours;

    if (passed == -1) {
        return varlink_server_listen(control->server, path, mode, settings->group, why, size);
    }
    activation->control = -1;
    is_ours = strcmp(path, activation->control_path) == 0;
    free(activation->control_path);
    if (!is_ours) { /* the file has another now */
        (void)close(passed);
        return varlink_server_listen(control->server, path, mode, settings->group, why, size);
    }
    (void)snprintf(why, size, "%s: could not take it over from the process before", path);
    return varlink_server_listen_fd(control->server, passed);
}

void control_pass(const struct control *control, struct descriptors *to)
{
    const int fd = control != NULL ? varlink_server_socket(control->server) : -1;

    if (fd != -1) {
        activation_pass_control(to, control->path, fd);
    }
}

void control_let_go(struct control *control)
{
    if (control != NULL) {
        varlink_server_let_go(control->server);
    }
}

void control_own(struct control *control)
{
    if (control != NULL) {
        varlink_server_own(control->server, control->path);
    }
}

bool control_open(struct daemon *daemon)
{
    const struct control_settings *settings = &daemon->settings.control;
    const bool is_named = daemon->options.control != NULL || settings->path != NULL;
    const char *path = daemon->options.control != NULL ? daemon->options.control
                       : settings->path != NULL        ? settings->path
                                                       : DEFAULT_CONTROL;
    struct control *control = mem_alloc(sizeof(*control));
    char why[400];

    control->daemon = daemon;
    control->path = mem_strdup(path);
    control->settings.path = copy(settings->path);
    control->settings.mode = copy(settings->mode);
    control->settings.group = copy(settings->group);
    list_init(&control->subscribers);
    list_init(&control->waiting);
    control->server = varlink_server_create(daemon->loop->ev, &service, control);
    REQUIRE(control->server != NULL);
    if (listen_at(control, path, why, sizeof(why)) == 0) {
        daemon->control = control;
        log_event(LOG_LEVEL_DEBUG, NULL, "control socket: %s", path);
        return true;
    }
    control_close(control);
    if (is_named) {
        log_event(LOG_LEVEL_ERROR, NULL, "could not open the control socket: %s", why);
    } else {
        log_event(LOG_LEVEL_WARNING, NULL,
                  "running without a control socket: %s; -s names another place for it", why);
    }
    return !is_named;
}

void control_close(struct control *control)
{
    if (control == NULL) {
        return;
    }
    while (!list_is_empty(&control->waiting)) {
        struct control_wait *wait = container_of(control->waiting.next, struct control_wait, link);

        wait->answer(wait);
    }
    control_event(control, "stopping", NULL, "the daemon ends");
    varlink_server_destroy(control->server);
    free(control->path);
    free((char *)(uintptr_t)control->settings.path);
    free((char *)(uintptr_t)control->settings.mode);
    free((char *)(uintptr_t)control->settings.group);
    free(control);
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

void control_settings_changed(struct control *control, const struct control_settings *settings)
{
    const bool is_path_ours = control != NULL && control->daemon->options.control == NULL;

    if (control == NULL) {
        return;
    }
    if ((is_path_ours && !is_same(settings->path, control->settings.path)) ||
        !is_same(settings->mode, control->settings.mode) ||
        !is_same(settings->group, control->settings.group)) {
        log_event(LOG_LEVEL_WARNING, NULL,
                  "the control socket stays as it is, %s: other settings for it take a restart",
                  control->path);
    }
}

void control_component_changed(struct control *control, const struct component *component)
{
    char path[PATH_SIZE];
    char text[640];
    const char *reason = component_reason(component);

    if (!control_is_listened_to(control)) {
        return;
    }
    (void)component_path(component, path, sizeof(path));
    switch ((enum component_state)component->state) {
    case RUNNING:
        if (component_restarts(component) > 0) {
            (void)snprintf(text, sizeof(text), "%u restart%s so far", component_restarts(component),
                           PLURAL(component_restarts(component)));
            control_event(control, "component_restarted", path, text);
        } else {
            control_event(control, "component_started", path, control_type_name(component));
        }
        if (component_listens((struct component *)(uintptr_t)component, text, sizeof(text))) {
            control_event(control, "listening", path, text);
        }
        return;
    case STOPPED:
        if ((component->flags & COMPONENT_STOP_ASKED) != 0) {
            control_event(control, "component_stopped", path, "it was told to stop");
        } else {
            control_event(control, "component_finished", path, "it has done its work");
        }
        return;
    case RESTARTING:
        if (reason != NULL) {
            control_event(control, "component_failed", path, reason);
        }
        (void)component_describe_trouble(component, text, sizeof(text));
        control_event(control, "component_restarting", path, text);
        return;
    case FAILED:
        control_event(control, "component_failed", path, reason != NULL ? reason : "it has failed");
        if (component_has_given_up(component)) {
            (void)component_describe_trouble(component, text, sizeof(text));
            control_event(control, "component_gave_up", path, text);
        }
        return;
    case CREATED:
    case STOPPING:
        return;
    }
}

void control_warned(struct control *control, const char *path, const char *text)
{
    control_event(control, "warning", path, text);
}

void control_reloading(struct control *control)
{
    control_event(control, "reload_started", NULL, "loading the graph again");
}

void control_reloaded(struct control *control, bool done, const char *text)
{
    control_event(control, done ? "reload_done" : "reload_failed", NULL, text);
}

void control_draining(struct control *control)
{
    control_event(control, "draining", NULL, "no more connections are accepted");
}

void control_graph_ended(struct control *control, bool is_earlier)
{
    control_event(control, "drained", NULL,
                  is_earlier ? "the last connection of an earlier graph has ended"
                             : "every component has ended");
}
