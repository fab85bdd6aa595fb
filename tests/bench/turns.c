/* turns: preloaded into a server on libev, it measures each turn of its loop.
 *
 *     epoll_wait() returns ──► the turn: all that the loop does ──► epoll_wait() is called again
 *
 *     LD_PRELOAD=turns.so TURNS_FILE=/tmp/turns axond graph.yaml
 *
 * A turn's length is the CPU time that its thread took: other programs on the machine do not add to
 * it.  What it waited for in between shows in the time on the clock.  The figures are in the file,
 * which is there already: three numbers of 64 bits.  Whoever writes zeroes there begins anew. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct turns {
    uint64_t count;
    uint64_t longest;      /* ns of CPU time */
    uint64_t longest_wall; /* ns */
};

typedef int (*wait_function)(int, struct epoll_event *, int, int);

static uint64_t now(clockid_t clock)
{
    struct timespec ts;

    (void)clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static struct turns *map_file(void)
{
    const char *path = getenv("TURNS_FILE");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map;

    if (fd == -1) {
        abort();
    }
    map = mmap(NULL, sizeof(struct turns), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        abort();
    }
    (void)close(fd);
    return map;
}

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
    static struct turns *turns;
    static wait_function wait;
    static __thread uint64_t began;
    static __thread uint64_t began_wall;
    int result;

    if (turns == NULL) {
        turns = map_file();
        wait = (wait_function)(uintptr_t)dlsym(RTLD_NEXT, "epoll_wait");
    }
    if (began_wall > 0) {
        const uint64_t took = now(CLOCK_THREAD_CPUTIME_ID) - began;
        const uint64_t took_wall = now(CLOCK_MONOTONIC) - began_wall;

        turns->count++;
        turns->longest = took > turns->longest ? took : turns->longest;
        turns->longest_wall = took_wall > turns->longest_wall ? took_wall : turns->longest_wall;
    }
    result = wait(fd, events, most, timeout);
    began = now(CLOCK_THREAD_CPUTIME_ID);
    began_wall = now(CLOCK_MONOTONIC);
    return result;
}
