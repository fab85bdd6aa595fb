/* load stream: bulk through a proxy, from this program to this program.
 *
 *     sender i --> proxy at --port --> --backend-port: receiver, told by the first bytes that it is
 * i
 *
 * Bytes count when they have been received and compared.  At the end the senders half-close; all
 * that was sent must arrive, followed by the end of file. */
#include "tests/bench/load.h"
#include "tests/bench/pattern.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, HEADER = 8 };

struct end {
    enum { LISTENER, SENDER, RECEIVER } kind;
    int fd; /* -1: closed */
    unsigned stream;
    uint64_t bytes;      /* so far, the header among them */
    char header[HEADER]; /* the stream's number, in digits and spaces */
};

struct flow {
    struct load *load;
    struct end listener;
    struct end *senders;
    struct end *receivers;
    unsigned accepted;
    unsigned finished; /* receivers that met the end of file */
    bool is_ending;
    char buffer[CHUNK];
};

static void end_close(struct end *end)
{
    close(end->fd);
    end->fd = -1;
}

static bool flow_listen(struct flow *flow)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(flow->load->options.backend_port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == -1 || listen(fd, SOMAXCONN) == -1) {
        load_fail(flow->load, "listening on port %u: %s", flow->load->options.backend_port,
                  strerror(errno));
        close(fd);
        return false;
    }
    flow->listener = (struct end){.kind = LISTENER, .fd = fd};
    load_watch(flow->load, fd, &flow->listener, EPOLLIN, true);
    return true;
}

static void on_connection(struct flow *flow)
{
    int fd = accept4(flow->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct end *end;

    if (fd == -1) {
        return;
    }
    if (flow->accepted == flow->load->options.conns) {
        load_fail(flow->load, "the proxy connected more often than it was connected to");
        close(fd);
        return;
    }
    end = &flow->receivers[flow->accepted++];
    *end = (struct end){.kind = RECEIVER, .fd = fd};
    load_watch(flow->load, fd, end, EPOLLIN, true);
}

static void on_room(struct flow *flow, struct end *end)
{
    const char *from = end->header + end->bytes;
    size_t size = (size_t)(HEADER - end->bytes);
    ssize_t n;

    if (flow->is_ending) {
        shutdown(end->fd, SHUT_WR);
        load_watch(flow->load, end->fd, end, EPOLLIN, false);
        return;
    }
    if (end->bytes >= HEADER) {
        from = pattern_at(end->stream, end->bytes);
        size = CHUNK;
    }
    n = send(end->fd, from, size, MSG_NOSIGNAL);
    if (n == -1 && errno != EAGAIN) {
        load_fail(flow->load, "sender %u: %s", end->stream, strerror(errno));
        end_close(end);
    }
    end->bytes += n > 0 ? (uint64_t)n : 0;
}

/* After the half-close the proxy has nothing to say but the end of file. */
static void on_answer(struct flow *flow, struct end *end)
{
    ssize_t n = recv(end->fd, flow->buffer, CHUNK, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }
    if (n != 0 || !flow->is_ending) {
        load_fail(flow->load, "sender %u: %s", end->stream,
                  n == -1 ? strerror(errno) : "the proxy answered or closed too early");
    }
    end_close(end);
}

static void on_bytes(struct flow *flow, struct end *end)
{
    bool has_header = end->bytes >= HEADER;
    char *to = has_header ? flow->buffer : end->header + end->bytes;
    size_t size = has_header ? CHUNK : (size_t)(HEADER - end->bytes);
    ssize_t n = recv(end->fd, to, size, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        flow->finished++;
        if (n == -1 || !flow->is_ending || end->bytes != flow->senders[end->stream].bytes) {
            load_fail(flow->load, "receiver %u: %s after %llu bytes", end->stream,
                      n == -1 ? strerror(errno) : "end of file", (unsigned long long)end->bytes);
        }
        end_close(end);
        return;
    }
    if (has_header && !pattern_matches(end->stream, end->bytes, flow->buffer, (size_t)n)) {
        load_fail(flow->load, "receiver %u: wrong bytes after %llu", end->stream,
                  (unsigned long long)end->bytes);
    }
    end->bytes += (uint64_t)n;
    flow->load->done += (uint64_t)n;
    if (!has_header && end->bytes == HEADER) {
        end->stream = (unsigned)strtoul(end->header, NULL, 10) % flow->load->options.conns;
    }
}

static void on_event(struct flow *flow, struct end *end, uint32_t events)
{
    if (end->fd == -1) {
        return;
    }
    switch (end->kind) {
    case LISTENER:
        on_connection(flow);
        break;
    case RECEIVER:
        on_bytes(flow, end);
        break;
    case SENDER:
        if ((events & ~(uint32_t)EPOLLOUT) != 0) {
            on_answer(flow, end);
        }
        if (end->fd != -1 && (events & EPOLLOUT) != 0) {
            on_room(flow, end);
        }
        break;
    }
}

static void serve(struct flow *flow, uint64_t until)
{
    uint64_t patience = (uint64_t)(flow->load->options.patience * 1e9);
    uint64_t moved = load_now();
    struct epoll_event events[64];
    int count;
    int i;

    while (flow->finished < flow->load->options.conns && load_now() < until) {
        count = epoll_wait(flow->load->epoll, events, 64, 10);
        for (i = 0; i < count; i++) {
            on_event(flow, events[i].data.ptr, events[i].events);
        }
        if (count > 0) {
            moved = load_now();
        } else if (load_now() - moved > patience) {
            load_fail(flow->load, "nothing moved; %u of %u streams had ended", flow->finished,
                      flow->load->options.conns);
            return;
        }
    }
}

static void open_all(struct flow *flow)
{
    struct end *end;
    unsigned i;

    for (i = 0; i < flow->load->options.conns; i++) {
        end = &flow->senders[i];
        end->kind = SENDER;
        end->stream = i;
        memset(end->header, ' ', HEADER);
        end->header[0] = (char)('0' + i / 10000 % 10);
        end->header[1] = (char)('0' + i / 1000 % 10);
        end->header[2] = (char)('0' + i / 100 % 10);
        end->header[3] = (char)('0' + i / 10 % 10);
        end->header[4] = (char)('0' + i % 10);
        end->fd = load_connect(flow->load);
        if (end->fd != -1) {
            load_watch(flow->load, end->fd, end, EPOLLIN | EPOLLOUT, true);
        }
    }
}

void load_stream(struct load *load)
{
    static struct flow flow; /* too big for the stack */
    const struct load_options *options = &load->options;
    uint64_t done;

    flow.load = load;
    flow.senders = calloc(options->conns, sizeof *flow.senders);
    flow.receivers = calloc(options->conns, sizeof *flow.receivers);
    if (flow.senders == NULL || flow.receivers == NULL) {
        load_fail(load, "no memory");
    } else if (flow_listen(&flow)) {
        open_all(&flow);
        serve(&flow, load_now() + (uint64_t)(options->warmup * 1e9));
        load_begin_window(load);
        serve(&flow, load->began + (uint64_t)(options->seconds * 1e9));
        load_end_window(load);
        done = load->done;
        flow.is_ending = true;
        if (load->errors == 0) {
            serve(&flow, UINT64_MAX);
        }
        load->done = done;
    }
    free(flow.senders);
    free(flow.receivers);
}
