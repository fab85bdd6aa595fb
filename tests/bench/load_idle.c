/* load idle: many connections that do nothing, and what they cost the server.
 *
 *     before | open all | idle | one echo each | echoed | hold | held | one echo each | close |
 * after
 *
 * The words in the middle are moments at which the server's usage is read, once it has come to
 * rest; all are in the JSON, so that memory per connection is a difference of two of them. */
#include "tests/bench/load.h"
#include "tests/bench/pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct conn {
    int fd;
    unsigned stream;
    uint64_t sent;
    uint64_t received;
    uint64_t sent_at;
};

struct crowd {
    struct load *load;
    struct conn *conns;
    unsigned opened;
};

static void receive(struct load *load, struct conn *conn, uint64_t *waiting)
{
    static char buffer[PATTERN_RUN];
    ssize_t n = recv(conn->fd, buffer, sizeof buffer, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }
    if (n <= 0 || (uint64_t)n > conn->sent - conn->received ||
        !pattern_matches(conn->stream, conn->received, buffer, (size_t)n)) {
        load_fail(load, "connection %u: %s", conn->stream,
                  n == 0  ? "closed by the server"
                  : n < 0 ? strerror(errno)
                          : "wrong bytes");
        *waiting -= conn->received < conn->sent;
        close(conn->fd); /* takes it out of the epoll set */
        conn->fd = -1;
        return;
    }
    conn->received += (uint64_t)n;
    if (conn->received == conn->sent) {
        histogram_add(&load->latency, load_now() - conn->sent_at);
        load->done++;
        --*waiting;
    }
}

/* One message there and back on every connection that is still open. */
static void echo_all(struct crowd *crowd)
{
    struct load *load = crowd->load;
    size_t size = load->options.size;
    uint64_t patience = (uint64_t)(load->options.patience * 1e9);
    uint64_t moved = load_now();
    uint64_t waiting = 0;
    struct epoll_event events[256];
    struct conn *conn;
    unsigned i;
    int count;

    for (i = 0; i < crowd->opened; i++) {
        conn = &crowd->conns[i];
        if (conn->fd == -1) {
            continue;
        }
        conn->sent_at = load_now();
        if (send(conn->fd, pattern_at(conn->stream, conn->sent), size, MSG_NOSIGNAL) !=
            (ssize_t)size) {
            load_fail(load, "connection %u: send: %s", i, strerror(errno));
            continue;
        }
        conn->sent += size;
        waiting++;
    }
    while (waiting > 0 && load_now() - moved < patience) {
        count = epoll_wait(load->epoll, events, 256, 10);
        for (i = 0; count > 0 && i < (unsigned)count; i++) {
            receive(load, events[i].data.ptr, &waiting);
        }
        moved = count > 0 ? load_now() : moved;
    }
    if (waiting > 0) {
        load_fail(load, "%llu of %u connections were not answered in time",
                  (unsigned long long)waiting, crowd->opened);
    }
}

static void open_all(struct crowd *crowd)
{
    struct conn *conn;

    while (crowd->opened < crowd->load->options.conns) {
        conn = &crowd->conns[crowd->opened];
        conn->stream = crowd->opened;
        conn->fd = load_connect(crowd->load);
        if (conn->fd == -1) {
            return;
        }
        load_watch(crowd->load, conn->fd, conn, EPOLLIN, true);
        crowd->opened++;
    }
}

static void take_usage(struct crowd *crowd, const char *name, struct usage *usage)
{
    load_settle(crowd->load);
    usage_read(usage, crowd->load->options.pid);
    load_print_usage(name, usage);
    printf(", ");
}

static void hold(double seconds)
{
    struct timespec pause = {.tv_sec = (time_t)seconds};

    pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
    nanosleep(&pause, NULL);
}

void load_idle(struct load *load)
{
    struct crowd crowd = {.load = load};
    double hold_seconds = load->options.hold;
    struct usage echoed;
    struct usage other;
    uint64_t held_ns;
    unsigned i;

    crowd.conns = calloc(load->options.conns, sizeof *crowd.conns);
    if (crowd.conns == NULL) {
        load_fail(load, "no memory");
        return;
    }
    load_settle(load);
    load_begin_window(load);
    open_all(&crowd);
    take_usage(&crowd, "idle", &other);
    echo_all(&crowd);
    take_usage(&crowd, "echoed", &echoed);
    hold(hold_seconds);
    held_ns = usage_run_ns(load->options.pid) - echoed.run_ns;
    printf("\"idle_cpu_percent\": %.4f, ",
           hold_seconds > 0 ? (double)held_ns / (hold_seconds * 1e7) : 0);
    load->done = 0;
    echo_all(&crowd);
    printf("\"opened\": %u, \"answered\": %llu, ", crowd.opened, (unsigned long long)load->done);
    for (i = 0; i < crowd.opened; i++) {
        if (crowd.conns[i].fd != -1) {
            close(crowd.conns[i].fd);
        }
    }
    free(crowd.conns);
    load_settle(load);
    load_end_window(load);
}
