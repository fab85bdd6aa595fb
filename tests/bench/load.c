/* load: traffic for a TCP server on this machine, checked byte by byte and measured.
 *
 *     load echo    --port P --conns N --depth D --size S --seconds T   ping-pong
 *     load lines   --port P --conns N --depth D --size S --seconds T   the same, a line in each
 *                                                     message
 *     load connect --port P --conns N --seconds T     connect, one echo, close; N at a time
 *     load fanout  --port P --conns N --depth D --size S --seconds T   one speaks, all hear
 *     load idle    --port P --conns N --hold T        open all, one echo each, hold, one echo each
 *     load pulse   --port P --seconds T               one message each ms, until stdin ends
 *     load stream  --port P --conns N --seconds T --backend-port B     bulk through a proxy to B,
 *                                                     where this program itself is the backend
 *
 * and for all: --messages M (stop after exactly M), --warmup T, --patience T, --pid PID (of the
 * server: its CPU time and memory over the same window are reported too).  Prints one JSON object.
 * Exit status: 0 all bytes came back, 1 errors (the first in "error"), 64 wrong usage. */
#include "tests/bench/load.h"

#include "tests/bench/pattern.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 64, SOURCES = 32 };

static const struct mode {
    const char *name;
    const char *counts; /* what `done` is */
    const char *one;    /* of them */
    double unit;        /* of what is printed, in `done` */
    void (*run)(struct load *load);
    bool lines; /* messages are lines */
} modes[] = {
    {"connect", "conns", "conn", 1, load_connections, false},
    {"echo", "msgs", "msg", 1, load_echo, false},
    {"fanout", "deliveries", "delivery", 1, load_fanout, false},
    {"idle", "msgs", "msg", 1, load_idle, false},
    {"lines", "msgs", "msg", 1, load_echo, true},
    {"pulse", "msgs", "msg", 1, load_pulse, false},
    {"stream", "mb", "mb", 1e6, load_stream, false},
};

uint64_t load_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void load_fail(struct load *load, const char *format, ...)
{
    va_list args;

    if (load->errors++ == 0) {
        va_start(args, format);
        vsnprintf(load->error, sizeof load->error, format, args);
        va_end(args);
    }
}

int load_connect(struct load *load)
{
    static unsigned turn;
    struct timeval patience = {.tv_sec = (time_t)load->options.patience + 1};
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(load->options.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd == -1) {
        load_fail(load, "socket: %s", strerror(errno));
        return -1;
    }
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn++ % SOURCES);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); /* bounds connect() */
    if (bind(fd, (struct sockaddr *)&from, sizeof from) == -1 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) == -1 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) == -1) {
        load_fail(load, "connecting to 127.0.0.1:%u: %s", load->options.port, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

void load_watch(const struct load *load, int fd, void *data, uint32_t events, bool is_new)
{
    struct epoll_event event = {.events = events, .data.ptr = data};

    if (epoll_ctl(load->epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) == -1) {
        perror("load: epoll_ctl");
        abort();
    }
}

void load_begin_window(struct load *load)
{
    memset(&load->latency, 0, sizeof load->latency);
    load->done = 0;
    usage_read(&load->before, load->options.pid);
    load->began = load_now();
}

void load_end_window(struct load *load)
{
    load->ended = load_now();
    usage_read(&load->after, load->options.pid);
}

void load_settle(const struct load *load)
{
    const struct timespec pause = {.tv_nsec = 100000000};
    uint64_t before = usage_run_ns(load->options.pid);
    uint64_t after;
    int left;

    for (left = 600; left > 0; left--) {
        nanosleep(&pause, NULL);
        after = usage_run_ns(load->options.pid);
        if (after == before && usage_is_asleep(load->options.pid)) {
            return;
        }
        before = after;
    }
}

void load_print_usage(const char *name, const struct usage *usage)
{
    printf("\"%s\": {\"run_ns\": %llu, \"user_ms\": %llu, \"system_ms\": %llu, \"rss_kib\": %llu, "
           "\"anonymous_kib\": %llu, \"fds\": %llu, \"slab_kib\": %llu}",
           name, (unsigned long long)usage->run_ns, (unsigned long long)usage->user_ms,
           (unsigned long long)usage->system_ms, (unsigned long long)usage->rss_kib,
           (unsigned long long)usage->anonymous_kib, (unsigned long long)usage->fds,
           (unsigned long long)usage->slab_kib);
}

/* Texts of errors hold no more than strerror() and numbers, so nothing needs escaping. */
static void print_result(const struct load *load, const struct mode *mode)
{
    double seconds = (double)(load->ended - load->began) / 1e9;
    double done = (double)load->done / mode->unit;
    uint64_t run_ns = load->after.run_ns - load->before.run_ns;

    printf("\"seconds\": %.6f, \"%s\": %.6g, \"%s_per_s\": %.6g, ", seconds, mode->counts, done,
           mode->counts, seconds > 0 ? done / seconds : 0);
    printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, ",
           (double)histogram_quantile(&load->latency, 0.5) / 1e3,
           (double)histogram_quantile(&load->latency, 0.99) / 1e3,
           (double)histogram_quantile(&load->latency, 0.999) / 1e3,
           (double)load->latency.max / 1e3);
    if (load->options.pid != 0) {
        printf("\"server_us_per_%s\": %.4f, ", mode->one,
               done > 0 ? (double)run_ns / 1e3 / done : 0);
        load_print_usage("before", &load->before);
        printf(", ");
        load_print_usage("after", &load->after);
        printf(", ");
    }
    printf("\"errors\": %llu, \"error\": \"%s\"}\n", (unsigned long long)load->errors, load->error);
}

static int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int usage_error(const char *format, ...)
{
    va_list args;

    fputs("load: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\nusage: load echo|connect|fanout|idle|lines|pulse|stream --port P [--conns N]\n"
          "    [--depth D] [--size S]\n"
          "    [--seconds T | --messages M] [--warmup T] [--hold T] [--patience T] [--pid PID]\n"
          "    [--backend-port P] [--host 127.0.0.1]\n",
          stderr);
    return EXIT_USAGE;
}

/* Reads the options; every number has a range, which bounds what a run can do to the machine.
 * Returns 0, else an exit status. */
static int read_options(struct load_options *options, int argc, char **argv)
{
    enum {
        PORT,
        CONNS,
        DEPTH,
        SIZE,
        SECONDS,
        MESSAGES,
        WARMUP,
        HOLD,
        PATIENCE,
        PID,
        BACKEND,
        HOST
    };
    static const struct option names[] = {
        [PORT] = {"port", required_argument, NULL, 0},
        [CONNS] = {"conns", required_argument, NULL, 0},
        [DEPTH] = {"depth", required_argument, NULL, 0},
        [SIZE] = {"size", required_argument, NULL, 0},
        [SECONDS] = {"seconds", required_argument, NULL, 0},
        [MESSAGES] = {"messages", required_argument, NULL, 0},
        [WARMUP] = {"warmup", required_argument, NULL, 0},
        [HOLD] = {"hold", required_argument, NULL, 0},
        [PATIENCE] = {"patience", required_argument, NULL, 0},
        [PID] = {"pid", required_argument, NULL, 0},
        [BACKEND] = {"backend-port", required_argument, NULL, 0},
        [HOST] = {"host", required_argument, NULL, 0},
        {0},
    };
    static const struct {
        double min, max, fallback;
    } ranges[] = {
        [PORT] = {1, 65535, 0},        [CONNS] = {1, 19900, 1},    [DEPTH] = {1, 4096, 1},
        [SIZE] = {1, PATTERN_RUN, 64}, [SECONDS] = {0.01, 600, 2}, [MESSAGES] = {1, 1e9, 0},
        [WARMUP] = {0, 60, 0.2},       [HOLD] = {0, 600, 2},       [PATIENCE] = {0.1, 600, 60},
        [PID] = {1, 4194304, 0},       [BACKEND] = {1, 65535, 0},
    };
    double values[HOST];
    int which;
    int code;
    char *end;

    for (which = 0; which < HOST; which++) {
        values[which] = ranges[which].fallback;
    }
    while ((code = getopt_long(argc, argv, "", names, &which)) != -1) {
        if (code != 0) {
            return usage_error("no such option, or its value is missing");
        }
        if (which == HOST) {
            if (strcmp(optarg, "127.0.0.1") != 0) {
                return usage_error("refused: the load goes to 127.0.0.1 only, not to %s", optarg);
            }
            continue;
        }
        values[which] = strtod(optarg, &end);
        if (end == optarg || *end != '\0' || !(values[which] >= ranges[which].min) ||
            !(values[which] <= ranges[which].max)) {
            return usage_error("--%s must be from %.10g to %.10g; got \"%s\"", names[which].name,
                               ranges[which].min, ranges[which].max, optarg);
        }
    }
    if (optind != argc || values[PORT] == 0) {
        return usage_error(optind != argc ? "too many arguments" : "--port is needed");
    }
    if (values[DEPTH] * values[SIZE] > PATTERN_RUN) {
        return usage_error("depth times size must be at most %d bytes", PATTERN_RUN);
    }
    *options = (struct load_options){
        .port = (uint16_t)values[PORT],
        .backend_port = (uint16_t)values[BACKEND],
        .conns = (unsigned)values[CONNS],
        .depth = (unsigned)values[DEPTH],
        .size = (size_t)values[SIZE],
        .messages = (uint64_t)values[MESSAGES],
        .seconds = values[SECONDS],
        .warmup = values[MESSAGES] > 0 ? 0 : values[WARMUP],
        .hold = values[HOLD],
        .patience = values[PATIENCE],
        .pid = (pid_t)values[PID],
    };
    return 0;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    static struct load load; /* too big for the stack */
    const struct mode *mode = NULL;
    size_t i;
    int status;

    for (i = 0; argc > 1 && i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            mode = &modes[i];
        }
    }
    if (mode == NULL) {
        return usage_error("the first argument is what to do");
    }
    status = read_options(&load.options, argc - 1, argv + 1);
    if (status != 0) {
        return status;
    }
    if (mode->run == load_stream && load.options.backend_port == 0) {
        return usage_error("stream needs --backend-port, where the proxy connects to");
    }
    if (mode->lines && load.options.size > PATTERN_PERIOD) {
        return usage_error("a line must be at most %d bytes", PATTERN_PERIOD);
    }
    raise_descriptor_limit();
    pattern_init(mode->lines ? load.options.size : 0);
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    printf("{\"mode\": \"%s\", \"conns\": %u, \"depth\": %u, \"size\": %zu, ", mode->name,
           load.options.conns, load.options.depth, load.options.size);
    mode->run(&load);
    print_result(&load, mode);
    return load.errors == 0 ? 0 : 1;
}
