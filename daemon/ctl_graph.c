/* axonctl graph: the running graph, for programs that draw. */
#include "daemon/ctl.h"

#include <string.h>

const char *const ctl_graph_formats[] = {"dot", "mermaid", "json", NULL};

/* All batches, put together. */
struct picture {
    json_t *nodes;
    json_t *edges;
};

static bool collect(struct ctl *ctl, json_t *reply, void *data)
{
    struct picture *picture = data;

    json_array_extend(picture->nodes, json_object_get(reply, "nodes"));
    json_array_extend(picture->edges, json_object_get(reply, "edges"));
    return true;
}

/* The common way, from the main outbox to the main inbox, needs no words. */
static bool is_plain(const json_t *edge)
{
    return strcmp(ctl_string(edge, "outbox"), "outbox") == 0 &&
           strcmp(ctl_string(edge, "inbox"), "inbox") == 0;
}

static bool is_from_signal(const json_t *edge)
{
    return strcmp(ctl_string(edge, "outbox"), "signal") == 0 &&
           strcmp(ctl_string(edge, "inbox"), "control") == 0;
}

/* The name of the way from one component to another. */
static const char *way_of(const json_t *edge, char *text, size_t size)
{
    snprintf(text, size, "%s>%s", ctl_string(edge, "from"), ctl_string(edge, "to"));
    return text;
}

/* Leaves out a signal beside what "a -> b" joins as well: every such pair has one. */
static void thin_out(struct picture *picture)
{
    json_t *ways = json_object();
    json_t *left = json_array();
    char way[1024];
    size_t i;
    json_t *edge;

    json_array_foreach(picture->edges, i, edge)
    {
        if (!is_from_signal(edge)) {
            json_object_set_new(ways, way_of(edge, way, sizeof(way)), json_true());
        }
    }
    json_array_foreach(picture->edges, i, edge)
    {
        if (!is_from_signal(edge) || !ctl_has(ways, way_of(edge, way, sizeof(way)))) {
            json_array_append(left, edge);
        }
    }
    json_decref(ways);
    json_decref(picture->edges);
    picture->edges = left;
}

/* Text between quotes, in dot's way. */
static void print_dot(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            putchar('\\');
        }
        putchar((unsigned char)*text < 0x20 ? '?' : *text);
    }
}

static void print_as_dot(const struct picture *picture)
{
    size_t i;
    json_t *item;

    printf("digraph axond {\n  rankdir=LR;\n  node [shape=box];\n");
    json_array_foreach(picture->nodes, i, item)
    {
        printf("  \"");
        print_dot(ctl_string(item, "path"));
        printf("\" [label=\"");
        print_dot(ctl_string(item, "path"));
        printf("\\n");
        print_dot(ctl_string(item, "type"));
        printf("\"%s];\n", strcmp(ctl_string(item, "state"), "failed") == 0 ? ", color=red" : "");
    }
    json_array_foreach(picture->nodes, i, item)
    {
        if (ctl_has(item, "parent")) {
            printf("  \"");
            print_dot(ctl_string(item, "parent"));
            printf("\" -> \"");
            print_dot(ctl_string(item, "path"));
            printf("\" [style=dotted, arrowhead=none];\n");
        }
    }
    json_array_foreach(picture->edges, i, item)
    {
        printf("  \"");
        print_dot(ctl_string(item, "from"));
        printf("\" -> \"");
        print_dot(ctl_string(item, "to"));
        printf("\"");
        if (!is_plain(item)) {
            printf(" [label=\"");
            print_dot(ctl_string(item, "outbox"));
            printf(" to ");
            print_dot(ctl_string(item, "inbox"));
            printf("\"]");
        }
        printf(";\n");
    }
    printf("}\n");
}

/* Text between quotes, in mermaid's way. */
static void print_mermaid(const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '"':
            fputs("#quot;", stdout);
            break;
        case '#':
            fputs("#35;", stdout);
            break;
        case '<':
            fputs("#lt;", stdout);
            break;
        case '>':
            fputs("#gt;", stdout);
            break;
        default:
            putchar((unsigned char)*text < 0x20 ? '?' : *text);
            break;
        }
    }
}

/* mermaid's nodes go by numbers.  -1: there is none of that path. */
static long long number_of(const json_t *numbers, const char *path)
{
    return ctl_has(numbers, path) ? ctl_int(numbers, path) : -1;
}

static void print_as_mermaid(const struct picture *picture)
{
    json_t *numbers = json_object();
    size_t i;
    json_t *item;

    printf("flowchart LR\n");
    json_array_foreach(picture->nodes, i, item)
    {
        json_object_set_new(numbers, ctl_string(item, "path"), json_integer((json_int_t)i));
        printf("  n%zu[\"", i);
        print_mermaid(ctl_string(item, "path"));
        printf("<br/>");
        print_mermaid(ctl_string(item, "type"));
        printf("\"]\n");
        if (strcmp(ctl_string(item, "state"), "failed") == 0) {
            printf("  style n%zu stroke:red\n", i);
        }
    }
    json_array_foreach(picture->nodes, i, item)
    {
        long long parent = number_of(numbers, ctl_string(item, "parent"));

        if (parent >= 0) {
            printf("  n%lld -.- n%zu\n", parent, i);
        }
    }
    json_array_foreach(picture->edges, i, item)
    {
        long long from = number_of(numbers, ctl_string(item, "from"));
        long long to = number_of(numbers, ctl_string(item, "to"));

        if (from < 0 || to < 0) {
            continue;
        }
        printf("  n%lld -->", from);
        if (!is_plain(item)) {
            printf("|\"");
            print_mermaid(ctl_string(item, "outbox"));
            printf(" to ");
            print_mermaid(ctl_string(item, "inbox"));
            printf("\"|");
        }
        printf(" n%lld\n", to);
    }
    json_decref(numbers);
}

enum ctl_status ctl_run_graph(struct ctl *ctl)
{
    struct picture picture = {.nodes = json_array(), .edges = json_array()};
    const char *format = ctl_value(ctl, "format");
    enum ctl_status status;
    json_t *parameters = NULL;

    if (format != NULL && strcmp(format, "json") == 0) {
        ctl->json = true;
    }
    if (ctl_value(ctl, "connections") != NULL) {
        parameters = json_pack("{s:b}", "connections", 1);
    }
    status = ctl_call(ctl, "Graph", parameters, true, (struct ctl_reader){collect, &picture});
    if (status == CTL_DONE && ctl->json) {
        json_t *whole = json_pack("{s:O, s:O}", "nodes", picture.nodes, "edges", picture.edges);

        ctl_print_json(whole);
        json_decref(whole);
    } else if (status == CTL_DONE) {
        thin_out(&picture);
        if (format != NULL && strcmp(format, "mermaid") == 0) {
            print_as_mermaid(&picture);
        } else {
            print_as_dot(&picture);
        }
    }
    json_decref(picture.nodes);
    json_decref(picture.edges);
    return status;
}
