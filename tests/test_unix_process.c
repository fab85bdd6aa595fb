/* UnixProcess, with programs that every system has. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "graph/graph.h"
#include "tests/count_descriptors.h"
#include "tests/harness.h"
#include "tests/unit.h"

enum { MEGABYTE = 1024 * 1024 };

/* ---- waiting */

/* What came out of a box so far, put together. */
struct gathering {
    struct harness *h;
    const char *outbox;
    char text[MEGABYTE];
    size_t size;
    size_t messages;
    size_t wanted; /* bytes */
};

static void gather(struct gathering *gathering)
{
    const char *text;

    while ((text = harness_heard(gathering->h, gathering->outbox)) != NULL) {
        const size_t size = harness_heard_size(gathering->h);

        assert_in_range(gathering->size + size, 0, sizeof(gathering->text) - 1);
        memcpy(gathering->text + gathering->size, text, size);
        gathering->size += size;
        gathering->text[gathering->size] = '\0';
        gathering->messages++;
    }
}

static bool has_gathered(void *arg)
{
    struct gathering *gathering = arg;

    gather(gathering);
    return gathering->size >= gathering->wanted;
}

static bool is_over(void *arg)
{
    struct gathering *gathering = arg;

    gather(gathering);
    return component_is_over(harness_component(gathering->h));
}

static struct gathering *start(const char *parameters)
{
    struct gathering *gathering = mem_alloc(sizeof(*gathering));

    gathering->h = harness_start("UnixProcess", parameters);
    gathering->outbox = "outbox";
    return gathering;
}

static void stop(struct gathering *gathering)
{
    harness_stop(gathering->h);
    free(gathering);
}

static void wait_for_output(struct gathering *gathering, size_t size)
{
    gathering->wanted = size;
    scene_wait(harness_scene(gathering->h), has_gathered, gathering);
}

static void wait_for_end(struct gathering *gathering)
{
    scene_wait(harness_scene(gathering->h), is_over, gathering);
}

static enum component_state state_of(const struct gathering *gathering)
{
    return (enum component_state)harness_component(gathering->h)->state;
}

static const char *reason_of(const struct gathering *gathering)
{
    return component_reason(harness_component(gathering->h));
}

/* Runs a program to its end; input: all that it gets, or NULL for a stdin that stays open. */
static struct gathering *run(const char *parameters, const char *input)
{
    struct gathering *gathering = start(parameters);

    if (input != NULL) {
        harness_say(gathering->h, "inbox", input);
        harness_tell(gathering->h, PRODUCER_FINISHED);
    }
    wait_for_end(gathering);
    return gathering;
}

/* The program's, as the component describes itself. */
static pid_t pid_of(struct component *component)
{
    char text[300];

    assert_true(component->type->describe(component, text, sizeof(text)));
    assert_non_null(strstr(text, ", pid "));
    return (pid_t)strtol(strstr(text, ", pid ") + 6, NULL, 10);
}

/* The state of a process as ps shows it; X: there is none. */
static char look_at(pid_t pid)
{
    char path[64];
    char state = 'X';
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file == NULL) {
        return 'X';
    }
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) {
        state = 'X';
    }
    (void)fclose(file);
    return state;
}

/* True while a process is there and is no zombie. */
static bool is_alive(pid_t pid)
{
    return look_at(pid) != 'Z' && look_at(pid) != 'X';
}

static bool is_stopped(void *arg)
{
    return look_at(*(const pid_t *)arg) == 'T';
}

static bool is_dead(void *arg)
{
    return !is_alive(*(const pid_t *)arg);
}

static bool has_no_children(void *arg)
{
    return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
}

/* ---- streams */

static void test_stdin_and_stdout_are_boxes(void **context)
{
    struct gathering *g = run("{command: [tr, a-z, A-Z]}", "hello\n");

    assert_string_equal(g->text, "HELLO\n");
    assert_int_equal(state_of(g), STOPPED);
    assert_int_equal(harness_notice(g->h, "signal"), PRODUCER_FINISHED);
    stop(g);
}

static void test_answers_while_its_stdin_is_open(void **context)
{
    struct gathering *g = start("{command: [cat]}");

    harness_say(g->h, "inbox", "one\n");
    wait_for_output(g, 4);
    assert_string_equal(g->text, "one\n");
    harness_say(g->h, "inbox", "two\n");
    wait_for_output(g, 8);

    assert_string_equal(g->text, "one\ntwo\n");
    assert_int_equal(state_of(g), RUNNING);
    stop(g);
}

static void test_stderr_is_a_box_where_it_is_linked(void **context)
{
    struct gathering *g = start("{command: \"cat >&2\"}");

    g->outbox = "error";
    harness_say(g->h, "inbox", "oops\n");
    harness_tell(g->h, PRODUCER_FINISHED);
    wait_for_end(g);

    assert_string_equal(g->text, "oops\n");
    assert_null(harness_heard(g->h, "outbox"));
    stop(g);
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
    struct gathering *g = run("{command: [cat], buffersize: 2}", "12345");

    assert_string_equal(g->text, "12345");
    assert_int_equal(g->messages, 3);
    stop(g);
}

static void test_many_messages_arrive_in_order(void **context)
{
    struct gathering *g = start("{command: [cat]}");
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
    stop(g);
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
    struct gathering *g = start("{command: [cat, /dev/zero]}");

    harness_bound(g->h, "outbox", 2);
    scene_wait(harness_scene(g->h), has_sent_two, g);
    scene_wait_seconds(harness_scene(g->h), 0.1);

    assert_int_equal(harness_component(g->h)->state, RUNNING);
    assert_in_range(component_outbox(harness_component(g->h), 0)->messages, 2, 3);
    stop(g);
}

static void test_what_comes_after_it_closed_its_stdin_is_counted_and_no_failure(void **context)
{
    struct gathering *g =
        start("{command: \"exec 0<&-; echo closed; exec sleep 1000\", kill_timeout: 100ms}");

    wait_for_output(g, 7);
    harness_say(g->h, "inbox", "nobody reads this");
    harness_run(g->h);

    assert_int_equal(state_of(g), RUNNING);
    assert_int_equal(harness_stat(g->h, "unread"), 17);
    stop(g);
}

static void test_output_is_read_to_its_end_before_it_finishes(void **context)
{
    struct gathering *g = start("{command: \"head -c 200000 /dev/zero | tr '\\\\0' x\"}");

    harness_bound(g->h, "outbox", 1);
    scene_wait_seconds(harness_scene(g->h), 0.05); /* the writers have exited or wait */
    assert_int_equal(state_of(g), RUNNING);
    wait_for_end(g);
    gather(g);

    assert_int_equal(g->size, 200000);
    assert_int_equal(harness_notice(g->h, "signal"), PRODUCER_FINISHED);
    stop(g);
}

static void test_what_is_in_the_pipe_is_not_lost_however_slow_the_reader_is(void **context)
{
    struct gathering *g = start("{command: [head, -c, \"50000\", /dev/zero], buffersize: 1KiB, "
                                "kill_timeout: 50ms}");

    harness_bound(g->h, "outbox", 1);
    scene_wait_seconds(harness_scene(g->h), 0.15); /* it has exited, and its time is over */
    assert_int_equal(state_of(g), RUNNING);
    wait_for_end(g);

    assert_int_equal(g->size, 50000);
    assert_int_equal(state_of(g), STOPPED);
    stop(g);
}

/* ---- what the program finds */

static void test_has_its_three_pipes_and_no_other_descriptor(void **context)
{
    const int leaked = open("/dev/null", O_RDONLY); /* as one that axond itself was given */
    struct gathering *g = run("{command: [ls, /proc/self/fd]}", NULL);

    assert_string_equal(g->text, "0\n1\n2\n3\n"); /* 3 is the directory that ls looks at */
    stop(g);
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
    g = run("{command: [grep, -E, \"Sig(Blk|Ign)\", /proc/self/status]}", NULL);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, &some), 0);

    assert_string_equal(g->text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    assert_int_equal(sigismember(&some, SIGUSR2), 1); /* ours are as they were */
    assert_ptr_equal(signal(SIGPIPE, SIG_IGN), SIG_IGN);
    stop(g);
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
    g = run("{command: \"ulimit -n\"}", NULL);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &raised), 0);

    assert_string_equal(g->text, "1024\n");
    assert_int_equal(raised.rlim_cur, raised.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    stop(g);
}

static void test_leads_a_group_of_its_own(void **context)
{
    struct gathering *g = run("{command: \"ps -o pgid= -p $$ | tr -d ' '; echo $$\"}", NULL);
    const char *second = strchr(g->text, '\n');

    assert_non_null(second);
    assert_int_equal(strtol(g->text, NULL, 10), strtol(second, NULL, 10));
    assert_int_not_equal(strtol(g->text, NULL, 10), getpgrp());
    stop(g);
}

static void test_environment_is_added_to_ours(void **context)
{
    struct gathering *g;

    assert_int_equal(setenv("INHERITED", "yes", 1), 0);
    assert_int_equal(setenv("REPLACED", "no", 1), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", "/run/ours", 1), 0);
    assert_int_equal(setenv("REMOTE_ADDR", "spoofed", 1), 0);
    g = run("{command: \"echo $INHERITED $REPLACED $ADDED; echo $NOTIFY_SOCKET$REMOTE_ADDR\", "
            "environment: {REPLACED: twice, ADDED: \"a b\"}}",
            NULL);
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    assert_int_equal(unsetenv("REMOTE_ADDR"), 0);

    assert_string_equal(g->text, "yes twice a b\n\n");
    stop(g);
}

static void test_environment_may_be_all_there_is(void **context)
{
    struct gathering *g = run("{command: [env], clear_environment: true, "
                              "environment: {TZ: UTC}}",
                              NULL);

    assert_string_equal(g->text, "TZ=UTC\n");
    stop(g);
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
    g = run(parameters, NULL);

    assert_string_equal(g->text, "found\n");
    stop(g);
    (void)unlink(path);
    (void)rmdir(directory);
}

static void test_runs_in_its_directory(void **context)
{
    struct gathering *g = run("{command: [pwd], directory: /usr}", NULL);

    assert_string_equal(g->text, "/usr\n");
    stop(g);
}

static void test_a_list_sees_no_shell(void **context)
{
    struct gathering *g = run("{command: [echo, \"$HOME; *\", \"\"]}", NULL);

    assert_string_equal(g->text, "$HOME; * \n");
    stop(g);
}

/* ---- how it ends */

static void test_an_exit_status_is_a_failure_unless_it_is_called_success(void **context)
{
    struct gathering *g = run("{command: \"exit 3\"}", NULL);

    assert_int_equal(state_of(g), FAILED);
    assert_string_equal(reason_of(g), "exited with status 3");
    assert_int_equal(harness_stat(g->h, "exit_status"), 3);
    assert_int_equal(harness_notice(g->h, "signal"), PRODUCER_FINISHED);
    stop(g);

    g = run("{command: [grep, nothing], success: [0, 1]}", "something\n");
    assert_int_equal(state_of(g), STOPPED);
    assert_int_equal(harness_stat(g->h, "exit_status"), 1);
    stop(g);

    g = run("{command: \"exit 0\", success: 255}", NULL);
    assert_int_equal(state_of(g), FAILED);
    assert_string_equal(reason_of(g), "exited with status 0");
    stop(g);
}

static void test_its_status_is_known_though_sigchld_was_ignored_when_we_began(void **context)
{
    struct gathering *g;

    (void)signal(SIGCHLD, SIG_IGN);
    g = run("{command: \"exit 3\"}", NULL);

    assert_string_equal(reason_of(g), "exited with status 3");
    stop(g);
}

static void test_a_signal_is_a_failure(void **context)
{
    struct gathering *g = start("{command: \"kill -KILL $$\"}");

    wait_for_end(g);

    assert_int_equal(state_of(g), FAILED);
    assert_string_equal(reason_of(g), "killed by SIGKILL");
    assert_int_equal(harness_stat(g->h, "exit_status"), 128 + SIGKILL);
    stop(g);
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
    struct gathering *g = start("{command: \"echo on; exec sleep 1000\"}");

    wait_for_output(g, 3);
    harness_tell(g->h, PRODUCER_FINISHED); /* nothing leads to its inbox */
    wait_for_end(g);

    assert_int_equal(state_of(g), STOPPED);
    assert_string_equal(harness_scene(g->h)->log, "it: killed by SIGTERM");
    stop(g);
}

static void test_its_time_for_an_answer_begins_with_the_end_of_its_input(void **context)
{
    struct gathering *g = start("{command: \"echo on; exec sleep 1000\", answer_timeout: 50ms}");

    harness_say(g->h, "inbox", "x");
    wait_for_output(g, 3);
    scene_wait_seconds(harness_scene(g->h), 0.1); /* it may be as quiet as it likes by then */
    harness_tell(g->h, PRODUCER_FINISHED);
    harness_run(g->h);
    assert_null(strstr(harness_scene(g->h)->log, "ending it"));
    wait_for_end(g);

    assert_int_equal(state_of(g), STOPPED); /* it was asked to: no failure */
    assert_string_equal(harness_scene(g->h)->log, "it: killed by SIGTERM");
    stop(g);
}

/* A group of three: the shell, and two that it waits for. */
#define GROUP "echo $$; sleep 1000 & sleep 1000 & wait"

static void test_its_whole_group_ends_with_the_component(void **context)
{
    struct gathering *g = start("{command: \"" GROUP "\"}");
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
    stop(g);
    assert_true(has_no_children(NULL));
}

static void test_who_ignores_sigterm_is_killed_though_its_component_is_gone(void **context)
{
    struct gathering *g =
        start("{command: \"trap '' TERM; echo $$; while :; do sleep 1000; done\", "
              "kill_timeout: 100ms}");
    pid_t pid;

    wait_for_output(g, 2);
    pid = (pid_t)strtol(g->text, NULL, 10);
    harness_tell(g->h, SHUTDOWN_MICROPROCESS);
    harness_run(g->h);
    scene_wait(harness_scene(g->h), is_dead, &pid);
    scene_wait(harness_scene(g->h), has_no_children, NULL); /* no zombie */

    assert_non_null(strstr(harness_scene(g->h)->log, "was killed, as it did not end within 0.1 s"));
    stop(g);
}

static void test_nobody_is_left_when_the_loop_has_ended(void **context)
{
    struct gathering *g = start("{command: \"trap '' TERM; echo $$; while :; do read line; done\", "
                                "kill_timeout: 50ms}");
    const int descriptors = count_descriptors();
    pid_t pid;

    wait_for_output(g, 2);
    pid = (pid_t)strtol(g->text, NULL, 10);
    stop(g); /* the graph is destroyed, and then the loop */

    assert_true(has_no_children(NULL));
    assert_false(is_alive(pid));
    assert_in_range(count_descriptors(), 1, descriptors - 4);
}

static void test_processes_left_behind_may_keep_the_output_open_for_a_while(void **context)
{
    struct gathering *g = start("{command: \"(sleep 0.1; echo late) &\", kill_timeout: 10min}");

    wait_for_end(g);

    assert_string_equal(g->text, "late\n");
    assert_int_equal(state_of(g), STOPPED);
    stop(g);
}

static void test_processes_left_behind_are_ended_after_that(void **context)
{
    struct gathering *g = start("{command: \"sleep 1000 & echo $!; exit 7\", kill_timeout: 100ms}");
    pid_t pid;

    wait_for_end(g);
    pid = (pid_t)strtol(g->text, NULL, 10);
    scene_wait(harness_scene(g->h), is_dead, &pid);

    assert_string_equal(reason_of(g), "exited with status 7");
    stop(g);
}

static void test_one_that_writes_for_ever_does_not_keep_it_for_ever(void **context)
{
    struct gathering *g = /* it has left the group, so nothing but the end of the pipe ends it */
        start("{command: \"setsid yes & read line; exit 0\", kill_timeout: 100ms}");
    pid_t pid = pid_of(harness_component(g->h));

    harness_bound(g->h, "outbox", 1);
    wait_for_output(g, 1);
    harness_say(g->h, "inbox", "go\n");
    scene_wait(harness_scene(g->h), is_dead, &pid);
    scene_wait_seconds(harness_scene(g->h), 0.15); /* its time is over */
    wait_for_end(g);

    assert_int_equal(state_of(g), STOPPED);
    assert_in_range(g->size, 1, 200000); /* what fits in between, and what was taken before */
    stop(g);
}

static void test_a_background_process_without_output_ends_with_the_program(void **context)
{
    struct gathering *g = start("{command: \"sleep 1000 >/dev/null 2>&1 & echo $!\"}");
    pid_t pid;

    wait_for_end(g);
    pid = (pid_t)strtol(g->text, NULL, 10);
    scene_wait(harness_scene(g->h), is_dead, &pid);

    assert_int_equal(state_of(g), STOPPED);
    stop(g);
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
    g = start("{command: [sh, -c, \"echo $$; exec cat\", \"${credential:key}\"]}");
    wait_for_output(g, 2);
    pid = strtol(g->text, NULL, 10);
    (void)snprintf(expected, sizeof(expected), "running sh -c echo $$; exec cat ***, pid %ld", pid);

    assert_true(
        harness_component(g->h)->type->describe(harness_component(g->h), text, sizeof(text)));
    assert_string_equal(text, expected);
    assert_null(strstr(harness_scene(g->h)->log, "hush"));
    stop(g);
    (void)unlink(path);
    (void)rmdir(directory);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void test_an_idle_program_costs_nothing(void **context)
{
    struct gathering *g = start("{command: [cat]}");
    uint64_t turns;

    harness_say(g->h, "inbox", "x");
    wait_for_output(g, 1);
    scene_wait_seconds(harness_scene(g->h), 0.02);
    turns = harness_scene(g->h)->loop->turns;
    scene_wait_seconds(harness_scene(g->h), 0.2);

    assert_int_equal(harness_scene(g->h)->loop->turns, turns);
    stop(g);
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
