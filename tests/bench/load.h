/* What the modes of the load client share.
 *
 *     load.c  options, the clock, connecting, the JSON at the end
 *       |---- load_echo.c     ping-pong with some messages in flight
 *       |---- load_connect.c  connections made, used once, ended
 *       |---- load_fanout.c   one speaks, all hear
 *       |---- load_idle.c     many connections that do nothing, and what they cost the server
 *       |---- load_pulse.c    a message every millisecond, beside what may hold the server up
 *       '---- load_stream.c   bulk through a proxy
 *
 * One thread, one epoll set, level-triggered.  Every byte that comes back is compared with the one
 * sent.  A mode ends by its time or its count, or when nothing has happened for `patience`. */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include "tests/bench/histogram.h"
#include "tests/bench/usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_options {
    uint16_t port;
    uint16_t backend_port; /* stream: where this program waits for what comes out of the proxy */
    unsigned conns;
    unsigned depth;    /* messages in flight on each connection */
    size_t size;       /* bytes of a message */
    uint64_t messages; /* stop after so many (connect: connections); 0: stop after `seconds` */
    double seconds;
    double warmup;   /* seconds of traffic before the window that counts */
    double hold;     /* idle: seconds of doing nothing */
    double patience; /* seconds without any progress that are a failure */
    pid_t pid;       /* of the server, to read its usage; 0: not wanted */
};

struct load {
    struct load_options options;
    int epoll;
    uint64_t began; /* the window that counts, in ns of load_now() */
    uint64_t ended;
    uint64_t done; /* messages, connections or bytes in the window */
    struct usage before;
    struct usage after;
    struct histogram latency; /* ns */
    uint64_t errors;
    char error[200]; /* the first one, in words */
};

/* Monotonic, in ns. */
uint64_t load_now(void);

/* Counts an error, and keeps the text of the first. */
void load_fail(struct load *load, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Connects to the server; the source address is one of 127.0.0.1 to 127.0.0.32, in turn, so that
 * ports in TIME_WAIT don't run out.  Returns a non-blocking socket, else -1 after load_fail(). */
int load_connect(struct load *load);

/* Adds or changes the descriptor in the epoll set. */
void load_watch(const struct load *load, int fd, void *data, uint32_t events, bool is_new);

/* Opens and closes the window.  The first forgets what was counted before. */
void load_begin_window(struct load *load);
void load_end_window(struct load *load);

/* Waits until the server has slept, and used no CPU, for 100 ms; at most a minute. */
void load_settle(const struct load *load);

/* Prints `"NAME": {...}` with the fields of usage.h. */
void load_print_usage(const char *name, const struct usage *usage);

/* The modes.  Each prints its own members of the JSON object, ending in a comma. */
void load_echo(struct load *load);
void load_connections(struct load *load);
void load_fanout(struct load *load);
void load_idle(struct load *load);
void load_pulse(struct load *load);
void load_stream(struct load *load);

#endif
