#include "components/file/process_parameters.h"

#include <string.h>

#include "graph/arena.h"
#include "graph/document.h"
#include "graph/error.h"
#include "graph/value.h"

enum { MOST_SHOWN = 200 }; /* bytes of a command, about */

static const char *shown_text(const struct node *node)
{
    return node->secret ? "***" : node->text;
}

static void run_by_shell(const struct node *node, struct process_command *command,
                         struct arena *arena)
{
    const char **arguments = arena_alloc_array(arena, 4, sizeof(*arguments));

    arguments[0] = "/bin/sh";
    arguments[1] = "-c";
    arguments[2] = arena_strdup(arena, node->text);
    command->arguments = arguments;
    command->shown = arena_strdup(arena, shown_text(node));
}

bool process_command_parse(const struct node *node, void *field, struct arena *arena,
                           struct error *err)
{
    struct process_command *command = field;
    const char **arguments;

    if (node->kind == NODE_SCALAR && node->text[0] != '\0') {
        run_by_shell(node, command, arena);
        return true;
    }
    if (node->kind != NODE_SEQUENCE) {
        return false;
    }
    if (node->size == 0) {
        return error_set(err, node, "command: the list is empty; the program is its first item");
    }
    arguments = arena_alloc_array(arena, node->size + 1, sizeof(*arguments));
    command->arguments = arguments;
    command->shown = "";
    for (size_t i = 0; i < node->size; i++) {
        const struct node *item = node->items[i];

        if (item->kind != NODE_SCALAR || (i == 0 && item->text[0] == '\0')) {
            return error_set(err, item, "command: %s must be a text; found %s",
                             i == 0 ? "the program" : "each argument",
                             item->kind == NODE_SCALAR ? "an empty one" : node_kind_name(item));
        }
        arguments[i] = arena_strdup(arena, item->text);
        if (strlen(command->shown) < MOST_SHOWN) {
            command->shown =
                arena_printf(arena, "%s%s%s", command->shown, i == 0 ? "" : " ", shown_text(item));
        }
    }
    return true;
}

bool process_variables_parse(const struct node *node, void *field, struct arena *arena,
                             struct error *err)
{
    struct process_variables *variables = field;
    const char **items;

    if (node->kind != NODE_MAPPING) {
        return false;
    }
    items = arena_alloc_array(arena, node->size + 1, sizeof(*items));
    variables->items = items;
    for (size_t i = 0; i < node->size; i++) {
        const struct node_pair *pair = &node->pairs[i];

        if (pair->key->text[0] == '\0' || strchr(pair->key->text, '=') != NULL) {
            return error_set(err, pair->key, "environment: \"%s\" is no name for a variable",
                             shown(pair->key->text).text);
        }
        if (pair->value->kind != NODE_SCALAR) {
            return error_set(err, pair->value,
                             "environment: the value of %s must be a text; found %s",
                             shown(pair->key->text).text, node_kind_name(pair->value));
        }
        items[i] = arena_printf(arena, "%s=%s", pair->key->text, pair->value->text);
    }
    return true;
}

bool process_success_parse(const struct node *node, void *field, struct arena *arena,
                           struct error *err)
{
    struct process_success *success = field;
    const size_t count = node->kind == NODE_SEQUENCE ? node->size : 1;

    *success = (struct process_success){{0}};
    for (size_t i = 0; i < count; i++) {
        const struct node *item = node->kind == NODE_SEQUENCE ? node->items[i] : node;
        struct accepted accepted;
        int64_t status;

        if (item->kind != NODE_SCALAR || !value_integer(item->text, 0, 255, &status, &accepted)) {
            return error_set(
                err, item, "success: an exit status is a number from 0 to 255; found %s",
                item->kind == NODE_SCALAR ? node_shown(item).text : node_kind_name(item));
        }
        success->statuses[status / 32] |= 1U << (status % 32);
    }
    return true;
}

bool process_success_is_same(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct process_success)) == 0;
}

bool process_is_success(const struct process_success *success, int status)
{
    return (success->statuses[status / 32] >> (status % 32) & 1) != 0;
}
