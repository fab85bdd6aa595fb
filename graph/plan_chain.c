/* The grammar of linkages.
 *
 *     chain:  term "->" term { "->" term }
 *     term:   end | "[" end { "," end } "]"
 *     end:    [ "/" ] name [ "." box ]
 *
 * and the long form {from: term, to: term}, where a list may be YAML's. */
#include <stdlib.h>
#include <string.h>

#include "graph/planner.h"
#include "graph/suggest.h"
#include "graph/utf8.h"

/* A text on its way through. */
struct reading {
    struct chain *chain;
    const struct node *node;
    const char *at;
    struct errors *errors; /* NULL: nothing is reported */
};

struct node node_part(const struct node *node, const char *part, size_t size)
{
    struct node place = *node;
    const unsigned quote = node->quoted ? 1 : 0;

    if (utf8_count(node->text, node->size) + (size_t)2 * quote == node->width) {
        place.column += quote + (unsigned)utf8_count(node->text, (size_t)(part - node->text));
        place.width = size > 0 ? (unsigned)utf8_count(part, size) : 1;
    }
    return place;
}

static bool fail(const struct reading *reading, const char *part, size_t size, const char *text)
{
    const struct node place = node_part(reading->node, part, size);

    return reading->errors != NULL ? errors_report(reading->errors, &place, "%s", text) : false;
}

static struct chain_end *add_end(struct chain *chain)
{
    if (chain->count == chain->room) {
        chain->room = chain->room > 0 ? chain->room * 2 : 8;
        chain->ends = mem_resize_array(chain->ends, chain->room, sizeof(*chain->ends));
    }
    return &chain->ends[chain->count++];
}

void chain_deinit(struct chain *chain)
{
    free(chain->ends);
    *chain = (struct chain){0};
}

bool chain_end_is(const struct chain_end *end, const char *name)
{
    return !end->is_outer && strlen(name) == end->name_size &&
           memcmp(name, end->name, end->name_size) == 0;
}

/* ---- texts ---- */

static bool is_arrow(const char *at)
{
    return at[0] == '-' && at[1] == '>';
}

static void skip_space(struct reading *reading)
{
    reading->at += strspn(reading->at, " \t\r\n");
}

static bool read_end(struct reading *reading)
{
    const char *start = reading->at;
    const char *dot;
    struct chain_end end = {.term = reading->chain->terms, .node = reading->node};
    size_t size = 0;

    while (strchr(" \t\r\n,[]", start[size]) == NULL && !is_arrow(start + size)) {
        size++;
    }
    reading->at += size;
    if (size == 0) {
        return fail(reading, start, *start != '\0' ? (is_arrow(start) ? 2 : 1) : 0,
                    "here a component is missing, such as a or a.outbox");
    }
    end.is_outer = *start == '/';
    end.name = start + end.is_outer;
    end.name_size = size - end.is_outer;
    dot = memchr(end.name, '.', end.name_size);
    if (dot != NULL) {
        end.box = dot + 1;
        end.box_size = (size_t)(end.name + end.name_size - end.box);
        end.name_size = (size_t)(dot - end.name);
    }
    if (end.name_size == 0 || (dot != NULL && end.box_size == 0)) {
        return fail(
            reading, start, size,
            "an end of a linkage is a component or one of its boxes, such as a or a.outbox");
    }
    *add_end(reading->chain) = end;
    return true;
}

static bool read_list(struct reading *reading)
{
    const char *start = reading->at++;

    for (;;) {
        skip_space(reading);
        if (*reading->at == '\0') {
            return fail(reading, start, 1, "this [ has no ] after it");
        }
        if (!read_end(reading)) {
            return false;
        }
        skip_space(reading);
        if (*reading->at == ']') {
            reading->at++;
            return true;
        }
        if (*reading->at == '\0') {
            return fail(reading, start, 1, "this [ has no ] after it");
        }
        if (*reading->at++ != ',') {
            return fail(reading, reading->at - 1, 1,
                        "here a comma is missing: a list is written [a, b]");
        }
    }
}

static bool read_term(struct reading *reading)
{
    bool is_good;

    skip_space(reading);
    is_good = *reading->at == '[' ? read_list(reading) : read_end(reading);
    skip_space(reading);
    reading->chain->terms++;
    return is_good;
}

static bool read_text(struct chain *chain, const struct node *node, struct errors *errors)
{
    struct reading reading = {.chain = chain, .node = node, .at = node->text, .errors = errors};

    for (;;) {
        if (!read_term(&reading)) {
            return false;
        }
        if (*reading.at == '\0') {
            break;
        }
        if (!is_arrow(reading.at)) {
            return fail(&reading, reading.at, strcspn(reading.at, " \t\r\n"),
                        "here an arrow is missing: a linkage is written \"a -> b\"");
        }
        reading.at += 2;
    }
    return chain->terms > 1 || fail(&reading, node->text, node->size,
                                    "this leads nowhere: a linkage is written \"a -> b\"");
}

/* ---- the long form ---- */

static bool read_long_term(struct chain *chain, const struct node *node, struct errors *errors)
{
    const size_t count = node->kind == NODE_SEQUENCE ? node->size : 1;

    if (count == 0) {
        return errors != NULL ? errors_report(errors, node, "here a component is missing") : false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct node *item = node->kind == NODE_SEQUENCE ? node->items[i] : node;
        struct reading reading = {.chain = chain, .node = item, .errors = errors};

        if (item->kind != NODE_SCALAR) {
            return errors != NULL ? errors_report(errors, item,
                                                  "an end of a linkage must be a text, such as "
                                                  "a.outbox; got %s",
                                                  node_kind_name(item))
                                  : false;
        }
        reading.at = item->text;
        skip_space(&reading);
        if (!(*reading.at == '[' && count == 1 ? read_list(&reading) : read_end(&reading))) {
            return false;
        }
        skip_space(&reading);
        if (*reading.at != '\0') {
            return fail(&reading, reading.at, strlen(reading.at),
                        "from and to have one end each, or a list; a chain is written "
                        "\"a -> b -> c\"");
        }
    }
    chain->terms++;
    return true;
}

static bool read_long(struct chain *chain, const struct node *node, struct errors *errors)
{
    static const char *const keys[] = {"from", "to", NULL};

    for (size_t i = 0; i < node->size; i++) {
        const struct node *key = node->pairs[i].key;

        if (!node_is(key, keys[0]) && !node_is(key, keys[1])) {
            return errors != NULL ? errors_report(errors, key, "a linkage has no key \"%s\"%s",
                                                  shown(key->text).text,
                                                  suggest_words(suggest_from(key->text, keys)).text)
                                  : false;
        }
    }
    if (node->size != 2) {
        return errors != NULL ? errors_report(errors, node,
                                              "a linkage needs both ends: {from: a.outbox, to: "
                                              "b.inbox}")
                              : false;
    }
    return read_long_term(chain, node_get(node, "from"), errors) &&
           read_long_term(chain, node_get(node, "to"), errors);
}

bool chain_read(struct chain *chain, const struct node *node, struct errors *errors)
{
    chain->count = 0;
    chain->terms = 0;
    chain->node = node;
    if (node->kind == NODE_SCALAR) {
        return read_text(chain, node, errors);
    }
    if (node->kind == NODE_MAPPING) {
        return read_long(chain, node, errors);
    }
    return errors != NULL ? errors_report(errors, node,
                                          "a linkage is a text such as \"a -> b\", or {from: "
                                          "a.outbox, to: b.inbox}; got %s",
                                          node_kind_name(node))
                          : false;
}
