/* progress, with a loop that another thread runs, as a worker's is. */
#include "daemon/progress.h"
#include "tests/unit.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

enum { PATIENCE = 30 * 1000 }; /* ms */

struct worker {
    pthread_t thread;
    struct ev_loop *ev;
    struct progress_loop asked;
    ev_async stop;
    ev_async hold; /* the loop is held until ... */
    sem_t release;
};

static void on_stop(struct ev_loop *ev, ev_async *stop, int events)
{
    ev_break(ev, EVBREAK_ALL);
}

static void on_hold(struct ev_loop *ev, ev_async *hold, int events)
{
    (void)sem_wait(&container_of(hold, struct worker, hold)->release);
}

static void *run(void *ev)
{
    (void)ev_run(ev, 0);
    return NULL;
}

static void worker_start(struct worker *worker, struct progress *progress, const char *name)
{
    worker->ev = ev_loop_new(EVFLAG_AUTO);
    assert_int_equal(sem_init(&worker->release, 0, 0), 0);
    progress_add(progress, &worker->asked, worker->ev, name);
    ev_async_init(&worker->stop, on_stop);
    ev_async_start(worker->ev, &worker->stop);
    ev_async_init(&worker->hold, on_hold);
    ev_async_start(worker->ev, &worker->hold);
    assert_int_equal(pthread_create(&worker->thread, NULL, run, worker->ev), 0);
}

static void worker_end(struct worker *worker)
{
    ev_async_send(worker->ev, &worker->stop);
    assert_int_equal(pthread_join(worker->thread, NULL), 0);
    progress_remove(&worker->asked);
    ev_loop_destroy(worker->ev);
    (void)sem_destroy(&worker->release);
}

/* Waits for the answer to the question before. */
static void wait_answered(struct worker *worker)
{
    for (int ms = 0; ms < PATIENCE && !atomic_load(&worker->asked.has_answered); ms++) {
        (void)usleep(1000);
    }
    assert_true(atomic_load(&worker->asked.has_answered));
}

static void test_without_other_loops_all_is_well(void **context)
{
    struct progress progress;

    progress_init(&progress);

    assert_null(progress_ask(&progress));
    assert_null(progress_ask(&progress));
}

static void test_loops_that_sleep_wake_up_to_answer(void **context)
{
    struct progress progress;
    struct worker workers[2];

    progress_init(&progress);
    worker_start(&workers[0], &progress, "worker 1");
    worker_start(&workers[1], &progress, "worker 2");

    for (int times = 0; times < 3; times++) {
        assert_null(progress_ask(&progress));
        wait_answered(&workers[0]);
        wait_answered(&workers[1]);
    }

    worker_end(&workers[0]);
    worker_end(&workers[1]);
}

static void test_a_loop_that_is_held_is_named_until_it_turns(void **context)
{
    struct progress progress;
    struct worker workers[2];

    progress_init(&progress);
    worker_start(&workers[0], &progress, "worker 1");
    worker_start(&workers[1], &progress, "worker 2");
    ev_async_send(workers[1].ev, &workers[1].hold);
    while (ev_async_pending(&workers[1].hold)) { /* until it has begun */
        (void)usleep(1000);
    }

    assert_null(progress_ask(&progress)); /* nothing had been asked before */
    wait_answered(&workers[0]);
    assert_string_equal(progress_ask(&progress), "worker 2");
    wait_answered(&workers[0]);
    assert_string_equal(progress_ask(&progress), "worker 2");
    (void)sem_post(&workers[1].release);
    wait_answered(&workers[1]);
    wait_answered(&workers[0]);
    assert_null(progress_ask(&progress));

    worker_end(&workers[0]);
    worker_end(&workers[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_other_loops_all_is_well),
        cmocka_unit_test(test_loops_that_sleep_wake_up_to_answer),
        cmocka_unit_test(test_a_loop_that_is_held_is_named_until_it_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
