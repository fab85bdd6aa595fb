#include "daemon/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/descriptors.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "graph/listeners.h"

/* The prefix of a name in the store.  What follows is the address, with % for each colon, which a
 * name there must not have. */
static const char stored[] = "address=";
static const char control[] = "control=";
static const char channel[] = "upgrade=";
static const char leash[] = "leash=";
static const char passed[] = "systemd:";

enum { NAME_SIZE = 256 };

static bool has_prefix(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static void exchange(char *text, char from, char to)
{
    while ((text = strchr(text, from)) != NULL) {
        *text = to;
    }
}

/* The name under which systemd, or another process, is given what has a name or path here; false:
 * it can have none. */
static bool outer_name(const char *prefix, const char *name, char *to, size_t size)
{
    if (strchr(name, '%') != NULL) {
        return false;
    }
    (void)snprintf(to, size, "%s%s", prefix, name);
    exchange(to, ':', '%');
    return true;
}

/* The name in the store; false: this one is not stored. */
static bool store_name(const char *name, char *to, size_t size)
{
    return !has_prefix(name, passed) && !has_prefix(name, "unix:") &&
           outer_name(stored, name, to, size);
}

static void on_opened(void *arg, const char *name, int fd)
{
    const struct activation *activation = arg;
    char text[NAME_SIZE];
    int result;

    if (store_name(name, text, sizeof(text))) {
        result = notify_store(activation->notify, text, fd);
        if (result < 0 && result != -ENOENT) {
            log_event(LOG_LEVEL_WARNING, &(struct log_fields){.error = result},
                      "could not have systemd keep %s for the next start", name);
        }
    }
}

static void on_closed(void *arg, const char *name)
{
    const struct activation *activation = arg;
    char text[NAME_SIZE];

    if (!activation->is_over && store_name(name, text, sizeof(text))) {
        notify_forget(activation->notify, text);
    }
}

/* Makes a descriptor ready for the loop. */
static int prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
        return -errno;
    }
    return 0;
}

/* What comes from another axond, in whose place we are to come, or by way of systemd from one
 * before us; false: it is something else. */
static bool take_from_axond(struct activation *activation, const char *name, int fd)
{
    if (strcmp(name, ACTIVATION_CONNECTIONS) == 0 && activation->connections == -1) {
        activation->connections = fd;
        return true;
    }
    if (has_prefix(name, channel)) {
        activation->channel = fd;
        return true;
    }
    if (has_prefix(name, leash)) {
        activation->leashes = mem_resize_array(activation->leashes, activation->leash_count + 1,
                                               sizeof(activation->leashes[0]));
        activation->leashes[activation->leash_count++] = fd;
        return true;
    }
    if (has_prefix(name, control)) {
        activation->control = fd;
        activation->control_path = mem_strdup(name + strlen(control));
        exchange(activation->control_path, '%', ':');
        return true;
    }
    return false;
}

static void take(struct activation *activation, const char *name, int fd)
{
    char text[NAME_SIZE];

    if (take_from_axond(activation, name, fd)) {
        return;
    }
    if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
        log_event(
            LOG_LEVEL_WARNING, NULL,
            "what systemd passed as \"%s\" is not a listening stream socket: its .socket unit "
            "needs ListenStream= and Accept=no",
            name);
        (void)close(fd);
    } else if (has_prefix(name, stored)) {
        (void)snprintf(text, sizeof(text), "%s", name + strlen(stored));
        exchange(text, '%', ':');
        listeners_lend(activation->listeners, text, fd);
    } else {
        (void)snprintf(text, sizeof(text), "%s%s", passed, name);
        listeners_give(activation->listeners, text, fd);
    }
}

int activation_start(struct activation *activation, struct listeners *listeners,
                     struct notify *notify)
{
    const struct listeners_hooks hooks = {
        .arg = activation, .opened = on_opened, .closed = on_closed};
    char **names = NULL;
    const int count = sd_listen_fds_with_names(1, &names);
    int result = count;

    *activation = (struct activation){
        .listeners = listeners, .notify = notify, .connections = -1, .channel = -1, .control = -1};
    listeners_watch(listeners, &hooks);
    for (int i = 0; i < count; i++) {
        int prepared = prepare(SD_LISTEN_FDS_START + i);

        if (prepared < 0) {
            result = prepared;
        } else {
            take(activation, names[i], SD_LISTEN_FDS_START + i);
        }
        free(names[i]);
    }
    free(names);
    return result;
}

bool activation_make_room(struct activation *activation)
{
    if (listeners_end_loans(activation->listeners, true) == 0) {
        return false;
    }
    notify_wait(activation->notify); /* until systemd has closed them as well */
    return true;
}

void activation_settle(struct activation *activation)
{
    const char *name;

    (void)listeners_end_loans(activation->listeners, false);
    for (size_t i = 0; (name = listeners_name(activation->listeners, i)) != NULL; i++) {
        if (has_prefix(name, passed) && listeners_kept(activation->listeners, name) == 0) {
            log_event(LOG_LEVEL_WARNING, NULL,
                      "no component uses the socket \"%s\" that systemd passed: host: %s would",
                      name + strlen(passed), name);
        }
    }
}

void activation_store(struct activation *activation)
{
    const char *name;
    int fd;

    for (size_t i = 0; (fd = listeners_socket(activation->listeners, i, &name)) != -1; i++) {
        on_opened(activation, name, fd);
    }
}

void activation_pass(const struct activation *activation, struct descriptors *to)
{
    char text[NAME_SIZE];
    const char *name;
    int fd;

    for (size_t i = 0; (fd = listeners_socket(activation->listeners, i, &name)) != -1; i++) {
        if (has_prefix(name, passed)) {
            descriptors_add(to, name + strlen(passed), fd);
        } else if (outer_name(stored, name, text, sizeof(text))) {
            descriptors_add(to, text, fd);
        }
    }
}

void activation_pass_control(struct descriptors *to, const char *path, int fd)
{
    char text[NAME_SIZE];

    if (outer_name(control, path, text, sizeof(text))) {
        descriptors_add(to, text, fd);
    }
}

void activation_pass_channel(struct descriptors *to, int fd)
{
    descriptors_add(to, channel, fd);
}

void activation_pass_leash(struct descriptors *to, int fd)
{
    descriptors_add(to, leash, fd);
}

int activation_take_leash(struct activation *activation)
{
    if (activation->leash_count == 0) {
        free(activation->leashes);
        activation->leashes = NULL;
        return -1;
    }
    return activation->leashes[--activation->leash_count];
}

void activation_end(struct activation *activation)
{
    activation->is_over = true;
}
