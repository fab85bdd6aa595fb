#include "graph/thread.h"

#include <signal.h>
#include <stddef.h>

enum { STACK_SIZE = 8 << 20 }; /* what main() has, wherever that is not limited */

int thread_create(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    int error;

    REQUIRE(pthread_attr_init(&attributes) == 0);
    REQUIRE(pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(thread, &attributes, run, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return -error;
}

void thread_create_detached(void *(*run)(void *arg), void *arg)
{
    pthread_t thread;

    if (thread_create(&thread, run, arg) < 0) {
        (void)run(arg);
    } else {
        (void)pthread_detach(thread);
    }
}
