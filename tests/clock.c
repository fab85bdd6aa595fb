#include "tests/clock.h"

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit.h"

enum { LOOK = 1000, MS = 1000 * 1000, SECOND = 1000 * MS }; /* nanoseconds */

static int64_t passed; /* nanoseconds since the test began */

/* What the machine's clock said when the test began. */
static int64_t beginning(clockid_t id)
{
    static int64_t begun[CLOCK_MONOTONIC + 1];
    struct timespec now;

    if (begun[id] == 0) {
        (void)syscall(SYS_clock_gettime, id, &now);
        begun[id] = (int64_t)now.tv_sec * SECOND + now.tv_nsec - passed;
    }
    return begun[id];
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    int64_t time;

    if (id == CLOCK_REALTIME_COARSE) {
        id = CLOCK_REALTIME;
    } else if (id == CLOCK_MONOTONIC_COARSE) {
        id = CLOCK_MONOTONIC;
    } else if (id != CLOCK_REALTIME && id != CLOCK_MONOTONIC) {
        return (int)syscall(SYS_clock_gettime, id, now);
    }
    time = beginning(id) + passed;
    *now = (struct timespec){.tv_sec = time / SECOND, .tv_nsec = time % SECOND};
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_REALTIME, &time);
    *now = (struct timeval){.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
    return 0;
}

double clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / SECOND;
}

void clock_expect_passed(double since, double seconds)
{
    const double late = clock_now() - since - seconds;

    if (late < -1e-6 || late > 0.02) {
        fail_msg("%.4f s have passed, not %.4f", late + seconds, seconds);
    }
}

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
    const int count = epoll_pwait(fd, events, most, timeout < 0 ? -1 : 0, NULL);

    passed += LOOK; /* libev takes it for granted that two looks are not at the same time */
    if (count == 0) {
        passed += (int64_t)timeout * MS;
    }
    return count;
}
