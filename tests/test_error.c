/* Errors: how they look, how they are kept, and what they hide. */
#include "graph/document.h"
#include "graph/error.h"
#include "graph/source.h"

#include "tests/unit.h"

static struct errors *errors;
static char *printed;

static int set_up(void **context)
{
    errors = errors_create();
    printed = NULL;
    return 0;
}

static int tear_down(void **context)
{
    errors_destroy(errors);
    free(printed);
    return 0;
}

static void print(bool colour)
{
    size_t size;
    FILE *out = open_memstream(&printed, &size);

    errors_print(errors, out, colour);
    fclose(out);
}

static struct document *parse(const char *text)
{
    struct document *document = document_parse("etc/echo.yaml", text, strlen(text), errors);

    assert_non_null(document);
    return document;
}

/* Reports at the value of the key "here", and prints. */
static void print_at_here(const char *text)
{
    struct document *document = parse(text);

    errors_report(errors, node_get(document_root(document), "here"), "wrong");
    document_destroy(document);
    print(false);
}

static void test_an_error_looks_like_a_compilers(void **context)
{
    struct document *document = parse("components:\n\n\n\n  server:\n    type: TCPServer\n"
                                      "    listenprot: 8080\n");
    const struct node *server = node_get(node_get(document_root(document), "components"), "server");

    errors_report(errors, server->pairs[1].key,
                  "TCPServer has no parameter \"%s\"; did you mean \"listenport\"?", "listenprot");
    document_destroy(document); /* the list has copies */
    print(false);

    assert_string_equal(printed,
                        "etc/echo.yaml:7:5: error: TCPServer has no parameter \"listenprot\"; did "
                        "you mean \"listenport\"?\n"
                        "    7 |     listenprot: 8080\n"
                        "      |     ^~~~~~~~~~\n");
}

static void test_tabs_are_expanded_above_and_below(void **context)
{
    print_at_here("{a:\t1,\there: xyz}");

    assert_string_equal(printed, "etc/echo.yaml:1:14: error: wrong\n"
                                 "    1 | {a:     1,      here: xyz}\n"
                                 "      |                       ^~~\n");
}

static void test_carets_count_characters(void **context)
{
    print_at_here("{\xC3\xA9t\xC3\xA9: \xE2\x82\xAC, here: \xC3\xA4\xC3\xB6}");

    assert_string_equal(printed, "etc/echo.yaml:1:16: error: wrong\n"
                                 "    1 | {\xC3\xA9t\xC3\xA9: \xE2\x82\xAC, here: "
                                 "\xC3\xA4\xC3\xB6}\n"
                                 "      |                ^~\n");
}

static void test_a_long_line_is_cut_around_the_caret(void **context)
{
    char xs[5001] = "";
    char zs[4001] = "";
    char text[10000];
    const char *line;

    memset(xs, 'x', sizeof(xs) - 1);
    memset(zs, 'z', sizeof(zs) - 1);
    snprintf(text, sizeof(text), "{a: %s, here: yyy, b: %s}", xs, zs);
    print_at_here(text);

    line = strchr(printed, '\n') + 1;
    assert_true(strncmp(line, "    1 | ...xxxx", 15) == 0);
    assert_non_null(strstr(line, "xx, here: yyy, b: zzz"));
    assert_non_null(strstr(line, "zzz...\n"));
    assert_in_range(strlen(line), 100, 250);
    assert_int_equal(strstr(line, "yyy") - line, /* the caret is right below */
                     strchr(line, '^') - (strchr(line, '\n') + 1));
}

static void test_an_underline_longer_than_the_window_is_cut(void **context)
{
    char xs[501] = "";
    char text[1000];
    const char *caret;

    memset(xs, 'x', sizeof(xs) - 1);
    snprintf(text, sizeof(text), "{here: %s}", xs);
    print_at_here(text);

    caret = strchr(printed, '^');
    assert_int_equal(strlen(caret), 100 - 7 + 1); /* to the end of the window, and the newline */
}

static void test_a_caret_may_stand_at_the_end_of_the_last_line(void **context)
{
    print_at_here("here:");

    assert_string_equal(printed, "etc/echo.yaml:1:6: error: wrong\n"
                                 "    1 | here:\n"
                                 "      |      ^\n");
}

static void test_a_note_shows_a_second_place(void **context)
{
    struct document *document = parse("a: 1\na: 2\n");

    document_destroy(document);
    print(false);

    assert_string_equal(printed, "etc/echo.yaml:2:1: error: the key \"a\" is here a second time\n"
                                 "    2 | a: 2\n"
                                 "      | ^\n"
                                 "etc/echo.yaml:1:1: note: first defined here\n"
                                 "    1 | a: 1\n"
                                 "      | ^\n");
}

static void test_an_error_without_a_place_is_one_line(void **context)
{
    errors_report(errors, NULL, "no room on %s", "this machine");
    print(false);

    assert_string_equal(printed, "error: no room on this machine\n");
}

static void test_colours_are_there_when_asked_for(void **context)
{
    errors_report(errors, NULL, "wrong");
    print(true);

    assert_string_equal(printed, "\033[1;31merror:\033[0m wrong\n");
}

static void test_errors_are_sorted_by_place(void **context)
{
    struct document *document = parse("{a: 1, b: 2,\n c: 3}");
    const struct node *root = document_root(document);
    struct error warning;

    errors_report(errors, node_get(root, "c"), "third");
    errors_report(errors, node_get(root, "b"), "second");
    error_set(&warning, node_get(root, "a"), "first");
    errors_warn(errors, &warning);
    document_destroy(document);

    assert_string_equal(errors_at(errors, 0)->error.text, "first");
    assert_int_equal(errors_at(errors, 0)->severity, SEVERITY_WARNING);
    assert_string_equal(errors_at(errors, 1)->error.text, "second");
    assert_string_equal(errors_at(errors, 2)->error.text, "third");
    assert_null(errors_at(errors, 3));
    assert_int_equal(errors_count(errors), 2);
    assert_int_equal(errors_warning_count(errors), 1);
}

static void test_an_error_is_there_as_data(void **context)
{
    const struct report *report;

    print_at_here("{here: x1}");

    report = errors_at(errors, 0);
    assert_string_equal(report->error.file, "etc/echo.yaml");
    assert_int_equal(report->error.line, 1);
    assert_int_equal(report->error.column, 8);
    assert_int_equal(report->error.width, 2);
    assert_string_equal(report->error.text, "wrong");
    assert_string_equal(report->excerpt.text, "{here: x1}");
}

static void test_the_same_error_is_kept_once(void **context)
{
    struct document *document = parse("a: &x b\nc: *x\n");
    const struct node *root = document_root(document);

    errors_report(errors, node_get(root, "a"), "wrong");
    errors_report(errors, node_get(root, "c"), "wrong");
    errors_report(errors, node_get(root, "c"), "wrong in another way");
    document_destroy(document);

    assert_int_equal(errors_count(errors), 2);
}

static void test_too_many_errors_are_counted_and_said_to_be(void **context)
{
    struct error warning;
    int i;

    for (i = 0; i < 205; i++) {
        assert_int_equal(errors_is_full(errors), i >= 200);
        errors_report(errors, NULL, "number %d", i);
    }
    error_set(&warning, NULL, "still heard");
    errors_warn(errors, &warning);
    print(false);

    assert_int_equal(errors_count(errors), 205);
    assert_non_null(strstr(printed, "error: number 199\n"));
    assert_null(strstr(printed, "number 200"));
    assert_non_null(strstr(printed, "warning: still heard\n"));
    assert_non_null(strstr(printed, "too many errors: 5 more are not shown\n"));
}

static void test_an_error_on_a_broken_node_is_silent(void **context)
{
    struct document *document = parse("x");
    struct node broken = *document_root(document);

    broken.broken = true;
    assert_false(errors_report(errors, &broken, "wrong again"));
    document_destroy(document);

    assert_int_equal(errors_count(errors), 0);
    assert_null(errors_at(errors, 0));
}

static void test_control_characters_of_a_user_do_not_reach_the_terminal(void **context)
{
    struct error err;

    assert_false(
        error_set(&err, NULL, "got \"%s\"", "a\nb\tc\x1B[31m\x7F\xC2\x9B\xE2\x80\x8E\xFF\xC3\xA9"));

    assert_string_equal(err.text, "got \"a\\nb\\tc\\x1B[31m\\x7F\\x9B\\u200E\\xFF\xC3\xA9\"");
}

static void test_a_text_that_is_too_long_is_cut_between_characters(void **context)
{
    const size_t whole = 78 * strlen("\xE2\x82\xAC"); /* and three dots */
    char text[2000];
    struct error err;
    size_t i;

    for (i = 0; i < 600; i++) {
        snprintf(text + 3 * i, sizeof(text) - 3 * i, "\xE2\x82\xAC");
    }
    error_set(&err, NULL, "%s", text);
    assert_int_equal(strlen(err.text), whole + 3);
    assert_string_equal(err.text + whole, "...");

    text[239] = '\0'; /* what just fits is whole */
    memset(text, 'x', 239);
    error_set(&err, NULL, "%s", text);
    assert_string_equal(err.text, text);
}

static void test_a_users_text_is_cut_to_leave_room_for_the_sentence(void **context)
{
    char text[200];

    memset(text, 'x', sizeof(text));
    text[199] = '\0';
    memcpy(text + 67, "\xC3\xA9", 2);

    assert_string_equal(shown("short").text, "short");
    assert_int_equal(strlen(shown(text).text), 67 + 3);
    assert_string_equal(shown(text).text + 67, "...");
    assert_string_equal(shown(text + 128).text, text + 128); /* 71 bytes just fit */
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_an_error_looks_like_a_compilers),
        test(test_tabs_are_expanded_above_and_below),
        test(test_carets_count_characters),
        test(test_a_long_line_is_cut_around_the_caret),
        test(test_an_underline_longer_than_the_window_is_cut),
        test(test_a_caret_may_stand_at_the_end_of_the_last_line),
        test(test_a_note_shows_a_second_place),
        test(test_an_error_without_a_place_is_one_line),
        test(test_colours_are_there_when_asked_for),
        test(test_errors_are_sorted_by_place),
        test(test_an_error_is_there_as_data),
        test(test_the_same_error_is_kept_once),
        test(test_too_many_errors_are_counted_and_said_to_be),
        test(test_an_error_on_a_broken_node_is_silent),
        test(test_control_characters_of_a_user_do_not_reach_the_terminal),
        test(test_a_text_that_is_too_long_is_cut_between_characters),
        test(test_a_users_text_is_cut_to_leave_room_for_the_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
