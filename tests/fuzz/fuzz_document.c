/* Fuzzes the way from bytes to nodes, and everything that is done to a node without knowing what it
 * is for.  With libFuzzer: fuzz_document CORPUS; with tests/fuzz/replay.c: over files, as a test.
 */
#include "graph/arena.h"
#include "graph/document.h"
#include "graph/interpolate.h"
#include "graph/source.h"
#include "graph/suggest.h"
#include "graph/value.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *look_up_variable(void *context, const char *name)
{
    return name[0] == 'P' ? "8080" : (name[0] == 'E' ? "" : NULL);
}

static const struct node *look_up_parameter(void *context, const char *name)
{
    return name[0] == 'r' ? context : NULL;
}

static void check_value(const char *text)
{
    struct accepted accepted;
    struct address address;
    struct address again;
    double seconds;
    int64_t number;
    size_t size;
    size_t same;
    bool value;

    if (value_size(text, 0, SIZE_MAX, &size, &accepted)) {
        REQUIRE(value_size(value_show_size(size).text, 0, SIZE_MAX, &same, &accepted));
        REQUIRE(same == size);
    }
    if (value_duration(text, 0, HUGE_VAL, &seconds, &accepted)) {
        REQUIRE(seconds >= 0);
        REQUIRE(
            value_duration(value_show_duration(seconds).text, 0, HUGE_VAL, &seconds, &accepted));
    }
    if (value_address(text, &address, &accepted)) {
        REQUIRE(value_address(value_show_address(&address).text, &again, &accepted));
        REQUIRE(again.kind == address.kind && again.port == address.port &&
                strcmp(again.text, address.text) == 0);
    }
    if (!value_host(text, &address, &accepted) && !value_bool(text, &value, &accepted) &&
        !value_integer(text, INT64_MIN, INT64_MAX, &number, &accepted)) {
        REQUIRE(accepted.text[0] != '\0');
    }
}

/* Checks what a header promises of a node.  Returns the nodes below, aliases written out.
 * *values: how many more texts may be tried as values, which takes its time. */
static size_t check_node(const struct node *node, unsigned depth, unsigned *values)
{
    size_t count = 1;
    size_t i;

    REQUIRE(depth <= 2 * DOCUMENT_DEEPEST);
    REQUIRE(node->line <= node->source->line_count);
    switch (node->kind) {
    case NODE_NULL:
    case NODE_SCALAR:
        REQUIRE(strlen(node->text) == node->size);
        if (*values > 0) {
            --*values;
            check_value(node->text);
        }
        break;
    case NODE_SEQUENCE:
        for (i = 0; i < node->size; i++) {
            count += check_node(node->items[i], depth + 1, values);
        }
        break;
    case NODE_MAPPING:
        for (i = 0; i < node->size; i++) {
            REQUIRE(node_find(node, node->pairs[i].key->text) == &node->pairs[i]);
            count += check_node(node->pairs[i].value, depth + 1, values);
        }
        break;
    }
    return count;
}

static void report_everywhere(const struct node *node, struct errors *errors)
{
    static const char *const names[] = {"components", "linkages", "type", "listenport", NULL};
    size_t i;

    if (errors_is_full(errors)) {
        return;
    }
    if (node->kind == NODE_SCALAR) {
        errors_report(errors, node, "\"%s\"%s", node_shown(node).text,
                      suggest_words(suggest_from(node->text, names)).text);
    }
    for (i = 0; node->kind == NODE_SEQUENCE && i < node->size; i++) {
        report_everywhere(node->items[i], errors);
    }
    for (i = 0; node->kind == NODE_MAPPING && i < node->size; i++) {
        report_everywhere(node->pairs[i].key, errors);
        report_everywhere(node->pairs[i].value, errors);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct errors *errors = errors_create();
    struct document *document = document_parse("fuzz.yaml", (const char *)bytes, size, errors);
    struct interpolation lookups = {
        .environment = look_up_variable,
        .parameter = look_up_parameter,
    };
    char *printed = NULL;
    size_t printed_size;
    unsigned values = 1000;
    FILE *out = open_memstream(&printed, &printed_size);

    REQUIRE(out != NULL);
    if (document != NULL) {
        const struct node *root = document_root(document);
        struct node parameter = *root;

        REQUIRE(check_node(root, 1, &values) < DOCUMENT_MOST_ALIASED + size + 2);
        lookups.context = &parameter;
        REQUIRE(check_node(interpolate(document_arena(document), root, &lookups, errors), 1,
                           &values) > 0);
        report_everywhere(root, errors);
    } else {
        REQUIRE(errors_count(errors) > 0);
    }
    errors_print(errors, out, size % 2 == 1);
    fclose(out);
    free(printed);
    document_destroy(document);
    errors_destroy(errors);
    return 0;
}
