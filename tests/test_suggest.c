/* "Did you mean ...?" */
#include "graph/suggest.h"

#include "tests/unit.h"

static const char *const parameters[] = {"host",    "listenport", "backlog",
                                         "nodelay", "max_size",   NULL};

static void test_two_swapped_letters_are_one_slip(void **context)
{
    assert_string_equal(suggest_from("listenprot", parameters), "listenport");
    assert_string_equal(suggest_from("hots", parameters), "host");
}

static void test_a_missing_wrong_or_extra_letter_is_one_slip(void **context)
{
    assert_string_equal(suggest_from("max_sise", parameters), "max_size");
    assert_string_equal(suggest_from("max_siz", parameters), "max_size");
    assert_string_equal(suggest_from("maxx_size", parameters), "max_size");
    assert_string_equal(suggest_from("hos", parameters), "host");
}

static void test_what_is_far_from_everything_gets_no_suggestion(void **context)
{
    assert_null(suggest_from("timeout", parameters));
    assert_null(suggest_from("port", parameters)); /* two slips from host in four letters */
    assert_null(suggest_from("", parameters));
    assert_null(suggest_from("x", parameters));
}

static void test_one_that_differs_only_in_case_wins(void **context)
{
    static const char *const types[] = {"TCPServes", "TCPServer", NULL};

    assert_string_equal(suggest_from("tcpserver", types), "TCPServer");
}

static void test_the_nearest_wins_and_among_equals_the_first(void **context)
{
    static const char *const names[] = {"reader", "leaders", "loader", NULL};

    assert_string_equal(suggest_from("leader", names), "reader");
    assert_string_equal(suggest_from("leaderz", names), "leaders");
}

static void test_the_beginning_of_a_single_name_suggests_it(void **context)
{
    static const char *const types[] = {"EchoProtocol", "FileReader", "FileWriter", NULL};

    assert_string_equal(suggest_from("Echo", types), "EchoProtocol");
    assert_null(suggest_from("File", types)); /* which of the two? */
}

static void test_very_long_names_are_not_compared(void **context)
{
    char name[100000];
    const char *const names[] = {"a", name, NULL};

    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';

    assert_null(suggest_from(name, names));
    assert_null(suggest_from("aaaa", (const char *const[]){name + 50000, name, NULL}));
}

static void test_the_words_are_ready_to_append(void **context)
{
    assert_string_equal(suggest_words("host").text, "; did you mean \"host\"?");
    assert_string_equal(suggest_words(NULL).text, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_swapped_letters_are_one_slip),
        cmocka_unit_test(test_a_missing_wrong_or_extra_letter_is_one_slip),
        cmocka_unit_test(test_what_is_far_from_everything_gets_no_suggestion),
        cmocka_unit_test(test_one_that_differs_only_in_case_wins),
        cmocka_unit_test(test_the_nearest_wins_and_among_equals_the_first),
        cmocka_unit_test(test_the_beginning_of_a_single_name_suggests_it),
        cmocka_unit_test(test_very_long_names_are_not_compared),
        cmocka_unit_test(test_the_words_are_ready_to_append),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
