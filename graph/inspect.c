#include "graph/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/component_extra.h"
#include "graph/crossing.h"
#include "graph/graph.h"
#include "graph/loop.h"
#include "graph/placement.h"
#include "graph/plan.h"
#include "graph/root.h"
#include "graph/suggest.h"
#include "graph/waiting.h"
#include "graph/workers.h"

/* ---- by path ---- */

/* How far a path was understood: the innermost graph, and what is left to be found in it. */
struct trail {
    const struct graph *graph;
    const char *rest;
};

static bool is_gone(const struct graph *graph)
{
    return graph->holder == NULL ? !graph_is_alive(graph) : graph->is_started && graph->living == 0;
}

/* Servers that share a handler number their connections alike: the first is found. */
static struct graph *find_numbered(const struct component *holder, uint64_t number)
{
    struct graph *graph = NULL;

    do {
        graph = component_next_graph(holder, graph);
    } while (graph != NULL && graph->number != number);
    return graph;
}

static struct graph *find_named(const struct component *holder, const char *name, size_t length)
{
    struct graph *graph = NULL;

    while ((graph = component_next_graph(holder, graph)) != NULL) {
        if (graph->number == 0 && strlen(graph->plan->name) == length &&
            strncmp(graph->plan->name, name, length) == 0) {
            return graph;
        }
    }
    return NULL;
}

/* The graph that a component made under this word: a number, or a name. */
static struct graph *find_made(const struct component *holder, const char *word, size_t length)
{
    char *end;
    const unsigned long long number = strtoull(word, &end, 10);
    struct graph *graph = word[0] >= '1' && word[0] <= '9' && end == word + length
                              ? find_numbered(holder, number)
                              : find_named(holder, word, length);

    return graph == NULL || is_gone(graph) ? NULL : graph;
}

static struct component *find_in(struct graph *graph, const char *path, struct place *place,
                                 struct trail *trail);

/* The rest of a path, in a graph that a component made. */
static struct component *find_made_by(const struct component *holder, const char *rest,
                                      struct place *place, struct trail *trail)
{
    const size_t length = strcspn(rest, "/");
    struct graph *made = holder != NULL ? find_made(holder, rest, length) : NULL;

    if (made == NULL) {
        return NULL;
    }
    return find_in(made, rest[length] == '/' ? rest + length + 1 : rest + length, place, trail);
}

/* "echo/17/lines": echo is here, the rest is in a graph that it made. */
static struct component *find_below(const struct plan_component *plan, struct graph *graph,
                                    const char *rest, struct place *place, struct trail *trail)
{
    return plan != NULL ? find_made_by(graph_component(graph, plan->index), rest, place, trail)
                        : NULL;
}

/* Finds a component, or sets only place->graph, for a graph of several. */
static struct component *find_in(struct graph *graph, const char *path, struct place *place,
                                 struct trail *trail)
{
    const struct plan_component *plan = plan_find(graph->plan, path);
    struct component *found = NULL;

    trail->graph = graph;
    trail->rest = path;
    if (plan != NULL || path[0] == '\0') {
        place->graph = graph;
        return plan != NULL ? graph_component(graph, plan->index) : NULL; /* there is one */
    }
    found = find_below(plan_find(graph->plan, ""), graph, path, place, trail);
    for (const char *slash = strchr(path, '/');
         slash != NULL && found == NULL && place->graph == NULL; slash = strchr(slash + 1, '/')) {
        char prefix[PATH_SIZE];
        const size_t length = (size_t)(slash - path);

        if (length < sizeof(prefix)) {
            memcpy(prefix, path, length);
            prefix[length] = '\0';
            found = find_below(plan_find(graph->plan, prefix), graph, slash + 1, place, trail);
        }
    }
    return found;
}

/* A replica that has not ended, or else the first. */
static struct component *representative(struct component *component)
{
    struct component *replica = NULL;

    while ((replica = component_next_replica(component, replica)) != NULL) {
        if (!component_is_over(replica)) {
            return replica;
        }
    }
    return component;
}

/* Among what changes of the graph have left to come to its end, the latest first. */
static bool find_leaver(const struct root *root, const char *path, struct place *place)
{
    struct trail trail;

    for (size_t i = root->leaver_count; i-- > 0 && place->graph == NULL;) {
        struct component *leaver = root->leavers[i].component;
        const size_t length = strlen(leaver->plan->path);

        if (component_is_over(leaver) || strncmp(leaver->plan->path, path, length) != 0) {
            continue;
        }
        if (path[length] == '\0') {
            place->graph = leaver->graph;
            place->component = leaver;
        } else if (path[length] == '/') {
            place->component = find_made_by(leaver, path + length + 1, place, &trail);
        }
    }
    return place->graph != NULL;
}

/* A component that lives on another worker is not found in this part. */
static bool find_in_part(struct graph *part, const char *path, struct place *place)
{
    struct trail trail;

    place->graph = NULL;
    place->component = find_in(part, path, place, &trail);
    if (place->component != NULL) {
        place->component = representative(place->component);
        place->graph = place->component->graph;
    }
    return place->component != NULL || (place->graph != NULL && place->graph != part) ||
           (place->graph == NULL && find_leaver(root_of(part), path, place));
}

/* The path of a component or a graph, in the newest root graph that has it. */
static bool find_component(struct loop *loop, const char *path, struct place *place)
{
    *place = (struct place){.box = NO_BOX};
    if (path[0] == '\0') {
        return false;
    }
    for (struct list *at = loop->graphs.prev; at != &loop->graphs; at = at->prev) {
        struct graph *graph = container_of(at, struct graph, sibling);

        for (unsigned i = 0; i < graph_parts(graph); i++) {
            if (find_in_part(graph_part(graph, i), path, place)) {
                return true;
            }
        }
    }
    return false;
}

/* Where the name of a box begins, or NULL: "a/b.box". */
static const char *box_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(path, '.');

    return dot != NULL && (slash == NULL || dot > slash) ? dot + 1 : NULL;
}

static bool find_box(struct place *place, struct component *component, const char *name)
{
    place->box = component_find_inbox(component, name);
    place->is_inbox = place->box != NO_BOX;
    if (!place->is_inbox) {
        place->box = component_find_outbox(component, name);
    }
    return place->box != NO_BOX;
}

/* One that only a replica has, which has added it. */
static bool find_box_of_replica(struct place *place, const char *name)
{
    struct component *replica = NULL;

    while ((replica = component_next_replica(place->component, replica)) != NULL) {
        if (find_box(place, replica, name)) {
            place->component = replica;
            return true;
        }
    }
    return false;
}

enum place_found place_find(struct loop *loop, const char *path, struct place *place)
{
    const char *box = box_part(path);
    char component[PATH_SIZE];

    if (find_component(loop, path, place)) {
        return PLACE_FOUND;
    }
    if (box == NULL || (size_t)(box - path) > sizeof(component)) {
        return PLACE_NO_COMPONENT;
    }
    (void)snprintf(component, sizeof(component), "%.*s", (int)(box - 1 - path), path);
    if (!find_component(loop, component, place) || place->component == NULL) {
        return PLACE_NO_COMPONENT;
    }
    return find_box(place, place->component, box) || find_box_of_replica(place, box) ? PLACE_FOUND
                                                                                     : PLACE_NO_BOX;
}

/* ---- what was meant ---- */

enum { MOST_CANDIDATES = 2000 };

static const char *path_candidate(void *context, size_t index)
{
    const struct graph *graph = context;

    return index < graph->plan->component_count && index < MOST_CANDIDATES
               ? graph->plan->components[index].path
               : NULL;
}

static const char *box_candidate(void *context, size_t index)
{
    const struct plan_component *plan = context;

    if (index < plan->inboxes) {
        return plan->in[index].spec->name;
    }
    index -= plan->inboxes;
    return index < plan->outboxes ? plan->out[index].spec->name : NULL;
}

static bool suggest_box(const struct component *component, const char *path, char *text,
                        size_t size)
{
    const char *box = box_part(path);
    const char *meant = suggest(box, box_candidate, (void *)(uintptr_t)component->plan);

    if (meant != NULL) {
        (void)snprintf(text, size, "%.*s%s", (int)(box - path), path, meant);
    }
    return meant != NULL;
}

/* Tries the part of the path from rest to end; the others stay as they are. */
static bool suggest_part(const struct trail *trail, const char *path, const char *end, char *text,
                         size_t size)
{
    char part[PATH_SIZE];
    const char *meant;

    (void)snprintf(part, sizeof(part), "%.*s", (int)(end - trail->rest), trail->rest);
    meant = suggest(part, path_candidate, (void *)(uintptr_t)trail->graph);
    if (meant == NULL || meant[0] == '\0' || strncmp(meant, part, strlen(meant)) == 0) {
        return false; /* what is right already need not be said */
    }
    (void)snprintf(text, size, "%.*s%s%s", (int)(trail->rest - path), path, meant, end);
    return true;
}

bool place_suggest(struct loop *loop, const char *path, char *text, size_t size)
{
    struct place place = {.box = NO_BOX};
    struct graph *newest;
    struct trail trail;
    const char *box = box_part(path);
    const char *end = box != NULL ? box - 1 : path + strlen(path);
    const char *slash;

    if (list_is_empty(&loop->graphs) || strlen(path) >= PATH_SIZE) {
        return false;
    }
    switch (place_find(loop, path, &place)) {
    case PLACE_NO_BOX:
        return suggest_box(place.component, path, text, size);
    case PLACE_FOUND: /* a graph, or a box, where a component was wanted */
        if (place.component == NULL) {
            (void)snprintf(text, size, "%s/%s", path, place.graph->plan->components[0].path);
        } else {
            (void)snprintf(text, size, "%.*s", (int)(end - path), path);
        }
        return place.component == NULL || place.box != NO_BOX;
    case PLACE_NO_COMPONENT:
        break;
    }
    newest = container_of(loop->graphs.prev, struct graph, sibling);
    for (unsigned i = 0; i < graph_parts(newest); i++) {
        (void)find_in(graph_part(newest, i), path, &place, &trail);
        slash = strchr(trail.rest, '/');
        if ((end > trail.rest && suggest_part(&trail, path, end, text, size)) ||
            (slash != NULL && slash < end && suggest_part(&trail, path, slash, text, size))) {
            return true;
        }
    }
    return false;
}

/* ---- one after another ---- */

/* Goes to another graph, or to the end (NULL). */
static void move_to(struct walk *walk, struct graph *graph, size_t index)
{
    struct graph *left = walk->graph;

    if (graph != NULL) {
        graph->refs++;
    }
    walk->graph = graph;
    walk->index = index;
    walk->is_below = false;
    if (left != NULL) {
        graph_unref(left);
    }
}

/* The root graph before this one of the loop's; then the newest of the next worker's loop. */
static struct graph *older_root(const struct walk *walk, struct loop *loop, const struct list *link)
{
    while (link->prev == &loop->graphs) {
        if (walk->is_here || loop->worker + 1 >= worker_count(loop)) {
            return NULL;
        }
        loop = worker_loop(loop, loop->worker + 1);
        link = &loop->graphs;
    }
    return container_of(link->prev, struct graph, sibling);
}

void walk_begin(struct walk *walk, struct loop *loop, bool is_deep)
{
    *walk = (struct walk){.loop = loop, .is_deep = is_deep};
    move_to(walk, older_root(walk, loop, &loop->graphs), 0);
}

void walk_begin_here(struct walk *walk, struct loop *loop)
{
    *walk = (struct walk){.loop = loop, .is_deep = true, .is_here = true};
    move_to(walk, older_root(walk, loop, &loop->graphs), 0);
}

void walk_end(struct walk *walk)
{
    if (walk->graph != NULL) {
        move_to(walk, NULL, 0);
    }
}

/* The next graph that a component made, or that a replica of it on a further worker did. */
static struct graph *next_made(const struct walk *walk, const struct component *holder,
                               const struct graph *after)
{
    struct graph *next = component_next_graph(holder, after);

    while (next == NULL && !walk->is_here &&
           (holder = component_next_replica(holder, holder)) != NULL) {
        next = component_next_graph(holder, NULL);
    }
    return next;
}

/* The graph after this one: beside it, or the rest of the one that its maker is in. */
static void leave(struct walk *walk)
{
    const struct component *holder = walk->graph->holder;
    struct graph *next;

    if (holder == NULL) {
        move_to(walk, older_root(walk, walk->graph->loop, &walk->graph->sibling), 0);
        return;
    }
    next = next_made(walk, holder, walk->graph);
    if (next != NULL) {
        move_to(walk, next, 0);
    } else { /* the first of the replicas is the one that we came from */
        holder = walk->is_here ? holder : component_next_replica(holder, NULL);
        move_to(walk, holder->graph, graph_place(holder) + 1);
    }
}

/* The one on worker 0 stands for all of them. */
static bool is_further_replica(const struct component *component)
{
    const struct parts *parts = parts_of(component->graph);

    return parts != NULL && !component->is_leaving && component->graph->loop->worker > 0 &&
           parts->homes[component->plan->index] == EVERY_WORKER;
}

/* The next component in the graph where the walk is; NULL: that one is not to be seen there. */
static struct component *step(struct walk *walk)
{
    struct component *component = graph_component(walk->graph, walk->index++);

    if (component == NULL || (!walk->is_here && is_further_replica(component))) {
        return NULL;
    }
    walk->is_below = walk->is_deep && component->type->children != 0;
    return walk->is_here ? component : representative(component);
}

struct component *walk_next(struct walk *walk)
{
    while (walk->graph != NULL) {
        if (walk->is_below) { /* places may have become others' since */
            const struct component *last = walk->index <= graph_size(walk->graph)
                                               ? graph_component(walk->graph, walk->index - 1)
                                               : NULL;
            struct graph *made = last != NULL ? next_made(walk, last, NULL) : NULL;

            walk->is_below = false;
            if (made != NULL) {
                move_to(walk, made, 0);
            }
        } else if (is_gone(walk->graph) || walk->index >= graph_size(walk->graph)) {
            leave(walk);
        } else {
            struct component *component = step(walk);

            if (component != NULL) {
                return component;
            }
        }
    }
    return NULL;
}

/* ---- about all ---- */

struct totals loop_totals(struct loop *loop)
{
    struct totals totals = {0};

    workers_halt(loop->workers);
    for (unsigned i = 0; i < worker_count(loop); i++) {
        const struct loop *one = worker_loop(loop, i);

        totals.messages += one->pool.messages;
        totals.bytes += one->pool.bytes;
        totals.held += one->held.times;
        if (one->held.longest > totals.held_longest) {
            totals.held_longest = one->held.longest;
        }
    }
    workers_release(loop->workers);
    return totals;
}

/* ---- about one ---- */

/* It is to come to its end: with all of its graph, or as what a change has taken out of that. */
static bool is_draining(const struct component *component)
{
    component = component_outermost(component);
    return component->graph->is_draining || component->is_leaving;
}

const char *component_condition(const struct component *component)
{
    if (component->state == CREATED) {
        return "starting";
    }
    if (component->state == RUNNING && is_draining(component)) {
        return "stopping";
    }
    return component_state_name((enum component_state)component->state);
}

struct component *component_holder(const struct component *component)
{
    const struct plan_component *parent = component->plan->parent;

    return parent != NULL ? graph_relative(component, parent) : component->graph->holder;
}

double component_begun(const struct component *component)
{
    return component->graph->loop->born + component->since;
}

uint64_t component_connection(const struct component *component)
{
    const struct graph *graph = component->graph;

    while (graph->number == 0 && graph->holder != NULL) {
        graph = graph->holder->graph;
    }
    return graph->number;
}

struct component *component_next_replica(const struct component *component,
                                         const struct component *after)
{
    const struct parts *parts = parts_of(component->graph);
    const size_t index = component->plan->index;
    unsigned next;

    if (parts == NULL || component->is_leaving || parts->homes[index] != EVERY_WORKER) {
        return after == NULL ? (struct component *)(uintptr_t)component : NULL;
    }
    next = after != NULL ? after->graph->loop->worker + 1 : 0;
    return next < parts->count ? graph_component(parts->part[next], index) : NULL;
}

uint64_t component_statistic_at(const struct component *component, const struct stat_spec *spec)
{
    const char *state = (const char *)component + component->state_offset;
    uint64_t value;

    memcpy(&value, state + spec->offset, sizeof(value));
    return value;
}

static uint64_t statistic_of_one(const struct component *component, const char *name)
{
    const struct stat_spec *spec = component->type->statistics;

    for (; spec != NULL && spec->name != NULL; spec++) {
        if (strcmp(spec->name, name) == 0) {
            return component_statistic_at(component, spec);
        }
    }
    return 0;
}

uint64_t component_statistic(const struct component *component, const char *name)
{
    const struct component *other = NULL;
    uint64_t sum = 0;

    while ((other = component_next_replica(component, other)) != NULL) {
        sum += statistic_of_one(other, name);
    }
    return sum;
}

bool component_describe(struct component *component, char *text, size_t size)
{
    if (component->type->describe == NULL || component_is_over(component) ||
        component->state == CREATED || !component->type->describe(component, text, size)) {
        return false;
    }
    component_hide(component, text, size);
    return true;
}

bool component_describe_peer(struct component *component, char *text, size_t size)
{
    if (component->type->describe_peer == NULL || component->state == CREATED ||
        !component->type->describe_peer(component, text, size)) {
        return false;
    }
    component_hide(component, text, size);
    return true;
}

bool component_listens(struct component *component, char *text, size_t size)
{
    static const char words[] = "listening on ";
    const size_t length = sizeof(words) - 1;

    if (component->state != RUNNING || !component_describe(component, text, size) ||
        strncmp(text, words, length) != 0) {
        return false;
    }
    memmove(text, text + length, strlen(text + length) + 1);
    return true;
}

const struct inbox *outbox_destination(const struct outbox *out)
{
    const struct inbox *in = out->sink;
    struct inbox *beyond = in != NULL ? crossing_beyond(in) : NULL;

    return beyond != NULL ? inbox_sink(beyond) : in;
}

const struct box *box_next_anywhere(const struct box *box)
{
    const struct box *next = box_next(box);
    const struct inbox *beyond = NULL;

    if (next == NULL && box_is_inbox(box)) {
        beyond = crossing_beyond(box_as_inbox((struct box *)(uintptr_t)box));
    }
    return beyond != NULL ? &beyond->box : next;
}

const char *box_name(const struct box *box)
{
    const struct component *owner = box_owner(box);
    const unsigned index = box_index(box);

    return (box_is_inbox(box) ? component_inbox_plan(owner, index)
                              : component_outbox_plan(owner, index))
        ->spec->name;
}

const char *box_full_path(const struct box *box, char *text, size_t size)
{
    char path[PATH_SIZE];

    (void)snprintf(text, size, "%s.%s", component_path(box_owner(box), path, sizeof(path)),
                   box_name(box));
    return text;
}

double outbox_waiting(const struct outbox *out)
{
    uint32_t since;

    return waiting_since(out, &since)
               ? (loop_ms(component_loop(box_owner(&out->box))) - since) / 1000.0
               : 0;
}

double outbox_waited(const struct outbox *out)
{
    return out->waited / 1000.0 + outbox_waiting(out);
}
