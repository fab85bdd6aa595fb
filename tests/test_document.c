/* Documents: what becomes of a YAML text, and what is said when nothing can. */
#include "graph/arena.h"
#include "graph/document.h"
#include "graph/source.h"

#include "tests/unit.h"

#include <sys/stat.h>
#include <unistd.h>

static struct errors *errors;
static struct document *document;
static const struct node nothing;
static const struct node *root; /* never NULL */

static int set_up(void **context)
{
    errors = errors_create();
    document = NULL;
    root = &nothing;
    return 0;
}

static int tear_down(void **context)
{
    document_destroy(document);
    errors_destroy(errors);
    return 0;
}

static void parse_sized(const char *text, size_t size)
{
    document = document_parse("test.yaml", text, size, errors);
    root = document != NULL ? document_root(document) : &nothing;
}

static void parse(const char *text)
{
    parse_sized(text, strlen(text));
}

static void assert_place(const struct node *node, unsigned line, unsigned column, unsigned width)
{
    assert_non_null(node);
    assert_string_equal(node->source->name, "test.yaml");
    assert_int_equal(node->line, line);
    assert_int_equal(node->column, column);
    assert_int_equal(node->width, width);
}

/* That the index-th error is at a place and has these words in it. */
static void assert_error(size_t index, unsigned line, unsigned column, const char *words)
{
    const struct report *report = errors_at(errors, index);

    assert_non_null(report);
    if (strstr(report->error.text, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, report->error.text);
    }
    assert_int_equal(report->error.line, line);
    assert_int_equal(report->error.column, column);
}

/* That the text gives no tree, and one error. */
static void assert_refused(const char *text, unsigned line, unsigned column, const char *words)
{
    parse(text);

    assert_null(document);
    assert_int_equal(errors_count(errors), 1);
    assert_error(0, line, column, words);
    errors_destroy(errors);
    errors = errors_create();
}

/* ---- trees ---- */

static void test_every_node_knows_where_it_stands(void **context)
{
    parse("components:\n"
          "  server: {type: TCPServer, listenport: 8080}\n"
          "linkages:\n"
          "  - server -> echo\n"
          "  - 'a -> b'\n");

    assert_int_equal(errors_count(errors), 0);
    assert_place(root, 1, 1, 10);
    assert_place(node_find(root, "linkages")->key, 3, 1, 8);
    assert_place(node_find(node_get(root, "components"), "server")->key, 2, 3, 6);
    assert_place(node_get(node_get(root, "components"), "server"), 2, 11, 35);
    assert_place(node_get(node_get(node_get(root, "components"), "server"), "listenport"), 2, 41,
                 4);
    assert_place(node_get(root, "linkages")->items[0], 4, 5, 14);
    assert_place(node_get(root, "linkages")->items[1], 5, 5, 8);
}

static void test_columns_count_characters_not_bytes(void **context)
{
    parse("{\xC3\xA9t\xC3\xA9: [\xF0\x9F\x98\x80, x]}");

    assert_place(node_get(root, "\xC3\xA9t\xC3\xA9")->items[0], 1, 8, 1);
    assert_place(node_get(root, "\xC3\xA9t\xC3\xA9")->items[1], 1, 11, 1);
}

static void test_a_byte_order_mark_takes_no_column(void **context)
{
    parse("\xEF\xBB\xBF"
          "a: b\n");

    assert_place(node_get(root, "a"), 1, 4, 1);
}

static void test_lines_end_in_every_way_that_yaml_knows(void **context)
{
    parse("a: 1\r\nb: 2\rc: 3\xC2\x85"
          "d: 4\xE2\x80\xA8"
          "e: 5\n");

    assert_place(node_get(root, "b"), 2, 4, 1);
    assert_place(node_get(root, "c"), 3, 4, 1);
    assert_place(node_get(root, "d"), 4, 4, 1);
    assert_place(node_get(root, "e"), 5, 4, 1);
    assert_int_equal(document_source(document, 0)->line_count, 6);
}

static void test_what_is_missing_at_the_end_of_the_file_is_shown_there(void **context)
{
    parse("? \xC3\xA9");

    assert_place(root->pairs[0].value, 1, 4, 1);
    document_destroy(document);
    assert_refused("a: [\xC3\xA9", 1, 6, "expected \",\" or \"]\"");
}

static void test_values_are_texts_whatever_they_look_like(void **context)
{
    parse("{a: no, b: 8080, c: 0x1F, d: 12:30:45, e: .inf, f: 2026-01-01, g: 'no'}");

    assert_true(node_is(node_get(root, "a"), "no"));
    assert_true(node_is(node_get(root, "b"), "8080"));
    assert_true(node_is(node_get(root, "c"), "0x1F"));
    assert_true(node_is(node_get(root, "d"), "12:30:45"));
    assert_true(node_is(node_get(root, "e"), ".inf"));
    assert_true(node_is(node_get(root, "f"), "2026-01-01"));
    assert_false(node_get(root, "a")->quoted);
    assert_true(node_get(root, "g")->quoted);
}

static void test_nothing_tilde_and_null_are_null_unless_quoted(void **context)
{
    parse("a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: !!str null\ng: nulls\nnull: x\n");

    assert_int_equal(node_get(root, "a")->kind, NODE_NULL);
    assert_int_equal(node_get(root, "b")->kind, NODE_NULL);
    assert_int_equal(node_get(root, "c")->kind, NODE_NULL);
    assert_int_equal(node_get(root, "d")->kind, NODE_SCALAR);
    assert_int_equal(node_get(root, "e")->kind, NODE_SCALAR);
    assert_int_equal(node_get(root, "f")->kind, NODE_SCALAR);
    assert_int_equal(node_get(root, "g")->kind, NODE_SCALAR);
    assert_true(node_is(node_get(root, "null"), "x"));
}

static void test_mappings_keep_the_order_of_the_file(void **context)
{
    static const char *const keys[] = {"z", "a", "m"};
    size_t i;

    parse("{z: 1, a: 2, m: 3}");

    assert_int_equal(root->size, 3);
    for (i = 0; i < 3; i++) {
        assert_string_equal(root->pairs[i].key->text, keys[i]);
    }
}

static void test_what_is_not_there_is_not_found(void **context)
{
    parse("{a: [1], b: c}");

    assert_null(node_get(root, "x"));
    assert_null(node_get(node_get(root, "a"), "x"));
    assert_null(node_get(node_get(root, "b"), "c"));
    assert_null(node_get(NULL, "x"));
    assert_false(node_is(NULL, "x"));
}

static void test_big_mappings_find_every_key(void **context)
{
    enum { COUNT = 20000 };
    char *text = malloc(COUNT * 16 + 1);
    char key[16];
    size_t used = 0;
    unsigned i;

    for (i = 0; i < COUNT; i++) {
        used += (size_t)sprintf(text + used, "c%u: %u\n", i, i);
    }
    parse_sized(text, used);

    assert_int_equal(root->size, COUNT);
    for (i = 0; i < COUNT; i++) {
        snprintf(key, sizeof(key), "c%u", i);
        assert_string_equal(node_get(root, key)->text, key + 1);
    }
    assert_null(node_get(root, "c20000"));
    free(text);
}

static void test_a_document_may_be_a_single_value(void **context)
{
    parse("64KiB");

    assert_true(node_is(root, "64KiB"));
    assert_int_equal(errors_count(errors), 0);
}

/* ---- anchors ---- */

static void test_an_alias_is_the_node_of_its_anchor(void **context)
{
    parse("a: &x {type: EchoProtocol}\nb: *x\nc: &x 1\nd: *x\n");

    assert_int_equal(errors_count(errors), 0);
    assert_ptr_equal(node_get(root, "a"), node_get(root, "b"));
    assert_ptr_equal(node_get(root, "c"), node_get(root, "d")); /* the anchor has moved */
}

static void test_a_merge_key_adds_what_is_not_there(void **context)
{
    parse("base: &base {type: TCPServer, host: '::', backlog: 5}\n"
          "other: &other {host: lost, nodelay: on}\n"
          "one: {<<: *base, host: 127.0.0.1}\n"
          "two: {<<: [*base, *other], port: 1}\n");

    assert_int_equal(errors_count(errors), 0);
    assert_int_equal(node_get(root, "one")->size, 3);
    assert_true(node_is(node_get(node_get(root, "one"), "host"), "127.0.0.1"));
    assert_true(node_is(node_get(node_get(root, "one"), "type"), "TCPServer"));
    assert_place(node_get(node_get(root, "one"), "backlog"), 1, 52, 1);
    assert_int_equal(node_get(root, "two")->size, 5);
    assert_true(node_is(node_get(node_get(root, "two"), "host"), "::")); /* the earlier wins */
    assert_true(node_is(node_get(node_get(root, "two"), "nodelay"), "on"));
}

static void test_a_merge_into_a_big_mapping_keeps_its_keys_unique(void **context)
{
    char text[4096] = "a: &a {k0: x, k39: x, new: x}\nb:\n  <<: *a\n";
    size_t used = strlen(text);
    int i;

    for (i = 0; i < 40; i++) {
        used += (size_t)sprintf(text + used, "  k%d: own\n", i);
    }
    parse(text);

    assert_int_equal(errors_count(errors), 0);
    assert_int_equal(node_get(root, "b")->size, 41);
    assert_true(node_is(node_get(node_get(root, "b"), "k39"), "own"));
    assert_true(node_is(node_get(node_get(root, "b"), "new"), "x"));
}

static void test_a_quoted_merge_key_is_an_ordinary_key(void **context)
{
    parse("{'<<': x}");

    assert_int_equal(errors_count(errors), 0);
    assert_true(node_is(node_get(root, "<<"), "x"));
}

static void test_merging_what_is_no_mapping_is_an_error(void **context)
{
    parse("a: {<<: 7}\nb: {<<: [{c: d}, x]}\n");

    assert_int_equal(errors_count(errors), 2);
    assert_error(0, 1, 9, "merges a mapping or a list of mappings; this is a text");
    assert_error(1, 2, 18, "this is a text");
    assert_true(node_is(node_get(node_get(root, "b"), "c"), "d"));
}

static void test_an_alias_without_anchor_is_an_error_and_the_rest_goes_on(void **context)
{
    parse("a: *x\nb: &y [*y]\nc: d\n");

    assert_int_equal(errors_count(errors), 2);
    assert_error(0, 1, 4, "there is no anchor \"&x\" before this alias");
    assert_error(1, 2, 8, "inside its own anchor \"&y\"");
    assert_true(node_is(node_get(root, "c"), "d"));
    assert_true(node_get(root, "a")->broken);
}

static void test_an_alias_bomb_is_refused(void **context)
{
    char text[1000] = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
    size_t used = strlen(text);
    int name;

    for (name = 'b'; name <= 'g'; name++) {
        int before = name - 1;

        used += (size_t)sprintf(
            text + used, "%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", name, name,
            before, before, before, before, before, before, before, before, before, before);
    }
    assert_refused(text, 6, 36, "more than 1000000 nodes");
}

static void test_a_bomb_of_merge_keys_is_refused(void **context)
{
    char text[2000] = "a0: &a0 {x: [1, 2, 3, 4, 5, 6, 7, 8, 9]}\n";
    size_t used = strlen(text);
    int i;

    for (i = 1; i < 40; i++) {
        used += (size_t)sprintf(text + used, "a%d: &a%d {p: *a%d, q: *a%d}\n", i, i, i - 1, i - 1);
    }
    parse(text);

    assert_null(document);
    assert_int_equal(errors_count(errors), 1);
    assert_non_null(strstr(errors_at(errors, 0)->error.text, "more than 1000000 nodes"));
}

static void test_nesting_has_a_limit(void **context)
{
    char text[1000];

    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    parse_sized(text, 200);
    assert_non_null(document);
    document_destroy(document);

    memset(text, '[', 101);
    text[101] = '\0';
    assert_refused(text, 1, 101, "more than 100 levels");
}

static void test_the_number_of_nodes_has_a_limit(void **context)
{
    const size_t count = DOCUMENT_MOST_NODES + 1;
    char *text = malloc(2 * count);
    size_t i;

    for (i = 0; i < count; i++) {
        text[2 * i] = 'x';
        text[2 * i + 1] = ',';
    }
    text[0] = '[';
    text[1] = ' ';
    parse_sized(text, 2 * count);
    free(text);

    assert_null(document);
    assert_int_equal(errors_count(errors), 1);
    assert_non_null(strstr(errors_at(errors, 0)->error.text, "more than 5000000 nodes"));
}

static void test_reading_stops_when_there_are_too_many_mistakes(void **context)
{
    char text[5001] = "";
    size_t used = 0;
    int i;

    for (i = 0; i < 1000; i++) {
        used += (size_t)sprintf(text + used, "- *x\n");
    }
    parse_sized(text, used);

    assert_null(document);
    assert_int_equal(errors_count(errors), ERRORS_MOST);
}

static void test_aliases_do_not_nest_deeper_than_the_limit(void **context)
{
    char text[1000] = "a: &a ";
    size_t used = strlen(text);

    used += (size_t)sprintf(text + used, "%.*s%.*s\nb: ", 60,
                            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 60,
                            "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    sprintf(text + used, "%.*s*a", 40,
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");
    assert_refused(text, 2, 44, "more than 100 levels");
}

/* ---- keys and tags ---- */

static void test_a_key_that_is_there_twice_is_an_error_that_names_both_places(void **context)
{
    parse("components:\n  a: 1\n  b: 2\n  a: 3\n");

    assert_int_equal(errors_count(errors), 1);
    assert_error(0, 4, 3, "the key \"a\" is here a second time");
    assert_int_equal(errors_at(errors, 0)->notes[0].error.line, 2);
    assert_int_equal(errors_at(errors, 0)->notes[0].error.column, 3);
    assert_true(node_is(node_get(node_get(root, "components"), "a"), "1"));
}

static void test_a_key_is_found_twice_in_big_mappings_too(void **context)
{
    char text[1000] = "";
    size_t used = 0;
    int i;

    for (i = 0; i < 50; i++) {
        used += (size_t)sprintf(text + used, "k%d: x\n", i);
    }
    snprintf(text + used, sizeof(text) - used, "k7: y\n");
    parse(text);

    assert_int_equal(errors_count(errors), 1);
    assert_error(0, 51, 1, "\"k7\"");
    assert_int_equal(errors_at(errors, 0)->notes[0].error.line, 8);
}

static void test_a_key_must_be_a_text(void **context)
{
    parse("[a]: b\n{c: d}: e\n?\n: f\ng: h\n");

    assert_int_equal(errors_count(errors), 3);
    assert_error(0, 1, 1, "a key must be a text; this is a list");
    assert_error(1, 2, 1, "a key must be a text; this is a mapping");
    assert_error(2, 3, 2, "there is no key");
    assert_true(node_is(node_get(root, "g"), "h"));
}

static void test_a_tag_that_means_nothing_is_an_error(void **context)
{
    parse("{a: !file /etc/passwd, b: !!str 8, c: !!int 8}");

    assert_int_equal(errors_count(errors), 1);
    assert_error(0, 1, 5, "the tag \"!file\" has no meaning here");
    assert_string_equal(node_get(root, "b")->tag, "tag:yaml.org,2002:str");
}

static void test_a_nul_in_quotes_is_an_error(void **context)
{
    parse("{a: \"x\\0y\"}");

    assert_int_equal(errors_count(errors), 1);
    assert_error(0, 1, 5, "NUL");
    assert_int_equal(strlen(node_get(root, "a")->text), node_get(root, "a")->size);
}

/* ---- bytes ---- */

static void test_bytes_that_are_not_utf8_are_shown_where_they_are(void **context)
{
    assert_refused("a: b\nc\xC3\xA9: \xFF\n", 2, 5, "byte 0xFF is not UTF-8");
    assert_refused("a: \xC0\x80\n", 1, 4, "byte 0xC0 is not UTF-8");
    assert_refused("a: \xED\xA0\x80\n", 1, 4, "byte 0xED is not UTF-8");
    assert_refused("a: \xF4\x90\x80\x80\n", 1, 4, "byte 0xF4 is not UTF-8");
    assert_refused("a: \xE2\x82", 1, 4, "byte 0xE2 is not UTF-8");
}

static void test_nul_and_control_characters_are_shown_where_they_are(void **context)
{
    parse_sized("a: b\0\n", 6);
    assert_null(document);
    assert_error(0, 1, 5, "a NUL byte");
    errors_destroy(errors);
    errors = errors_create();

    assert_refused("a: b\nc: \x1B[31m\n", 2, 4, "U+001B");
    assert_refused("a: \x7F\n", 1, 4, "U+007F");
    assert_refused("a: \xEF\xBB\xBF\n", 1, 4, "byte order mark");
}

static void test_utf16_is_called_by_its_name(void **context)
{
    assert_refused("\xFF\xFE"
                   "a",
                   0, 0, "UTF-16");
}

/* ---- syntax ---- */

static void test_syntax_errors_are_said_in_words_for_people(void **context)
{
    assert_refused("a:\n\tb: c\n", 2, 1, "a tab cannot indent YAML; use spaces");
    assert_refused("a: b: c\n", 1, 5, "\": \" cannot stand here");
    assert_refused("a: \"b\nc: d\n", 1, 4, "this quote is never closed");
    assert_refused("a: 'b\n---\n", 1, 4, "is this quote closed?");
    assert_refused("a: @b\n", 1, 4, "a text that starts with \"@\" needs quotes");
    assert_refused("a: `b`\n", 1, 4, "a text that starts with \"`\" needs quotes");
    assert_refused("a: *.yaml\n", 1, 4, "\"*\" starts an alias");
    assert_refused("a: \"\\d\"\n", 1, 5, "not an escape of YAML");
    assert_refused("a: \"b\" c\n", 1, 8, "expected a key of the same indentation");
    assert_refused("a:\n  - b\n  c: d\n", 3, 3, "expected \"- \" here");
    assert_refused("a: {b: c\nd: e\n", 2, 2, "expected \",\" or \"}\"");
    assert_refused("a: b\nc\nd: e\n", 2, 1, "this key has no \":\" after it");
    assert_refused("a: [b, , c]\n", 1, 8, "expected a value here");
    assert_refused("a: !x!y z\n", 1, 4, "no tag is known by this name");
    assert_refused("%YAML 3.0\n---\na: b\n", 1, 1, "only YAML 1.1 and 1.2");
}

static void test_interpolation_between_braces_is_told_to_need_quotes(void **context)
{
    assert_refused("a: {b: ${PORT}}\n", 1, 8, "\"${...}\" needs quotes between { and }");
    assert_refused("a: [b, x${PORT:-1}]\n", 1, 9, "\"${...}\" needs quotes between [ and ]");
    assert_refused("a: [b, 'x'{b: c}]\n", 1, 11, "expected \",\" or \"]\"");
}

static void test_an_unclosed_bracket_names_where_it_was_opened(void **context)
{
    parse("a: [1, 2\nb: c\n");

    assert_null(document);
    assert_error(0, 2, 2, "expected \",\" or \"]\" here");
    assert_string_equal(errors_at(errors, 0)->notes[0].error.text, "opened here");
    assert_int_equal(errors_at(errors, 0)->notes[0].error.column, 4);
}

static void test_a_file_holds_one_document(void **context)
{
    assert_refused("a: b\n---\nc: d\n", 2, 1, "a second document starts here");
    assert_refused("---\n---\n", 2, 1, "a second document starts here");
}

static void test_a_text_without_content_is_refused(void **context)
{
    assert_refused("", 0, 0, "empty");
    assert_refused("\n\n", 0, 0, "empty");
    assert_refused("# nothing but this\n", 0, 0, "empty");
    assert_refused("---\n...\n", 0, 0, "empty");
}

static void test_thousands_of_directives_are_refused_at_once(void **context)
{
    enum { COUNT = 200000 };
    char *text = malloc(COUNT * 16 + 1);
    size_t used = 0;
    unsigned i;

    for (i = 0; i < COUNT; i++) {
        used += (size_t)sprintf(text + used, "%%TAG !%u! x\n", i);
    }
    assert_refused(text, 0, 0, "more than 16 lines start with \"%\"");
    free(text);
}

/* ---- files ---- */

static char folder[] = "/tmp/test_document.XXXXXX";
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

static int make_folder(void **context)
{
    snprintf(folder, sizeof(folder), "/tmp/test_document.XXXXXX");
    return mkdtemp(folder) != NULL ? set_up(context) : -1;
}

static int remove_folder(void **context)
{
    unlink(in_folder("file"));
    rmdir(folder);
    return tear_down(context);
}

static void assert_not_loaded(const char *name, const char *words)
{
    document = document_load(name, errors);

    assert_null(document);
    assert_int_equal(errors_count(errors), 1);
    assert_string_equal(errors_at(errors, 0)->error.file, name);
    assert_error(0, 0, 0, words);
}

static void test_a_file_is_read(void **context)
{
    write_file("file", "a: b\n");

    document = document_load(path, errors);

    assert_non_null(document);
    assert_true(node_is(node_get(document_root(document), "a"), "b"));
    assert_string_equal(document_root(document)->source->name, path);
}

static void test_a_file_without_a_size_is_read(void **context)
{
    char pid[16];

    document = document_load("/proc/self/status", errors); /* its lines happen to be YAML */

    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    assert_non_null(document);
    assert_true(node_is(node_get(document_root(document), "Pid"), pid));
}

static void test_a_file_that_is_not_there_is_named(void **context)
{
    assert_not_loaded(in_folder("none"), "cannot be read: No such file or directory");
}

static void test_a_directory_is_refused(void **context)
{
    assert_not_loaded(folder, "a directory, where a file is needed");
}

static void test_a_fifo_is_refused_without_waiting_for_a_writer(void **context)
{
    assert_int_equal(mkfifo(in_folder("file"), 0600), 0);

    assert_not_loaded(path, "a FIFO, where a file is needed");
}

static void test_a_device_is_refused(void **context)
{
    assert_not_loaded("/dev/zero", "a device, where a file is needed");
}

static void test_a_file_without_permission_is_refused(void **context)
{
    if (geteuid() == 0) {
        skip(); /* root may read everything */
    }
    write_file("file", "a: b\n");
    assert_int_equal(chmod(path, 0), 0);

    assert_not_loaded(path, "cannot be read: Permission denied");
}

static void test_a_file_over_the_limit_is_refused_unread(void **context)
{
    write_file("file", "a: b\n");
    assert_int_equal(truncate(path, SOURCE_LARGEST + 1), 0);

    assert_not_loaded(path, "64 MiB at most");
}

#define test(name)         cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define test_of_file(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_every_node_knows_where_it_stands),
        test(test_columns_count_characters_not_bytes),
        test(test_a_byte_order_mark_takes_no_column),
        test(test_lines_end_in_every_way_that_yaml_knows),
        test(test_what_is_missing_at_the_end_of_the_file_is_shown_there),
        test(test_values_are_texts_whatever_they_look_like),
        test(test_nothing_tilde_and_null_are_null_unless_quoted),
        test(test_mappings_keep_the_order_of_the_file),
        test(test_what_is_not_there_is_not_found),
        test(test_big_mappings_find_every_key),
        test(test_a_document_may_be_a_single_value),
        test(test_an_alias_is_the_node_of_its_anchor),
        test(test_a_merge_key_adds_what_is_not_there),
        test(test_a_merge_into_a_big_mapping_keeps_its_keys_unique),
        test(test_a_quoted_merge_key_is_an_ordinary_key),
        test(test_merging_what_is_no_mapping_is_an_error),
        test(test_an_alias_without_anchor_is_an_error_and_the_rest_goes_on),
        test(test_an_alias_bomb_is_refused),
        test(test_a_bomb_of_merge_keys_is_refused),
        test(test_nesting_has_a_limit),
        test(test_the_number_of_nodes_has_a_limit),
        test(test_reading_stops_when_there_are_too_many_mistakes),
        test(test_aliases_do_not_nest_deeper_than_the_limit),
        test(test_a_key_that_is_there_twice_is_an_error_that_names_both_places),
        test(test_a_key_is_found_twice_in_big_mappings_too),
        test(test_a_key_must_be_a_text),
        test(test_a_tag_that_means_nothing_is_an_error),
        test(test_a_nul_in_quotes_is_an_error),
        test(test_bytes_that_are_not_utf8_are_shown_where_they_are),
        test(test_nul_and_control_characters_are_shown_where_they_are),
        test(test_utf16_is_called_by_its_name),
        test(test_syntax_errors_are_said_in_words_for_people),
        test(test_interpolation_between_braces_is_told_to_need_quotes),
        test(test_an_unclosed_bracket_names_where_it_was_opened),
        test(test_a_file_holds_one_document),
        test(test_a_text_without_content_is_refused),
        test(test_thousands_of_directives_are_refused_at_once),
        test_of_file(test_a_file_is_read),
        test_of_file(test_a_file_without_a_size_is_read),
        test_of_file(test_a_file_that_is_not_there_is_named),
        test_of_file(test_a_directory_is_refused),
        test_of_file(test_a_fifo_is_refused_without_waiting_for_a_writer),
        test_of_file(test_a_device_is_refused),
        test_of_file(test_a_file_without_permission_is_refused),
        test_of_file(test_a_file_over_the_limit_is_refused_unread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
