/* Descriptors with names for a new process, which here is a shell that tells what it got. */
#include "daemon/descriptors.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static void test_names_are_joined_in_order(void **context)
{
    struct descriptors descriptors = {0};

    descriptors_add(&descriptors, "address=127.0.0.1%8080", 7);
    descriptors_add(&descriptors, "", 8);
    descriptors_add(&descriptors, "upgrade=", 9);

    assert_string_equal(descriptors.names, "address=127.0.0.1%8080::upgrade=");
    assert_int_equal(descriptors.count, 3);
    assert_int_equal(descriptors.fds[2], 9);
    descriptors_free(&descriptors);
    assert_int_equal(descriptors.count, 0);
}

/* As main() has them: nobody writes to them. */
static char *word(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* Runs a script that has a pipe with the word "input" as its first descriptor, and another for what
 * it says as its second; returns that. */
static const char *run(const char *script, int first, int second)
{
    static char said[1000];
    char *arguments[] = {word("sh"), word("-c"), word(script), NULL};
    struct descriptors descriptors = {0};
    struct pollfd end = {.events = POLLIN};
    int to[2];
    int from[2];
    size_t size = 0;
    ssize_t got;

    assert_return_code(pipe2(to, O_CLOEXEC), errno);
    assert_return_code(pipe2(from, O_CLOEXEC), errno);
    assert_int_equal(write(to[1], "input", 5), 5);
    (void)close(to[1]);
    first = fcntl(to[0], F_DUPFD_CLOEXEC, first);
    second = fcntl(from[1], F_DUPFD_CLOEXEC, second);
    (void)close(to[0]);
    (void)close(from[1]);
    descriptors_add(&descriptors, "in", first);
    descriptors_add(&descriptors, "out", second);

    assert_true(descriptors_start(&descriptors, arguments, &end.fd) > 0);
    descriptors_free(&descriptors);
    (void)close(first);
    (void)close(second);
    while ((got = read(from[0], said + size, sizeof(said) - 1 - size)) > 0) {
        size += (size_t)got;
    }
    said[size] = '\0';
    assert_int_equal(poll(&end, 1, -1), 1); /* it has ended */
    (void)close(end.fd);
    (void)close(from[0]);
    return said;
}

static void test_a_program_finds_them_as_systemd_passes_them(void **context)
{
    (void)setenv("LISTEN_FDS", "17", 1); /* of our own start */
    (void)setenv("LISTEN_FDNAMES", "old", 1);

    assert_string_equal(run("{ echo $LISTEN_FDS $LISTEN_FDNAMES; cat <&3; } >&4", 30, 40),
                        "2 in:out\ninput");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
}

static void test_they_are_meant_for_that_process_alone(void **context)
{
    assert_string_equal(
        run("[ $LISTEN_PID = $$ ] && [ $WATCHDOG_PID = $$ ] && echo yes >&4", 30, 40), "yes\n");
}

static void test_the_rest_of_the_environment_goes_along(void **context)
{
    (void)setenv("GREETING", "hello", 1);

    assert_string_equal(run("echo $GREETING >&4", 30, 40), "hello\n");
}

static void test_it_does_not_matter_where_they_are_before(void **context)
{
    for (int fd = 3; fd < 20; fd++) {
        (void)close(fd);
    }
    assert_string_equal(run("cat <&3 >&4", 4, 3), "input"); /* one in the place of the other */
}

static void test_nothing_else_that_is_open_goes_along(void **context)
{
    assert_string_equal(
        run("[ -e /proc/$$/fd/30 ] || [ -e /proc/$$/fd/40 ] || echo no >&4", 30, 40), "no\n");
}

static void test_a_program_that_is_not_there_is_an_error(void **context)
{
    char *arguments[] = {word("/nonexistent/axond"), NULL};
    struct descriptors descriptors = {0};
    int pidfd;

    descriptors_add(&descriptors, "one", STDIN_FILENO);
    assert_int_equal(descriptors_start(&descriptors, arguments, &pidfd), -ENOENT);
    descriptors_free(&descriptors);
}

static void test_a_descriptor_that_is_not_open_is_an_error(void **context)
{
    char *arguments[] = {word("true"), NULL};
    struct descriptors descriptors = {0};
    int pidfd;

    descriptors_add(&descriptors, "one", 1000);
    assert_int_equal(descriptors_start(&descriptors, arguments, &pidfd), -EBADF);
    descriptors_free(&descriptors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_joined_in_order),
        cmocka_unit_test(test_a_program_finds_them_as_systemd_passes_them),
        cmocka_unit_test(test_they_are_meant_for_that_process_alone),
        cmocka_unit_test(test_the_rest_of_the_environment_goes_along),
        cmocka_unit_test(test_it_does_not_matter_where_they_are_before),
        cmocka_unit_test(test_nothing_else_that_is_open_goes_along),
        cmocka_unit_test(test_a_program_that_is_not_there_is_an_error),
        cmocka_unit_test(test_a_descriptor_that_is_not_open_is_an_error),
    };

    return cmocka_run_group_tests_name("descriptors", tests, NULL, NULL);
}
