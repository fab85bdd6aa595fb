/* Ends of linkages: from what the file says to a box of a component. */
#include <stdio.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/planner.h"

static const char *const self_boxes[SELF_BOXES] = {"inbox", "control", "outbox", "signal"};

const struct box_spec *end_spec(const struct end *end)
{
    const struct plan_component *made = &end->component->made;

    return end->is_inbox ? made->in[end->index].spec : made->out[end->index].spec;
}

const char *end_box(const struct end *end)
{
    return end->component != NULL ? end_spec(end)->name : self_boxes[end->index];
}

struct box_path box_path(const struct plan_component *component, const char *box)
{
    struct box_path words = {0};
    const char *name = "self";

    if (component != NULL) {
        name = component->path[0] != '\0' ? component->path : component->type_name;
    }
    (void)snprintf(words.text, sizeof(words.text), "%s.%s", shown(name).text, shown(box).text);
    return words;
}

struct box_path end_shown(const struct end *end)
{
    return box_path(end->is_self ? NULL : &end->component->made, end_box(end));
}

static const char *component_name_at(void *context, size_t index)
{
    const struct scope *scope = context;

    return index < scope->count ? scope->components[index]->made.name : NULL;
}

static bool report_unknown(struct linking *linking, const struct chain_end *text,
                           struct scope *scope)
{
    struct planner *planner = linking->planner;
    struct node place = node_part(text->node, text->name, text->name_size);
    const char *name = arena_strndup(planner->arena, text->name, text->name_size);
    const char *meant = planner_suggest(planner, name, component_name_at, scope, scope->count);

    return errors_report(planner->errors, &place, "there is no component \"%s\"%s%s",
                         shown(name).text, text->is_outer ? " in the outer graph" : "",
                         suggest_words(meant).text);
}

/* Reports that a component has no such box, or has it on the other side. */
static bool report_no_box(struct linking *linking, const struct chain_end *text,
                          const struct end *end)
{
    const struct plan_component *made = &end->component->made;
    const struct node place = node_part(text->node, text->box, text->box_size);
    const char *box = arena_strndup(linking->planner->arena, text->box, text->box_size);
    const char *owner = end->is_self ? "self" : made->name;

    if (component_box(made, !end->is_inbox, text->box, text->box_size) == NO_BOX) {
        return errors_report(
            linking->planner->errors, &place, "%s (%s) has no %s \"%s\"%s", owner, made->type_name,
            end->is_inbox ? "inbox" : "outbox", shown(box).text,
            suggest_words(component_suggest_box(linking->planner, made, end->is_inbox, box)).text);
    }
    if (end->is_self) {
        return errors_report(linking->planner->errors, &place,
                             end->is_inbox ? "self.%s is an outbox; inside, a linkage starts at an "
                                             "inbox of self"
                                           : "self.%s is an inbox; inside, a linkage ends at an "
                                             "outbox of self",
                             shown(box).text);
    }
    return errors_report(linking->planner->errors, &place,
                         end->is_inbox ? "%s.%s is an outbox; a linkage ends at an inbox"
                                       : "%s.%s is an inbox; a linkage starts at an outbox",
                         owner, shown(box).text);
}

/* The edge of a plan.  In one that nothing uses any box may be meant. */
static bool resolve_edge(struct linking *linking, const struct chain_end *text, bool is_source,
                         struct end *end)
{
    const unsigned first = is_source ? SELF_INBOX : SELF_OUTBOX;
    struct node place;

    end->is_inbox = is_source;
    for (unsigned i = first; i < first + 2; i++) {
        if (text->box == NULL || (strlen(self_boxes[i]) == text->box_size &&
                                  memcmp(self_boxes[i], text->box, text->box_size) == 0)) {
            end->index = i;
            return true;
        }
    }
    if (!linking->scope->has_any_edge) {
        place = node_part(text->node, text->box, text->box_size);
        errors_report(
            linking->planner->errors, &place,
            is_source ? "self has no inbox \"%.*s\" here: the edge of \"%s\" has inbox and "
                        "control"
                      : "self has no outbox \"%.*s\" here: the edge of \"%s\" has outbox "
                        "and signal",
            (int)(text->box_size < 64 ? text->box_size : 64), text->box, linking->scope->label);
    }
    return false;
}

/* Finds the component of an end.  False, after a report or quietly: there is none to link. */
static bool resolve_component(struct linking *linking, const struct chain_end *text, bool is_source,
                              struct end *end)
{
    struct scope *scope = text->is_outer ? linking->planner->root_scope : linking->scope;

    if (text->is_outer && is_source) {
        const struct node place = node_part(text->node, text->name - 1, text->name_size + 1);

        return errors_report(linking->planner->errors, &place,
                             "a linkage can end in the outer graph, but starts in its own");
    }
    if (chain_end_is(text, "self")) {
        const struct node place = node_part(text->node, text->name, text->name_size);

        end->is_self = true;
        end->component = scope->self;
        return scope->self != NULL || scope->has_edge ||
               errors_report(linking->planner->errors, &place,
                             "self is the edge of a graph, and there is nothing around this one");
    }
    end->is_outer = text->is_outer;
    end->component = hash_get_sized(&scope->names, text->name, text->name_size);
    if (end->component == NULL && text->is_outer) {
        end->component = planner_find_outer(linking->planner, text->name, text->name_size);
    }
    if (end->component == NULL) {
        return report_unknown(linking, text, scope);
    }
    return end->component->made.type != NULL;
}

bool end_resolve(struct linking *linking, const struct chain_end *text, bool is_source,
                 bool is_inner, struct end *end)
{
    const struct plan_component *made;

    *end = (struct end){.is_plain = text->box == NULL};
    if (!resolve_component(linking, text, is_source, end)) {
        return false;
    }
    if (end->component == NULL) {
        return resolve_edge(linking, text, is_source, end);
    }
    made = &end->component->made;
    end->is_inbox = is_source == end->is_self;
    if (text->box != NULL) {
        end->index = component_box(made, end->is_inbox, text->box, text->box_size);
        if (end->index != NO_BOX) {
            return true;
        }
        if (!is_inner || component_box(made, !end->is_inbox, text->box, text->box_size) == NO_BOX) {
            return report_no_box(linking, text, end);
        }
        end->is_plain = true;
    }
    end->index = end->is_inbox ? made->main_in : made->main_out;
    if (end->index == NO_BOX) {
        const struct node place = node_part(text->node, text->name, text->name_size);

        return errors_report(
            linking->planner->errors, &place, "%s (%s) has no main %s; name a box, as in %s.%s",
            end->is_self ? "self" : made->name, made->type_name, end->is_inbox ? "inbox" : "outbox",
            end->is_self ? "self" : made->name, end->is_inbox ? "control" : "signal");
    }
    return true;
}
