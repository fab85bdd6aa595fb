/* The Varlink server's sockets: making them, with their permissions, and removing them. */
#include "daemon/varlink_private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128 };

/* Where a sentence for a person goes. */
struct why {
    char *text;
    size_t size;
};

__attribute__((format(printf, 3, 4))) static int fail(const struct why *why, int error,
                                                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why->text, why->size, format, args);
    va_end(args);
    return -error;
}

/* Names the folder in the way, or missing, when a socket cannot be made. */
static int fail_to_bind(const struct why *why, const char *path, int error)
{
    const char *slash = strrchr(path, '/');
    int length = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    const char *folder = slash == NULL ? "." : path;

    switch (error) {
    case ENOENT:
        return fail(why, error, "%s: the folder %.*s does not exist", path, length, folder);
    case EACCES:
    case EPERM:
        return fail(why, error, "%s: no permission to make a socket in %.*s", path, length, folder);
    default:
        return fail(why, error, "%s: cannot bind: %s", path, strerror(error));
    }
}

/* Removes a socket on which nobody answers. */
static int remove_stale(const struct sockaddr_un *address, const struct why *why)
{
    const char *path = address->sun_path;
    struct stat st;
    int fd;
    int error = 0;

    if (lstat(path, &st) == -1) {
        return 0; /* not there, or out of reach: bind() will tell */
    }
    if (!S_ISSOCK(st.st_mode)) {
        return fail(why, EEXIST, "%s: something that is not a socket is in the way", path);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        error = errno;
        return fail(why, error, "%s: cannot make a socket: %s", path, strerror(error));
    }
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == -1) {
        error = errno;
    }
    close(fd);
    if (error == ENOENT) {
        return 0;
    }
    if (error == ECONNREFUSED) {
        if (unlink(path) == 0 || errno == ENOENT) {
            return 0;
        }
        error = errno;
        return fail(why, error, "%s: cannot remove the socket of a daemon that is gone: %s", path,
                    strerror(error));
    }
    if (error == 0 || error == EAGAIN) { /* EAGAIN: its backlog is full */
        return fail(why, EADDRINUSE, "%s: another daemon answers there already", path);
    }
    return fail(why, error, "%s: a socket is there and cannot be tried: %s", path, strerror(error));
}

/* Gives the socket its group and permissions.  Nobody can connect before listen(). */
static int set_access(const char *path, mode_t mode, const char *group, const struct why *why)
{
    int error;

    if (group != NULL) {
        const struct group *entry = getgrnam(group);
        struct stat st;

        if (entry == NULL) {
            return fail(why, EINVAL, "%s: there is no group \"%s\"", path, group);
        }
        /* A hardened unit forbids chown(2), and needs none. */
        if ((lstat(path, &st) == -1 || st.st_gid != entry->gr_gid) &&
            lchown(path, (uid_t)-1, entry->gr_gid) == -1) {
            error = errno;
            return fail(why, error, "%s: cannot give it to the group \"%s\": %s", path, group,
                        strerror(error));
        }
    }
    if (chmod(path, mode) == -1) {
        error = errno;
        return fail(why, error, "%s: cannot set its permissions: %s", path, strerror(error));
    }
    return 0;
}

/* Takes fd over. */
static struct varlink_listener *listener_create(struct varlink_server *server, int fd)
{
    struct varlink_listener *listener = calloc(1, sizeof(*listener));

    if (listener == NULL) {
        close(fd);
        return NULL;
    }
    listener->server = server;
    ev_io_init(&listener->io, varlink_on_acceptable, fd, EV_READ);
    listener->io.data = server;
    listener->next = server->listeners;
    server->listeners = listener;
    if (server->accepting) {
        ev_io_start(server->loop, &listener->io);
    }
    return listener;
}

int varlink_server_listen(struct varlink_server *server, const char *path, mode_t mode,
                          const char *group, char *why_text, size_t why_size)
{
    struct why why;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct varlink_listener *listener;
    struct stat st;
    bool bound = false;
    int fd = -1;
    int result;

    why.text = why_text;
    why.size = why_size;
    if (path[0] == '\0' || strlen(path) >= sizeof(address.sun_path)) {
        return fail(&why, ENAMETOOLONG, "\"%s\": the path of a socket has from 1 to %zu bytes",
                    path, sizeof(address.sun_path) - 1);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    result = remove_stale(&address, &why);
    if (result < 0) {
        return result;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        result = errno;
        return fail(&why, result, "%s: cannot make a socket: %s", path, strerror(result));
    }
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == -1) {
        result = fail_to_bind(&why, path, errno);
        goto failed;
    }
    bound = true;
    result = set_access(path, mode, group, &why);
    if (result < 0) {
        goto failed;
    }
    if (lstat(path, &st) == -1 || listen(fd, BACKLOG) == -1) {
        result = errno;
        result = fail(&why, result, "%s: cannot listen: %s", path, strerror(result));
        goto failed;
    }
    listener = listener_create(server, fd);
    fd = -1;
    if (listener == NULL) {
        result = fail(&why, ENOMEM, "%s: out of memory", path);
        goto failed;
    }
    listener->path = strdup(path); /* without memory for it, the socket is left behind */
    listener->device = st.st_dev;
    listener->inode = st.st_ino;
    return 0;

failed:
    if (bound) {
        unlink(path);
    }
    if (fd != -1) {
        close(fd);
    }
    return result;
}

int varlink_server_listen_fd(struct varlink_server *server, int fd)
{
    int listening = 0;
    socklen_t size = sizeof(listening);
    int flags = fcntl(fd, F_GETFL);
    int result;

    if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == -1) {
        result = -errno;
        goto failed;
    }
    if (listening == 0) {
        result = -EINVAL;
        goto failed;
    }
    return listener_create(server, fd) != NULL ? 0 : -ENOMEM;

failed:
    close(fd);
    return result;
}

/* Removes the socket unless somebody has put another one there. */
static void remove_own(const struct varlink_listener *listener)
{
    struct stat st;

    if (listener->path != NULL && lstat(listener->path, &st) == 0 &&
        st.st_dev == listener->device && st.st_ino == listener->inode) {
        unlink(listener->path);
    }
}

void varlink_server_own(struct varlink_server *server, const char *path)
{
    struct varlink_listener *listener = server->listeners;
    struct stat st;

    if (listener != NULL && listener->path == NULL && lstat(path, &st) == 0) {
        listener->path = strdup(path); /* as above */
        listener->device = st.st_dev;
        listener->inode = st.st_ino;
    }
}

int varlink_server_socket(const struct varlink_server *server)
{
    return server->listeners != NULL ? server->listeners->io.fd : -1;
}

void varlink_server_let_go(struct varlink_server *server)
{
    for (struct varlink_listener *l = server->listeners; l != NULL; l = l->next) {
        free(l->path);
        l->path = NULL;
    }
    varlink_listeners_destroy(server);
}

void varlink_listeners_destroy(struct varlink_server *server)
{
    while (server->listeners != NULL) {
        struct varlink_listener *listener = server->listeners;

        server->listeners = listener->next;
        remove_own(listener);
        ev_io_stop(server->loop, &listener->io);
        close(listener->io.fd);
        free(listener->path);
        free(listener);
    }
}
