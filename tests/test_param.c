/* Parameters: a mapping read by a table. */
#include "tests/unit.h"

#include "graph/arena.h"
#include "graph/document.h"
#include "graph/error.h"
#include "graph/param.h"
#include "tests/plan_types.h"

/* A table that reads into a struct, and what became of it. */
struct fixture {
    struct errors *errors;
    struct document *document;
    struct arena *arena;
    struct param_reader reader;
    const struct param_spec *table;
    struct echo echo;
    bool is_good;
    char *messages;
};

static int setup(void **context)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    fixture->errors = errors_create();
    fixture->arena = arena_create();
    fixture->table = fake_types[1]->parameters;
    fixture->reader =
        (struct param_reader){.owner = "Echo", .arena = fixture->arena, .errors = fixture->errors};
    *context = fixture;
    return strcmp(fake_types[1]->name, "Echo");
}

static int teardown(void **context)
{
    struct fixture *fixture = *context;

    document_destroy(fixture->document);
    arena_destroy(fixture->arena);
    errors_destroy(fixture->errors);
    free(fixture->messages);
    free(fixture);
    return 0;
}

static void read_text(struct fixture *fixture, const char *text)
{
    fixture->document = document_parse("text", text, strlen(text), fixture->errors);
    assert_non_null(fixture->document);
    fixture->is_good = params_set_defaults(&fixture->reader, fixture->table, &fixture->echo);
    fixture->is_good &=
        params_read(&fixture->reader, fixture->table, document_root(fixture->document),
                    document_root(fixture->document), &fixture->echo);
    fixture->messages = errors_text(fixture->errors);
}

static void assert_shown(struct fixture *fixture, const char *name, const char *expected)
{
    const struct param_spec *spec = param_find(fixture->table, name);
    char *text;

    assert_non_null(spec);
    text = param_show(spec, &fixture->echo, document_root(fixture->document));
    if (expected == NULL) {
        assert_null(text);
    } else {
        assert_string_equal(text, expected);
    }
    free(text);
}

static void test_gives_defaults_to_what_is_left_out(void **context)
{
    struct fixture *fixture = *context;

    read_text(fixture, "{}");

    assert_true(fixture->is_good);
    assert_int_equal(fixture->echo.max_size, 65536);
    assert_int_equal(fixture->echo.count, 7);
    assert_true(fixture->echo.delay > 0.24 && fixture->echo.delay < 0.26);
    assert_false(fixture->echo.loud);
    assert_int_equal(fixture->echo.mode, 2);
    assert_null(fixture->echo.label);
    assert_int_equal(fixture->echo.words.count, 2);
    assert_string_equal(fixture->echo.words.items[1], "two");
}

static void test_reads_every_kind(void **context)
{
    struct fixture *fixture = *context;

    read_text(fixture, "{max_size: 1KiB, count: 0x10, delay: 2s, loud: yes, mode: upper, "
                       "label: a b, words: one, pair: [3, 4], password: secret}");

    assert_string_equal(fixture->messages, "");
    assert_true(fixture->is_good);
    assert_int_equal(fixture->echo.max_size, 1024);
    assert_int_equal(fixture->echo.count, 16);
    assert_true(fixture->echo.delay > 1.9 && fixture->echo.delay < 2.1);
    assert_true(fixture->echo.loud);
    assert_int_equal(fixture->echo.mode, 0);
    assert_string_equal(fixture->echo.label, "a b");
    assert_int_equal(fixture->echo.words.count, 1);
    assert_string_equal(fixture->echo.words.items[0], "one");
    assert_int_equal(fixture->echo.pair[1], 4);
}

static void test_reports_every_mistake(void **context)
{
    struct fixture *fixture = *context;

    read_text(fixture, "max_size: 1TB\n"
                       "count: 101\n"
                       "delay: 61s\n"
                       "loud: maybe\n"
                       "mode: uper\n"
                       "label: [a]\n"
                       "words: {a: b}\n"
                       "pair: 3\n"
                       "max_sise: 1\n");

    assert_false(fixture->is_good);
    assert_string_equal(
        fixture->messages,
        "1:11: error: Echo: max_size must be a size from 1 to 16777216 bytes, such as 64KiB; got "
        "\"1TB\"\n"
        "2:8: error: Echo: count must be a whole number of echoes from 1 to 100; got \"101\"\n"
        "3:8: error: Echo: delay must be a duration from 0s to 1min, such as 250ms, 5s or 2min; "
        "got \"61s\"\n"
        "4:7: error: Echo: loud must be true or false; got \"maybe\"\n"
        "5:7: error: Echo: mode must be one of upper, lower or plain; got \"uper\"; did you mean "
        "\"upper\"?\n"
        "6:8: error: Echo: label must be a text; got a list\n"
        "7:8: error: Echo: words must be a text or a list of texts; got a mapping\n"
        "8:7: error: Echo: pair must be a list of two numbers; got \"3\"\n"
        "9:1: error: Echo has no parameter \"max_sise\"; did you mean \"max_size\"?\n");
}

static void test_takes_the_message_of_a_parser_that_has_one(void **context)
{
    struct fixture *fixture = *context;

    read_text(fixture, "pair: [1, [2]]");

    assert_string_equal(fixture->messages, "1:11: error: Echo: half of a pair must be a number\n");
}

static void test_does_not_say_a_secret(void **context)
{
    struct fixture *fixture = *context;

    read_text(fixture, "password: [hunter2]");

    assert_string_equal(fixture->messages, "1:11: error: Echo: password must be a text; got ***\n");
}

static void test_leaves_reserved_keys_to_others(void **context)
{
    static const char *const reserved[] = {"type", "boxes", NULL};
    struct fixture *fixture = *context;

    fixture->reader.reserved = reserved;
    read_text(fixture, "{type: Echo, boxes: {}, boxs: {}}");

    assert_string_equal(fixture->messages,
                        "1:25: error: Echo has no parameter \"boxs\"; did you mean \"boxes\"?\n");
}

struct inner {
    size_t size;
};
struct outer {
    struct inner limits;
    int64_t workers;
};
static const struct param_spec inner_table[] = {
    {PARAM_SIZE(struct inner, size), .fallback = "1KiB", .min = 1, .doc = "of it"},
    {0},
};
static const struct param_spec outer_table[] = {
    {PARAM_SECTION(struct outer, limits), .section = inner_table, .doc = "in all"},
    {PARAM_INT(struct outer, workers), .min = 1, .required = true, .doc = "threads"},
    {0},
};

static void test_reads_sections_and_reports_in_them(void **context)
{
    struct fixture *fixture = *context;
    struct outer outer = {0};
    char *shown;

    fixture->reader.owner = "daemon";
    fixture->reader.noun = "setting";
    fixture->document = document_parse("text", "limits: {siz: 1, size: 0}", 25, fixture->errors);
    assert_true(params_set_defaults(&fixture->reader, outer_table, &outer));
    assert_int_equal(outer.limits.size, 1024);
    assert_false(params_read(&fixture->reader, outer_table, document_root(fixture->document),
                             document_root(fixture->document), &outer));
    fixture->messages = errors_text(fixture->errors);
    shown = param_show(&outer_table[0], &outer, NULL);

    assert_string_equal(
        fixture->messages,
        "1:1: error: daemon needs the setting \"workers\": threads\n"
        "1:10: error: daemon.limits has no setting \"siz\"; did you mean \"size\"?\n"
        "1:24: error: daemon.limits: size must be a size of at least 1 byte, such as 64KiB; got "
        "\"0\"\n");
    assert_string_equal(shown, "{size: 1KiB}");
    free(shown);
}

static void test_shows_values_as_users_write_them(void **context)
{
    struct fixture *fixture = *context;

    read_text(fixture,
              "{max_size: 65536, count: 0x10, delay: 2000ms, loud: on, words: [a b, \"\"], "
              "pair: [3, 4], password: secret}");

    assert_shown(fixture, "max_size", "64KiB");
    assert_shown(fixture, "count", "16");
    assert_shown(fixture, "delay", "2s");
    assert_shown(fixture, "loud", "true");
    assert_shown(fixture, "mode", "plain");
    assert_shown(fixture, "label", NULL);
    assert_shown(fixture, "words", "[\"a b\", \"\"]");
    assert_shown(fixture, "pair", "[3, 4]");
    assert_shown(fixture, "password", "***");
}

static void test_says_in_words_what_an_entry_takes(void **context)
{
    struct fixture *fixture = *context;
    const char *const expected[][2] = {
        {"max_size", "a size from 1 to 16777216 bytes, such as 64KiB"},
        {"count", "a whole number of echoes from 1 to 100"},
        {"mode", "one of upper, lower or plain"},
        {"pair", "a list of two numbers"},
    };

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const struct param_spec *spec = param_find(fixture->table, expected[i][0]);

        assert_non_null(spec);
        assert_string_equal(param_accepts(spec).text, expected[i][1]);
    }
    for (const struct param_spec *spec = fixture->table; spec->name != NULL; spec++) {
        assert_true(param_accepts(spec).text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_gives_defaults_to_what_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reads_every_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reports_every_mistake, setup, teardown),
        cmocka_unit_test_setup_teardown(test_takes_the_message_of_a_parser_that_has_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_does_not_say_a_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leaves_reserved_keys_to_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reads_sections_and_reports_in_them, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shows_values_as_users_write_them, setup, teardown),
        cmocka_unit_test_setup_teardown(test_says_in_words_what_an_entry_takes, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
