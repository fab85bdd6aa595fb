/* Sockets that systemd holds for us, with this test in systemd's place: those it passes are put
 * where systemd puts them, from descriptor 3 on, and what it is told is read from its socket. */
#include "daemon/activation.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/notify.h"
#include "graph/listeners.h"

static int systemd;
static struct listeners *listeners;
static struct notify notify;
static struct activation activation;

static int set_up(void **context)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(sa_family_t);
    char name[128];

    /* well above the descriptors that are passed */
    systemd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(systemd, (struct sockaddr *)&address, size), 0); /* any abstract name */
    size = sizeof(address);
    assert_int_equal(getsockname(systemd, (struct sockaddr *)&address, &size), 0);
    systemd = fcntl(systemd, F_DUPFD_CLOEXEC, 20);
    for (int fd = 3; fd < 20; fd++) {
        (void)close(fd);
    }
    (void)snprintf(name, sizeof(name), "@%.*s",
                   (int)(size - offsetof(struct sockaddr_un, sun_path) - 1), address.sun_path + 1);
    (void)setenv("NOTIFY_SOCKET", name, 1);
    notify = (struct notify){.wanted = true};
    listeners = listeners_create();
    *context = &activation;
    return 0;
}

static int tear_down(void **context)
{
    listeners_destroy(listeners);
    (void)close(systemd);
    (void)unsetenv("NOTIFY_SOCKET");
    return 0;
}

/* The next message to systemd; "" if there is none. */
static const char *heard(void)
{
    static char text[1024];
    ssize_t size = recv(systemd, text, sizeof(text) - 1, MSG_DONTWAIT);

    text[size < 0 ? 0 : size] = '\0';
    return text;
}

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

static const struct listener_owner server = {.path = "server"};

static int start(void)
{
    return activation_start(&activation, listeners, &notify);
}

/* What a server gets for a name: its port, 0 if there is none. */
static in_port_t port_for(const char *name, size_t index)
{
    int fd = listeners_share(listeners, name, &server, index);
    in_port_t port;

    if (fd < 0) {
        assert_int_equal(fd, -ENOENT);
        return 0;
    }
    assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    assert_int_not_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    port = port_of(fd);
    (void)close(fd);
    return port;
}

/* Has standard error go to a file; its descriptor is well out of the way. */
static int catch_stderr(void)
{
    FILE *file = tmpfile();
    int fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 30);

    (void)fclose(file);
    (void)dup2(fd, STDERR_FILENO);
    assert_int_equal(log_open(LOG_TARGET_STDERR), 0);
    return fd;
}

static const char *caught(int fd)
{
    static char text[1024];
    ssize_t size = pread(fd, text, sizeof(text) - 1, 0);

    text[size < 0 ? 0 : size] = '\0';
    (void)close(fd);
    return text;
}

static void test_nothing_passed_is_nothing_given(void **context)
{
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");

    assert_int_equal(start(), 0);
    assert_null(listeners_name(listeners, 0));
}

static void test_what_was_passed_to_another_process_is_not_ours(void **context)
{
    (void)pass(0, SOCK_STREAM);
    set_environment("1", "echo");
    (void)setenv("LISTEN_PID", "1", 1);

    assert_int_equal(start(), 0);
    assert_null(listeners_name(listeners, 0));
}

static void test_a_socket_is_found_by_its_name(void **context)
{
    in_port_t port;

    (void)pass(0, SOCK_STREAM);
    port = pass(1, SOCK_STREAM);
    set_environment("2", "echo:shout");
    assert_int_equal(start(), 2);

    assert_int_equal(port_for("systemd:shout", 0), port);
    assert_int_equal(port_for("systemd:shout", 0), port); /* once more */
    assert_int_equal(port_for("systemd:ecko", 0), 0);
    assert_null(getenv("LISTEN_FDS"));
}

static void test_several_sockets_may_have_one_name(void **context)
{
    in_port_t ports[2];

    ports[0] = pass(0, SOCK_STREAM);
    (void)pass(1, SOCK_STREAM);
    ports[1] = pass(2, SOCK_STREAM);
    set_environment("3", "echo:other:echo");
    assert_int_equal(start(), 3);

    assert_int_equal(port_for("systemd:echo", 0), ports[0]);
    assert_int_equal(port_for("systemd:echo", 1), ports[1]);
    assert_int_equal(port_for("systemd:echo", 2), 0);
}

static void test_a_datagram_socket_is_left_out_with_a_warning(void **context)
{
    int real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 30);
    int log = catch_stderr();

    (void)pass(0, SOCK_DGRAM);
    set_environment("1", NULL);
    assert_int_equal(start(), 1);
    (void)dup2(real_stderr, STDERR_FILENO);
    (void)close(real_stderr);

    assert_null(listeners_name(listeners, 0));
    assert_non_null(strstr(caught(log), "what systemd passed as \"unknown\" is not a listening "
                                        "stream socket: its .socket unit needs ListenStream="));
}

static void test_sockets_that_nobody_uses_are_reported(void **context)
{
    int real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 30);
    int log = catch_stderr();
    const char *text;
    int fd;

    (void)pass(0, SOCK_STREAM);
    (void)pass(1, SOCK_STREAM);
    set_environment("2", "echo:shout");
    assert_int_equal(start(), 2);
    fd = listeners_share(listeners, "systemd:echo", &server, 0);
    listeners_keep(listeners, "systemd:echo", &server, fd);
    activation_settle(&activation);
    (void)dup2(real_stderr, STDERR_FILENO);
    (void)close(real_stderr);

    text = caught(log);
    assert_non_null(strstr(text, "warning: no component uses the socket \"shout\""));
    assert_null(strstr(text, "\"echo\""));
    assert_string_equal(heard(), ""); /* its unit has it anyway */
    (void)close(fd);
}

static void test_what_servers_open_is_stored_until_the_last_of_them_closes_it(void **context)
{
    assert_int_equal(start(), 0);

    listeners_keep(listeners, "[::1]:8080", &server, 1);
    assert_string_equal(heard(), "FDSTORE=1\nFDNAME=address=[%%1]%8080");
    listeners_keep(listeners, "[::1]:8080", &server, 2);
    listeners_forget(listeners, 1);
    assert_string_equal(heard(), "");
    listeners_forget(listeners, 2);
    assert_string_equal(heard(), "FDSTOREREMOVE=1\nFDNAME=address=[%%1]%8080");
}

static void test_a_unix_socket_is_not_stored(void **context)
{
    assert_int_equal(start(), 0);

    listeners_keep(listeners, "unix:/run/x.sock", &server, 1);
    listeners_forget(listeners, 1);
    assert_string_equal(heard(), "");
}

static void test_what_is_closed_at_the_end_stays_stored(void **context)
{
    assert_int_equal(start(), 0);
    listeners_keep(listeners, "*:8080", &server, 1);
    (void)heard();

    activation_end(&activation);
    listeners_forget(listeners, 1);
    assert_string_equal(heard(), "");
}

static void test_the_next_start_finds_what_was_stored_under_its_address(void **context)
{
    in_port_t port = pass(0, SOCK_STREAM);
    int fd;

    set_environment("1", "address=[%%1]%8080");
    assert_int_equal(start(), 1);

    assert_int_equal(port_for("[::1]:8080", 0), port);
    fd = listeners_share(listeners, "[::1]:8080", &server, 0);
    listeners_keep(listeners, "[::1]:8080", &server, fd);
    activation_settle(&activation);
    assert_string_equal(heard(), ""); /* stored it is */
    assert_int_equal(listeners_count(listeners, "[::1]:8080"), 1);
    listeners_forget(listeners, fd);
    assert_string_equal(heard(), "FDSTOREREMOVE=1\nFDNAME=address=[%%1]%8080");
    (void)close(fd);
}

static void test_what_the_graph_has_no_use_for_is_let_go(void **context)
{
    (void)pass(0, SOCK_STREAM);
    set_environment("1", "address=*%8080");
    assert_int_equal(start(), 1);

    activation_settle(&activation);
    assert_string_equal(heard(), "FDSTOREREMOVE=1\nFDNAME=address=*%8080");
    assert_int_equal(fcntl(3, F_GETFD), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_passed_is_nothing_given, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_passed_to_another_process_is_not_ours, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_socket_is_found_by_its_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several_sockets_may_have_one_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_datagram_socket_is_left_out_with_a_warning, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_sockets_that_nobody_uses_are_reported, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_what_servers_open_is_stored_until_the_last_of_them_closes_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_unix_socket_is_not_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_closed_at_the_end_stays_stored, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_next_start_finds_what_was_stored_under_its_address,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_the_graph_has_no_use_for_is_let_go, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
