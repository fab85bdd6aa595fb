/* The Varlink server's limits: what it does not take, from whom, and whose its socket is. */
#include "tests/unit.h"

#include "tests/varlink_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static void test_what_is_not_varlink_is_disconnected(void **context)
{
    static const char *const garbage[] = {
        "",
        "GET / HTTP/1.1\r\n\r\n",
        "[]",
        "\"text\"",
        "{",
        "{}",
        "{\"method\":7}",
        "{\"method\":\"org.example.test.Paint\",\"parameters\":[]}",
        "{\"method\":\"org.example.test.Paint\",\"more\":1}",
        "{\"method\":\"org.example.test.Paint\",\"more\":true,\"oneway\":true}",
        "{\"method\":\"org.example.test.Paint\",\"method\":\"org.example.test.Echo\"}",
        "{\"method\":\"org.example.test.Paint\"} x",
        "{\"method\":\"\xff\"}",
        "{\"method\":\"a\\u0000b\"}",
        "]]]]{\"method\":\"org.example.test.Paint\"}",
    };
    struct fixture *f = *context;
    int other = join(f);

    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        int fd = join(f);
        say(f, fd, garbage[i]);
        expect_hang_up(f, fd);
        close(fd);
    }

    say(f, other, ECHO("unharmed"));
    expect(f, other, ECHOED("unharmed"));
    close(other);
}

static void test_deep_and_crowded_requests_are_not_even_parsed(void **context)
{
    char text[2 * VARLINK_MAX_VALUES + 100];

    memset(text, '[', sizeof(text));
    assert_true(varlink_frame_is_modest(text, VARLINK_MAX_DEPTH));
    assert_false(varlink_frame_is_modest(text, VARLINK_MAX_DEPTH + 1));
    memset(text, ',', sizeof(text));
    assert_true(varlink_frame_is_modest(text, VARLINK_MAX_VALUES));
    assert_false(varlink_frame_is_modest(text, VARLINK_MAX_VALUES + 1));
    memset(text, '[', sizeof(text)); /* but in a string it is only text */
    text[0] = '"';
    text[1] = '\\';
    text[2] = '"';
    assert_true(varlink_frame_is_modest(text, sizeof(text)));
}

static void test_a_request_without_end_is_cut_off_at_the_limit(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);
    int other = join(f);
    size_t size = 100 << 20;
    char *bytes = malloc(size);

    memset(bytes, 'x', size);
    assert_true(say_bytes(f, fd, bytes, size) < (1 << 20)); /* what the socket's buffers took */
    expect_hang_up(f, fd);

    say(f, other, ECHO("unharmed"));
    expect(f, other, ECHOED("unharmed"));
    free(bytes);
    close(fd);
    close(other);
}

static void test_a_request_of_exactly_the_limit_is_taken(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);
    char text[REQUEST + 2];
    size_t length = (size_t)snprintf(text, sizeof(text), "%s", CALL("org.example.test.Paint"));

    memset(text + length, ' ', REQUEST - length);
    text[REQUEST] = '\0';
    say(f, fd, text);
    expect(f, fd, "{\"parameters\":{}}");

    text[REQUEST] = ' ';
    text[REQUEST + 1] = '\0';
    say(f, fd, text);
    expect_hang_up(f, fd);
    close(fd);
}

static void test_half_a_request_harms_nobody(void **context)
{
    static const char whole[] = ECHO("at last");
    struct fixture *f = *context;
    int fd = join(f);
    int other = join(f);

    assert_int_equal(say_bytes(f, fd, whole, 20), 20);
    say(f, other, ECHO("unharmed"));
    expect(f, other, ECHOED("unharmed"));
    assert_int_equal(say_bytes(f, fd, whole + 20, sizeof(whole) - 20), sizeof(whole) - 20);

    expect(f, fd, ECHOED("at last"));
    close(fd);
    close(other);
}

static void test_one_client_too_many_is_told_so(void **context)
{
    struct fixture *f = *context;
    int fds[CLIENTS];
    int fd;

    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = join(f);
    }
    fd = join(f);
    expect(f, fd, "{\"error\":\"org.example.test.TooManyClients\",\"parameters\":{\"limit\":4}}");
    expect_hang_up(f, fd);
    close(fd);

    close(fds[0]);
    settle(f);
    fds[0] = join(f);
    for (int i = 0; i < CLIENTS; i++) {
        say(f, fds[i], ECHO("served"));
        expect(f, fds[i], ECHOED("served"));
        close(fds[i]);
    }
}

static void test_changes_take_root_or_the_daemons_user(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);

    say(f, fd, CALL("org.example.test.Change"));
    expect(f, fd, "{\"parameters\":{}}");
    close(fd);

    if (geteuid() == 0) { /* else there is no way to be somebody else */
        assert_int_equal(seteuid(NOBODY), 0);
        fd = join(f);
        assert_int_equal(seteuid(0), 0);
        say(f, fd, CALL("org.example.test.Change"));
        expect(f, fd, "{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}");
        say(f, fd, CALL("org.example.test.Paint"));
        expect(f, fd, "{\"parameters\":{}}");
        close(fd);
    }
}

static void test_without_descriptors_accepting_is_paused(void **context)
{
    struct fixture *f = *context;
    int fd = join(f);
    struct rlimit old;
    struct rlimit none;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0; /* what is open stays so */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    settle(f);
    assert_false(f->server->accepting);
    assert_int_equal(f->notes, 1); /* it did not try again and again */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    ev_feed_event(f->loop, &f->server->retry, EV_TIMER);
    say(f, fd, ECHO("at last"));

    expect(f, fd, ECHOED("at last"));
    close(fd);
}

static void test_replaces_the_socket_of_a_daemon_that_is_gone(void **context)
{
    struct fixture *f = *context;
    struct varlink_server *server = varlink_server_create(f->loop, &service, f);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char why[240] = "";
    char path[100];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(path, sizeof(path), "%s/stale", f->folder);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    assert_int_equal(varlink_server_listen(server, path, 0600, NULL, why, sizeof(why)), 0);

    fd = join_path(path);
    say(f, fd, ECHO("here"));
    expect(f, fd, ECHOED("here"));
    close(fd);
    varlink_server_destroy(server);
    assert_int_equal(access(path, F_OK), -1); /* and takes its own away */
}

static void test_leaves_what_is_not_its_own(void **context)
{
    struct fixture *f = *context;
    struct varlink_server *server = varlink_server_create(f->loop, &service, f);
    struct stat st;
    char why[240] = "";
    char path[100];
    int fd;

    assert_int_equal(varlink_server_listen(server, f->path, 0600, NULL, why, sizeof(why)),
                     -EADDRINUSE);
    assert_non_null(strstr(why, f->path));
    assert_non_null(strstr(why, "another daemon answers there already"));

    snprintf(path, sizeof(path), "%s/file", f->folder);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(varlink_server_listen(server, path, 0600, NULL, why, sizeof(why)), -EEXIST);
    assert_non_null(strstr(why, "something that is not a socket is in the way"));
    close(fd);
    unlink(path);

    snprintf(path, sizeof(path), "%s/none/socket", f->folder);
    assert_int_equal(varlink_server_listen(server, path, 0600, NULL, why, sizeof(why)), -ENOENT);
    *strrchr(path, '/') = '\0';
    assert_non_null(strstr(why, path));
    assert_non_null(strstr(why, "does not exist"));

    snprintf(path, sizeof(path), "%s/group", f->folder);
    assert_int_equal(varlink_server_listen(server, path, 0600, "no-such-group", why, sizeof(why)),
                     -EINVAL);
    assert_non_null(strstr(why, "there is no group \"no-such-group\""));
    assert_int_equal(access(path, F_OK), -1);

    varlink_server_destroy(server);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666);
}

static void test_listens_on_a_socket_that_is_passed_in(void **context)
{
    struct fixture *f = *context;
    struct varlink_server *server = varlink_server_create(f->loop, &service, f);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[100];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int pair[2];

    snprintf(path, sizeof(path), "%s/passed", f->folder);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(varlink_server_listen_fd(server, fd), 0);
    fd = join_path(path);
    say(f, fd, ECHO("here"));
    expect(f, fd, ECHOED("here"));
    close(fd);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(varlink_server_listen_fd(server, pair[0]), -EINVAL);
    close(pair[1]);

    varlink_server_destroy(server);
    assert_int_equal(access(path, F_OK), 0); /* whoever made it removes it */
    unlink(path);
}

static void test_the_end_of_the_server_ends_its_calls(void **context)
{
    struct fixture *f = *context;
    char why[240];
    int fd = join(f);

    say(f, fd, MORE("Wait"));
    settle(f);
    assert_int_equal(varlink_reply_continues(f->waiting, NULL), 0);
    varlink_server_destroy(f->server);

    assert_int_equal(f->ended, 1);
    f->server = varlink_server_create(f->loop, &service, f);
    assert_int_equal(varlink_server_listen(f->server, f->path, 0666, NULL, why, sizeof(why)), 0);
    expect(f, fd, "{\"parameters\":{},\"continues\":true}"); /* what was said is still sent */
    expect_hang_up(f, fd);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_varlink_is_disconnected),
        TEST(deep_and_crowded_requests_are_not_even_parsed),
        TEST(a_request_without_end_is_cut_off_at_the_limit),
        TEST(a_request_of_exactly_the_limit_is_taken),
        TEST(half_a_request_harms_nobody),
        TEST(one_client_too_many_is_told_so),
        TEST(changes_take_root_or_the_daemons_user),
        TEST(without_descriptors_accepting_is_paused),
        TEST(replaces_the_socket_of_a_daemon_that_is_gone),
        TEST(leaves_what_is_not_its_own),
        TEST(listens_on_a_socket_that_is_passed_in),
        TEST(the_end_of_the_server_ends_its_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
