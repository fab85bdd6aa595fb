/* The boxes of components: as their types have them, more of them, and their bounds. */
#include <ctype.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/box.h"
#include "graph/planner.h"
#include "graph/value.h"

enum { USUAL_BYTES = 256 << 10, USUAL_MESSAGES = 1000 };

/* ---- types ---- */

static unsigned count_boxes(const struct box_spec *table)
{
    unsigned count = 0;

    while (table != NULL && table[count].name != NULL) {
        count++;
    }
    return count;
}

struct plan_box plan_box_inbox(const struct box_spec *spec)
{
    struct plan_box box = {.spec = spec,
                           .limit = spec->size,
                           .flags = (uint16_t)(spec->when_full << BOX_POLICY_SHIFT)};

    if (spec->carries == NOTICES) {
        box.flags |= BOX_CONTROL;
    }
    if (spec->receive != NULL) {
        box.flags |= BOX_RECEIVES;
    }
    if (spec->takes_pipes) {
        box.flags |= BOX_TAKES_PIPES;
    }
    if (spec->carries == BYTES || spec->carries == LINES) {
        box.flags |= BOX_BOUND_BYTES;
        box.limit = box.limit > 0 ? box.limit : USUAL_BYTES;
    }
    box.limit = box.limit > 0 ? box.limit : USUAL_MESSAGES;
    return box;
}

static struct plan_box *make_boxes(struct arena *arena, const struct box_spec *table,
                                   unsigned count, bool is_inbox)
{
    struct plan_box *boxes = arena_alloc_array(arena, count, sizeof(*boxes));

    for (unsigned i = 0; i < count; i++) {
        boxes[i] = is_inbox ? plan_box_inbox(&table[i]) : (struct plan_box){.spec = &table[i]};
    }
    return boxes;
}

static uint8_t find_notices(const struct plan_box *boxes, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (boxes[i].spec->carries == NOTICES && strcmp(boxes[i].spec->name, name) == 0) {
            return (uint8_t)i;
        }
    }
    return NO_BOX;
}

static uint8_t find_main(const struct plan_box *boxes, unsigned count, unsigned notices)
{
    for (unsigned i = 0; i < count; i++) {
        if (boxes[i].spec->main) {
            return (uint8_t)i;
        }
    }
    return count == 0 || notices == 0 || is_of_runtime(boxes[0].spec) ? NO_BOX : 0;
}

static uint8_t find_from_made(const struct plan_box *boxes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (boxes[i].spec->from_made) {
            return (uint8_t)i;
        }
    }
    return NO_BOX;
}

struct type_info *type_info_create(struct arena *arena, const struct component_type *type)
{
    struct type_info *info = arena_alloc(arena, sizeof(*info));
    struct plan_component *model = &info->model;

    info->type = type;
    model->type = type;
    model->type_name = type->name;
    model->inboxes = (uint8_t)count_boxes(type->inboxes);
    model->outboxes = (uint8_t)count_boxes(type->outboxes);
    model->in = make_boxes(arena, type->inboxes, model->inboxes, true);
    model->out = make_boxes(arena, type->outboxes, model->outboxes, false);
    model->control = find_notices(model->in, model->inboxes, "control");
    model->signal = find_notices(model->out, model->outboxes, "signal");
    model->main_in = find_main(model->in, model->inboxes, model->control);
    model->main_out = find_main(model->out, model->outboxes, model->signal);
    model->from_made = find_from_made(model->in, model->inboxes);
    model->restart = restart_of_type(arena, type);
    return info;
}

/* ---- of one component ---- */

void component_own_boxes(struct planner *planner, struct draft_component *component)
{
    struct plan_component *made = &component->made;
    struct plan_box *in = arena_alloc_array(planner->arena, made->inboxes, sizeof(*in));
    struct plan_box *out = arena_alloc_array(planner->arena, made->outboxes, sizeof(*out));

    memcpy(in, made->in, made->inboxes * sizeof(*in));
    memcpy(out, made->out, made->outboxes * sizeof(*out));
    made->in = in;
    made->out = out;
    component->in_next =
        arena_alloc_array(planner->arena, made->inboxes, sizeof(struct draft_linkage *));
    component->out_next =
        arena_alloc_array(planner->arena, made->outboxes, sizeof(struct draft_linkage *));
    component->in_fed = arena_alloc_array(planner->arena, made->inboxes, sizeof(bool));
}

bool component_add_boxes(struct planner *planner, struct draft_component *component, bool is_inbox,
                         const struct box_spec *specs, size_t count)
{
    struct plan_component *made = &component->made;
    uint8_t *old_count = is_inbox ? &made->inboxes : &made->outboxes;
    struct plan_box **boxes = is_inbox ? &made->in : &made->out;
    const size_t all = *old_count + count;
    struct plan_box *more;

    if (all > PLAN_MOST_BOXES) {
        return errors_report(planner->errors, made->at, "%s has %zu %s, more than %d",
                             made->name[0] != '\0' ? made->name : made->type_name, all,
                             is_inbox ? "inboxes" : "outboxes", PLAN_MOST_BOXES);
    }
    more = arena_alloc_array(planner->arena, all, sizeof(*more));
    memcpy(more, *boxes, *old_count * sizeof(*more));
    for (size_t i = 0; i < count; i++) {
        more[*old_count + i] =
            is_inbox ? plan_box_inbox(&specs[i]) : (struct plan_box){.spec = &specs[i]};
    }
    *boxes = more;
    *old_count = (uint8_t)all;
    component_own_boxes(planner, component); /* before any linkage: there is nothing to keep */
    return true;
}

bool is_plain_name(const char *name)
{
    size_t length = 0;

    for (; name[length] != '\0'; length++) {
        if (!isalnum((unsigned char)name[length]) && name[length] != '_' && name[length] != '-') {
            return false;
        }
    }
    return length > 0;
}

/* False after a report that a name is secret. */
static bool names_are_plain(struct planner *planner, const struct plan_component *made)
{
    const struct param_spec *spec = made->type->parameters;

    for (; made->secrets != NULL && spec->name != NULL; spec++) {
        const struct node *node = node_get(made->mapping, spec->name);

        if (spec->kind == PARAM_KIND_TEXTS && node != NULL &&
            !planner_refuse_secret(planner, node, "the name of an outbox")) {
            return false;
        }
    }
    return true;
}

/* Two boxes for each name: one for data, one for notices. */
void component_add_more_outboxes(struct planner *planner, struct draft_component *component)
{
    const struct plan_component *made = &component->made;
    const struct texts *more =
        made->type->more_outboxes != NULL ? made->type->more_outboxes(made->state) : NULL;
    struct box_spec *specs;

    if (more == NULL || !names_are_plain(planner, made)) {
        return;
    }
    specs = arena_alloc_array(planner->arena, 2 * more->count, sizeof(*specs));
    for (size_t i = 0; i < more->count; i++) {
        const char *name = more->items[i];

        if (!is_plain_name(name)) {
            errors_report(planner->errors, made->at,
                          "%s can't have an outbox \"%s\": such a name has letters, digits, _ and "
                          "- only",
                          made->type_name, shown(name).text);
            return;
        }
        specs[2 * i] =
            (struct box_spec){.name = name, .carries = ANYTHING, .doc = "named by a parameter"};
        specs[2 * i + 1] =
            (struct box_spec){.name = arena_printf(planner->arena, "%s_signal", name),
                              .carries = NOTICES,
                              .doc = "the end, for the same"};
    }
    (void)component_add_boxes(planner, component, false, specs, 2 * more->count);
}

unsigned component_box(const struct plan_component *component, bool is_inbox, const char *name,
                       size_t size)
{
    const struct plan_box *boxes = is_inbox ? component->in : component->out;
    const unsigned count = is_inbox ? component->inboxes : component->outboxes;

    for (unsigned i = 0; i < count; i++) {
        if (strncmp(boxes[i].spec->name, name, size) == 0 && boxes[i].spec->name[size] == '\0') {
            return i;
        }
    }
    return NO_BOX;
}

struct box_names {
    const struct plan_component *component;
    bool is_inbox;
};

static const char *box_name_at(void *context, size_t index)
{
    const struct box_names *names = context;
    const struct plan_component *made = names->component;

    if (index >= (names->is_inbox ? made->inboxes : made->outboxes)) {
        return NULL;
    }
    return (names->is_inbox ? made->in : made->out)[index].spec->name;
}

const char *component_suggest_box(struct planner *planner, const struct plan_component *component,
                                  bool is_inbox, const char *name)
{
    struct box_names names = {.component = component, .is_inbox = is_inbox};

    return planner_suggest(planner, name, box_name_at, &names, PLAN_MOST_BOXES);
}

/* ---- boxes: ---- */

struct bound {
    uint32_t limit; /* 0: not given */
    bool is_bytes;
};

struct box_options {
    struct bound size;
    int when_full; /* enum when_full */
    bool time_in_queue;
};

static bool parse_bound(const struct node *node, void *field, struct arena *arena,
                        struct error *err)
{
    struct bound *bound = field;
    struct accepted accepted;
    size_t size;

    if (node->kind != NODE_SCALAR || !value_size(node->text, 1, UINT32_MAX, &size, &accepted)) {
        return false;
    }
    bound->limit = (uint32_t)size;
    bound->is_bytes = node->text[strspn(node->text, "0123456789")] != '\0';
    return true;
}

const struct param_spec box_options[] = {
    {PARAM_CUSTOM(struct box_options, size), .parse = parse_bound,
     .accepts = "a number of messages, such as 1000, or a size up to 4GiB, such as 64KiB",
     .schema = "{'type': ['integer', 'string'], 'minimum': 1, 'maximum': 4294967295,"
               " 'pattern': '^0*[1-9][0-9]*(B|KiB|MiB|GiB|kB|KB|MB|GB)?$'}",
     .doc = "what may wait in the inbox"},
    {PARAM_CHOICE(struct box_options, when_full), .choices = when_full_names,
     .doc = "what happens to more than that"},
    {PARAM_BOOL(struct box_options, time_in_queue),
     .doc = "a histogram of how long messages wait, among the metrics"},
    {0},
};

static void report_no_inbox(struct planner *planner, const struct plan_component *made,
                            const struct node *key)
{
    if (component_box(made, false, key->text, key->size) != NO_BOX) {
        errors_report(planner->errors, key, "%s is an outbox of %s; only an inbox has a bound",
                      shown(key->text).text, made->type_name);
        return;
    }
    errors_report(planner->errors, key, "%s has no inbox \"%s\"%s", made->type_name,
                  shown(key->text).text,
                  suggest_words(component_suggest_box(planner, made, true, key->text)).text);
}

static void read_bound(struct planner *planner, struct plan_component *made,
                       const struct node_pair *pair)
{
    const unsigned index = component_box(made, true, pair->key->text, pair->key->size);
    struct box_options options;
    struct param_reader reader = planner_reader(planner, made->type_name);
    struct plan_box *box;

    if (index == NO_BOX) {
        report_no_inbox(planner, made, pair->key);
        return;
    }
    box = &made->in[index];
    if (box->spec->carries == NOTICES || box->spec->carries == READINESS) {
        errors_report(planner->errors, pair->key,
                      "%s carries %s, which always get through: it has "
                      "no bound",
                      box->spec->name, carries_name(box->spec->carries));
        return;
    }
    if (pair->value->kind != NODE_MAPPING) {
        errors_report(planner->errors, pair->value,
                      "%s must be a mapping, such as {size: 1000, when_full: block}; got %s",
                      box->spec->name, node_kind_name(pair->value));
        return;
    }
    options = (struct box_options){.when_full = box->flags >> BOX_POLICY_SHIFT & 3,
                                   .time_in_queue = (box->flags & BOX_TIMED) != 0};
    reader.owner = arena_printf(planner->arena, "%s.%s", made->type_name, box->spec->name);
    reader.noun = "option";
    if (params_read(&reader, box_options, pair->value, pair->value, &options)) {
        if (options.size.limit > 0) {
            box->limit = options.size.limit;
            box->flags = (uint16_t)(box->flags & ~BOX_BOUND_BYTES);
            box->flags |= options.size.is_bytes ? BOX_BOUND_BYTES : 0;
        }
        box->flags = (uint16_t)(box->flags & ~(BOX_POLICY | BOX_TIMED));
        box->flags = (uint16_t)(box->flags | options.when_full << BOX_POLICY_SHIFT);
        box->flags = (uint16_t)(box->flags | (options.time_in_queue ? BOX_TIMED : 0));
    }
}

void component_read_bounds(struct planner *planner, struct plan_component *made,
                           const struct node *boxes)
{
    if (boxes == NULL || boxes == planner->left_out) {
        return;
    }
    if (!planner_refuse_secret(planner, boxes, "the bound of an inbox")) {
        return;
    }
    if (boxes->kind != NODE_MAPPING) {
        errors_report(planner->errors, boxes,
                      "boxes must be a mapping, such as {inbox: {size: 1000}}; got %s",
                      node_kind_name(boxes));
        return;
    }
    for (size_t i = 0; i < boxes->size; i++) {
        read_bound(planner, made, &boxes->pairs[i]);
    }
}
