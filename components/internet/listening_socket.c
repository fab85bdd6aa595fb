#include "components/internet/listening_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "graph/listeners.h"

/* What is being done, for the sentence if it fails. */
struct attempt {
    const struct listening_request *request;
    char *text;
    size_t size;
};

PRINTF_LIKE(3, 4)
static int refuse(const struct attempt *attempt, int error, const char *format, ...)
{
    size_t used;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(attempt->text, attempt->size, format, args);
    va_end(args);
    used = strlen(attempt->text);
    (void)snprintf(attempt->text + used, attempt->size - used, ": %s", strerror(error));
    return -error;
}

static void name_inet(const struct sockaddr *address, char *name, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "";

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;

        (void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        (void)snprintf(name, size, "%s:%u", host, ntohs(in->sin_port));
    } else {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;

        (void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        (void)snprintf(name, size, "[%s]:%u", host, ntohs(in6->sin6_port));
    }
}

static int set_flag(const struct attempt *attempt, const char *name, int fd, int level, int option,
                    bool value)
{
    const int number = value;

    if (setsockopt(fd, level, option, &number, sizeof(number)) == -1) {
        return refuse(attempt, errno, "could not set up %s", name);
    }
    return 0;
}

/* Sets what connections inherit from the socket that they are accepted on. */
static int set_options(const struct attempt *attempt, const struct listening_socket *socket,
                       bool is_inet)
{
    const struct listening_request *request = attempt->request;
    const struct socket_option *failed;
    int result = 0;

    if (is_inet) {
        result =
            set_flag(attempt, socket->name, socket->fd, IPPROTO_TCP, TCP_NODELAY, request->nodelay);
        if (result == 0) {
            result = set_flag(attempt, socket->name, socket->fd, SOL_SOCKET, SO_KEEPALIVE,
                              request->keepalive);
        }
    }
    if (result == 0) {
        result = socket_options_set(request->options, socket->fd, &failed);
        if (result < 0) {
            (void)refuse(attempt, -result, "could not set %s on %s", failed->name, socket->name);
        }
    }
    return result;
}

static int start_listening(const struct attempt *attempt, const struct listening_socket *socket)
{
    const int backlog = attempt->request->backlog;

    if (listen(socket->fd, backlog > 0 ? backlog : SOMAXCONN) == -1) {
        return refuse(attempt, errno, "could not listen on %s", socket->name);
    }
    return 0;
}

/* Shares a socket of that name if there is one: 1; 0: there is none, or not so many. */
static int share(const struct attempt *attempt, struct listening_socket *socket, size_t index,
                 bool is_inet)
{
    int fd =
        listeners_share(attempt->request->listeners, socket->name, &attempt->request->owner, index);
    int result;

    if (fd == -ENOENT) {
        return 0;
    }
    if (fd < 0) {
        return refuse(attempt, -fd, "could not take over %s", socket->name);
    }
    socket->fd = fd;
    result = set_options(attempt, socket, is_inet);
    if (result == 0) {
        result = start_listening(attempt, socket);
    }
    if (result < 0) {
        (void)close(fd);
        return result;
    }
    return 1;
}

/* bind(2) failed.  While the graph that ran before still has the port at another address, as when a
 * reload adds a host, that is said. */
static int refuse_to_bind(const struct attempt *attempt, const struct listening_socket *out)
{
    const int error = errno;
    const int result = refuse(attempt, error, "could not listen on %s", out->name);
    char port[16];
    const char *name;

    (void)snprintf(port, sizeof(port), ":%d", attempt->request->port);
    for (size_t i = 0; (name = listeners_name(attempt->request->listeners, i)) != NULL; i++) {
        const char *colon = strrchr(name, ':');
        const size_t used = strlen(attempt->text);

        if (error == EADDRINUSE && colon != NULL && strcmp(colon, port) == 0) {
            (void)snprintf(attempt->text + used, attempt->size - used,
                           ", by axond itself at %s: a reload can't exchange one for the other, a "
                           "restart can",
                           name);
            break;
        }
    }
    return result;
}

/* The socket of worker 0, where it was bound in a time of one worker, so that there can be no other
 * beside it: 1; 0: it is not so. */
static int share_lone(const struct attempt *attempt, struct listening_socket *socket)
{
    int is_shared = 0;
    socklen_t size = sizeof(is_shared);
    const int result = share(attempt, socket, 0, true);

    if (result == 1 && getsockopt(socket->fd, SOL_SOCKET, SO_REUSEPORT, &is_shared, &size) == 0 &&
        is_shared != 0) {
        (void)close(socket->fd);
        socket->fd = -1;
        return 0;
    }
    return result;
}

/* The name of a further worker's socket. */
static void name_of_worker(const char *name, unsigned worker, char *text, size_t size)
{
    (void)snprintf(text, size, "%.*s#%u", (int)(size - sizeof("#4294967295")), name, worker);
}

/* Takes over what is there under the socket's name, or under worker 0's: as share(). */
static int share_inet(const struct attempt *attempt, struct listening_socket *socket)
{
    const unsigned worker = attempt->request->worker;
    char name[sizeof(socket->name)];
    int result = 0;

    if (worker > 0) {
        result = share_lone(attempt, socket);
        if (result == 0) {
            memcpy(name, socket->name, sizeof(name));
            name_of_worker(name, worker, socket->name, sizeof(socket->name));
        }
    }
    return result != 0 ? result : share(attempt, socket, 0, true);
}

/* True if this is the first of several workers to bind the address.  It is not where the server is
 * started anew on this worker alone. */
static bool is_first(const struct attempt *attempt, const struct listening_socket *socket)
{
    const struct listening_request *request = attempt->request;
    char name[sizeof(socket->name) + 16];
    bool is_there = false;

    for (unsigned i = 1; i < request->workers; i++) {
        name_of_worker(socket->name, i, name, sizeof(name));
        is_there |= listeners_kept(request->listeners, name) > 0;
    }
    return request->worker == 0 && !request->reuseport && !is_there;
}

/* Binds it, and listens. */
static int bind_inet(const struct attempt *attempt, struct listening_socket *out,
                     const struct sockaddr *address, socklen_t length)
{
    const struct listening_request *request = attempt->request;
    const bool is_alone = is_first(attempt, out);
    int result = set_flag(attempt, out->name, out->fd, SOL_SOCKET, SO_REUSEADDR, true);

    if (result == 0 && !is_alone) {
        result = set_flag(attempt, out->name, out->fd, SOL_SOCKET, SO_REUSEPORT, true);
    }
    if (result == 0 && bind(out->fd, address, length) == -1) {
        result = refuse_to_bind(attempt, out);
    }
    if (result == 0 && is_alone && request->workers > 1) { /* for the others, who come after */
        result = set_flag(attempt, out->name, out->fd, SOL_SOCKET, SO_REUSEPORT, true);
    }
    return result == 0 ? start_listening(attempt, out) : result;
}

static int open_inet(const struct attempt *attempt, struct listening_socket *out,
                     const struct sockaddr *address, socklen_t length, bool dual)
{
    int result;

    if (!dual) {
        name_inet(address, out->name, sizeof(out->name));
    } else {
        (void)snprintf(out->name, sizeof(out->name), "*:%d", attempt->request->port);
    }
    result = share_inet(attempt, out);
    if (result != 0) {
        return result < 0 ? result : 0;
    }
    out->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (out->fd == -1) {
        return refuse(attempt, errno, "could not open a socket for %s", out->name);
    }
    if (address->sa_family == AF_INET6) {
        result = set_flag(attempt, out->name, out->fd, IPPROTO_IPV6, IPV6_V6ONLY, !dual);
    }
    if (result == 0) {
        result = set_options(attempt, out, true);
    }
    if (result == 0) {
        result = bind_inet(attempt, out, address, length);
    }
    if (result < 0) {
        (void)close(out->fd);
        out->fd = -1;
    }
    return result;
}

static void close_all(struct listening_socket *sockets, int count)
{
    while (count > 0) {
        (void)close(sockets[--count].fd);
    }
}

/* Every address: one socket for IPv6 and IPv4, or where there is no IPv6 one for IPv4. */
static int open_any(const struct attempt *attempt, struct listening_socket *sockets)
{
    const struct sockaddr_in6 any6 = {.sin6_family = AF_INET6,
                                      .sin6_port = htons((uint16_t)attempt->request->port),
                                      .sin6_addr = IN6ADDR_ANY_INIT};
    const struct sockaddr_in any4 = {.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)attempt->request->port),
                                     .sin_addr.s_addr = htonl(INADDR_ANY)};
    int result = open_inet(attempt, sockets, (const struct sockaddr *)(const void *)&any6,
                           sizeof(any6), true);

    if (result == -EAFNOSUPPORT || result == -EADDRNOTAVAIL || result == -ENOPROTOOPT) {
        result = open_inet(attempt, sockets, (const struct sockaddr *)(const void *)&any4,
                           sizeof(any4), false);
    }
    return result < 0 ? result : 1;
}

static int open_host(const struct attempt *attempt, struct listening_socket *sockets)
{
    const struct listening_request *request = attempt->request;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    char port[16];
    int count = 0;
    int result;

    (void)snprintf(port, sizeof(port), "%d", request->port);
    result = getaddrinfo(request->host, port, &hints, &found);
    if (result != 0) {
        (void)snprintf(attempt->text, attempt->size, "could not find the host \"%s\": %s",
                       request->host, gai_strerror(result));
        return -ENOENT;
    }
    result = 0;
    for (const struct addrinfo *at = found; at != NULL && count < LISTENING_ADDRESSES;
         at = at->ai_next) {
        result = open_inet(attempt, &sockets[count], at->ai_addr, at->ai_addrlen, false);
        if (result == -EAFNOSUPPORT || (result == -EADDRNOTAVAIL && found->ai_next != NULL)) {
            continue; /* a name may stand for addresses that this machine has not got */
        }
        if (result < 0) {
            break;
        }
        count++;
    }
    freeaddrinfo(found);
    if (result < 0 && (count == 0 || (result != -EAFNOSUPPORT && result != -EADDRNOTAVAIL))) {
        close_all(sockets, count);
        return result;
    }
    return count;
}

static bool is_stale(const struct sockaddr_un *address, socklen_t length)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool refused;

    if (probe == -1) {
        return false;
    }
    refused = connect(probe, (const struct sockaddr *)(const void *)address, length) == -1 &&
              errno == ECONNREFUSED;
    (void)close(probe);
    return refused;
}

static int open_unix(const struct attempt *attempt, struct listening_socket *out)
{
    const char *path = attempt->request->host + strlen("unix:");
    const size_t path_size = strlen(path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_size);
    int result;

    (void)snprintf(out->name, sizeof(out->name), "%s", attempt->request->host);
    if (path_size == 0 || path_size >= sizeof(address.sun_path)) {
        return refuse(attempt, ENAMETOOLONG, "could not listen on %s", out->name);
    }
    memcpy(address.sun_path, path, path_size);
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
    } else {
        length++; /* with the final NUL */
    }
    result = share(attempt, out, 0, false);
    if (result != 0) {
        return result;
    }
    out->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (out->fd == -1) {
        return refuse(attempt, errno, "could not open a socket for %s", out->name);
    }
    result = bind(out->fd, (const struct sockaddr *)(const void *)&address, length);
    if (result == -1 && errno == EADDRINUSE && path[0] != '@' && is_stale(&address, length)) {
        (void)unlink(path); /* left over: nobody listens there */
        result = bind(out->fd, (const struct sockaddr *)(const void *)&address, length);
    }
    if (result == -1) {
        result = refuse(attempt, errno, "could not listen on %s", out->name);
    } else {
        result = set_options(attempt, out, false);
    }
    if (result == 0) {
        result = start_listening(attempt, out);
    }
    if (result < 0) {
        (void)close(out->fd);
        return result;
    }
    return 1;
}

/* Says which names systemd did pass. */
static int refuse_name(const struct attempt *attempt)
{
    static const char prefix[] = "systemd:";
    const char *name;
    const char *before = "; it passed";

    (void)snprintf(attempt->text, attempt->size, "systemd passed no socket named \"%s\"",
                   attempt->request->host + strlen(prefix));
    for (size_t i = 0; (name = listeners_name(attempt->request->listeners, i)) != NULL; i++) {
        const size_t used = strlen(attempt->text);

        if (strncmp(name, prefix, strlen(prefix)) == 0) {
            (void)snprintf(attempt->text + used, attempt->size - used, "%s \"%s\"", before,
                           name + strlen(prefix));
            before = ",";
        }
    }
    if (before[0] == ';') {
        const size_t used = strlen(attempt->text);

        (void)snprintf(attempt->text + used, attempt->size - used,
                       ", nor any other: is axond started by its .socket unit?");
    }
    return -ENOENT;
}

/* A unit may give several sockets one name: all of them. */
static int open_systemd(const struct attempt *attempt, struct listening_socket *sockets)
{
    int count = 0;

    while (count < LISTENING_ADDRESSES) {
        struct listening_socket *next = &sockets[count];
        int result;

        (void)snprintf(next->name, sizeof(next->name), "%s", attempt->request->host);
        result = share(attempt, next, (size_t)count, false);
        if (result < 0) {
            close_all(sockets, count);
            return result;
        }
        if (result == 0) {
            break;
        }
        count++;
    }
    return count > 0 ? count : refuse_name(attempt);
}

/* Takes over those of an address that workers have left, of whom there are fewer now: each takes
 * its share.  Returns how many there are with these, or -errno.  count: of its own; or -errno
 * already. */
static int share_left(const struct attempt *attempt, struct listening_socket *sockets, int count)
{
    const struct listening_request *request = attempt->request;
    const int addresses = count;

    for (int i = 0; i < addresses; i++) {
        const size_t length = strcspn(sockets[i].name, "#");

        for (unsigned worker = request->workers; worker < WORKERS_MOST && count < LISTENING_MOST;
             worker++) {
            struct listening_socket *left = &sockets[count];
            char name[sizeof(left->name)];
            int result = 0;

            (void)snprintf(name, sizeof(name), "%.*s", (int)length, sockets[i].name);
            name_of_worker(name, worker, left->name, sizeof(left->name));
            if (worker % request->workers == request->worker) {
                result = share(attempt, left, 0, true);
            }
            if (result < 0) {
                close_all(sockets, count);
                return result;
            }
            if (result > 0) {
                left->is_left = true;
                count++;
            }
        }
    }
    return count;
}

bool listening_has_port(const char *host)
{
    return host == NULL || (strncmp(host, "unix:", 5) != 0 && strncmp(host, "systemd:", 8) != 0);
}

int listening_open(const struct listening_request *request, struct listening_socket *sockets,
                   char *text, size_t size)
{
    const struct attempt attempt = {.request = request, .text = text, .size = size};
    int count;

    for (int i = 0; i < LISTENING_MOST; i++) {
        sockets[i] = (struct listening_socket){.fd = -1};
    }
    if (request->host == NULL || request->host[0] == '\0' || strcmp(request->host, "*") == 0) {
        count = share_left(&attempt, sockets, open_any(&attempt, sockets));
    } else if (strncmp(request->host, "unix:", 5) == 0) {
        count = open_unix(&attempt, sockets);
    } else if (strncmp(request->host, "systemd:", 8) == 0) {
        count = open_systemd(&attempt, sockets);
    } else {
        count = share_left(&attempt, sockets, open_host(&attempt, sockets));
    }
    for (int i = 0; i < count; i++) {
        listeners_keep(request->listeners, sockets[i].name, &request->owner, sockets[i].fd);
    }
    return count;
}

bool listening_is_last(const struct listening_socket *socket, const struct listeners *listeners)
{
    return listeners_count(listeners, socket->name) == 1;
}

void listening_close(struct listening_socket *socket, struct listeners *listeners)
{
    if (socket->fd == -1) {
        return;
    }
    listeners_forget(listeners, socket->fd);
    (void)close(socket->fd);
    socket->fd = -1;
    if (strncmp(socket->name, "unix:", 5) == 0 && socket->name[5] != '@' &&
        listeners_count(listeners, socket->name) == 0) {
        (void)unlink(socket->name + strlen("unix:")); /* else somebody took it over */
    }
}
