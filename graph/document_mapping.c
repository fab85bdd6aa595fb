/* Mappings of a document: what may be a key, keys that are there twice, merge keys (<<). */
#include "graph/document_builder.h"

#include "graph/pair_list.h"

#include <string.h>

static bool is_merge_key(const struct node *key)
{
    return key->kind == NODE_SCALAR && !key->quoted && strcmp(key->text, "<<") == 0;
}

/* Counts the pairs that a merge key's value brings. */
static size_t count_merged(const struct node *value)
{
    size_t count = 0;
    size_t i;

    if (value->kind == NODE_MAPPING) {
        return value->size;
    }
    for (i = 0; value->kind == NODE_SEQUENCE && i < value->size; i++) {
        count += value->items[i]->kind == NODE_MAPPING ? value->items[i]->size : 0;
    }
    return count;
}

/* Appends what a mapping lacks; what it has wins. */
static void merge_mapping(struct builder *builder, struct pair_list *list,
                          const struct node *merged)
{
    size_t i;

    if (merged->kind != NODE_MAPPING) {
        errors_report(builder->errors, merged,
                      "\"<<\" merges a mapping or a list of mappings; this is %s",
                      node_kind_name(merged));
        return;
    }
    for (i = 0; i < merged->size; i++) {
        pair_list_append(list, &merged->pairs[i]);
    }
}

static void merge(struct builder *builder, struct pair_list *list, const struct node *value)
{
    size_t i;

    if (value->kind != NODE_SEQUENCE) {
        merge_mapping(builder, list, value);
        return;
    }
    for (i = 0; i < value->size; i++) {
        merge_mapping(builder, list, value->items[i]);
    }
}

/* Reports a key that is none. */
static bool check_key(struct builder *builder, const struct node *key)
{
    if (key->kind == NODE_SEQUENCE || key->kind == NODE_MAPPING) {
        return errors_report(builder->errors, key, "a key must be a text; this is %s",
                             node_kind_name(key));
    }
    if (key->kind == NODE_NULL && key->size == 0) {
        return errors_report(builder->errors, key, "there is no key before this \":\"");
    }
    return true;
}

/* Puts pairs whose keys were there already behind the others: there is room for all of them. */
static void keep_doubles(const struct pair_list *list, struct node *node,
                         const struct node *const *children, size_t count)
{
    for (size_t i = 0; i + 1 < count && node->further < NODE_MOST_FURTHER; i += 2) {
        const struct node *key = children[i];
        const struct node_pair *kept = NULL;

        if (key->kind == NODE_SCALAR) {
            kept = pair_list_find(list->pairs, list->count, list->index, key->text, key->size);
        }
        if (kept != NULL && kept->key != key && !is_merge_key(key)) {
            list->pairs[list->count + node->further++] =
                (struct node_pair){.key = key, .value = children[i + 1]};
        }
    }
}

void builder_finish_mapping(struct builder *builder, struct node *node,
                            const struct node *const *children, size_t count)
{
    struct pair_list list;
    const struct node *merged_by = NULL;
    size_t most = count / 2;
    bool has_doubles = false;
    size_t i;

    for (i = 0; i + 1 < count; i += 2) {
        most += is_merge_key(children[i]) ? count_merged(children[i + 1]) : 0;
    }
    list = pair_list_make(builder->arena, most);
    for (i = 0; i + 1 < count; i += 2) {
        struct node_pair pair = {.key = children[i], .value = children[i + 1]};
        const struct node *earlier = merged_by;

        if (!check_key(builder, pair.key)) {
            continue;
        }
        if (is_merge_key(pair.key)) {
            merged_by = merged_by != NULL ? merged_by : pair.key;
        } else {
            const struct node_pair *same = pair_list_append(&list, &pair);

            earlier = same != NULL ? same->key : NULL;
            has_doubles |= same != NULL;
        }
        if (earlier != NULL) {
            errors_report_note(builder->errors, pair.key, earlier, "first defined here",
                               "the key \"%s\" is here a second time", node_shown(pair.key).text);
        }
    }
    for (i = 0; merged_by != NULL && i + 1 < count; i += 2) {
        if (is_merge_key(children[i])) {
            merge(builder, &list, children[i + 1]);
        }
    }
    pair_list_give(&list, node);
    node->further = 0;
    if (has_doubles) {
        keep_doubles(&list, node, children, count);
    }
}
