/* bare_proxy PORT BACKEND [splice]: the least that a TCP proxy on epoll can do, to be measured
 * against.
 *
 *     client <---> side[0]  pair  side[1] <---> 127.0.0.1:BACKEND
 *
 * A connection is a pair of sides; what one recv brings into the one static buffer, one send gives
 * to the other side.  What that send does not take is kept, and its source is not read until it has
 * gone.  With "splice", bytes go through a pipe for each side instead, and stay in the kernel.
 * An end of file is handed on as a half-close; the pair goes when both have come.
 * Level-triggered; no timeouts, no log. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
    struct side *other;
    int fd; /* -1: the pair is closed, and freed when this turn's events are done */
    uint32_t events;
    bool is_connecting;
    bool has_ended; /* its end of file has come */
    size_t size;    /* of what is left to send to it */
    char *rest;
    int pipe[2]; /* what is left, with "splice" */
};

struct pair {
    struct side sides[2];
    struct pair *next_dead;
};

static int epoll;
static int listener;
static struct sockaddr_in backend = {.sin_family = AF_INET};
static struct pair *dead;
static char buffer[64 * 1024];
static bool splices;

enum { PIPE_SIZE = 256 * 1024 };

static void side_wait_for(struct side *side, uint32_t events, int op)
{
    struct epoll_event event = {.events = events, .data.ptr = side};

    if (side->events != events || op == EPOLL_CTL_ADD) {
        side->events = events;
        epoll_ctl(epoll, op, side->fd, &event);
    }
}

static void side_close_pair(struct side *side)
{
    struct side *first = side < side->other ? side : side->other;
    struct pair *pair = (struct pair *)first;

    close(pair->sides[0].fd);
    close(pair->sides[1].fd);
    for (int i = 0; splices && i < 2; i++) {
        close(pair->sides[i].pipe[0]);
        close(pair->sides[i].pipe[1]);
    }
    free(pair->sides[0].rest);
    free(pair->sides[1].rest);
    pair->sides[0].rest = pair->sides[1].rest = NULL;
    pair->sides[0].fd = pair->sides[1].fd = -1;
    pair->next_dead = dead;
    dead = pair;
}

static void side_update(struct side *side)
{
    bool reads = !side->has_ended && side->other->size == 0;

    side_wait_for(side, (reads ? EPOLLIN : 0U) | (side->size > 0 ? EPOLLOUT : 0U), EPOLL_CTL_MOD);
}

static void on_end(struct side *side)
{
    side->has_ended = true;
    if (side->other->size == 0) {
        shutdown(side->other->fd, SHUT_WR);
    }
    if (side->other->has_ended && side->size == 0 && side->other->size == 0) {
        side_close_pair(side);
        return;
    }
    side_update(side);
}

static void on_readable(struct side *side)
{
    struct side *to = side->other;
    ssize_t got = splices ? splice(side->fd, NULL, to->pipe[1], NULL, PIPE_SIZE,
                                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                          : recv(side->fd, buffer, sizeof buffer, 0);
    ssize_t n;

    if (got == 0) {
        on_end(side);
        return;
    }
    if (got == -1) {
        if (errno != EAGAIN) {
            side_close_pair(side);
        }
        return;
    }
    n = splices ? splice(to->pipe[0], NULL, to->fd, NULL, (size_t)got,
                         SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                : send(to->fd, buffer, (size_t)got, MSG_NOSIGNAL);
    if (n == got) {
        return;
    }
    if (n == -1 && errno != EAGAIN) {
        side_close_pair(side);
        return;
    }
    n = n == -1 ? 0 : n;
    to->size = (size_t)(got - n);
    if (!splices) {
        to->rest = malloc(to->size);
        if (to->rest == NULL) {
            side_close_pair(side);
            return;
        }
        memcpy(to->rest, buffer + n, to->size);
    }
    side_update(to);
    side_update(side);
}

static void on_writable(struct side *side)
{
    ssize_t n = splices ? splice(side->pipe[0], NULL, side->fd, NULL, side->size,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                        : send(side->fd, side->rest, side->size, MSG_NOSIGNAL);

    if (n == -1) {
        if (errno != EAGAIN) {
            side_close_pair(side);
        }
        return;
    }
    side->size -= (size_t)n;
    if (!splices) {
        memmove(side->rest, side->rest + n, side->size);
    }
    if (side->size > 0) {
        return;
    }
    free(side->rest);
    side->rest = NULL;
    if (side->other->has_ended) {
        shutdown(side->fd, SHUT_WR);
    }
    if (side->other->has_ended && side->has_ended && side->other->size == 0) {
        side_close_pair(side);
        return;
    }
    side_update(side);
    side_update(side->other);
}

/* The client is read only from here on, so nothing has to be kept for a backend not yet there. */
static void on_connected(struct side *side)
{
    socklen_t size = sizeof(int);
    int error = 0;

    getsockopt(side->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        side_close_pair(side);
        return;
    }
    side->is_connecting = false;
    side_wait_for(side, EPOLLIN, EPOLL_CTL_MOD);
    side_wait_for(side->other, EPOLLIN, EPOLL_CTL_ADD);
}

static void on_connection(void)
{
    int from = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int to = from == -1 ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct pair *pair = to == -1 ? NULL : calloc(1, sizeof *pair);

    if (pair == NULL ||
        (connect(to, (struct sockaddr *)&backend, sizeof backend) == -1 && errno != EINPROGRESS)) {
        if (from != -1) {
            close(from);
        }
        if (to != -1) {
            close(to);
        }
        free(pair);
        return;
    }
    setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    pair->sides[0] = (struct side){.other = &pair->sides[1], .fd = from};
    pair->sides[1] = (struct side){.other = &pair->sides[0], .fd = to, .is_connecting = true};
    for (int i = 0; splices && i < 2; i++) {
        if (pipe2(pair->sides[i].pipe, O_NONBLOCK | O_CLOEXEC) == -1) {
            perror("bare_proxy: pipe2");
            exit(1);
        }
        fcntl(pair->sides[i].pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
    }
    side_wait_for(&pair->sides[1], EPOLLOUT, EPOLL_CTL_ADD);
}

static void on_event(struct side *side, uint32_t events)
{
    if (side == NULL) {
        on_connection();
        return;
    }
    if (side->fd != -1 && side->is_connecting) {
        on_connected(side);
        return;
    }
    if (side->fd != -1 && (events & EPOLLOUT) != 0 && side->size > 0) {
        on_writable(side);
    }
    if (side->fd != -1 && (events & EPOLLIN) != 0 && (side->events & EPOLLIN) != 0) {
        on_readable(side);
        return;
    }
    if (side->fd != -1 && (events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) {
        side_close_pair(side);
    }
}

static void serve(void)
{
    struct epoll_event events[256];
    struct pair *pair;
    int count;
    int i;

    for (;;) {
        count = epoll_wait(epoll, events, 256, -1);
        for (i = 0; i < count; i++) {
            on_event(events[i].data.ptr, events[i].events);
        }
        while (dead != NULL) {
            pair = dead;
            dead = pair->next_dead;
            free(pair);
        }
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    struct rlimit limit;

    splices = argc == 4 && strcmp(argv[3], "splice") == 0;
    if (argc != 3 && !splices) {
        fputs("usage: bare_proxy PORT BACKEND [splice]\n", stderr);
        return 64;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    at.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    backend.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    backend.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) == -1 ||
        listen(listener, SOMAXCONN) == -1 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == -1) {
        perror("bare_proxy");
        return 71;
    }
    serve();
    return 0;
}
