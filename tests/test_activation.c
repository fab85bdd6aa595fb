/* The table of passed sockets, with this test in systemd's place: the sockets are put where systemd
 * puts them, from descriptor 3 on. */
#include "daemon/activation.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log.h"

static char reason[400];

/* Passes a socket as descriptor 3 + index.  Returns its port. */
static in_port_t pass(int index, int type)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, type, 0);

    assert_return_code(fd, errno);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    if (type == SOCK_STREAM) {
        assert_int_equal(listen(fd, 5), 0);
    }
    if (fd != 3 + index) {
        assert_int_equal(dup2(fd, 3 + index), 3 + index);
        (void)close(fd);
    }
    return address.sin_port;
}

static void set_environment(const char *count, const char *names)
{
    char pid[16];

    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    (void)setenv("LISTEN_PID", pid, 1);
    (void)setenv("LISTEN_FDS", count, 1);
    if (names == NULL) {
        (void)unsetenv("LISTEN_FDNAMES");
    } else {
        (void)setenv("LISTEN_FDNAMES", names, 1);
    }
}

static in_port_t port_of(int fd)
{
    struct sockaddr_in address = {.sin_port = 0};
    socklen_t size = sizeof(address);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return address.sin_port;
}

static void test_nothing_passed_is_an_empty_table(void **context)
{
    struct activation activation;

    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    assert_int_equal(activation_init(&activation), 0);

    assert_int_equal(activation_count(&activation, "echo"), 0);
    assert_int_equal(activation_open(&activation, "echo", 0, reason, sizeof(reason)), -ENOENT);
    assert_string_equal(reason, "systemd passed no socket named \"echo\", nor any other: "
                                "is it started by its .socket unit?");
    activation_deinit(&activation);
}

static void test_what_was_passed_to_another_process_is_not_ours(void **context)
{
    struct activation activation;

    set_environment("1", "echo");
    (void)setenv("LISTEN_PID", "1", 1);

    assert_int_equal(activation_init(&activation), 0);
    activation_deinit(&activation);
}

static void test_a_socket_is_opened_by_its_name(void **context)
{
    struct activation activation;
    in_port_t port;
    int fd;

    (void)pass(0, SOCK_STREAM);
    port = pass(1, SOCK_STREAM);
    set_environment("2", "echo:shout");
    assert_int_equal(activation_init(&activation), 2);
    fd = activation_open(&activation, "shout", 0, reason, sizeof(reason));

    assert_true(fd > 4);
    assert_int_equal(port_of(fd), port);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    assert_null(getenv("LISTEN_PID"));
    assert_null(getenv("LISTEN_FDS"));
    assert_null(getenv("LISTEN_FDNAMES"));
    (void)close(fd);
    activation_deinit(&activation);
}

static void test_a_socket_that_was_closed_can_be_opened_again(void **context)
{
    struct activation activation;
    in_port_t port = pass(0, SOCK_STREAM);

    set_environment("1", "echo");
    assert_int_equal(activation_init(&activation), 1);
    for (int i = 0; i < 3; i++) {
        int fd = activation_open(&activation, "echo", 0, reason, sizeof(reason));

        assert_return_code(fd, -fd);
        assert_int_equal(port_of(fd), port);
        (void)close(fd);
    }
    activation_deinit(&activation);
}

static void test_several_sockets_may_have_one_name(void **context)
{
    struct activation activation;
    in_port_t ports[2];
    int fd;

    ports[0] = pass(0, SOCK_STREAM);
    (void)pass(1, SOCK_STREAM);
    ports[1] = pass(2, SOCK_STREAM);
    set_environment("3", "echo:other:echo");
    assert_int_equal(activation_init(&activation), 3);

    assert_int_equal(activation_count(&activation, "echo"), 2);
    for (size_t i = 0; i < 2; i++) {
        fd = activation_open(&activation, "echo", i, reason, sizeof(reason));
        assert_return_code(fd, -fd);
        assert_int_equal(port_of(fd), ports[i]);
        (void)close(fd);
    }
    assert_int_equal(activation_open(&activation, "echo", 2, reason, sizeof(reason)), -ENOENT);
    assert_string_equal(reason, "systemd passed 2 sockets named \"echo\", not 3");
    activation_deinit(&activation);
}

static void test_an_unknown_name_is_told_which_there_are(void **context)
{
    struct activation activation;

    for (int i = 0; i < 3; i++) {
        (void)pass(i, SOCK_STREAM);
    }
    set_environment("3", "echo:shout:echo");
    assert_int_equal(activation_init(&activation), 3);

    assert_int_equal(activation_open(&activation, "ecko", 0, reason, sizeof(reason)), -ENOENT);
    assert_string_equal(reason, "systemd passed no socket named \"ecko\"; those it passed are "
                                "\"echo\", \"shout\"");
    activation_deinit(&activation);
}

static void test_a_long_list_of_names_is_cut_not_overrun(void **context)
{
    struct activation activation;
    char small[80];

    for (int i = 0; i < 3; i++) {
        (void)pass(i, SOCK_STREAM);
    }
    set_environment("3", "one-that-is-rather-long:two-that-is-rather-long:three");
    assert_int_equal(activation_init(&activation), 3);
    assert_int_equal(activation_open(&activation, "x", 0, small, sizeof(small)), -ENOENT);

    assert_int_equal(strlen(small), sizeof(small) - 1);
    activation_deinit(&activation);
}

static void test_a_datagram_socket_is_refused(void **context)
{
    struct activation activation;

    (void)pass(0, SOCK_DGRAM);
    set_environment("1", NULL);
    assert_int_equal(activation_init(&activation), 1);

    assert_int_equal(activation_open(&activation, "unknown", 0, reason, sizeof(reason)),
                     -EPROTOTYPE);
    assert_string_equal(reason, "what systemd passed as \"unknown\" is not a listening stream "
                                "socket: its .socket unit needs ListenStream= and Accept=no");
    activation_deinit(&activation);
}

static void test_sockets_that_nobody_opened_are_reported(void **context)
{
    struct activation activation;
    int real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    FILE *file = tmpfile();
    char text[512] = "";
    int fd;

    (void)dup2(fileno(file), STDERR_FILENO);
    (void)fcntl(fileno(file), F_SETFD, FD_CLOEXEC);
    fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 10);
    (void)fclose(file);
    (void)pass(0, SOCK_STREAM);
    (void)pass(1, SOCK_STREAM);
    set_environment("2", "echo:shout");
    assert_int_equal(activation_init(&activation), 2);
    (void)close(activation_open(&activation, "echo", 0, reason, sizeof(reason)));
    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    activation_report_unused(&activation);
    (void)dup2(real_stderr, STDERR_FILENO);
    (void)close(real_stderr);

    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    assert_non_null(strstr(text, "warning: no component uses the socket \"shout\""));
    assert_null(strstr(text, "\"echo\""));
    (void)close(fd);
    activation_deinit(&activation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_passed_is_an_empty_table),
        cmocka_unit_test(test_what_was_passed_to_another_process_is_not_ours),
        cmocka_unit_test(test_a_socket_is_opened_by_its_name),
        cmocka_unit_test(test_a_socket_that_was_closed_can_be_opened_again),
        cmocka_unit_test(test_several_sockets_may_have_one_name),
        cmocka_unit_test(test_an_unknown_name_is_told_which_there_are),
        cmocka_unit_test(test_a_long_list_of_names_is_cut_not_overrun),
        cmocka_unit_test(test_a_datagram_socket_is_refused),
        cmocka_unit_test(test_sockets_that_nobody_opened_are_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
