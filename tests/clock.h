/* The clock of a test: it stands still while the test works, and jumps ahead when it would wait.
 *
 *     libev ──► clock_gettime(), gettimeofday() ──► the time of the test
 *           ──► epoll_wait(500 ms) ──► has anything happened?  If not, it is 500 ms later
 *
 * So a minute of waiting takes no time, and however slow or busy the machine is, a timer fires when
 * it is due, to the millisecond that epoll_wait() counts in; a turn of the loop takes 1 us.  It is
 * for tests that wait for nothing but timers and what they do themselves; those with threads or
 * programs beside them need the time of the machine.  Linking axond_clock is all that it takes: its
 * functions come before libc's. */
#ifndef TESTS_CLOCK_H
#define TESTS_CLOCK_H

/* Seconds of CLOCK_MONOTONIC. */
double clock_now(void);

/* Expects so many seconds to have passed since that clock_now(), and a few milliseconds at most, as
 * several timers that follow on each other are late. */
void clock_expect_passed(double since, double seconds);

#endif
