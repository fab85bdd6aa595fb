/* ConnectedSocketAdapter: when it reads first, and how long it waits for a peer, by the clock of
 * the test. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/clock.h"
#include "tests/scene.h"
#include "tests/unit.h"

/* A server, and a connection to it: of Unix sockets, where what is sent is there at once. */
struct dialogue {
    struct scene *scene;
    int fd;
};

static struct dialogue start(const char *more, const char *protocol)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct dialogue talk;
    char yaml[500];
    size_t size;

    (void)snprintf(yaml, sizeof(yaml),
                   "components:\n"
                   "  server: {type: TCPServer, host: 'unix:@axond-test-%d'%s}\n"
                   "  handler: {type: ProtocolHandler, protocol: %s}\n"
                   "linkages: [server -> handler]\n",
                   (int)getpid(), more, protocol);
    talk.scene = scene_start(NULL, yaml);
    assert_non_null(talk.scene->graph);
    talk.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_return_code(talk.fd, errno);
    size = (size_t)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "axond-test-%d",
                            (int)getpid());
    assert_return_code(connect(talk.fd, (const struct sockaddr *)&address,
                               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + size)),
                       errno);
    return talk;
}

static void stop(struct dialogue *talk)
{
    assert_int_equal(talk->scene->loop->connections->places.taken, 0);
    (void)close(talk->fd);
    scene_stop(talk->scene);
}

static ssize_t hear(const struct dialogue *talk, char *bytes, size_t size)
{
    return recv(talk->fd, bytes, size, MSG_DONTWAIT);
}

/* Whether there is something to hear, the end included. */
static bool has_more(void *arg)
{
    char byte;

    return recv(((const struct dialogue *)arg)->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) != -1 ||
           errno != EAGAIN;
}

/* Says something; true if that is refused. */
static bool is_refused(const struct dialogue *talk)
{
    return send(talk->fd, "x", 1, MSG_NOSIGNAL) == -1;
}

static void
test_who_goes_on_sending_to_one_that_has_finished_is_closed_after_10_seconds(void **context)
{
    struct dialogue talk = start("", "{type: OneShot, msg: hello}");
    char bytes[10];
    double began;

    scene_wait(talk.scene, has_more, &talk);
    assert_int_equal(hear(&talk, bytes, sizeof(bytes)), 5);
    scene_wait(talk.scene, has_more, &talk);
    assert_int_equal(hear(&talk, bytes, sizeof(bytes)), 0);
    began = clock_now();
    for (int i = 0; i < 200 && !is_refused(&talk); i++) {
        scene_wait_seconds(talk.scene, 0.1);
    }

    assert_true(clock_now() - began > 9.9 && clock_now() - began < 10.6);
    scene_run(talk.scene);
    stop(&talk);
}

static void test_one_that_is_idle_for_idle_timeout_is_closed(void **context)
{
    struct dialogue talk = start(", idle_timeout: 5s", "EchoProtocol");
    const double began = clock_now();
    char byte;

    scene_wait(talk.scene, has_more, &talk);

    assert_int_equal(hear(&talk, &byte, 1), 0);
    assert_true(clock_now() - began >= 5 &&
                clock_now() - began < 6.5); /* it is looked at by times */
    (void)shutdown(talk.fd, SHUT_WR);
    scene_wait_seconds(talk.scene, 0.01);
    stop(&talk);
}

static void test_one_on_which_something_passes_now_and_then_is_not(void **context)
{
    struct dialogue talk = start(", idle_timeout: 5s", "EchoProtocol");
    char byte;

    for (int i = 0; i < 20; i++) {
        assert_int_equal(send(talk.fd, "x", 1, MSG_NOSIGNAL), 1);
        scene_wait_seconds(talk.scene, 4.9);
        assert_int_equal(hear(&talk, &byte, 1), 1);
    }
    assert_false(has_more(&talk));
    (void)shutdown(talk.fd, SHUT_WR);
    scene_wait(talk.scene, has_more, &talk);

    assert_int_equal(hear(&talk, &byte, 1), 0);
    stop(&talk);
}

static void
test_what_was_sent_before_it_is_accepted_is_answered_without_a_wait_in_between(void **context)
{
    struct dialogue talk = start("", "EchoProtocol");
    char byte;

    assert_int_equal(send(talk.fd, "x", 1, MSG_NOSIGNAL), 1);
    ev_run(talk.scene->loop->ev, EVRUN_ONCE);

    assert_int_equal(hear(&talk, &byte, 1), 1);
    (void)shutdown(talk.fd, SHUT_WR);
    scene_wait(talk.scene, has_more, &talk);
    stop(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_who_goes_on_sending_to_one_that_has_finished_is_closed_after_10_seconds),
        cmocka_unit_test(test_one_that_is_idle_for_idle_timeout_is_closed),
        cmocka_unit_test(test_one_on_which_something_passes_now_and_then_is_not),
        cmocka_unit_test(
            test_what_was_sent_before_it_is_accepted_is_answered_without_a_wait_in_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
