/* Values: what a user may write, and what is said when it is something else. */
#include "graph/value.h"

#include "tests/unit.h"

#include <math.h>

static struct accepted accepted;

static void test_yes_on_and_true_are_true_in_any_case(void **context)
{
    static const char *const yes[] = {"true", "yes", "on", "True", "YES", "On"};
    static const char *const no[] = {"false", "no", "off", "False", "NO", "Off"};
    bool value;
    size_t i;

    for (i = 0; i < 6; i++) {
        value = false;
        assert_true(value_bool(yes[i], &value, &accepted));
        assert_true(value);
        assert_true(value_bool(no[i], &value, &accepted));
        assert_false(value);
    }
}

static void test_what_is_no_boolean_is_told_what_is(void **context)
{
    bool value;

    assert_false(value_bool("y", &value, &accepted));
    assert_false(value_bool("1", &value, &accepted));
    assert_false(value_bool("", &value, &accepted));
    assert_string_equal(accepted.text, "true or false");
}

static void test_integers_go_to_the_ends_of_their_range(void **context)
{
    int64_t value;

    assert_true(value_integer("0", 0, 10, &value, &accepted));
    assert_int_equal(value, 0);
    assert_true(value_integer("10", 0, 10, &value, &accepted));
    assert_int_equal(value, 10);
    assert_true(value_integer("0x1F", 0, 100, &value, &accepted));
    assert_int_equal(value, 31);
    assert_true(value_integer("-9223372036854775808", INT64_MIN, INT64_MAX, &value, &accepted));
    assert_true(value == INT64_MIN);
    assert_true(value_integer("9223372036854775807", INT64_MIN, INT64_MAX, &value, &accepted));
    assert_true(value == INT64_MAX);
}

static void test_an_integer_is_refused_with_its_range(void **context)
{
    static const char *const wrong[] = {
        "", "-", "1x", "1.0", " 1", "1 ", "0x", "0x1G", "65", "-1", "99999999999999999999"};
    int64_t value;
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(value_integer(wrong[i], 0, 64, &value, &accepted));
        assert_string_equal(accepted.text, "a whole number from 0 to 64");
    }
    assert_false(value_integer("0", 1, INT64_MAX, &value, &accepted));
    assert_string_equal(accepted.text, "a whole number, at least 1");
    assert_false(value_integer("9223372036854775808", INT64_MIN, INT64_MAX, &value, &accepted));
    assert_string_equal(accepted.text, "a whole number");
}

static size_t size_of(const char *text)
{
    size_t size = 0;

    assert_true(value_size(text, 0, SIZE_MAX, &size, &accepted));
    return size;
}

static void test_sizes_have_binary_and_decimal_units(void **context)
{
    assert_int_equal(size_of("0"), 0);
    assert_int_equal(size_of("512"), 512);
    assert_int_equal(size_of("512B"), 512);
    assert_int_equal(size_of("64KiB"), 65536);
    assert_int_equal(size_of("1MiB"), 1048576);
    assert_int_equal(size_of("2GiB"), 2147483648U);
    assert_int_equal(size_of("10kB"), 10000);
    assert_int_equal(size_of("10KB"), 10000);
    assert_int_equal(size_of("10MB"), 10000000);
    assert_int_equal(size_of("1GB"), 1000000000);
    assert_true(size_of("1TiB") == (size_t)1 << 40);
}

static void test_a_size_that_does_not_fit_is_refused(void **context)
{
    static const char *const wrong[] = {
        "",
        "KiB",
        "1.5KiB",
        "-1",
        "1 KiB",
        "1kib",
        "1K",
        "64KiBs",
        "1TB",
        "99999999999999999999",
        "0",
        "16777217",
        "18014398509481985KiB", /* 2^64 and a little: 1024 once it has wrapped */
    };
    size_t size;
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(value_size(wrong[i], 1, 16777216, &size, &accepted));
        assert_string_equal(accepted.text, "a size from 1 to 16777216 bytes, such as 64KiB");
    }
    assert_false(value_size("x", 0, SIZE_MAX, &size, &accepted));
    assert_string_equal(accepted.text, "a size, such as 512, 64KiB or 10MB");
}

static void test_sizes_are_shown_as_they_would_be_written(void **context)
{
    assert_string_equal(value_show_size(0).text, "0");
    assert_string_equal(value_show_size(512).text, "512");
    assert_string_equal(value_show_size(1000).text, "1000");
    assert_string_equal(value_show_size(65536).text, "64KiB");
    assert_string_equal(value_show_size(10000000).text, "10MB");
    assert_string_equal(value_show_size((size_t)1 << 30).text, "1GiB");
    assert_int_equal(size_of(value_show_size(SIZE_MAX).text), SIZE_MAX);
}

static double duration_of(const char *text)
{
    double seconds = -1;

    assert_true(value_duration(text, 0, HUGE_VAL, &seconds, &accepted));
    return seconds;
}

static void test_durations_have_a_unit(void **context)
{
    assert_true(duration_of("250ms") == 0.25);
    assert_true(duration_of("5s") == 5);
    assert_true(duration_of("2min") == 120);
    assert_true(duration_of("1h") == 3600);
    assert_true(duration_of("1d") == 86400);
    assert_true(duration_of("10us") == 0.00001);
    assert_true(duration_of("0.3s") == 0.3);
    assert_true(duration_of("1.5min") == 90);
    assert_true(duration_of("0") == 0);
    assert_true(duration_of("0s") == 0);
}

static void test_a_duration_without_unit_could_be_anything_and_is_refused(void **context)
{
    static const char *const wrong[] = {"10",       "",     "s",    "5 s",
                                        "-5s",      "1e3s", "infs", "5m",
                                        "1..5s",    "5.s",  ".5s",  "1234567890123456s",
                                        "99999999d"};
    double seconds;
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(value_duration(wrong[i], 0, HUGE_VAL, &seconds, &accepted));
        assert_string_equal(accepted.text, "a duration, such as 250ms, 5s or 2min");
    }
}

static void test_a_duration_out_of_range_is_told_the_range(void **context)
{
    double seconds;

    assert_false(value_duration("2h", 0.1, 3600, &seconds, &accepted));
    assert_string_equal(accepted.text, "a duration from 100ms to 1h, such as 250ms, 5s or 2min");
    assert_true(value_duration("1h", 0.1, 3600, &seconds, &accepted));
}

static void test_durations_are_shown_as_they_would_be_written(void **context)
{
    assert_string_equal(value_show_duration(0).text, "0s");
    assert_string_equal(value_show_duration(0.25).text, "250ms");
    assert_string_equal(value_show_duration(5).text, "5s");
    assert_string_equal(value_show_duration(90).text, "90s");
    assert_string_equal(value_show_duration(120).text, "2min");
    assert_string_equal(value_show_duration(3600).text, "1h");
    assert_string_equal(value_show_duration(172800).text, "2d");
    assert_string_equal(value_show_duration(0.00001).text, "10us");
    assert_string_equal(value_show_duration(HUGE_VAL).text, "36525d");
}

static void check_address(const char *text, enum address_kind kind, const char *host, unsigned port)
{
    struct address address;

    assert_true(value_address(text, &address, &accepted));
    assert_int_equal(address.kind, kind);
    assert_string_equal(address.text, host);
    assert_int_equal(address.port, port);
    assert_string_equal(value_show_address(&address).text, text);
}

static void test_addresses_of_every_kind_are_read_and_shown(void **context)
{
    check_address("127.0.0.1:8080", ADDRESS_INET, "127.0.0.1", 8080);
    check_address("0.0.0.0:0", ADDRESS_INET, "0.0.0.0", 0);
    check_address("[::1]:80", ADDRESS_INET6, "::1", 80);
    check_address("[::]:65535", ADDRESS_INET6, "::", 65535);
    check_address("[fe80::1%eth0]:80", ADDRESS_INET6, "fe80::1%eth0", 80);
    check_address("example.org:443", ADDRESS_HOST, "example.org", 443);
    check_address("my_host-1:443", ADDRESS_HOST, "my_host-1", 443);
    check_address("3com.example:25", ADDRESS_HOST, "3com.example", 25);
    check_address("unix:/run/x.sock", ADDRESS_UNIX, "/run/x.sock", 0);
    check_address("unix:/run/a:b", ADDRESS_UNIX, "/run/a:b", 0);
    check_address("unix:@abstract", ADDRESS_ABSTRACT, "abstract", 0);
    check_address("systemd:web", ADDRESS_SYSTEMD, "web", 0);
}

static void check_refused(const char *text, const char *reason)
{
    struct address address;

    assert_false(value_address(text, &address, &accepted));
    assert_non_null(strstr(accepted.text, reason));
}

static void test_an_address_is_refused_with_what_is_wrong_with_it(void **context)
{
    check_refused("localhost", "with its port");
    check_refused("[::1]", "with its port");
    check_refused("", "with its port");
    check_refused("127.0.0.1:http", "from 0 to 65535");
    check_refused("127.0.0.1:65536", "from 0 to 65535");
    check_refused("127.0.0.1:", "from 0 to 65535");
    check_refused("127.0.0.1:000080", "from 0 to 65535");
    check_refused("::1:80", "brackets");
    check_refused("127.0.0.256:80", "such as");
    check_refused("1.2.3:80", "such as");
    check_refused("[::g]:80", "such as");
    check_refused("[]:80", "such as");
    check_refused("[::1%]:80", "such as");
    check_refused("[::1%a/b]:80", "such as");
    check_refused(":80", "such as");
    check_refused("a..b:80", "such as");
    check_refused("a b:80", "such as");
    check_refused("unix:run/x.sock", "absolute path");
    check_refused("unix:", "absolute path");
    check_refused("unix:@", "absolute path");
    check_refused("systemd:", "name of a socket");
    check_refused("systemd:a:b", "name of a socket");
}

static void test_a_unix_path_must_fit_into_its_socket_address(void **context)
{
    char text[200] = "unix:/";
    struct address address;

    memset(text + 6, 'x', 106);
    assert_true(value_address(text, &address, &accepted));
    text[6 + 106] = 'x';

    assert_false(value_address(text, &address, &accepted));
    assert_non_null(strstr(accepted.text, "at most 107 bytes"));
}

static void test_a_host_alone_needs_no_brackets(void **context)
{
    struct address address;

    assert_true(value_host("::1", &address, &accepted));
    assert_int_equal(address.kind, ADDRESS_INET6);
    assert_true(value_host("[::1]", &address, &accepted));
    assert_string_equal(address.text, "::1");
    assert_true(value_host("127.0.0.1", &address, &accepted));
    assert_int_equal(address.kind, ADDRESS_INET);
    assert_true(value_host("localhost", &address, &accepted));
    assert_int_equal(address.kind, ADDRESS_HOST);
    assert_false(value_host("127.0.0.1:80", &address, &accepted));
    assert_false(value_host("", &address, &accepted));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yes_on_and_true_are_true_in_any_case),
        cmocka_unit_test(test_what_is_no_boolean_is_told_what_is),
        cmocka_unit_test(test_integers_go_to_the_ends_of_their_range),
        cmocka_unit_test(test_an_integer_is_refused_with_its_range),
        cmocka_unit_test(test_sizes_have_binary_and_decimal_units),
        cmocka_unit_test(test_a_size_that_does_not_fit_is_refused),
        cmocka_unit_test(test_sizes_are_shown_as_they_would_be_written),
        cmocka_unit_test(test_durations_have_a_unit),
        cmocka_unit_test(test_a_duration_without_unit_could_be_anything_and_is_refused),
        cmocka_unit_test(test_a_duration_out_of_range_is_told_the_range),
        cmocka_unit_test(test_durations_are_shown_as_they_would_be_written),
        cmocka_unit_test(test_addresses_of_every_kind_are_read_and_shown),
        cmocka_unit_test(test_an_address_is_refused_with_what_is_wrong_with_it),
        cmocka_unit_test(test_a_unix_path_must_fit_into_its_socket_address),
        cmocka_unit_test(test_a_host_alone_needs_no_brackets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
