/* What a tap is about: regular expressions, and how long they may take. */
#include "daemon/tap_filter.h"

#include <string.h>

#include "tests/unit.h"

static struct tap_filter *create(const char *regex)
{
    struct tap_filter_error err;
    struct tap_filter *filter = tap_filter_create(regex, &err);

    assert_non_null(filter);
    return filter;
}

static void looks(const char *regex, const char *bytes, size_t size, enum tap_filtered expected)
{
    struct tap_filter *filter = create(regex);

    assert_int_equal(tap_filter_look(filter, bytes, size), expected);
    tap_filter_destroy(filter);
}

static void test_an_expression_is_found_anywhere_in_a_message(void **context)
{
    looks("err(or)?:", "an err: here", 12, TAP_MATCHES);
    looks("err(or)?:", "no such", 7, TAP_DIFFERS);
    looks("(?i)ERR", "an err: here", 12, TAP_MATCHES);
    looks("^GET", "GET /", 5, TAP_MATCHES);
    looks("^GET", "a GET", 5, TAP_DIFFERS);
    looks("^$", "", 0, TAP_MATCHES);
}

static void test_messages_are_bytes_not_text(void **context)
{
    looks("\\x00.\\xff", "a\0\n\xff", 4, TAP_MATCHES);
    looks("\xc3\xa9", "caf\xc3\xa9", 5, TAP_MATCHES); /* as the command line had it */
    looks("b", "a\0b", 3, TAP_MATCHES);
}

static void test_a_mistake_is_told_with_its_place(void **context)
{
    struct tap_filter_error err;

    assert_null(tap_filter_create("a(b", &err));

    assert_int_equal(err.offset, 3);
    assert_string_equal(err.text, "missing closing parenthesis");
}

static void test_an_expression_that_is_too_long_is_refused(void **context)
{
    struct tap_filter_error err;
    char regex[TAP_FILTER_LONGEST + 2];

    memset(regex, 'a', sizeof(regex) - 1);
    regex[sizeof(regex) - 1] = '\0';

    assert_null(tap_filter_create(regex, &err));

    assert_string_equal(err.text, "it is longer than 1000 bytes");
}

static void test_work_on_a_message_is_bounded(void **context)
{
    looks("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 48, TAP_UNKNOWN);
}

/* Each look takes some time, and all of them together only a share: sooner or later it is used up,
 * however fast the machine. */
static void test_work_takes_no_more_than_its_share_of_time(void **context)
{
    struct tap_filter *filter = create("(a+)+$|z");
    static const char hard[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
    unsigned looks_taken = 0;

    while (tap_filter_look(filter, "z", 1) == TAP_MATCHES) {
        (void)tap_filter_look(filter, hard, sizeof(hard) - 1);
        assert_true(++looks_taken < 10000000);
    }

    tap_filter_destroy(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_expression_is_found_anywhere_in_a_message),
        cmocka_unit_test(test_messages_are_bytes_not_text),
        cmocka_unit_test(test_a_mistake_is_told_with_its_place),
        cmocka_unit_test(test_an_expression_that_is_too_long_is_refused),
        cmocka_unit_test(test_work_on_a_message_is_bounded),
        cmocka_unit_test(test_work_takes_no_more_than_its_share_of_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
