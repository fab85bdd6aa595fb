/* "a -> [b, c]": a component between, that gives each of several everything. */
#include <string.h>

#include "graph/arena.h"
#include "graph/planner.h"

static bool is_signal_of(const char *signal, const char *name)
{
    const size_t length = strlen(name);

    return strncmp(signal, name, length) == 0 && strcmp(signal + length, "_signal") == 0;
}

static bool is_taken(const struct component_type *type, const char *const *names, size_t count,
                     const char *name)
{
    for (const struct box_spec *box = type->outboxes; box != NULL && box->name != NULL; box++) {
        if (strcmp(box->name, name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0 || is_signal_of(names[i], name) ||
            is_signal_of(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* The names of the outboxes: the targets', made different where they are not. */
static const char **name_boxes(struct planner *planner, const struct end *to, size_t count)
{
    const char **names = arena_alloc_array(planner->arena, count, sizeof(*names));

    for (size_t i = 0; i < count; i++) {
        const char *base = to[i].is_self ? "self" : to[i].component->made.name;

        names[i] = base;
        if (is_taken(planner->fanout, names, i, names[i])) {
            names[i] = arena_printf(planner->arena, "%s-%s", base, end_box(&to[i]));
        }
        for (unsigned number = 2; is_taken(planner->fanout, names, i, names[i]); number++) {
            names[i] = arena_printf(planner->arena, "%s-%u", base, number);
        }
    }
    return names;
}

static struct draft_component *add_fanout(struct linking *linking, const struct end *from,
                                          const struct texts *boxes)
{
    struct planner *planner = linking->planner;
    const struct component_type *type = planner->fanout;
    const struct param_spec *spec = param_find(type->parameters, "boxnames");
    const char *name = arena_printf(planner->arena, "%s-fanout",
                                    from->is_self ? "self" : from->component->made.name);
    struct draft_component *fanout;

    REQUIRE(spec != NULL && spec->kind == PARAM_KIND_TEXTS);
    if (hash_get(&linking->scope->names, name) != NULL) {
        name = arena_printf(planner->arena, "%s-%zu", name, ++planner->fanouts);
    }
    fanout = component_add_late(planner, linking->scope, name, linking->at,
                                planner_type(planner, type->name));
    *(struct texts *)(void *)((char *)fanout->made.state + spec->offset) = *boxes;
    component_add_more_outboxes(planner, fanout);
    hash_put(&linking->scope->names, name, fanout);
    return fanout;
}

/* Links an outbox of a fan-out to its target, and the one for notices. */
static void link_branch(struct linking *linking, struct draft_component *fanout, const char *name,
                        const struct end *to, bool with_signal)
{
    const char *signal = arena_printf(linking->planner->arena, "%s_signal", name);
    struct end out = {.component = fanout};

    out.index = component_box(&fanout->made, false, name, strlen(name));
    if (out.index == NO_BOX) {
        return; /* reported when the boxes were added */
    }
    linking_join(linking, &out, to);
    out.index = component_box(&fanout->made, false, signal, strlen(signal));
    if (with_signal && to->is_plain) {
        linking_imply(linking, &out, *to);
    }
}

struct draft_component *linking_fan_out(struct linking *linking, const struct end *from,
                                        size_t from_count, const struct end *to, size_t to_count)
{
    struct planner *planner = linking->planner;
    struct texts boxes = {.count = to_count};
    struct end in = {.is_inbox = true, .is_plain = true};

    if (planner->fanout == NULL) {
        errors_report(planner->errors, linking->at,
                      "there is no component type that could lead to several others");
        return NULL;
    }
    if (2 * to_count > PLAN_MOST_BOXES - 2) {
        errors_report(planner->errors, linking->at, "a list has at most %d components",
                      PLAN_MOST_BOXES / 2 - 1);
        return NULL;
    }
    boxes.items = name_boxes(planner, to, to_count);
    in.component = add_fanout(linking, from, &boxes);
    in.index = in.component->made.main_in;
    for (size_t i = 0; i < from_count; i++) {
        linking_join(linking, &from[i], &in);
    }
    for (size_t i = 0; i < to_count; i++) {
        link_branch(linking, in.component, boxes.items[i], &to[i], from->is_plain);
    }
    return in.component;
}
