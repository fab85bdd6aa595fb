/* A plan written as YAML: it loads again, as the same plan. */
#include "tests/unit.h"

#include <glob.h>
#include <unistd.h>

#include "components/component_types.h"
#include "daemon/settings.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "graph/plan_difference.h"
#include "graph/plan_dump.h"

static struct settings settings;
static const struct plan_options options = {
    .types = component_types, .settings_table = settings_table, .settings = &settings};

/* name: of the file that the text stands for. */
static struct plan *parse_as(const char *name, const char *text)
{
    struct errors *errors = errors_create();
    struct plan *plan = plan_parse(name, text, strlen(text), &options, errors);

    if (plan == NULL) {
        errors_print(errors, stdout, false);
        fail_msg("it does not load: %s", text);
    }
    errors_destroy(errors);
    return plan;
}

static struct plan *parse(const char *text)
{
    return parse_as("graph.yaml", text);
}

/* Writes a plan, a few values at a time.  To be freed. */
static char *dump(struct plan *plan, const struct plan_dump_options *how)
{
    struct plan_dump *writer = plan_dump_create(plan, how);
    char *whole = NULL;
    size_t whole_size;
    FILE *out = open_memstream(&whole, &whole_size);
    const char *text;
    size_t size;
    bool goes_on = true;

    while (goes_on) {
        goes_on = plan_dump_next(writer, 3, &text, &size);
        fwrite(text, 1, size, out);
    }
    fclose(out);
    plan_dump_destroy(writer);
    return whole;
}

static const struct plan_dump_options plain = {.types = component_types};
static const struct plan_dump_options full = {
    .types = component_types, .settings_table = settings_table, .with_origins = true};

/* What a graph is written as. */
static char *dump_of(const char *text, const struct plan_dump_options *how)
{
    struct plan *plan = parse(text);
    char *written = dump(plan, how);

    plan_release(plan);
    return written;
}

static void assert_same(struct plan *a, struct plan *b)
{
    struct plan_difference *difference = plan_difference_create(a, b);

    for (size_t i = 0; i < difference->count; i++) {
        printf("%s is another: %s\n", difference->changes[i].after->path,
               difference->changes[i].why);
    }
    assert_int_equal(difference->kept, a->component_count);
    assert_int_equal(difference->count, 0);
    plan_difference_destroy(difference);
}

static void assert_loads_as_the_same(struct plan *plan)
{
    char *text = dump(plan, &full);
    struct plan *again = parse_as(plan->name, text);
    char *once_more = dump(again, &plain);
    struct plan *third = parse_as(plan->name, once_more);

    assert_same(plan, again);
    assert_same(again, third);
    plan_release(third);
    plan_release(again);
    free(once_more);
    free(text);
}

static void test_every_example_loads_again_as_the_same(void **context)
{
    glob_t found = {0};

    assert_int_equal(glob("etc/*.yaml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct errors *errors = errors_create();
        struct plan *plan = plan_load(found.gl_pathv[i], &options, errors);

        assert_non_null(plan);
        assert_loads_as_the_same(plan);
        plan_release(plan);
        errors_destroy(errors);
    }
    globfree(&found);
}

static void test_what_needs_quotes_gets_them(void **context)
{
    struct plan *plan = parse("components:\n"
                              "  a:\n"
                              "    type: DataSource\n"
                              "    messages:\n"
                              "      - \"\"\n"
                              "      - 'null'\n"
                              "      - '~'\n"
                              "      - \"two\\nlines\"\n"
                              "      - \"tab\\t \\u2028 \\u0085 \\x07\"\n"
                              "      - 'a: b # c'\n"
                              "      - '- x'\n"
                              "      - \" space \"\n"
                              "      - '*x &y !z {a} [b] %c @d'\n"
                              "      - $${HOME}\n"
                              "      - ${AXOND_TEST_VALUE}\n"
                              "      - \"it's \\\"quoted\\\" \\\\\"\n"
                              "      - \xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\xA2\n"
                              "      - '***'\n");

    assert_loads_as_the_same(plan);
    plan_release(plan);
}

static void test_graphs_stay_graphs_and_anchors_are_written_out(void **context)
{
    struct plan *plan =
        parse("graphs:\n"
              "  g:\n"
              "    parameters: {n: {kind: size, default: 1KiB}, t: {kind: graph, "
              "default: PassThrough}}\n"
              "    components:\n"
              "      l: {type: LineFramer, max_line: '${param:n}'}\n"
              "      h: {type: ProtocolHandler, protocol: '${param:t}'}\n"
              "    linkages: [self -> l -> self]\n"
              "components:\n"
              "  a: &a {type: g, boxes: {inbox: {size: 5}}}\n"
              "  b: {<<: *a, n: 2KiB}\n"
              "  c: {type: Pipeline, components: [PassThrough, {type: g, name: x}]}\n"
              "  d: {type: Graphline, components: {p: {type: PassThrough}}, "
              "linkages: [self -> p -> self]}\n"
              "linkages: [\"a -> [b, c]\", {from: b.outbox, to: d.inbox}]\n");

    assert_loads_as_the_same(plan);
    plan_release(plan);
}

static void test_defaults_are_filled_in_with_where_each_value_came_from(void **context)
{
    char *text = dump_of("graphs:\n"
                         "  g:\n"
                         "    parameters: {n: {default: 1KiB}}\n"
                         "    components: {l: {type: LineFramer, max_line: '${param:n}'}}\n"
                         "components:\n"
                         "  a: {type: g}\n",
                         &full);

    assert_non_null(strstr(text, "daemon:\n  control:\n    mode: 0660 # default\n"));
    assert_non_null(strstr(text, "        max_line: '${param:n}' # graph.yaml:4\n"
                                 "        strip_newline: false # default\n"));
    assert_non_null(strstr(text, "  a:\n    type: g # graph.yaml:6\n    n: 1KiB # graph.yaml:3\n"));
    free(text);
}

static void test_restarts_are_written_in_full(void **context)
{
    static const char graph[] =
        "graphs:\n"
        "  g:\n"
        "    parameters: {when: {kind: choice, choices: [never, always], default: never}}\n"
        "    components: {one: {type: PassThrough, restart: '${param:when}'}}\n"
        "components:\n"
        "  lasts: {type: TCPServer, listenport: 1}\n"
        "  short: {type: PassThrough, restart: always}\n"
        "  part: {type: PassThrough, restart: {limit: 0}}\n"
        "  not: {type: TCPServer, listenport: 2, restart: never}\n"
        "  list: {type: Pipeline, components: [PassThrough]}\n"
        "  each: {type: ProtocolHandler, protocol: PassThrough}\n"
        "  named: {type: g, restart: on-failure}\n";
    static const char *const rest = "delay: 100ms # default\n"
                                    "      max_delay: 30s # default\n";
    char *text = dump_of(graph, &full);
    char expected[200];
    struct plan *plan;

    (void)snprintf(expected, sizeof(expected),
                   "    restart:\n      policy: on-failure # default\n      %s", rest);
    assert_non_null(strstr(text, expected));
    (void)snprintf(expected, sizeof(expected),
                   "    restart:\n      policy: always # graph.yaml:7\n      %s", rest);
    assert_non_null(strstr(text, expected));
    (void)snprintf(expected, sizeof(expected),
                   "    restart:\n      limit: 0 # graph.yaml:8\n"
                   "      policy: on-failure # default\n      %s",
                   rest);
    assert_non_null(strstr(text, expected));
    assert_non_null(strstr(text, "    restart: never # graph.yaml:9\n"));
    assert_non_null(strstr(text, "    - type: PassThrough # graph.yaml:10\n"
                                 "      restart: never # default\n"
                                 "    restart: never # default\n"));
    assert_non_null(strstr(text, "    protocol: PassThrough # graph.yaml:11\n"));
    assert_non_null(strstr(text, "        restart: '${param:when}' # graph.yaml:4\n"));
    assert_non_null(strstr(text, "    restart:\n      policy: on-failure # graph.yaml:12\n"));
    free(text);
    plan = parse(graph);
    assert_loads_as_the_same(plan);
    plan_release(plan);
}

static void test_what_wins_over_the_file_is_shown_instead(void **context)
{
    static const struct plan_override overrides[] = {
        {"control", "path", "/run/x.sock", "command line"},
        {NULL, "log_level", "debug", "command line"},
        {0}};
    const struct plan_dump_options how = {.types = component_types,
                                          .settings_table = settings_table,
                                          .overrides = overrides,
                                          .with_origins = true};
    char *text =
        dump_of("daemon: {log_level: error}\ncomponents: {a: {type: PassThrough}}\n", &how);

    assert_non_null(strstr(text, "  log_level: debug # command line\n"));
    assert_non_null(strstr(text, "    path: /run/x.sock # command line\n"));
    assert_null(strstr(text, "error"));
    free(text);
}

static void test_secrets_are_stars_and_references_to_them_stay(void **context)
{
    char folder[] = "/tmp/test_plan_dump.XXXXXX";
    char path[64];
    FILE *file;
    char *text;

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/key", folder);
    file = fopen(path, "w");
    fputs("hunter2\n", file);
    fclose(file);
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    text = dump_of("graphs:\n"
                   "  g:\n"
                   "    parameters: {pw: {secret: true, default: hunter3}}\n"
                   "    components: {s: {type: DataSource, messages: ['${param:pw}']}}\n"
                   "components:\n"
                   "  a: {type: g}\n"
                   "  b: {type: g, pw: hunter4}\n"
                   "  c: {type: DataSource, messages: ['Bearer ${credential:key}']}\n",
                   &full);

    assert_null(strstr(text, "hunter"));
    assert_non_null(strstr(text, "default: '***' # graph.yaml:3, secret\n"));
    assert_non_null(strstr(text, "- '${param:pw}' # graph.yaml:4\n"));
    assert_non_null(strstr(text, "pw: '***' # graph.yaml:7, secret\n"));
    assert_non_null(strstr(text, "- '***' # graph.yaml:8, secret\n"));
    assert_non_null(strstr(text, "# *** stands for a secret"));
    unsetenv("CREDENTIALS_DIRECTORY");
    unlink(path);
    rmdir(folder);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_example_loads_again_as_the_same),
        cmocka_unit_test(test_what_needs_quotes_gets_them),
        cmocka_unit_test(test_graphs_stay_graphs_and_anchors_are_written_out),
        cmocka_unit_test(test_defaults_are_filled_in_with_where_each_value_came_from),
        cmocka_unit_test(test_restarts_are_written_in_full),
        cmocka_unit_test(test_what_wins_over_the_file_is_shown_instead),
        cmocka_unit_test(test_secrets_are_stars_and_references_to_them_stay),
    };

    setenv("AXOND_TEST_VALUE", "${not} a {reference} $", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
