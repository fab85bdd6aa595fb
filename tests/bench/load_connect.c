/* load connect: connections made, used for one message and ended, N at a time.
 *
 *     connect -> send -> whole message back -> shutdown(SHUT_WR) -> end of file -> close -> connect
 *
 * A connection is timed from before connect() to the server's end of file: one that the server
 * never ends counts as an error. */
#include "tests/bench/load.h"
#include "tests/bench/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct slot {
    int fd;          /* -1: empty */
    unsigned stream; /* another one for each connection */
    size_t received;
    uint64_t began;
};

struct churn {
    struct load *load;
    uint64_t left; /* connections that may still be started */
    unsigned open;
    unsigned next_stream;
    char buffer[PATTERN_RUN];
};

static void close_slot(struct churn *churn, struct slot *slot)
{
    close(slot->fd);
    slot->fd = -1;
    churn->open--;
}

static void open_slot(struct churn *churn, struct slot *slot)
{
    struct load *load = churn->load;
    ssize_t n;

    slot->fd = -1;
    if (churn->left == 0 || load->errors > 100) {
        return;
    }
    churn->left--;
    slot->stream = churn->next_stream++;
    slot->received = 0;
    slot->began = load_now();
    slot->fd = load_connect(load);
    if (slot->fd == -1) {
        return;
    }
    churn->open++;
    load_watch(load, slot->fd, slot, EPOLLIN, true);
    n = send(slot->fd, pattern_at(slot->stream, 0), load->options.size, MSG_NOSIGNAL);
    if (n != (ssize_t)load->options.size) {
        load_fail(load, "a new connection took %zd of %zu bytes", n, load->options.size);
        close_slot(churn, slot);
    }
}

static void receive(struct churn *churn, struct slot *slot)
{
    struct load *load = churn->load;
    ssize_t n = recv(slot->fd, churn->buffer, sizeof churn->buffer, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }
    if (n == -1) {
        load_fail(load, "recv: %s", strerror(errno));
    } else if (n == 0 && slot->received < load->options.size) {
        load_fail(load, "closed by the server after %zu bytes", slot->received);
    } else if (n == 0) {
        histogram_add(&load->latency, load_now() - slot->began);
        load->done++;
    } else if (slot->received + (size_t)n > load->options.size ||
               !pattern_matches(slot->stream, slot->received, churn->buffer, (size_t)n)) {
        load_fail(load, "wrong bytes");
    } else {
        slot->received += (size_t)n;
        if (slot->received == load->options.size) {
            shutdown(slot->fd, SHUT_WR);
        }
        return;
    }
    close_slot(churn, slot);
    open_slot(churn, slot);
}

static void serve(struct churn *churn, uint64_t until)
{
    uint64_t patience = (uint64_t)(churn->load->options.patience * 1e9);
    uint64_t moved = load_now();
    struct epoll_event events[256];
    int count;
    int i;

    while (churn->open > 0 && load_now() < until) {
        count = epoll_wait(churn->load->epoll, events, 256, 10);
        for (i = 0; i < count; i++) {
            receive(churn, events[i].data.ptr);
        }
        if (count > 0) {
            moved = load_now();
        } else if (load_now() - moved > patience) {
            load_fail(churn->load, "%u connections were not ended in time", churn->open);
            return;
        }
    }
}

void load_connections(struct load *load)
{
    static struct churn churn; /* too big for the stack */
    const struct load_options *options = &load->options;
    struct slot *slots = calloc(options->conns, sizeof *slots);
    uint64_t done;
    unsigned i;

    if (slots == NULL) {
        load_fail(load, "no memory");
        return;
    }
    churn.load = load;
    churn.left = options->messages > 0 ? options->messages : UINT64_MAX;
    if (options->messages > 0) {
        load_begin_window(load);
    }
    for (i = 0; i < options->conns; i++) {
        open_slot(&churn, &slots[i]);
    }
    if (options->messages > 0) {
        serve(&churn, UINT64_MAX);
        load_end_window(load);
    } else {
        serve(&churn, load_now() + (uint64_t)(options->warmup * 1e9));
        load_begin_window(load);
        serve(&churn, load->began + (uint64_t)(options->seconds * 1e9));
        load_end_window(load);
        done = load->done;
        churn.left = 0;
        serve(&churn, UINT64_MAX);
        load->done = done;
    }
    free(slots);
    if (options->messages > 0) {
        load_settle(load); /* counts of calls are exact only if the server has seen the end */
    }
}
