/* Crates: packed and unpacked, and what comes of one that somebody has had his hands in. */
#include "daemon/crate.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/channel.h"
#include "tests/count_descriptors.h"

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
enum { VERSION_AT = 8, COUNT_AT = 16, FDS_AT = 24, SIZE_AT = 32, HEAD = 48 }; /* in the memfd */

static int set_up(void **context)
{
    *context = (void *)(uintptr_t)count_descriptors();
    return 0;
}

/* Whatever became of a crate, all that was in it is closed. */
static int tear_down(void **context)
{
    assert_int_equal(count_descriptors(), (uintptr_t)*context);
    return 0;
}

static void put(struct crate *crate, const char *text, unsigned fds, int fd)
{
    struct parcel parcel = {0};

    parcel_put_text(&parcel, text);
    for (unsigned i = 0; i < fds; i++) {
        parcel_put_fd(&parcel, fd);
    }
    assert_int_equal(crate_add(crate, &parcel), 0);
    parcel_deinit(&parcel, false);
}

/* Three parcels: with one descriptor, with none, and with two. */
static int pack_three(void)
{
    struct crate crate = {0};
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int result;

    put(&crate, "one", 1, fd);
    put(&crate, "none", 0, fd);
    put(&crate, "two", 2, fd);
    result = crate_close(&crate);
    assert_return_code(result, -result);
    crate_deinit(&crate, false);
    (void)close(fd);
    return result;
}

static void expect(struct crate *crate, const char *text, unsigned fds)
{
    struct parcel parcel = {0};

    assert_true(crate_take(crate, &parcel));
    assert_string_equal(parcel_get_text(&parcel), text);
    assert_true(parcel_is_at_end(&parcel));
    assert_int_equal(parcel.fd_count, fds);
    parcel_deinit(&parcel, true);
}

static void test_parcels_come_out_as_they_went_in(void **context)
{
    struct crate crate = {0};
    struct parcel parcel = {0};

    assert_int_equal(crate_open(&crate, pack_three()), 0);

    assert_int_equal(crate.count, 3);
    expect(&crate, "one", 1);
    expect(&crate, "none", 0);
    expect(&crate, "two", 2);
    assert_false(crate_take(&crate, &parcel));
    crate_deinit(&crate, true);
}

static void test_what_nobody_takes_out_is_closed(void **context)
{
    struct crate crate = {0};

    assert_int_equal(crate_open(&crate, pack_three()), 0);
    expect(&crate, "one", 1);
    crate_deinit(&crate, true);
}

static void test_each_parcel_gets_its_own_descriptors_among_thousands(void **context)
{
    enum { MANY = 1000 };
    struct crate crate = {0};
    struct stat status;
    ino_t files[MANY];
    int fds[MANY];
    int socket;

    for (int i = 0; i < MANY; i++) {
        int ends[2];

        assert_return_code(pipe2(ends, O_CLOEXEC), errno);
        (void)close(ends[1]);
        fds[i] = ends[0];
        assert_return_code(fstat(fds[i], &status), errno);
        files[i] = status.st_ino;
        put(&crate, "", 1, fds[i]);
    }
    socket = crate_close(&crate);
    crate_deinit(&crate, false);
    for (int i = 0; i < MANY; i++) {
        (void)close(fds[i]);
    }
    assert_int_equal(crate_open(&crate, socket), 0);

    for (int i = 0; i < MANY; i++) {
        struct parcel parcel = {0};

        assert_true(crate_take(&crate, &parcel));
        assert_return_code(fstat(parcel.fds[0], &status), errno);
        assert_int_equal(status.st_ino, files[i]);
        parcel_deinit(&parcel, true);
    }
    crate_deinit(&crate, true);
}

static void test_what_does_not_fit_any_more_is_refused(void **context)
{
    struct crate crate = {0};
    struct parcel parcel = {0};

    while (crate.fd_count + PARCEL_FDS <= CRATE_FDS) {
        put(&crate, "", PARCEL_FDS, STDIN_FILENO);
    }
    for (int i = 0; i < PARCEL_FDS; i++) {
        parcel_put_fd(&parcel, STDIN_FILENO);
    }
    assert_int_equal(crate_add(&crate, &parcel), -ENOSPC);
    parcel_deinit(&parcel, false);
    put(&crate, "still", 0, -1);
    parcel.bytes = NULL; /* it is not looked at */
    parcel.size = CRATE_SIZE;
    assert_int_equal(crate_add(&crate, &parcel), -ENOSPC);
    parcel.size = SIZE_MAX;
    assert_int_equal(crate_add(&crate, &parcel), -ENOSPC);
    crate_deinit(&crate, false);
}

static void test_a_full_one_goes_into_one_socket(void **context)
{
    struct crate crate = {0};
    int result;

    while (crate.fd_count + PARCEL_FDS <= CRATE_FDS) {
        put(&crate, "", PARCEL_FDS, STDIN_FILENO);
    }
    result = crate_close(&crate);
    crate_deinit(&crate, false);
    if (result == -ETOOMANYREFS) {
        skip(); /* more than this user may have under way */
    }
    assert_return_code(result, -result);
    (void)close(result);
}

/* ---- with somebody's hands in it */

static int make_memfd(const void *bytes, size_t size, int seals)
{
    const int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_return_code(fd, errno);
    assert_int_equal(write(fd, bytes, size), size);
    assert_return_code(fcntl(fd, F_ADD_SEALS, seals), errno);
    return fd;
}

static void send_fds(int channel, const int *fds, unsigned count)
{
    struct parcel parcel = {0};

    for (unsigned i = 0; i < count; i++) {
        parcel_put_fd(&parcel, fds[i]);
    }
    assert_int_equal(channel_send(channel, &parcel), 0);
}

/* What three parcels are packed in. */
struct inside {
    unsigned char bytes[400];
    size_t size;
    int fds[10];
    unsigned fd_count;
};

static void take_apart(struct inside *inside)
{
    const int channel = pack_three();
    struct parcel first = {0};
    struct parcel second = {0};

    assert_int_equal(channel_receive(channel, &first), 1);
    inside->size = (size_t)pread(first.fds[0], inside->bytes, sizeof(inside->bytes), 0);
    assert_int_equal(channel_receive(channel, &second), 1);
    inside->fd_count = second.fd_count;
    memcpy(inside->fds, second.fds, sizeof(int) * second.fd_count);
    parcel_deinit(&first, true);
    parcel_deinit(&second, false);
    (void)close(channel);
}

/* Opens what it has become. */
static int open_again(struct inside *inside, int seals)
{
    struct crate crate = {0};
    int memfd = make_memfd(inside->bytes, inside->size, seals);
    int ends[2];
    int result;

    assert_int_equal(channel_create(ends), 0);
    send_fds(ends[0], &memfd, 1);
    send_fds(ends[0], inside->fds, inside->fd_count);
    (void)close(memfd);
    (void)close(ends[0]);
    result = crate_open(&crate, ends[1]);
    crate_deinit(&crate, true);
    return result;
}

static void close_all(const struct inside *inside)
{
    for (unsigned i = 0; i < inside->fd_count; i++) {
        (void)close(inside->fds[i]);
    }
}

static void test_put_together_again_it_is_one(void **context)
{
    struct inside inside = {.size = 0};

    take_apart(&inside);
    assert_int_equal(open_again(&inside, SEALS), 0);
    close_all(&inside);
}

static void test_another_version_is_refused_as_such(void **context)
{
    struct inside inside = {.size = 0};

    take_apart(&inside);
    inside.bytes[VERSION_AT]++;
    assert_int_equal(open_again(&inside, SEALS), -EPROTONOSUPPORT);
    close_all(&inside);
}

static void test_a_bit_that_has_changed_anywhere_is_noticed(void **context)
{
    struct inside inside = {.size = 0};

    take_apart(&inside);
    for (size_t i = 0; i < inside.size; i++) {
        if (i < VERSION_AT || i >= FDS_AT) {
            inside.bytes[i] ^= 0x10;
            assert_int_equal(open_again(&inside, SEALS), -EBADMSG);
            inside.bytes[i] ^= 0x10;
        }
    }
    close_all(&inside);
}

static void test_bytes_that_are_missing_are_noticed(void **context)
{
    struct inside inside = {.size = 0};

    take_apart(&inside);
    while (inside.size > 0) {
        inside.size--;
        assert_int_equal(open_again(&inside, SEALS), -EBADMSG);
    }
    close_all(&inside);
}

static void test_more_parcels_than_there_are_bytes_for_are_not_made_up(void **context)
{
    struct inside inside = {.size = 0};
    struct crate crate = {0};
    struct parcel parcel = {0};
    int memfd;
    int ends[2];

    take_apart(&inside);
    inside.bytes[COUNT_AT + 3] = 0x7f;
    memfd = make_memfd(inside.bytes, inside.size, SEALS);
    assert_int_equal(channel_create(ends), 0);
    send_fds(ends[0], &memfd, 1);
    send_fds(ends[0], inside.fds, inside.fd_count);
    (void)close(memfd);
    (void)close(ends[0]);
    assert_int_equal(crate_open(&crate, ends[1]), 0);

    expect(&crate, "one", 1);
    expect(&crate, "none", 0);
    expect(&crate, "two", 2);
    assert_false(crate_take(&crate, &parcel));
    crate_deinit(&crate, true);
    close_all(&inside);
}

static void test_what_may_still_be_written_to_is_refused(void **context)
{
    struct inside inside = {.size = 0};

    take_apart(&inside);
    assert_int_equal(open_again(&inside, F_SEAL_SHRINK | F_SEAL_GROW), -EBADMSG);
    close_all(&inside);
}

static void test_descriptors_too_few_or_too_many_are_noticed(void **context)
{
    struct inside inside = {.size = 0};
    const unsigned all = 3;

    take_apart(&inside);
    assert_int_equal(inside.fd_count, all);
    inside.fd_count = all - 1;
    assert_int_equal(open_again(&inside, SEALS), -EBADMSG);
    inside.fd_count = all + 1;
    inside.fds[all] = STDIN_FILENO;
    assert_int_equal(open_again(&inside, SEALS), -EBADMSG);
    inside.fd_count = all;
    close_all(&inside);
}

static void test_what_is_no_crate_at_all_is_refused(void **context)
{
    struct crate crate = {0};
    int ends[2];

    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
    assert_int_equal(crate_open(&crate, ends[0]), -EAGAIN); /* nothing comes, and nobody waits */
    (void)close(ends[1]);
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
    (void)close(ends[1]);
    assert_int_equal(crate_open(&crate, ends[0]), -EBADMSG);
    assert_return_code(pipe2(ends, O_CLOEXEC), errno);
    assert_int_equal(crate_open(&crate, ends[0]), -ENOTSOCK);
    (void)close(ends[1]);
    assert_int_equal(channel_create(ends), 0);
    send_fds(ends[0], (int[]){STDIN_FILENO}, 1); /* no memfd */
    (void)close(ends[0]);
    assert_int_equal(crate_open(&crate, ends[1]), -EBADMSG);
    assert_int_equal(channel_create(ends), 0);
    send_fds(ends[0], NULL, 0); /* no descriptor */
    (void)close(ends[0]);
    assert_int_equal(crate_open(&crate, ends[1]), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parcels_come_out_as_they_went_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_nobody_takes_out_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_parcel_gets_its_own_descriptors_among_thousands,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit_any_more_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_one_goes_into_one_socket, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_put_together_again_it_is_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_version_is_refused_as_such, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_bit_that_has_changed_anywhere_is_noticed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_bytes_that_are_missing_are_noticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_more_parcels_than_there_are_bytes_for_are_not_made_up,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_may_still_be_written_to_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_descriptors_too_few_or_too_many_are_noticed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_no_crate_at_all_is_refused, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("crate", tests, NULL, NULL);
}
