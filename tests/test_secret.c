/* Secrets: out of what components say, and out of what messages quote. */
#include "graph/secret.h"

#include "tests/unit.h"

#include "components/component_types.h"
#include "graph/arena.h"
#include "graph/error.h"
#include "graph/plan.h"

static struct arena *arena;

static int set_up(void **context)
{
    arena = arena_create();
    return 0;
}

static int tear_down(void **context)
{
    arena_destroy(arena);
    return 0;
}

static void assert_hides(const char *secret, const char *text, const char *expected)
{
    char shown[64];

    snprintf(shown, sizeof(shown), "%s", text);
    secret_hide(secret_add(arena, NULL, secret, strlen(secret)), shown, sizeof(shown));

    assert_string_equal(shown, expected);
}

static void test_each_place_becomes_three_stars(void **context)
{
    assert_hides("hunter2", "no hunter2: hunter2hunter2.", "no ***: ******.");
    assert_hides("7", "77 of 6", "****** of 6");
    assert_hides("hunter2", "hunter", "hunter");
    assert_hides("", "nothing", "nothing");
}

static void test_a_long_one_is_known_by_its_beginning(void **context)
{
    assert_hides("a very long secret indeed", "no such file: a very long s...",
                 "no such file: ***...");
}

static void test_lines_are_hidden_one_by_one(void **context)
{
    assert_hides("first\nsecond", "first\\nsecond", "***\\n***");
}

static void test_what_no_longer_fits_is_cut(void **context)
{
    char text[6] = "abcab";

    secret_hide(secret_add(arena, NULL, "b", 1), text, sizeof(text));

    assert_string_equal(text, "a***c");
}

/* What a person is told of a graph, excerpts and all.  To be freed. */
static char *told(const char *graph)
{
    const struct plan_options options = {.types = component_types};
    struct errors *errors = errors_create();
    struct plan *plan = plan_parse("graph.yaml", graph, strlen(graph), &options, errors);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    errors_print(errors, out, false);
    fclose(out);
    assert_true(errors_count(errors) > 0);
    plan_release(plan);
    errors_destroy(errors);
    return text;
}

static void test_excerpts_hide_what_else_is_secret_in_the_line(void **context)
{
    char *text = told("graphs:\n"
                      "  g:\n"
                      "    parameters: {pw: {secret: true}, to: {}}\n"
                      "    components: {a: {type: DataSource, messages: ['${param:pw}']}}\n"
                      "components:\n"
                      "  a: {type: g, pw: hunter2, t: 1}\n"
                      "  b: {type: g, t: 1, pw: \"hunter\\x33\", u: 2}\n"
                      "  c: {type: g, pw: 'hunter4\n"
                      "    hunter5', t: 1}\n"
                      "  d: {type: g, pw: [hunter6, {x: hunter7}], t: 1}\n"
                      "  e: {type: \"${NO:-g}\", pw: hunter8, t: 1}\n");

    assert_null(strstr(text, "hunter"));
    assert_non_null(strstr(text, "    6 |   a: {type: g, pw: ***, t: 1}\n"
                                 "      |                         ^\n"));
    assert_non_null(strstr(text, "    7 |   b: {type: g, t: 1, pw: ***, u: 2}\n"
                                 "      |                               ^\n"));
    assert_non_null(strstr(text, "    9 | ***\n"));
    free(text);
}

static void test_what_becomes_secret_further_inside_is_hidden_at_the_use(void **context)
{
    char *text = told("graphs:\n"
                      "  outer:\n"
                      "    parameters: {word: {default: hunter3}}\n"
                      "    components: {a: {type: inner, pw: 'x${param:word}'}}\n"
                      "  inner:\n"
                      "    parameters: {pw: {secret: true, kind: int}}\n"
                      "    components: {a: {type: DataSource, messages: '${param:pw}'}}\n"
                      "components:\n"
                      "  a: {type: outer, word: hunter2}\n"
                      "  b: {type: outer}\n");

    assert_null(strstr(text, "hunter"));
    assert_non_null(strstr(text, "got ***"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_place_becomes_three_stars, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_long_one_is_known_by_its_beginning, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_lines_are_hidden_one_by_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_no_longer_fits_is_cut, set_up, tear_down),
        cmocka_unit_test(test_excerpts_hide_what_else_is_secret_in_the_line),
        cmocka_unit_test(test_what_becomes_secret_further_inside_is_hidden_at_the_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
