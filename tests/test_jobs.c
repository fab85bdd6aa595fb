/* Jobs: done by threads, one after another, and handed back to the loop. */
#include "tests/unit.h"

#include <ev.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "daemon/jobs.h"

/* Work that takes until it is let go; it notes what becomes of it. */
struct errand {
    struct job job;
    sem_t may_end;
    sem_t is_destroyed;
    pthread_t worked_by;
    bool is_wanted; /* as begin() says */
    bool has_worked;
    unsigned done; /* its place among those that were done, from 1 */
    unsigned *done_in_all;
};

static struct errand *of(struct job *job)
{
    return container_of(job, struct errand, job);
}

static bool begin(struct job *job)
{
    return of(job)->is_wanted;
}

static void work(struct job *job)
{
    struct errand *errand = of(job);

    while (sem_wait(&errand->may_end) == -1) {
    }
    errand->worked_by = pthread_self();
    errand->has_worked = true;
}

static void done(struct job *job)
{
    of(job)->done = ++*of(job)->done_in_all;
}

static void destroy(struct job *job)
{
    assert_int_equal(sem_post(&of(job)->is_destroyed), 0);
}

struct office {
    struct ev_loop *ev;
    struct jobs *jobs;
    struct errand errands[3];
    unsigned done;
};

static struct office *office_open(void)
{
    struct office *office = mem_alloc(sizeof(*office));

    office->ev = ev_loop_new(EVFLAG_AUTO);
    assert_non_null(office->ev);
    office->jobs = jobs_create(office->ev);
    for (int i = 0; i < 3; i++) {
        struct errand *errand = &office->errands[i];

        errand->job = (struct job){.begin = begin, .work = work, .done = done, .destroy = destroy};
        errand->is_wanted = true;
        errand->done_in_all = &office->done;
        assert_int_equal(sem_init(&errand->may_end, 0, 0), 0);
        assert_int_equal(sem_init(&errand->is_destroyed, 0, 0), 0);
    }
    return office;
}

static void office_close(struct office *office)
{
    jobs_destroy(office->jobs);
    ev_loop_destroy(office->ev);
    free(office);
}

static void add_all(struct office *office)
{
    for (int i = 0; i < 3; i++) {
        jobs_add(office->jobs, &office->errands[i].job);
    }
}

static void let_all_end(struct office *office)
{
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sem_post(&office->errands[i].may_end), 0);
    }
}

/* The watcher of jobs does not keep the loop running, so here something else does. */
static void on_never(struct ev_loop *ev, ev_timer *watcher, int revents)
{
}

static void run_until_done(struct office *office, unsigned count)
{
    ev_timer never;

    ev_timer_init(&never, on_never, 3600.0, 0.0);
    ev_timer_start(office->ev, &never);
    while (office->done < count) {
        (void)ev_run(office->ev, EVRUN_ONCE);
    }
    ev_timer_stop(office->ev, &never);
}

static bool is_destroyed(struct errand *errand)
{
    return sem_trywait(&errand->is_destroyed) == 0;
}

static void test_the_loop_goes_on_while_a_thread_works(void **context)
{
    struct office *office = office_open();
    struct errand *errand = &office->errands[0];

    jobs_add(office->jobs, &errand->job);
    (void)ev_run(office->ev, EVRUN_NOWAIT);
    (void)ev_run(office->ev, EVRUN_NOWAIT);
    assert_int_equal(office->done, 0);
    let_all_end(office);
    run_until_done(office, 1);

    assert_true(errand->has_worked);
    assert_false(pthread_equal(errand->worked_by, pthread_self()));
    assert_false(is_destroyed(errand)); /* done() sees to that */
    office_close(office);
}

static void test_jobs_are_done_in_their_order_one_at_a_time(void **context)
{
    struct office *office = office_open();

    add_all(office);
    for (int i = 2; i >= 0; i--) { /* who may end first does not matter */
        (void)ev_run(office->ev, EVRUN_NOWAIT);
        assert_int_equal(office->done, 0);
        assert_int_equal(sem_post(&office->errands[i].may_end), 0);
    }
    run_until_done(office, 3);

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(office->errands[i].done, i + 1);
    }
    office_close(office);
}

static void test_one_that_waits_can_be_taken_out_and_one_that_has_begun_cannot(void **context)
{
    struct office *office = office_open();

    add_all(office);
    (void)ev_run(office->ev, EVRUN_NOWAIT);
    assert_false(jobs_remove(&office->errands[0].job));
    assert_true(jobs_remove(&office->errands[1].job));
    let_all_end(office);
    run_until_done(office, 2);

    assert_int_equal(office->errands[0].done, 1);
    assert_int_equal(office->errands[1].done, 0);
    assert_false(office->errands[1].has_worked);
    assert_int_equal(office->errands[2].done, 2);
    office_close(office);
}

static void test_one_that_is_not_wanted_any_more_is_done_without_work(void **context)
{
    struct office *office = office_open();

    office->errands[0].is_wanted = false;
    add_all(office);
    let_all_end(office);
    run_until_done(office, 3);

    assert_false(office->errands[0].has_worked);
    assert_int_equal(office->errands[0].done, 1);
    assert_true(office->errands[1].has_worked);
    office_close(office);
}

static void test_the_end_waits_for_none_and_destroys_all(void **context)
{
    struct office *office = office_open();

    add_all(office);
    (void)ev_run(office->ev, EVRUN_NOWAIT);
    jobs_destroy(office->jobs); /* the first is under way, and may not end yet */
    office->jobs = NULL;

    assert_false(is_destroyed(&office->errands[0]));
    assert_true(is_destroyed(&office->errands[1]));
    assert_true(is_destroyed(&office->errands[2]));
    let_all_end(office);
    assert_int_equal(sem_wait(&office->errands[0].is_destroyed), 0); /* by its thread */
    assert_int_equal(office->done, 0);
    office_close(office);
}

static void test_one_that_finished_just_before_the_end_is_destroyed_as_well(void **context)
{
    struct office *office = office_open();
    struct errand *errand = &office->errands[0];

    let_all_end(office);
    jobs_add(office->jobs, &errand->job);
    (void)ev_run(office->ev, EVRUN_NOWAIT);
    jobs_destroy(office->jobs);
    office->jobs = NULL;

    assert_int_equal(sem_wait(&errand->is_destroyed), 0); /* by the loop, or by its thread */
    assert_int_equal(office->done, 0);
    office_close(office);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_loop_goes_on_while_a_thread_works),
        cmocka_unit_test(test_jobs_are_done_in_their_order_one_at_a_time),
        cmocka_unit_test(test_one_that_waits_can_be_taken_out_and_one_that_has_begun_cannot),
        cmocka_unit_test(test_one_that_is_not_wanted_any_more_is_done_without_work),
        cmocka_unit_test(test_the_end_waits_for_none_and_destroys_all),
        cmocka_unit_test(test_one_that_finished_just_before_the_end_is_destroyed_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
