#include "graph/parcel.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) != -1;
}

static int open_something(void)
{
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    assert_return_code(fd, errno);
    return fd;
}

static void test_what_was_put_in_comes_out_in_the_same_order(void **context)
{
    struct parcel parcel = {0};

    parcel_put_number(&parcel, UINT64_MAX);
    parcel_put_text(&parcel, "server");
    parcel_put_text(&parcel, "");
    parcel_put(&parcel, "a\0b", 3);

    assert_true(parcel_get_number(&parcel) == UINT64_MAX);
    assert_string_equal(parcel_get_text(&parcel), "server");
    assert_string_equal(parcel_get_text(&parcel), "");
    assert_false(parcel_is_at_end(&parcel));
    assert_memory_equal(parcel_get(&parcel, 3), "a\0b", 3);
    assert_true(parcel_is_at_end(&parcel));
    assert_false(parcel.is_bad);
    parcel_deinit(&parcel, false);
}

static void test_more_than_there_is_makes_it_bad_for_good(void **context)
{
    struct parcel parcel = {0};

    parcel_put_number(&parcel, 7);
    assert_null(parcel_get(&parcel, sizeof(uint64_t) + 1));

    assert_true(parcel.is_bad);
    assert_int_equal(parcel_get_number(&parcel), 0); /* though it is there */
    assert_string_equal(parcel_get_text(&parcel), "");
    assert_true(parcel_is_at_end(&parcel));
    parcel_deinit(&parcel, false);
}

static void test_an_empty_one_has_nothing(void **context)
{
    struct parcel parcel = {0};

    assert_true(parcel_is_at_end(&parcel));
    assert_false(parcel.is_bad);
    assert_int_equal(parcel_get_number(&parcel), 0);
    assert_true(parcel.is_bad);
}

static void test_a_text_that_is_none_is_refused(void **context)
{
    static const struct {
        uint64_t size;
        const char *bytes;
    } cases[] = {{0, ""}, {3, "abc"}, {5, "abc"}, {UINT64_MAX, "abc"}, {UINT64_MAX - 7, "abc"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parcel parcel = {0};

        parcel_put_number(&parcel, cases[i].size);
        parcel_put(&parcel, cases[i].bytes, strlen(cases[i].bytes));

        assert_string_equal(parcel_get_text(&parcel), "");
        assert_true(parcel.is_bad);
        parcel_deinit(&parcel, false);
    }
}

static void test_too_many_descriptors_make_it_bad(void **context)
{
    struct parcel parcel = {0};

    for (int i = 0; i < PARCEL_FDS; i++) {
        parcel_put_fd(&parcel, i);
        assert_false(parcel.is_bad);
    }
    parcel_put_fd(&parcel, PARCEL_FDS);

    assert_true(parcel.is_bad);
    assert_int_equal(parcel.fd_count, PARCEL_FDS);
    parcel_deinit(&parcel, false);
}

static void test_who_has_received_it_owns_what_nobody_took_out(void **context)
{
    struct parcel parcel = {0};
    const int taken = open_something();
    const int left = open_something();

    parcel_put_fd(&parcel, taken);
    parcel_put_fd(&parcel, left);
    assert_int_equal(parcel_get_fd(&parcel), taken);
    parcel_deinit(&parcel, true);

    assert_true(is_open(taken));
    assert_false(is_open(left));
    (void)close(taken);
}

static void test_who_sends_it_has_only_borrowed(void **context)
{
    struct parcel parcel = {0};
    const int fd = open_something();

    parcel_put_fd(&parcel, fd);
    parcel_deinit(&parcel, false);

    assert_true(is_open(fd));
    (void)close(fd);
}

static void test_a_descriptor_too_many_is_none(void **context)
{
    struct parcel parcel = {0};

    assert_int_equal(parcel_get_fd(&parcel), -1);
    assert_true(parcel.is_bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_put_in_comes_out_in_the_same_order),
        cmocka_unit_test(test_more_than_there_is_makes_it_bad_for_good),
        cmocka_unit_test(test_an_empty_one_has_nothing),
        cmocka_unit_test(test_a_text_that_is_none_is_refused),
        cmocka_unit_test(test_too_many_descriptors_make_it_bad),
        cmocka_unit_test(test_who_has_received_it_owns_what_nobody_took_out),
        cmocka_unit_test(test_who_sends_it_has_only_borrowed),
        cmocka_unit_test(test_a_descriptor_too_many_is_none),
    };

    return cmocka_run_group_tests_name("parcel", tests, NULL, NULL);
}
