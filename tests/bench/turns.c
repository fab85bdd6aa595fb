/* turns: preloaded into a server on libev, it measures each turn of its loop.
 *
 *     epoll_wait() returns ──► the turn: all that the loop does ──► epoll_wait() is called again
 *
 *     LD_PRELOAD=turns.so TURNS_FILE=/tmp/turns axond graph.yaml
 *
 * A turn's length is the CPU time that its thread took: other programs on the machine do not add to
 * it.  What it waited for in between shows in the time on the clock.  Of several workers any may
 * have had the longest turn; while they stand still for the main thread (graph/workers.h) its CPU
 * time is what they wait for: from when the first has stopped to when they are let go.
 *
 * The figures are in the file, which is there already: numbers of 64 bits.  Whoever writes zeroes
 * there begins anew. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct turns {
    _Atomic uint64_t count;
    _Atomic uint64_t longest;       /* ns of CPU time */
    _Atomic uint64_t longest_wall;  /* ns */
    _Atomic uint64_t longest_still; /* ns of the main thread's CPU time */
};

typedef int (*wait_function)(int, struct epoll_event *, int, int);
typedef int (*cond_wait_function)(pthread_cond_t *, pthread_mutex_t *);
typedef int (*cond_broadcast_function)(pthread_cond_t *);

static struct turns *turns;
static clockid_t main_clock;
static _Atomic uint64_t still_since; /* 0: nobody stands still */
static wait_function real_wait;
static cond_wait_function real_cond_wait;
static cond_broadcast_function real_cond_broadcast;

static uint64_t now(clockid_t clock)
{
    struct timespec ts;

    (void)clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static void raise_to(_Atomic uint64_t *longest, uint64_t took)
{
    uint64_t before = atomic_load(longest);

    while (took > before && !atomic_compare_exchange_weak(longest, &before, took)) {
    }
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

__attribute__((constructor)) static void begin(void)
{
    turns = map_file();
    real_wait = (wait_function)(uintptr_t)dlsym(RTLD_NEXT, "epoll_wait");
    real_cond_wait = (cond_wait_function)(uintptr_t)dlsym(RTLD_NEXT, "pthread_cond_wait");
    real_cond_broadcast =
        (cond_broadcast_function)(uintptr_t)dlsym(RTLD_NEXT, "pthread_cond_broadcast");
    if (pthread_getcpuclockid(pthread_self(), &main_clock) != 0) {
        abort();
    }
}

static int is_main(void)
{
    return gettid() == getpid();
}

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
    static __thread uint64_t began;
    static __thread uint64_t began_wall;
    int result;

    if (began_wall > 0) {
        atomic_fetch_add(&turns->count, 1);
        raise_to(&turns->longest, now(CLOCK_THREAD_CPUTIME_ID) - began);
        raise_to(&turns->longest_wall, now(CLOCK_MONOTONIC) - began_wall);
    }
    result = real_wait(fd, events, most, timeout);
    began = now(CLOCK_THREAD_CPUTIME_ID);
    began_wall = now(CLOCK_MONOTONIC);
    return result;
}

/* A worker stands still. */
int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    uint64_t nobody = 0;

    if (!is_main()) {
        (void)atomic_compare_exchange_strong(&still_since, &nobody, now(main_clock));
    }
    return real_cond_wait(cond, mutex);
}

/* The main thread lets them go. */
int pthread_cond_broadcast(pthread_cond_t *cond)
{
    const uint64_t since = is_main() ? atomic_exchange(&still_since, 0) : 0;

    if (since > 0) {
        raise_to(&turns->longest_still, now(main_clock) - since);
    }
    return real_cond_broadcast(cond);
}
