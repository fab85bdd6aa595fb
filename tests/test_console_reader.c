/* ConsoleReader, with a standard input of the test's own. */
#include <fcntl.h>
#include <pty.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/unit.h"

/* Puts a descriptor in the place of a standard one.  Returns the old one. */
static int take_place(int standard, int fd)
{
    int old;

    (void)fflush(stdout);
    old = dup(standard);
    assert_return_code(old, 0);
    assert_return_code(dup2(fd, standard), 0);
    return old;
}

static void give_back(int standard, int old)
{
    assert_return_code(dup2(old, standard), 0);
    close(old);
}

static int old_stdin;

/* A reader of a descriptor, which is standard input until end(). */
static struct harness *start_on(int fd, const char *parameters)
{
    old_stdin = take_place(STDIN_FILENO, fd);
    return harness_start("ConsoleReader", parameters);
}

static void end(struct harness *h)
{
    harness_stop(h);
    give_back(STDIN_FILENO, old_stdin);
}

static void type(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static bool has_ended(void *arg)
{
    return component_is_over(harness_component(arg));
}

struct listener {
    struct harness *h;
    const char *line;
};

static bool has_heard(void *arg)
{
    struct listener *listener = arg;

    listener->line = harness_heard(listener->h, "outbox");
    return listener->line != NULL;
}

static const char *wait_for_line(struct harness *h)
{
    struct listener listener = {.h = h};

    scene_wait(harness_scene(h), has_heard, &listener);
    return listener.line;
}

static void test_sends_the_lines_of_a_pipe_as_they_come_and_finishes_with_it(void **context)
{
    int ends[2];
    struct harness *h;

    assert_return_code(pipe(ends), 0);
    h = start_on(ends[0], NULL);
    harness_run(h);
    type(ends[1], "one\ntw");
    assert_string_equal(wait_for_line(h), "one\n");
    type(ends[1], "o\n\nlast");
    assert_string_equal(wait_for_line(h), "two\n");
    assert_string_equal(wait_for_line(h), "\n");
    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    close(ends[1]);
    scene_wait(harness_scene(h), has_ended, h);

    assert_string_equal(harness_heard(h, "outbox"), "last\n");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    end(h);
    close(ends[0]);
}

static void check_file(const char *path, int flags, unsigned lines)
{
    const int fd = open(path, flags);
    struct harness *h;

    assert_return_code(fd, 0);
    h = start_on(fd, NULL);
    scene_wait(harness_scene(h), has_ended, h);

    for (unsigned i = 0; i < lines; i++) {
        assert_string_equal(harness_heard(h, "outbox"), "a line of the file\n");
    }
    assert_null(harness_heard(h, "outbox"));
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    end(h);
    close(fd);
}

static void test_reads_a_file_to_its_end(void **context)
{
    enum { LINES_IN_ALL = 20000 }; /* many turns, more than a buffer */
    char name[] = "/tmp/axond-test-XXXXXX";
    const int file = mkstemp(name);

    assert_return_code(file, 0);
    for (int i = 0; i < LINES_IN_ALL; i++) {
        type(file, "a line of the file\n");
    }
    close(file);

    check_file(name, O_RDONLY, LINES_IN_ALL);
    unlink(name);
}

static void test_dev_null_has_no_lines(void **context)
{
    check_file("/dev/null", O_RDONLY, 0);
}

static void test_reads_a_socket_without_making_it_non_blocking(void **context)
{
    int ends[2];
    struct harness *h;

    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    h = start_on(ends[0], NULL);
    harness_run(h);
    type(ends[1], "hello\n");

    assert_string_equal(wait_for_line(h), "hello\n");
    assert_int_equal(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    end(h);
    close(ends[0]);
    close(ends[1]);
}

static void test_prompts_on_a_terminal_before_each_line(void **context)
{
    int master;
    int slave;
    int output[2];
    int old;
    char text[100];
    struct harness *h;
    ssize_t got;

    assert_return_code(openpty(&master, &slave, NULL, NULL, NULL), 0);
    assert_return_code(pipe(output), 0);
    old = take_place(STDOUT_FILENO, output[1]);
    h = start_on(slave, "{prompt: \"say: \"}");
    harness_run(h);
    type(master, "one\n");
    assert_string_equal(wait_for_line(h), "one\n");
    harness_run(h);
    give_back(STDOUT_FILENO, old);

    got = read(output[0], text, sizeof(text) - 1);
    assert_return_code((int)got, 0);
    text[got] = '\0';
    assert_string_equal(text, "say: say: ");
    assert_int_equal(fcntl(slave, F_GETFL) & O_NONBLOCK, 0);
    end(h);
    close(master);
    close(slave);
    close(output[0]);
    close(output[1]);
}

static void test_ends_lines_as_it_is_told(void **context)
{
    int ends[2];
    struct harness *h;

    assert_return_code(pipe(ends), 0);
    h = start_on(ends[0], "{eol: \"\\r\\n\"}");
    type(ends[1], "one\n");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "one\r\n");
    end(h);
    close(ends[0]);
    close(ends[1]);
}

static void test_a_line_that_is_too_long_goes_out_in_pieces(void **context)
{
    int ends[2];
    struct harness *h;

    assert_return_code(pipe(ends), 0);
    h = start_on(ends[0], "{max_line: 4, eol: \";\"}");
    type(ends[1], "1234\n123456789\nx\n");
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "1234;");
    assert_string_equal(harness_heard(h, "outbox"), "1234");
    assert_string_equal(harness_heard(h, "outbox"), "5678");
    assert_string_equal(harness_heard(h, "outbox"), "9;");
    assert_string_equal(harness_heard(h, "outbox"), "x;");
    assert_null(harness_heard(h, "outbox"));
    end(h);
    close(ends[0]);
    close(ends[1]);
}

static void test_stops_reading_while_the_way_is_full(void **context)
{
    int ends[2];
    char bytes[65536];
    struct harness *h;
    uint64_t turns;
    ssize_t sent;
    size_t in_all = 0;

    memset(bytes, '\n', sizeof(bytes));
    assert_return_code(pipe2(ends, 0), 0);
    assert_return_code(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    h = start_on(ends[0], NULL);
    harness_bound(h, "outbox", 1);
    for (int i = 0; i < 10; i++) {
        while ((sent = write(ends[1], bytes, sizeof(bytes))) > 0) {
            in_all += (size_t)sent;
        }
        harness_run(h);
    }
    assert_in_range(in_all, 65536, 3 * 65536); /* the pipe's, and one buffer of ours */
    turns = harness_scene(h)->loop->turns;
    scene_wait_seconds(harness_scene(h), 0.1);

    assert_int_equal(harness_scene(h)->loop->turns, turns);
    assert_string_equal(harness_heard(h, "outbox"), "\n");
    assert_null(harness_heard(h, "outbox"));
    harness_run(h);
    assert_string_equal(harness_heard(h, "outbox"), "\n");
    end(h);
    close(ends[0]);
    close(ends[1]);
}

static void test_producer_finished_sends_what_was_read(void **context)
{
    int ends[2];
    struct harness *h;

    assert_return_code(pipe(ends), 0);
    h = start_on(ends[0], NULL);
    type(ends[1], "half a line");
    harness_run(h);
    harness_tell(h, PRODUCER_FINISHED);
    harness_run(h);

    assert_string_equal(harness_heard(h, "outbox"), "half a line\n");
    assert_int_equal(harness_notice(h, "signal"), PRODUCER_FINISHED);
    end(h);
    close(ends[0]);
    close(ends[1]);
}

static void test_a_second_one_in_the_same_graph_does_not_start(void **context)
{
    struct scene *scene = scene_start(NULL, "components:\n"
                                            "  one: {type: ConsoleReader}\n"
                                            "  two: {type: ConsoleReader}\n");

    assert_null(scene->graph);
    assert_string_equal(scene->refusal,
                        "two: one reads standard input already: Device or resource busy");
    scene_stop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sends_the_lines_of_a_pipe_as_they_come_and_finishes_with_it),
        cmocka_unit_test(test_reads_a_file_to_its_end),
        cmocka_unit_test(test_dev_null_has_no_lines),
        cmocka_unit_test(test_reads_a_socket_without_making_it_non_blocking),
        cmocka_unit_test(test_prompts_on_a_terminal_before_each_line),
        cmocka_unit_test(test_ends_lines_as_it_is_told),
        cmocka_unit_test(test_a_line_that_is_too_long_goes_out_in_pieces),
        cmocka_unit_test(test_stops_reading_while_the_way_is_full),
        cmocka_unit_test(test_producer_finished_sends_what_was_read),
        cmocka_unit_test(test_a_second_one_in_the_same_graph_does_not_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
