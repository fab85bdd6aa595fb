/* Parameters shown as a user would write them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/document.h"
#include "graph/param.h"
#include "graph/value.h"

/* True if a text in a list or a mapping needs quotes to be read back as itself. */
static bool needs_quotes(const char *text)
{
    return text[0] == '\0' || text[strcspn(text, " \t\r\n,:[]{}#&*!|>'\"%@`\\")] != '\0';
}

static void print_text(FILE *out, const char *text)
{
    if (!needs_quotes(text)) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\t' || *text == '\r') {
            fprintf(out, "\\%c", *text == '\n' ? 'n' : (*text == '\t' ? 't' : 'r'));
        } else {
            fprintf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
        }
    }
    fputc('"', out);
}

static void print_node(FILE *out, const struct node *node)
{
    size_t i;

    if (node->secret) {
        fputs("***", out);
        return;
    }
    switch (node->kind) {
    case NODE_NULL:
        fputs("null", out);
        break;
    case NODE_SCALAR:
        print_text(out, node->text);
        break;
    case NODE_SEQUENCE:
        for (i = 0; i < node->size; i++) {
            fputs(i == 0 ? "[" : ", ", out);
            print_node(out, node->items[i]);
        }
        fputs(i == 0 ? "[]" : "]", out);
        break;
    case NODE_MAPPING:
        for (i = 0; i < node->size; i++) {
            fputs(i == 0 ? "{" : ", ", out);
            print_text(out, node->pairs[i].key->text);
            fputs(": ", out);
            print_node(out, node->pairs[i].value);
        }
        fputs(i == 0 ? "{}" : "}", out);
        break;
    }
}

char *param_show_node(const struct node *node)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    REQUIRE(out != NULL);
    if (node->kind == NODE_SCALAR && !node->secret) {
        fputs(node->text, out);
    } else {
        print_node(out, node);
    }
    REQUIRE(fclose(out) == 0);
    return text;
}

static char *show_texts(const struct texts *texts)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    REQUIRE(out != NULL);
    fputc('[', out);
    for (size_t i = 0; i < texts->count; i++) {
        fputs(i == 0 ? "" : ", ", out);
        print_text(out, texts->items[i]);
    }
    fputc(']', out);
    REQUIRE(fclose(out) == 0);
    return text;
}

static char *show_section(const struct param_spec *spec, const void *field,
                          const struct node *mapping)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const char *between = "{";

    REQUIRE(out != NULL);
    for (const struct param_spec *entry = spec->section; entry->name != NULL; entry++) {
        char *value = param_show(entry, field, mapping);

        if (value != NULL) {
            fprintf(out, "%s%s: ", between, entry->name);
            if (entry->kind == PARAM_KIND_TEXT) {
                print_text(out, value);
            } else {
                fputs(value, out);
            }
            between = ", ";
        }
        free(value);
    }
    fputs(between[0] == '{' ? "{}" : "}", out);
    REQUIRE(fclose(out) == 0);
    return text;
}

static int64_t integer_at(const struct param_spec *spec, const void *field)
{
    return spec->width == sizeof(int64_t) ? *(const int64_t *)field : *(const int *)field;
}

/* What was made of a node: as the file has it, or the default. */
static char *show_source(const struct param_spec *spec, const struct node *node)
{
    if (node != NULL) {
        return param_show_node(node);
    }
    return spec->fallback != NULL ? mem_strdup(spec->fallback) : NULL;
}

char *param_show(const struct param_spec *spec, const void *state, const struct node *mapping)
{
    const void *field = (const char *)state + spec->offset;
    const struct node *node = node_get(mapping, spec->name);

    if (spec->kind == PARAM_KIND_TEXT && *(const char *const *)field == NULL) {
        return NULL;
    }
    if (spec->secret || (node != NULL && node->secret)) {
        return mem_strdup("***");
    }
    switch (spec->kind) {
    case PARAM_KIND_BOOL:
        return mem_strdup(value_show_bool(*(const bool *)field).text);
    case PARAM_KIND_INT:
        return mem_strdup(value_show_integer(integer_at(spec, field)).text);
    case PARAM_KIND_SIZE:
        return mem_strdup(value_show_size(*(const size_t *)field).text);
    case PARAM_KIND_DURATION:
        return mem_strdup(value_show_duration(*(const double *)field).text);
    case PARAM_KIND_TEXT:
        return mem_strdup(*(const char *const *)field);
    case PARAM_KIND_CHOICE:
        return mem_strdup(spec->choices[*(const int *)field]);
    case PARAM_KIND_TEXTS:
        return node != NULL && node->kind == NODE_SEQUENCE ? param_show_node(node)
                                                           : show_texts(field);
    case PARAM_KIND_GRAPH:
    case PARAM_KIND_GRAPHS:
    case PARAM_KIND_CUSTOM:
        return show_source(spec, node);
    case PARAM_KIND_SECTION:
        return show_section(spec, field, node);
    case PARAM_KIND_CHILDREN:
    case PARAM_KIND_LINKAGES:
        return NULL; /* shown as components and linkages of their own */
    }
    return NULL;
}
