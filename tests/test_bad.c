/* Broken graphs: every file in tests/bad begins with the messages that it is to get, in order:
 *
 *     # expect: 9:7: error: EchoProtocol has no parameter "max_sise"; did you mean "max_size"? */
#include "tests/unit.h"

#include <dirent.h>

#include "components/component_types.h"
#include "graph/error.h"
#include "graph/plan.h"

#define FOLDER "tests/bad/"
static const char mark[] = "# expect: ";

/* What the file says it is to get, a line for each.  To be freed. */
static char *read_expected(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    char line[1024];

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL && strncmp(line, mark, strlen(mark)) == 0) {
        fputs(line + strlen(mark), out);
    }
    fclose(file);
    fclose(out);
    return text;
}

/* What it gets. */
static char *read_errors(const char *path)
{
    const struct plan_options options = {.types = component_types};
    struct errors *errors = errors_create();
    struct plan *plan = plan_load(path, &options, errors);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const struct report *report;

    for (size_t i = 0; (report = errors_at(errors, i)) != NULL; i++) {
        fprintf(out, "%u:%u: %s: %s\n", report->error.line, report->error.column,
                report->severity == SEVERITY_ERROR ? "error" : "warning", report->error.text);
        for (unsigned j = 0; j < report->note_count; j++) {
            const struct error *note = &report->notes[j].error;

            fprintf(out, "%u:%u: note: %s\n", note->line, note->column, note->text);
        }
    }
    fclose(out);
    assert_true((plan == NULL) == (errors_count(errors) > 0));
    plan_release(plan);
    errors_destroy(errors);
    return text;
}

static int is_graph(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');

    return end != NULL && strcmp(end, ".yaml") == 0;
}

static void test_every_broken_graph_gets_the_messages_that_it_expects(void **context)
{
    struct dirent **entries;
    const int count = scandir(FOLDER, &entries, is_graph, alphasort);
    int wrong = 0;

    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        char path[512];
        char *expected;
        char *found;

        snprintf(path, sizeof(path), FOLDER "%s", entries[i]->d_name);
        expected = read_expected(path);
        found = read_errors(path);
        if (strcmp(expected, found) != 0 || expected[0] == '\0') {
            printf("%s\n--- expected\n%s--- found\n%s", path, expected, found);
            wrong++;
        }
        free(expected);
        free(found);
        free(entries[i]);
    }
    free(entries);

    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_broken_graph_gets_the_messages_that_it_expects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
