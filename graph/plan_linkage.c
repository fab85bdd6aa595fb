/* The linkages of a scope, and those that follow from them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/planner.h"
#include "graph/suggest.h"

static const char *const self_boxes[SELF_BOXES] = {"inbox", "control", "outbox", "signal"};

/* The linkages of one scope while they are made. */
struct linking {
    struct planner *planner;
    struct scope *scope;
    const struct node *at; /* the linkage */
};

/* ---- ends ---- */

static const struct box_spec *spec_of(const struct end *end)
{
    const struct plan_component *made = &end->component->made;

    return end->is_inbox ? made->in[end->index].spec : made->out[end->index].spec;
}

static const char *box_of(const struct end *end)
{
    return end->component != NULL ? spec_of(end)->name : self_boxes[end->index];
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

static struct box_path end_shown(const struct end *end)
{
    return box_path(end->is_self ? NULL : &end->component->made, box_of(end));
}

static struct plan_end made_end(const struct end *end, const struct scope *scope,
                                const struct planner *planner)
{
    if (end->component == NULL) {
        return (struct plan_end){
            .kind = END_SELF, .box = box_of(end), .index = NO_BOX, .is_inbox = end->is_inbox};
    }
    return (struct plan_end){
        .kind = end->is_outer && scope->draft != planner->root ? END_OUTER : END_COMPONENT,
        .component = &end->component->made,
        .box = box_of(end),
        .index = (uint8_t)end->index,
        .is_inbox = end->is_inbox,
    };
}

/* Where it is kept what an end leads to. */
static struct draft_linkage **next_of(struct scope *scope, const struct end *end)
{
    if (end->component == NULL) {
        return &scope->edge_next[end->index];
    }
    return end->is_inbox ? &end->component->in_next[end->index]
                         : &end->component->out_next[end->index];
}

/* What can't be linked, whatever it carries. */
static bool may_link(const struct linking *linking, const struct end *from, const struct end *to)
{
    struct errors *errors = linking->planner->errors;

    if (from->component != NULL && spec_of(from)->service != NULL) {
        return errors_report(errors, linking->at,
                             "%s leads to the service \"%s\" by itself; it can't be linked",
                             end_shown(from).text, spec_of(from)->service);
    }
    if (to->component != NULL && spec_of(to)->carries == READINESS) {
        return errors_report(errors, linking->at,
                             "%s is for the readiness of descriptors; nothing can be linked to it",
                             end_shown(to).text);
    }
    if ((from->component != NULL && is_of_runtime(spec_of(from))) ||
        (to->component != NULL && is_of_runtime(spec_of(to)))) {
        const struct end *end = from->component != NULL && is_of_runtime(spec_of(from)) ? from : to;

        return errors_report(errors, linking->at, "%s is linked by the runtime, and only by it",
                             end_shown(end).text);
    }
    if (from->is_inbox && to->is_outer) {
        return errors_report(errors, linking->at,
                             "%s can't lead straight to the outer graph; a linkage there starts at "
                             "a component",
                             end_shown(from).text);
    }
    if (from->is_inbox && !to->is_inbox) {
        return errors_report(errors, linking->at,
                             "%s can't lead straight to %s: there must be a component between",
                             end_shown(from).text, end_shown(to).text);
    }
    return true;
}

static void mark(struct scope *scope, const struct end *from, const struct end *to, bool is_implied)
{
    if (from->component != NULL) {
        struct plan_component *made = &from->component->made;

        (from->is_inbox ? made->in : made->out)[from->index].is_linked = true;
        from->component->is_reached = from->component->is_reached || !is_implied;
    }
    if (to->component != NULL) {
        struct plan_component *made = &to->component->made;

        (to->is_inbox ? made->in : made->out)[to->index].is_linked = true;
        if (to->is_inbox) {
            to->component->in_fed[to->index] = true;
        }
        if (!is_implied) {
            to->component->is_reached = true;
            to->component->is_control_taken |= to->is_inbox && to->index == made->control;
            to->component->is_signal_taken |= !to->is_inbox && to->index == made->signal;
        }
    } else if (to->index == SELF_OUTBOX) {
        scope->is_outbox_fed = true;
    } else if (!is_implied) {
        scope->is_signal_taken = true;
    }
}

bool scope_link_ends(struct planner *planner, struct scope *scope, const struct end *from,
                     const struct end *to, const struct node *at, bool is_implied)
{
    const struct linking linking = {.planner = planner, .scope = scope, .at = at};
    struct draft_linkage **next = next_of(scope, from);
    struct draft_linkage *linkage;

    if (*next != NULL) {
        return !is_implied
                   ? errors_report_note(planner->errors, at, (*next)->made.at, "first linked here",
                                        "%s is linked already; an outbox leads to one inbox, or to "
                                        "several by a list: a -> [b, c]",
                                        end_shown(from).text)
                   : false;
    }
    if (!may_link(&linking, from, to)) {
        return false;
    }
    linkage = arena_alloc(planner->arena, sizeof(*linkage));
    linkage->made = (struct plan_linkage){.from = made_end(from, scope, planner),
                                          .to = made_end(to, scope, planner),
                                          .at = at,
                                          .is_implied = is_implied};
    *next = linkage;
    *scope->draft->linkages_end = linkage;
    scope->draft->linkages_end = &linkage->next;
    mark(scope, from, to, is_implied);
    return true;
}

/* ---- what the file names ---- */

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
    const char *meant = NULL;

    if (!errors_is_full(planner->errors) && scope->count <= planner->suggestible) {
        planner->suggestible -= scope->count;
        meant = suggest(name, component_name_at, scope);
    }
    return errors_report(planner->errors, &place, "there is no component \"%s\"%s%s",
                         shown(name).text, text->is_outer ? " in the outer graph" : "",
                         suggest_words(meant).text);
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

/* Reports that a component has no such box, or has it on the other side. */
static bool report_no_box(struct linking *linking, const struct chain_end *text,
                          const struct end *end)
{
    const struct plan_component *made = &end->component->made;
    struct box_names names = {.component = made, .is_inbox = end->is_inbox};
    const struct node place = node_part(text->node, text->box, text->box_size);
    const char *box = arena_strndup(linking->planner->arena, text->box, text->box_size);
    const char *owner = end->is_self ? "self" : made->name;

    if (component_box(made, !end->is_inbox, text->box, text->box_size) == NO_BOX) {
        return errors_report(linking->planner->errors, &place, "%s (%s) has no %s \"%s\"%s", owner,
                             made->type_name, end->is_inbox ? "inbox" : "outbox", shown(box).text,
                             suggest_words(suggest(box, box_name_at, &names)).text);
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
    if (end->component == NULL) {
        return report_unknown(linking, text, scope);
    }
    return end->component->made.type != NULL;
}

/* Resolves an end.  is_inner: it is in the middle of a chain, so a box that it names may be meant
 * for the other side. */
static bool resolve(struct linking *linking, const struct chain_end *text, bool is_source,
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

/* ---- steps: from some ends to others ---- */

/* The notices' box of a component, as a linkage from or to one of its boxes sees it. */
static void choose_notices(struct end *end, bool is_source)
{
    if (end->component == NULL) {
        end->index = is_source ? SELF_CONTROL : SELF_SIGNAL;
    } else {
        end->index = end->is_inbox ? end->component->made.control : end->component->made.signal;
    }
}

/* Notes that a signal goes along, from a box of notices to the control of "to". */
static void imply(struct linking *linking, const struct end *from, struct end to)
{
    struct implied *implied;

    choose_notices(&to, false);
    if (from->index == NO_BOX || to.index == NO_BOX || to.is_outer) {
        return; /* a component outside is not to end with the first connection */
    }
    implied = arena_alloc(linking->planner->arena, sizeof(*implied));
    *implied =
        (struct implied){.scope = linking->scope, .from = *from, .to = to, .at = linking->at};
    *linking->planner->implied_end = implied;
    linking->planner->implied_end = &implied->next;
}

static void link_pair(struct linking *linking, const struct end *from, const struct end *to)
{
    if (scope_link_ends(linking->planner, linking->scope, from, to, linking->at, false) &&
        from->is_plain && to->is_plain) {
        struct end notices = *from;

        choose_notices(&notices, true);
        imply(linking, &notices, *to);
    }
}

/* ---- fan-outs ---- */

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
            names[i] = arena_printf(planner->arena, "%s-%s", base, box_of(&to[i]));
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
    fanout = component_add(planner, linking->scope, name, linking->at,
                           hash_get(&planner->types, type->name));
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
    link_pair(linking, &out, to);
    out.index = component_box(&fanout->made, false, signal, strlen(signal));
    if (with_signal && to->is_plain) {
        imply(linking, &out, *to);
    }
}

/* Joins sources to several targets by a component that gives each of these everything. */
static void link_fanout(struct linking *linking, const struct end *from, size_t from_count,
                        const struct end *to, size_t to_count)
{
    struct planner *planner = linking->planner;
    struct texts boxes = {.count = to_count};
    struct end in = {.is_inbox = true, .is_plain = true};

    if (planner->fanout == NULL) {
        errors_report(planner->errors, linking->at,
                      "there is no component type that could lead to several others");
        return;
    }
    if (2 * to_count > PLAN_MOST_BOXES - 2) {
        errors_report(planner->errors, linking->at, "a list has at most %d components",
                      PLAN_MOST_BOXES / 2 - 1);
        return;
    }
    boxes.items = name_boxes(planner, to, to_count);
    in.component = add_fanout(linking, from, &boxes);
    in.index = in.component->made.main_in;
    for (size_t i = 0; i < from_count; i++) {
        link_pair(linking, &from[i], &in);
    }
    for (size_t i = 0; i < to_count; i++) {
        link_branch(linking, in.component, boxes.items[i], &to[i], from->is_plain);
    }
}

/* ---- chains ---- */

/* Resolves the ends of one term, from *place on, which becomes that of the next term.  Returns how
 * many there are. */
static size_t resolve_term(struct linking *linking, const struct chain *chain, size_t *place,
                           bool is_source, struct end *ends)
{
    const unsigned term = chain->ends[*place].term;
    const bool is_inner = term > 0 && term + 1 < chain->terms;
    size_t count = 0;

    for (; *place < chain->count && chain->ends[*place].term == term; (*place)++) {
        count += resolve(linking, &chain->ends[*place], is_source, is_inner, &ends[count]);
    }
    return count;
}

static void link_step(struct linking *linking, const struct end *from, size_t from_count,
                      const struct end *to, size_t to_count)
{
    if (from_count > 0 && to_count > 1) {
        link_fanout(linking, from, from_count, to, to_count);
        return;
    }
    for (size_t i = 0; i < from_count && to_count == 1; i++) {
        link_pair(linking, &from[i], to);
    }
}

static void link_chain(struct linking *linking, const struct chain *chain)
{
    struct end few[8];
    struct end *ends = few;

    if (2 * chain->count > sizeof(few) / sizeof(few[0])) {
        ends = mem_alloc_array(2 * chain->count, sizeof(*ends));
    }
    for (size_t place = 0; chain->ends[place].term + 1 < chain->terms;) {
        struct end *to = ends + chain->count;
        const size_t from_count = resolve_term(linking, chain, &place, true, ends);
        size_t after = place;
        const size_t to_count = resolve_term(linking, chain, &after, false, to);

        link_step(linking, ends, from_count, to, to_count);
    }
    if (ends != few) {
        free(ends);
    }
}

/* ---- scopes ---- */

static bool resolve_main(struct draft_component *component, bool is_inbox, struct end *end)
{
    *end = (struct end){.component = component, .is_inbox = is_inbox, .is_plain = true};
    if (component->made.type == NULL) {
        return false;
    }
    end->index = is_inbox ? component->made.main_in : component->made.main_out;
    return end->index != NO_BOX;
}

/* Links two neighbours of a pipeline, or the pipeline itself and one of its ends.  Without a main
 * box at the pipeline's own side only notices pass. */
static void link_neighbours(struct linking *linking, struct draft_component *a,
                            struct draft_component *b, bool is_first, bool is_last)
{
    struct end from;
    struct end to;
    const bool has_from = resolve_main(a, is_first, &from);
    const bool has_to = resolve_main(b, !is_last, &to);

    from.is_self = is_first;
    to.is_self = is_last;
    if (a->made.type == NULL || b->made.type == NULL) {
        return;
    }
    if (has_from && has_to) {
        link_pair(linking, &from, &to);
        return;
    }
    if (!is_first && !is_last) {
        errors_report(linking->planner->errors, linking->at,
                      has_from ? "%s has no main inbox, so it can only be the first of a %s"
                               : "nothing can follow %s in a %s: it has no main outbox",
                      has_from ? b->made.type_name : a->made.type_name,
                      linking->scope->self->made.type_name);
        return;
    }
    choose_notices(&from, true);
    imply(linking, &from, to);
}

static void link_pipeline(struct linking *linking)
{
    struct scope *scope = linking->scope;
    struct draft_component *before = scope->self;

    for (size_t i = 0; i < scope->count; i++) {
        linking->at = scope->components[i]->made.at;
        link_neighbours(linking, before, scope->components[i], i == 0, false);
        before = scope->components[i];
    }
    if (scope->count > 0) {
        link_neighbours(linking, before, scope->self, false, true);
    }
}

void scope_link(struct planner *planner, struct scope *scope)
{
    struct linking linking = {.planner = planner, .scope = scope};
    const struct node *linkages = scope->linkages;
    struct chain chain = {0};

    if (scope->is_pipeline) {
        link_pipeline(&linking);
        return;
    }
    if (linkages == NULL || linkages == planner->left_out) {
        return;
    }
    if (linkages->kind != NODE_SEQUENCE) {
        errors_report(planner->errors, linkages,
                      "linkages must be a list, such as [a -> b]; got %s",
                      node_kind_name(linkages));
        return;
    }
    for (size_t i = 0; i < linkages->size; i++) {
        linking.at = linkages->items[i];
        if (chain_read(&chain, linking.at, planner->errors) &&
            planner_charge(planner, chain.count, linking.at)) {
            link_chain(&linking, &chain);
        }
    }
    chain_deinit(&chain);
}

/* ---- what follows ---- */

static void link_implied(struct planner *planner, const struct implied *implied)
{
    const struct end *to = &implied->to;
    bool is_taken_otherwise = implied->scope->is_signal_taken;

    if (to->component != NULL) {
        is_taken_otherwise =
            to->is_inbox ? to->component->is_control_taken : to->component->is_signal_taken;
    }
    if (!is_taken_otherwise) {
        (void)scope_link_ends(planner, implied->scope, &implied->from, to, implied->at, true);
    }
}

/* What self.inbox leads to gets self.control, too. */
static void link_control(struct planner *planner, struct scope *scope)
{
    const struct draft_linkage *in = scope->edge_next[SELF_INBOX];
    const struct end from = {.index = SELF_CONTROL, .is_inbox = true, .is_self = true};
    struct end to = {.is_inbox = true};

    if (in == NULL) {
        return;
    }
    to.component = (struct draft_component *)(void *)in->made.to.component;
    to.index = to.component->made.control;
    if (to.index != NO_BOX && !to.component->is_control_taken) {
        (void)scope_link_ends(planner, scope, &from, &to, in->made.at, true);
    }
}

/* What leads to self.outbox says its end there as well. */
static void link_signals(struct planner *planner, struct scope *scope)
{
    const struct end to = {.index = SELF_SIGNAL, .is_self = true};

    for (struct draft_linkage *one = scope->draft->linkages; one != NULL; one = one->next) {
        struct end from = {0};

        if (one->made.to.kind != END_SELF || strcmp(one->made.to.box, "outbox") != 0) {
            continue;
        }
        from.component = (struct draft_component *)(void *)one->made.from.component;
        from.index = from.component->made.signal;
        if (from.index != NO_BOX && one->made.from.index == from.component->made.main_out) {
            (void)scope_link_ends(planner, scope, &from, &to, one->made.at, true);
        }
    }
}

void planner_link_implied(struct planner *planner)
{
    for (const struct implied *one = planner->implied; one != NULL; one = one->next) {
        link_implied(planner, one);
    }
    for (struct scope *scope = planner->scopes; scope != NULL; scope = scope->next) {
        if (scope->has_edge) {
            link_control(planner, scope);
            if (!scope->is_signal_taken) {
                link_signals(planner, scope);
            }
        }
    }
}
