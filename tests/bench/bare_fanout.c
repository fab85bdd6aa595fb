/* bare_fanout PORT: the least that a broadcast server on epoll can do, to be measured against.
 *
 * What any connection sends goes to all of them, its own among them: one accept4, one recv into the
 * one static buffer, one send to each.  What a send does not take is kept for that connection, up
 * to 1 MiB: who is slower is closed.  Level-triggered; no timeouts, no log.
 *
 * TCP_NODELAY, as axond has it: without it the kernel puts what is said in a hurry into fewer
 * segments, for a third less CPU, and that would be compared rather than the programs. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_KEPT = 1 << 20 };

struct conn {
    int fd;
    size_t size; /* of what is left to send */
    char *rest;
};

static int epoll;
static struct conn **conns;
static size_t count;
static char buffer[64 * 1024];

static void conn_watch(struct conn *conn, uint32_t events, int op)
{
    struct epoll_event event = {.events = events, .data.ptr = conn};

    epoll_ctl(epoll, op, conn->fd, &event);
}

/* The connection is closed now, and freed by sweep(). */
static void conn_close(struct conn *conn)
{
    close(conn->fd);
    conn->fd = -1;
}

static void sweep(void)
{
    for (size_t i = 0; i < count;) {
        if (conns[i]->fd != -1) {
            i++;
            continue;
        }
        free(conns[i]->rest);
        free(conns[i]);
        conns[i] = conns[--count];
    }
}

static void conn_keep(struct conn *conn, const char *bytes, size_t size)
{
    char *rest = conn->size + size <= MOST_KEPT ? realloc(conn->rest, conn->size + size) : NULL;

    if (rest == NULL) {
        conn_close(conn);
        return;
    }
    memcpy(rest + conn->size, bytes, size);
    if (conn->size == 0) {
        conn_watch(conn, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
    conn->rest = rest;
    conn->size += size;
}

static void conn_send(struct conn *conn, const char *bytes, size_t size)
{
    ssize_t n = conn->size > 0 ? 0 : send(conn->fd, bytes, size, MSG_NOSIGNAL);

    if (n == -1 && errno != EAGAIN) {
        conn_close(conn);
        return;
    }
    n = n == -1 ? 0 : n;
    if ((size_t)n < size) {
        conn_keep(conn, bytes + n, size - (size_t)n);
    }
}

static void on_writable(struct conn *conn)
{
    ssize_t n = send(conn->fd, conn->rest, conn->size, MSG_NOSIGNAL);

    if (n == -1) {
        if (errno != EAGAIN) {
            conn_close(conn);
        }
        return;
    }
    conn->size -= (size_t)n;
    memmove(conn->rest, conn->rest + n, conn->size);
    if (conn->size == 0) {
        free(conn->rest);
        conn->rest = NULL;
        conn_watch(conn, EPOLLIN, EPOLL_CTL_MOD);
    }
}

static void on_readable(struct conn *conn)
{
    ssize_t got = recv(conn->fd, buffer, sizeof buffer, 0);

    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) {
            conn_close(conn);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (conns[i]->fd != -1) {
            conn_send(conns[i], buffer, (size_t)got);
        }
    }
}

static void on_connection(int listener)
{
    static size_t room;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct conn *conn = fd == -1 ? NULL : calloc(1, sizeof *conn);

    if (count == room) {
        struct conn **more = realloc(conns, (room * 2 + 16) * sizeof(*conns));

        room = more != NULL ? room * 2 + 16 : room;
        conns = more != NULL ? more : conns;
    }
    if (conn == NULL || count == room) {
        free(conn);
        if (fd != -1) {
            close(fd);
        }
        return;
    }
    conn->fd = fd;
    conns[count++] = conn;
    conn_watch(conn, EPOLLIN, EPOLL_CTL_ADD);
}

static void serve(int listener)
{
    struct epoll_event events[256];

    for (;;) {
        const int ready = epoll_wait(epoll, events, 256, -1);

        for (int i = 0; i < ready; i++) {
            struct conn *conn = events[i].data.ptr;

            if (conn == NULL) {
                on_connection(listener);
                continue;
            }
            if (conn->fd != -1 && (events[i].events & EPOLLOUT) != 0 && conn->size > 0) {
                on_writable(conn);
            }
            if (conn->fd != -1 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0) {
                on_readable(conn);
            }
        }
        sweep();
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    struct rlimit limit;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (argc != 2) {
        fputs("usage: bare_fanout PORT\n", stderr);
        return 64;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    at.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); /* and all it accepts */
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll == -1 || bind(listener, (struct sockaddr *)&at, sizeof at) == -1 ||
        listen(listener, SOMAXCONN) == -1 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == -1) {
        perror("bare_fanout");
        return 71;
    }
    serve(listener);
}
