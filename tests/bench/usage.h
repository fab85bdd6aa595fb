/* What /proc tells about the server under test.
 *
 * The load client reads it itself, at the very edges of the window in which it counts messages, so
 * that CPU time and messages belong together. */
#ifndef TESTS_BENCH_USAGE_H
#define TESTS_BENCH_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct usage {
    uint64_t run_ns;  /* on a CPU, all threads and children: /proc/PID/task/TID/schedstat */
    uint64_t user_ms; /* /proc/PID/stat; counted in clock ticks, so in steps of 10 ms */
    uint64_t system_ms;
    uint64_t rss_kib;       /* /proc/PID/smaps_rollup */
    uint64_t anonymous_kib; /* of it, not backed by a file: heap, stacks, data */
    uint64_t fds;
    uint64_t slab_kib; /* of the whole kernel: both ends of each connection are in it */
};

/* Reads what can be read of the process; what can't (pid 0: nothing) stays 0. */
void usage_read(struct usage *usage, pid_t pid);

/* Only run_ns, which costs a fraction of the whole. */
uint64_t usage_run_ns(pid_t pid);

/* Whether it waits for something to happen; also if nothing can be read of it. */
bool usage_is_asleep(pid_t pid);

#endif
