/* What the daemon adds to the metrics: the process, the graph's generation, the last reload. */
#include "daemon/daemon.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "graph/metrics.h"

/* Names and meanings are those that Prometheus' client libraries give any process. */
static const struct metrics_family cpu = {"process_cpu_seconds", "seconds",
                                          "user and system time of the process", METRICS_COUNTER};
static const struct metrics_family memory = {"process_resident_memory_bytes", "bytes",
                                             "memory of the process", METRICS_GAUGE};
static const struct metrics_family begun = {"process_start_time_seconds", "seconds",
                                            "start of the process, since 1970", METRICS_GAUGE};
static const struct metrics_family open_fds = {"process_open_fds", NULL,
                                               "descriptors that are open", METRICS_GAUGE};
static const struct metrics_family max_fds = {"process_max_fds", NULL,
                                              "descriptors that may be open", METRICS_GAUGE};

static const struct metrics_family build = {"axond_build_info", NULL, "the version that runs",
                                            METRICS_GAUGE};
static const struct metrics_family generation = {
    "axond_graph_generation", NULL, "graphs that were started, by a reload but for the first",
    METRICS_GAUGE};
static const struct metrics_family reloaded = {"axond_last_reload_successful", NULL,
                                               "1: it was, or there was none; 0: it was refused",
                                               METRICS_GAUGE};
static const struct metrics_family reload_time = {"axond_last_reload_timestamp_seconds", "seconds",
                                                  "when that was, since 1970; 0: there was none",
                                                  METRICS_GAUGE};

static double cpu_seconds(void)
{
    struct timespec time;

    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0
               ? (double)time.tv_sec + (double)time.tv_nsec / 1e9
               : 0;
}

static double resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long long pages = 0;
    char line[200];
    char *end;

    if (file != NULL) {
        if (fgets(line, sizeof(line), file) != NULL) {
            (void)strtoull(line, &end, 10); /* the size; then what is resident */
            pages = strtoull(end, NULL, 10);
        }
        (void)fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* A new kernel (6.2) says how many there are without counting them one by one. */
static void write_open_fds(struct metrics_writer *writer)
{
    struct stat st;

    if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0) {
        metrics_write(writer, &open_fds, NULL, (double)st.st_size);
    }
}

static void write_max_fds(struct metrics_writer *writer)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        metrics_write(writer, &max_fds, NULL, (double)limit.rlim_cur);
    }
}

void daemon_write_metrics(void *arg, struct metrics_writer *writer)
{
    const struct daemon *daemon = arg;
    const struct reload_result *last = &daemon->last_reload;

    metrics_write(writer, &build, "version=\"" AXOND_VERSION "\"", 1);
    metrics_write(writer, &generation, NULL, daemon->generation);
    metrics_write(writer, &reloaded, NULL, last->time <= 0 || last->done);
    metrics_write(writer, &reload_time, NULL, last->time);
    metrics_write(writer, &cpu, NULL, cpu_seconds());
    metrics_write(writer, &memory, NULL, resident_bytes());
    metrics_write(writer, &begun, NULL, daemon->started);
    write_open_fds(writer);
    write_max_fds(writer);
}
