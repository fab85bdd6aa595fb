/* Messages as texts. */
#include "components/util/text.h"

#include "tests/unit.h"

static struct pool pool;

static struct message *make(const char *text)
{
    return message_copy(&pool, text, strlen(text));
}

static int begin(void **context)
{
    pool_init(&pool);
    return 0;
}

static int end(void **context)
{
    pool_deinit(&pool);
    return 0;
}

static void test_a_line_is_what_stands_before_its_newline(void **context)
{
    static const struct {
        const char *text;
        size_t size;
    } cases[] = {{"", 0},    {"\n", 0},    {"\r\n", 0}, {"a", 1},
                 {"a\n", 1}, {"a\r\n", 1}, {"a\r", 2},  {"a\n\n", 2}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct message *msg = make(cases[i].text);

        assert_int_equal(text_line_size(msg), cases[i].size);
        message_release(msg);
    }
}

static void test_what_it_says_is_copied_if_it_fits(void **context)
{
    struct message *fits = make("abc\r\n");
    struct message *long_one = make("abcd");
    struct message *nothing = make("");
    char text[4];

    assert_true(text_copy(fits, text, sizeof(text)));
    assert_string_equal(text, "abc");
    assert_false(text_copy(long_one, text, sizeof(text)));
    assert_true(text_copy(nothing, text, sizeof(text)));
    assert_string_equal(text, "");
    message_release(fits);
    message_release(long_one);
    message_release(nothing);
}

static void test_a_message_says_exactly_what_it_says(void **context)
{
    struct message *msg = make("NEXT\n");

    assert_true(text_says(msg, "NEXT"));
    assert_false(text_says(msg, "NEX"));
    assert_false(text_says(msg, "NEXTS"));
    assert_false(text_says(msg, ""));
    message_release(msg);
}

static void test_numbers_are_read_up_to_a_space_or_the_end(void **context)
{
    static const struct {
        const char *text;
        bool is_number;
        int64_t number;
    } cases[] = {
        {"0", true, 0},
        {"17 data", true, 17},
        {"17\r\n", true, 17},
        {"-3 x", true, -3},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"- 1", false, 0},
        {" 1", false, 0},
        {"+1", false, 0},
        {"1x", false, 0},
        {"1\t2", false, 0},
        {"x", false, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct message *msg = make(cases[i].text);
        int64_t number = 0;

        if (text_number(msg, &number) != cases[i].is_number ||
            (cases[i].is_number && number != cases[i].number)) {
            fail_msg("\"%s\" is read wrongly", cases[i].text);
        }
        message_release(msg);
    }
}

static void test_what_is_shown_is_short_and_plain(void **context)
{
    struct message *plain = make("a b\n");
    struct message *wild = make("\x1b[31m\xff\ttab");
    struct message *longer = make("0123456789012345678901234567890123456789012345678901234567890");

    assert_string_equal(text_shown(plain).text, "a b");
    assert_string_equal(text_shown(wild).text, "?[31m??tab");
    assert_string_equal(text_shown(longer).text, "01234567890123456789012345678901234567890123...");
    message_release(plain);
    message_release(wild);
    message_release(longer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_is_what_stands_before_its_newline),
        cmocka_unit_test(test_what_it_says_is_copied_if_it_fits),
        cmocka_unit_test(test_a_message_says_exactly_what_it_says),
        cmocka_unit_test(test_numbers_are_read_up_to_a_space_or_the_end),
        cmocka_unit_test(test_what_is_shown_is_short_and_plain),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
