/* load pulse: one message there and back every millisecond, and how long the longest took.
 *
 *     say "ready" | send, receive, pause | ... until stdin ends, or the time is over
 *
 * What holds the server's loop shows in the longest: a pulse sent meanwhile waits for the end of
 * it.  A machine that is busy otherwise shows as well, so compare with a run beside nothing. */
#include "tests/bench/load.h"
#include "tests/bench/pattern.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAUSE_MS = 1 };

/* Receives the answer; false after load_fail(). */
static bool receive(struct load *load, int fd, uint64_t sent)
{
    static char buffer[PATTERN_RUN];
    const size_t size = load->options.size;
    size_t received = 0;

    while (received < size) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (poll(&ready, 1, (int)(load->options.patience * 1e3)) == 0) {
            load_fail(load, "no answer in time");
            return false;
        }
        n = recv(fd, buffer + received, size - received, 0);
        if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
            continue;
        }
        if (n <= 0 || !pattern_matches(0, sent + received, buffer + received, (size_t)n)) {
            load_fail(load, "%s",
                      n == 0  ? "closed by the server"
                      : n < 0 ? strerror(errno)
                              : "wrong bytes");
            return false;
        }
        received += (size_t)n;
    }
    return true;
}

/* Pauses; false once whoever has started us wants no more. */
static bool pause_a_while(void)
{
    struct pollfd more = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;

    return poll(&more, 1, PAUSE_MS) == 0 || read(STDIN_FILENO, &byte, 1) > 0;
}

void load_pulse(struct load *load)
{
    const size_t size = load->options.size;
    int fd = load_connect(load);
    uint64_t sent = 0;
    uint64_t end;

    if (fd == -1) {
        return;
    }
    load_begin_window(load);
    end = load->began + (uint64_t)(load->options.seconds * 1e9);
    fprintf(stderr, "ready\n");
    do {
        const uint64_t sent_at = load_now();

        if (send(fd, pattern_at(0, sent), size, MSG_NOSIGNAL) != (ssize_t)size) {
            load_fail(load, "send: %s", strerror(errno));
            break;
        }
        if (!receive(load, fd, sent)) {
            break;
        }
        histogram_add(&load->latency, load_now() - sent_at);
        load->done++;
        sent += size;
    } while (pause_a_while() && load_now() < end);
    close(fd);
    load_end_window(load);
}
