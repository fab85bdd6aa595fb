/* The methods of io.axond: the table that the daemon goes by, and the description it gives. */
#include "tests/unit.h"

#include <ctype.h>

#include "daemon/control_private.h"
#include "daemon/io_axond.h"

/* The parameters of a method, from after its opening parenthesis; NULL: it is not described. */
static const char *described(const char *method)
{
    char start[80];
    const char *at;

    (void)snprintf(start, sizeof(start), "\nmethod %s(", method);
    at = strstr(io_axond_description, start);
    return at != NULL ? at + strlen(start) : NULL;
}

/* Compares "name: ?type, name: type)" with the method's table. */
static void check_parameters(const struct varlink_method *method, const char *text)
{
    static const char *const types[] = {
        [VARLINK_BOOL] = "bool",     [VARLINK_INT] = "int",          [VARLINK_FLOAT] = "float",
        [VARLINK_STRING] = "string", [VARLINK_STRINGS] = "[]string", [VARLINK_OBJECT] = "object",
    };
    const struct varlink_parameter *parameter = method->parameters;
    char name[40];
    char type[40];

    for (; sscanf(text, "%39[a-z_]: %39[]?a-zA-Z[]", name, type) == 2; parameter++) {
        const bool is_optional = type[0] == '?';
        const char *plain = type + is_optional;

        assert_non_null(parameter);
        assert_non_null(parameter->name);
        assert_string_equal(parameter->name, name);
        assert_int_equal(parameter->required, !is_optional);
        if (!isupper((unsigned char)plain[0])) { /* else a choice, declared as a type */
            assert_string_equal(types[parameter->kind], plain);
        } else {
            assert_non_null(parameter->choices);
        }
        text = strpbrk(text, ",)");
        assert_non_null(text);
        text += text[0] == ',' ? 2 : 0;
    }
    assert_int_equal(text[0], ')');
    assert_true(parameter == NULL || parameter->name == NULL);
}

static void test_every_method_of_the_table_is_described_as_it_is(void **context)
{
    for (const struct varlink_method *method = control_methods; method->name != NULL; method++) {
        const char *text = described(method->name);

        if (text == NULL) {
            fail_msg("%s is not described", method->name);
        }
        check_parameters(method, text);
        assert_non_null(method->handle);
    }
}

static void test_every_method_that_is_described_is_in_the_table(void **context)
{
    const char *at = io_axond_description;

    while ((at = strstr(at, "\nmethod ")) != NULL) {
        const struct varlink_method *method = control_methods;
        char name[40];

        assert_int_equal(sscanf(at, "\nmethod %39[A-Za-z](", name), 1);
        while (method->name != NULL && strcmp(method->name, name) != 0) {
            method++;
        }
        if (method->name == NULL) {
            fail_msg("%s is described, and not there", name);
        }
        at++;
    }
}

/* The comment before a method, as far as the last declaration before it. */
static bool comment_says(const char *method, const char *words)
{
    char name[80];
    const char *end;
    const char *start;
    char comment[2000];

    (void)snprintf(name, sizeof(name), "\nmethod %s(", method);
    end = strstr(io_axond_description, name);
    assert_non_null(end);
    for (start = end; start > io_axond_description && strncmp(start - 2, "\n\n", 2) != 0; start--) {
    }
    assert_true((size_t)(end - start) < sizeof(comment));
    (void)snprintf(comment, sizeof(comment), "%.*s", (int)(end - start), start);
    return strstr(comment, words) != NULL;
}

static void test_the_description_says_who_may_and_who_streams(void **context)
{
    for (const struct varlink_method *method = control_methods; method->name != NULL; method++) {
        if (comment_says(method->name, "# Privileged.") != method->privileged ||
            comment_says(method->name, "# [Supports 'more' flag]") !=
                (method->more == VARLINK_MAY_STREAM) ||
            comment_says(method->name, "# [Requires 'more' flag]") !=
                (method->more == VARLINK_MUST_STREAM)) {
            fail_msg("the comment on %s says something else", method->name);
        }
    }
}

static void test_patterns_know_where_a_path_is_divided(void **context)
{
    assert_true(control_pattern_matches("echo", "echo"));
    assert_false(control_pattern_matches("echo", "echo/17"));
    assert_true(control_pattern_matches("echo/*", "echo/17"));
    assert_false(control_pattern_matches("echo/*", "echo/17/lines"));
    assert_true(control_pattern_matches("echo/**", "echo/17/lines"));
    assert_true(control_pattern_matches("**", "echo/17/lines"));
    assert_true(control_pattern_matches("**lines", "echo/17/lines"));
    assert_true(control_pattern_matches("**/l*s", "echo/17/lines"));
    assert_true(control_pattern_matches("*/?"
                                        "?/lines",
                                        "echo/17/lines"));
    assert_false(control_pattern_matches("*/?/lines", "echo/17/lines"));
    assert_true(control_pattern_matches("*o*1*/l*", "echo1x/lines"));
    assert_false(control_pattern_matches("", "echo"));
    assert_true(control_pattern_matches("*", "echo"));
    assert_false(control_pattern_matches("*", "echo/17"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_method_of_the_table_is_described_as_it_is),
        cmocka_unit_test(test_every_method_that_is_described_is_in_the_table),
        cmocka_unit_test(test_the_description_says_who_may_and_who_streams),
        cmocka_unit_test(test_patterns_know_where_a_path_is_divided),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
