/* What axonctl prints for people. */
#include "tests/unit.h"

#include "daemon/base64.h"
#include "daemon/ctl.h"

static void test_sizes_are_in_the_unit_that_suits_them(void **context)
{
    assert_string_equal(ctl_size(0).text, "0 B");
    assert_string_equal(ctl_size(1023).text, "1023 B");
    assert_string_equal(ctl_size(1024).text, "1 KiB");
    assert_string_equal(ctl_size(1536).text, "1.5 KiB");
    assert_string_equal(ctl_size(300.4 * 1024 * 1024).text, "300 MiB");
}

static void test_durations_are_in_at_most_two_units(void **context)
{
    assert_string_equal(ctl_duration(0).text, "0 s");
    assert_string_equal(ctl_duration(0.0000125).text, "12 us");
    assert_string_equal(ctl_duration(0.25).text, "250 ms");
    assert_string_equal(ctl_duration(2.5).text, "2.5 s");
    assert_string_equal(ctl_duration(200).text, "3 min 20 s");
    assert_string_equal(ctl_duration(7500).text, "2 h 5 min");
    assert_string_equal(ctl_duration(273600).text, "3 d 4 h");
}

/* Runs print with a file, and returns what it has written there. */
#define CAPTURE(text, print)                                                                       \
    do {                                                                                           \
        FILE *file = fmemopen(text, sizeof(text), "w");                                            \
        print;                                                                                     \
        fclose(file);                                                                              \
    } while (0)

static void test_no_message_commands_the_terminal(void **context)
{
    static const char bytes[] = "h\xc3\xa9\n\x1b[2J\x7f\xc2\x9b\xff\xc3";
    char text[100];

    CAPTURE(text, ctl_print_escaped(file, bytes, sizeof(bytes) - 1));

    assert_string_equal(text, "h\xc3\xa9\\n\\x1b[2J\\x7f\\xc2\\x9b\\xff\\xc3");
}

static void test_a_problem_is_shown_with_its_line_and_a_caret(void **context)
{
    json_t *problem =
        json_pack("{s:s, s:s, s:i, s:i, s:i, s:s, s:s, s:i}", "severity", "error", "file",
                  "etc/echo.yaml", "line", 7, "column", 5, "width", 10, "text", "no such parameter",
                  "source", "    listenprot: 8080", "caret", 4);
    char text[400];

    CAPTURE(text, ctl_print_problem(file, problem));

    assert_string_equal(text, "etc/echo.yaml:7:5: error: no such parameter\n"
                              "    7 |     listenprot: 8080\n"
                              "      |     ^~~~~~~~~~\n");
    json_decref(problem);
}

static void test_a_problem_without_a_place_is_one_line(void **context)
{
    json_t *problem = json_pack("{s:s, s:s, s:i, s:s, s:n}", "severity", "warning", "file",
                                "a.yaml", "line", 0, "text", "it is empty", "source");
    char text[400];

    CAPTURE(text, ctl_print_problem(file, problem));

    assert_string_equal(text, "a.yaml: warning: it is empty\n");
    json_decref(problem);
}

static void test_base64_is_as_everybody_elses(void **context)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe?", "//4/"},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        size_t size = 0;
        char *text = base64_encode(pairs[i][0], strlen(pairs[i][0]));
        char *bytes = base64_decode(pairs[i][1], &size);

        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(size, strlen(pairs[i][0]));
        assert_memory_equal(bytes, pairs[i][0], size);
        free(text);
        free(bytes);
    }
}

static void test_what_is_not_base64_is_refused(void **context)
{
    size_t size;

    assert_null(base64_decode("Zg=", &size));
    assert_null(base64_decode("Zg*=", &size));
    assert_null(base64_decode("Z===", &size));
    assert_null(base64_decode("Zg==Zg==", &size));
}

/* The table of commands is in axonctl.c, beside main(): these are here in its place. */
const struct ctl_command ctl_commands[] = {
    {.name = "tap",
     .arguments = "PATH",
     .least = 1,
     .most = 1,
     .options = {{.name = "count", .argument = "N", .doc = "a number"}}},
    {.name = "status", .arguments = ""},
    {0},
};

static enum ctl_status parse(struct ctl *ctl, const char *const *words)
{
    static char *argv[16];
    static char copies[16][32]; /* as with main(), for as long as the program runs */
    int argc = 1;

    *ctl = (struct ctl){.fd = -1};
    argv[0] = copies[0];
    for (; words[argc - 1] != NULL; argc++) {
        snprintf(copies[argc], sizeof(copies[argc]), "%s", words[argc - 1]);
        argv[argc] = copies[argc];
    }
    argv[argc] = NULL;
    return ctl_parse(ctl, argc, argv);
}

#define PARSE(ctl, ...) parse(ctl, (const char *const[]){__VA_ARGS__, NULL})

static void test_options_may_stand_anywhere(void **context)
{
    struct ctl ctl;

    assert_int_equal(PARSE(&ctl, "--json", "tap", "-s", "/x", "a.inbox", "--count=3"), CTL_DONE);
    assert_true(ctl.json);
    assert_string_equal(ctl.socket, "/x");
    assert_string_equal(ctl.arguments[0], "a.inbox");
    assert_string_equal(ctl_value(&ctl, "count"), "3");

    assert_int_equal(PARSE(&ctl, "tap", "--count", "4", "--", "--json"), CTL_DONE);
    assert_false(ctl.json);
    assert_string_equal(ctl.arguments[0], "--json");
    assert_string_equal(ctl_value(&ctl, "count"), "4");
}

static void test_wrong_usage_is_wrong_usage(void **context)
{
    struct ctl ctl;

    assert_int_equal(PARSE(&ctl, "tapp", "x"), CTL_USAGE);
    assert_int_equal(PARSE(&ctl, "tap"), CTL_USAGE);
    assert_int_equal(PARSE(&ctl, "tap", "a", "b"), CTL_USAGE);
    assert_int_equal(PARSE(&ctl, "tap", "a", "--count"), CTL_USAGE);
    assert_int_equal(PARSE(&ctl, "status", "--count", "1"), CTL_USAGE);
    assert_int_equal(PARSE(&ctl, "status", "-x"), CTL_USAGE);
    assert_int_equal(PARSE(&ctl, "status", "-s"), CTL_USAGE);
    assert_int_equal(PARSE(&ctl, "--json"), CTL_USAGE);
    assert_int_equal(PARSE(&ctl, "tap", "\xff"), CTL_USAGE);
    assert_int_equal(PARSE(&ctl, "tap", "--help"), CTL_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_are_in_the_unit_that_suits_them),
        cmocka_unit_test(test_durations_are_in_at_most_two_units),
        cmocka_unit_test(test_no_message_commands_the_terminal),
        cmocka_unit_test(test_a_problem_is_shown_with_its_line_and_a_caret),
        cmocka_unit_test(test_a_problem_without_a_place_is_one_line),
        cmocka_unit_test(test_base64_is_as_everybody_elses),
        cmocka_unit_test(test_what_is_not_base64_is_refused),
        cmocka_unit_test(test_options_may_stand_anywhere),
        cmocka_unit_test(test_wrong_usage_is_wrong_usage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
