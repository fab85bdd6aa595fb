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
    copy->branch = edit->branch != NULL ? mem_strdup(edit->branch) : NULL;
    copy->branch_box = edit->branch_box != NULL ? mem_strdup(edit->branch_box) : NULL;
    copy->is_branch_main = edit->is_branch_main;
    copy->branch_number = edit->branch_number;
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
    free(edit->branch);
    free(edit->branch_box);
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

/* What the file itself has put there: there is nothing of it for "-> [b, c]". */
static bool is_written(const struct plan_component *component)
{
    return component->mapping != NULL || !component->type->is_fanout;
}

static bool is_box(const struct plan_component *component, unsigned index, const char *name)
{
    return index != NO_BOX && strcmp(component->out[index].spec->name, name) == 0;
}

/* The linkage from a box of a fan-out; *number: of those that lead to the same place, from 0. */
static const struct plan_linkage *find_branch(const struct plan *now,
                                              const struct plan_component *fanout, const char *box,
                                              size_t *number)
{
    const struct plan_linkage *branch = NULL;

    for (size_t i = 0; i < now->linkage_count && branch == NULL; i++) {
        const struct plan_linkage *linkage = &now->linkages[i];

        if (linkage->from.component == fanout && !linkage->is_implied &&
            strcmp(linkage->from.box, box) == 0) {
            branch = linkage;
        }
    }
    *number = 0;
    for (const struct plan_linkage *at = now->linkages; branch != NULL && at < branch; at++) {
        *number += at->from.component == fanout && at->to.component == branch->to.component &&
                   at->to.index == branch->to.index;
    }
    return branch;
}

/* The one that leads to a fan-out; the first of several. */
static const struct plan_linkage *find_feeder(const struct plan *now,
                                              const struct plan_component *fanout)
{
    const struct plan_linkage *at = now->linkages;

    while (at->to.component != fanout || at->is_implied) { /* it is there only for one */
        at++;
    }
    return at;
}

/* One branch of "a -> [b, c]", which the file has no name for. */
static bool resolve_branch(struct plan_edit *edit, const struct plan *now,
                           const struct plan_component *fanout, char *text, size_t size)
{
    size_t number = 0;
    const struct plan_linkage *branch =
        edit->box != NULL ? find_branch(now, fanout, edit->box, &number) : NULL;
    const struct plan_linkage *feeder = find_feeder(now, fanout);
    const struct plan_component *from = feeder->from.component;
    const struct plan_component *to;

    if (branch == NULL) {
        return refuse(text, size,
                      "%s stands for the list in a linkage from %s: name one of its branches as "
                      "\"axonctl show %s\" does, or %s for all of them",
                      fanout->path, from->path, fanout->path, from->path);
    }
    to = branch->to.component;
    free(edit->path);
    free(edit->box);
    edit->path = mem_strdup(from->path);
    edit->box = mem_strdup(feeder->from.box);
    edit->is_main = is_box(from, from->main_out, feeder->from.box);
    edit->branch = mem_strdup(to->path);
    edit->branch_box = mem_strdup(branch->to.box);
    edit->is_branch_main = to->main_in != NO_BOX && branch->to.index == to->main_in;
    edit->branch_number = number;
    return true;
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
    if (!is_written(component)) {
        return resolve_branch(edit, now, component, text, size);
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
    edit->is_main = is_box(component, component->main_out, edit->box);
    return true;
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

static bool end_is(const struct chain_end *end, const char *name, const char *box, bool is_main)
{
    return chain_end_is(end, name) &&
           (end->box == NULL
                ? is_main
                : strlen(box) == end->box_size && memcmp(box, end->box, end->box_size) == 0);
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

/* What is left of an item of which a part is taken out: up to three; some are NULL. */
struct remains {
    const struct node *items[3];
};

/* The linkage from one end is taken out. */
static struct remains without_source(const struct editing *editing, const struct chain *chain,
                                     const struct chain_end *from)
{
    return (struct remains){{write_terms(editing, chain, 0, from->term, NULL),
                             write_terms(editing, chain, from->term, from->term + 1, from),
                             write_terms(editing, chain, from->term + 1, chain->terms - 1, NULL)}};
}

/* The linkage to one end of a list is taken out; what follows that goes on. */
static struct remains without_branch(const struct editing *editing, const struct chain *chain,
                                     const struct chain_end *to)
{
    return (struct remains){{write_terms(editing, chain, 0, to->term, to),
                             write_terms(editing, chain, to->term, chain->terms - 1, NULL)}};
}

static void put_remains(const struct editing *editing, size_t index, const struct remains *left)
{
    const struct node *linkages = get_section(editing, "linkages");
    const struct node **items =
        arena_alloc_array(editing->arena, linkages->size + 2, sizeof(*items));
    size_t count = 0;

    for (size_t i = 0; i < linkages->size; i++) {
        if (i != index) {
            items[count++] = linkages->items[i];
            continue;
        }
        for (size_t j = 0; j < 3; j++) {
            if (left->items[j] != NULL) {
                items[count++] = left->items[j];
            }
        }
    }
    set_section(editing, "linkages", node_create_sequence(editing->arena, linkages, items, count));
}

static const struct chain_end *find_source(const struct plan_edit *edit, const struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        if (chain->ends[i].term + 1 < chain->terms &&
            end_is(&chain->ends[i], edit->path, edit->box, edit->is_main)) {
            return &chain->ends[i];
        }
    }
    return NULL;
}

static const struct chain_end *find_branch_end(const struct plan_edit *edit,
                                               const struct chain *chain, unsigned term)
{
    size_t number = edit->branch_number;

    for (size_t i = 0; i < chain->count; i++) {
        if (chain->ends[i].term == term &&
            end_is(&chain->ends[i], edit->branch, edit->branch_box, edit->is_branch_main) &&
            number-- == 0) {
            return &chain->ends[i];
        }
    }
    return NULL;
}

/* Takes the edit's linkage out of the chain that an item is.  Returns false if it is not there. */
static bool cut_chain(const struct editing *editing, size_t index, const struct chain *chain)
{
    const struct plan_edit *edit = editing->edit;
    const struct chain_end *from = find_source(edit, chain);
    const struct chain_end *to =
        from != NULL && edit->branch != NULL ? find_branch_end(edit, chain, from->term + 1) : NULL;
    struct remains left;

    if (from == NULL || (edit->branch != NULL && to == NULL)) {
        return false;
    }
    left = to != NULL ? without_branch(editing, chain, to) : without_source(editing, chain, from);
    put_remains(editing, index, &left);
    return true;
}

static void remove_linkage(const struct editing *editing)
{
    const struct plan_edit *edit = editing->edit;
    const struct node *linkages = get_section(editing, "linkages");
    struct chain chain = {0};
    bool is_done = false;

    for (size_t i = 0; linkages != NULL && i < linkages->size && !is_done; i++) {
        is_done = chain_read(&chain, linkages->items[i], NULL) && cut_chain(editing, i, &chain);
    }
    chain_deinit(&chain);
    if (!is_done) {
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
