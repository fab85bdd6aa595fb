/* The channel, with both ends in this test. */
#include "daemon/channel.h"
#include "graph/parcel.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2];

static int set_up(void **context)
{
    assert_int_equal(channel_create(ends), 0);
    return 0;
}

static int tear_down(void **context)
{
    (void)close(ends[1]);
    return 0;
}

static void hang_up(void)
{
    (void)close(ends[0]);
}

static void say(const void *bytes, size_t size)
{
    assert_int_equal(send(ends[0], bytes, size, 0), size);
}

static void test_parcels_arrive_whole_and_in_order(void **context)
{
    enum { LONG = 100000 };
    static unsigned char bytes[LONG];
    struct parcel sent = {0};
    struct parcel first = {0};
    struct parcel second = {0};

    memset(bytes, 'x', LONG);
    parcel_put_text(&sent, "first");
    parcel_put(&sent, bytes, LONG);
    assert_int_equal(channel_send(ends[0], &sent), 0);
    parcel_deinit(&sent, false);
    assert_int_equal(channel_send(ends[0], &sent), 0); /* an empty one */
    hang_up();

    assert_int_equal(channel_receive(ends[1], &first), 1);
    assert_string_equal(parcel_get_text(&first), "first");
    assert_memory_equal(parcel_get(&first, LONG), bytes, LONG);
    assert_true(parcel_is_at_end(&first));
    assert_int_equal(channel_receive(ends[1], &second), 1);
    assert_true(parcel_is_at_end(&second));
    assert_int_equal(channel_receive(ends[1], &second), 0); /* that was all */
    parcel_deinit(&first, true);
    parcel_deinit(&second, true);
}

static void test_descriptors_go_along(void **context)
{
    struct parcel sent = {0};
    struct parcel got = {0};
    char text[3] = "";
    int pipe_ends[2];
    int fd;

    assert_return_code(pipe2(pipe_ends, O_CLOEXEC), errno);
    for (int i = 0; i < PARCEL_FDS; i++) {
        parcel_put_fd(&sent, pipe_ends[1]);
    }
    assert_int_equal(channel_send(ends[0], &sent), 0);
    hang_up();
    (void)close(pipe_ends[1]);

    assert_int_equal(channel_receive(ends[1], &got), 1);
    assert_int_equal(got.fd_count, PARCEL_FDS);
    fd = parcel_get_fd(&got);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(write(fd, "ok", 2), 2);
    (void)close(fd);
    parcel_deinit(&got, true);
    assert_int_equal(read(pipe_ends[0], text, 2), 2);
    assert_string_equal(text, "ok");
    assert_int_equal(read(pipe_ends[0], text, 2), 0); /* nobody else has it open */
    (void)close(pipe_ends[0]);
}

static void test_what_breaks_off_is_an_error(void **context)
{
    const uint64_t size = 100;
    struct parcel got = {0};

    say(&size, sizeof(size));
    say("only this", 9);
    hang_up();

    assert_int_equal(channel_receive(ends[1], &got), -EPIPE);
    parcel_deinit(&got, true);
}

static void test_so_is_what_breaks_off_before_its_size_is_known(void **context)
{
    struct parcel got = {0};

    say("abc", 3);
    hang_up();

    assert_int_equal(channel_receive(ends[1], &got), -EPIPE);
}

static void test_what_claims_to_be_enormous_is_refused(void **context)
{
    static const uint64_t sizes[] = {(uint64_t)PARCEL_SIZE + 1, UINT64_MAX};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct parcel got = {0};

        say(&sizes[i], sizeof(sizes[i]));
        assert_int_equal(channel_receive(ends[1], &got), -EMSGSIZE);
        assert_null(got.bytes);
    }
    hang_up();
}

static void test_without_room_for_the_descriptors_it_is_an_error(void **context)
{
    const int spare = fcntl(ends[1], F_DUPFD_CLOEXEC, 0); /* the lowest that is free */
    struct rlimit before;
    struct rlimit few;
    struct parcel sent = {0};
    struct parcel got = {0};

    for (int i = 0; i < 3; i++) {
        parcel_put_fd(&sent, ends[1]);
    }
    assert_int_equal(channel_send(ends[0], &sent), 0);
    (void)close(spare);
    assert_return_code(getrlimit(RLIMIT_NOFILE, &before), errno);
    few = (struct rlimit){.rlim_cur = (rlim_t)spare + 1, .rlim_max = before.rlim_max};
    assert_return_code(setrlimit(RLIMIT_NOFILE, &few), errno);

    assert_int_equal(channel_receive(ends[1], &got), -EMFILE);
    parcel_deinit(&got, true); /* closes the one that found room */
    assert_int_equal(fcntl(spare, F_GETFD), -1);
    assert_return_code(setrlimit(RLIMIT_NOFILE, &before), errno);
    hang_up();
}

static void test_an_end_that_polls_never_waits(void **context)
{
    struct parcel got = {0};

    assert_int_equal(channel_poll(ends[1]), 0);
    assert_int_equal(channel_receive(ends[1], &got), -EAGAIN);
    assert_int_equal(channel_adopt(ends[1]), 0);
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    hang_up();
}

static void test_nobody_at_the_other_end_is_an_error(void **context)
{
    const struct parcel empty = {0};

    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(channel_send(ends[0], &empty), -EPIPE); /* and no signal */
    ends[1] = ends[0];
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parcels_arrive_whole_and_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_descriptors_go_along, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_breaks_off_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_so_is_what_breaks_off_before_its_size_is_known, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_claims_to_be_enormous_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_without_room_for_the_descriptors_it_is_an_error,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_end_that_polls_never_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_at_the_other_end_is_an_error, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
