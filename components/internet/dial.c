#include "components/internet/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "components/internet/resolver.h"
#include "components/util/alarm.h"
#include "graph/component.h"
#include "graph/readiness.h"

enum { ATTEMPTS = 4 }; /* at a time */

#define HEAD_START 0.25 /* seconds that an address has before the next is tried, RFC 8305 */
#define FULL_AGAIN 0.02 /* seconds until a Unix socket whose backlog is full is tried again */

union endpoint {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

struct attempt {
    struct readiness readiness;
    double deadline; /* ev_now() */
    size_t address;  /* which one */
    bool is_active;
};

struct dial {
    struct dial_request request;
    struct alarm alarm; /* of the client: when the next thing is due */
    struct lookup lookup;
    union endpoint only; /* of a host that is an address itself */
    size_t count;        /* addresses; 0: not known yet */
    size_t next;         /* the first that was not tried */
    double next_at;      /* ev_now(): when it may be */
    double deadline;     /* of the name, and of a Unix socket whose backlog is full */
    struct attempt attempts[ATTEMPTS];
    unsigned active; /* attempts */
};

/* ---- addresses ---- */

const char *dial_name(const char *host, int port, char *name, size_t size)
{
    if (dial_is_unix(host, NULL)) {
        (void)snprintf(name, size, "%s", host);
    } else if (strchr(host, ':') != NULL && host[0] != '[') {
        (void)snprintf(name, size, "[%s]:%d", host, port);
    } else {
        (void)snprintf(name, size, "%s:%d", host, port);
    }
    return name;
}

bool dial_is_unix(const char *host, bool *fits)
{
    if (strncmp(host, "unix:", 5) != 0) {
        return false;
    }
    if (fits != NULL) {
        const size_t size = strlen(host) - 5;

        *fits = size > 0 && size < sizeof(((struct sockaddr_un *)NULL)->sun_path);
    }
    return true;
}

static socklen_t endpoint_size(const union endpoint *endpoint)
{
    const char *path = endpoint->un.sun_path;

    if (endpoint->any.sa_family == AF_INET) {
        return sizeof(endpoint->in);
    }
    if (endpoint->any.sa_family == AF_INET6) {
        return sizeof(endpoint->in6);
    }
    return path[0] == '\0'
               ? (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path + 1))
               : (socklen_t)sizeof(endpoint->un);
}

/* A host that needs no looking up.  Returns false if it is a name. */
static bool read_address(const struct dial_request *request, union endpoint *endpoint)
{
    const char *host = request->host;
    bool fits;

    if (dial_is_unix(host, &fits)) {
        REQUIRE(fits);
        endpoint->un.sun_family = AF_UNIX;
        memcpy(endpoint->un.sun_path, host + 5, strlen(host + 5));
        if (endpoint->un.sun_path[0] == '@') {
            endpoint->un.sun_path[0] = '\0';
        }
        return true;
    }
    if (inet_pton(AF_INET, host, &endpoint->in.sin_addr) == 1) {
        endpoint->in.sin_family = AF_INET;
        endpoint->in.sin_port = htons((uint16_t)request->port);
        return true;
    }
    if (strchr(host, ':') != NULL) {
        char bare[INET6_ADDRSTRLEN] = "";
        const size_t size = strlen(host);
        const size_t bracket = host[0] == '[' && host[size - 1] == ']' ? 1 : 0;

        (void)snprintf(bare, sizeof(bare), "%.*s", (int)(size - 2 * bracket), host + bracket);
        if (inet_pton(AF_INET6, bare, &endpoint->in6.sin6_addr) == 1) {
            endpoint->in6.sin6_family = AF_INET6;
            endpoint->in6.sin6_port = htons((uint16_t)request->port);
            return true;
        }
    }
    return false;
}

static union endpoint endpoint_at(const struct dial *dial, size_t index)
{
    union endpoint endpoint = dial->only;

    if (dial->lookup.answer != NULL) {
        const union inet_address *address = lookup_address(&dial->lookup, index);
        const in_port_t port = htons((uint16_t)dial->request.port);

        if (address->any.sa_family == AF_INET) {
            endpoint.in = address->in;
            endpoint.in.sin_port = port;
        } else {
            endpoint.in6 = address->in6;
            endpoint.in6.sin6_port = port;
        }
    }
    return endpoint;
}

/* ---- attempts ---- */

static void watch(struct dial *dial, struct attempt *attempt, enum message_kind kind)
{
    readiness_ask(&attempt->readiness, dial->request.selector, kind);
}

/* Ends an attempt and returns its socket. */
static int attempt_end(struct dial *dial, struct attempt *attempt)
{
    watch(dial, attempt, REMOVE_WRITER);
    attempt->is_active = false;
    dial->active--;
    return readiness_fd(&attempt->readiness);
}

static void attempt_begin(struct dial *dial, int fd, size_t address)
{
    struct attempt *attempt = dial->attempts;

    while (attempt->is_active) {
        attempt++;
    }
    attempt->is_active = true;
    attempt->address = address;
    attempt->deadline = component_now(dial->request.client) + dial->request.timeout;
    dial->active++;
    readiness_init(&attempt->readiness, dial->request.client, fd, dial->request.ready,
                   dial->request.ready);
    watch(dial, attempt, NEW_WRITER);
}

static int set_up(const struct dial *dial, int fd, int family)
{
    const struct dial_request *request = &dial->request;
    const struct socket_option *failed;
    const int on = 1;

    if (family != AF_UNIX && request->nodelay &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1) {
        return -errno;
    }
    if (family != AF_UNIX && request->keepalive &&
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) == -1) {
        return -errno;
    }
    return socket_options_set(request->options, fd, &failed);
}

/* Returns a descriptor that is connected already, -EINPROGRESS, or another -errno. */
static int try_address(struct dial *dial, size_t address)
{
    const union endpoint endpoint = endpoint_at(dial, address);
    const int family = endpoint.any.sa_family;
    const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int result;

    if (fd == -1) {
        return -errno;
    }
    result = set_up(dial, fd, family);
    if (result == 0 && connect(fd, &endpoint.any, endpoint_size(&endpoint)) == -1) {
        result = -errno;
    }
    if (result == -EINPROGRESS || result == -EINTR) {
        attempt_begin(dial, fd, address);
        return -EINPROGRESS;
    }
    if (result < 0) {
        (void)close(fd);
        return result;
    }
    return fd;
}

/* An address has failed: the next one need not wait. */
static void note_failure(struct dial *dial, int *error, int result)
{
    *error = result;
    dial->next_at = 0;
}

/* Tries addresses as long as they are due.  Returns as dial_run(). */
static int try_more(struct dial *dial, struct sockaddr_storage *peer, int error)
{
    const double now = component_now(dial->request.client);

    while (dial->next < dial->count && dial->active < ATTEMPTS &&
           (dial->active == 0 || now >= dial->next_at)) {
        const int result = try_address(dial, dial->next);

        if (result == -EAGAIN && dial->only.any.sa_family == AF_UNIX && now < dial->deadline) {
            dial->next_at = now + FULL_AGAIN;
            return -EINPROGRESS;
        }
        dial->next++;
        if (result >= 0) {
            const union endpoint endpoint = endpoint_at(dial, dial->next - 1);

            memcpy(peer, &endpoint, sizeof(endpoint));
            return result;
        }
        if (result == -EINPROGRESS) {
            dial->next_at = now + HEAD_START;
        } else {
            note_failure(dial, &error, result);
        }
    }
    return dial->active > 0 ? -EINPROGRESS : error;
}

/* Which attempt the Selector meant; the system is asked only where there are several. */
static bool is_answered(const struct dial *dial, const struct attempt *attempt)
{
    struct pollfd asked = {.fd = readiness_fd(&attempt->readiness), .events = POLLOUT};

    return attempt->is_active && (dial->active == 1 || poll(&asked, 1, 0) == 1);
}

/* Looks at the attempts that the Selector or the time have something to say about.  Returns a
 * connected descriptor, -EINPROGRESS: none yet, or the -errno of the last that failed. */
static int look_at_attempts(struct dial *dial, struct sockaddr_storage *peer)
{
    const bool is_ready = inbox_is_ready(dial->request.client, dial->request.ready);
    const double now = component_now(dial->request.client);
    int result = -EINPROGRESS;

    for (size_t i = 0; i < ATTEMPTS && dial->active > 0; i++) {
        struct attempt *attempt = &dial->attempts[i];
        int error = 0;
        int fd;

        if (is_ready && is_answered(dial, attempt)) {
            socklen_t size = sizeof(error);

            fd = attempt_end(dial, attempt);
            if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1) {
                error = errno;
            }
            if (error == 0) {
                const union endpoint endpoint = endpoint_at(dial, attempt->address);

                memcpy(peer, &endpoint, sizeof(endpoint));
                return fd;
            }
        } else if (attempt->is_active && now >= attempt->deadline) {
            fd = attempt_end(dial, attempt);
            error = ETIMEDOUT;
        } else {
            continue;
        }
        (void)close(fd);
        note_failure(dial, &result, -error);
    }
    return result;
}

/* ---- the way through ---- */

/* Has the client run when the next thing is due. */
static void set_alarm(struct dial *dial)
{
    const double now = component_now(dial->request.client);
    double due = dial->active > 0 ? now + dial->request.timeout : dial->deadline;

    for (size_t i = 0; i < ATTEMPTS; i++) {
        const struct attempt *attempt = &dial->attempts[i];

        if (attempt->is_active && attempt->deadline < due) {
            due = attempt->deadline;
        }
    }
    if (dial->next < dial->count && dial->active < ATTEMPTS && dial->next_at < due) {
        due = dial->next_at;
    }
    alarm_set(dial->request.client, &dial->alarm, due - now);
}

/* Returns 0 once the addresses are known, -EINPROGRESS, or another -errno. */
static int resolve(struct dial *dial)
{
    if (!lookup_is_done(&dial->lookup)) {
        return component_now(dial->request.client) < dial->deadline ? -EINPROGRESS : -ETIMEDOUT;
    }
    dial->count = lookup_count(&dial->lookup);
    return dial->count > 0 ? 0 : -EHOSTUNREACH;
}

int dial_run(struct dial *dial, struct sockaddr_storage *peer)
{
    int result = dial->count == 0 ? resolve(dial) : 0;

    *peer = (struct sockaddr_storage){0};
    if (result == 0) {
        result = look_at_attempts(dial, peer);
        if (result < 0) {
            result = try_more(dial, peer, result);
        }
    }
    if (result == -EINPROGRESS) {
        set_alarm(dial);
    }
    return result;
}

void dial_reason(const struct dial *dial, int error, char text[DIAL_REASON_SIZE])
{
    const struct dial_request *request = &dial->request;
    char name[DIAL_NAME_SIZE];

    (void)dial_name(request->host, request->port, name, sizeof(name));
    if (dial->count > 1) {
        (void)snprintf(text, DIAL_REASON_SIZE,
                       "could not connect to %s, by none of its %zu addresses: %s", name,
                       dial->count, strerror(error));
    } else if (dial->count == 1) {
        (void)snprintf(text, DIAL_REASON_SIZE, "could not connect to %s: %s", name,
                       strerror(error));
    } else {
        (void)snprintf(text, DIAL_REASON_SIZE, "could not find the host \"%s\": %s", request->host,
                       lookup_is_done(&dial->lookup) ? lookup_reason(&dial->lookup)
                                                     : "no answer from the name servers");
    }
}

struct dial *dial_create(const struct dial_request *request)
{
    struct dial *dial = mem_alloc(sizeof(*dial));

    dial->request = *request;
    dial->request.host = mem_strdup(request->host);
    dial->deadline = component_now(request->client) + request->timeout;
    if (read_address(request, &dial->only)) {
        dial->count = 1;
    } else {
        lookup_start(&dial->lookup, request->resolver, request->host, request->client);
    }
    return dial;
}

void dial_destroy(struct dial *dial)
{
    if (dial == NULL) {
        return;
    }
    for (size_t i = 0; i < ATTEMPTS; i++) {
        if (dial->attempts[i].is_active) {
            (void)close(attempt_end(dial, &dial->attempts[i]));
        }
    }
    alarm_stop(dial->request.client, &dial->alarm);
    lookup_release(&dial->lookup);
    free((char *)(uintptr_t)dial->request.host);
    free(dial);
}
