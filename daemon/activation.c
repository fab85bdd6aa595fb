#include "daemon/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/log.h"

int activation_init(struct activation *activation)
{
    char **names = NULL;
    int count = sd_listen_fds_with_names(1, &names);

    *activation = (struct activation){.sockets = NULL};
    if (count <= 0) {
        return count;
    }
    activation->sockets = calloc((size_t)count, sizeof(*activation->sockets));
    if (activation->sockets == NULL) {
        count = -ENOMEM;
        goto done;
    }
    for (int i = 0; i < count; i++) {
        activation->sockets[i] = (struct activation_socket){
            .name = names[i],
            .fd = SD_LISTEN_FDS_START + i,
        };
        names[i] = NULL;
    }
    activation->count = (size_t)count;
done:
    for (int i = 0; count < 0 && names[i] != NULL; i++) {
        free(names[i]);
    }
    free(names);
    return count;
}

size_t activation_count(const struct activation *activation, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < activation->count; i++) {
        count += strcmp(activation->sockets[i].name, name) == 0;
    }
    return count;
}

/* Says which names there are. */
static void explain_unknown(const struct activation *activation, const char *name, char *reason,
                            size_t reason_size)
{
    size_t used;

    (void)snprintf(reason, reason_size, "systemd passed no socket named \"%s\"%s", name,
                   activation->count == 0 ? ", nor any other: is it started by its .socket unit?"
                                          : "; those it passed are");
    for (size_t i = 0; i < activation->count; i++) {
        const char *other = activation->sockets[i].name;
        bool repeated = false;

        for (size_t j = 0; j < i; j++) {
            repeated = repeated || strcmp(activation->sockets[j].name, other) == 0;
        }
        if (!repeated) {
            used = strlen(reason);
            (void)snprintf(reason + used, reason_size - used, "%s \"%s\"", i == 0 ? "" : ",",
                           other);
        }
    }
}

/* Returns a duplicate that is ready for a loop, else -errno. */
static int duplicate(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int flags;
    int result;

    if (copy == -1) {
        return -errno;
    }
    flags = fcntl(copy, F_GETFL);
    if (flags == -1 || fcntl(copy, F_SETFL, flags | O_NONBLOCK) == -1) {
        result = -errno;
        (void)close(copy);
        return result;
    }
    return copy;
}

int activation_open(struct activation *activation, const char *name, size_t index, char *reason,
                    size_t reason_size)
{
    size_t found = 0;
    int fd;

    for (size_t i = 0; i < activation->count; i++) {
        struct activation_socket *s = &activation->sockets[i];

        if (strcmp(s->name, name) != 0 || found++ != index) {
            continue;
        }
        if (sd_is_socket(s->fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
            (void)snprintf(reason, reason_size,
                           "what systemd passed as \"%s\" is not a listening stream socket: "
                           "its .socket unit needs ListenStream= and Accept=no",
                           name);
            return -EPROTOTYPE;
        }
        fd = duplicate(s->fd);
        if (fd < 0) {
            (void)snprintf(reason, reason_size, "duplicating systemd's socket \"%s\": %s", name,
                           strerror(-fd));
            return fd;
        }
        s->used = true;
        return fd;
    }
    if (found == 0) {
        explain_unknown(activation, name, reason, reason_size);
    } else {
        (void)snprintf(reason, reason_size, "systemd passed %zu sockets named \"%s\", not %zu",
                       found, name, index + 1);
    }
    return -ENOENT;
}

void activation_report_unused(const struct activation *activation)
{
    for (size_t i = 0; i < activation->count; i++) {
        if (!activation->sockets[i].used) {
            log_event(LOG_LEVEL_WARNING, NULL,
                      "no component uses the socket \"%s\" that systemd passed: "
                      "host: systemd:%s would",
                      activation->sockets[i].name, activation->sockets[i].name);
        }
    }
}

void activation_deinit(struct activation *activation)
{
    for (size_t i = 0; i < activation->count; i++) {
        (void)close(activation->sockets[i].fd);
        free(activation->sockets[i].name);
    }
    free(activation->sockets);
    *activation = (struct activation){.sockets = NULL};
}
