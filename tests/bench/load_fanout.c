/* load fanout: one connection speaks, all of them hear, itself among them.
 *
 *     connect all | each hears the first word | warm up | the window: deliveries counted
 *
 * A server may begin with a connection later than it accepts it, so the speaker says a word until
 * everybody has heard one; what is counted and compared begins after it.  A message is timed from
 * when it could be sent until the last one has heard it. */
#include "tests/bench/load.h"
#include "tests/bench/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct hearer {
    int fd;
    uint64_t received;
};

struct fanout {
    struct load *load;
    struct hearer *hearers; /* the first one speaks */
    uint64_t sent;
    uint64_t left;     /* messages that may still be started */
    uint64_t whole;    /* messages that all have heard */
    unsigned *behind;  /* of message m at m % depth: who has not heard it yet */
    uint64_t *sent_at; /* likewise, ns */
    char buffer[256 * 1024];
};

static void say(struct fanout *fanout)
{
    const struct load_options *options = &fanout->load->options;

    while (fanout->left > 0 && fanout->sent / options->size < fanout->whole + options->depth) {
        const uint64_t message = fanout->sent / options->size;

        if (send(fanout->hearers[0].fd, pattern_at(0, fanout->sent), options->size, MSG_NOSIGNAL) !=
            (ssize_t)options->size) {
            load_fail(fanout->load, "the speaker: send: %s", strerror(errno));
            fanout->left = 0;
            return;
        }
        fanout->behind[message % options->depth] = options->conns;
        fanout->sent_at[message % options->depth] = load_now();
        fanout->sent += options->size;
        fanout->left--;
    }
}

static void hear(struct fanout *fanout, struct hearer *hearer)
{
    struct load *load = fanout->load;
    const size_t size = load->options.size;
    const ssize_t n = recv(hearer->fd, fanout->buffer, sizeof fanout->buffer, 0);
    uint64_t message = hearer->received / size;

    if (n == -1 && errno == EAGAIN) {
        return;
    }
    if (n <= 0 || (uint64_t)n > fanout->sent - hearer->received ||
        !pattern_matches(0, hearer->received, fanout->buffer, (size_t)n)) {
        load_fail(load, "hearer %zu: %s", (size_t)(hearer - fanout->hearers),
                  n == 0  ? "closed by the server"
                  : n < 0 ? strerror(errno)
                          : "wrong bytes");
        close(hearer->fd);
        hearer->fd = -1;
        fanout->left = 0;
        return;
    }
    hearer->received += (uint64_t)n;
    for (; message < hearer->received / size; message++) {
        load->done++;
        if (--fanout->behind[message % load->options.depth] == 0) {
            histogram_add(&load->latency,
                          load_now() - fanout->sent_at[message % load->options.depth]);
            fanout->whole++;
        }
    }
}

/* Until `until`, or until nothing is under way. */
static void serve(struct fanout *fanout, uint64_t until)
{
    struct load *load = fanout->load;
    uint64_t moved = load_now();
    struct epoll_event events[256];

    while (load->errors == 0 && load_now() < until) {
        int count;

        say(fanout);
        if (fanout->whole == fanout->sent / load->options.size) {
            return;
        }
        count = epoll_wait(load->epoll, events, 256, 10);
        for (int i = 0; i < count; i++) {
            struct hearer *hearer = events[i].data.ptr;

            if (hearer->fd != -1) {
                hear(fanout, hearer);
            }
        }
        if (count > 0) {
            moved = load_now();
        } else if (load_now() - moved > (uint64_t)(load->options.patience * 1e9)) {
            load_fail(load, "a message was not heard by all in time");
        }
    }
}

static bool open_all(struct fanout *fanout)
{
    for (unsigned i = 0; i < fanout->load->options.conns; i++) {
        struct hearer *hearer = &fanout->hearers[i];

        hearer->fd = load_connect(fanout->load);
        if (hearer->fd == -1) {
            return false;
        }
        load_watch(fanout->load, hearer->fd, hearer, EPOLLIN, true);
    }
    return true;
}

/* Says a word whenever it is quiet until all have heard one, and then waits for what is still
 * coming.  Not more often: where the server's work is counted these words are counted, too. */
static void call_together(struct fanout *fanout)
{
    struct load *load = fanout->load;
    const uint64_t until = load_now() + (uint64_t)(load->options.patience * 1e9);
    unsigned missing = load->options.conns;
    struct epoll_event events[256];
    int count = 0;
    int quiet = 0;

    while (load_now() < until && quiet < 3) {
        if (count == 0 && missing > 0 &&
            send(fanout->hearers[0].fd, "word", 4, MSG_NOSIGNAL) != 4) {
            break;
        }
        count = epoll_wait(load->epoll, events, 256, 100);
        quiet = count == 0 && missing == 0 ? quiet + 1 : 0;
        for (int i = 0; i < count; i++) {
            struct hearer *hearer = events[i].data.ptr;
            const ssize_t n = recv(hearer->fd, fanout->buffer, sizeof fanout->buffer, 0);

            missing -= n > 0 && hearer->received == 0;
            hearer->received += n > 0 ? (uint64_t)n : 0;
        }
    }
    if (quiet < 3) {
        load_fail(load, "%u of %u connections heard nothing", missing, load->options.conns);
    }
    for (unsigned i = 0; i < load->options.conns; i++) {
        fanout->hearers[i].received = 0;
    }
}

void load_fanout(struct load *load)
{
    static struct fanout fanout; /* too big for the stack */
    const struct load_options *options = &load->options;
    uint64_t done;

    fanout.load = load;
    fanout.left = options->messages > 0 ? options->messages : UINT64_MAX;
    fanout.hearers = calloc(options->conns, sizeof *fanout.hearers);
    fanout.behind = calloc(options->depth, sizeof *fanout.behind);
    fanout.sent_at = calloc(options->depth, sizeof *fanout.sent_at);
    if (fanout.hearers == NULL || fanout.behind == NULL || fanout.sent_at == NULL) {
        load_fail(load, "no memory");
    } else if (open_all(&fanout)) {
        call_together(&fanout);
        if (options->messages == 0) {
            serve(&fanout, load_now() + (uint64_t)(options->warmup * 1e9));
        }
        load_begin_window(load);
        serve(&fanout, options->messages > 0 ? UINT64_MAX
                                             : load->began + (uint64_t)(options->seconds * 1e9));
        load_end_window(load);
        done = load->done;
        fanout.left = 0;
        serve(&fanout, UINT64_MAX);
        load->done = done;
    }
    if (options->messages > 0) {
        load_settle(load);
    }
    free(fanout.hearers);
    free(fanout.behind);
    free(fanout.sent_at);
}
