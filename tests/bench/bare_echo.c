/* bare_echo PORT [lines]: the least that an echo server on libev can do, to be measured against.
 *
 * With "lines", only whole lines go back, together with the others of the same recv; what follows
 * the last newline is kept until the rest of it comes.
 *
 * One connection a turn by accept4, one recv into the one static buffer, one send of it,
 * level-triggered; no timeouts, no log.  What a send does not take is kept, and the connection is
 * not read until the rest has gone. */
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct conn {
    ev_io io;
    size_t size; /* of what is left to send; 0: reading */
    char *rest;
    size_t begun; /* bytes of a line that has no end yet */
    char *line;
};

static char buffer[64 * 1024];
static bool splits; /* lines are wanted */

static void conn_destroy(struct ev_loop *loop, struct conn *conn)
{
    ev_io_stop(loop, &conn->io);
    close(conn->io.fd);
    free(conn->rest);
    free(conn->line);
    free(conn);
}

static void conn_wait_for(struct ev_loop *loop, struct conn *conn, int events)
{
    ev_io_stop(loop, &conn->io);
    ev_io_set(&conn->io, conn->io.fd, events);
    ev_io_start(loop, &conn->io);
}

static void on_writable(struct ev_loop *loop, struct conn *conn)
{
    ssize_t n = send(conn->io.fd, conn->rest, conn->size, MSG_NOSIGNAL);

    if (n == -1) {
        if (errno != EAGAIN) {
            conn_destroy(loop, conn);
        }
        return;
    }
    conn->size -= (size_t)n;
    memmove(conn->rest, conn->rest + n, conn->size);
    if (conn->size == 0) {
        free(conn->rest);
        conn->rest = NULL;
        conn_wait_for(loop, conn, EV_READ);
    }
}

/* Sends the first so many bytes of the buffer. */
static inline void conn_send(struct ev_loop *loop, struct conn *conn, ssize_t size)
{
    ssize_t n = send(conn->io.fd, buffer, (size_t)size, MSG_NOSIGNAL);

    if (n == size) {
        return;
    }
    if (n == -1 && errno != EAGAIN) {
        conn_destroy(loop, conn);
        return;
    }
    n = n == -1 ? 0 : n;
    conn->size = (size_t)(size - n);
    conn->rest = malloc(conn->size);
    if (conn->rest == NULL) {
        conn_destroy(loop, conn);
        return;
    }
    memcpy(conn->rest, buffer + n, conn->size);
    conn_wait_for(loop, conn, EV_WRITE);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    struct conn *conn = (struct conn *)io;
    ssize_t got;

    if ((events & EV_WRITE) != 0) {
        on_writable(loop, conn);
        return;
    }
    got = recv(io->fd, buffer, sizeof buffer, 0);
    if (got > 0) {
        conn_send(loop, conn, got);
    } else if (got == 0 || errno != EAGAIN) {
        conn_destroy(loop, conn);
    }
}

/* Keeps what follows the last newline.  Returns the size of the whole lines, -1: no memory, or no
 * room for the rest of a line. */
static ssize_t conn_split(struct conn *conn, size_t size)
{
    char *at = buffer;
    char *newline;
    char *line;

    while ((newline = memchr(at, '\n', size - (size_t)(at - buffer))) != NULL) {
        at = newline + 1;
    }
    conn->begun = size - (size_t)(at - buffer);
    if (conn->begun > 0) {
        line = conn->begun < sizeof buffer ? realloc(conn->line, conn->begun) : NULL;
        if (line == NULL) {
            return -1;
        }
        conn->line = line;
        memcpy(line, at, conn->begun);
    }
    return at - buffer;
}

static void on_lines(struct ev_loop *loop, ev_io *io, int events)
{
    struct conn *conn = (struct conn *)io;
    ssize_t size;

    if ((events & EV_WRITE) != 0) {
        on_writable(loop, conn);
        return;
    }
    if (conn->begun > 0) {
        memcpy(buffer, conn->line, conn->begun);
    }
    size = recv(io->fd, buffer + conn->begun, sizeof buffer - conn->begun, 0);
    if (size == -1 && errno == EAGAIN) {
        return;
    }
    size = size > 0 ? conn_split(conn, conn->begun + (size_t)size) : -1;
    if (size == -1) {
        conn_destroy(loop, conn);
    } else if (size > 0) {
        conn_send(loop, conn, size);
    }
}

static void on_connection(struct ev_loop *loop, ev_io *io, int events)
{
    int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct conn *conn;

    if (fd == -1) {
        return;
    }
    conn = malloc(sizeof *conn);
    if (conn == NULL) {
        close(fd);
        return;
    }
    *conn = (struct conn){.size = 0};
    ev_io_init(&conn->io, splits ? on_lines : on_io, fd, EV_READ);
    ev_io_start(loop, &conn->io);
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct ev_loop *loop = ev_default_loop(EVBACKEND_EPOLL);
    struct rlimit limit;
    ev_io listener;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    splits = argc == 3 && strcmp(argv[2], "lines") == 0;
    if ((argc != 2 && !splits) || loop == NULL) {
        fputs("usage: bare_echo PORT [lines]\n", stderr);
        return 64;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    at.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == -1 || listen(fd, SOMAXCONN) == -1) {
        perror("bare_echo");
        return 71;
    }
    ev_io_init(&listener, on_connection, fd, EV_READ);
    ev_io_start(loop, &listener);
    ev_run(loop, 0);
    return 0;
}
