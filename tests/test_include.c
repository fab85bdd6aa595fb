/* Includes: one graph out of several files. */
#include "graph/include.h"
#include "graph/interpolate.h"
#include "graph/source.h"

#include "tests/unit.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static struct errors *errors;
static struct document *document;
static char folder[] = "/tmp/test_include.[].XXXXXX"; /* brackets: a folder is no pattern */
static char path[256];

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **context)
{
    errors = errors_create();
    document = NULL;
    snprintf(folder, sizeof(folder), "/tmp/test_include.[].XXXXXX");
    return mkdtemp(folder) != NULL ? mkdir(in_folder("conf.d"), 0700) : -1;
}

static int remove_one(const char *name, const struct stat *status, int kind, struct FTW *walk)
{
    return remove(name);
}

static int tear_down(void **context)
{
    document_destroy(document);
    errors_destroy(errors);
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *look_up_variable(void *context, const char *name)
{
    if (strcmp(name, "CREDENTIALS_DIRECTORY") == 0) {
        return folder;
    }
    return strcmp(name, "SITE") == 0 ? "conf.d/site" : NULL;
}

/* Writes and loads the main file.  Returns the root. */
static const struct node *load(const char *text)
{
    static const struct interpolation lookups = {.environment = look_up_variable};
    static const struct node nothing;

    write_file("main.yaml", text);
    document = include_load(path, &lookups, errors);
    return document != NULL ? document_root(document) : &nothing;
}

/* That the index-th error is at a place and has these words in it. */
static void assert_error(size_t index, const char *file, unsigned line, unsigned column,
                         const char *words)
{
    const struct report *report = errors_at(errors, index);

    assert_non_null(report);
    if (strstr(report->error.text, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, report->error.text);
    }
    assert_string_equal(report->error.file, in_folder(file));
    assert_int_equal(report->error.line, line);
    assert_int_equal(report->error.column, column);
}

static void test_files_are_joined_in_the_order_of_their_names(void **context)
{
    const struct node *root;

    write_file("conf.d/20-b.yaml", "components: {b: {type: B}}\nlinkages: [b -> c]\n");
    write_file("conf.d/10-c.yaml", "components: {c: {type: C}}\nlinkages: [c -> d]\n");
    write_file("conf.d/notes.txt", "not read");
    write_file("conf.d/.hidden.yaml", "nor: this");
    root = load("include: [conf.d/*.yaml]\ncomponents: {a: {type: A}}\nlinkages: [a -> b]\n");

    assert_int_equal(errors_count(errors), 0);
    assert_int_equal(node_get(root, "components")->size, 3);
    assert_string_equal(node_get(root, "components")->pairs[0].key->text, "a");
    assert_string_equal(node_get(root, "components")->pairs[1].key->text, "c");
    assert_string_equal(node_get(root, "components")->pairs[2].key->text, "b");
    assert_int_equal(node_get(root, "linkages")->size, 3);
    assert_true(node_is(node_get(root, "linkages")->items[1], "c -> d"));
    assert_string_equal(node_get(root, "linkages")->items[1]->source->name,
                        in_folder("conf.d/10-c.yaml"));
}

static void test_daemon_and_graphs_are_joined_key_by_key(void **context)
{
    const struct node *root;

    write_file("more.yaml", "version: 1\ndaemon: {log_level: debug}\ngraphs: {g: {}}\n");
    root = load("include: more.yaml\ndaemon: {workers: 2}\ngraphs:\n");

    assert_int_equal(errors_count(errors), 0);
    assert_true(node_is(node_get(node_get(root, "daemon"), "workers"), "2"));
    assert_true(node_is(node_get(node_get(root, "daemon"), "log_level"), "debug"));
    assert_int_equal(node_get(root, "graphs")->size, 1);
    assert_null(node_get(root, "include"));
    assert_null(node_get(root, "version"));
}

static void test_one_file_alone_is_as_it_was_written(void **context)
{
    const struct node *root = load("version: 1\ncomponents: {a: {type: A}}\n");

    assert_int_equal(errors_count(errors), 0);
    assert_int_equal(root->size, 1);
    assert_int_equal(node_find(root, "components")->key->line, 2);
}

static void test_a_name_defined_twice_is_an_error_that_names_both_places(void **context)
{
    const struct report *report;

    write_file("conf.d/a.yaml", "components:\n  audit: {type: B}\ndaemon: {workers: 1}\n");
    load("include: [conf.d/*.yaml]\ncomponents:\n  audit: {type: A}\ndaemon: {workers: 2}\n");

    assert_int_equal(errors_count(errors), 2);
    assert_error(0, "conf.d/a.yaml", 2, 3, "\"audit\" is defined a second time in components");
    assert_error(1, "conf.d/a.yaml", 3, 10, "\"workers\" is defined a second time in daemon");
    report = errors_at(errors, 0);
    assert_string_equal(report->notes[0].error.file, in_folder("main.yaml"));
    assert_int_equal(report->notes[0].error.line, 3);
}

static void test_a_path_that_is_not_there_is_an_error(void **context)
{
    load("include: [none.yaml]\ncomponents: {}\n");

    assert_int_equal(errors_count(errors), 1);
    assert_error(0, "main.yaml", 1, 11, "No such file or directory");
}

static void test_a_wildcard_may_match_nothing(void **context)
{
    load("include: [conf.d/*.yaml, none.d/*.yaml]\ncomponents: {}\n");

    assert_int_equal(errors_count(errors), 0);
}

static void test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(void **context)
{
    if (geteuid() == 0) {
        skip(); /* root may read everything */
    }
    assert_int_equal(chmod(in_folder("conf.d"), 0), 0);
    load("include: [conf.d/*.yaml]\n");
    assert_int_equal(chmod(in_folder("conf.d"), 0700), 0);

    assert_error(0, "main.yaml", 1, 11, "cannot be read");
}

static void test_patterns_are_relative_to_the_file_they_stand_in(void **context)
{
    const struct node *root;

    write_file("conf.d/a.yaml", "include: [b.yaml]\ncomponents: {a: {}}\n");
    write_file("conf.d/b.yaml", "components: {b: {}}\n");
    root = load("include: [conf.d/a.yaml]\n");

    assert_int_equal(errors_count(errors), 0);
    assert_int_equal(node_get(root, "components")->size, 2);
}

static void test_a_file_that_includes_itself_is_an_error(void **context)
{
    write_file("conf.d/a.yaml", "include: [../main.yaml]\ncomponents: {a: {}}\n");
    load("include: [conf.d/a.yaml]\n");

    assert_int_equal(errors_count(errors), 1);
    assert_error(0, "conf.d/a.yaml", 1, 11, "would include itself: /tmp/test_include.");
    assert_error(0, "conf.d/a.yaml", 1, 11, "/main.yaml -> ");
}

static void test_a_folder_gets_the_pattern_that_was_meant(void **context)
{
    load("include: [conf.d]\ncomponents: {}\n");

    assert_int_equal(errors_count(errors), 1);
    assert_error(0, "main.yaml", 1, 11, "conf.d is a folder; ");
    assert_error(0, "main.yaml", 1, 11, "conf.d/*.yaml would be");
}

static void test_a_secret_is_no_path(void **context)
{
    write_file("key", "hunter2");
    load("include: ['${credential:key}']\ncomponents: {}\n");

    assert_int_equal(errors_count(errors), 1);
    assert_error(0, "main.yaml", 1, 11, "a path can't be secret: it is shown");
}

static void test_a_file_that_several_patterns_match_is_read_once(void **context)
{
    const struct node *root;

    write_file("conf.d/a.yaml", "include: ['*.yaml']\ncomponents: {a: {}}\n");
    write_file("conf.d/b.yaml", "components: {b: {}}\n");
    root = load("include: [conf.d/b.yaml, conf.d/*.yaml, '*.yaml']\n");

    assert_int_equal(errors_count(errors), 0);
    assert_int_equal(node_get(root, "components")->size, 2);
    assert_string_equal(node_get(root, "components")->pairs[0].key->text, "b");
    assert_non_null(document_source(document, 2));
    assert_null(document_source(document, 3));
}

static void test_a_long_row_of_includes_is_refused(void **context)
{
    char name[32];
    char text[64];
    int i;

    for (i = 0; i < 30; i++) {
        snprintf(name, sizeof(name), "conf.d/%d.yaml", i);
        snprintf(text, sizeof(text), "include: [%d.yaml]\n", i + 1);
        write_file(name, text);
    }
    load("include: [conf.d/0.yaml]\n");

    assert_int_equal(errors_count(errors), 1);
    assert_error(0, "conf.d/18.yaml", 1, 11, "more than 20 files");
}

static void test_a_pattern_may_name_a_variable(void **context)
{
    const struct node *root;

    write_file("conf.d/site.yaml", "components: {a: {}}\n");
    root = load("include: ['${SITE}.yaml', '${NONE}.yaml']\n");

    assert_int_equal(node_get(root, "components")->size, 1);
    assert_int_equal(errors_count(errors), 1);
    assert_error(0, "main.yaml", 1, 30, "\"NONE\" is not set");
}

static void test_an_included_file_may_hold_only_comments(void **context)
{
    write_file("conf.d/a.yaml", "# components:\n#   a: {}\n");
    load("include: [conf.d/*.yaml]\ncomponents: {}\n");

    assert_int_equal(errors_count(errors), 0);
}

static void test_mistakes_of_all_files_are_told_in_one_go(void **context)
{
    write_file("conf.d/a.yaml", "component: {a: {}}\n");
    write_file("conf.d/b.yaml", "a: b: c\n");
    write_file("conf.d/c.yaml", "just a text\n");
    write_file("conf.d/d.yaml", "version: 2\nlinkages: {a: b}\ncomponents: x\n");
    load("include: [conf.d/*.yaml, [x], '']\n");

    assert_error(0, "main.yaml", 1, 26, "include must be a list of paths");
    assert_error(1, "main.yaml", 1, 31, "include must be a list of paths");
    assert_error(2, "conf.d/a.yaml", 1, 1,
                 "a graph file has no key \"component\"; did you mean \"components\"?");
    assert_error(3, "conf.d/b.yaml", 1, 5, "\": \" cannot stand here");
    assert_error(4, "conf.d/c.yaml", 1, 1, "a graph file is a mapping");
    assert_error(5, "conf.d/d.yaml", 1, 10, "version must be 1; got \"2\"");
    assert_error(6, "conf.d/d.yaml", 2, 11, "linkages must be a list; this is a mapping");
    assert_error(7, "conf.d/d.yaml", 3, 13, "components must be a mapping; this is a text");
    assert_int_equal(errors_count(errors), 8);
}

static void test_a_main_file_that_is_no_mapping_gives_no_document(void **context)
{
    load("[components]\n");

    assert_null(document);
    assert_error(0, "main.yaml", 1, 1, "a graph file is a mapping, with components and linkages");
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_files_are_joined_in_the_order_of_their_names),
        test(test_daemon_and_graphs_are_joined_key_by_key),
        test(test_one_file_alone_is_as_it_was_written),
        test(test_a_name_defined_twice_is_an_error_that_names_both_places),
        test(test_a_path_that_is_not_there_is_an_error),
        test(test_a_wildcard_may_match_nothing),
        test(test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one),
        test(test_patterns_are_relative_to_the_file_they_stand_in),
        test(test_a_file_that_includes_itself_is_an_error),
        test(test_a_folder_gets_the_pattern_that_was_meant),
        test(test_a_secret_is_no_path),
        test(test_a_file_that_several_patterns_match_is_read_once),
        test(test_a_long_row_of_includes_is_refused),
        test(test_a_pattern_may_name_a_variable),
        test(test_an_included_file_may_hold_only_comments),
        test(test_mistakes_of_all_files_are_told_in_one_go),
        test(test_a_main_file_that_is_no_mapping_gives_no_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
