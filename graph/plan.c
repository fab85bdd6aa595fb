/* Plans: what a graph file says, checked and pure data. */
#include "graph/plan.h"

#include <ctype.h>
#include <string.h>

#include "graph/arena.h"
#include "graph/include.h"
#include "graph/interpolate.h"
#include "graph/planner.h"
#include "graph/thread.h"

enum { SUGGESTIBLE = 3000000, MOST_WITHOUT_INDEX = 16 };

/* ---- the parts of a plan in the making ---- */

struct draft *draft_create(struct planner *planner, const char *name)
{
    struct draft *draft = arena_alloc(planner->arena, sizeof(*draft));

    draft->plan = arena_alloc(planner->arena, sizeof(*draft->plan));
    draft->plan->name = name;
    draft->is_dropped = planner->is_checking;
    draft->plan->root = planner->root != NULL ? planner->root->plan : draft->plan;
    draft->components_end = &draft->components;
    draft->linkages_end = &draft->linkages;
    *planner->drafts_end = draft;
    planner->drafts_end = &draft->next;
    return draft;
}

struct scope *scope_create(struct planner *planner, struct draft *draft,
                           struct draft_component *self, const struct node *at)
{
    struct scope *scope = arena_alloc(planner->arena, sizeof(*scope));

    scope->draft = draft;
    scope->self = self;
    scope->at = at;
    scope->way = planner->way;
    hash_init(&scope->names, planner->arena, 0);
    *planner->scopes_end = scope;
    planner->scopes_end = &scope->next;
    return scope;
}

void scope_reserve(struct planner *planner, struct scope *scope, size_t count)
{
    scope->components = arena_alloc_array(planner->arena, count, sizeof(*scope->components));
    hash_init(&scope->names, planner->arena, count);
}

bool planner_charge(struct planner *planner, size_t parts, const struct node *at)
{
    const bool was_full = planner->parts > PLAN_MOST_PARTS;

    planner->parts += parts;
    if (planner->parts > PLAN_MOST_PARTS && !was_full) {
        errors_report(planner->errors, at,
                      "with this the file is written out to more than %d parts", PLAN_MOST_PARTS);
    }
    return planner->parts <= PLAN_MOST_PARTS;
}

const char *lower_case(struct arena *arena, const char *name)
{
    char *copy = arena_strdup(arena, name);

    for (char *at = copy; *at != '\0'; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    return copy;
}

const char *planner_suggest(struct planner *planner, const char *name, suggest_candidate *candidate,
                            void *context, size_t count)
{
    if (errors_is_full(planner->errors) || count > planner->suggestible) {
        return NULL;
    }
    planner->suggestible -= count;
    return suggest(name, candidate, context);
}

bool planner_enter(struct planner *planner, const struct node *at)
{
    if (planner->depth >= PLAN_DEEPEST) {
        if (!planner->is_too_deep) {
            planner->is_too_deep = true; /* once says it: what uses this graph is as bad */
            errors_report(planner->errors, at,
                          "graphs and chassis inside each other, more than %d deep", PLAN_DEEPEST);
        }
        return false;
    }
    planner->depth++;
    return true;
}

void planner_leave(struct planner *planner)
{
    planner->depth--;
}

/* ---- the finished arrays ---- */

/* How many leading boxes take memory in every instance: all but the rare ones at the end. */
static uint8_t count_common(const struct plan_box *boxes, unsigned count)
{
    while (count > 0) {
        const struct plan_box *box = &boxes[count - 1];

        if (box->is_linked ||
            (!box->spec->rare && box->spec->service == NULL && box->spec->carries != READINESS)) {
            break;
        }
        count--;
    }
    return (uint8_t)count;
}

/* Counts it at all that hold it, at whatever depth. */
static void count_within(struct plan_component *component)
{
    for (struct plan_component *at = component->parent; at != NULL; at = at->parent) {
        at->within++;
        REQUIRE(at + at->within == component); /* they follow it, without a gap */
    }
}

static void finish_components(struct draft *draft)
{
    struct plan *plan = draft->plan;

    plan->places = plan->component_count;

    for (struct draft_component *one = draft->components; one != NULL; one = one->next) {
        struct plan_component *made = &plan->components[one->made.index];

        *made = one->made;
        if (made->parent != NULL) {
            made->parent = &plan->components[made->parent->index];
        }
        made->common_inboxes = count_common(made->in, made->inboxes);
        made->common_outboxes = count_common(made->out, made->outboxes);
        if (made->control != NO_BOX && made->common_inboxes <= made->control) {
            made->common_inboxes = (uint8_t)(made->control + 1);
        }
        count_within(made);
    }
}

static struct plan_component *finished(const struct plan *plan, const struct plan_end *end)
{
    if (end->component == NULL) {
        return NULL;
    }
    if (end->kind == END_OUTER && plan_outermost(plan) != plan->root) {
        return plan_find(plan_outermost(plan), end->component->path); /* it was made before us */
    }
    return &(end->kind == END_OUTER ? plan->root : plan)->components[end->component->index];
}

static void finish_linkages(struct draft *draft)
{
    struct plan *plan = draft->plan;
    size_t i = 0;

    for (struct draft_linkage *one = draft->linkages; one != NULL; one = one->next) {
        struct plan_linkage *made = &plan->linkages[i++];

        *made = one->made;
        made->from.component = finished(plan, &made->from);
        made->to.component = finished(plan, &made->to);
    }
}

static void index_paths(struct plan *plan, struct arena *arena)
{
    plan->paths = arena_alloc(arena, sizeof(*plan->paths));
    hash_init(plan->paths, arena, plan->component_count);
    for (size_t i = 0; i < plan->component_count; i++) {
        hash_put(plan->paths, plan->components[i].path, &plan->components[i]);
    }
}

static void finish_graphs(struct planner *planner)
{
    struct plan *plan = planner->root->plan;
    struct plan_graph *graphs =
        arena_alloc_array(planner->arena, planner->definitions.count, sizeof(*graphs));

    for (const struct definition *one = planner->first_definition; one != NULL; one = one->next) {
        if (one->type == NULL) {
            graphs[plan->graph_count++] =
                (struct plan_graph){.name = one->name, .at = one->at, .parameters = one->table};
        }
    }
    plan->graphs = graphs;
}

/* Makes the arrays of every draft that is no mere check; a linkage to the outer graph needs the
 * root's, so these come first. */
void planner_finish(struct planner *planner)
{
    for (struct draft *draft = planner->drafts; draft != NULL; draft = draft->next) {
        struct plan *plan = draft->plan;

        for (struct draft_component *one = draft->components; one != NULL; one = one->next) {
            one->made.index = plan->component_count++;
        }
        for (struct draft_linkage *one = draft->linkages; one != NULL; one = one->next) {
            plan->linkage_count++;
        }
        plan->components =
            arena_alloc_array(planner->arena, plan->component_count, sizeof(*plan->components));
        plan->linkages =
            arena_alloc_array(planner->arena, plan->linkage_count, sizeof(*plan->linkages));
    }
    for (struct draft *draft = planner->drafts; draft != NULL; draft = draft->next) {
        if (!draft->is_dropped) {
            finish_components(draft);
            finish_linkages(draft);
            if (draft->plan->component_count > MOST_WITHOUT_INDEX) {
                index_paths(draft->plan, planner->arena);
            }
        }
    }
}

/* Has types look at the graphs that are their parameters, now that these are whole. */
static void check_whole(struct planner *planner)
{
    for (struct draft *draft = planner->drafts; draft != NULL; draft = draft->next) {
        for (size_t i = 0; !draft->is_dropped && i < draft->plan->component_count; i++) {
            const struct plan_component *made = &draft->plan->components[i];
            struct error err = {0};

            if (made->type->check_graphs != NULL &&
                !made->type->check_graphs(made->state, made->at, &err)) {
                errors_add(planner->errors, &err);
            }
        }
    }
}

/* ---- from a document ---- */

static const struct node *create_broken(struct arena *arena)
{
    struct node *node = node_create_scalar(arena, NULL, "", 0);

    node->broken = true;
    return node;
}

void planner_init(struct planner *planner, struct arena *arena, const char *name,
                  struct errors *errors)
{
    *planner = (struct planner){.errors = errors, .arena = arena, .suggestible = SUGGESTIBLE};
    planner->drafts_end = &planner->drafts;
    planner->scopes_end = &planner->scopes;
    planner->implied_end = &planner->implied;
    planner->definitions_end = &planner->first_definition;
    planner->left_out = node_create_scalar(arena, NULL, "", 0);
    planner->broken = create_broken(arena);
    planner->root = draft_create(planner, arena_strdup(arena, name));
    planner->root->plan->arena = arena;
    planner->root->plan->refs = 1;
}

void planner_know_types(struct planner *planner, const struct plan_options *options)
{
    planner->options = options;
    hash_init(&planner->types, planner->arena, 0);
    hash_init(&planner->definitions, planner->arena, 0);
    for (; options->types[planner->type_count] != NULL; planner->type_count++) {
        const struct component_type *type = options->types[planner->type_count];

        if (type->is_fanout) {
            planner->fanout = type;
        }
        if (type->is_named_graph) {
            planner->named_graph = type;
        }
    }
}

struct type_info *planner_type(struct planner *planner, const char *name)
{
    struct type_info *info = hash_get(&planner->types, name);

    for (size_t i = 0; info == NULL && i < planner->type_count; i++) {
        const struct component_type *type = planner->options->types[i];

        if (strcmp(type->name, name) == 0) {
            info = type_info_create(planner->arena, type);
            hash_put(&planner->types, type->name, info);
        }
    }
    return info;
}

static void read_settings(struct planner *planner, const struct node *section)
{
    const struct plan_options *options = planner->options;
    const struct param_reader reader = {
        .owner = "daemon",
        .noun = "setting",
        .arena = planner->arena,
        .errors = planner->errors,
    };

    const struct node *settings =
        section != NULL ? interpolate(planner->arena, section, NULL, planner->errors) : NULL;

    if (options->settings_table == NULL) {
        return;
    }
    (void)params_set_defaults(&reader, options->settings_table, options->settings);
    if (settings == NULL || planner_refuse_secret(planner, settings, "a setting of the daemon")) {
        (void)params_read(&reader, options->settings_table, settings, section, options->settings);
    }
}

static void read_root(struct planner *planner, const struct node *root)
{
    const struct node *components = node_get(root, "components");
    const struct node *linkages = node_get(root, "linkages");

    planner->root_scope = scope_create(planner, planner->root, NULL, root);
    if (linkages != NULL) {
        planner->root_scope->linkages =
            interpolate(planner->arena, linkages, NULL, planner->errors);
    }
    if (components == NULL || components->size == 0) {
        if (errors_count(planner->errors) == planner->errors_before) { /* else that is why */
            errors_report(planner->errors, root,
                          "there are no components; a graph needs at least one");
        }
        return;
    }
    components_read(planner, planner->root_scope,
                    interpolate(planner->arena, components, NULL, planner->errors));
}

/* Links the scopes from one on, and looks at all that is linked then. */
static void link_and_check(struct planner *planner, struct scope *first)
{
    for (struct scope *scope = first; scope != NULL; scope = scope->next) {
        planner_set_way(planner, scope->way);
        scope_link(planner, scope);
    }
    planner_set_way(planner, NULL);
    planner_link_implied(planner, first);
    planner_check(planner, first);
}

void planner_link(struct planner *planner)
{
    link_and_check(planner, planner->scopes);
}

static void plan_all(struct planner *planner, const struct node *root)
{
    read_settings(planner, node_get(root, "daemon"));
    graphs_define(planner, node_get(root, "graphs"));
    planner_hide_secrets(planner, root);
    read_root(planner, root);
    planner->is_checking = true;
    graphs_check(planner, false);
    link_and_check(planner, planner->scopes);
    graphs_warn(planner);
    if (errors_show_ways(planner->errors)) { /* which of these do not follow from a use? */
        struct scope **fresh = planner->scopes_end;

        errors_only_drop_ways(planner->errors, true);
        graphs_check(planner, true);
        planner->implied = NULL;
        planner->implied_end = &planner->implied;
        link_and_check(planner, *fresh);
        errors_only_drop_ways(planner->errors, false);
    }
}

static struct plan *plan_document(struct document *document, const char *name,
                                  const struct plan_options *options, size_t errors_before,
                                  struct errors *errors)
{
    struct planner planner;
    struct plan *plan;

    planner_init(&planner, document_arena(document), name, errors);
    plan = planner.root->plan;
    plan->document = document;
    planner.errors_before = errors_before;
    planner_know_types(&planner, options);
    plan_all(&planner, document_root(document));
    if (errors_count(errors) > errors_before) {
        plan_release(plan);
        return NULL;
    }
    planner_finish(&planner);
    finish_graphs(&planner);
    check_whole(&planner);
    if (errors_count(errors) > errors_before) {
        plan_release(plan);
        return NULL;
    }
    return plan;
}

struct plan *plan_from_document(struct document *document, const char *name,
                                const struct plan_options *options, struct errors *errors)
{
    return plan_document(document, name, options, errors_count(errors), errors);
}

struct plan *plan_load(const char *path, const struct plan_options *options, struct errors *errors)
{
    const size_t errors_before = errors_count(errors);
    struct document *document = include_load(path, NULL, errors);

    return document != NULL ? plan_document(document, path, options, errors_before, errors) : NULL;
}

struct plan *plan_parse(const char *name, const char *text, size_t size,
                        const struct plan_options *options, struct errors *errors)
{
    const size_t errors_before = errors_count(errors);
    struct document *document = document_parse(name, text, size, errors);

    if (document == NULL) {
        return NULL;
    }
    if (!include_resolve(document, NULL, errors)) {
        document_destroy(document);
        return NULL;
    }
    return plan_document(document, name, options, errors_before, errors);
}

/* ---- without one ---- */

struct plan *plan_single(const struct component_type *type)
{
    struct errors *errors = errors_create();
    struct arena *arena = arena_create();
    struct planner planner;
    struct scope *scope;

    planner_init(&planner, arena, lower_case(arena, type->name), errors);
    scope = scope_create(&planner, planner.root, NULL, NULL);
    scope->has_edge = true;
    draft_link_only(&planner, scope,
                    component_add(&planner, scope, "", NULL, type_info_create(arena, type)));
    planner_finish(&planner);
    REQUIRE(errors_count(errors) == 0);
    errors_destroy(errors);
    return planner.root->plan;
}

/* ---- in use ---- */

struct plan *plan_ref(struct plan *plan)
{
    (void)__atomic_add_fetch(&plan->root->refs, 1, __ATOMIC_RELAXED);
    return plan;
}

/* Memory and nothing else: any thread may do it. */
static void *plan_free(void *arg)
{
    const struct plan *plan = arg;
    struct document *document = plan->document;
    struct arena *arena = plan->arena;
    struct plan *basis = plan->basis;

    for (struct plan_source *source = plan->sources; source != NULL; source = source->next) {
        document_destroy(source->document);
    }
    if (document != NULL) {
        document_destroy(document); /* and with it the arena */
    } else {
        arena_destroy(arena);
    }
    plan_release(basis);
    return NULL;
}

void plan_release(struct plan *plan)
{
    if (plan == NULL || __atomic_sub_fetch(&plan->root->refs, 1, __ATOMIC_ACQ_REL) > 0) {
        return;
    }
    if (arena_is_large(plan->root->arena)) {
        thread_create_detached(plan_free, plan->root);
    } else {
        (void)plan_free(plan->root);
    }
}

const struct plan *plan_outermost(const struct plan *plan)
{
    const struct plan *root = plan->root;

    while (root->basis != NULL) {
        root = root->basis->root;
    }
    return root;
}

const struct plan_graph *plan_find_graph(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->root->graph_count; i++) {
        if (strcmp(plan->root->graphs[i].name, name) == 0) {
            return &plan->root->graphs[i];
        }
    }
    return NULL;
}

struct plan_component *plan_find(const struct plan *plan, const char *path)
{
    if (plan->paths != NULL) {
        return hash_get(plan->paths, path);
    }
    for (size_t i = 0; i < plan->component_count; i++) {
        if (strcmp(plan->components[i].path, path) == 0) {
            return &plan->components[i];
        }
    }
    return NULL;
}
