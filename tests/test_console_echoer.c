/* ConsoleEchoer, with a standard output of the test's own. */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/unit.h"

/* Puts a descriptor in the place of standard output.  Returns the old one. */
static int take_stdout(int fd)
{
    int old;

    (void)fflush(stdout);
    old = dup(STDOUT_FILENO);
    assert_return_code(old, 0);
    assert_return_code(dup2(fd, STDOUT_FILENO), 0);
    return old;
}

static void give_stdout_back(int old)
{
    assert_return_code(dup2(old, STDOUT_FILENO), 0);
    close(old);
}

static void read_text(int fd, char *text, size_t size)
{
    const ssize_t got = read(fd, text, size - 1);

    assert_return_code(got, 0);
    text[got] = '\0';
}

static void test_writes_to_a_pipe_without_making_it_non_blocking(void **context)
{
    int pipe_ends[2];
    char text[100];
    struct harness *h;
    int old;

    assert_return_code(pipe(pipe_ends), 0);
    old = take_stdout(pipe_ends[1]);
    h = harness_start("ConsoleEchoer", NULL);
    harness_say(h, "inbox", "hello ");
    harness_say(h, "inbox", "world\n");
    harness_run(h);
    give_stdout_back(old);

    read_text(pipe_ends[0], text, sizeof(text));
    assert_string_equal(text, "hello world\n");
    assert_int_equal(fcntl(pipe_ends[1], F_GETFL) & O_NONBLOCK, 0);
    assert_null(harness_heard(h, "outbox"));
    harness_stop(h);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void test_writes_to_a_socket(void **context)
{
    int ends[2];
    char text[100];
    struct harness *h;
    int old;

    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    old = take_stdout(ends[1]);
    h = harness_start("ConsoleEchoer", NULL);
    harness_say(h, "inbox", "hello\n");
    harness_run(h);
    give_stdout_back(old);

    read_text(ends[0], text, sizeof(text));
    assert_string_equal(text, "hello\n");
    harness_stop(h);
    close(ends[0]);
    close(ends[1]);
}

static void test_appends_to_a_file_where_it_stands(void **context)
{
    char name[] = "/tmp/axond-test-XXXXXX";
    const int file = mkstemp(name);
    char text[100];
    struct harness *h;
    int old;

    assert_return_code(file, 0);
    assert_int_equal(write(file, "before ", 7), 7);
    old = take_stdout(file);
    h = harness_start("ConsoleEchoer", NULL);
    harness_say(h, "inbox", "after");
    harness_run(h);
    give_stdout_back(old);

    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    read_text(file, text, sizeof(text));
    assert_string_equal(text, "before after");
    harness_stop(h);
    close(file);
    unlink(name);
}

static void test_puts_its_tag_before_each_message_and_forwards(void **context)
{
    int pipe_ends[2];
    char text[100];
    struct harness *h;
    int old;

    assert_return_code(pipe(pipe_ends), 0);
    old = take_stdout(pipe_ends[1]);
    h = harness_start("ConsoleEchoer", "{tag: \"log: \", forwarder: true}");
    harness_say(h, "inbox", "one\n");
    harness_say(h, "inbox", "two\n");
    harness_run(h);
    give_stdout_back(old);

    read_text(pipe_ends[0], text, sizeof(text));
    assert_string_equal(text, "log: one\nlog: two\n");
    assert_string_equal(harness_heard(h, "outbox"), "one\n");
    assert_string_equal(harness_heard(h, "outbox"), "two\n");
    harness_stop(h);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

struct drain {
    struct harness *h;
    int fd;
    size_t got;
    size_t expected;
    bool is_wrong;
};

/* Reads what is there, and checks that no byte is missing or out of order. */
static bool has_all(void *arg)
{
    struct drain *drain = arg;
    unsigned char bytes[3000];
    ssize_t got;

    while ((got = read(drain->fd, bytes, sizeof(bytes))) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            drain->is_wrong = drain->is_wrong || bytes[i] != (unsigned char)(drain->got % 251);
            drain->got++;
        }
    }
    return drain->got == drain->expected;
}

/* More than a descriptor takes at once: the rest is written as the reader goes on. */
static void write_much(int reader, int writer)
{
    enum { SIZE = 100 * 1000, MESSAGES = 10 };
    static unsigned char bytes[SIZE * MESSAGES];
    struct drain drain = {.fd = reader, .expected = sizeof(bytes)};
    const int old = take_stdout(writer);

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(i % 251);
    }
    assert_return_code(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
    drain.h = harness_start("ConsoleEchoer", NULL);
    for (size_t i = 0; i < MESSAGES; i++) {
        harness_say_bytes(drain.h, "inbox", bytes + i * SIZE, SIZE);
    }
    harness_tell(drain.h, PRODUCER_FINISHED);
    harness_run(drain.h);
    assert_int_equal(harness_notice(drain.h, "signal"), DATA); /* the loop was not held up */
    scene_wait(harness_scene(drain.h), has_all, &drain);
    harness_run(drain.h);
    give_stdout_back(old);

    assert_false(drain.is_wrong);
    assert_int_equal(harness_notice(drain.h, "signal"), PRODUCER_FINISHED);
    harness_stop(drain.h);
}

static void test_a_slow_pipe_gets_everything_and_holds_nobody_up(void **context)
{
    int pipe_ends[2];

    assert_return_code(pipe(pipe_ends), 0);
    write_much(pipe_ends[0], pipe_ends[1]);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void test_a_slow_socket_gets_everything_and_holds_nobody_up(void **context)
{
    int ends[2];

    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    write_much(ends[0], ends[1]);
    close(ends[0]);
    close(ends[1]);
}

struct reading {
    struct harness *h;
    int fd;
    size_t got;
    char text[300 * 1000];
};

/* Reads on until the component has ended. */
static bool has_ended(void *arg)
{
    struct reading *reading = arg;
    const bool is_over = component_is_over(harness_component(reading->h));
    ssize_t got;

    do {
        got = read(reading->fd, reading->text + reading->got,
                   sizeof(reading->text) - 1 - reading->got);
        reading->got += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    return is_over;
}

static void test_a_message_is_not_torn_when_the_inbox_drops_some(void **context)
{
    enum { SIZE = 200 * 1000 };
    static struct reading reading;
    static char bytes[SIZE];
    int pipe_ends[2];
    int old;

    memset(bytes, 'x', SIZE);
    assert_return_code(pipe(pipe_ends), 0);
    assert_return_code(fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK), 0);
    reading.fd = pipe_ends[0];
    old = take_stdout(pipe_ends[1]);
    reading.h =
        harness_start("ConsoleEchoer", "{boxes: {inbox: {size: 2, when_full: drop_oldest}}}");
    harness_say_bytes(reading.h, "inbox", bytes, SIZE);
    harness_run(reading.h); /* the pipe takes a part of it */
    harness_say(reading.h, "inbox", "one ");
    harness_say(reading.h, "inbox", "two ");
    harness_say(reading.h, "inbox", "three ");
    harness_tell(reading.h, PRODUCER_FINISHED);
    scene_wait(harness_scene(reading.h), has_ended, &reading);
    give_stdout_back(old);

    assert_int_equal(strspn(reading.text, "x"), SIZE);
    assert_string_equal(reading.text + SIZE, "two three ");
    harness_stop(reading.h);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void test_fails_when_nobody_reads_any_more(void **context)
{
    int pipe_ends[2];
    struct harness *h;
    int old;

    (void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    assert_return_code(pipe(pipe_ends), 0);
    old = take_stdout(pipe_ends[1]);
    h = harness_start("ConsoleEchoer", NULL);
    close(pipe_ends[0]);
    harness_say(h, "inbox", "hello\n");
    harness_run(h);
    give_stdout_back(old);

    assert_int_equal(harness_component(h)->state, FAILED);
    assert_string_equal(component_reason(harness_component(h)),
                        "could not write to standard output: Broken pipe");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    harness_stop(h);
    close(pipe_ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_to_a_pipe_without_making_it_non_blocking),
        cmocka_unit_test(test_writes_to_a_socket),
        cmocka_unit_test(test_appends_to_a_file_where_it_stands),
        cmocka_unit_test(test_puts_its_tag_before_each_message_and_forwards),
        cmocka_unit_test(test_a_slow_pipe_gets_everything_and_holds_nobody_up),
        cmocka_unit_test(test_a_slow_socket_gets_everything_and_holds_nobody_up),
        cmocka_unit_test(test_a_message_is_not_torn_when_the_inbox_drops_some),
        cmocka_unit_test(test_fails_when_nobody_reads_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
