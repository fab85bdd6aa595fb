/* UnixProcess, with programs that every system has: what goes in and out, and what they find. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "graph/graph.h"
#include "tests/program.h"
#include "tests/unit.h"

/* ---- streams */

static void test_stdin_and_stdout_are_boxes(void **context)
{
    struct gathering *g = program_run("{command: [tr, a-z, A-Z]}", "hello\n");

    assert_string_equal(g->text, "HELLO\n");
    assert_int_equal(state_of(g), STOPPED);
    assert_int_equal(harness_notice(g->h, "signal"), PRODUCER_FINISHED);
    program_stop(g);
}

static void test_answers_while_its_stdin_is_open(void **context)
{
    struct gathering *g = program_start("{command: [cat]}");

    harness_say(g->h, "inbox", "one\n");
    wait_for_output(g, 4);
    assert_string_equal(g->text, "one\n");
    harness_say(g->h, "inbox", "two\n");
    wait_for_output(g, 8);

    assert_string_equal(g->text, "one\ntwo\n");
    assert_int_equal(state_of(g), RUNNING);
    program_stop(g);
}

static void test_stderr_is_a_box_where_it_is_linked(void **context)
{
    struct gathering *g = program_start("{command: \"cat >&2\"}");

    g->outbox = "error";
    harness_say(g->h, "inbox", "oops\n");
    harness_tell(g->h, PRODUCER_FINISHED);
    wait_for_end(g);

    assert_string_equal(g->text, "oops\n");
    assert_null(harness_heard(g->h, "outbox"));
    program_stop(g);
}

static bool has_logged(void *arg)
{
    struct scene *scene = arg;

    return strstr(scene->log, "two") != NULL;
}

static void test_stderr_goes_to_the_log_by_lines_where_it_is_not(void **context)
{
    struct scene *scene =
        scene_start(NULL, "components:\n"
                          "  it: {type: UnixProcess, command: \"printf 'one\\\\ntw' >&2; printf "
                          "'o\\\\n' >&2; cat\"}\n"
                          "  probe: {type: Probe}\n"
                          "linkages: [probe.out0 -> it.inbox, it.outbox -> probe.in0]\n");

    scene_wait(scene, has_logged, scene);

    assert_string_equal(scene->log, "it: two");
    scene_stop(scene);
}

static void test_a_long_line_of_stderr_is_logged_in_pieces(void **context)
{
    struct scene *scene = scene_start(
        NULL,
        "components:\n"
        "  it: {type: UnixProcess, command: \"printf '%0500d\\\\ntwo\\\\n' 7 >&2; exec cat\"}\n"
        "  probe: {type: Probe}\n"
        "linkages: [probe.out0 -> it.inbox, it.outbox -> probe.in0]\n");

    scene_wait(scene, has_logged, scene);
    assert_int_equal(scene_find(scene, "it")->state, RUNNING);
    scene_stop(scene);
}

static void test_reads_no_more_at_once_than_buffersize(void **context)
{
    struct gathering *g = program_run("{command: [cat], buffersize: 2}", "12345");

    assert_string_equal(g->text, "12345");
    assert_int_equal(g->messages, 3);
    program_stop(g);
}

static void test_many_messages_arrive_in_order(void **context)
{
    struct gathering *g = program_start("{command: [cat]}");
    char expected[20000] = "";
    size_t size = 0;

    for (int i = 0; i < 2000; i++) {
        char text[16];
        const int length = snprintf(text, sizeof(text), "%d\n", i);

        harness_say(g->h, "inbox", text);
        memcpy(expected + size, text, (size_t)length);
        size += (size_t)length;
    }
    harness_tell(g->h, PRODUCER_FINISHED);
    wait_for_end(g);

    assert_int_equal(g->size, size);
    assert_memory_equal(g->text, expected, size);
    program_stop(g);
}

static bool is_blocked(void *arg)
{
    struct component *probe = arg;

    return !outbox_has_room(probe, PROBE_OUT0);
}

static bool has_room(void *arg)
{
    return !is_blocked(arg);
}

static void test_a_program_that_does_not_read_makes_the_sender_wait(void **context)
{
    struct scene *scene = scene_start(
        NULL, "components:\n"
              "  it: {type: UnixProcess, command: \"kill -STOP $$; exec cat >/dev/null\"}\n"
              "  probe: {type: Probe}\n"
              "linkages: [probe.out0 -> it.inbox, it.outbox -> probe.in0]\n");
    struct component *probe = scene_find(scene, "probe");
    static char text[32 * 1024];
    int sent = 0;
    pid_t pid;

    memset(text, 'x', sizeof(text) - 1);
    while (outbox_has_room(probe, PROBE_OUT0)) {
        probe_send(probe, PROBE_OUT0, text);
        scene_run(scene);
        assert_in_range(++sent, 1, 100);
    }
    pid = pid_of(scene_find(scene, "it"));
    scene_wait(scene, is_stopped, &pid);
    scene_wait_seconds(scene, 0.05);
    assert_true(is_blocked(probe));

    assert_int_equal(kill(pid, SIGCONT), 0);
    scene_wait(scene, has_room, probe);
    scene_stop(scene);
}

static bool has_sent_two(void *arg)
{
    const struct gathering *gathering = arg;

    return component_outbox(harness_component(gathering->h), 0)->messages >= 2;
}

static void test_a_slow_reader_makes_the_program_wait(void **context)
{
    struct gathering *g = program_start("{command: [cat, /dev/zero]}");

    harness_bound(g->h, "outbox", 2);
    scene_wait(harness_scene(g->h), has_sent_two, g);
    scene_wait_seconds(harness_scene(g->h), 0.1);

    assert_int_equal(harness_component(g->h)->state, RUNNING);
    assert_in_range(component_outbox(harness_component(g->h), 0)->messages, 2, 3);
    program_stop(g);
}

static void test_what_comes_after_it_closed_its_stdin_is_counted_and_no_failure(void **context)
{
    struct gathering *g = program_start(
        "{command: \"exec 0<&-; echo closed; exec sleep 1000\", kill_timeout: 100ms}");

    wait_for_output(g, 7);
    harness_say(g->h, "inbox", "nobody reads this");
    harness_run(g->h);

    assert_int_equal(state_of(g), RUNNING);
    assert_int_equal(harness_stat(g->h, "unread"), 17);
    program_stop(g);
}

static void test_output_is_read_to_its_end_before_it_finishes(void **context)
{
    struct gathering *g = program_start("{command: \"head -c 200000 /dev/zero | tr '\\\\0' x\"}");

    harness_bound(g->h, "outbox", 1);
    scene_wait_seconds(harness_scene(g->h), 0.05); /* the writers have exited or wait */
    assert_int_equal(state_of(g), RUNNING);
    wait_for_end(g);
    gather(g);

    assert_int_equal(g->size, 200000);
    assert_int_equal(harness_notice(g->h, "signal"), PRODUCER_FINISHED);
    program_stop(g);
}

static void test_what_is_in_the_pipe_is_not_lost_however_slow_the_reader_is(void **context)
{
    struct gathering *g =
        program_start("{command: [head, -c, \"50000\", /dev/zero], buffersize: 1KiB, "
                      "kill_timeout: 50ms}");

    harness_bound(g->h, "outbox", 1);
    scene_wait_seconds(harness_scene(g->h), 0.15); /* it has exited, and its time is over */
    assert_int_equal(state_of(g), RUNNING);
    wait_for_end(g);

    assert_int_equal(g->size, 50000);
    assert_int_equal(state_of(g), STOPPED);
    program_stop(g);
}

/* ---- what the program finds */

static void test_has_its_three_pipes_and_no_other_descriptor(void **context)
{
    const int leaked = open("/dev/null", O_RDONLY); /* as one that axond itself was given */
    struct gathering *g = program_run("{command: [ls, /proc/self/fd]}", NULL);

    assert_string_equal(g->text, "0\n1\n2\n3\n"); /* 3 is the directory that ls looks at */
    program_stop(g);
    close(leaked);
}

static void test_its_signals_are_as_in_a_shell(void **context)
{
    sigset_t some;
    sigset_t before;
    struct gathering *g;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&some);
    (void)sigaddset(&some, SIGUSR2);
    assert_int_equal(sigprocmask(SIG_BLOCK, &some, &before), 0);
    g = program_run("{command: [grep, -E, \"Sig(Blk|Ign)\", /proc/self/status]}", NULL);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, &some), 0);

    assert_string_equal(g->text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    assert_int_equal(sigismember(&some, SIGUSR2), 1); /* ours are as they were */
    assert_ptr_equal(signal(SIGPIPE, SIG_IGN), SIG_IGN);
    program_stop(g);
}

static void test_may_open_no_more_descriptors_than_old_programs_can_count(void **context)
{
    struct rlimit before;
    struct rlimit raised;
    struct gathering *g;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    raised = before;
    raised.rlim_cur = before.rlim_max; /* as the daemon does */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &raised), 0);
    g = program_run("{command: \"ulimit -n\"}", NULL);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &raised), 0);

    assert_string_equal(g->text, "1024\n");
    assert_int_equal(raised.rlim_cur, raised.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    program_stop(g);
}

static void test_leads_a_group_of_its_own(void **context)
{
    struct gathering *g =
        program_run("{command: \"ps -o pgid= -p $$ | tr -d ' '; echo $$\"}", NULL);
    const char *second = strchr(g->text, '\n');

    assert_non_null(second);
    assert_int_equal(strtol(g->text, NULL, 10), strtol(second, NULL, 10));
    assert_int_not_equal(strtol(g->text, NULL, 10), getpgrp());
    program_stop(g);
}

static void test_environment_is_added_to_ours(void **context)
{
    struct gathering *g;

    assert_int_equal(setenv("INHERITED", "yes", 1), 0);
    assert_int_equal(setenv("REPLACED", "no", 1), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", "/run/ours", 1), 0);
    assert_int_equal(setenv("REMOTE_ADDR", "spoofed", 1), 0);
    g = program_run(
        "{command: \"echo $INHERITED $REPLACED $ADDED; echo $NOTIFY_SOCKET$REMOTE_ADDR\", "
        "environment: {REPLACED: twice, ADDED: \"a b\"}}",
        NULL);
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    assert_int_equal(unsetenv("REMOTE_ADDR"), 0);

    assert_string_equal(g->text, "yes twice a b\n\n");
    program_stop(g);
}

static void test_environment_may_be_all_there_is(void **context)
{
    struct gathering *g = program_run("{command: [env], clear_environment: true, "
                                      "environment: {TZ: UTC}}",
                                      NULL);

    assert_string_equal(g->text, "TZ=UTC\n");
    program_stop(g);
}

static void test_a_program_is_looked_for_in_the_path_that_it_gets(void **context)
{
    char directory[] = "/tmp/axond-test-XXXXXX";
    char path[64];
    char parameters[256];
    FILE *file;
    struct gathering *g;

    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/axond-test-program", directory);
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("#!/bin/sh\necho found\n", file);
    (void)fclose(file);
    assert_int_equal(chmod(path, 0700), 0);
    (void)snprintf(parameters, sizeof(parameters),
                   "{command: [axond-test-program], environment: {PATH: \":/nowhere:%s\"}}",
                   directory);
    g = program_run(parameters, NULL);

    assert_string_equal(g->text, "found\n");
    program_stop(g);
    (void)unlink(path);
    (void)rmdir(directory);
}

static void test_runs_in_its_directory(void **context)
{
    struct gathering *g = program_run("{command: [pwd], directory: /usr}", NULL);

    assert_string_equal(g->text, "/usr\n");
    program_stop(g);
}

static void test_a_list_sees_no_shell(void **context)
{
    struct gathering *g = program_run("{command: [echo, \"$HOME; *\", \"\"]}", NULL);

    assert_string_equal(g->text, "$HOME; * \n");
    program_stop(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stdin_and_stdout_are_boxes),
        cmocka_unit_test(test_answers_while_its_stdin_is_open),
        cmocka_unit_test(test_stderr_is_a_box_where_it_is_linked),
        cmocka_unit_test(test_stderr_goes_to_the_log_by_lines_where_it_is_not),
        cmocka_unit_test(test_a_long_line_of_stderr_is_logged_in_pieces),
        cmocka_unit_test(test_reads_no_more_at_once_than_buffersize),
        cmocka_unit_test(test_many_messages_arrive_in_order),
        cmocka_unit_test(test_a_program_that_does_not_read_makes_the_sender_wait),
        cmocka_unit_test(test_a_slow_reader_makes_the_program_wait),
        cmocka_unit_test(test_what_comes_after_it_closed_its_stdin_is_counted_and_no_failure),
        cmocka_unit_test(test_output_is_read_to_its_end_before_it_finishes),
        cmocka_unit_test(test_what_is_in_the_pipe_is_not_lost_however_slow_the_reader_is),
        cmocka_unit_test(test_has_its_three_pipes_and_no_other_descriptor),
        cmocka_unit_test(test_its_signals_are_as_in_a_shell),
        cmocka_unit_test(test_may_open_no_more_descriptors_than_old_programs_can_count),
        cmocka_unit_test(test_leads_a_group_of_its_own),
        cmocka_unit_test(test_environment_is_added_to_ours),
        cmocka_unit_test(test_environment_may_be_all_there_is),
        cmocka_unit_test(test_a_program_is_looked_for_in_the_path_that_it_gets),
        cmocka_unit_test(test_runs_in_its_directory),
        cmocka_unit_test(test_a_list_sees_no_shell),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
