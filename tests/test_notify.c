/* notify with a socket of ours in systemd's place. */
#include "daemon/notify.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int systemd;

/* The next message; "" if there is none. */
static const char *heard(void)
{
    static char text[1024];
    ssize_t size = recv(systemd, text, sizeof(text) - 1, MSG_DONTWAIT);

    text[size < 0 ? 0 : size] = '\0';
    return text;
}

static int set_up(void **context)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(sa_family_t);
    char name[128];

    systemd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(systemd, (struct sockaddr *)&address, size), 0); /* any abstract name */
    size = sizeof(address);
    assert_int_equal(getsockname(systemd, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(name, sizeof(name), "@%.*s",
                   (int)(size - offsetof(struct sockaddr_un, sun_path) - 1), address.sun_path + 1);
    (void)setenv("NOTIFY_SOCKET", name, 1);
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    *context = ev_loop_new(EVFLAG_AUTO);
    return 0;
}

static int tear_down(void **context)
{
    ev_loop_destroy(*context);
    (void)close(systemd);
    (void)unsetenv("NOTIFY_SOCKET");
    return 0;
}

static void test_a_life_is_told_in_order(void **context)
{
    struct notify notify;

    notify_init(&notify, *context);
    notify_ready(&notify, "2 components, listening on 8080");
    assert_string_equal(heard(), "STATUS=2 components, listening on 8080\nREADY=1");
    notify_stopping(&notify, "draining");
    assert_string_equal(heard(), "STATUS=draining\nSTOPPING=1");
    notify_extend(&notify, 1.5);
    assert_string_equal(heard(), "EXTEND_TIMEOUT_USEC=1500000");
    notify_deinit(&notify);

    assert_string_equal(heard(), "");
}

static void test_a_reload_carries_the_time_it_began(void **context)
{
    struct notify notify;
    static const char head[] = "RELOADING=1\nMONOTONIC_USEC=";
    unsigned long long usec;
    struct timespec now;
    const char *text;

    notify_init(&notify, *context);
    notify_reloading(&notify, NULL);
    text = heard();
    assert_memory_equal(text, head, strlen(head));
    usec = strtoull(text + strlen(head), NULL, 10);
    notify_ready(&notify, NULL);

    assert_string_equal(heard(), "READY=1");
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    assert_in_range(usec, ((unsigned long long)now.tv_sec - 10) * 1000000,
                    ((unsigned long long)now.tv_sec + 1) * 1000000);
    notify_deinit(&notify);
}

static void test_a_status_is_sent_when_it_changes(void **context)
{
    struct notify notify;

    notify_init(&notify, *context);
    notify_status(&notify, "%d connections", 3);
    assert_string_equal(heard(), "STATUS=3 connections\n");
    notify_status(&notify, "%d connections", 3);
    assert_string_equal(heard(), "");
    notify_status(&notify, "%d connections", 4);

    assert_string_equal(heard(), "STATUS=4 connections\n");
    notify_deinit(&notify);
}

static void test_a_status_cannot_smuggle_in_another_field(void **context)
{
    struct notify notify;

    notify_init(&notify, *context);
    notify_status(&notify, "%s", "fine\nSTOPPING=1");

    assert_string_equal(heard(), "STATUS=fine\n");
    notify_deinit(&notify);
}

static void test_nobody_listening_is_no_error(void **context)
{
    struct notify notify;

    (void)unsetenv("NOTIFY_SOCKET");
    notify_init(&notify, *context);
    notify_ready(&notify, "status");
    notify_status(&notify, "status");
    notify_extend(&notify, 1);
    notify_forget(&notify, "echo");

    assert_int_equal(notify_store(&notify, "echo", 0), -ENOENT);
    assert_string_equal(heard(), "");
    notify_deinit(&notify);
}

static void on_end(struct ev_loop *loop, ev_timer *timer, int events)
{
    ev_break(loop, EVBREAK_ALL);
}

/* Runs the loop for some seconds and returns how often the watchdog was fed. */
static int feedings(struct ev_loop *loop, double seconds)
{
    ev_timer end;
    int count = 0;

    ev_timer_init(&end, on_end, seconds, 0.);
    ev_timer_start(loop, &end);
    ev_run(loop, 0);
    ev_timer_stop(loop, &end);
    while (strcmp(heard(), "WATCHDOG=1") == 0) {
        count++;
    }
    return count;
}

static void test_the_watchdog_is_fed_four_times_in_its_interval(void **context)
{
    struct notify notify;
    char pid[16];

    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    (void)setenv("WATCHDOG_USEC", "200000", 1);
    (void)setenv("WATCHDOG_PID", pid, 1);
    notify_init(&notify, *context);

    assert_int_equal(feedings(*context, 0.42), 8); /* the socket holds ten */
    notify_deinit(&notify);
    assert_int_equal(feedings(*context, 0.1), 0);
}

/* A worker's loop stands still here unless it is run by hand. */
static void test_the_watchdog_is_not_fed_while_another_loop_hangs(void **context)
{
    struct notify notify;
    struct progress_loop worker;
    struct ev_loop *other = ev_loop_new(EVFLAG_AUTO);
    char pid[16];

    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    (void)setenv("WATCHDOG_USEC", "40000", 1);
    (void)setenv("WATCHDOG_PID", pid, 1);
    notify_init(&notify, *context);
    progress_add(&notify.progress, &worker, other, "worker 2");

    assert_int_equal(feedings(*context, 0.1), 1); /* at the first beat nothing had been asked */
    assert_int_equal(feedings(*context, 0.1), 0);
    ev_run(other, EVRUN_NOWAIT);
    assert_int_equal(feedings(*context, 0.1), 1);

    progress_remove(&worker);
    assert_true(feedings(*context, 0.05) > 0);
    notify_deinit(&notify);
    ev_loop_destroy(other);
}

static void test_a_watchdog_for_another_process_is_not_fed(void **context)
{
    struct notify notify;

    (void)setenv("WATCHDOG_USEC", "20000", 1);
    (void)setenv("WATCHDOG_PID", "1", 1);
    notify_init(&notify, *context);

    assert_int_equal(feedings(*context, 0.1), 0);
    notify_deinit(&notify);
}

static void test_the_watchdog_does_not_keep_the_loop_running(void **context)
{
    struct notify notify;

    (void)setenv("WATCHDOG_USEC", "60000000", 1);
    notify_init(&notify, *context);

    assert_false(ev_run(*context, 0)); /* nothing to wait for */
    notify_deinit(&notify);
}

static void test_more_time_is_asked_for_a_part_at_a_time(void **context)
{
    struct notify notify;

    notify_init(&notify, *context);
    notify_extend(&notify, 3600.0);
    assert_string_equal(heard(), "EXTEND_TIMEOUT_USEC=15000000");
    ev_feed_event(*context, &notify.beat, EV_TIMER); /* 5 seconds later */
    (void)ev_run(*context, EVRUN_NOWAIT);
    assert_string_equal(heard(), "EXTEND_TIMEOUT_USEC=15000000");

    notify_deinit(&notify);
    assert_string_equal(heard(), "");
}

static void test_no_more_time_is_asked_for_a_loop_that_hangs(void **context)
{
    struct notify notify;
    struct progress_loop worker;
    struct ev_loop *other = ev_loop_new(EVFLAG_AUTO);

    notify_init(&notify, *context);
    progress_add(&notify.progress, &worker, other, "worker 2");
    notify_extend(&notify, 3600.0);
    (void)heard();
    for (int beat = 0; beat < 3; beat++) {
        ev_feed_event(*context, &notify.beat, EV_TIMER);
        (void)ev_run(*context, EVRUN_NOWAIT);
    }

    assert_string_equal(heard(), "EXTEND_TIMEOUT_USEC=15000000"); /* the first: not asked before */
    assert_string_equal(heard(), "");
    progress_remove(&worker);
    notify_deinit(&notify);
    ev_loop_destroy(other);
}

/* What is written to stderr in the course of some beats, after each of which one loop turns. */
static const char *said_at_beats(struct notify *notify, struct ev_loop *turns_after[], int beats)
{
    static char text[4096];
    int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    ssize_t size;

    assert_return_code(dup2(file, STDERR_FILENO), errno);
    for (int beat = 0; beat < beats; beat++) {
        ev_feed_event(notify->loop, &notify->beat, EV_TIMER);
        (void)ev_run(notify->loop, EVRUN_NOWAIT);
        (void)ev_run(turns_after[beat], EVRUN_NOWAIT);
    }
    assert_return_code(dup2(before, STDERR_FILENO), errno);
    size = pread(file, text, sizeof(text) - 1, 0);
    assert_return_code(size, errno);
    text[size] = '\0';
    (void)close(before);
    (void)close(file);
    return text;
}

static void test_the_log_names_who_hangs_now_though_another_hung_before(void **context)
{
    struct notify notify;
    struct progress_loop workers[2];
    struct ev_loop *loops[] = {ev_loop_new(EVFLAG_AUTO), ev_loop_new(EVFLAG_AUTO)};
    struct ev_loop *turns_after[] = {loops[0], loops[1], loops[1]};
    const char *said, *second, *first;

    notify_init(&notify, *context);
    progress_add(&notify.progress, &workers[0], loops[0], "worker 2");
    progress_add(&notify.progress, &workers[1], loops[1], "worker 3");
    said = said_at_beats(&notify, turns_after, 3);
    first = strstr(said, "worker 3 has not turned");
    second = strstr(said, "worker 2 has not turned");

    assert_non_null(first);
    assert_non_null(second);
    assert_true(first < second);
    assert_null(strstr(said, "again"));
    for (int i = 0; i < 2; i++) {
        progress_remove(&workers[i]);
        ev_loop_destroy(loops[i]);
    }
    notify_deinit(&notify);
}

static void test_more_time_is_asked_for_no_longer_than_was_wanted(void **context)
{
    struct notify notify;

    notify_init(&notify, *context);
    notify_extend(&notify, 0.0);
    (void)heard();
    ev_feed_event(*context, &notify.beat, EV_TIMER);
    (void)ev_run(*context, EVRUN_NOWAIT);

    assert_string_equal(heard(), "");
    assert_false(ev_is_active(&notify.beat));
    notify_deinit(&notify);
}

static void test_a_socket_is_handed_over_with_its_name(void **context)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    } control;
    char text[256] = "";
    struct iovec part = {.iov_base = text, .iov_len = sizeof(text) - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct notify notify;
    int fd;

    notify_init(&notify, *context);
    assert_int_equal(notify_store(&notify, "tcp-8080", STDIN_FILENO), 0);
    assert_true(recvmsg(systemd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) > 0);
    assert_string_equal(text, "FDSTORE=1\nFDNAME=tcp-8080");
    assert_true(message.msg_controllen >= CMSG_LEN(sizeof(fd)));
    assert_int_equal(control.header.cmsg_type, SCM_RIGHTS);
    memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
    (void)close(fd);

    notify_forget(&notify, "tcp-8080");
    assert_string_equal(heard(), "FDSTOREREMOVE=1\nFDNAME=tcp-8080");
    notify_deinit(&notify);
}

int main(void)
{
#define WITH_SYSTEMD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_SYSTEMD(test_a_life_is_told_in_order),
        WITH_SYSTEMD(test_a_reload_carries_the_time_it_began),
        WITH_SYSTEMD(test_a_status_is_sent_when_it_changes),
        WITH_SYSTEMD(test_a_status_cannot_smuggle_in_another_field),
        WITH_SYSTEMD(test_nobody_listening_is_no_error),
        WITH_SYSTEMD(test_the_watchdog_is_fed_four_times_in_its_interval),
        WITH_SYSTEMD(test_the_watchdog_is_not_fed_while_another_loop_hangs),
        WITH_SYSTEMD(test_a_watchdog_for_another_process_is_not_fed),
        WITH_SYSTEMD(test_the_watchdog_does_not_keep_the_loop_running),
        WITH_SYSTEMD(test_more_time_is_asked_for_a_part_at_a_time),
        WITH_SYSTEMD(test_no_more_time_is_asked_for_a_loop_that_hangs),
        WITH_SYSTEMD(test_the_log_names_who_hangs_now_though_another_hung_before),
        WITH_SYSTEMD(test_more_time_is_asked_for_no_longer_than_was_wanted),
        WITH_SYSTEMD(test_a_socket_is_handed_over_with_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
