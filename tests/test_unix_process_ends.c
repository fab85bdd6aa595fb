/* UnixProcess: how its program ends, or does not begin. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/graph.h"
#include "tests/count_descriptors.h"
#include "tests/program.h"
#include "tests/unit.h"

static void test_an_exit_status_is_a_failure_unless_it_is_called_success(void **context)
{
    struct gathering *g = program_run("{command: \"exit 3\"}", NULL);

    assert_int_equal(state_of(g), FAILED);
    assert_string_equal(reason_of(g), "exited with status 3");
    assert_int_equal(harness_stat(g->h, "exit_status"), 3);
    assert_int_equal(harness_notice(g->h, "signal"), PRODUCER_FINISHED);
    program_stop(g);

    g = program_run("{command: [grep, nothing], success: [0, 1]}", "something\n");
    assert_int_equal(state_of(g), STOPPED);
    assert_int_equal(harness_stat(g->h, "exit_status"), 1);
    program_stop(g);

    g = program_run("{command: \"exit 0\", success: 255}", NULL);
    assert_int_equal(state_of(g), FAILED);
    assert_string_equal(reason_of(g), "exited with status 0");
    program_stop(g);
}

static void test_its_status_is_known_though_sigchld_was_ignored_when_we_began(void **context)
{
    struct gathering *g;

    (void)signal(SIGCHLD, SIG_IGN);
    g = program_run("{command: \"exit 3\"}", NULL);

    assert_string_equal(reason_of(g), "exited with status 3");
    program_stop(g);
}

static void test_a_signal_is_a_failure(void **context)
{
    struct gathering *g = program_start("{command: \"kill -KILL $$\"}");

    wait_for_end(g);

    assert_int_equal(state_of(g), FAILED);
    assert_string_equal(reason_of(g), "killed by SIGKILL");
    assert_int_equal(harness_stat(g->h, "exit_status"), 128 + SIGKILL);
    program_stop(g);
}

static void test_a_program_that_cannot_be_run_is_named_with_the_reason(void **context)
{
    static const struct {
        const char *parameters;
        const char *refusal;
    } cases[] = {
        {"{command: [axond-none], environment: {PATH: \"/usr/bin:/bin\"}}",
         "it: could not run axond-none: there is no such program in /usr/bin:/bin"},
        {"{command: [/axond/none]}", "it: could not run /axond/none: No such file or directory"},
        {"{command: [/etc/passwd]}", "it: could not run /etc/passwd: Permission denied"},
        {"{command: [cat], directory: /axond/none}",
         "it: could not enter /axond/none: No such file or directory"},
    };
    const int descriptors = count_descriptors();

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct harness *h = harness_start_refused("UnixProcess", cases[i].parameters);

        assert_string_equal(harness_scene(h)->refusal, cases[i].refusal);
        harness_stop(h);
    }
    assert_int_equal(count_descriptors(), descriptors);
    assert_true(has_no_children(NULL));
}

/* Leaves room for so few descriptors. */
static void limit_descriptors(int few, const struct rlimit *before)
{
    struct rlimit limit = {.rlim_cur = 0, .rlim_max = before->rlim_max};

    for (; few > 0; limit.rlim_cur++) {
        few -= fcntl((int)limit.rlim_cur, F_GETFD) == -1;
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void test_without_descriptors_it_says_so_and_leaves_none_behind(void **context)
{
    const int descriptors = count_descriptors();
    struct rlimit before;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int few = 3; few <= 7;
         few++) { /* up to two for the loop; six for pipes, one for the end */
        struct harness *h;

        limit_descriptors(few, &before);
        h = harness_start_refused("UnixProcess", "{command: [/bin/cat]}");
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

        assert_non_null(strstr(harness_scene(h)->refusal, "it: could not make "));
        assert_non_null(strstr(harness_scene(h)->refusal, " for /bin/cat: Too many open files"));
        harness_stop(h);
        assert_int_equal(count_descriptors(), descriptors);
    }
}

static void test_a_source_is_asked_to_end_when_the_graph_drains(void **context)
{
    struct gathering *g = program_start("{command: \"echo on; exec sleep 1000\"}");

    wait_for_output(g, 3);
    harness_tell(g->h, PRODUCER_FINISHED); /* nothing leads to its inbox */
    wait_for_end(g);

    assert_int_equal(state_of(g), STOPPED);
    assert_string_equal(harness_scene(g->h)->log, "it: killed by SIGTERM");
    program_stop(g);
}

static void test_its_time_for_an_answer_begins_with_the_end_of_its_input(void **context)
{
    struct gathering *g =
        program_start("{command: \"echo on; exec sleep 1000\", answer_timeout: 50ms}");

    harness_say(g->h, "inbox", "x");
    wait_for_output(g, 3);
    scene_wait_seconds(harness_scene(g->h), 0.1); /* it may be as quiet as it likes by then */
    harness_tell(g->h, PRODUCER_FINISHED);
    harness_run(g->h);
    assert_null(strstr(harness_scene(g->h)->log, "ending it"));
    wait_for_end(g);

    assert_int_equal(state_of(g), STOPPED); /* it was asked to: no failure */
    assert_string_equal(harness_scene(g->h)->log, "it: killed by SIGTERM");
    program_stop(g);
}

/* A group of three: the shell, and two that it waits for. */
#define GROUP "echo $$; sleep 1000 & sleep 1000 & wait"

static void test_its_whole_group_ends_with_the_component(void **context)
{
    struct gathering *g = program_start("{command: \"" GROUP "\"}");
    pid_t pid;

    wait_for_output(g, 2);
    pid = (pid_t)strtol(g->text, NULL, 10);
    assert_true(is_alive(pid));
    harness_tell(g->h, SHUTDOWN_MICROPROCESS);
    harness_run(g->h);
    assert_int_equal(state_of(g), STOPPED); /* it does not wait */
    assert_int_equal(harness_notice(g->h, "signal"), SHUTDOWN_MICROPROCESS);

    scene_wait(harness_scene(g->h), is_dead, &pid);
    while (kill(-pid, 0) == 0) { /* the others are not ours to wait for */
        scene_wait_seconds(harness_scene(g->h), 0.005);
    }
    assert_int_equal(errno, ESRCH);
    program_stop(g);
    assert_true(has_no_children(NULL));
}

static void test_who_ignores_sigterm_is_killed_though_its_component_is_gone(void **context)
{
    struct gathering *g =
        program_start("{command: \"trap '' TERM; echo $$; while :; do sleep 1000; done\", "
                      "kill_timeout: 100ms}");
    pid_t pid;

    wait_for_output(g, 2);
    pid = (pid_t)strtol(g->text, NULL, 10);
    harness_tell(g->h, SHUTDOWN_MICROPROCESS);
    harness_run(g->h);
    scene_wait(harness_scene(g->h), is_dead, &pid);
    scene_wait(harness_scene(g->h), has_no_children, NULL); /* no zombie */

    assert_non_null(strstr(harness_scene(g->h)->log, "was killed, as it did not end within 0.1 s"));
    program_stop(g);
}

static void test_nobody_is_left_when_the_loop_has_ended(void **context)
{
    struct gathering *g =
        program_start("{command: \"trap '' TERM; echo $$; while :; do read line; done\", "
                      "kill_timeout: 50ms}");
    const int descriptors = count_descriptors();
    pid_t pid;

    wait_for_output(g, 2);
    pid = (pid_t)strtol(g->text, NULL, 10);
    program_stop(g); /* the graph is destroyed, and then the loop */

    assert_true(has_no_children(NULL));
    assert_false(is_alive(pid));
    assert_in_range(count_descriptors(), 1, descriptors - 4);
}

static void test_processes_left_behind_may_keep_the_output_open_for_a_while(void **context)
{
    struct gathering *g =
        program_start("{command: \"(sleep 0.1; echo late) &\", kill_timeout: 10min}");

    wait_for_end(g);

    assert_string_equal(g->text, "late\n");
    assert_int_equal(state_of(g), STOPPED);
    program_stop(g);
}

static void test_processes_left_behind_are_ended_after_that(void **context)
{
    struct gathering *g =
        program_start("{command: \"sleep 1000 & echo $!; exit 7\", kill_timeout: 100ms}");
    pid_t pid;

    wait_for_end(g);
    pid = (pid_t)strtol(g->text, NULL, 10);
    scene_wait(harness_scene(g->h), is_dead, &pid);

    assert_string_equal(reason_of(g), "exited with status 7");
    program_stop(g);
}

static void test_one_that_writes_for_ever_does_not_keep_it_for_ever(void **context)
{
    struct gathering *g = /* it has left the group, so nothing but the end of the pipe ends it */
        program_start("{command: \"setsid yes & read line; exit 0\", kill_timeout: 100ms}");
    pid_t pid = pid_of(harness_component(g->h));

    harness_bound(g->h, "outbox", 1);
    wait_for_output(g, 1);
    harness_say(g->h, "inbox", "go\n");
    scene_wait(harness_scene(g->h), is_dead, &pid);
    scene_wait_seconds(harness_scene(g->h), 0.15); /* its time is over */
    wait_for_end(g);

    assert_int_equal(state_of(g), STOPPED);
    assert_in_range(g->size, 1, 200000); /* what fits in between, and what was taken before */
    program_stop(g);
}

static void test_a_background_process_without_output_ends_with_the_program(void **context)
{
    struct gathering *g = program_start("{command: \"sleep 1000 >/dev/null 2>&1 & echo $!\"}");
    pid_t pid;

    wait_for_end(g);
    pid = (pid_t)strtol(g->text, NULL, 10);
    scene_wait(harness_scene(g->h), is_dead, &pid);

    assert_int_equal(state_of(g), STOPPED);
    program_stop(g);
}

static void test_says_what_runs_without_its_secrets(void **context)
{
    char directory[] = "/tmp/axond-test-XXXXXX";
    char path[64];
    char text[200];
    char expected[200];
    long pid;
    struct gathering *g;
    FILE *file;

    assert_non_null(mkdtemp(directory));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", directory, 1), 0);
    (void)snprintf(path, sizeof(path), "%s/key", directory);
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("hush\n", file);
    (void)fclose(file);
    g = program_start("{command: [sh, -c, \"echo $$; exec cat\", \"${credential:key}\"]}");
    wait_for_output(g, 2);
    pid = strtol(g->text, NULL, 10);
    (void)snprintf(expected, sizeof(expected), "running sh -c echo $$; exec cat ***, pid %ld", pid);

    assert_true(
        harness_component(g->h)->type->describe(harness_component(g->h), text, sizeof(text)));
    assert_string_equal(text, expected);
    assert_null(strstr(harness_scene(g->h)->log, "hush"));
    program_stop(g);
    (void)unlink(path);
    (void)rmdir(directory);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void test_an_idle_program_costs_nothing(void **context)
{
    struct gathering *g = program_start("{command: [cat]}");
    uint64_t turns;

    harness_say(g->h, "inbox", "x");
    wait_for_output(g, 1);
    scene_wait_seconds(harness_scene(g->h), 0.02);
    turns = harness_scene(g->h)->loop->turns;
    scene_wait_seconds(harness_scene(g->h), 0.2);

    assert_int_equal(harness_scene(g->h)->loop->turns, turns);
    program_stop(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_exit_status_is_a_failure_unless_it_is_called_success),
        cmocka_unit_test(test_its_status_is_known_though_sigchld_was_ignored_when_we_began),
        cmocka_unit_test(test_a_signal_is_a_failure),
        cmocka_unit_test(test_a_program_that_cannot_be_run_is_named_with_the_reason),
        cmocka_unit_test(test_without_descriptors_it_says_so_and_leaves_none_behind),
        cmocka_unit_test(test_a_source_is_asked_to_end_when_the_graph_drains),
        cmocka_unit_test(test_its_time_for_an_answer_begins_with_the_end_of_its_input),
        cmocka_unit_test(test_its_whole_group_ends_with_the_component),
        cmocka_unit_test(test_who_ignores_sigterm_is_killed_though_its_component_is_gone),
        cmocka_unit_test(test_nobody_is_left_when_the_loop_has_ended),
        cmocka_unit_test(test_processes_left_behind_may_keep_the_output_open_for_a_while),
        cmocka_unit_test(test_processes_left_behind_are_ended_after_that),
        cmocka_unit_test(test_one_that_writes_for_ever_does_not_keep_it_for_ever),
        cmocka_unit_test(test_a_background_process_without_output_ends_with_the_program),
        cmocka_unit_test(test_says_what_runs_without_its_secrets),
        cmocka_unit_test(test_an_idle_program_costs_nothing),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
