/* load echo: ping-pong on many connections, each with some messages in flight.
 *
 *     connect all | warm up | the window: messages counted and timed | collect what is in flight
 *
 * A message is timed from when it could be sent to when its last byte has come back.  What came
 * back in one receive is replaced in one send, so a server that answers in batches gets batches. */
#include "tests/bench/load.h"
#include "tests/bench/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct conn {
    int fd; /* -1: failed, out of the game */
    unsigned stream;
    bool waits_for_room; /* EPOLLOUT is armed */
    uint64_t wanted;     /* bytes to be sent so far; sent <= wanted */
    uint64_t sent;
    uint64_t received; /* <= sent */
    uint64_t *sent_at; /* ns, of message m at m % depth */
};

struct echo {
    struct load *load;
    uint64_t left;      /* messages that may still be started */
    uint64_t in_flight; /* messages, of all connections */
    unsigned cold;      /* connections that have not yet got an answer */
    struct conn *conns;
    char buffer[256 * 1024];
};

static void drop(struct echo *echo, struct conn *conn)
{
    size_t size = echo->load->options.size;

    echo->in_flight -= conn->wanted / size - conn->received / size;
    echo->cold -= conn->received < size;
    close(conn->fd);
    conn->fd = -1;
}

static void queue_messages(struct echo *echo, struct conn *conn, uint64_t count, uint64_t now)
{
    const struct load_options *options = &echo->load->options;
    uint64_t i;

    if (count > echo->left) {
        count = echo->left;
    }
    for (i = 0; i < count; i++) {
        conn->sent_at[(conn->wanted / options->size) % options->depth] = now;
        conn->wanted += options->size;
    }
    echo->left -= count;
    echo->in_flight += count;
}

static void send_what_is_wanted(struct echo *echo, struct conn *conn)
{
    ssize_t n = 0;
    bool waits;

    while (conn->sent < conn->wanted) {
        n = send(conn->fd, pattern_at(conn->stream, conn->sent), conn->wanted - conn->sent,
                 MSG_NOSIGNAL);
        if (n == -1) {
            break;
        }
        conn->sent += (uint64_t)n;
    }
    if (n == -1 && errno != EAGAIN) {
        load_fail(echo->load, "connection %u: send: %s", conn->stream, strerror(errno));
        drop(echo, conn);
        return;
    }
    waits = conn->sent < conn->wanted;
    if (waits != conn->waits_for_room) {
        conn->waits_for_room = waits;
        load_watch(echo->load, conn->fd, conn, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, false);
    }
}

static void receive(struct echo *echo, struct conn *conn)
{
    struct load *load = echo->load;
    const struct load_options *options = &load->options;
    ssize_t n = recv(conn->fd, echo->buffer, sizeof echo->buffer, 0);
    uint64_t first = conn->received / options->size;
    uint64_t now = load_now();
    uint64_t whole;
    uint64_t i;

    if (n == -1 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        load_fail(load, "connection %u: %s", conn->stream,
                  n == 0 ? "closed by the server" : strerror(errno));
        drop(echo, conn);
        return;
    }
    if ((uint64_t)n > conn->sent - conn->received ||
        !pattern_matches(conn->stream, conn->received, echo->buffer, (size_t)n)) {
        load_fail(load, "connection %u: wrong bytes in the %zd from byte %llu on", conn->stream, n,
                  (unsigned long long)conn->received);
        drop(echo, conn);
        return;
    }
    conn->received += (uint64_t)n;
    whole = conn->received / options->size - first;
    for (i = first; i < first + whole; i++) {
        histogram_add(&load->latency, now - conn->sent_at[i % options->depth]);
    }
    load->done += whole;
    echo->cold -= first == 0 && whole > 0;
    echo->in_flight -= whole;
    queue_messages(echo, conn, whole, now);
    send_what_is_wanted(echo, conn);
}

/* Serves events until `until`, or until nothing is in flight.  False: nothing moved for too long.
 */
static bool serve(struct echo *echo, uint64_t until)
{
    uint64_t patience = (uint64_t)(echo->load->options.patience * 1e9);
    uint64_t moved = load_now();
    struct epoll_event events[256];
    struct conn *conn;
    int count;
    int i;

    while (echo->in_flight > 0 && load_now() < until) {
        count = epoll_wait(echo->load->epoll, events, 256, 10);
        for (i = 0; i < count; i++) {
            conn = events[i].data.ptr;
            if (conn->fd != -1 && (events[i].events & EPOLLOUT) != 0) {
                send_what_is_wanted(echo, conn);
            }
            if (conn->fd != -1 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0) {
                receive(echo, conn);
            }
        }
        if (count > 0) {
            moved = load_now();
        } else if (load_now() - moved > patience) {
            load_fail(echo->load, "%llu messages were not answered in time",
                      (unsigned long long)echo->in_flight);
            return false;
        }
    }
    return true;
}

static void open_all(struct echo *echo)
{
    const struct load_options *options = &echo->load->options;
    struct conn *conn;
    unsigned i;

    for (i = 0; i < options->conns; i++) {
        conn = &echo->conns[i];
        conn->stream = i;
        conn->sent_at = calloc(options->depth, sizeof *conn->sent_at);
        conn->fd = conn->sent_at == NULL ? -1 : load_connect(echo->load);
        if (conn->fd == -1) {
            echo->load->errors += conn->sent_at == NULL;
            continue;
        }
        load_watch(echo->load, conn->fd, conn, EPOLLIN, true);
        echo->cold++;
    }
}

static void start_all(struct echo *echo)
{
    unsigned i;

    for (i = 0; i < echo->load->options.conns; i++) {
        if (echo->conns[i].fd != -1) {
            queue_messages(echo, &echo->conns[i], echo->load->options.depth, load_now());
            send_what_is_wanted(echo, &echo->conns[i]);
        }
    }
}

/* Until each connection has had an answer: the window is not for making connections. */
static void warm_up(struct echo *echo)
{
    double seconds = echo->load->options.warmup;
    uint64_t began = load_now();

    serve(echo, began + (uint64_t)(seconds * 1e9));
    while (echo->cold > 0 && load_now() - began < (uint64_t)(echo->load->options.patience * 1e9)) {
        if (!serve(echo, load_now() + 10000000U)) {
            return;
        }
    }
    if (echo->cold > 0) {
        load_fail(echo->load, "%u connections were not answered in time", echo->cold);
    }
}

void load_echo(struct load *load)
{
    static struct echo echo; /* too big for the stack */
    const struct load_options *options = &load->options;
    uint64_t until = UINT64_MAX;
    uint64_t done;
    unsigned i;

    echo.load = load;
    echo.left = options->messages > 0 ? options->messages : UINT64_MAX;
    echo.conns = calloc(options->conns, sizeof *echo.conns);
    if (echo.conns == NULL) {
        load_fail(load, "no memory");
        return;
    }
    open_all(&echo);
    if (options->messages > 0) {
        load_begin_window(load);
        start_all(&echo);
        serve(&echo, until);
        load_end_window(load);
    } else {
        start_all(&echo);
        warm_up(&echo);
        load_begin_window(load);
        until = load->began + (uint64_t)(options->seconds * 1e9);
        serve(&echo, until);
        load_end_window(load);
        done = load->done;
        echo.left = 0;
        serve(&echo, UINT64_MAX);
        load->done = done;
    }
    for (i = 0; i < options->conns; i++) {
        if (echo.conns[i].fd != -1) {
            close(echo.conns[i].fd);
        }
        free(echo.conns[i].sent_at);
    }
    free(echo.conns);
    if (options->messages > 0) {
        load_settle(load); /* counts of calls are exact only if the server has seen the end */
    }
}
