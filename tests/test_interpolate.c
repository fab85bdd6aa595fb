/* Interpolation: what ${...} becomes, and what is said when it cannot. */
#include "graph/arena.h"
#include "graph/interpolate.h"

#include "tests/unit.h"

#include <unistd.h>

static struct errors *errors;
static struct document *document;
static struct document *parameters; /* a mapping; NULL: no graph around */
static char folder[] = "/tmp/test_interpolate.XXXXXX";

static const char *look_up_variable(void *context, const char *name)
{
    if (strcmp(name, "CREDENTIALS_DIRECTORY") == 0) {
        return folder;
    }
    if (strcmp(name, "BAD") == 0) {
        return "\xFF";
    }
    if (strcmp(name, "TRAP") == 0) {
        return "${PORT}: {a: b}";
    }
    if (strcmp(name, "param") == 0 || strcmp(name, "PORT") == 0) {
        return "8080";
    }
    return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static const struct node *look_up_parameter(void *context, const char *name)
{
    return node_get(document_root(parameters), name);
}

static const char *parameter_name(void *context, size_t index)
{
    const struct node *root = document_root(parameters);

    return index < root->size ? root->pairs[index].key->text : NULL;
}

static int set_up(void **context)
{
    errors = errors_create();
    document = NULL;
    parameters = NULL;
    return 0;
}

static int tear_down(void **context)
{
    document_destroy(document);
    document_destroy(parameters);
    errors_destroy(errors);
    return 0;
}

static struct document *parse(const char *text)
{
    struct document *parsed = document_parse("test.yaml", text, strlen(text), errors);

    assert_non_null(parsed);
    assert_int_equal(errors_count(errors), 0);
    return parsed;
}

static const struct node *expand(const char *text)
{
    const struct interpolation lookups = {
        .environment = look_up_variable,
        .parameter = parameters != NULL ? look_up_parameter : NULL,
        .parameter_name = parameter_name,
    };

    document_destroy(document);
    document = parse(text);
    return interpolate(document_arena(document), document_root(document), &lookups, errors);
}

static void assert_expands(const char *text, const char *expected)
{
    const struct node *node = expand(text);

    assert_string_equal(node->text, expected);
    assert_int_equal(node->size, strlen(expected));
    assert_int_equal(errors_count(errors), 0);
}

static void assert_refused(const char *text, unsigned column, unsigned width, const char *words)
{
    const struct node *node = expand(text);
    const struct report *report = errors_at(errors, 0);

    assert_int_equal(errors_count(errors), 1);
    if (strstr(report->error.text, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, report->error.text);
    }
    assert_int_equal(report->error.column, column);
    assert_int_equal(report->error.width, width);
    assert_true(node->broken);
    assert_false(errors_report(errors, node, "no number"));
    assert_int_equal(errors_count(errors), 1); /* one mistake, one message */
    errors_destroy(errors);
    errors = errors_create();
}

static void test_a_variable_becomes_its_value(void **context)
{
    assert_expands("${PORT}", "8080");
    assert_expands("localhost:${PORT}/x", "localhost:8080/x");
    assert_expands("'${PORT}${PORT}'", "80808080");
    assert_expands("a${EMPTY}b", "ab");
    assert_expands("'${EMPTY}'", "");
}

static void test_a_default_stands_in_for_what_is_unset_or_empty(void **context)
{
    assert_expands("${NONE:-9090}", "9090");
    assert_expands("${EMPTY:-9090}", "9090");
    assert_expands("${PORT:-9090}", "8080");
    assert_expands("a${NONE:-}b", "ab");
    assert_expands("${NONE:-a b:c}", "a b:c");
}

static void test_a_default_may_hold_another(void **context)
{
    assert_expands("${NONE:-${PORT}}", "8080");
    assert_expands("${NONE:-<${EMPTY:-${PORT:-1}}>}", "<8080>");
}

static void test_dollars_stay_dollars(void **context)
{
    assert_expands("$${PORT}", "${PORT}");
    assert_expands("a $ b $PORT $$ c$", "a $ b $PORT $$ c$");
    assert_expands("$$${PORT}", "$${PORT}");
    assert_expands("${NONE:-$${PORT}", "${PORT");
}

static void test_a_value_is_not_read_again_and_changes_no_structure(void **context)
{
    const struct node *node = expand("{x: '${TRAP}', '${PORT}': y}");

    assert_int_equal(errors_count(errors), 0);
    assert_int_equal(node_get(node, "x")->kind, NODE_SCALAR);
    assert_string_equal(node_get(node, "x")->text, "${PORT}: {a: b}");
    assert_true(node_is(node_get(node, "${PORT}"), "y")); /* keys stay as they are */
}

static void test_what_has_nothing_to_replace_is_the_same_node(void **context)
{
    const struct node *node = expand("{a: [x, '${PORT}'], b: [x, $y], c: d}");
    const struct node *original = document_root(document);

    assert_ptr_equal(node_get(node, "b"), node_get(original, "b"));
    assert_ptr_equal(node_get(node, "a")->items[0], node_get(original, "a")->items[0]);
    assert_ptr_not_equal(node_get(node, "a"), node_get(original, "a"));
    assert_true(node_is(node_get(original, "a")->items[1], "${PORT}")); /* which is left alone */
    assert_true(node_is(node_get(node, "a")->items[1], "8080"));
    assert_int_equal(node_get(node, "a")->items[1]->column, 9);
    node = expand("{a: [b]}");
    assert_ptr_equal(node, document_root(document));
}

static void test_a_variable_that_is_not_set_is_underlined(void **context)
{
    assert_refused("x${NONE}", 4, 4, "the environment variable \"NONE\" is not set");
    assert_refused("'x${NONE}'", 5, 4, "${NONE:-default} would give a default");
    assert_refused("\"\\x41${NONE}\"", 1, 13, "is not set"); /* columns differ: all of it */
}

static void test_a_variable_that_is_needed_says_why(void **context)
{
    assert_refused("${NONE:?the port to listen on}", 3, 4,
                   "\"NONE\" is not set: the port to listen on");
    assert_refused("${EMPTY:?the port}", 3, 5, "\"EMPTY\" is not set: the port");
    assert_refused("${NONE:?}", 3, 4, "\"NONE\" is not set");
    assert_expands("${PORT:?the port to listen on}", "8080");
}

static void test_what_is_no_name_is_told_what_is(void **context)
{
    assert_refused("'${}'", 2, 3, "not one of ${NAME}");
    assert_refused("${PO-RT}", 1, 8, "not one of ${NAME}");
    assert_refused("${PORT-80}", 1, 10, "not one of ${NAME}");
    assert_refused("${1}", 1, 4, "not one of ${NAME}");
    assert_refused("a ${PORT", 3, 2, "has no } after it");
    assert_refused("${BAD}", 3, 3, "is not UTF-8");
}

static void test_defaults_do_not_nest_for_ever(void **context)
{
    char text[1000] = "";
    size_t used = 0;
    int i;

    for (i = 0; i < 50; i++) {
        used += (size_t)sprintf(text + used, "${X:-");
    }
    for (i = 0; i < 50; i++) {
        text[used++] = '}';
    }
    expand(text);

    assert_int_equal(errors_count(errors), 1);
    assert_non_null(strstr(errors_at(errors, 0)->error.text, "defaults in defaults"));
}

static void test_aliases_do_not_multiply_a_long_text_without_end(void **context)
{
    enum { LENGTH = 1 << 20, ALIASES = 100 };
    char *text = malloc(LENGTH + 8 * ALIASES);
    size_t used = (size_t)sprintf(text, "- &a '${PORT}");
    size_t i;

    memset(text + used, 'x', LENGTH);
    used += LENGTH;
    used += (size_t)sprintf(text + used, "'\n");
    for (i = 0; i < ALIASES; i++) {
        used += (size_t)sprintf(text + used, "- *a\n");
    }
    expand(text);
    free(text);

    assert_int_equal(errors_count(errors), 1); /* at the anchor, once */
    assert_non_null(strstr(errors_at(errors, 0)->error.text, "more than 64 MiB"));
}

/* ---- parameters ---- */

static void test_a_whole_scalar_becomes_the_parameters_node(void **context)
{
    const struct node *node;

    parameters = parse("{protocol: {type: shout, longest: 1KiB}, list: [a], none: ~}");
    node = expand("{a: \"${param:protocol}\", b: '${param:list}', c: '${param:none}'}");

    assert_ptr_equal(node_get(node, "a"), node_get(document_root(parameters), "protocol"));
    assert_ptr_equal(node_get(node, "b"), node_get(document_root(parameters), "list"));
    assert_int_equal(node_get(node, "c")->kind, NODE_NULL);
}

static void test_a_parameter_may_be_part_of_a_text(void **context)
{
    parameters = parse("{sink: audit, none: ~}");

    assert_expands("lines -> ${param:sink} -> self", "lines -> audit -> self");
    assert_expands("a${param:none}b", "ab");
    assert_expands("${NONE:-${param:sink}}", "audit");
    assert_expands("${param:sink}${param:sink}", "auditaudit");
}

static void test_a_mapping_cannot_be_part_of_a_text(void **context)
{
    parameters = parse("{m: {a: b}, l: [a]}");

    assert_refused("x${param:m}", 10, 1, "the parameter is a mapping, which cannot be part");
    assert_refused("x${param:l}", 10, 1, "the parameter is a list");
}

static void test_an_unknown_parameter_gets_a_suggestion(void **context)
{
    parameters = parse("{longest: 1KiB}");

    assert_refused("${param:longets}", 9, 7,
                   "this graph has no parameter \"longets\"; did you mean \"longest\"?");
    assert_refused("x${param:}", 10, 1, "this graph has no parameter \"\"");
}

static void test_there_are_no_parameters_outside_a_graph(void **context)
{
    assert_refused("${param:x}", 9, 1, "there are no parameters here");
}

static void test_a_variable_may_be_called_param(void **context)
{
    assert_expands("${param}", "8080");
    assert_expands("${param:-x}", "8080");
}

/* ---- credentials ---- */

static const char *credential_path(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_credential(const char *name, const char *bytes, size_t size)
{
    FILE *file = fopen(credential_path(name), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static int make_folder(void **context)
{
    snprintf(folder, sizeof(folder), "/tmp/test_interpolate.XXXXXX");
    return mkdtemp(folder) != NULL ? set_up(context) : -1;
}

static int remove_folder(void **context)
{
    unlink(credential_path("key"));
    rmdir(folder);
    return tear_down(context);
}

static void test_a_credential_loses_one_newline_and_is_secret(void **context)
{
    const struct node *node;

    write_credential("key", "hunter2\n\n", 9);
    node = expand("Bearer ${credential:key}");

    assert_int_equal(errors_count(errors), 0);
    assert_string_equal(node->text, "Bearer hunter2\n");
    assert_true(node->secret);
    assert_string_equal(node_shown(node).text, "***");
    assert_false(document_root(document)->secret);
}

static void test_a_parameter_passes_its_secret_on(void **context)
{
    struct document *outer;
    const struct interpolation lookups = {.environment = look_up_variable};

    write_credential("key", "hunter2", 7);
    outer = parse("{password: '${credential:key}'}");
    document_set_root(outer,
                      interpolate(document_arena(outer), document_root(outer), &lookups, errors));
    parameters = outer;

    assert_true(expand("${param:password}")->secret);
    assert_true(expand("x ${param:password}")->secret);
    assert_string_equal(expand("x ${param:password}")->text, "x hunter2");
}

static void test_a_credential_that_cannot_be_read_is_named(void **context)
{
    char *big = calloc(1, (1U << 20) + 1);

    assert_refused("${credential:none}", 14, 4,
                   "there is no credential \"none\"; the unit needs LoadCredential=none:PATH or ");
    assert_refused("${credential:../key}", 14, 6, "cannot be the name of a credential");
    assert_refused("x${credential:}", 15, 1, "cannot be the name of a credential");
    write_credential("key", "a\0b", 3);
    assert_refused("${credential:key}", 14, 3, "is not a UTF-8 text");
    memset(big, 'x', (1U << 20) + 1);
    write_credential("key", big, (1U << 20) + 1);
    assert_refused("${credential:key}", 14, 3, "is bigger than 1 MiB");
    free(big);
}

static void test_without_credentials_the_message_says_so(void **context)
{
    const struct interpolation lookups = {0}; /* the environment of the test */

    unsetenv("CREDENTIALS_DIRECTORY");
    document = parse("${credential:key}");
    assert_non_null(
        interpolate(document_arena(document), document_root(document), &lookups, errors));

    assert_int_equal(errors_count(errors), 1);
    assert_non_null(strstr(errors_at(errors, 0)->error.text, "systemd has passed none"));
}

#define test(name)           cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define test_of_folder(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_a_variable_becomes_its_value),
        test(test_a_default_stands_in_for_what_is_unset_or_empty),
        test(test_a_default_may_hold_another),
        test(test_dollars_stay_dollars),
        test(test_a_value_is_not_read_again_and_changes_no_structure),
        test(test_what_has_nothing_to_replace_is_the_same_node),
        test(test_a_variable_that_is_not_set_is_underlined),
        test(test_a_variable_that_is_needed_says_why),
        test(test_what_is_no_name_is_told_what_is),
        test(test_defaults_do_not_nest_for_ever),
        test(test_aliases_do_not_multiply_a_long_text_without_end),
        test(test_a_whole_scalar_becomes_the_parameters_node),
        test(test_a_parameter_may_be_part_of_a_text),
        test(test_a_mapping_cannot_be_part_of_a_text),
        test(test_an_unknown_parameter_gets_a_suggestion),
        test(test_there_are_no_parameters_outside_a_graph),
        test(test_a_variable_may_be_called_param),
        test_of_folder(test_a_credential_loses_one_newline_and_is_secret),
        test_of_folder(test_a_parameter_passes_its_secret_on),
        test_of_folder(test_a_credential_that_cannot_be_read_is_named),
        test(test_without_credentials_the_message_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
