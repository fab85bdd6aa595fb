#include "graph/plan_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/document.h"
#include "graph/error.h"
#include "graph/plan.h"
#include "graph/planner.h"

struct plan_edit *plan_edit_create(enum plan_edit_kind kind, const char *path, const char *value)
{
    struct plan_edit *edit = mem_alloc(sizeof(*edit));

    edit->kind = kind;
    edit->path = mem_strdup(path);
    edit->value = value != NULL ? mem_strdup(value) : NULL;
    return edit;
}

void plan_edit_set(struct plan_edit *edit, const char *setting)
{
    edit->settings = mem_resize_array(edit->settings, edit->setting_count + 1, sizeof(char *));
    edit->settings[edit->setting_count++] = mem_strdup(setting);
}

struct plan_edit *plan_edit_copy(const struct plan_edit *edit)
{
    struct plan_edit *copy = plan_edit_create(edit->kind, edit->path, edit->value);

    for (size_t i = 0; i < edit->setting_count; i++) {
        plan_edit_set(copy, edit->settings[i]);
    }
    copy->box = edit->box != NULL ? mem_strdup(edit->box) : NULL;
    copy->is_main = edit->is_main;
    copy->children = mem_resize_array(NULL, edit->child_count + 1, sizeof(size_t));
    if (edit->child_count > 0) {
        memcpy(copy->children, edit->children, edit->child_count * sizeof(size_t));
    }
    copy->child_count = edit->child_count;
    return copy;
}

void plan_edit_destroy(struct plan_edit *edit)
{
    if (edit == NULL) {
        return;
    }
    for (size_t i = 0; i < edit->setting_count; i++) {
        free(edit->settings[i]);
    }
    free(edit->settings);
    free(edit->path);
    free(edit->value);
    free(edit->box);
    free(edit->children);
    free(edit);
}

/* ---- what it means ---- */

__attribute__((format(printf, 3, 4))) static bool refuse(char *text, size_t size,
                                                         const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, size, format, args);
    va_end(args);
    return false;
}

static bool resolve_outbox(struct plan_edit *edit, const struct plan *now, char *text, size_t size)
{
    char *dot = strrchr(edit->path, '.');
    const struct plan_component *component;
    const char *main_box;

    if (dot != NULL) {
        edit->box = mem_strdup(dot + 1);
        *dot = '\0';
    }
    component = plan_find(now, edit->path);
    if (component == NULL || component->parent != NULL) {
        return refuse(text, size,
                      "there is no component \"%s\" at the top of the graph, whose linkages could "
                      "be edited",
                      edit->path);
    }
    main_box =
        component->main_out != NO_BOX ? component->out[component->main_out].spec->name : NULL;
    if (edit->box == NULL && main_box == NULL) {
        return refuse(text, size, "%s has no main outbox: name one, as in %s.outbox", edit->path,
                      edit->path);
    }
    if (edit->box == NULL) {
        edit->box = mem_strdup(main_box);
    }
    edit->is_main = main_box != NULL && strcmp(edit->box, main_box) == 0;
    return true;
}

/* What the file itself has put into a chassis: there is none for "-> [b, c]". */
static bool is_written(const struct plan_component *component)
{
    return component->mapping != NULL || !component->type->is_fanout;
}

/* The number of a child among those that the file has. */
static size_t number_of(const struct plan_component *child)
{
    size_t number = 0;

    for (const struct plan_component *at = child->parent + 1; at < child; at += at->within + 1) {
        number += is_written(at);
    }
    return number;
}

static bool resolve_way(struct plan_edit *edit, const struct plan *now, char *text, size_t size)
{
    const struct plan_component *at = plan_find(now, edit->path);

    if (at == NULL) {
        return refuse(text, size, "there is no component \"%s\" in the graph's files or edits",
                      edit->path);
    }
    for (; at->parent != NULL; at = at->parent) {
        const struct plan_component *holder = at->parent;

        if (holder->type->definition != NULL ||
            strcmp(holder->type_name, holder->type->name) != 0) {
            return refuse(text, size,
                          "%s is as %s says, wherever that is used: set a parameter of %s instead",
                          edit->path, holder->type_name, holder->path);
        }
        edit->children = mem_resize_array(edit->children, edit->child_count + 1, sizeof(size_t));
        memmove(edit->children + 1, edit->children, edit->child_count * sizeof(size_t));
        edit->children[0] = number_of(at);
        edit->child_count++;
    }
    edit->path[strcspn(edit->path, "/")] = '\0';
    return true;
}

bool plan_edit_resolve(struct plan_edit *edit, const struct plan *now, char *text, size_t size)
{
    for (size_t i = 0; i < edit->setting_count; i++) {
        if (strchr(edit->settings[i], '=') == NULL || edit->settings[i][0] == '=') {
            return refuse(text, size, "\"%s\" is not PARAMETER=VALUE", edit->settings[i]);
        }
    }
    switch (edit->kind) {
    case EDIT_ADD:
    case EDIT_LINK:
        return true;
    case EDIT_UNLINK:
        return resolve_outbox(edit, now, text, size);
    case EDIT_SET:
        return resolve_way(edit, now, text, size);
    }
    return false;
}

/* ---- making it ---- */

struct editing {
    const struct node *files;  /* the root without edits */
    struct document *document; /* with the edits so far */
    struct arena *arena;
    struct errors *errors;
    const struct plan_edit *edit;
};

/* A text as a part of the document, so that a mistake in it can be shown. */
static const struct node *read_text(const struct editing *editing, const char *name,
                                    const char *text)
{
    static const char *const verbs[] = {
        [EDIT_ADD] = "add", [EDIT_LINK] = "link", [EDIT_UNLINK] = "unlink", [EDIT_SET] = "set"};
    const char *where =
        arena_printf(editing->arena, "axonctl %s %s%s%s", verbs[editing->edit->kind],
                     editing->edit->path, name != NULL ? " " : "", name != NULL ? name : "");

    return document_add_text(editing->document, where, text, strlen(text), editing->errors);
}

static const struct node *key_of(const struct editing *editing, const char *text)
{
    return node_create_scalar(editing->arena, NULL, text, strlen(text));
}

/* A mapping with another value for a key, or one more. */
static const struct node *with(const struct editing *editing, const struct node *mapping,
                               const struct node *key, const struct node *value)
{
    const size_t size = mapping != NULL ? mapping->size : 0;
    struct node_pair *pairs = arena_alloc_array(editing->arena, size + 1, sizeof(*pairs));
    size_t count = 0;
    bool is_there = false;

    for (size_t i = 0; i < size; i++) {
        pairs[count] = mapping->pairs[i];
        if (node_is(pairs[count].key, key->text)) {
            pairs[count].value = value;
            is_there = true;
        }
        count++;
    }
    if (!is_there) {
        pairs[count++] = (struct node_pair){key, value};
    }
    return node_create_mapping(editing->arena, mapping, pairs, count);
}

static void set_section(const struct editing *editing, const char *section,
                        const struct node *value)
{
    document_set_root(editing->document, with(editing, document_root(editing->document),
                                              key_of(editing, section), value));
}

static const struct node *get_section(const struct editing *editing, const char *section)
{
    return node_get(document_root(editing->document), section);
}

/* A component with the settings of the edit.  NULL after a report. */
static const struct node *set_all(const struct editing *editing, const struct node *component)
{
    const struct plan_edit *edit = editing->edit;

    if (component->kind == NODE_SCALAR) {
        component = with(editing, NULL, key_of(editing, "type"), component);
    }
    for (size_t i = 0; i < edit->setting_count; i++) {
        const char *text = edit->settings[i];
        const size_t length = strcspn(text, "=");
        const char *name = arena_strndup(editing->arena, text, length);
        const struct node *value = text[length + 1] != '\0'
                                       ? read_text(editing, name, text + length + 1)
                                       : key_of(editing, "");

        if (value == NULL) {
            return NULL;
        }
        component = with(editing, component, key_of(editing, name), value);
    }
    return component;
}

static void add_component(const struct editing *editing)
{
    const struct plan_edit *edit = editing->edit;
    const struct node *components = get_section(editing, "components");
    const struct node_pair *there = node_find(components, edit->path);
    const struct node *name = read_text(editing, NULL, edit->path);
    const struct node *type = read_text(editing, "type", edit->value);
    const struct node *component;

    if (name == NULL || type == NULL) {
        return;
    }
    if (name->kind != NODE_SCALAR) {
        errors_report(editing->errors, name, "a component's name is a plain text");
        return;
    }
    if (there != NULL && node_get(node_get(editing->files, "components"), edit->path) != NULL) {
        errors_report_note(editing->errors, name, there->key, "it is defined here",
                           "there is a component \"%s\" already", shown(edit->path).text);
        return;
    }
    component = set_all(editing, with(editing, NULL, key_of(editing, "type"), type));
    if (component != NULL) {
        set_section(editing, "components", with(editing, components, name, component));
    }
}

/* The same list with another item; items NULL: one more at the end. */
static const struct node *with_item(const struct editing *editing, const struct node *list,
                                    size_t index, const struct node *item)
{
    const size_t size = list != NULL ? list->size : 0;
    const struct node **items = arena_alloc_array(editing->arena, size + 1, sizeof(*items));

    if (size > 0) {
        memcpy(items, list->items, size * sizeof(*items));
    }
    items[index] = item;
    return node_create_sequence(editing->arena, list, items, index < size ? size : size + 1);
}

/* A holder with the settings made to what is in it, at the end of the way.  NULL: a report. */
static const struct node *set_within(const struct editing *editing, const struct node *holder,
                                     size_t step)
{
    const struct node *children = node_get(holder, "components");
    const struct node *child;
    size_t number;

    if (step == editing->edit->child_count) {
        return set_all(editing, holder);
    }
    number = editing->edit->children[step];
    if (children == NULL || children->kind == NODE_SCALAR || number >= children->size) {
        errors_report(editing->errors, holder, "its components can't be edited where they stand");
        return NULL;
    }
    child = set_within(editing,
                       children->kind == NODE_SEQUENCE ? children->items[number]
                                                       : children->pairs[number].value,
                       step + 1);
    if (child == NULL) {
        return NULL;
    }
    children = children->kind == NODE_SEQUENCE
                   ? with_item(editing, children, number, child)
                   : with(editing, children, children->pairs[number].key, child);
    return with(editing, holder, key_of(editing, "components"), children);
}

static void set_parameters(const struct editing *editing)
{
    const struct node *components = get_section(editing, "components");
    const struct node_pair *pair = node_find(components, editing->edit->path);
    const struct node *component =
        pair != NULL ? set_within(editing, pair->value, 0) : NULL; /* it was found before */

    if (component != NULL) {
        set_section(editing, "components", with(editing, components, pair->key, component));
    }
}

/* ---- linkages ---- */

static void add_linkage(const struct editing *editing)
{
    const struct plan_edit *edit = editing->edit;
    const struct node *linkages = get_section(editing, "linkages");
    const struct node *linkage = read_text(
        editing, NULL, arena_printf(editing->arena, "\"%s -> %s\"", edit->path, edit->value));

    if (linkage != NULL) {
        set_section(editing, "linkages",
                    with_item(editing, linkages, linkages != NULL ? linkages->size : 0, linkage));
    }
}

static bool is_source(const struct plan_edit *edit, const struct chain_end *end)
{
    return chain_end_is(end, edit->path) &&
           (end->box == NULL ? edit->is_main
                             : strlen(edit->box) == end->box_size &&
                                   memcmp(edit->box, end->box, end->box_size) == 0);
}

/* Writes the ends of a term but for one: "a", "[a, b.outbox]".  Returns how many there are. */
static unsigned write_term(FILE *out, const struct chain *chain, unsigned term,
                           const struct chain_end *without)
{
    unsigned count = 0;
    unsigned written = 0;

    for (size_t i = 0; i < chain->count; i++) {
        count += chain->ends[i].term == term && &chain->ends[i] != without;
    }
    (void)fputs(count > 1 ? "[" : "", out);
    for (size_t i = 0; i < chain->count; i++) {
        const struct chain_end *end = &chain->ends[i];

        if (end->term == term && end != without) {
            (void)fprintf(out, "%s%s%.*s", written++ > 0 ? ", " : "", end->is_outer ? "/" : "",
                          (int)end->name_size, end->name);
            if (end->box != NULL) {
                (void)fprintf(out, ".%.*s", (int)end->box_size, end->box);
            }
        }
    }
    (void)fputs(count > 1 ? "]" : "", out);
    return count;
}

/* The terms from one on, up to another, as a linkage of their own.  NULL: too few are left. */
static const struct node *write_terms(const struct editing *editing, const struct chain *chain,
                                      unsigned first, unsigned last,
                                      const struct chain_end *without)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const struct node *node = NULL;
    bool is_whole = first < last;

    REQUIRE(out != NULL);
    for (unsigned term = first; term <= last; term++) {
        (void)fputs(term > first ? " -> " : "", out);
        is_whole = write_term(out, chain, term, without) > 0 && is_whole;
    }
    (void)fclose(out);
    if (is_whole) {
        node = node_create_scalar(editing->arena, chain->node, text, size);
    }
    free(text);
    return node;
}

/* Takes the linkage from one end out of the item that it is in, which leaves up to three. */
static void split(const struct editing *editing, size_t index, const struct chain *chain,
                  const struct chain_end *from)
{
    const struct node *linkages = get_section(editing, "linkages");
    const unsigned last = chain->terms - 1;
    const struct node *left[] = {
        write_terms(editing, chain, 0, from->term, NULL),
        write_terms(editing, chain, from->term, from->term + 1, from),
        write_terms(editing, chain, from->term + 1, last, NULL),
    };
    const struct node **items =
        arena_alloc_array(editing->arena, linkages->size + 2, sizeof(*items));
    size_t count = 0;

    for (size_t i = 0; i < linkages->size; i++) {
        if (i != index) {
            items[count++] = linkages->items[i];
            continue;
        }
        for (size_t j = 0; j < 3; j++) {
            if (left[j] != NULL) {
                items[count++] = left[j];
            }
        }
    }
    set_section(editing, "linkages", node_create_sequence(editing->arena, linkages, items, count));
}

static const struct chain_end *find_source(const struct plan_edit *edit, const struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        if (chain->ends[i].term + 1 < chain->terms && is_source(edit, &chain->ends[i])) {
            return &chain->ends[i];
        }
    }
    return NULL;
}

static void remove_linkage(const struct editing *editing)
{
    const struct plan_edit *edit = editing->edit;
    const struct node *linkages = get_section(editing, "linkages");
    struct chain chain = {0};
    const struct chain_end *from = NULL;

    for (size_t i = 0; linkages != NULL && i < linkages->size && from == NULL; i++) {
        if (chain_read(&chain, linkages->items[i], NULL)) {
            from = find_source(edit, &chain);
            if (from != NULL) {
                split(editing, i, &chain, from);
            }
        }
    }
    chain_deinit(&chain);
    if (from == NULL) {
        errors_report(
            editing->errors, NULL,
            "no linkage of the graph is written from %s.%s (a signal that goes along with "
            "another linkage goes with that)",
            edit->path, edit->box);
    }
}

static void make(const struct editing *editing)
{
    switch (editing->edit->kind) {
    case EDIT_ADD:
        add_component(editing);
        return;
    case EDIT_LINK:
        add_linkage(editing);
        return;
    case EDIT_UNLINK:
        remove_linkage(editing);
        return;
    case EDIT_SET:
        set_parameters(editing);
        return;
    }
}

struct plan *plan_load_edited(const struct plan *files, struct plan_edit *const *edits,
                              size_t count, const struct plan_options *options,
                              struct errors *errors)
{
    const size_t errors_before = errors_count(errors);
    struct editing editing = {.document = document_derive(files->root->document), .errors = errors};

    editing.files = document_root(editing.document);
    editing.arena = document_arena(editing.document);
    for (size_t i = 0; i < count && errors_count(errors) == errors_before; i++) {
        editing.edit = edits[i];
        make(&editing);
    }
    if (errors_count(errors) > errors_before) {
        document_destroy(editing.document);
        return NULL;
    }
    return plan_from_document(editing.document, files->name, options, errors);
}
